/**
 * Unpacks a gzip capture on the way in, within bounded memory.
 *
 * node:zlib rather than DecompressionStream: the latter refuses a file of several members (as `cat a.gz b.gz` and
 * rotating loggers write it) and throws away what was unpacked before the damage.
 */
import { createGunzip } from "node:zlib";
import type { ByteSource } from "./byte_source.ts";

/** First bytes of a gzip member, RFC 1952 §2.3.1. */
export const GZIP_MAGIC = [0x1f, 0x8b];

/** Packed bytes given to zlib at a time. Deflate unpacks to at most 1,032 times its size: 16.5 MiB are held at most. */
const PIECE_BYTES = 16_384;
/** What zlib hands out at a time, and so what may be lost of good data right in front of damage. */
const UNPACKED_BYTES = 16_384;

/** The unpacked bytes of `packed`, of all its members. */
export class GzipSource implements ByteSource {
  failure: string | null = null;
  #packed: ByteSource;
  /** Taken before this source was made, not unpacked yet. */
  #first: Uint8Array;
  #gunzip = createGunzip({ chunkSize: UNPACKED_BYTES });
  #piece = new Uint8Array(PIECE_BYTES);
  /** Unpacked, waiting to be read: chunks from `#at` on, the first from byte `#from`. */
  #unpacked: Uint8Array[] = [];
  #at = 0;
  #from = 0;
  #ended = false;
  #wake: () => void = () => {};

  /** @param first Bytes already taken from `packed`. */
  constructor(packed: ByteSource, first: Uint8Array) {
    this.#packed = packed;
    this.#first = first.slice();
    this.#gunzip.on("data", (chunk: Uint8Array) => this.#unpacked.push(chunk));
    this.#gunzip.on("error", (error: Error) => {
      this.failure = `the gzip data is damaged or cut short (${error.message})`;
      this.#ended = true;
      this.#wake();
    });
    this.#gunzip.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  get position(): number {
    return this.#packed.position;
  }

  async read(into: Uint8Array): Promise<number> {
    while (this.#at === this.#unpacked.length && !this.#ended) {
      this.#unpacked.length = 0;
      this.#at = 0;
      await this.#feed();
    }
    let filled = 0;
    while (filled < into.length && this.#at < this.#unpacked.length) {
      const chunk = this.#unpacked[this.#at];
      const n = Math.min(into.length - filled, chunk.length - this.#from);
      into.set(
        this.#from === 0 && n === chunk.length ? chunk : chunk.subarray(this.#from, this.#from + n),
        filled,
      );
      filled += n;
      this.#from += n;
      if (this.#from === chunk.length) {
        this.#at++;
        this.#from = 0;
      }
    }
    return filled;
  }

  close(): void {
    this.#ended = true;
    this.#gunzip.destroy();
    this.#packed.close();
  }

  /** Gives zlib one more piece and waits until all of it is unpacked (the data handler takes it without delay). */
  async #feed(): Promise<void> {
    let piece = this.#first;
    if (piece.length > 0) {
      this.#first = piece.subarray(PIECE_BYTES);
      piece = piece.subarray(0, PIECE_BYTES);
    } else {
      const n = await this.#packed.read(this.#piece);
      piece = this.#piece.subarray(0, n);
    }
    const woken = new Promise<void>((resolve) => this.#wake = resolve);
    if (this.#ended) return;
    if (piece.length > 0) this.#gunzip.write(piece, () => this.#wake());
    else {
      this.failure = this.#packed.failure;
      this.#gunzip.end();
    }
    await woken;
  }
}
