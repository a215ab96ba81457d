/**
 * What an alert rests on, as pictures and tables: evidence is plain data, and what it means is told by its names.
 *
 * Rules say `intervals_ms`, `ports`, `refused` or `upload_share`; here that becomes bars, ranges, a stack of outcomes,
 * numbers with units. What has no picture is listed as it is, so that a new rule's evidence is never hidden. All is
 * bounded: rows, depth and length of texts.
 */
import {
  bitRate,
  byteCount,
  count,
  dateTime,
  duration,
  NOTHING,
  percent,
  roundTrip,
  text,
} from "./format.ts";
import { legible } from "./legible.ts";

/** A part of the evidence, in the order in which it is worth looking at. */
export type EvidencePart =
  /** What was measured beside what is allowed. */
  | { type: "limit"; title: string; value: number; limit: number; text: string; limitText: string }
  /** Parts of a whole: what came of tries. */
  | { type: "stack"; title: string; total: string; parts: StackPart[] }
  /** Something over time or by size; each bar with its own words. */
  | {
    type: "bars";
    title: string;
    /** Along an axis; otherwise each bar is of something else. */
    ordered: boolean;
    /** Value of a full bar; the largest if absent. */
    top?: number;
    bars: { label: string; value: number; text: string }[];
  }
  | { type: "ports"; title: string; ranges: string[]; ports: number; more: number }
  | { type: "list"; title: string; short: boolean; items: string[]; more: number }
  | { type: "table"; title: string; columns: Column[]; rows: string[][]; more: number }
  | { type: "numbers"; rows: { name: string; text: string; share?: number }[] };

/** Numbers shown at once; the others are folded away. */
export const FIRST_NUMBERS = 6;

export type Tone = "ok" | "warning" | "error" | "info" | "quiet" | "in" | "out";

export interface StackPart {
  label: string;
  /** Its size, in words too. */
  count: number;
  text: string;
  tone: Tone;
}

export interface Column {
  label: string;
  numeric: boolean;
}

/** Items of a list, rows of a table, bars of a picture; names that stand by themselves. */
const MAX_ITEMS = 32;
const MAX_BARS = 60;
/** Addresses, network cards and short names stand beside each other. */
const SHORT_ITEM = 24;
const MAX_RANGES = 24;
const MAX_COLUMNS = 8;
const MAX_NUMBERS = 40;
const MAX_PARTS = 24;
/** Objects within objects. */
const MAX_DEPTH = 3;
const MAX_VALUE = 200;

/** Outcomes of tries by the words rules use, and how they look. */
const OUTCOMES: Record<string, [label: string, tone: Tone]> = {
  open: ["open", "error"],
  answered: ["answered", "error"],
  accepted: ["accepted", "error"],
  succeeded: ["succeeded", "error"],
  successes: ["succeeded", "error"],
  established: ["established", "error"],
  refused: ["refused", "warning"],
  rejected: ["refused", "warning"],
  failed: ["failed", "warning"],
  failures: ["failed", "warning"],
  unreachable: ["unreachable", "info"],
  half_open: ["half open", "info"],
  silent: ["silent", "quiet"],
  unanswered: ["silent", "quiet"],
  no_answer: ["silent", "quiet"],
};

type Data = Record<string, unknown>;

/** Parts of an alert's evidence, most telling first; empty for none. */
export function evidenceOf(evidence: unknown): EvidencePart[] {
  if (!isData(evidence)) {
    return evidence === undefined || evidence === null ? [] : partsOf({ evidence }, "", 0);
  }
  const parts = partsOf(evidence, "", 0);
  return parts.sort((a, b) => rankOf(a) - rankOf(b)).slice(0, MAX_PARTS);
}

const RANK: Record<EvidencePart["type"], number> = {
  limit: 0,
  stack: 1,
  bars: 2,
  ports: 4,
  list: 5,
  table: 6,
  numbers: 7,
};

/** What runs along an axis says more than what is merely compared. */
function rankOf(part: EvidencePart): number {
  return RANK[part.type] + (part.type === "bars" && !part.ordered ? 1 : 0);
}

