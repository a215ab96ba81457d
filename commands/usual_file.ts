/** What rules have learnt to be usual on this machine, in the data folder: `usual.json`, mode 0600. */
import { join } from "node:path";
import type { Problem } from "../model/api.ts";
import { MAX_USUAL_BYTES, parseUsual, type Usual } from "../model/usual.ts";

const FILE = "usual.json";

export class UsualFile {
  readonly #path: string;
  readonly #onProblem: (id: string, problem: Omit<Problem, "id"> | null) => void;
  #writing: Promise<void> = Promise.resolve();
  #next: Usual | null = null;

  /** @param folder The data folder. @param onProblem Told when nothing can be kept, and `null` when it can again. */
  constructor(folder: string, onProblem: (id: string, problem: Omit<Problem, "id"> | null) => void) {
    this.#path = join(folder, FILE);
    this.#onProblem = onProblem;
  }

  /** What an earlier run kept; nothing where there is none, or it cannot be read. */
  read(): Usual {
    try {
      if (Deno.statSync(this.#path).size > MAX_USUAL_BYTES) return {};
      return parseUsual(JSON.parse(Deno.readTextFileSync(this.#path)));
    } catch {
      return {}; // the first run, or a damaged file: learnt anew
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
      await Deno.writeTextFile(fresh, `${JSON.stringify(usual)}\n`, { mode: 0o600 });
      await Deno.rename(fresh, this.#path);
      this.#onProblem("usual", null);
    } catch (error) {
      this.#onProblem("usual", {
        severity: "info",
        message: `What is usual on this machine cannot be kept in "${this.#path}": ${
          error instanceof Error ? error.message : error
        }; it is learnt anew at each start`,
        hint: "Name a folder of yours with --data (./netpane start grants it)",
      });
    }
  }
}
