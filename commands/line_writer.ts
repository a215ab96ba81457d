/** Writes many lines with few system calls, to standard output or a file of mode 0600. */
import { UsageError } from "../options.ts";

/** Text gathered before it is written. */
const BUFFER_CHARS = 128 << 10;

const encoder = new TextEncoder();

export class LineWriter {
  #lines: string[] = [];
  #chars = 0;
  #file: { writeSync(bytes: Uint8Array): number; close(): void };
  /** Set once nobody reads any more (`| head`): the rest is for nobody. */
  #closed = false;

  private constructor(file: { writeSync(bytes: Uint8Array): number; close(): void }) {
    this.#file = file;
  }

  /**
   * @param path Null for standard output.
   * @throws UsageError when the file cannot be written.
   */
  static open(path: string | null): LineWriter {
    if (path === null) {
      return new LineWriter({ writeSync: (bytes) => Deno.stdout.writeSync(bytes), close: () => {} });
    }
    try {
      return new LineWriter(Deno.openSync(path, { write: true, create: true, truncate: true, mode: 0o600 }));
    } catch (error) {
      throw new UsageError(`Cannot write "${path}": ${error instanceof Error ? error.message : error}`);
    }
  }

  write(line: string): void {
    this.#lines.push(line);
    this.#chars += line.length;
    if (this.#chars >= BUFFER_CHARS) this.flush();
  }

  flush(): void {
    if (this.#lines.length === 0) return;
    const bytes = encoder.encode(this.#lines.join("\n") + "\n");
    this.#lines = [];
    this.#chars = 0;
    try {
      for (let at = 0; at < bytes.length && !this.#closed;) at += this.#file.writeSync(bytes.subarray(at));
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      this.#closed = true;
    }
  }

  [Symbol.dispose](): void {
    this.flush();
    this.#file.close();
  }
}
