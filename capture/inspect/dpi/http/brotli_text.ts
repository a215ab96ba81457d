/**
 * Undoes brotli (RFC 7932) of a whole body at its end.
 *
 * The decoder is the npm package `brotli`, Google's own in plain JavaScript, which throws on damage. Deno's native
 * one would decode piece by piece, but loses memory on damaged bodies and says so on standard output, where the
 * events of `analyze` go. So a body is gathered first, which bounds what it may cost: longer ones are not undone, and
 * counted.
 */
import type { createRequire } from "node:module";
import { httpLimits } from "./limits.ts";
import type { ByteSink, MessageBudget } from "./inflater.ts";

/** Coded bytes of one body; text packs about five times, so this is a page of half a megabyte. */
const MAX_BODY_BYTES = 131_072;
const LEAST_BYTES = 4_096;
/** Memory for bodies of all flows together. */
const MAX_GATHERED_BYTES = 33_554_432;

/**
 * What nearly all encoders use at most: 4 MiB. The decoder hands its window on when that is full, so a bomb costs a
 * window before it is known for one.
 */
const MAX_WINDOW_BITS = 22;

/** What is used of the package. It throws on damage. */
export interface BrotliDecoder {
  BrotliDecompress(
    input: { read(target: Uint8Array, offset: number, count: number): number },
    output: { buffer: { length: number }; write(bytes: Uint8Array, count: number): number },
  ): void;
}

let decoder: BrotliDecoder | null = null;

/** Hands over the decoder beforehand, where it cannot be read from a file later: see `brotli_loaded.ts`. */
export function useBrotli(loaded: BrotliDecoder): void {
  decoder = loaded;
}

/** The package with its dictionary takes longer to load than all of `http/`, and most captures have no such body. */
function loadBrotli(): BrotliDecoder {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: "node:module"): { createRequire: typeof createRequire } };
  };
  return process.getBuiltinModule("node:module").createRequire(import.meta.url)("brotli/dec/decode.js");
}

let gathered = 0;

/** Bytes gathered at present, for tests. */
export function gatheredBrotliBytes(): number {
  return gathered;
}

/**
 * Where the decoder looks for room: it would allocate what a block says it holds. It hands its window on each time
 * that is full, which is enough.
 */
const UNBOUNDED = { length: Infinity };

/** Thrown through the decoder to stop it; never leaves this file. */
const TOO_MUCH = new Error("more text than its budget");

export class BrotliText {
  readonly #budget: MessageBudget;
  #body = new Uint8Array(0);
  #bytes = 0;
  #gaveUp = false;

  constructor(budget: MessageBudget) {
    this.#budget = budget;
  }

  push(bytes: Uint8Array, at: number, end: number): void {
    if (this.#gaveUp) return;
    const needed = this.#bytes + end - at;
    if (needed > this.#body.length && !this.#grow(needed)) {
      httpLimits.noDecoder++;
      this.close();
      return;
    }
    this.#body.set(bytes.subarray(at, end), this.#bytes);
    this.#bytes = needed;
  }

  /** The body is over: hands its text on. */
  finish(sink: ByteSink): void {
    if (this.#gaveUp || this.#bytes === 0) return;
    // A flow that sent bombs must first send honest bytes again.
    if (this.#budget.flow.exceeded) httpLimits.bombs++;
    else if (windowBits(this.#body[0]) > MAX_WINDOW_BITS) httpLimits.noDecoder++;
    else this.#decode(sink);
    this.close();
  }

  /** Lets go of what was gathered; more bytes are ignored. */
  close(): void {
    gathered -= this.#body.length;
    this.#body = new Uint8Array(0);
    this.#gaveUp = true;
  }

  /** Makes room for `bytes`, twice as much as there was; false where a ceiling is reached. */
  #grow(bytes: number): boolean {
    const room = Math.min(MAX_BODY_BYTES, Math.max(LEAST_BYTES, 2 * this.#body.length, bytes));
    if (bytes > room || gathered + room - this.#body.length > MAX_GATHERED_BYTES) return false;
    const body = new Uint8Array(room);
    body.set(this.#body.subarray(0, this.#bytes));
    gathered += room - this.#body.length;
    this.#body = body;
    return true;
  }

  #decode(sink: ByteSink): void {
    const output = {
      buffer: UNBOUNDED,
      write: (bytes: Uint8Array, count: number) => {
        if (this.#budget.unfolded(count)) throw TOO_MUCH;
        sink.push(bytes, 0, count);
        return count;
      },
    };
    decoder ??= loadBrotli();
    try {
      decoder.BrotliDecompress(sourceOf(this.#body, this.#bytes), output);
    } catch (error) {
      if (error === TOO_MUCH) httpLimits.bombs++;
      else httpLimits.damagedBodies++;
    }
  }
}

/** WBITS of a stream's first byte, RFC 7932 §9.1. */
function windowBits(first: number): number {
  if ((first & 1) === 0) return 16;
  if ((first & 0x0e) !== 0) return 17 + (first >> 1 & 7);
  const bits = first >> 4 & 7;
  return bits === 0 ? 17 : 8 + bits;
}

/** `bytes[0, length)` as the decoder reads them. */
function sourceOf(bytes: Uint8Array, length: number) {
  let at = 0;
  return {
    read(target: Uint8Array, offset: number, count: number): number {
      const part = bytes.subarray(at, Math.min(length, at + count));
      target.set(part, offset);
      at += part.length;
      return part.length;
    },
  };
}
