/**
 * Rows from CSV (RFC 4180). Lines may end in CRLF or LF, and empty lines are skipped.
 *
 * @module
 */

/** Options of {@linkcode parse}. */
export interface ParseOptions {
  /** @default {","} */
  separator?: string;
  /** Lines that start with it are skipped. */
  comment?: string;
  /** Ignore white space before a field. @default {false} */
  trimLeadingSpace?: boolean;
  /** Take quotes inside fields as they are. @default {false} */
  lazyQuotes?: boolean;
  /** Fields every row must have; 0 means as many as the first row, a negative number any. */
  fieldsPerRecord?: number;
  /** Take the first row as names, unless `columns` gives them. @default {false} */
  skipFirstRow?: boolean;
  /** Names of the fields; rows become objects. */
  columns?: readonly string[];
}

/** A row as an object. */
export type RecordWithColumn<C extends string> = string extends C ? Record<string, string>
  : Record<C, string>;

/** Rows: objects when there are names for the fields, arrays otherwise. */
export type ParseResult<ParseOptions, T> = T extends
  ParseOptions & { columns: readonly (infer C extends string)[] } ? RecordWithColumn<C>[]
  : T extends ParseOptions & { skipFirstRow: true } ? Record<string, string>[]
  : string[][];

/**
 * Reads CSV.
 *
 * @throws {SyntaxError} When a quote is misplaced or left open, or a row has not `fieldsPerRecord` fields.
 * @throws {Error} When a row has not as many fields as there are columns.
 * @throws {TypeError} When there is no row to take names from.
 */
export function parse(input: string): string[][];
export function parse<const T extends ParseOptions>(input: string, options: T): ParseResult<ParseOptions, T>;
export function parse<const T extends ParseOptions>(
  input: string,
  options?: T,
): ParseResult<ParseOptions, T> | string[][] {
  const { separator = ",", skipFirstRow, columns, fieldsPerRecord = -1 } = options ?? {};
  if (separator === "" || /["\r\n]/.test(separator) || separator === options?.comment) {
    throw new Error(`The CSV separator cannot be ${JSON.stringify(separator)}`);
  }
  const rows = readRows(input.replace(/^\ufeff/, ""), separator, options ?? {});
  const width = fieldsPerRecord || rows[0]?.length;
  rows.forEach((row, i) => {
    if (width > 0 && row.length !== width) {
      throw new SyntaxError(`CSV row ${i + 1} has ${row.length} fields, not ${width}`);
    }
  });
  if (skipFirstRow && rows.length === 0) throw new TypeError("There is no CSV row with names");
  const names = columns ?? (skipFirstRow ? rows[0] : null);
  const data = skipFirstRow ? rows.slice(1) : rows;
  if (!names) return data as ParseResult<ParseOptions, T>;
  return data.map((row, i) => {
    if (row.length !== names.length) {
      throw new Error(`CSV record ${i + 1} has ${row.length} fields for ${names.length} columns`);
    }
    return Object.fromEntries(names.map((name, column) => [name, row[column]]));
  }) as ParseResult<ParseOptions, T>;
}

const LINE_END = /\r?\n|\r?$/g;

function readRows(input: string, separator: string, options: ParseOptions): string[][] {
  const { comment, trimLeadingSpace, lazyQuotes } = options;
  const rows: string[][] = [];
  let at = 0;
  while (at < input.length) {
    const end = lineEnd(input, at);
    const isSkipped = end.start === at || comment && input.startsWith(comment, at);
    if (isSkipped) {
      at = end.next;
      continue;
    }
    const row: string[] = [];
    let more = true;
    while (more) {
      if (trimLeadingSpace) { while (/[^\S\r\n]/.test(input[at] ?? "")) at++; }
      const field = input[at] === '"'
        ? quoted(input, at, separator, lazyQuotes)
        : plain(input, at, separator, lazyQuotes);
      row.push(field.text);
      more = input.startsWith(separator, field.next);
      at = more ? field.next + separator.length : lineEnd(input, field.next).next;
    }
    rows.push(row);
  }
  return rows;
}

/** Where the line ends, and where the next one starts. */
function lineEnd(input: string, from: number): { start: number; next: number } {
  LINE_END.lastIndex = from;
  const found = LINE_END.exec(input)!;
  return { start: found.index, next: found.index + Math.max(found[0].length, 1) };
}

function plain(input: string, from: number, separator: string, lazyQuotes?: boolean) {
  const end = lineEnd(input, from).start;
  const found = input.indexOf(separator, from);
  const next = found < 0 || found > end ? end : found;
  const text = input.slice(from, next);
  if (!lazyQuotes && text.includes('"')) throw misplaced(input, from + text.indexOf('"'));
  return { text, next };
}

function quoted(input: string, from: number, separator: string, lazyQuotes?: boolean) {
  let text = "";
  for (let at = from + 1;;) {
    const quote = input.indexOf('"', at);
    if (quote < 0) {
      if (!lazyQuotes) throw misplaced(input, from);
      return { text: text + input.slice(at), next: input.length };
    }
    text += input.slice(at, quote);
    at = quote + 1;
    if (input[at] === '"') {
      text += '"';
      at++;
    } else if (input.startsWith(separator, at) || lineEnd(input, at).start === at) {
      // Line ends inside quotes become a plain LF, as the published package does it.
      return { text: text.replaceAll("\r\n", "\n"), next: at };
    } else if (lazyQuotes) text += '"';
    else throw misplaced(input, quote);
  }
}

function misplaced(input: string, at: number): SyntaxError {
  const line = input.slice(0, at).split("\n").length;
  return new SyntaxError(`CSV line ${line} has a quote that is misplaced or left open`);
}
