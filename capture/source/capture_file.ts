/**
 * Reads capture files in plain TypeScript: no libpcap, no FFI, no privilege.
 *
 * What comes out are the same batches that live capture gives, so everything after is the same for a file and a
 * network card. Memory is bounded by one window, whatever the file claims.
 */
import type { PacketBatch } from "../../model/batch.ts";
import { CaptureFileError } from "./errors.ts";
import { type ByteSource, FileSource, StreamSource } from "./file/byte_source.ts";
import { GZIP_MAGIC, GzipSource } from "./file/gzip_source.ts";
import { WINDOW_BYTES } from "./file/limits.ts";
import { PCAP_HEADER_BYTES, PcapRecords } from "./file/pcap_records.ts";
import { PcapngBlocks } from "./file/pcapng_blocks.ts";
import type { CaptureDamage, RecordParser } from "./file/record_parser.ts";
import { type CaptureKind, recognise, SIGNATURE_BYTES } from "./file/signature.ts";
import { Window } from "./file/window.ts";

export type { CaptureDamage } from "./file/record_parser.ts";
export type { CaptureKind } from "./file/signature.ts";

/** How to open a capture file. */
export interface CaptureFileOptions {
  /** How the file is called in messages. @default {the path, or "standard input" for a stream} */
  name?: string;
}

/**
 * A capture file being read, once, from front to back.
 *
 * A cut or damaged file gives everything before the damage; then it ends and `damage` says what and where.
 */
export class CaptureFile {
  readonly name: string;
  readonly format: CaptureKind;
  /** Whether it is packed with gzip. */
  readonly compressed: boolean;
  /** Bytes of the file on disk; `null` for a stream. */
  readonly size: number | null;
  #source: ByteSource;
  #window: Window;
  #parser: RecordParser;
  #damage: CaptureDamage | null = null;
  #finished = false;

  /** @internal Use `openCaptureFile`. */
  constructor(
    opened: {
      name: string;
      format: CaptureKind;
      compressed: boolean;
      size: number | null;
      source: ByteSource;
      window: Window;
    },
  ) {
    this.name = opened.name;
    this.format = opened.format;
    this.compressed = opened.compressed;
    this.size = opened.size;
    this.#source = opened.source;
    this.#window = opened.window;
    this.#parser = opened.format === "pcap" ? new PcapRecords(opened.window) : new PcapngBlocks();
  }

  /** Bytes of the file on disk read so far (compressed ones, if so). */
  get position(): number {
    return this.#source.position;
  }

  /** Packets handed out so far; exact up to 2^53. */
  get packets(): number {
    return this.#parser.packets;
  }

  /** What stopped the reading before the file's end; `null` while all is well. */
  get damage(): CaptureDamage | null {
    return this.#damage;
  }

