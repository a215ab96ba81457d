/**
 * What is surely not known: bits by hash, small enough to stay near the processor, in front of tables that are not. Most
 * of what passes is met for the first time, and nine of ten look-ups in vain end here.
 */
export class Maybe {
  readonly #words: Int32Array;
  readonly #mask: number;
  readonly #keys: number;
  readonly #addKnown: (known: Maybe) => void;
  #added = 0;

  /**
   * @param keys After so many it is cleared, and what is still known added anew; a byte each. A power of two, 4 or more.
   * @param addKnown Adds what is still known, about `keys` at most.
   */
  constructor(keys: number, addKnown: (known: Maybe) => void) {
    this.#keys = keys;
    this.#words = new Int32Array(keys / 4);
    this.#mask = keys / 4 - 1;
    this.#addKnown = addKnown;
  }

  add(hash: number): void {
    if (this.#added === this.#keys) {
      this.#words.fill(0);
      this.#added = -Infinity; // what is still known may be more than `keys`
      this.#addKnown(this);
      this.#added = 0;
    }
    this.#words[hash >>> 5 & this.#mask] |= 1 << (hash & 31);
    this.#added++;
  }

  /** False is certain; true is a guess, wrong one time in four at worst. */
  has(hash: number): boolean {
    return (this.#words[hash >>> 5 & this.#mask] >> (hash & 31) & 1) !== 0;
  }
}
