/**
 * Undoes brotli (RFC 7932) of a body as it comes, within its budgets of text and memory.
 *
 * Deno's native decoder loses memory on damaged bodies and says so on standard output, where the events of `analyze`
 * go, and the npm package's decodes whole bodies only, some of them for milliseconds: so the decoder is our own
 * (`brotli_decoder.ts`), with the dictionary of the package.
 */
import type { createRequire } from "node:module";
import { BrotliDecoder, type BrotliTables } from "./brotli_decoder.ts";
import { httpLimits, MAX_DECODER_BYTES } from "./limits.ts";
import type { ByteSink, MessageBudget } from "./inflater.ts";

/** Modules of the npm package `brotli` that are used: `dec/dictionary.js`, `dec/transform.js`, `dec/context.js`. */
export interface BrotliPackage {
  dictionary: {
    init(): void;
    /** There after `init`. */
    dictionary: Uint8Array;
    offsetsByLength: ArrayLike<number>;
    sizeBitsByLength: ArrayLike<number>;
  };
  transform: { transformDictionaryWord: BrotliTables["transform"] };
  context: { lookup: Uint8Array; lookupOffsets: ArrayLike<number> };
}

let tables: BrotliTables | null = null;

/** Hands over the package beforehand, where it cannot be read from a file later: see `brotli_loaded.ts`. */
export function useBrotli({ dictionary, transform, context }: BrotliPackage): BrotliTables {
  dictionary.init();
  return tables = {
    words: dictionary.dictionary,
    offsetsByLength: dictionary.offsetsByLength,
    sizeBitsByLength: dictionary.sizeBitsByLength,
    transform: transform.transformDictionaryWord,
    contexts: context.lookup,
    contextOffsets: context.lookupOffsets,
  };
}

/** The package with its dictionary takes longer to load than all of `http/`, and most captures have no such body. */
function loadBrotli(): BrotliTables {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: "node:module"): { createRequire: typeof createRequire } };
  };
  const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);
  return useBrotli({
    dictionary: require("brotli/dec/dictionary.js"),
    transform: require("brotli/dec/transform.js"),
    context: require("brotli/dec/context.js"),
  });
}

/** Memory of all decoders that are open: their windows, and bytes that wait. */
let held = 0;

/** Bytes held at present, for tests. */
export function heldBrotliBytes(): number {
  return held;
}

export class BrotliText {
  readonly #budget: MessageBudget;
  #decoder: BrotliDecoder | null = null;
  #sink: ByteSink | null = null;
  #trouble: "bombs" | "noDecoder" | "damagedBodies" = "damagedBodies";
  #isOver = false;

  constructor(budget: MessageBudget) {
    this.#budget = budget;
  }

  /** Decodes what comes, and hands its text on. Does nothing once it gave up. */
  push(bytes: Uint8Array, at: number, end: number, sink: ByteSink): void {
    if (this.#isOver) return;
    if (this.#decoder === null) {
      // A flow that sent bombs must first send honest bytes again.
      if (this.#budget.flow.exceeded) {
        httpLimits.bombs++;
        this.#isOver = true;
        return;
      }
      this.#decoder = new BrotliDecoder(
        tables ??= loadBrotli(),
        (text, from, to) => this.#tell(text, from, to),
        (more) => this.#mayTake(more),
      );
    }
    this.#sink = sink;
    this.#decoder.push(bytes, at, end);
    this.#sink = null;
    if (this.#decoder.failed) httpLimits[this.#trouble]++;
    if (this.#decoder.failed || this.#decoder.done) this.close();
  }

  /** The body is over: hands on what is left of its text. */
  finish(sink: ByteSink): void {
    const decoder = this.#decoder;
    if (decoder === null) return;
    this.#sink = sink;
    decoder.finish();
    this.#sink = null;
    if (!decoder.done) httpLimits[decoder.failed ? this.#trouble : "damagedBodies"]++;
    this.close();
  }

  /** Lets go of all memory; more bytes are ignored. */
  close(): void {
    this.#decoder?.close();
    this.#decoder = null;
    this.#isOver = true;
  }

  #tell(bytes: Uint8Array, at: number, end: number): boolean {
    const tooMuch = this.#budget.unfolded(end - at);
    this.#sink!.push(bytes, at, end);
    if (tooMuch) this.#trouble = "bombs";
    return !tooMuch;
  }

  #mayTake(bytes: number): boolean {
    if (bytes > 0 && held + bytes > MAX_DECODER_BYTES) {
      this.#trouble = "noDecoder";
      return false;
    }
    held += bytes;
    return true;
  }
}
