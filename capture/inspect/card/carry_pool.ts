/**
 * The last bytes of each text that is searched, so that a number cut in two is found: rows of fixed size in a few large
 * blocks, because a hundred thousand flows with a small array each would cost the collector more than the search.
 */
import { AHEAD, BEHIND } from "./unwrap.ts";
import { STRIDE } from "./byte_classes.ts";

/** Bytes of a row: what a probe may look back on, what a waiting probe may look ahead to, and a stride between. */
export const CARRY_BYTES = BEHIND + AHEAD + 2 * STRIDE + 6;
const ROWS_PER_BLOCK = 512;

/** Stands for "no row left". */
export const NO_ROW = -1;

export class CarryPool {
  readonly #maxRows: number;
  readonly #blocks: Uint8Array[] = [];
  #free: number[] = [];
  #used = 0;
  /** Times a text had to be searched without memory of what came before, because all rows were taken. */
  exhausted = 0;

  /** @param maxBytes Ceiling of the memory all rows together take. */
  constructor(maxBytes: number) {
    this.#maxRows = Math.floor(maxBytes / CARRY_BYTES);
  }

  /** Rows handed out. */
  get rows(): number {
    return this.#used - this.#free.length;
  }

  /** Bytes held, used or not. */
  get bytes(): number {
    return this.#blocks.length * ROWS_PER_BLOCK * CARRY_BYTES;
  }

  /** A row, or `NO_ROW`. */
  take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#used >= this.#maxRows) {
      this.exhausted++;
      return NO_ROW;
    }
    const row = this.#used++;
    if (row % ROWS_PER_BLOCK === 0) this.#blocks.push(new Uint8Array(ROWS_PER_BLOCK * CARRY_BYTES));
    return row;
  }

  /** Gives a row back, wiped. */
  release(row: number): void {
    this.wipe(row);
    this.#free.push(row);
  }

  wipe(row: number): void {
    const at = this.offset(row);
    this.block(row).fill(0, at, at + CARRY_BYTES);
  }

  /** The block that a row lies in, at `offset(row)`. */
  block(row: number): Uint8Array {
    return this.#blocks[Math.floor(row / ROWS_PER_BLOCK)];
  }

  offset(row: number): number {
    return (row % ROWS_PER_BLOCK) * CARRY_BYTES;
  }
}
