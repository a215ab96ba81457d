/**
 * Pieces of a message that come in any order, overlap, and come twice: the fragments of DTLS, the CRYPTO frames of
 * QUIC. A piece costs what was sent of it, whatever offset it claims; of two versions of a byte the first one holds.
 */
import { keptBytes } from "./kept_bytes.ts";

/** Chromium scatters a hello over some ten pieces a packet; DTLS cuts a certificate chain in some ten. */
const MAX_PIECES = 256;

/** First room for what pieces hold. */
const FIRST_ROOM = 512;

interface Piece {
  /** Offset in the message, and the one after its last byte. */
  at: number;
  end: number;
  /** Where its bytes lie in the store. */
  from: number;
}

export class Pieces {
  /** By offset; they do not overlap. */
  #pieces: Piece[] = [];
  /** Bytes of all pieces, in the order in which they came: an array for each would cost more than what is in it. */
  #store: Uint8Array | null = null;
  #bytes = 0;

  /** Keeps a copy of what is not there yet. @returns False when there is no room for it. */
  add(offset: number, bytes: Uint8Array): boolean {
    const end = offset + bytes.length;
    let from = offset;
    let index = 0;
    while (from < end) {
      while (index < this.#pieces.length && this.#pieces[index].end <= from) index++;
      const next = this.#pieces[index];
      if (next !== undefined && next.at <= from) {
        from = next.end;
        continue;
      }
      const to = next === undefined ? end : Math.min(end, next.at);
      if (this.#pieces.length === MAX_PIECES || !keptBytes.take(to - from)) return false;
      this.#pieces.splice(index, 0, { at: from, end: to, from: this.#bytes });
      const store = this.#withRoom(to - from);
      for (let i = from - offset; i < to - offset; i++) store[this.#bytes++] = bytes[i];
      from = to;
    }
    return true;
  }

  /** Bytes from offset 0 on that are there, up to the first hole. */
  get headLength(): number {
    let end = 0;
    for (const piece of this.#pieces) {
      if (piece.at !== end) break;
      end = piece.end;
    }
    return end;
  }

  /** The byte at `offset`, which must be there. */
  at(offset: number): number {
    for (const { at, end, from } of this.#pieces) {
      if (offset < end) return this.#store![from + offset - at];
    }
    return 0;
  }

  /** Bytes from offset 0 on, up to the first hole. */
  head(): Uint8Array {
    const length = this.headLength;
    const store = this.#store;
    if (store === null || length === 0) return NOTHING;
    const [first] = this.#pieces;
    if (first.end === length) return store.subarray(first.from, first.from + length);
    const head = new Uint8Array(length);
    for (const { at, end, from } of this.#pieces) {
      if (end > length) break;
      for (let i = at; i < end; i++) head[i] = store[from + i - at];
    }
    return head;
  }

  /** Lets go of everything. */
  drop(): void {
    keptBytes.release(this.#bytes);
    this.#pieces = [];
    this.#store = null;
    this.#bytes = 0;
  }

  #withRoom(more: number): Uint8Array {
    const needed = this.#bytes + more;
    if (this.#store === null) this.#store = new Uint8Array(Math.max(FIRST_ROOM, needed));
    else if (needed > this.#store.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#store.length));
      larger.set(this.#store);
      this.#store = larger;
    }
    return this.#store;
  }
}

const NOTHING = new Uint8Array(0);
