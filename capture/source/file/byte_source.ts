/** Where the bytes of a capture file come from: a regular file, read at once, or a stream, read as it comes. */

/** Fills memory with the next bytes of a file. */
export interface ByteSource {
  /** Bytes taken from the file on disk or the stream so far (compressed ones, if so). */
  readonly position: number;
  /** Why it ended before its time, `null` where all is well; looked at after `read` gave 0. */
  readonly failure: string | null;
  /** Reads at least one byte into `into`; 0 at the end. Never rejects: see `failure`. */
  read(into: Uint8Array): number | Promise<number>;
  /** Lets go of the file. May be called twice. */
  close(): void;
}

/** A regular file: reads fill the memory they are given and block, which a disk makes short. */
export class FileSource implements ByteSource {
  position = 0;
  failure: string | null = null;
  #file: Deno.FsFile | null;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  read(into: Uint8Array): number {
    let filled = 0;
    try {
      while (filled < into.length) {
        const n = this.#file?.readSync(filled === 0 ? into : into.subarray(filled)) ?? null;
        if (n === null) break;
        filled += n;
      }
    } catch (error) {
      this.failure = `reading failed: ${error instanceof Error ? error.message : error}`;
    }
    this.position += filled;
    return filled;
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }
}

/** A stream (standard input, a pipe): what has come is given on at once, so that a live pipe is seen live. */
export class StreamSource implements ByteSource {
  position = 0;
  failure: string | null = null;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  async read(into: Uint8Array): Promise<number> {
    try {
      while (this.#chunk.length === 0) {
        const next = await this.#reader?.read();
        if (next === undefined || next.done) return 0;
        this.#chunk = next.value;
      }
    } catch (error) {
      this.failure = `reading failed: ${error instanceof Error ? error.message : error}`;
      return 0;
    }
    const n = Math.min(into.length, this.#chunk.length);
    into.set(this.#chunk.subarray(0, n));
    this.#chunk = this.#chunk.subarray(n);
    this.position += n;
    return n;
  }

  close(): void {
    // Cancelling may fail where the other end has already failed; there is nothing left to do about it.
    this.#reader?.cancel().catch(() => {});
    this.#reader = null;
  }
}
