/**
 * What SCTP carries (RFC 9260), for the card search: each message is a text of its own.
 *
 * Fragments of a message have consecutive numbers and none of another's between them (§6.9), so a direction has one
 * message open at most. Where one is missing, the text ends there and what comes next is another. State:
 * `MAX_OPEN` messages of `MAX_MESSAGE_BYTES`.
 */
import { Cursor } from "../../../model/cursor.ts";

/** Messages in fragments at once; beyond, the one opened longest ago is searched as far as it came. */
const MAX_OPEN = 64;
/** Bytes of a message that are one text; its rest is another. */
const MAX_MESSAGE_BYTES = 65_536;
const FIRST_ROOM = 2_048;
/** So far back a number may be of a fragment that is sent again; beyond, it is of another association. */
const MAX_REPEATED = 4_096;

// Chunks, RFC 9260 §3.2 and §3.3.1.
const DATA = 0;
const CHUNK_HEADER = 4;
/** Of a DATA chunk: the chunk's, its number (TSN), stream, number in the stream, protocol. */
const DATA_HEADER = 16;
const BEGINS = 2;
const ENDS = 1;

/** How often a ceiling was reached. */
export const sctpLimits = { sctpMessages: 0 };

/** Takes a text that is whole. */
export type TextSink = (
  row: number,
  direction: number,
  timeUs: number,
  bytes: Uint8Array,
  at: number,
  end: number,
) => void;

/** A message of which fragments are still to come. */
interface Open {
  bytes: Uint8Array;
  length: number;
  /** Number of the fragment that comes next. */
  next: number;
  timeUs: number;
}

/** The messages of all SCTP flows, by their rows. */
export class SctpMessages {
  readonly #sink: TextSink;
  readonly #open = new Map<number, Open>();
  readonly #chunks = new Cursor(new Uint8Array(0));

  constructor(sink: TextSink) {
    this.#sink = sink;
  }

  /** The chunks of one packet, as far as they were captured. */
  take(row: number, direction: number, timeUs: number, bytes: Uint8Array, at: number, end: number): void {
    const c = this.#chunks;
    c.reset(bytes, at, end);
    while (c.has(CHUNK_HEADER)) {
      const type = c.peek8();
      const flags = c.peek8(1);
      const length = c.peek16(2);
      if (length < CHUNK_HEADER) return;
      if (type === DATA && length > DATA_HEADER && c.has(DATA_HEADER)) {
        const from = c.at + DATA_HEADER;
        const to = Math.min(end, c.at + length);
        if ((flags & (BEGINS | ENDS)) === (BEGINS | ENDS)) {
          this.#sink(row, direction, timeUs, bytes, from, to);
        } else {
          const open = this.#opened(row, direction, c.peekInt32(4), (flags & BEGINS) !== 0);
          if (open !== null) {
            open.timeUs = timeUs;
            this.#append(row, direction, open, bytes, from, to);
            if ((flags & ENDS) !== 0 || to < c.at + length) this.#close(row, direction);
          }
        }
      }
      if (!c.skip(length + 3 & ~3)) return;
    }
  }

  /** The row's flow is over. */
  ended(row: number): void {
    if (this.#open.size === 0) return;
    this.#close(row, 0);
    this.#close(row, 1);
  }

  /** The message that a fragment goes on with or begins; null for a fragment that has come before. */
  #opened(row: number, direction: number, number: number, begins: boolean): Open | null {
    const key = 2 * row + direction;
    const known = this.#open.get(key);
    if (known !== undefined) {
      const behind = (known.next - number) | 0;
      if (behind > 0 && behind <= MAX_REPEATED) return null;
      if (behind === 0 && !begins) {
        known.next = (number + 1) | 0;
        return known;
      }
      this.#close(row, direction);
    }
    if (this.#open.size >= MAX_OPEN) {
      const oldest: number = this.#open.keys().next().value!;
      this.#close(oldest >> 1, oldest & 1);
      sctpLimits.sctpMessages++;
    }
    const open = { bytes: new Uint8Array(FIRST_ROOM), length: 0, next: (number + 1) | 0, timeUs: 0 };
    this.#open.set(key, open);
    return open;
  }

  #append(row: number, direction: number, open: Open, bytes: Uint8Array, at: number, end: number): void {
    let length = open.length + end - at;
    if (length > MAX_MESSAGE_BYTES) {
      this.#sink(row, direction, open.timeUs, open.bytes, 0, open.length);
      open.length = 0;
      length = end - at;
      sctpLimits.sctpMessages++;
    }
    if (length > open.bytes.length) {
      const grown = new Uint8Array(Math.min(MAX_MESSAGE_BYTES, Math.max(length, 2 * open.bytes.length)));
      grown.set(open.bytes.subarray(0, open.length));
      open.bytes = grown;
    }
    open.bytes.set(bytes.subarray(at, end), open.length);
    open.length = length;
  }

  #close(row: number, direction: number): void {
    const open = this.#open.get(2 * row + direction);
    if (open === undefined) return;
    this.#open.delete(2 * row + direction);
    this.#sink(row, direction, open.timeUs, open.bytes, 0, open.length);
  }
}
