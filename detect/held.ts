/**
 * A condition that must hold for a while to count, and that ends only when its opposite has held for a while: so that a
 * value that swings around a limit is told once.
 */
export class Held {
  #sinceUs = 0;
  #belowSinceUs = 0;
  isOn = false;
  /** When it began to hold; 0 while it does not. */
  get sinceUs(): number {
    return this.#sinceUs;
  }

  /**
   * @param atUs Time, which goes forward.
   * @param value What was measured.
   * @param limits `on`: at least so much; `off`: less than so much, at most `on`; `onUs` and `offUs`: for so long.
   * @returns Whether it is on now.
   */
  at(atUs: number, value: number, limits: { on: number; off: number; onUs: number; offUs: number }): boolean {
    if (value >= limits.on) {
      this.#belowSinceUs = 0;
      if (this.#sinceUs === 0) this.#sinceUs = atUs;
      if (atUs - this.#sinceUs >= limits.onUs) this.isOn = true;
    } else if (!this.isOn) this.#sinceUs = 0;
    else if (value >= limits.off) this.#belowSinceUs = 0;
    else {
      if (this.#belowSinceUs === 0) this.#belowSinceUs = atUs;
      if (atUs - this.#belowSinceUs >= limits.offUs) {
        this.isOn = false;
        this.#sinceUs = this.#belowSinceUs = 0;
      }
    }
    return this.isOn;
  }
}
