/**
 * The TLS messages in CRYPTO frames, put back in order: pieces come in any order, over packets, and twice.
 *
 * State: the pieces as they came, at most `MAX_CRYPTO_BYTES` and `MAX_PIECES`. A piece costs what was sent of it,
 * whatever offset it claims.
 */
import { Cursor } from "../../../../model/cursor.ts";
import { HandshakeType } from "../tls/registry.ts";
import { keptBytes } from "../tls/kept_bytes.ts";

/** A ClientHello has 300 bytes to 2 kB; what does not fit in here is not waited for. */
export const MAX_CRYPTO_BYTES = 16_384;
/** Chromium scatters a hello over some ten pieces a packet. */
const MAX_PIECES = 256;
const MESSAGE_HEADER_BYTES = 4;

interface Piece {
  at: number;
  bytes: Uint8Array;
}

export class CryptoStream {
  /** By offset; they do not overlap. */
  #pieces: Piece[] = [];
  #bytes = 0;
  /** No ClientHello, or more than is kept. */
  lost = false;

  /** A piece of the stream. What is there already stays as it is. */
  add(offset: number, bytes: Uint8Array): void {
    let from = offset;
    const end = offset + bytes.length;
    if (end > MAX_CRYPTO_BYTES) return;
    let index = 0;
    while (from < end) {
      while (index < this.#pieces.length && endOf(this.#pieces[index]) <= from) index++;
      const next = this.#pieces[index];
      if (next !== undefined && next.at <= from) {
        from = endOf(next);
        continue;
      }
      const to = next === undefined ? end : Math.min(end, next.at);
      if (this.#pieces.length === MAX_PIECES || !keptBytes.take(to - from)) {
        this.lost = true;
        return;
      }
      this.#pieces.splice(index, 0, { at: from, bytes: bytes.slice(from - offset, to - offset) });
      this.#bytes += to - from;
      from = to;
    }
    if (this.#pieces[0]?.at === 0 && this.#pieces[0].bytes[0] !== HandshakeType.clientHello) this.lost = true;
  }

  /** The body of the ClientHello once all of it is there; null before. */
  message(): Cursor | null {
    if (this.lost) return null;
    const head = this.#head();
    const length = messageLength(head);
    if (MESSAGE_HEADER_BYTES + length > MAX_CRYPTO_BYTES) this.lost = true;
    return length < 0 || head.length < MESSAGE_HEADER_BYTES + length
      ? null
      : new Cursor(head, MESSAGE_HEADER_BYTES, MESSAGE_HEADER_BYTES + length);
  }

  /** What is there of its body from the beginning to the first hole; null where that is nothing. */
  partial(): Cursor | null {
    const head = this.#head();
    return head.length <= MESSAGE_HEADER_BYTES || head[0] !== HandshakeType.clientHello
      ? null
      : new Cursor(head, MESSAGE_HEADER_BYTES);
  }

  /** Lets go of everything. */
  drop(): void {
    keptBytes.release(this.#bytes);
    this.#pieces = [];
    this.#bytes = 0;
  }

  /** Bytes from offset 0 on without a hole; those of the whole message at most, when it is all there. */
  #head(): Uint8Array {
    let end = 0;
    let count = 0;
    for (const piece of this.#pieces) {
      if (piece.at !== end) break;
      end = endOf(piece);
      count++;
    }
    if (count === 1) return this.#pieces[0].bytes;
    const head = new Uint8Array(end);
    for (const { at, bytes } of this.#pieces.slice(0, count)) head.set(bytes, at);
    return head;
  }
}

function endOf(piece: Piece): number {
  return piece.at + piece.bytes.length;
}

/** Length of the message's body; -1 while unknown. */
function messageLength(head: Uint8Array): number {
  return head.length < MESSAGE_HEADER_BYTES ? -1 : head[1] << 16 | head[2] << 8 | head[3];
}
