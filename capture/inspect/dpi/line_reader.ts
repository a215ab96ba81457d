/**
 * Lines of one direction, for the protocols that talk in lines: however the bytes are cut, whole lines come out.
 *
 * A line longer than its ceiling comes out in pieces, so that nothing is lost for the card search while memory stays
 * bounded: the first piece has as many bytes as the ceiling, the others are as long as the bytes at hand. Each byte
 * is looked at once. State: at most `maxBytes`, and only while a line is cut by the end of a segment.
 */
import { latin1 } from "../../../model/latin1.ts";
import { maskCutEnd } from "./http/mask.ts";
import { lineFeed } from "./http/text.ts";

/** Bytes of a line that are taken as one piece. Mail servers accept 1,000, most others 4 to 8 KiB. */
export const MAX_LINE_BYTES = 8192;
const FIRST_ROOM = 256;

/** Where pieces of lines come from; `bytes[from, to)` is the piece after `read()` has answered with `ready`. */
export class LineReader {
  /** Whether there is a piece to look at. */
  ready = false;
  /** The piece, with its line feed where it has one. Valid until the next `read()`. */
  bytes: Uint8Array = NOTHING;
  from = 0;
  to = 0;
  /** The piece begins a line. */
  begins = true;
  /** The piece ends with the line's line feed. */
  ends = false;
  readonly #maxBytes: number;
  #kept: Uint8Array = NOTHING;
  #keptBytes = 0;
  #inLine = false;

  /** @param maxBytes Bytes of a line that are kept to be taken as one. */
  constructor(maxBytes: number = MAX_LINE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes bytes up to the end of a line or a piece.
   *
   * @returns Index of the first byte not taken; `ready` tells whether a piece came of it.
   */
  read(bytes: Uint8Array, at: number, end: number): number {
    this.ready = false;
    if (at >= end) return at;
    const feed = lineFeed(bytes, at, end);
    const until = feed < 0 ? end : feed + 1;
    if (this.#inLine || (this.#keptBytes === 0 && (feed >= 0 || end - at >= this.#maxBytes))) {
      const to = this.#inLine ? until : Math.min(until, at + this.#maxBytes);
      this.#piece(bytes, at, to, to === until && feed >= 0);
      return to;
    }
    const taken = Math.min(until - at, this.#maxBytes - this.#keptBytes);
    this.#keep(bytes, at, at + taken);
    const isWhole = feed >= 0 && at + taken === until;
    if (isWhole || this.#keptBytes === this.#maxBytes) {
      const length = this.#keptBytes;
      this.#keptBytes = 0;
      this.#piece(this.#kept, 0, length, isWhole);
    }
    return at + taken;
  }

  /** The line that was cut by the end of the stream or by a gap, as a piece, if there is one; then starts over. */
  flush(): boolean {
    const length = this.#keptBytes;
    this.#keptBytes = 0;
    this.ready = length > 0;
    if (this.ready) this.#piece(this.#kept, 0, length, false);
    this.#inLine = false;
    return this.ready;
  }

  /** What comes next is not the beginning of a line, as after a gap. */
  loseBeginning(): void {
    this.#inLine = true;
  }

  /** Bytes of a line that has not ended, kept back so far. They are not told of any other way but `flush()`. */
  get kept(): number {
    return this.#keptBytes;
  }

  /** Whether the next byte begins a line. */
  get atLine(): boolean {
    return this.#keptBytes === 0 && !this.#inLine;
  }

  /** Index after the piece's last byte that is neither CR nor LF. */
  get textEnd(): number {
    let to = this.to;
    if (to > this.from && this.bytes[to - 1] === LF) to--;
    if (to > this.from && this.bytes[to - 1] === CR) to--;
    return to;
  }

  /** The piece without its line end, one character a byte (Latin-1); of one that was cut see `maskCutEnd`. */
  text(max: number = MAX_LINE_BYTES): string {
    const end = this.textEnd;
    const text = latin1(this.bytes, this.from, Math.min(end, this.from + max));
    return this.ends && end - this.from <= max ? text : maskCutEnd(text);
  }

  #piece(bytes: Uint8Array, from: number, to: number, ends: boolean): void {
    this.ready = true;
    this.bytes = bytes;
    this.from = from;
    this.to = to;
    this.begins = !this.#inLine;
    this.ends = ends;
    this.#inLine = !ends;
  }

  #keep(bytes: Uint8Array, at: number, end: number): void {
    const length = this.#keptBytes + end - at;
    if (length > this.#kept.length) {
      const room = Math.min(this.#maxBytes, Math.max(FIRST_ROOM, 2 * this.#kept.length, length));
      const larger = new Uint8Array(room);
      larger.set(this.#kept.subarray(0, this.#keptBytes));
      this.#kept = larger;
    }
    this.#kept.set(bytes.subarray(at, end), this.#keptBytes);
    this.#keptBytes = length;
  }
}

const NOTHING = new Uint8Array(0);
const LF = 0x0a;
const CR = 0x0d;
