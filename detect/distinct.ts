/**
 * Memory of fixed size for sums over *different* things: a thing counts when it is seen for the first time.
 *
 * A bit a thing, by its hash. As bits fill up, a new thing is taken for an old one now and then; so each that is taken
 * for new counts for those that were not (the HIP estimator, Ting 2014, "Streamed approximate counting of distinct
 * elements", over the bitmap of Whang et al. 1990): the sum stays right on average.
 */
export class Distinct {
  readonly #bits: Uint32Array;
  readonly #size: number;
  #set = 0;

  /** @param bits A power of two, 32 or more. Good for about twice as many things. */
  constructor(bits: number) {
    this.#bits = new Uint32Array(bits >> 5);
    this.#size = bits;
  }

  /** @returns 0 where it was seen before, else how many new things it stands for (1 and a little more). */
  add(hash: number): number {
    const bit = hash & (this.#size - 1);
    const mask = 1 << (bit & 31);
    if ((this.#bits[bit >> 5] & mask) !== 0) return 0;
    const weight = this.#size / (this.#size - this.#set);
    this.#bits[bit >> 5] |= mask;
    this.#set++;
    return weight;
  }

  has(hash: number): boolean {
    const bit = hash & (this.#size - 1);
    return (this.#bits[bit >> 5] & 1 << (bit & 31)) !== 0;
  }

  /** Share of the bits in use: above three quarters it is time to begin anew. */
  get fill(): number {
    return this.#set / this.#size;
  }

  clear(): void {
    this.#bits.fill(0);
    this.#set = 0;
  }
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
