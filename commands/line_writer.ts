/** Writes many lines with few system calls, to standard output or a file of mode 0600. */
import { JsonBytes } from "../monitor/json_bytes.ts";
import { reasonOf } from "../monitor/log_file.ts";
import { UsageError } from "../options.ts";

/** Bytes gathered before they are written. */
const BUFFER_BYTES = 128 << 10;
/** So that the lines gathered last, of usual length, find room. */
const SPARE_BYTES = 64 << 10;
const LINE_FEED = 10;

/** Lines could not be written: the output is not whole. */
export class OutputError extends Error {
  override name = "OutputError";
  readonly hint = "What was written before is not whole: make room, or write elsewhere (--output FILE)";
}

export class LineWriter {
  /** The line at hand is put here, behind those that wait; `endLine` ends it. */
  readonly line: JsonBytes = new JsonBytes(BUFFER_BYTES + SPARE_BYTES);
  #file: { writeSync(bytes: Uint8Array): number; close(): void };
  /** For messages. */
  readonly #name: string;
  /** Set once nobody reads any more (`| head`): the rest is for nobody. */
  #closed = false;

  private constructor(file: { writeSync(bytes: Uint8Array): number; close(): void }, name: string) {
    this.#file = file;
    this.#name = name;
  }

  /**
   * @param path Null for standard output.
   * @throws UsageError when the file cannot be written.
   */
  static open(path: string | null): LineWriter {
    if (path === null) {
      const stdout = { writeSync: (bytes: Uint8Array) => Deno.stdout.writeSync(bytes), close: () => {} };
      return new LineWriter(stdout, "standard output");
    }
    try {
      const file = Deno.openSync(path, { write: true, create: true, truncate: true, mode: 0o600 });
      return new LineWriter(file, `"${path}"`);
    } catch (error) {
      throw new UsageError(`Cannot write "${path}": ${reasonOf(error)}`);
    }
  }

  /** The line that was put into `line` is complete. */
  endLine(): void {
    this.line.byte(LINE_FEED);
    if (this.line.length >= BUFFER_BYTES) this.flush();
  }

  flush(): void {
    const bytes = this.line.bytes.subarray(0, this.line.length);
    this.line.clear();
    try {
      for (let at = 0; at < bytes.length && !this.#closed;) at += this.#file.writeSync(bytes.subarray(at));
    } catch (error) {
      this.#closed = true; // also for what is gathered meanwhile
      if (!(error instanceof Deno.errors.BrokenPipe)) {
        throw new OutputError(`Cannot write ${this.#name}: ${reasonOf(error)}`);
      }
    }
  }

  [Symbol.dispose](): void {
    this.flush();
    this.#file.close();
  }
}
