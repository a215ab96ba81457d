/** When a packet of a file is due, in wall time: packet time divided by the speed, without endless waits. */

/**
 * The longest wait for a packet, in wall time at any speed. A silence of an hour in the file would look like a
 * broken dashboard, and a nonsense time stamp must not stop the playback for years. Packet times are not changed by
 * it: whoever reads them sees the silence.
 */
export const MAX_WAIT_MS = 5_000;

/** Paces one playback. The clock is handed in. */
export class PlaybackPacer {
  #speed: number;
  #anchorWallMs = NaN;
  #anchorPacketMs = 0;

  /** @param speed Packet seconds per second, above 0. */
  constructor(speed: number) {
    this.#speed = speed;
  }

  /**
   * Wall time at which a packet is due, on the clock of `nowMs`; the first is due at once.
   *
   * After a longer silence than `MAX_WAIT_MS`, and when time jumps back or we have fallen behind by as much, the
   * pace begins anew from here: nothing is rushed through to catch up.
   */
  dueMs(packetMs: number, nowMs: number): number {
    const due = this.#anchorWallMs + (packetMs - this.#anchorPacketMs) / this.#speed;
    if (Math.abs(due - nowMs) <= MAX_WAIT_MS) return due;
    this.#anchorPacketMs = packetMs;
    this.#anchorWallMs = due > nowMs ? nowMs + MAX_WAIT_MS : nowMs; // also for the first, whose due is NaN
    return this.#anchorWallMs;
  }

  /** Where the playback's clock stands at `nowMs`, in packet time; NaN before the first packet. */
  packetMsAt(nowMs: number): number {
    return this.#anchorPacketMs + (nowMs - this.#anchorWallMs) * this.#speed;
  }
}
