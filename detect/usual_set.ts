/**
 * What one rule holds for usual here. It learns for a while (time that was watched, not time that went by), then what
 * is not in it is new. Bounded; what was not seen for longest is forgotten, and would be new again.
 */
import { MAX_USUAL, type UsualEntries, usualText } from "../model/usual.ts";
import { Recent } from "./recent.ts";

/** Reports come each second; a longer gap was not watched. */
const MAX_STEP_S = 5;

export class UsualSet {
  readonly #entries = new Recent<string, number>(MAX_USUAL);
  /** See `UsualEntries`. */
  watchedSeconds = 0;
  /** Whether something was added since it was kept last. */
  changed = false;
  #lastUs = 0;

  constructor(remembered?: UsualEntries) {
    if (remembered === undefined) return;
    this.watchedSeconds = remembered.watchedSeconds;
    for (const [entry, since] of remembered.entries) this.#entries.set(entry, since);
  }

  /** Time went on. @param atUs Of the report at hand. */
  watch(atUs: number): void {
    if (this.#lastUs > 0) {
      this.watchedSeconds += Math.min(MAX_STEP_S, Math.max(0, (atUs - this.#lastUs) / 1e6));
    }
    this.#lastUs = atUs;
  }

  /** When it was seen first, as `watchedSeconds` then; `undefined` for what is new. Counts as seen now. */
  since(entry: string): number | undefined {
    return this.#entries.get(usualText(entry));
  }

  add(entry: string): void {
    const text = usualText(entry);
    this.#entries.set(text, this.#entries.peek(text) ?? Math.floor(this.watchedSeconds));
    this.changed = true;
  }

  texts(): IterableIterator<string> {
    return this.#entries.keys();
  }

  kept(): UsualEntries {
    this.changed = false;
    return { watchedSeconds: Math.floor(this.watchedSeconds), entries: [...this.#entries.entries()] };
  }

  get size(): number {
    return this.#entries.size;
  }
  get evicted(): number {
    return this.#entries.evicted;
  }
}

/**
 * A program's path without what changes with each version or start, so that an update is no new program: numbers of
 * versions, hashes, folders made up anew.
 */
export function usualPath(path: string): string {
  return path.replace(/ \(deleted\)$/, "").split("/").map((part, i) => {
    if (i > 0 && /^v?\d+([._-]\w+)*$/.test(part)) return "*"; // 1.2.3, 4567 (snap), 126.0b1
    if (/^[0-9a-f]{12,}$/i.test(part)) return "*"; // a commit
    return part
      .replace(/^[0-9a-z]{32}-/, "*-") // of the Nix store
      .replace(/^\.mount_(.{1,6}).*$/, ".mount_$1*") // of an AppImage
      .replace(/[-_]v?\d+(\.\d+)+([.+~-]\w+)*/, "-*"); // name-1.2.3
  }).join("/");
}
