/** Bytes of both directions within the latest stretch of time, in slots: constant size however many are added. */
export class ByteWindow {
  readonly #slots: Float64Array;
  readonly #slotUs: number;
  /** Number of the latest slot since 1970. */
  #latest = 0;
  /** Sums over all slots. */
  up = 0;
  down = 0;

  constructor(windowUs: number, slots: number) {
    this.#slots = new Float64Array(2 * slots);
    this.#slotUs = windowUs / slots;
  }

  /** Lets time go on: what is older than the window is forgotten. @param clockUs Never goes back. */
  at(clockUs: number): void {
    const now = Math.floor(clockUs / this.#slotUs);
    const slots = this.#slots;
    const count = slots.length / 2;
    if (now - this.#latest >= count) {
      if (this.up !== 0 || this.down !== 0) slots.fill(0);
      this.up = this.down = 0;
      this.#latest = now;
    }
    while (this.#latest < now) {
      const i = 2 * (++this.#latest % count);
      this.up -= slots[i];
      this.down -= slots[i + 1];
      slots[i] = slots[i + 1] = 0;
    }
  }

  add(clockUs: number, up: number, down: number): void {
    this.at(clockUs);
    const i = 2 * (this.#latest % (this.#slots.length / 2));
    this.#slots[i] += up;
    this.#slots[i + 1] += down;
    this.up += up;
    this.down += down;
  }
}