  /**
   * The next batch, at most 1 MiB, or `null` at the end. Its bytes are overwritten by the following call.
   *
   * Never rejects: damage ends the file, see `damage`. Batches are split where the interface changes.
   */
  async next(): Promise<PacketBatch | null> {
    while (!this.#finished) {
      const length = this.#parser.damage === null ? this.#parser.take(this.#window) : 0;
      if (length > 0) {
        const { linkType, nanosecond, interfaceIndex } = this.#parser.format;
        return { linkType, nanosecond, interfaceIndex, bytes: this.#window.bytes, length };
      }
      if (this.#parser.damage !== null) this.#finish(this.#parser.damage);
      else if (await this.#fill() === 0) this.#finish(this.#endOfFile());
    }
    return null;
  }

  /** All batches; the file is closed afterwards, also when the loop is left early. */
  async *batches(): AsyncGenerator<PacketBatch, void, void> {
    try {
      for (let batch = await this.next(); batch !== null; batch = await this.next()) yield batch;
    } finally {
      this.close();
    }
  }

  /** Lets go of the file. May be called twice; afterwards `next` gives `null`. */
  close(): void {
    this.#finished = true;
    this.#source.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #fill(): Promise<number> {
    this.#window.slide();
    // Only streams and gzip give a promise; not awaiting a number saves a turn of the event loop a batch.
    const read = this.#source.read(this.#window.room());
    const n = typeof read === "number" ? read : await read;
    this.#window.end += n;
    return n;
  }

  #endOfFile(): CaptureDamage | null {
    const { failure } = this.#source;
    if (failure === null) return this.#parser.atEnd(this.#window);
    return { message: failure, byteOffset: this.#window.offsetOf(this.#window.end) };
  }

  #finish(damage: CaptureDamage | null): void {
    this.#damage = damage;
    this.close();
  }
}

/**
 * Opens a capture: pcap or pcapng, of either byte order, as it is or packed with gzip.
 *
 * @param from A path, or a stream such as `Deno.stdin.readable`. A path needs `--allow-read` for it.
 * @throws {CaptureFileError} when it cannot be read or is no capture; the message names what it is.
 *
 * @example
 * ```ts
 * import { openCaptureFile } from "./capture_file.ts";
 *
 * async function count(path: string): Promise<number> {
 *   using file = await openCaptureFile(path);
 *   while (await file.next() !== null);
 *   if (file.damage) console.error(`${file.damage.message}, at byte ${file.damage.byteOffset}`);
 *   return file.packets;
 * }
 * ```
 */
export async function openCaptureFile(
  from: string | ReadableStream<Uint8Array>,
  options: CaptureFileOptions = {},
): Promise<CaptureFile> {
  const name = options.name ?? (typeof from === "string" ? from : "standard input");
  const opened = typeof from === "string"
    ? await openPath(from, name)
    : { source: new StreamSource(from), size: null };
  let source: ByteSource = opened.source;
  try {
    const window = new Window(WINDOW_BYTES);
    await fillTo(source, window, SIGNATURE_BYTES, name);
    const compressed = GZIP_MAGIC.every((byte, at) => window.waiting > at && window.bytes[at] === byte);
    if (compressed) {
      source = new GzipSource(source, window.bytes.subarray(0, window.end));
      window.end = 0;
      await fillTo(source, window, SIGNATURE_BYTES, name);
    }
    const format = recognise(window.bytes.subarray(0, Math.min(window.end, SIGNATURE_BYTES)), name);
    await fillTo(source, window, PCAP_HEADER_BYTES, name);
    if (window.waiting < PCAP_HEADER_BYTES) {
      throw new CaptureFileError(
        "not-a-capture",
        `"${name}" ends inside its header, after ${window.waiting} bytes`,
        {
          hint: "Nothing can be read from it; was the disk full, or the copy stopped?",
        },
      );
    }
    return new CaptureFile({ name, format, compressed, size: opened.size, source, window });
  } catch (error) {
    source.close();
    throw error;
  }
}

/** Reads until at least `wanted` bytes wait in the window, or the source ends. */
async function fillTo(source: ByteSource, window: Window, wanted: number, name: string): Promise<void> {
  while (window.waiting < wanted) {
    const n = await source.read(window.room());
    window.end += n;
    if (n > 0) continue;
    if (source.failure === null || window.waiting > 0) return;
    throw new CaptureFileError("unreadable", `Cannot read "${name}": ${source.failure}`, {
      hint: "Check that the file is whole and the disk is well",
    });
  }
}

async function openPath(path: string, name: string): Promise<{ source: ByteSource; size: number | null }> {
  try {
    const file = await Deno.open(path, { read: true });
    const info = await file.stat();
    if (info.isFile) return { source: new FileSource(file), size: info.size };
    if (!info.isDirectory) return { source: new StreamSource(file.readable), size: null }; // a pipe may block for ever
    file.close();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new CaptureFileError("unreadable", `Cannot open "${name}": there is no such file`, {
        hint: "Check the path; relative paths begin at the folder the command was started in",
        cause,
      });
    }
    if (cause instanceof Deno.errors.PermissionDenied || cause instanceof Deno.errors.NotCapable) {
      throw new CaptureFileError("unreadable", `Cannot open "${name}": reading it is not permitted`, {
        hint: `Run as its owner, or: sudo chmod a+r "${name}"`,
        cause,
      });
    }
    throw new CaptureFileError(
      "unreadable",
      `Cannot open "${name}": ${cause instanceof Error ? cause.message : cause}`,
      { hint: "Check the path and the disk", cause },
    );
  }
  throw new CaptureFileError("unreadable", `Cannot open "${name}": it is a folder`, {
    hint: `Name the captures in it, as in: netpane analyze "${name}"/*.pcap`,
  });
}
