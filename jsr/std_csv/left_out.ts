/**
 * Published names that Netpane does not use. They can be imported, and say plainly what is missing when
 * they are called.
 *
 * @module
 */

/** Left out of the local package. */
export class CsvParseStream {
  constructor(_options?: unknown) {
    throw new Error('"CsvParseStream" is left out of the local @std/csv package; see jsr/README.md');
  }
}
