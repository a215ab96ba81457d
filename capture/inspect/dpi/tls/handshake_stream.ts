/**
 * Handshake messages out of the records of one direction: a message may be cut over several records, and several
 * may share one.
 *
 * State: one message, of which at most `MAX_MESSAGE_BYTES` are kept; messages nobody asked for are stepped over.
 */
import { Cursor } from "../../../../model/cursor.ts";
import { keptBytes } from "./kept_bytes.ts";
import { HandshakeType, isHandshakeType } from "./registry.ts";

/** Bytes kept of one message. A ClientHello has up to 2 kB, a certificate chain 3 to 8 kB; what is beyond is dropped. */
export const MAX_MESSAGE_BYTES = 32_768;
/** First room for a message in pieces: a length that only is claimed costs nothing. */
const FIRST_ROOM = 1024;
const HEADER_BYTES = 4;

/** Takes a message: its type and a cursor over its body, valid during the call; `whole` unless some of it is missing. */
export type MessageSink = (type: number, body: Cursor, whole: boolean) => void;

export class HandshakeStream {
  /** Not a handshake in clear (any more). */
  lost = false;
  readonly #sink: MessageSink;
  /** The header's bytes so far, type first. */
  #header = 0;
  #headerBytes = 0;
  /** Bytes of the message still to come. */
  #left = 0;
  #type = 0;
  #wanted = false;
  #kept: Uint8Array | null = null;
  #keptBytes = 0;
  #dropped = false;

  constructor(sink: MessageSink) {
    this.#sink = sink;
  }

  /** The next bytes of handshake records' content. */
  data(bytes: Uint8Array, at: number, end: number): void {
    while (at < end && !this.lost) {
      if (this.#headerBytes < HEADER_BYTES) {
        this.#header = this.#header << 8 | bytes[at++];
        this.#headerBytes++;
        if (this.#headerBytes < HEADER_BYTES) continue;
        this.#begin();
        if (this.#left > 0) continue;
      }
      const n = Math.min(this.#left, end - at);
      if (this.#wanted && this.#kept === null && !this.#dropped && n === this.#left) {
        // The whole message lies here: no copy.
        this.#left = 0;
        this.#finish(new Cursor(bytes, at, at + n), true);
      } else {
        if (this.#wanted) this.#keep(bytes, at, at + n);
        this.#left -= n;
        if (this.#left === 0) this.#finish(this.#keptCursor(), !this.#dropped);
      }
      at += n;
    }
  }

  /** What came of a message that will not be finished. */
  flush(): void {
    if (this.#wanted && this.#keptBytes > 0) this.#finish(this.#keptCursor(), false);
    this.reset();
  }

  /** Forgets the message at hand: the next byte begins one. */
  reset(): void {
    this.#headerBytes = 0;
    this.#left = 0;
    this.#wanted = false;
    this.#kept = null;
    keptBytes.release(this.#keptBytes);
    this.#keptBytes = 0;
    this.#dropped = false;
  }

  #begin(): void {
    const type = this.#header >>> 24;
    if (!isHandshakeType(type)) {
      this.lost = true;
      return;
    }
    this.#type = type;
    this.#left = this.#header & 0xff_ffff;
    this.#wanted = type === HandshakeType.clientHello || type === HandshakeType.serverHello ||
      type === HandshakeType.certificate;
    if (this.#left === 0) this.#finish(new Cursor(NOTHING), true);
  }

  #finish(body: Cursor, whole: boolean): void {
    const type = this.#type;
    this.reset();
    this.#sink(type, body, whole);
  }

  #keptCursor(): Cursor {
    return new Cursor(this.#kept ?? NOTHING, 0, this.#keptBytes);
  }

  #keep(bytes: Uint8Array, at: number, end: number): void {
    if (this.#dropped) return;
    const n = Math.min(MAX_MESSAGE_BYTES - this.#keptBytes, end - at);
    const room = n > 0 && keptBytes.take(n);
    this.#dropped = !room || n < end - at;
    if (!room) return;
    this.#kept = withRoom(this.#kept, this.#keptBytes, this.#keptBytes + n);
    this.#kept.set(bytes.subarray(at, at + n), this.#keptBytes);
    this.#keptBytes += n;
  }
}

const NOTHING = new Uint8Array(0);

/** The buffer, or a larger copy of it (at least doubled), with room for `needed` bytes. */
export function withRoom(
  buffer: Uint8Array | null,
  used: number,
  needed: number,
): Uint8Array {
  if (buffer !== null && needed <= buffer.length) return buffer;
  const larger = new Uint8Array(Math.max(FIRST_ROOM, needed, 2 * (buffer?.length ?? 0)));
  if (buffer !== null) larger.set(buffer.subarray(0, used));
  return larger;
}
