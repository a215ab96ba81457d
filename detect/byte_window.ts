/** Bytes of both directions within the latest stretch of time, in slots: constant size however many are added. */
export class ByteWindow {
  /** Made when something lies in a second slot: what goes in one piece needs none. */
  #slots: number[] | null = null;
  readonly #count: number;
  readonly #slotUs: number;
  /** Number of the latest slot since 1970. */
  #latest = 0;
  /** Sums over all slots. */
  up = 0;
  down = 0;

  constructor(windowUs: number, slots: number) {
    this.#count = slots;
    this.#slotUs = windowUs / slots;
  }

  /** Lets time go on: what is older than the window is forgotten. @param clockUs Never goes back. */
  at(clockUs: number): void {
    const now = Math.floor(clockUs / this.#slotUs);
    if (now === this.#latest) return;
    const count = this.#count;
    if (now - this.#latest >= count) {
      this.#slots = null;
      this.up = this.down = 0;
      this.#latest = now;
    }
    if (this.up === 0 && this.down === 0) {
      this.#slots = null;
      this.#latest = Math.max(now, this.#latest);
    }
    if (this.#latest >= now) return;
    const slots = this.#slots ?? this.#spread();
    while (this.#latest < now) {
      const i = 2 * (++this.#latest % count);
      this.up -= slots[i];
      this.down -= slots[i + 1];
      slots[i] = slots[i + 1] = 0;
    }
  }

  add(clockUs: number, up: number, down: number): void {
    this.at(clockUs);
    const slots = this.#slots;
    if (slots !== null) {
      const i = 2 * (this.#latest % this.#count);
      slots[i] += up;
      slots[i + 1] += down;
    }
    this.up += up;
    this.down += down;
  }

  /** All there is lies in the latest slot. */
  #spread(): number[] {
    const slots = this.#slots = new Array<number>(2 * this.#count).fill(0);
    const i = 2 * (this.#latest % this.#count);
    slots[i] = this.up;
    slots[i + 1] = this.down;
    return slots;
  }
}
