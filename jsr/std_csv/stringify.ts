/**
 * CSV (RFC 4180) from rows: lines end in CRLF, and fields are quoted when they have to be.
 *
 * Cells that a spreadsheet would take for a formula (`=`, `+`, `-`, `@` first) pass unchanged, as in the
 * published package: guard against them before calling.
 *
 * @module
 */

/** Index of an array or key of an object. */
export type PropertyAccessor = number | string;

/** Where a column's values come from, and its name. */
export type ColumnDetails = {
  /** @default the last part of `prop` */
  header?: string;
  /** One key, or the path to a nested value. */
  prop: PropertyAccessor | PropertyAccessor[];
};

/** A column: a key, a path, or details. */
export type Column = ColumnDetails | PropertyAccessor | PropertyAccessor[];

/** A row: an object, or an array. */
export type DataItem = Readonly<Record<string, unknown> | unknown[]>;

/** Options of {@linkcode stringify}. */
export type StringifyOptions = {
  /** Begin with a row of column names. @default {true} */
  headers?: boolean;
  /** @default {","} */
  separator?: string;
  /** Needed for rows that are objects. */
  columns?: readonly Column[];
  /** Begin with a byte order mark, for old spreadsheets. @default {false} */
  bom?: boolean;
};

/**
 * Writes rows as CSV.
 *
 * @throws {TypeError} When a row is an object and there are no columns, when a column asks an array for a
 * name, or when the separator holds a quote or a line end.
 */
export function stringify(data: readonly DataItem[], options: StringifyOptions = {}): string {
  const { headers = true, separator = ",", columns = [], bom = false } = options;
  if (separator.includes('"') || separator.includes("\r\n")) {
    throw new TypeError(`The CSV separator cannot hold a quote or a line end: ${JSON.stringify(separator)}`);
  }
  const line = (values: unknown[]) => `${values.map((value) => field(value, separator)).join(separator)}\r\n`;
  const paths = columns.map((column) => pathOf(column));
  const head = headers && columns.length > 0 ? line(columns.map(nameOf)) : "";
  const rows = data.map((item) =>
    line(paths.length > 0 ? paths.map((path) => pick(item, path)) : cells(item))
  );
  return (bom ? "\ufeff" : "") + head + rows.join("");
}

function field(value: unknown, separator: string): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  // A lone CR goes without, as in the published package: whoever writes must keep it out, since readers end the line.
  const needsQuotes = text.includes(separator) || /["\n]/.test(text);
  return needsQuotes ? `"${text.replaceAll('"', '""')}"` : text;
}

function pathOf(column: Column): PropertyAccessor[] {
  return typeof column !== "object" ? [column] : Array.isArray(column) ? column : [column.prop].flat();
}

function nameOf(column: Column): string {
  if (typeof column === "object" && !Array.isArray(column) && column.header !== undefined) {
    return column.header;
  }
  return String(pathOf(column).at(-1));
}

function pick(item: DataItem, path: PropertyAccessor[]): unknown {
  let value: unknown = item;
  for (const key of path) {
    if (typeof value !== "object" || value === null) break;
    if (Array.isArray(value) && typeof key !== "number") {
      throw new TypeError(`A CSV column asks an array for "${key}"; arrays are asked by number`);
    }
    value = (value as Record<PropertyAccessor, unknown>)[key];
  }
  return value;
}

function cells(item: DataItem): unknown[] {
  if (Array.isArray(item)) return item;
  if (typeof item !== "object") return [item];
  throw new TypeError("CSV rows that are objects need the option columns");
}
