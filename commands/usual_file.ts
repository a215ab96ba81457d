/**
 * What rules have learnt to be usual on this machine, in the data folder: `usual.json`, mode 0600, of bounded size. It
 * is learnt anew where there is none, or where it cannot be read, which is told.
 */
import { join } from "node:path";
import type { Problem } from "../model/api.ts";
import { halfOf, MAX_USUAL_BYTES, parseUsualFile, type Usual, usualFile } from "../model/usual.ts";

const FILE = "usual.json";

export class UsualFile {
  readonly #path: string;
  readonly #onProblem: (id: string, problem: Omit<Problem, "id"> | null) => void;
  readonly #maxBytes: number;
  #writing: Promise<void> = Promise.resolve();
  #next: Usual | null = null;

  /**
   * @param folder The data folder.
   * @param onProblem Told when nothing can be read or kept, and `null` when it can again.
   * @param maxBytes Of the file; for tests.
   */
  constructor(
    folder: string,
    onProblem: (id: string, problem: Omit<Problem, "id"> | null) => void,
    maxBytes = MAX_USUAL_BYTES,
  ) {
    this.#path = join(folder, FILE);
    this.#onProblem = onProblem;
    this.#maxBytes = maxBytes;
  }

  /** What an earlier run kept; nothing where there is none, or it cannot be read. */
  read(): Usual {
    try {
      if (Deno.statSync(this.#path).size > this.#maxBytes) throw new Error("it is too large");
      return parseUsualFile(JSON.parse(Deno.readTextFileSync(this.#path)));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return {}; // the first run
      this.#onProblem("usual", {
        severity: "info",
        message: `What is usual on this machine cannot be read from "${this.#path}": ${reasonOf(error)}; ` +
          "it is learnt anew",
        hint: "Nothing needs to be done: the file is written anew within ten minutes",
      });
      return {};
    }
  }

  /** Written as a whole, one after the other; what is not written yet when more comes is left out. */
  keep(usual: Usual): void {
    const busy = this.#next !== null;
    this.#next = usual;
    if (!busy) this.#writing = this.#writing.then(() => this.#write());
  }

  /** When all is written. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    const usual = this.#next;
    this.#next = null;
    try {
      const fresh = `${this.#path}.new`;
      await Deno.writeFile(fresh, bytesOf(usual!, this.#maxBytes), { mode: 0o600 });
      await Deno.rename(fresh, this.#path);
      this.#onProblem("usual", null);
    } catch (error) {
      this.#onProblem("usual", {
        severity: "info",
        message: `What is usual on this machine cannot be kept in "${this.#path}": ${reasonOf(error)}; ` +
          "it is learnt anew at each start",
        hint: "Name a folder of yours with --data (./netpane start grants it)",
      });
    }
  }
}

/** As much as there is room for. */
function bytesOf(usual: Usual, maxBytes: number): Uint8Array {
  for (let kept = usual;; kept = halfOf(kept)) {
    const bytes = new TextEncoder().encode(`${JSON.stringify(usualFile(kept))}\n`);
    if (bytes.length <= maxBytes || isEmpty(kept)) return bytes;
  }
}

function isEmpty(usual: Usual): boolean {
  return Object.values(usual).every(({ entries, measures }) => entries.length === 0 && !measures?.length);
}

function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) return "it is damaged";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  return error instanceof Error ? error.message : String(error);
}
