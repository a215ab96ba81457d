/**
 * The framing of chunked bodies, RFC 9112 §7.1: sizes in hexadecimal, data, a line end, and after the last one
 * trailers and a blank line.
 */

/** What the framing says about the byte at hand. */
const State = { size: 0, extension: 1, data: 2, dataEnd: 3, trailer: 4, done: 5, broken: 6 } as const;

/** Sizes above 2^48 are nonsense. */
const MAX_SIZE = 0x1_0000_0000_0000;
/** Digits of a size at most, zeros in front included; bytes of an extension, bytes of trailers. */
const MAX_DIGITS = 16;
const MAX_EXTENSION_BYTES = 8192;
const MAX_TRAILER_BYTES = 65_536;

export class Chunks {
  #state: number = State.size;
  #left = 0;
  #digits = 0;
  #skipped = 0;
  #lineEmpty = true;

  /** The body and its trailers are over. */
  get done(): boolean {
    return this.#state === State.done;
  }

  /** What came is no chunk: where the body ends is not known. */
  get broken(): boolean {
    return this.#state === State.broken;
  }

  /**
   * Steps over `bytes[at, end)` up to the body's end, handing on the data between the framing.
   *
   * @returns Index after the last byte that belongs to the body.
   */
  push(
    bytes: Uint8Array,
    at: number,
    end: number,
    sink: { push(bytes: Uint8Array, at: number, end: number): void },
  ): number {
    while (at < end && this.#state < State.done) {
      if (this.#state === State.data) {
        const stop = Math.min(end, at + this.#left);
        this.#left -= stop - at;
        sink.push(bytes, at, stop);
        at = stop;
        if (this.#left === 0) this.#state = State.dataEnd;
      } else {
        this.#frame(bytes[at]);
        // The byte that does not fit may be the first of something else.
        if (this.#state !== State.broken) at++;
      }
    }
    return at;
  }

  #frame(byte: number): void {
    switch (this.#state) {
      case State.size: {
        const digit = hexDigit(byte);
        if (digit >= 0) {
          this.#left = this.#left * 16 + digit;
          if (++this.#digits > MAX_DIGITS || this.#left > MAX_SIZE) this.#state = State.broken;
        } else if (this.#digits === 0) {
          this.#state = State.broken;
        } else if (byte === LF) {
          this.#sized();
        } else if (byte === CR || byte === SEMICOLON || byte === SP || byte === TAB) {
          this.#skipped = 0;
          this.#state = State.extension;
        } else {
          this.#state = State.broken;
        }
        return;
      }
      case State.extension:
        if (byte === LF) this.#sized();
        else if (++this.#skipped > MAX_EXTENSION_BYTES) this.#state = State.broken;
        return;
      case State.dataEnd:
        if (byte === LF) {
          this.#state = State.size;
          this.#digits = this.#left = 0;
        } else if (byte !== CR) {
          this.#state = State.broken;
        }
        return;
      default: // a trailer
        if (byte === LF) {
          if (this.#lineEmpty) this.#state = State.done;
          this.#lineEmpty = true;
        } else if (byte !== CR) {
          this.#lineEmpty = false;
        }
        if (++this.#skipped > MAX_TRAILER_BYTES) this.#state = State.broken;
    }
  }

  #sized(): void {
    this.#state = this.#left > 0 ? State.data : State.trailer;
    this.#skipped = 0;
    this.#lineEmpty = true;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const SEMICOLON = 0x3b;
