/** Makes a 32-bit counter that wraps into one that does not. */

/** Sums up what a wrapping counter grew by; right as long as it is read at least once per 2^32. */
export class WrappingCounter {
  /** Exact up to 2^53. */
  total = 0;
  #last = 0;

  /** @param reading The counter now, 0 to 2^32 - 1; it began at 0. */
  update(reading: number): void {
    this.total += (reading - this.#last) >>> 0; // modulo 2^32: right over the wrap
    this.#last = reading;
  }
}
