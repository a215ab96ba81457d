/**
 * One direction of a TCP connection put back in order: each byte is handed on once, in sequence.
 *
 * Segments that come early wait in a bounded buffer; what was handed on before is cut off; of two versions of the
 * same bytes that wait the first one seen holds. What never came is told as a gap, so that nothing after it is taken to
 * follow what was before.
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
    if (ahead > MAX_STEP || ahead < -MAX_STEP) {
      this.#release();
      this.#sink.gap(this.#direction);
      this.#next = sequence;
    } else if (ahead > 0) {
      this.#hold(sequence, bytes, at, end, timeUs);
      return;
    }
    this.#take(sequence, bytes, at, end, wireBytes);
    if (this.#held.length > 0) this.#takeHeld();
  }

  /** The other side has acknowledged everything before `sequence`. */
  acknowledged(sequence: number, timeUs: number): void {
    if (this.#held.length === 0 || timeUs - this.#heldSinceUs < LOST_AFTER_US) return;
    if (((sequence - this.#held[0].sequence) | 0) >= 0) this.#skipToHeld();
  }

  /** No more will come: hands on what is held, with the gaps before it. */
  flush(): void {
    while (this.#held.length > 0) this.#skipToHeld();
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

  #takeHeld(): void {
    while (this.#held.length > 0 && ((this.#held[0].sequence - this.#next) | 0) <= 0) {
      const { sequence, bytes } = this.#held.shift()!;
      this.#heldBytes -= bytes.length;
      this.#budget.held -= bytes.length;
      this.#take(sequence, bytes, 0, bytes.length, bytes.length);
    }
  }

  #skipToHeld(): void {
    this.#sink.gap(this.#direction);
    if (this.#held.length === 0) return; // the gap was the end of interest, and `drop` was called
    this.#next = this.#held[0].sequence;
    this.#takeHeld();
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
      this.#heldBytes += length;
      this.#budget.held += length;
      from = (from + length) | 0;
      offset += length;
    }
    while (
      this.#heldBytes > MAX_HELD_BYTES || this.#held.length > MAX_HELD_SEGMENTS ||
      (this.#budget.held > this.#budget.ceiling && this.#held.length > 0)
    ) {
      this.#budget.exceeded++;
      this.#skipToHeld();
    }
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
