/**
 * A set of hashes of fixed size, which forgets what was used longest ago of the few in the same place. It may forget and
 * it may take one for another (once in some billions); it never grows.
 */
const WAYS = 4;

export class HashSet {
  readonly #slots: Int32Array;
  readonly #mask: number;

  /** @param places Power of two; it holds four times as many. */
  constructor(places: number) {
    this.#slots = new Int32Array(places * WAYS);
    this.#mask = places - 1;
  }

  clear(): void {
    this.#slots.fill(0);
  }

  add(hash: number): void {
    const slots = this.#slots;
    const at = (hash & this.#mask) * WAYS;
    const wanted = hash | 1; // 0 is empty
    if (slots[at] === wanted) return;
    let i = at + 1;
    while (i < at + WAYS - 1 && slots[i] !== wanted) i++;
    for (; i > at; i--) slots[i] = slots[i - 1];
    slots[at] = wanted;
  }

  has(hash: number): boolean {
    const slots = this.#slots;
    const at = (hash & this.#mask) * WAYS;
    const wanted = hash | 1;
    return slots[at] === wanted || slots[at + 1] === wanted || slots[at + 2] === wanted ||
      slots[at + 3] === wanted;
  }
}