function partsOf(data: Data, prefix: string, depth: number): EvidencePart[] {
  const parts: EvidencePart[] = [];
  const rest = new Map(Object.entries(data).filter(([, value]) => !isEmpty(value)));
  const takeLimits = limitsOf(rest, prefix);
  parts.push(...takeLimits);
  const stack = stackOf(rest, prefix);
  if (stack !== null) parts.push(stack);
  parts.push(...sharesOfBytes(rest, prefix));
  const numbers: { name: string; text: string; share?: number }[] = [];
  for (const [name, value] of rest) {
    const title = titleOf(prefix, name);
    const only = Array.isArray(value) && value.length === 1 ? value[0] : value;
    if (Array.isArray(value) && typeof only === "string" && countOfRanges(value) === null) {
      numbers.push({ name: title, text: valueText(name, only) });
    } else if (Array.isArray(value) && !isData(only)) parts.push(...listParts(name, title, value));
    else if (isData(only)) {
      const picture = countsPart(name, title, only);
      if (picture !== null) parts.push(picture);
      else if (depth < MAX_DEPTH) {
        // A table of one row reads better as what it says.
        for (const part of partsOf(only, Array.isArray(value) ? prefix : title, depth + 1)) {
          if (part.type === "numbers") numbers.push(...part.rows);
          else parts.push(part);
        }
      } else numbers.push({ name: title, text: legible(JSON.stringify(only), MAX_VALUE) });
    } else numbers.push({ name: title, text: valueText(name, value), ...shareOf(name, value) });
  }
  if (numbers.length > 0) {
    // What did not happen is said last.
    const said = [
      ...numbers.filter(({ text }) => text !== "0"),
      ...numbers.filter(({ text }) => text === "0"),
    ];
    parts.push({ type: "numbers", rows: said.slice(0, MAX_NUMBERS) });
  }
  return parts;
}

/**
 * `{value, threshold}`; `x` beside `x_threshold` or `threshold_x`; `x` beside `thresholds: {x}`. What is used is taken
 * out of `rest`.
 */
function limitsOf(rest: Map<string, unknown>, prefix: string): EvidencePart[] {
  const parts: EvidencePart[] = [];
  const add = (title: string, name: string, value: number, limit: number) => {
    parts.push({
      type: "limit",
      title,
      value,
      limit,
      text: valueText(name, value),
      limitText: valueText(name, limit),
    });
  };
  const limits: [name: string, limit: unknown, taken: () => void][] = [];
  for (const [name, value] of rest) {
    const [, before, after] = /^(?:(.+)_(?:threshold|limit)|(?:threshold|limit)_(.+))$/.exec(name) ?? [];
    const of = before ?? after;
    if (of !== undefined) limits.push([of, value, () => rest.delete(name)]);
    if ((name === "thresholds" || name === "limits") && isData(value)) {
      const left = { ...value };
      for (const [of, limit] of Object.entries(value)) {
        limits.push([of, limit, () => {
          delete left[of];
          if (Object.keys(left).length === 0) rest.delete(name);
          else rest.set(name, left);
        }]);
      }
    }
  }
  for (const [of, limit, taken] of limits) {
    const value = rest.get(of);
    if (!isNumber(value) || !isNumber(limit)) continue;
    add(titleOf(prefix, of), of, value, limit);
    rest.delete(of);
    taken();
  }
  const [value, limit] = [rest.get("value"), rest.get("threshold") ?? rest.get("limit")];
  if (isNumber(value) && isNumber(limit)) {
    add(prefix === "" ? "Measured" : prefix, prefix || "value", value, limit);
    for (const name of ["value", "threshold", "limit"]) rest.delete(name);
  }
  return parts;
}

