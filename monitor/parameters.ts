/**
 * Parameters of requests, each once: how it is read, and the JSON Schema that says the same in the OpenAPI document.
 *
 * ```ts ignore
 * const PARAMETERS = { limit: integer({ min: 1, max: 1000, fallback: 100, help: "Rows at most" }) };
 * const { limit } = readParameters(PARAMETERS, url.searchParams); // number
 * ```
 */
import { nearest } from "../model/nearest.ts";
import { type Network, parseNetwork } from "../model/network.ts";
import { QueryError } from "./query_error.ts";

export type JsonSchema = { readonly [keyword: string]: unknown };

export interface Parameter<T> {
  help: string;
  schema: JsonSchema;
  /** A value that shows what it is for, as it stands in an address. */
  example: string;
  /** Several values, with commas between them. */
  list: boolean;
  /** What it is when it is absent or empty; a request without it is an error when it is required. */
  fallback: T;
  required: boolean;
  /** @throws QueryError */
  read(text: string, name: string): T;
}

// deno-lint-ignore no-explicit-any -- of any type: `Values` tells them apart again
export type Parameters = { readonly [name: string]: Parameter<any> };

/** What a table of parameters gives. */
export type Values<P extends Parameters> = {
  -readonly [K in keyof P]: P[K] extends Parameter<infer T> ? T : never;
};

/** Longest text of one parameter. */
const MAX_TEXT = 300;

/** A whole number. */
export function integer(
  { min = 0, max = Number.MAX_SAFE_INTEGER, fallback, help, example }: {
    min?: number;
    max?: number;
    fallback: number;
    help: string;
    example?: string;
  },
): Parameter<number> {
  return {
    help,
    schema: { type: "integer", minimum: min, maximum: max, default: fallback },
    example: example ?? String(fallback),
    list: false,
    fallback,
    required: false,
    read(text, name) {
      const number = Number(text);
      if (/^\d{1,16}$/.test(text) && number >= min && number <= max) return number;
      throw new QueryError(name, `${name} takes a whole number from ${min} to ${max}`);
    },
  };
}

/** One of a few words; given as an object, each word stands for a value. */
export function choice<const T extends string>(
  words: readonly T[] | Readonly<Record<string, T>>,
  fallback: T | "",
  help: string,
  example?: string,
): Parameter<T> {
  const values = new Map<string, T>(
    Array.isArray(words) ? words.map((word) => [word, word]) : Object.entries(words as Record<string, T>),
  );
  const known = [...values.keys()];
  const preset = known.find((word) => values.get(word) === fallback);
  return {
    help,
    schema: { type: "string", enum: known, ...(preset === undefined ? {} : { default: preset }) },
    example: example ?? preset ?? known[0],
    list: false,
    fallback: fallback as T,
    required: false,
    read(text, name) {
      const value = values.get(text);
      if (value !== undefined) return value;
      throw new QueryError(name, `${name} takes one of ${known.join(", ")}${hint(text, known)}`);
    },
  };
}

/** Several of a few words, with commas between them; none for all. */
export function choices<T extends string | number>(
  known: readonly T[],
  help: string,
  example: string,
): Parameter<T[]> {
  const byText = new Map(known.map((value) => [String(value), value]));
  const type = typeof known[0] === "number" ? "integer" : "string";
  return {
    help,
    schema: { type: "array", items: { type, enum: known }, uniqueItems: true, minItems: 1 },
    example,
    list: true,
    fallback: [],
    required: false,
    read(text, name) {
      const found = text.split(",").map((part) => {
        const value = byText.get(part);
        if (value !== undefined) return value;
        const names = [...byText.keys()];
        const said = hint(part, names);
        throw new QueryError(
          name,
          `${name} knows no "${short(part)}"${said || `; known are ${names.join(", ")}`}`,
        );
      });
      if (new Set(found).size === found.length) return found;
      throw new QueryError(name, `${name} names something twice`);
    },
  };
}

/** Text, without spaces around it. */
export function text(
  { help, example, max = MAX_TEXT, required = false, what = "a text" }: {
    help: string;
    example: string;
    max?: number;
    required?: boolean;
    /** For the message when it is missing. */
    what?: string;
  },
): Parameter<string> {
  return {
    help,
    schema: { type: "string", maxLength: max, ...(required ? { minLength: 1 } : {}) },
    example,
    list: false,
    fallback: "",
    required,
    read(text, name) {
      const value = text.trim();
      if (required && value === "") throw new QueryError(name, `${name} is missing: ${what}`);
      // As JSON Schema counts: characters, not UTF-16.
      if (value.length <= max || [...value].length <= max) return value;
      throw new QueryError(name, `${name} takes at most ${max} characters`);
    },
  };
}

