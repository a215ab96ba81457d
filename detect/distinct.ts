/**
 * Memory of fixed size for sums over *different* things: a thing counts when it is seen for the first time.
 *
 * The first `MAX_EXACT` are kept by their hashes: what a person could count is counted right. Beyond, there is a bit a
 * thing. As bits fill up, a new thing is taken for an old one now and then; so each that is taken for new counts for
 * those that were not (the HIP estimator, Ting 2014, "Streamed approximate counting of distinct elements", over the
 * bitmap of Whang et al. 1990): the sum stays right on average.
 */

/** So many different things are told apart exactly (but for equal hashes of 32 bits, one in two million times). */
export const MAX_EXACT = 64;

export class Distinct {
  /** Hashes of the first; dropped when there are more. */
  #first: Uint32Array | null = null;
  readonly #bits: Uint32Array;
  readonly #size: number;
  #set = 0;
  /** Up to `MAX_EXACT`. */
  #count = 0;

  /** @param bits A power of two, 32 or more. Good for about twice as many things. */
  constructor(bits: number) {
    this.#bits = new Uint32Array(bits >> 5);
    this.#size = bits;
  }

  /** @returns 0 where it was seen before, else how many new things it stands for (1 and a little more). */
  add(hash: number): number {
    const bit = hash & (this.#size - 1);
    const mask = 1 << (bit & 31);
    const isKnown = (this.#bits[bit >> 5] & mask) !== 0;
    if (this.#count < MAX_EXACT) {
      const first = this.#first ??= new Uint32Array(MAX_EXACT);
      hash >>>= 0;
      if (isKnown) { for (let i = 0; i < this.#count; i++) if (first[i] === hash) return 0; }
      first[this.#count++] = hash;
      if (this.#count === MAX_EXACT) this.#first = null;
      if (!isKnown) this.#set++;
      this.#bits[bit >> 5] |= mask;
      return 1;
    }
    if (isKnown) return 0;
    const weight = this.#size / (this.#size - this.#set);
    this.#bits[bit >> 5] |= mask;
    this.#set++;
    return weight;
  }

  /** Share of the bits in use: above three quarters it is time to begin anew. */
  get fill(): number {
    return this.#set / this.#size;
  }

  clear(): void {
    this.#bits.fill(0);
    this.#set = this.#count = 0;
    this.#first = null;
  }
}

/** A sum of what `Distinct` answered as a sentence has it: "60", "about 80". Estimates are no whole numbers. */
export function countText(sum: number): string {
  return `${Number.isInteger(sum) ? "" : "about "}${Math.round(sum)}`;
}

/** A sum that fades: of what was added `spanUs` ago a third (1/e) is left. Half the state of any window. */
export class Fading {
  #value = 0;
  #atUs = 0;

  add(amount: number, nowUs: number, spanUs: number): number {
    this.#value = this.at(nowUs, spanUs) + amount;
    this.#atUs = nowUs;
    return this.#value;
  }

  at(nowUs: number, spanUs: number): number {
    return this.#value === 0 ? 0 : this.#value * Math.exp(Math.min(0, this.#atUs - nowUs) / spanUs);
  }
}
