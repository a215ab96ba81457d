/**
 * What is surely not known: bits by hash, small enough to stay near the processor, in front of tables that are not. Most
 * of what passes is met for the first time, and nine of ten look-ups in vain end here.
 */
const BITS = 1 << 18;
const MOST = BITS / 8;

export class Maybe {
  readonly #words = new Int32Array(BITS / 32);
  #added = 0;

  /** Whether so many were added that it should be cleared, and what is still known be added again. */
  get isFull(): boolean {
    return this.#added >= MOST;
  }

  add(hash: number): void {
    this.#words[hash >>> 5 & BITS / 32 - 1] |= 1 << (hash & 31);
    this.#added++;
  }

  /** False is certain; true is a guess, wrong one time in eight when it is full. */
  has(hash: number): boolean {
    return (this.#words[hash >>> 5 & BITS / 32 - 1] >> (hash & 31) & 1) !== 0;
  }

  clear(): void {
    this.#words.fill(0);
    this.#added = 0;
  }
}
