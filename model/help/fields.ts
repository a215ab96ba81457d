/**
 * How the fields of answers are described: once, for `/api/help`, for the page's tooltips, for the columns of CSV, and
 * for the schemas of the OpenAPI document.
 *
 * `Fields<T>` holds a table to its type: a field that is missing, not there, or null where the table does not say so
 * is an error of the compiler.
 */

/** What a number counts in. */
export type Unit =
  | "B"
  | "bit/s"
  | "B/s"
  | "packets"
  | "packets/s"
  | "ms"
  | "ms since 1970"
  | "s"
  | "share 0 to 1"
  | "°"
  | "%";

/** One field. */
export interface FieldHelp {
  /** `string`, `number`, `integer`, `time` (a number, ms since 1970), `boolean`, `any`, or the name of another table. */
  is: string;
  /** What it says, in words. */
  help: string;
  /** Head of its column on the page; absent where no column shows it. */
  title?: string;
  unit?: Unit;
  /** A plausible value. */
  example?: unknown;
  /** All it can be. */
  values?: readonly string[];
  /** A list of them; `map`: an object with any names, one of them each. */
  list?: true;
  map?: true;
  /** Null where it is not known. */
  nullable?: true;
  /** May be absent. */
  optional?: true;
}

/** One type of answer. */
export interface TypeHelp {
  help: string;
  fields: Record<string, FieldHelp>;
}

type Scalar<V> = [V] extends [string] ? "string"
  : [V] extends [number] ? "number" | "integer" | "time"
  : [V] extends [boolean] ? "boolean"
  : string;
type Item<V> = V extends readonly (infer I)[] ? I : V;

type FieldOf<V> = unknown extends V ? FieldHelp & { is: "any" } : KnownFieldOf<V>;

type KnownFieldOf<V> =
  & Omit<FieldHelp, "is" | "values" | "list" | "nullable" | "optional">
  & { is: Scalar<Item<NonNullable<V>>> }
  & (NonNullable<V> extends readonly unknown[] ? { list: true } : { list?: never })
  & (null extends V ? { nullable: true } : { nullable?: never })
  & (undefined extends V ? { optional: true } : { optional?: never })
  & ([Item<NonNullable<V>>] extends [string]
    ? string extends Item<NonNullable<V>> ? { values?: readonly string[] }
    : { values: readonly Item<NonNullable<V>>[] }
    : { values?: never });

/** A table for a type: each of its fields, and nothing else. */
export type Fields<T> = { [K in keyof Required<T>]: FieldOf<T[K]> };

/** A type's table, checked against it. */
export function describe<T>(help: string, fields: Fields<T>): { help: string; fields: Fields<T> } {
  return { help, fields };
}

export const TS = { is: "time", help: "When this was answered, by the server's clock" } as const;
export const TOTAL = { is: "integer", help: "Rows that match, before offset and limit" } as const;
export const ALL = { is: "integer", help: "All rows there are, before any filter" } as const;
export const OFFSET = { is: "integer", help: "Rows passed over: offset as asked" } as const;
export const CAPACITY = { is: "integer", help: "Rows kept at most" } as const;
