/**
 * The EVE log on disk: lines go into a buffer, whole lines from there into the file, and nothing that makes lines ever
 * waits for the disk.
 *
 * The file is rotated by size and by time (`FILE.1` is the newest of the old ones). While the disk is full lines wait,
 * up to a ceiling, then they are counted as lost; the file holds whole lines whenever
 * nothing is being written.
 */
import type { EveCounters, Problem } from "../model/api.ts";
import { JsonBytes } from "./json_bytes.ts";
import { leadsTo, reasonOf } from "./log_file.ts";

/** Lines waiting for the disk; then new ones are lost. Twice that in memory: what is written, and what waits. */
const MAX_WAITING_BYTES = 8 << 20;
/** Gathered before it is written without waiting for the next second. */
const FLUSH_BYTES = 256 << 10;
/** Written at a time, so that a file ends near its limit. */
const PIECE_BYTES = 256 << 10;
/** Before a rotation that failed is tried again. */
const ROTATE_AGAIN_MS = 60_000;
const HOUR_MS = 3_600_000;
const LINE_FEED = 10;

export interface EveFileOptions {
  /** Absolute. */
  path: string;
  /** Size at which a new file is begun, bytes; 0 for never. */
  rotateBytes: number;
  /** Hours after which one is, at multiples of them in UTC (24: midnight); 0 for never. */
  rotateHours: number;
  /** Old files kept. */
  keep: number;
  /** Something is off with the file, or (with null) in order again. */
  onProblem: (problem: Omit<Problem, "id"> | null) => void;
}

/** The file cannot be opened at the start. */
export class EveFileError extends Error {
  override name = "EveFileError";
  readonly hint =
    "Name a file in a folder that may be written, with ./netpane start, which grants just that file";
}

export class EveFile {
  /** The line at hand is put here when there is `room()`; `endLine` ends it. */
  line: JsonBytes = new JsonBytes(FLUSH_BYTES);
  #options: EveFileOptions;
  #file: Deno.FsFile;
  #size = 0;
  /** Number of the time span that the file belongs to. */
  #span = 0;
  #rotateNotBeforeMs = 0;
  #spare: JsonBytes = new JsonBytes(FLUSH_BYTES);
  /** What is being written: `bytes[at, end)` is still to come. Empty while nothing is. */
  #out = { bytes: new Uint8Array(0), at: 0, end: 0 };
  #writing: Promise<void> | null = null;
  #reopen = false;
  #counters = { lines: 0, bytes: 0, lost: 0, rotations: 0 };
  #failing = "";

  private constructor(options: EveFileOptions, file: Deno.FsFile, { size, mtime }: Deno.FileInfo) {
    this.#options = options;
    this.#file = file;
    this.#size = size;
    this.#span = this.#spanOf(size > 0 ? mtime?.getTime() ?? Date.now() : Date.now());
  }

  /** Opens or makes the file; what is in it stays. @throws EveFileError */
  static open(options: EveFileOptions): EveFile {
    try {
      const { file, info } = openLog(options.path);
      return new EveFile(options, file, info);
    } catch (cause) {
      throw new EveFileError(`Cannot write the EVE log "${options.path}": ${reasonOf(cause)}`, { cause });
    }
  }

  /** Whether a line may be put; else it is counted as lost. */
  room(): boolean {
    if (this.line.length < MAX_WAITING_BYTES) return true;
    this.#counters.lost++;
    return false;
  }

  /** The line that was put into `line` is complete. */
  endLine(): void {
    this.line.byte(LINE_FEED);
    this.#counters.lines++;
    if (this.line.length >= FLUSH_BYTES) this.flush();
  }