/** Two or more outcomes side by side; counts are taken out of `rest`, lists count and are still listed. */
function stackOf(rest: Map<string, unknown>, prefix: string): EvidencePart | null {
  const found: [string, number][] = [];
  for (const [name, value] of rest) {
    if (!Object.hasOwn(OUTCOMES, outcomeName(name))) continue;
    if (isCount(value)) found.push([name, value]);
    else if (Array.isArray(value)) found.push([name, countOfRanges(value) ?? value.length]);
  }
  // What answered is open: it is not counted twice.
  const answered = found.findIndex(([name]) => outcomeName(name) === "answered");
  if (answered >= 0 && found.some(([name]) => outcomeName(name) === "open")) found.splice(answered, 1);
  if (found.length < 2 || found.every(([, n]) => n === 0)) return null;
  for (const [name] of found) if (!Array.isArray(rest.get(name))) rest.delete(name);
  return stackPart(prefix === "" ? "What came of it" : prefix, found);
}

/** Counts in an object that are beside each other, when none has a unit of its own. */
const MAX_COUNTS = 12;
const UNITS = /bytes|bits|_(us|ms|s|seconds|minutes|hours|days)$|port|percent|_at$|first|last/;

/** Names of what goes out and of what comes back. */
const TWO_WAYS = [
  ["bytes_sent", "bytes_received"],
  ["bytes_to_server", "bytes_to_client"],
  ["bytes_toserver", "bytes_toclient"],
  ["bytes_up", "bytes_down"],
  ["bytes_out", "bytes_in"],
  ["upload_bytes", "download_bytes"],
] as const;

/** How much went each way, beside each other; taken out of `rest`. */
function sharesOfBytes(rest: Map<string, unknown>, prefix: string): EvidencePart[] {
  return TWO_WAYS.flatMap((names): EvidencePart[] => {
    const [out, back] = names.map((name) => rest.get(name));
    if (!isCount(out) || !isCount(back) || out + back === 0) return [];
    for (const name of names) rest.delete(name);
    const part = (name: string, n: number, tone: Tone): StackPart => {
      const label = wordsOf(name.replace(/^bytes_|_bytes$/g, "")).replace(/^to(server|client)$/, "to $1");
      return { label, count: n, text: text(byteCount(n)), tone };
    };
    return [{
      type: "stack",
      title: prefix === "" ? "Bytes" : prefix,
      total: text(byteCount(out + back)),
      parts: [part(names[0], out, "out"), part(names[1], back, "in")],
    }];
  });
}

function stackPart(title: string, counts: [string, number][]): EvidencePart {
  const parts = counts.map(([name, n]) => {
    const [label, tone] = Object.hasOwn(OUTCOMES, outcomeName(name))
      ? OUTCOMES[outcomeName(name)]
      : [wordsOf(name), "info" as Tone];
    return { label: legible(label, 40), count: n, text: count(n), tone };
  });
  // That nothing was open, or no login succeeded, is worth a word; that nothing was silent is not.
  const grave = parts.filter(({ tone }) => tone === "error");
  const said = grave.find(({ count }) => count > 0) ?? grave[0];
  return {
    type: "stack",
    title,
    total: count(parts.reduce((sum, part) => sum + part.count, 0)),
    parts: parts.filter((part) => part.count > 0 || part === said).slice(0, MAX_COLUMNS),
  };
}

/** `ports_refused`, `refused_ports` and `refused_count` speak of what was refused. */
function outcomeName(name: string): string {
  return name.replace(/^(ports|hosts|tries|count)_|_(ports|hosts|tries|count)$/g, "");
}

