/** A filter at work: what was understood becomes a question to a row, with values read once. */
import { type Network, networkHas, parseNetwork } from "../network.ts";
import {
  type Comparison,
  type FieldKind,
  type FieldName,
  FIELDS,
  type Filter,
  FilterError,
} from "./filter.ts";

/**
 * How a list's rows are asked. A text field answers with texts in lower case, a number field with numbers (null: not
 * known, never matches). What a list does not know is absent.
 */
export interface Subject<Row> {
  /** The list's name, for messages: "connections". */
  readonly name: string;
  /** All that a bare word is looked for in, lower case. */
  text(row: Row): readonly string[];
  /** What a bare word must equal, lower case: protocols, states, ports. */
  exact?(row: Row): readonly string[];
  readonly texts: { readonly [F in FieldName]?: (row: Row) => readonly string[] };
  /** Of `host` fields: names beside the addresses that `texts` gives. */
  readonly names?: { readonly [F in FieldName]?: (row: Row) => readonly string[] };
  readonly numbers: { readonly [F in FieldName]?: (row: Row) => readonly (number | null)[] };
  /** Words that stand for others, such as `icmpv6`. */
  alias?(field: FieldName, word: string): string;
}

export type Matcher<Row> = (row: Row) => boolean;

/**
 * @throws {FilterError} For a field that the list does not know, or a value that the field cannot have.
 */
export function matcherOf<Row>(filter: Filter, subject: Subject<Row>): Matcher<Row> {
  if ("and" in filter) {
    const parts = filter.and.map((part) => matcherOf(part, subject));
    return (row) => parts.every((part) => part(row));
  }
  if ("or" in filter) {
    const parts = filter.or.map((part) => matcherOf(part, subject));
    return (row) => parts.some((part) => part(row));
  }
  if ("not" in filter) {
    const part = matcherOf(filter.not, subject);
    return (row) => !part(row);
  }
  if ("word" in filter) return wordMatcher(filter.word.toLowerCase(), subject);
  try {
    return termMatcher(filter, subject);
  } catch (error) {
    if (!(error instanceof FilterError) || filter.path === undefined) throw error;
    throw new FilterError(error.message, error.at, filter.path);
  }
}

function wordMatcher<Row>(word: string, subject: Subject<Row>): Matcher<Row> {
  const whole = subject.alias?.("proto", word) ?? word;
  return (row) =>
    subject.text(row).some((text) => text.includes(word)) || (subject.exact?.(row).includes(whole) ?? false);
}

function termMatcher<Row>(
  { field, compare, value, at }: { field: FieldName; compare: Comparison; value: string; at: number },
  subject: Subject<Row>,
): Matcher<Row> {
  const { kind } = FIELDS[field];
  const numbers = subject.numbers[field];
  const texts = subject.texts[field];
  if (numbers === undefined && texts === undefined) {
    const known = [...Object.keys(subject.texts), ...Object.keys(subject.numbers)].join(", ");
    throw new FilterError(`"${field}" is not known of ${subject.name}; known are ${known}`, at);
  }
  const word = value.toLowerCase();
  if (numbers !== undefined) {
    const passes = kind === "port"
      ? portTest(field, compare, word, at)
      : numberTest(field, kind, compare, word, at);
    return (row) => numbers(row).some((number) => number !== null && passes(number));
  }
  if (compare !== ":" && compare !== "=") {
    throw new FilterError(`"${field}" is no number: write ${FIELDS[field].example}`, at);
  }
  const read = texts!;
  if (kind === "host") return hostMatcher(word, read, subject.names?.[field]);
  if (kind === "part") return (row) => read(row).some((text) => text.includes(word));
  const wanted = word.split(",").map((part) => subject.alias?.(field, part) ?? part);
  return (row) => read(row).some((text) => wanted.includes(text));
}

function hostMatcher<Row>(
  word: string,
  addresses: (row: Row) => readonly string[],
  names: ((row: Row) => readonly string[]) | undefined,
): Matcher<Row> {
  const network: Network | null = parseNetwork(word);
  if (network !== null) return (row) => addresses(row).some((address) => networkHas(network, address));
  return (row) =>
    addresses(row).some((text) => text.includes(word)) ||
    (names?.(row).some((text) => text.includes(word)) ?? false);
}

function portTest(
  field: FieldName,
  compare: Comparison,
  value: string,
  at: number,
): (port: number) => boolean {
  if (compare !== ":" && compare !== "=") return numberTest(field, "count", compare, value, at);
  const ranges = value.split(",").map((part) => {
    const found = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    const from = Number(found?.[1]);
    const to = found?.[2] === undefined ? from : Number(found[2]);
    if (found === null || from > 65_535 || to > 65_535 || from > to) {
      throw new FilterError(`"${part}" is no port: a number up to 65535, or a range such as 80-90`, at);
    }
    return { from, to };
  });
  return (port) => ranges.some(({ from, to }) => port >= from && port <= to);
}

const UNITS: Partial<Record<FieldKind, Record<string, number>>> = {
  bytes: { "": 1, b: 1, k: 1e3, kb: 1e3, m: 1e6, mb: 1e6, g: 1e9, gb: 1e9, t: 1e12, tb: 1e12 },
  bits: { "": 1, k: 1e3, kbit: 1e3, m: 1e6, mbit: 1e6, g: 1e9, gbit: 1e9 },
  ms: { "": 1, us: 1e-3, ms: 1, s: 1e3, m: 60e3, min: 60e3, h: 3600e3 },
  count: { "": 1, k: 1e3, m: 1e6 },
};

function numberTest(
  field: FieldName,
  kind: FieldKind,
  compare: Comparison,
  value: string,
  at: number,
): (number: number) => boolean {
  if (kind === "since" || kind === "until") {
    const time = timeOf(value, at);
    return kind === "since" ? (ms) => ms >= time : (ms) => ms <= time;
  }
  if (kind === "moment") {
    if (compare === ":" || compare === "=") {
      throw new FilterError(`"${field}" is a time to compare: write ${FIELDS[field].example}`, at);
    }
    return comparison(compare, timeOf(value, at));
  }
  const found = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(value);
  const factor = found === null ? undefined : UNITS[kind]?.[found[2]];
  if (found === null || factor === undefined) {
    const units = Object.keys(UNITS[kind] ?? {}).filter((unit) => unit !== "").join(", ");
    throw new FilterError(`"${value}" is no number for ${field}: digits, then one of ${units}`, at);
  }
  return comparison(compare, Number(found[1]) * factor);
}

function comparison(compare: Comparison, limit: number): (number: number) => boolean {
  switch (compare) {
    case "<":
      return (number) => number < limit;
    case "<=":
      return (number) => number <= limit;
    case ">":
      return (number) => number > limit;
    case ">=":
      return (number) => number >= limit;
    default:
      return (number) => number === limit;
  }
}

function timeOf(value: string, at: number): number {
  const ms = /^\d{1,15}$/.test(value) ? Number(value) : Date.parse(value.toUpperCase());
  if (Number.isNaN(ms)) {
    throw new FilterError(
      `"${value}" is no time: ISO 8601 such as 2026-11-22T10:00Z, or milliseconds since 1970`,
      at,
    );
  }
  return ms;
}