/** An address, or a network. */
export function network(help: string): Parameter<Network | null> {
  return {
    help,
    schema: { type: "string", maxLength: MAX_TEXT },
    example: "10.0.0.0/8",
    list: false,
    fallback: null,
    required: false,
    read(text, name) {
      const found = parseNetwork(text);
      if (found !== null) return found;
      throw new QueryError(name, `${name} takes an address, or a network such as 10.0.0.0/8`);
    },
  };
}

/** A moment, in milliseconds since 1970. */
export function moment(help: string): Parameter<number | null> {
  return {
    help,
    schema: {
      oneOf: [
        { type: "integer", minimum: 0, description: "Milliseconds since 1970" },
        { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\d", description: "ISO 8601" },
      ],
    },
    example: "2026-11-22T10:00:00Z",
    list: false,
    fallback: null,
    required: false,
    read(text, name) {
      const ms = /^\d{1,16}$/.test(text)
        ? Number(text)
        : /^\d{4}-\d\d-\d\d/.test(text)
        ? Date.parse(text)
        : NaN;
      if (!Number.isNaN(ms)) return ms;
      throw new QueryError(
        name,
        `${name} takes milliseconds since 1970, or a time such as 2027-01-31T08:00:00Z`,
      );
    },
  };
}

/** What an answer before gave: read by `parse`, null for anything else. */
export function cursor<T>(
  help: string,
  example: string,
  parse: (text: string) => T | null,
): Parameter<T | null> {
  return {
    help,
    schema: { type: "string", maxLength: MAX_TEXT },
    example,
    list: false,
    fallback: null,
    required: false,
    read(text, name) {
      const found = text.length <= MAX_TEXT ? parse(text) : null;
      if (found !== null) return found;
      throw new QueryError(name, `${name} takes what the page before gave as next`);
    },
  };
}

/** The parameters of an address. @throws QueryError naming the one at fault */
export function readParameters<P extends Parameters>(specs: P, given: URLSearchParams): Values<P> {
  const known = Object.keys(specs);
  const seen = new Set<string>();
  for (const name of given.keys()) {
    if (!Object.hasOwn(specs, name)) throw unknown(name, known, "parameter");
    if (seen.has(name)) throw new QueryError(name, `${name} is given more than once: take one`);
    seen.add(name);
  }
  return values(specs, known, (name) => given.get(name) ?? "");
}

/**
 * The same parameters as members of a JSON object.
 *
 * @param others Members that are read elsewhere.
 * @throws QueryError naming the member at fault
 */
export function readMembers<P extends Parameters>(
  specs: P,
  body: Readonly<Record<string, unknown>>,
  others: readonly string[] = [],
): Values<P> {
  const known = Object.keys(specs);
  for (const name of Object.keys(body)) {
    if (Object.hasOwn(specs, name) || others.includes(name)) continue;
    throw unknown(name, [...others, ...known], "member");
  }
  return values(
    specs,
    known,
    (name) => Object.hasOwn(body, name) ? member(specs[name], body[name], name) : "",
  );
}

function values<P extends Parameters>(
  specs: P,
  known: string[],
  textOf: (name: string) => string,
): Values<P> {
  return Object.fromEntries(known.map((name) => {
    const { required, fallback, read } = specs[name];
    const text = textOf(name);
    return [name, text === "" && !required ? fallback : read(text, name)];
  })) as Values<P>;
}

/** A member's value as it would stand in an address. */
function member({ schema, list }: Parameter<unknown>, value: unknown, name: string): string {
  if (
    list && Array.isArray(value) &&
    value.every((part) => typeof part === "string" || typeof part === "number")
  ) {
    const parts = value.map(String);
    if (parts.length > 0 && parts.every((part) => part !== "" && !part.includes(","))) return parts.join(",");
  }
  if (typeof value === "string" && schema.type !== "integer") return value;
  if (typeof value === "number" && schema.type !== "string") return String(value);
  throw new QueryError(name, `${name} takes ${list ? "a list, or a text with commas" : kindOf(schema)}`);
}

function kindOf(schema: JsonSchema): string {
  return schema.type === "integer"
    ? "a whole number"
    : schema.type === "string"
    ? "a text"
    : "a text or a number";
}

function unknown(name: string, known: string[], what: string): QueryError {
  const said = hint(name, known) ||
    (known.length === 0 ? "; it takes none" : `; known are ${known.join(", ")}`);
  return new QueryError(short(name), `Unknown ${what} "${short(name)}"${said}`);
}

function hint(word: string, known: readonly string[]): string {
  return word.length > 50 ? "" : nearest(word, known);
}

/** Messages stay short, whatever is sent. */
function short(text: string): string {
  return text.length > 50 ? `${text.slice(0, 50)}…` : text;
}