/** An object whose values are all counts or shares: outcomes, a histogram by its keys, scores. */
function countsPart(name: string, title: string, value: Data): EvidencePart | null {
  const shares = Object.entries(value).filter((entry): entry is [string, number] => {
    return isNumber(entry[1]) && entry[1] >= 0 && entry[1] <= 1;
  });
  if (
    /(^|_)(scores?|shares?)$/.test(name) && shares.length >= 2 && shares.length === Object.keys(value).length
  ) {
    return barsPart(title, false, shares.map(([key, n]) => [legible(wordsOf(key), 60), n, percent(n)]), 1);
  }
  const entries = Object.entries(value).filter((entry): entry is [string, number] => isCount(entry[1]));
  if (entries.length < 2 || entries.length !== Object.keys(value).length) return null;
  if (entries.every(([key]) => Object.hasOwn(OUTCOMES, outcomeName(key)))) return stackPart(title, entries);
  if (entries.every(([key]) => /^-?\d+(\.\d+)?$/.test(key))) {
    const bars = entries.map(([key, n]) => ({ at: Number(key), n })).sort((a, b) => a.at - b.at);
    return barsPart(title, true, bars.map(({ at, n }) => [axisText(name, at), n, count(n)]));
  }
  const isAlike = entries.length <= MAX_COUNTS && entries.every(([key]) => !UNITS.test(key));
  if (isAlike || /histogram|distribution|by_|per_|_counts?$/.test(name)) {
    if (entries.length > MAX_BARS) return null;
    return barsPart(title, false, entries.map(([key, n]) => [legible(wordsOf(key), 60), n, count(n)]));
  }
  return null;
}

function listParts(name: string, title: string, value: unknown[]): EvidencePart[] {
  const ranges = countOfRanges(value);
  if (ranges !== null) {
    return [{
      type: "ports",
      title,
      ports: ranges,
      ranges: value.slice(0, MAX_RANGES).map((range) => String(range).replace("-", "–")),
      more: Math.max(0, value.length - MAX_RANGES),
    }];
  }
  if (value.every(isNumber)) {
    if (value.every(isCount) && !SERIES.test(name)) return [portsPart(title, value)];
    if (value.length >= 3) {
      const histogram = /histogram/.test(name);
      return [
        barsPart(
          title,
          true,
          value.map((v, i) => {
            return [count(i + 1), v, histogram ? count(v) : valueText(name, v)];
          }),
        ),
      ];
    }
  }
  if (value.every(isData)) return [tableOrBars(title, value)];
  if (value.every((item) => Array.isArray(item) && item.length <= MAX_COLUMNS)) {
    const rows = value as unknown[][];
    if (rows.every((row) => row.length === 2 && isNumber(row[1]) && !Array.isArray(row[0]))) {
      return [
        barsPart(
          title,
          rows.every(([at]) => isNumber(at)),
          rows.map(([at, n]) => {
            return [isNumber(at) ? axisText(name, at) : valueText("", at), n as number, valueText(name, n)];
          }),
        ),
      ];
    }
    const width = Math.max(1, ...rows.map((row) => row.length));
    return [{
      type: "table",
      title,
      columns: Array.from({ length: width }, (_, i) => ({ label: count(i + 1), numeric: false })),
      rows: rows.slice(0, MAX_ITEMS).map((row) => row.map((item) => valueText("", item))),
      more: Math.max(0, rows.length - MAX_ITEMS),
    }];
  }
  const items = value.slice(0, MAX_ITEMS).map((item) => valueText(name, item));
  return [{
    type: "list",
    title,
    short: items.every((item) => item.length <= SHORT_ITEM),
    items,
    more: Math.max(0, value.length - MAX_ITEMS),
  }];
}

/** Names of numbers that follow each other; others are a set. */
const SERIES =
  /histogram|series|over_time|per_|every|interval|gap|bytes|sizes?|lengths?|rates?|counts?|samples|_(us|ms|s|seconds)$/;

/** How many numbers `["1-1000", "8080"]` are; null where it is something else. */
function countOfRanges(value: unknown[]): number | null {
  let sum = 0;
  for (const range of value) {
    const [, from, to = from] = typeof range === "string"
      ? /^(\d{1,5})(?:[-–](\d{1,5}))?$/.exec(range) ?? []
      : [];
    if (from === undefined) return null;
    sum += Math.max(0, Number(to) - Number(from)) + 1;
  }
  return value.length === 0 ? null : sum;
}

/** Names of a number that is a place on an axis, and of one that counts. */
const AXIS =
  /^(at|time|second|minute|hour|day|start|bucket|bin|from|to|le|upto|up_to|until|interval|port|length|size)(_|$)|^(interval|gap|period|length|size)s?_/;
const COUNTED = /^(n|count|counts|times|packets|bytes|queries|connections|share|value|total)$|_count$/;

