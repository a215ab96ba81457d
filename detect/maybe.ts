/**
 * What is surely not known: bits by hash, small enough to stay near the processor, in front of tables that are not. Most
 * of what passes is met for the first time, and nine of ten look-ups in vain end here.
 */
export class Maybe {
  readonly #words: Int32Array;
  readonly #mask: number;
  readonly #keys: number;
  #added = 0;

  /** @param keys How many it holds until it is full, a byte each; a power of two, 4 or more. */
  constructor(keys: number) {
    this.#keys = keys;
    this.#words = new Int32Array(keys / 4);
    this.#mask = keys / 4 - 1;
  }

  /** Whether so many were added that it should be cleared, and what is still known be added again. */
  get isFull(): boolean {
    return this.#added >= this.#keys;
  }

  add(hash: number): void {
    this.#words[hash >>> 5 & this.#mask] |= 1 << (hash & 31);
    this.#added++;
  }

  /** False is certain; true is a guess, wrong one time in eight when it is full. */
  has(hash: number): boolean {
    return (this.#words[hash >>> 5 & this.#mask] >> (hash & 31) & 1) !== 0;
  }

  clear(): void {
    this.#words.fill(0);
    this.#added = 0;
  }
}
