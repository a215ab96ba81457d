/**
 * The access log: one JSON line for each request, in a file of mode 0600.
 *
 * Of an address only the path is kept: what is behind `?` may be a token, or what somebody looked for. Headers are
 * left out altogether. What the client wrote cannot break a line, colour a terminal or turn its writing round.
 */
import { leadsTo } from "../monitor/log_file.ts";

/** The file; then it becomes `FILE.1`, in place of the one before. */
const MAX_BYTES = 16 << 20;
/** Lines waiting to be written. */
const MAX_WAITING = 10_000;
const MAX_PATH = 300;
/** How often it is looked whether the file is still there. */
const LOOK_MS = 1_000;

export interface AccessEntry {
  /** Address. */
  client: string;
  /** Null for strangers. */
  role: string | null;
  method: string;
  path: string;
  status: number;
  /** Until the answer began. */
  ms: number;
}

export interface AccessLogOptions {
  /** Bytes of a file. @default {16 MiB} */
  maxBytes?: number;
  now?: () => number;
  /** Told once when lines cannot be written, and (null) when they can again. */
  onTrouble?: (message: string | null) => void;
}

export class AccessLog {
  #path: string;
  #options: AccessLogOptions;
  #file: Deno.FsFile;
  #bytes: number;
  #waiting: string[] = [];
  #writing: Promise<void> | null = null;
  #troubled = false;
  #lookedMs = -Infinity;
  /** Lines that could not be written, or found no room. */
  lost = 0;

  /** Appends to what is there. @throws When the file cannot be opened. */
  constructor(path: string, options: AccessLogOptions = {}) {
    this.#path = path;
    this.#options = options;
    this.#file = open(path);
    this.#bytes = this.#file.statSync().size;
  }

  write(entry: AccessEntry): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.lost++;
      return;
    }
    this.#waiting.push(line(entry, (this.#options.now ?? Date.now)()));
    this.#writing ??= this.#drain();
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    await this.#writing;
    this.#file.close();
  }

  async #drain(): Promise<void> {
    await Promise.resolve(); // the answer goes first
    while (this.#waiting.length > 0) {
      const lines = this.#waiting.splice(0);
      try {
        await this.#append(new TextEncoder().encode(lines.join("")));
        this.#tell(null);
      } catch (error) {
        this.lost += lines.length;
        this.#tell(`"${this.#path}" cannot be written: ${error instanceof Error ? error.message : error}`);
      }
    }
    this.#writing = null;
  }

  async #append(bytes: Uint8Array): Promise<void> {
    this.#followName();
    const isFull = this.#bytes > 0 && this.#bytes + bytes.length > (this.#options.maxBytes ?? MAX_BYTES);
    // A pipe or a device is nobody's to rename: /dev/null would be gone for everyone.
    if (isFull && this.#file.statSync().isFile) {
      Deno.renameSync(this.#path, `${this.#path}.1`);
      this.#openAnew();
    }
    try {
      for (let at = 0; at < bytes.length;) at += await this.#file.write(bytes.subarray(at));
    } catch (error) {
      this.#cutBack();
      throw error;
    }
    this.#bytes += bytes.length;
  }

  /** Somebody has removed the file or moved it away: the next lines go to a new one of its name. */
  #followName(): void {
    const now = (this.#options.now ?? Date.now)();
    if (Math.abs(now - this.#lookedMs) < LOOK_MS) return;
    this.#lookedMs = now;
    if (!leadsTo(this.#path, this.#file)) this.#openAnew();
  }

  #openAnew(): void {
    const fresh = open(this.#path);
    this.#file.close();
    this.#file = fresh;
    this.#bytes = fresh.statSync().size;
  }

  /** Whoever reads the file finds whole lines: what was written of these is taken out again. */
  #cutBack(): void {
    try {
      if (this.#file.statSync().isFile) this.#file.truncateSync(this.#bytes);
    } catch {
      // then half a line stays
    }
  }

  #tell(message: string | null): void {
    if ((message !== null) === this.#troubled) return;
    this.#troubled = message !== null;
    this.#options.onTrouble?.(message);
  }
}

function open(path: string): Deno.FsFile {
  return Deno.openSync(path, { append: true, create: true, mode: 0o600 });
}

function line({ client, role, method, path, status, ms }: AccessEntry, nowMs: number): string {
  return JSON.stringify({
    time: new Date(nowMs).toISOString(),
    client: harmless(client),
    role,
    method: harmless(method).slice(0, 20),
    path: harmless(path.length > MAX_PATH ? `${path.slice(0, MAX_PATH)}…` : path),
    status,
    ms: Math.round(ms * 10) / 10,
  }) + "\n";
}

/** JSON escapes C0; C1 and DEL colour terminals as well, and marks of direction and line ends fool readers. */
function harmless(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}