/** A table; drawn as bars where each row is a place and one number. */
function tableOrBars(title: string, rows: Data[]): EvidencePart {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))].slice(0, MAX_COLUMNS);
  const counted = keys.filter((key) => COUNTED.test(key) && rows.every((row) => isNumber(row[key])));
  const others = keys.filter((key) => key !== counted[0]);
  const isAxis = others.length > 0 && others.length <= 2 &&
    others.every((key) => AXIS.test(key) && rows.every((row) => isNumber(row[key]) || row[key] === null));
  if (rows.length >= 2 && counted.length === 1 && isAxis) {
    return barsPart(
      title,
      true,
      rows.map((row) => {
        const [from, to] = others.map((key) => row[key]);
        const words = [from, to].map((at, i) => isNumber(at) ? axisText(others[i], at) : "");
        const label = others.length === 1
          ? words[0]
          : words[1] === ""
          ? `from ${words[0]}`
          : words[0] === ""
          ? `to ${words[1]}`
          : `${words[0]} to ${words[1]}`;
        return [label, row[counted[0]] as number, valueText(counted[0], row[counted[0]])];
      }),
    );
  }
  if (rows.length >= 3 && others.length === 1 && counted.length === 1) {
    return barsPart(
      title,
      false,
      rows.map((row) => {
        return [
          valueText(others[0], row[others[0]]),
          row[counted[0]] as number,
          valueText(counted[0], row[counted[0]]),
        ];
      }),
    );
  }
  return {
    type: "table",
    title,
    columns: keys.map((key) => ({
      label: legible(wordsOf(key), 60),
      numeric: rows.every((row) => row[key] === undefined || isNumber(row[key])),
    })),
    rows: rows.slice(0, MAX_ITEMS).map((row) => keys.map((key) => valueText(key, row[key]))),
    more: Math.max(0, rows.length - MAX_ITEMS),
  };
}

function barsPart(
  title: string,
  ordered: boolean,
  bars: [label: string, value: number, text: string][],
  top?: number,
): EvidencePart {
  return {
    type: "bars",
    title,
    ordered,
    ...(top === undefined ? {} : { top }),
    bars: bars.slice(0, MAX_BARS).map(([label, value, text]) => ({ label, value: Math.max(0, value), text })),
  };
}

function portsPart(title: string, ports: number[]): EvidencePart {
  const ranges = rangesOf(ports);
  return {
    type: "ports",
    title,
    ports: new Set(ports).size,
    ranges: ranges.slice(0, MAX_RANGES),
    more: Math.max(0, ranges.length - MAX_RANGES),
  };
}

/** Whole numbers as ranges, rising: `[1, 2, 3, 80]` is `1–3` and `80`. */
export function rangesOf(numbers: number[]): string[] {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const n of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && n === last[1] + 1) last[1] = n;
    else ranges.push([n, n]);
  }
  return ranges.map(([from, to]) => from === to ? String(from) : `${from}–${to}`);
}

/** Milliseconds since 1970 of this century: a number that is a moment whatever it is called. */
const MOMENT_MS = 1e12;
/** The same in microseconds. */
const MOMENT_US = 1e15;

