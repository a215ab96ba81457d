/**
 * CSV from a stream of rows, for exports that should not be held in memory.
 *
 * @module
 */
import { type DataItem, stringify } from "./stringify.ts";

/** Options of {@linkcode CsvStringifyStream}. */
export interface CsvStringifyStreamOptions {
  /** @default {","} */
  readonly separator?: string;
  /** Names of the columns; with them rows are objects, without them arrays. */
  readonly columns?: Array<string>;
}

/** Turns each row into one chunk of CSV; column names come first, at once. */
export class CsvStringifyStream<TOptions extends CsvStringifyStreamOptions> extends TransformStream<
  TOptions["columns"] extends Array<string> ? Record<string, unknown> : Array<unknown>,
  string
> {
  constructor(options?: TOptions) {
    const { separator = ",", columns = [] } = options ?? {};
    super({
      start(out) {
        if (columns.length > 0) out.enqueue(stringify([], { separator, columns }));
      },
      transform(row, out) {
        out.enqueue(stringify([row as DataItem], { separator, columns, headers: false }));
      },
    });
  }
}
