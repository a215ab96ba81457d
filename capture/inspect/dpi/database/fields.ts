/** Values out of databases for the card search: each a text of its own, with its column's name as the word near it. */
import type { FlowHandle } from "../contract.ts";

/** The shortest card number. Shorter values are not looked at. */
const MIN_VALUE_BYTES = 13;
/** Names of columns of one result that are kept, and characters of each. */
const MAX_NAMES = 256;
const MAX_NAME_CHARS = 64;
/** Lane of values; what is text as a whole is lane 0. */
export const VALUE_LANE = 1;

/** The values of one direction. */
export class FieldText {
  readonly #flow: FlowHandle;
  readonly #direction: number;
  #names: string[] = [];
  #isOpen = false;

  constructor(flow: FlowHandle, direction: number) {
    this.#flow = flow;
    this.#direction = direction;
  }

  /** Another result: names of columns are forgotten. */
  forgetNames(): void {
    if (this.#names.length > 0) this.#names = [];
  }

  name(name: string): void {
    if (this.#names.length < MAX_NAMES) this.#names.push(name.slice(0, MAX_NAME_CHARS));
  }

  /** A value begins; its bytes follow. @param column Its place in the row, -1 where there are no columns. */
  begin(column: number, length: number): void {
    this.end();
    this.#isOpen = length >= MIN_VALUE_BYTES;
    const name = this.#names[column];
    if (this.#isOpen && name !== undefined) this.#flow.scanContext(this.#direction, VALUE_LANE, name);
  }

  push(bytes: Uint8Array, at: number, end: number): void {
    if (this.#isOpen) this.#flow.scan(this.#direction, VALUE_LANE, bytes, at, end, "plain");
  }

  end(): void {
    if (this.#isOpen) this.#flow.scanEnd(this.#direction, VALUE_LANE);
    this.#isOpen = false;
  }
}