/** A value in words, with the unit that its name tells. */
export function valueText(name: string, value: unknown): string {
  if (value === null || value === undefined) return NOTHING;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value === "" ? NOTHING : legible(value, MAX_VALUE);
  if (!isNumber(value)) return legible(JSON.stringify(value) ?? NOTHING, MAX_VALUE);
  if (/(_|^)(at|time|first|last|since|seen|expires|expired|not_after|not_before)(_ms)?$/.test(name)) {
    if (value >= MOMENT_MS && value < MOMENT_US) return dateTime(value);
  }
  if (/_us$/.test(name)) return value >= MOMENT_US ? dateTime(value / 1000) : spanText(value / 1000);
  if (/_ms$/.test(name)) return value >= MOMENT_MS ? dateTime(value) : spanText(value);
  if (/(_|^)(s|seconds|secs)$/.test(name)) return spanText(value * 1000);
  if (/(_|^)minutes$/.test(name)) return spanText(value * 60_000);
  if (/(_|^)hours$/.test(name)) return spanText(value * 3_600_000);
  if (/(_|^)days$/.test(name)) return `${number(value)} d`;
  if (/(_|^)(bits_per_second|bps|bitrate)$/.test(name)) return text(bitRate(value));
  if (/(_|^)bytes_per_second$/.test(name)) return `${text(byteCount(value))}/s`;
  if (/(_|^)(bits)$/.test(name)) return `${number(value)} bit`;
  if (/(_|^)bytes(_|$)/.test(name) || /(_|^)(upload|download|uploaded|downloaded)$/.test(name)) {
    return text(byteCount(value));
  }
  if (/_per_second$|_rate$/.test(name)) return `${number(value)}/s`;
  if (/_per_minute$/.test(name)) return `${number(value)}/min`;
  if (/_per_hour$/.test(name)) return `${number(value)}/h`;
  if (/(_|^)percent$/.test(name)) return percent(value / 100);
  if (isShare(name) && value >= 0 && value <= 1) return percent(value);
  if (/(_|^)(ports?|pid|id|ttl|vlan|asn|code|version)$/.test(name)) return String(value);
  return number(value);
}

/** A place on an axis: the unit is told by the name of the picture. */
function axisText(name: string, at: number): string {
  const unit = /_(us|ms|s|seconds|minutes|hours|bytes)(?=_|$)/.exec(name)?.[1];
  if (/(^|_)(ports?|bucket|bin)$/.test(name)) return String(at);
  return unit === undefined ? valueText(name, at) : valueText(`x_${unit}`, at);
}

function isShare(name: string): boolean {
  return /(_|^)(share|ratio|fraction|confidence|probability|score|jitter|load|similarity|regularity)(_|$)/
    .test(
      name,
    );
}

function shareOf(name: string, value: unknown): { share?: number } {
  return isShare(name) && isNumber(value) && value >= 0 && value <= 1 ? { share: value } : {};
}

/** A span of time from milliseconds, to the digit that matters: `0.42 ms`, `3.5 s`, `4 min 12 s`. */
function spanText(ms: number): string {
  if (ms < 0) return NOTHING;
  if (ms === 0) return "0\u00a0s";
  if (ms < 1000) return roundTrip(ms);
  if (ms < 60_000) return `${number(ms / 1000)}\u00a0s`;
  return duration(ms);
}

/** Up to three digits that matter; large ones in full. */
function number(value: number): string {
  if (!Number.isFinite(value)) return NOTHING;
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return count(value);
  return String(Number(value.toPrecision(3)));
}

/** `intervals_ms` is `Intervals`: the unit stands beside the value. */
function titleOf(prefix: string, name: string): string {
  const words = wordsOf(name);
  const whole = prefix === "" ? words : `${prefix}, ${words}`;
  return legible(whole.slice(0, 1).toUpperCase() + whole.slice(1), 80);
}

/** Names that say more to programs than to people. */
const WORDS: Record<string, string> = {
  histogram: "intervals between contacts",
  interval_histogram: "intervals",
  app_proto: "protocol",
  log10_p: "chance, power of ten",
  ip: "address",
  mac: "network card",
  macs: "network cards",
  rrname: "name asked for",
  rrtype: "type",
};

/** Written in capitals. */
const ACRONYMS = /\b(arp|cpu|dhcp|dns|http|icmp|ip|mac|mx|nxdomain|rst|syn|tcp|tls|ttl|txt|udp|url)\b/g;

function wordsOf(name: string): string {
  if (Object.hasOwn(WORDS, name)) return WORDS[name];
  const words = name.replace(/(.)_(ms|us|s|bytes)$/, "$1").replaceAll("_", " ").trim() || name;
  return words.replace(ACRONYMS, (word) => word.toUpperCase());
}

function isData(value: unknown): value is Data {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isCount(value: unknown): value is number {
  return isNumber(value) && value >= 0 && Number.isInteger(value);
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" ||
    (Array.isArray(value) && value.length === 0) || (isData(value) && Object.keys(value).length === 0);
}
