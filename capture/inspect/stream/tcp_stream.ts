/**
 * One direction of a TCP connection put back in order: each byte is handed on once, in sequence.
 *
 * Segments that come early wait in a bounded buffer; what was handed on before is cut off; of two versions of the
 * same bytes that wait the first one seen holds. What never came is told as a gap, so that nothing after it is taken to
 * follow what was before.
 *
 * What waited is handed on a few kilobytes with a packet: when a hole is filled 64 KiB may be free to go, and to look
 * through them all would keep the packets behind them waiting for milliseconds. Until they are gone the stream is
 * *behind*, and what comes in order queues up after them.
 */

/** Bytes that one direction may hold back, ARCHITECTURE "Budgets". */
export const MAX_HELD_BYTES = 65_536;
/** Segments that one direction may hold back: single bytes sent out of order must not cost an object each for ever. */
const MAX_HELD_SEGMENTS = 256;
/** A step larger than the largest window (RFC 7323 §2.3) is another stream or nonsense: start over there. */
const MAX_STEP = 0x4000_0000;
/**
 * Bytes the receiver has acknowledged will not be sent again. When they are still missing here this long after, the
 * capture lost them; sooner, the capture may only have seen both directions in the wrong order.
 */
const LOST_AFTER_US = 50_000;

/** Held bytes that go with a packet: five full segments, so that the queue gets shorter whatever comes. */
export const RELEASE_BYTES = 8192;

/** Memory that all streams together may hold back. */
export class HeldBudget {
  held = 0;
  /** Gaps told because a ceiling was reached. */
  exceeded = 0;
  constructor(readonly ceiling: number) {}
}

/** Takes what a stream hands on. `bytes` are valid during the call. */
export interface StreamSink {
  data(direction: number, bytes: Uint8Array, at: number, end: number): void;
  gap(direction: number): void;
}

interface HeldSegment {
  sequence: number;
  bytes: Uint8Array;
}

/** Nothing waits: most streams never hold a segment, and share this. */
const NONE: HeldSegment[] = [];

export class TcpStream {
  /** Sequence number of the next byte to hand on, as a signed 32-bit integer; meaningful once `started`. */
  #next = 0;
  #started = false;
  /** By sequence number; they do not overlap. */
  #held: HeldSegment[] = NONE;
  #heldBytes = 0;
  #heldSinceUs = 0;
  /** Nothing is handed on for now: what the other direction said before is not through yet. */
  paused = false;
  readonly #direction: number;
  readonly #sink: StreamSink;
  readonly #budget: HeldBudget;

  constructor(direction: number, sink: StreamSink, budget: HeldBudget) {
    this.#direction = direction;
    this.#sink = sink;
    this.#budget = budget;
  }