  /** Begins to write what waits, if nothing is being written; and tries again what could not be. */
  flush(): void {
    if (this.#writing !== null) return;
    if (this.#out.at === this.#out.end) {
      if (this.line.length === 0 && !this.#reopen) return;
      this.#out = { bytes: this.line.bytes, at: 0, end: this.line.length };
      [this.line, this.#spare] = [this.#spare, this.line];
      this.line.clear();
    }
    this.#writing = this.#write().finally(() => {
      this.#writing = null;
    });
  }

  /** Another program has moved the file away (SIGHUP): the next lines go to a new one of its name. */
  reopen(): void {
    this.#reopen = true;
    this.flush();
  }

  counters(): EveCounters {
    const { path } = this.#options;
    const waiting_bytes = this.line.length + this.#out.end - this.#out.at;
    return { file: path, ...this.#counters, waiting_bytes, failing: this.#failing };
  }

  /** Writes what waits and closes the file. What the disk does not take is lost. */
  async close(): Promise<void> {
    await this.#writing;
    this.flush();
    await this.#writing;
    if (this.#out.at === this.#out.end) this.flush();
    await this.#writing;
    this.#file.close();
  }

  async #write(): Promise<void> {
    const { out } = { out: this.#out };
    try {
      if (this.#reopen || !leadsTo(this.#options.path, this.#file)) this.#openAnew();
      while (out.at < out.end) {
        const end = pieceEnd(out);
        await this.#rotateBefore(end - out.at);
        while (out.at < end) {
          const written = await this.#file.write(out.bytes.subarray(out.at, end));
          if (written === 0) throw new Error("the disk takes nothing");
          out.at += written;
          this.#size += written;
          this.#counters.bytes += written;
        }
      }
      if (this.#failing !== "" && this.#rotateNotBeforeMs < Date.now()) this.#tell(null);
    } catch (error) {
      this.#cutHalfLine();
      this.#tell({
        severity: "warning",
        message: `The EVE log "${this.#options.path}" cannot be written: ${reasonOf(error)}`,
        hint: "Make room or mend the path: lines wait (8 MiB), then they are lost and counted in /api/stats",
      });
    }
  }

  /** Whoever reads the file finds whole lines: half of one is taken out again and written anew later. */
  #cutHalfLine(): void {
    const { bytes, at } = this.#out;
    const lineStart = at === 0 ? 0 : bytes.lastIndexOf(LINE_FEED, at - 1) + 1;
    const half = at - lineStart;
    if (half === 0) return;
    try {
      this.#file.truncateSync(this.#size - half);
    } catch {
      return; // then the rest of the line follows as soon as it can
    }
    this.#size -= half;
    this.#counters.bytes -= half;
    this.#out.at = lineStart;
  }

  #openAnew(): void {
    const { file, info } = openLog(this.#options.path);
    this.#file.close();
    this.#file = file;
    this.#size = info.size;
    this.#span = this.#spanOf(Date.now());
    this.#reopen = false;
  }

  async #rotateBefore(bytes: number): Promise<void> {
    const { rotateBytes, path, keep } = this.#options;
    const nowMs = Date.now();
    const span = this.#spanOf(nowMs);
    const due = this.#size > 0 &&
      ((rotateBytes > 0 && this.#size + bytes > rotateBytes) || span !== this.#span);
    if (!due || nowMs < this.#rotateNotBeforeMs) return;
    try {
      if (keep === 0) await Deno.remove(path);
      for (let i = keep; i > 0; i--) {
        await Deno.rename(i === 1 ? path : `${path}.${i - 1}`, `${path}.${i}`).catch((error) => {
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        });
      }
      this.#openAnew();
      this.#span = span;
      this.#counters.rotations++;
    } catch (error) {
      this.#rotateNotBeforeMs = nowMs + ROTATE_AGAIN_MS;
      this.#tell({
        severity: "warning",
        message: `The EVE log "${path}" cannot be rotated: ${reasonOf(error)}; it grows on`,
        hint: "The folder must let files be renamed in it; tried again in a minute",
      });
    }
  }

  #spanOf(ms: number): number {
    const { rotateHours } = this.#options;
    return rotateHours === 0 ? 0 : Math.floor(ms / (rotateHours * HOUR_MS));
  }

  #tell(problem: Omit<Problem, "id"> | null): void {
    this.#failing = problem?.message ?? "";
    this.#options.onProblem(problem);
  }
}

/** @throws When it cannot be opened, or is no file. */
function openLog(path: string): { file: Deno.FsFile; info: Deno.FileInfo } {
  // Opening a pipe would wait for its reader, and a device keeps nothing.
  let kind: Deno.FileInfo | null = null;
  try {
    kind = Deno.statSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  if (kind !== null && !kind.isFile) throw new Error("it is not a file");
  const file = Deno.openSync(path, { append: true, create: true, mode: 0o600 });
  return { file, info: file.statSync() };
}

/** The end of the last whole line within a piece; of a longer line its own. */
function pieceEnd({ bytes, at, end }: { bytes: Uint8Array; at: number; end: number }): number {
  if (end - at <= PIECE_BYTES) return end;
  const last = bytes.lastIndexOf(LINE_FEED, at + PIECE_BYTES - 1);
  return last >= at ? last + 1 : bytes.indexOf(LINE_FEED, at) + 1;
}
