/**
 * Synchronous, streaming decompression: coded bytes go in as they come, text comes out in pieces of bounded size.
 *
 * node:zlib offers streams (asynchronous: results would come out of order with what follows) and one-shot functions
 * (which need the whole message). The stream's handle, `_handle.writeSync`, is what both are made of; it decodes a
 * piece at a time into memory of the caller, so a bomb costs no more than was budgeted for it. It is not part of the
 * documented interface, though much used (npm's tar reader lives on it): where it is missing nothing is decoded, and
 * a test says so. No permission is needed.
 */
import { constants, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from "node:zlib";
import { BrotliText } from "./brotli_text.ts";
import {
  FLOW_TEXT_BASE,
  FLOW_TEXT_RATIO,
  httpLimits,
  MAX_DECODER_BYTES,
  MESSAGE_TEXT_BASE,
  MESSAGE_TEXT_RATIO,
} from "./limits.ts";

/** Takes text in order. `bytes` are valid during the call. */
export interface ByteSink {
  push(bytes: Uint8Array, at: number, end: number): void;
  /** The text is over. */
  end(): void;
}

/** Coded bytes and text of all messages of a flow. */
export class TextBudget {
  coded = 0;
  text = 0;

  get exceeded(): boolean {
    return this.text > FLOW_TEXT_BASE + FLOW_TEXT_RATIO * this.coded;
  }

  /** The share of one message, whose codings may lie over each other. */
  message(): MessageBudget {
    return new MessageBudget(this);
  }
}

/** Coded bytes of one message as they were sent, and text of all its layers. */
export class MessageBudget {
  #coded = 0;
  #text = 0;
  constructor(readonly flow: TextBudget) {}

  sent(bytes: number): void {
    this.#coded += bytes;
    this.flow.coded += bytes;
  }

  /** @returns Whether there is more text than there may be. */
  unfolded(bytes: number): boolean {
    this.#text += bytes;
    this.flow.text += bytes;
    return this.flow.exceeded || this.#text > MESSAGE_TEXT_BASE + MESSAGE_TEXT_RATIO * this.#coded;
  }
}

/** What node:zlib's streams are made of. */
interface NativeDecoder {
  _handle: {
    writeSync(
      flush: number,
      input: Uint8Array,
      inputAt: number,
      inputLength: number,
      output: Uint8Array,
      outputAt: number,
      outputLength: number,
    ): void;
    close(): void;
    onerror: (message: string) => void;
  };
  /** After each write: room left in the output, bytes left of the input. */
  _writeState: Uint32Array;
}

/** Which decoder, how it is driven, and how much memory it may take. Brotli has a file of its own. */
interface Kind {
  create(): unknown;
  flush: number;
  bytes: number;
}

/** Window of RFC 1951 and zlib's tables. */
const INFLATE_BYTES = 49_152;
/** RFC 9659: a zstd window on the web has 8 MiB at most. */
const ZSTD_WINDOW_LOG = 23;

/** Each stream brings memory for its output, which is not used here: as little as may be asked for, not 16 KiB. */
const SMALL = { chunkSize: 64 };

const KINDS: Record<string, Kind> = {
  gzip: { create: () => createGunzip(SMALL), flush: constants.Z_SYNC_FLUSH, bytes: INFLATE_BYTES },
  zlib: { create: () => createInflate(SMALL), flush: constants.Z_SYNC_FLUSH, bytes: INFLATE_BYTES },
  raw: { create: () => createInflateRaw(SMALL), flush: constants.Z_SYNC_FLUSH, bytes: INFLATE_BYTES },
  zstd: {
    create: () =>
      createZstdDecompress({ ...SMALL, params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG } }),
    flush: constants.ZSTD_e_continue,
    bytes: 1 << ZSTD_WINDOW_LOG,
  },
};

/** All decoders write here; a sink must be through with a piece before it returns, so that one is enough. */
const PIECE_BYTES = 32_768;
/** A sink that decodes again needs a piece of its own: one for each layer. */
const pieces: Uint8Array[] = [];
let openBytes = 0;
/** Bytes that all open decoders may take at present, for tests. */
export function openDecoderBytes(): number {
  return openBytes;
}

/** A decoder of one of `KINDS`, for as long as it is kept open. */
export class Inflater {
  /** The coded text ended by itself: what comes is another. */
  ended = false;
  #native: NativeDecoder | null = null;
  #error = false;
  readonly #kind: Kind;
  readonly #budget: MessageBudget;

  constructor(kind: keyof typeof KINDS, budget: MessageBudget) {
    this.#kind = KINDS[kind];
    this.#budget = budget;
    // To open one is work, too: a flow that sent bombs must first send honest bytes again.
    if (budget.flow.exceeded) {
      this.#giveUp("bombs");
      return;
    }
    const native = openBytes + this.#kind.bytes > MAX_DECODER_BYTES
      ? null
      : this.#kind.create() as NativeDecoder;
    if (typeof native?._handle?.writeSync !== "function") {
      this.#giveUp("noDecoder");
      return;
    }
    native._handle.onerror = () => this.#error = true;
    this.#native = native;
    openBytes += this.#kind.bytes;
  }

