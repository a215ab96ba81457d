/**
 * The TLS messages in CRYPTO frames, put back in order: pieces come in any order, over packets, and twice.
 *
 * State: the pieces as they came, at most `MAX_CRYPTO_BYTES`.
 */
import { Cursor } from "../../../../model/cursor.ts";
import { Pieces } from "../tls/pieces.ts";
import { HandshakeType } from "../tls/registry.ts";

/** A ClientHello has 300 bytes to 2 kB; what does not fit in here is not waited for. */
export const MAX_CRYPTO_BYTES = 16_384;
const MESSAGE_HEADER_BYTES = 4;

export class CryptoStream {
  /** No ClientHello, or more than is kept. */
  lost = false;
  readonly #pieces = new Pieces();

  /** A piece of the stream. What is there already stays as it is. */
  add(offset: number, bytes: Uint8Array): void {
    if (offset + bytes.length > MAX_CRYPTO_BYTES) return;
    if (offset === 0 && bytes.length > 0 && bytes[0] !== HandshakeType.clientHello) this.lost = true;
    if (!this.#pieces.add(offset, bytes)) this.lost = true;
  }

  /** The body of the ClientHello once all of it is there; null before. */
  message(): Cursor | null {
    if (this.lost) return null;
    const pieces = this.#pieces;
    const length = pieces.headLength;
    if (length < MESSAGE_HEADER_BYTES) return null;
    const end = MESSAGE_HEADER_BYTES + (pieces.at(1) << 16 | pieces.at(2) << 8 | pieces.at(3));
    if (end > MAX_CRYPTO_BYTES) this.lost = true;
    return length < end ? null : new Cursor(pieces.head(), MESSAGE_HEADER_BYTES, end);
  }

  /** What is there of its body from the beginning to the first hole; null where that is nothing. */
  partial(): Cursor | null {
    const head = this.#pieces.head();
    return head.length <= MESSAGE_HEADER_BYTES || head[0] !== HandshakeType.clientHello
      ? null
      : new Cursor(head, MESSAGE_HEADER_BYTES);
  }

  /** Lets go of everything. */
  drop(): void {
    this.#pieces.drop();
  }
}
