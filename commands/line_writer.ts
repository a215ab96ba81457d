/** Writes many lines with few system calls, to standard output or a file of mode 0600. */
import { UsageError } from "../options.ts";

/** Text gathered before it is written. */
const BUFFER_CHARS = 128 << 10;
/** Bytes that one character can become in UTF-8 (two of UTF-16's for what takes four). */
const MOST_BYTES = 3;

const encoder = new TextEncoder();

export class LineWriter {
  // One long text: joining an array of lines costs three times as much, and encoding each by itself five times.
  #text = "";
  #bytes = new Uint8Array(MOST_BYTES * BUFFER_CHARS);
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
    if (this.#text.length + line.length >= BUFFER_CHARS) this.flush();
    this.#text += line + "\n";
  }

  flush(): void {
    if (this.#text === "") return;
    const text = this.#text;
    this.#text = "";
    // Only a single line can be too long for the buffer.
    const bytes = text.length > BUFFER_CHARS
      ? encoder.encode(text)
      : this.#bytes.subarray(0, encoder.encodeInto(text, this.#bytes).written);
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
