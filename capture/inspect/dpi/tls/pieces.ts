/**
 * Pieces of a message that come in any order, overlap, and come twice: the fragments of DTLS, the CRYPTO frames of
 * QUIC. A piece costs what was sent of it, whatever offset it claims; of two versions of a byte the first one holds.
 */
import { keptBytes } from "./kept_bytes.ts";

/** Chromium scatters a hello over some ten pieces a packet; DTLS cuts a certificate chain in some ten. */
const MAX_PIECES = 256;

interface Piece {
  at: number;
  bytes: Uint8Array;
}

export class Pieces {
  /** By offset; they do not overlap. */
  #pieces: Piece[] = [];
  #bytes = 0;

  /** Keeps a copy of what is not there yet. @returns False when there is no room for it. */
  add(offset: number, bytes: Uint8Array): boolean {
    const end = offset + bytes.length;
    let from = offset;
    let index = 0;
    while (from < end) {
      while (index < this.#pieces.length && endOf(this.#pieces[index]) <= from) index++;
      const next = this.#pieces[index];
      if (next !== undefined && next.at <= from) {
        from = endOf(next);
        continue;
      }
      const to = next === undefined ? end : Math.min(end, next.at);
      if (this.#pieces.length === MAX_PIECES || !keptBytes.take(to - from)) return false;
      this.#pieces.splice(index, 0, {
        at: from,
        bytes: new Uint8Array(bytes.subarray(from - offset, to - offset)),
      });
      this.#bytes += to - from;
      from = to;
    }
    return true;
  }

  /** Bytes from offset 0 on, up to the first hole. */
  head(): Uint8Array {
    let end = 0;
    let count = 0;
    for (const piece of this.#pieces) {
      if (piece.at !== end) break;
      end = endOf(piece);
      count++;
    }
    if (count === 1) return this.#pieces[0].bytes;
    const head = new Uint8Array(end);
    for (let i = 0; i < count; i++) head.set(this.#pieces[i].bytes, this.#pieces[i].at);
    return head;
  }

  /** Lets go of everything. */
  drop(): void {
    keptBytes.release(this.#bytes);
    this.#pieces = [];
    this.#bytes = 0;
  }
}

function endOf(piece: Piece): number {
  return piece.at + piece.bytes.length;
}