  /** The stream begins at `sequence` (SYN + 1). Ignored once bytes have come. */
  begin(sequence: number): void {
    if (this.#started) return;
    this.#next = sequence;
    this.#started = true;
  }

  /**
   * A segment's payload.
   *
   * @param sequence Of its first byte, signed 32-bit.
   * @param wireBytes Its length as sent; more than `end - at` where capture cut it.
   */
  segment(
    sequence: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    wireBytes: number,
    timeUs: number,
  ): void {
    if (!this.#started) this.begin(sequence);
    const ahead = (sequence - this.#next) | 0;
    const mustQueue = this.paused || this.isBehind;
    if (ahead > MAX_STEP || ahead < -MAX_STEP) {
      if (mustQueue) return; // no receiver would take it either; if it is another stream, more of it comes
      this.#release();
      this.#sink.gap(this.#direction);
      this.#next = sequence;
    } else if (mustQueue && end - at === wireBytes) {
      this.#queue(sequence, bytes, at, end, timeUs);
      if (!this.paused) this.release(RELEASE_BYTES + end - at);
      return;
    } else if (mustQueue) {
      // Of a packet that capture cut short the rest is a gap, which has no place in the queue; it is short itself.
      this.release(Infinity);
    }
    if (((sequence - this.#next) | 0) > 0) {
      this.#hold(sequence, bytes, at, end, timeUs);
      return;
    }
    this.#take(sequence, bytes, at, end, wireBytes);
    if (this.#held.length > 0) this.release(RELEASE_BYTES);
  }

  /** Whether something waits that nothing is missing before: it goes with the packets that follow, or by `release`. */
  get isBehind(): boolean {
    return this.#held.length > 0 && ((this.#held[0].sequence - this.#next) | 0) <= 0;
  }

  /** Hands on what nothing is missing before, `most` bytes of it. @returns How many were. */
  release(most: number): number {
    let left = most;
    while (left > 0 && this.isBehind) {
      const { sequence, bytes } = this.#held[0];
      const length = bytes.length > left ? left : bytes.length;
      if (length < bytes.length) {
        this.#held[0] = { sequence: (sequence + length) | 0, bytes: bytes.subarray(length) };
      } else this.#held.shift();
      this.#heldBytes -= length;
      this.#budget.held -= length;
      left -= length;
      this.#take(sequence, bytes, 0, length, length);
    }
    return most - left;
  }

  /** The other side has acknowledged everything before `sequence`. */
  acknowledged(sequence: number, timeUs: number): void {
    if (this.#held.length === 0 || this.isBehind || timeUs - this.#heldSinceUs < LOST_AFTER_US) return;
    if (((sequence - this.#held[0].sequence) | 0) >= 0) {
      this.#skipToHeld();
      this.release(RELEASE_BYTES);
    }
  }

  /** No more will come: hands on what is held, with the gaps before it. */
  flush(): void {
    this.release(Infinity);
    while (this.#held.length > 0) {
      this.#skipToHeld();
      this.release(Infinity);
    }
  }

  /** Drops what is held: nobody listens any more. */
  drop(): void {
    this.#release();
  }

  /** Hands on the part of a segment that was not handed on before; the segment begins at or before `#next`. */
  #take(sequence: number, bytes: Uint8Array, at: number, end: number, wireBytes: number): void {
    const known = (this.#next - sequence) | 0;
    if (known < 0 || known >= wireBytes) return;
    const from = at + known;
    if (from < end) this.#sink.data(this.#direction, bytes, from, end);
    this.#next = (sequence + wireBytes) | 0;
    if (end - at < wireBytes) this.#sink.gap(this.#direction);
  }

  /** Gives up what is missing: what waits is next. */
  #skipToHeld(): void {
    this.#sink.gap(this.#direction);
    if (this.#held.length === 0) return; // the gap was the end of interest, and `drop` was called
    this.#next = this.#held[0].sequence;
  }

  /**
   * A segment while the stream is behind or paused: behind what nothing is missing before, where it would have been in
   * order; there it replaces what came early of the same bytes, as it would have. Else it is held like any other.
   */
  #queue(sequence: number, bytes: Uint8Array, at: number, end: number, timeUs: number): void {
    const held = this.#held;
    let index = 0;
    let ready = this.#next;
    while (index < held.length && ((held[index].sequence - ready) | 0) <= 0) {
      const stop = endOf(held[index++]);
      if (((stop - ready) | 0) > 0) ready = stop;
    }
    const known = (ready - sequence) | 0;
    if (index === held.length) this.#heldSinceUs = timeUs; // nothing is missing so far
    if (known < 0) return this.#hold(sequence, bytes, at, end, timeUs);
    const length = end - at - known;
    if (length <= 0) return;
    const stop = (ready + length) | 0;
    let replaced = 0;
    while (index + replaced < held.length && ((endOf(held[index + replaced]) - stop) | 0) <= 0) {
      this.#account(-held[index + replaced++].bytes.length);
    }
    const later = held[index + replaced];
    const overlap = later === undefined ? 0 : (stop - later.sequence) | 0;
    if (overlap > 0) {
      this.#account(-overlap);
      held[index + replaced] = { sequence: stop, bytes: later.bytes.subarray(overlap) };
    }
    if (held === NONE) this.#held = [];
    this.#held.splice(index, replaced, { sequence: ready, bytes: bytes.slice(at + known, end) });
    this.#account(length);
    this.#makeRoom();
  }

  #account(bytes: number): void {
    this.#heldBytes += bytes;
    this.#budget.held += bytes;
  }

  /**
   * Holds to the ceilings, before all else: hands on what may go, and gives up what is missing where that is not
   * enough.
   */
  #makeRoom(): void {
    while (
      this.#heldBytes > MAX_HELD_BYTES || this.#held.length > MAX_HELD_SEGMENTS ||
      (this.#budget.held > this.#budget.ceiling && this.#held.length > 0)
    ) {
      if (!this.isBehind) {
        this.#budget.exceeded++;
        this.#skipToHeld();
      }
      this.release(RELEASE_BYTES);
    }
  }

  /** Keeps a copy of what is not held yet. What capture cut off is missing and becomes a gap of its own later. */
  #hold(sequence: number, bytes: Uint8Array, at: number, end: number, timeUs: number): void {
    if (this.#held.length === 0) this.#heldSinceUs = timeUs;
    let from = sequence;
    // Mostly it goes behind all that waits.
    let index = this.#held.length;
    while (index > 0 && ((endOf(this.#held[index - 1]) - from) | 0) > 0) index--;
    let offset = at;
    while (offset < end) {
      while (index < this.#held.length && ((endOf(this.#held[index]) - from) | 0) <= 0) index++;
      const later = this.#held[index];
      const covered = later === undefined ? 1 : (later.sequence - from) | 0;
      if (later !== undefined && covered <= 0) {
        const skip = (endOf(later) - from) | 0;
        from = (from + skip) | 0;
        offset += skip;
        continue;
      }
      const length = later === undefined ? end - offset : Math.min(end - offset, covered);
      if (this.#held === NONE) this.#held = [];
      this.#held.splice(index, 0, { sequence: from, bytes: bytes.slice(offset, offset + length) });
      this.#account(length);
      from = (from + length) | 0;
      offset += length;
    }
    this.#makeRoom();
  }

  #release(): void {
    this.#budget.held -= this.#heldBytes;
    this.#heldBytes = 0;
    this.#held = NONE;
  }
}

function endOf(segment: HeldSegment): number {
  return (segment.sequence + segment.bytes.length) | 0;
}
