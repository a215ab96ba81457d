/**
 * Lists as CSV (RFC 4180), streamed: rows are written as they are read, so that an export of any length takes the same
 * memory, and a slow reader holds up nothing but itself.
 *
 * Cells that a spreadsheet would run as a formula get an apostrophe in front, as OWASP says ("CSV Injection"): names
 * come from the network, and whoever chose one must not choose what a spreadsheet does. Numbers stay numbers.
 *
 * There is no byte order mark: RFC 4180 and the registration of text/csv know none, and programs would take it for a
 * part of the first column's name. Old spreadsheets must be told that it is UTF-8.
 */
import { CsvStringifyStream } from "@std/csv/stringify-stream";
import { helpOf, isTypeName, type TypeName } from "../model/help.ts";
import type { FieldHelp } from "../model/help/fields.ts";

/** Characters of one chunk, about. A row is a hundred. */
const CHUNK = 16_384;
/** Between the values of a cell that holds several. */
const BETWEEN = "; ";

/**
 * Where a formula could begin: in front of its signs, also in full width; and of tab and line ends, which spreadsheets
 * skip before looking. Behind a semicolon, tab or line end too: where a comma is no separator of cells, these are.
 */
const FORMULA = /^(?=[=+\-@\t\r\n＝＋－＠])|(?<=[;\t\r\n])(?=[=+\-@＝＋－＠])/g;

/** Readers end the line there, but the published @std/csv puts no quotes around it as it does around LF and CRLF. */
const LONE_CR = /\r(?!\n)/g;

/** A row in hand: values by name of column. */
type CsvRow = Record<string, string | number | boolean | null>;

interface Column {
  name: string;
  read: (row: Readonly<Record<string, unknown>>) => unknown;
}

/** Text that no spreadsheet takes for a formula. */
export function guarded(text: string): string {
  return text.replace(FORMULA, "'");
}

/**
 * Columns of a type: its fields in the order of its table; an object within has a column for each of its own, as in
 * `process.name`.
 *
 * @param chosen Names of fields; empty for all.
 */
export function columnsOf(type: TypeName, chosen: readonly string[] = []): string[] {
  return columns(type, chosen).map(({ name }) => name);
}

function columns(type: TypeName, chosen: readonly string[]): Column[] {
  const { fields } = helpOf(type);
  const names = chosen.length > 0 ? chosen : Object.keys(fields);
  return names.flatMap((name) => {
    const inner = innerFields(fields[name]);
    if (inner === null) return [{ name, read: (row) => row[name] }];
    return inner.map((part): Column => ({
      name: `${name}.${part}`,
      read: (row) => (row[name] as Record<string, unknown> | null | undefined)?.[part],
    }));
  });
}

/** Fields of an object that is spread over columns; null for what fits into a cell. */
function innerFields({ is, list, map }: FieldHelp): string[] | null {
  return list || map || !isTypeName(is) ? null : Object.keys(helpOf(is).fields);
}

/** The rows as CSV in UTF-8, with a head. */
export function csvStream(
  rows: readonly object[],
  type: TypeName,
  chosen: readonly string[],
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const all = columns(type, chosen);
  function* records(): Generator<CsvRow> {
    for (const row of rows) {
      yield Object.fromEntries(
        all.map(({ name, read }) => [name, cell(read(row as Readonly<Record<string, unknown>>))]),
      );
    }
  }
  return ReadableStream.from(records())
    .pipeThrough(new CsvStringifyStream({ columns: all.map(({ name }) => name) }))
    .pipeThrough(inChunks())
    .pipeThrough(new TextEncoderStream());
}

function cell(value: unknown): string | number | boolean | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value === "string") return text(value);
  const isPlain = Array.isArray(value) && value.every((part) => typeof part !== "object");
  return text(isPlain ? value.join(BETWEEN) : JSON.stringify(value));
}

function text(value: string): string {
  return guarded(value).replace(LONE_CR, "\r\n");
}

/** Rows are short: several make a chunk. */
function inChunks(): TransformStream<string, string> {
  let held = "";
  return new TransformStream({
    transform(text, out) {
      held += text;
      if (held.length < CHUNK) return;
      out.enqueue(held);
      held = "";
    },
    flush(out) {
      if (held !== "") out.enqueue(held);
    },
  });
}
