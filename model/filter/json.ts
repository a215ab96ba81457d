/**
 * A filter given as JSON, as `POST /api/connections/filter` takes it: the language's fields as members, with `and`,
 * `or` and `not` around them.
 *
 * ```json
 * { "and": [{ "port": "80-90" }, { "not": { "host": "10.0.0.0/8" } }, { "min_bytes": 1000000 }] }
 * ```
 *
 * Several members of one object must all hold. A list as value means any of them.
 */
import { nearest } from "../nearest.ts";
import { FIELD_NAMES, type FieldName, FIELDS, type Filter, FilterError, MAX_DEPTH } from "./filter.ts";
import { isField } from "./parse.ts";

/** Terms in all. */
const MAX_TERMS = 200;
/** Characters of one value. */
export const MAX_VALUE = 255;
/** Longest name that is told in full. */
const MAX_NAME = 40;

/** Names in plain words for what the language says with a sign or a shorter word. */
export const JSON_NAMES: Record<string, { field: FieldName; compare: ":" | ">=" | "<="; help: string }> = {
  address: { field: "host", compare: ":", help: "Either end: address or network" },
  protocol: { field: "proto", compare: ":", help: FIELDS.proto.help },
  application_protocol: { field: "app", compare: ":", help: "Application protocol" },
  host_name: { field: "name", compare: ":", help: FIELDS.name.help },
  min_bytes: { field: "bytes", compare: ">=", help: "At least so many bytes, both directions" },
  max_bytes: { field: "bytes", compare: "<=", help: "At most so many" },
  min_rtt_ms: { field: "rtt", compare: ">=", help: "Round trip of at least so many milliseconds" },
  min_rate: { field: "rate", compare: ">=", help: "At least so many bits a second now" },
};

const OPERATORS = ["and", "or", "not"];
const KNOWN = [...OPERATORS, ...Object.keys(JSON_NAMES), ...FIELD_NAMES];

/** @throws {FilterError} Whose `path` tells where. */
export function filterOfJson(value: unknown): Filter {
  return new JsonFilter().read(value, "", 0);
}

class JsonFilter {
  #terms = 0;

  read(value: unknown, path: string, depth: number): Filter {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new FilterError(`${placeOf(path)} must be an object such as {"port": 443}`, 0, path);
    }
    if (depth > MAX_DEPTH) {
      throw new FilterError(`${placeOf(path)} is nested deeper than ${MAX_DEPTH}`, 0, path);
    }
    const parts = Object.entries(value).map(([name, member]) =>
      this.#member(name, member, joined(path, name), depth)
    );
    return parts.length === 1 ? parts[0] : { and: parts };
  }

  #member(name: string, member: unknown, path: string, depth: number): Filter {
    if (name === "and" || name === "or") {
      if (!Array.isArray(member) || member.length === 0) {
        throw new FilterError(`${path} takes a list of filters`, 0, path);
      }
      const parts = member.map((part, i) => this.read(part, `${path}[${i}]`, depth + 1));
      return name === "and" ? { and: parts } : { or: parts };
    }
    if (name === "not") return { not: this.read(member, path, depth + 1) };
    const plain = Object.hasOwn(JSON_NAMES, name) ? JSON_NAMES[name] : undefined;
    const field = plain?.field ?? name;
    if (!isField(field)) {
      const hint = name.length <= MAX_NAME && nearest(name, KNOWN) || `; known are ${KNOWN.join(", ")}`;
      throw new FilterError(`There is no member "${shortened(name)}"${hint}`, 0, path);
    }
    const values = Array.isArray(member) ? member : [member];
    if (values.length === 0) throw new FilterError(`${path} is an empty list`, 0, path);
    const terms = values.map((one, i): Filter => ({
      field,
      compare: plain?.compare ?? ":",
      value: this.#value(one, Array.isArray(member) ? `${path}[${i}]` : path),
      at: 0,
      path: Array.isArray(member) ? `${path}[${i}]` : path,
    }));
    return terms.length === 1 ? terms[0] : { or: terms };
  }

  #value(value: unknown, path: string): string {
    if (++this.#terms > MAX_TERMS) {
      throw new FilterError(`A filter takes at most ${MAX_TERMS} terms`, 0, path);
    }
    const isText = typeof value === "string" && value !== "" && value.length <= MAX_VALUE;
    const isNumber = typeof value === "number" && Number.isFinite(value) && value >= 0;
    if (!isText && !isNumber) {
      throw new FilterError(
        `${path} takes a text of 1 to ${MAX_VALUE} characters or a number from 0`,
        0,
        path,
      );
    }
    return String(value);
  }
}

function joined(path: string, name: string): string {
  const short = shortened(name);
  return path === "" ? short : `${path}.${short}`;
}

/** Names come from outside: messages stay short. */
function shortened(name: string): string {
  return name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name;
}

function placeOf(path: string): string {
  return path === "" ? "The filter" : path;
}