  /**
   * Decodes `bytes[at, end)` and hands the text on, a piece at a time. Does nothing once it gave up.
   *
   * @param depth Layers of coding that are still to be undone after this one.
   */
  push(bytes: Uint8Array, at: number, end: number, depth: number, sink: ByteSink): void {
    const native = this.#native;
    if (native === null) return;
    const piece = pieces[depth] ??= new Uint8Array(PIECE_BYTES);
    let left = end - at;
    for (;;) {
      try {
        native._handle.writeSync(this.#kind.flush, bytes, end - left, left, piece, 0, PIECE_BYTES);
      } catch {
        this.#error = true; // zstd throws where zlib calls `onerror`
      }
      const made = this.#error ? 0 : PIECE_BYTES - native._writeState[0];
      const took = this.#error ? 0 : left - native._writeState[1];
      left -= took;
      const tooMuch = this.#budget.unfolded(made);
      if (made > 0) sink.push(piece, 0, made);
      if (this.#error) return this.#giveUp("damagedBodies");
      if (tooMuch) {
        // Its window was filled for nothing: that counts, too.
        this.#budget.unfolded(this.#kind.bytes);
        return this.#giveUp("bombs");
      }
      if (made === PIECE_BYTES) continue;
      if (left === 0) return;
      // All there is was written, and yet bytes are left: the coded text has ended, or is damaged.
      if (took === 0) {
        this.ended = true;
        return this.close();
      }
    }
  }

  /** Lets go of the decoder; more bytes are ignored. Once is enough, twice does no harm. */
  close(): void {
    if (this.#native === null) return;
    this.#native._handle.close();
    this.#native = null;
    openBytes -= this.#kind.bytes;
  }

  #giveUp(reason: "bombs" | "noDecoder" | "damagedBodies"): void {
    httpLimits[reason]++;
    this.close();
  }
}

/** A content coding this file undoes, by the names of RFC 9110 §8.4.1, 7932 and 8878; null for others and `identity`. */
export function codingOf(name: string): Coding | null {
  switch (name.trim().toLowerCase()) {
    case "gzip":
    case "x-gzip":
      return "gzip";
    case "deflate":
      return "deflate";
    case "br":
      return "br";
    case "zstd":
      return "zstd";
    default:
      return null;
  }
}

export type Coding = "gzip" | "deflate" | "br" | "zstd";

/**
 * Undoes one coding. The first two bytes decide what it really is: what says `deflate` may be zlib or raw
 * (RFC 9110 §8.4.1.2 says zlib, servers differ), and what says `gzip` may be plain text.
 */
export class CodedText implements ByteSink {
  readonly #coding: Coding;
  readonly #depth: number;
  readonly #sink: ByteSink;
  readonly #budget: MessageBudget;
  #inflater: Inflater | null = null;
  #brotli: BrotliText | null = null;
  /** The bytes are not coded at all: they are handed on as they are. */
  #plain = false;
  #first = -1;

  /** @param depth Layers of coding to be undone after this one. */
  constructor(coding: Coding, depth: number, sink: ByteSink, budget: MessageBudget) {
    this.#coding = coding;
    this.#depth = depth;
    this.#sink = sink;
    this.#budget = budget;
  }

  /** How the text was wrapped, as far as it turned out to be: the coding, or `plain`. */
  get encoding(): string {
    return this.#inflater === null && this.#brotli === null ? "plain" : this.#coding;
  }

  push(bytes: Uint8Array, at: number, end: number): void {
    if (!this.#decided()) {
      if (at === end) return;
      if (this.#first >= 0) {
        this.#decide(this.#first, bytes[at]);
        this.#forward(Uint8Array.of(this.#first), 0, 1);
      } else if (end - at === 1) {
        this.#first = bytes[at];
        return;
      } else this.#decide(bytes[at], bytes[at + 1]); // both here, as nearly always: no call for the first alone
    }
    this.#forward(bytes, at, end);
  }

  end(): void {
    if (!this.#decided() && this.#first >= 0) {
      this.#sink.push(Uint8Array.of(this.#first), 0, 1);
    }
    this.#brotli?.finish(this.#sink);
    this.#brotli = null;
    this.#inflater?.close();
    this.#inflater = null;
    this.#plain = true;
    this.#sink.end();
  }

  #decided(): boolean {
    return this.#plain || this.#inflater !== null || this.#brotli !== null;
  }

  #forward(bytes: Uint8Array, at: number, end: number): void {
    if (this.#brotli !== null) this.#brotli.push(bytes, at, end, this.#sink);
    else if (this.#plain) this.#sink.push(bytes, at, end);
    else this.#inflater!.push(bytes, at, end, this.#depth, this.#sink);
  }

  #decide(first: number, second: number): void {
    switch (this.#coding) {
      case "gzip": // RFC 1952 §2.3.1
        if (first === 0x1f && second === 0x8b) this.#inflater = new Inflater("gzip", this.#budget);
        else this.#plain = true;
        break;
      case "deflate": { // RFC 1950 §2.2
        const zlib = (first & 0x0f) === 8 && (first >> 4) <= 7 && (first << 8 | second) % 31 === 0;
        // No raw deflate begins with block type 3, RFC 1951 §3.2.3; text like "{ or digits mostly does.
        if (!zlib && (first & 6) === 6) this.#plain = true;
        else this.#inflater = new Inflater(zlib ? "zlib" : "raw", this.#budget);
        break;
      }
      case "br":
        this.#brotli = new BrotliText(this.#budget);
        break;
      case "zstd": // RFC 8878 §3.1.1; skippable frames are 0x50…0x5f 0x2a
        if ((first === 0x28 && second === 0xb5) || (first >> 4 === 5 && second === 0x2a)) {
          this.#inflater = new Inflater("zstd", this.#budget);
        } else this.#plain = true;
        break;
    }
  }
}
