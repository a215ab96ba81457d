/**
 * One clock that only goes forward, out of packet times that do not.
 *
 * Interfaces stamp packets a little out of order, have clocks of their own, step back, or lie (a file may claim any
 * time). Idle time must not come from that: each source's time is shifted so that it joins the common clock. Small
 * steps back are ignored; a large one means that the source's clock was set anew, and its shift is taken again.
 */

/** Source number of the wall clock; packet sources are 0 to 255, the interface index. */
export const WALL_CLOCK = 256;

/** A source this far behind the common clock has been set back, or the clock was carried off by a wrong time. */
const MAX_LAG_US = 60_000_000;

export class PacketClock {
  /** Shift of each source, added to its time. */
  readonly #shift = new Float64Array(WALL_CLOCK + 1);
  readonly #now = new Float64Array(1);

  /**
   * Takes in a time and tells the common clock after it, which is never less than before.
   *
   * @param source 0 to 256.
   * @param times [0] the source's time, microseconds since 1970; [1] becomes the common clock. Numbers this large
   *   would be allocated as arguments and results; in an array they are not.
   */
  stamp(source: number, times: Float64Array): void {
    const now = this.#now[0];
    const time = times[0] + this.#shift[source];
    if (time >= now) {
      this.#now[0] = time;
      times[1] = time;
      return;
    }
    if (now - time > MAX_LAG_US) this.#shift[source] = now - times[0];
    times[1] = now;
  }
}
