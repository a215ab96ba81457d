/** Names of users, from `/etc/passwd` (passwd(5)): who owns a process, in words. */

/** Lines looked at; a directory service's users are not in the file and stay numbers. */
const MAX_USERS = 65_536;

/** User names by uid; lines that make no sense are stepped over, the first name of a uid counts. */
export function parsePasswd(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split("\n", MAX_USERS)) {
    const fields = line.split(":");
    const uid = Number(fields[2]);
    if (fields.length < 3 || fields[0] === "" || !/^[0-9]+$/.test(fields[2]) || names.has(uid)) continue;
    names.set(uid, fields[0]);
  }
  return names;
}

/** How old the names may get before a uid without one makes us read the file again. */
const REREAD_MS = 30_000;

/** Answers names, reading the file at most every half minute. */
export class UserNames {
  #read: () => string | null;
  #names: Map<number, string> = new Map();
  #readAtMs = -Infinity;

  constructor(read: () => string | null) {
    this.#read = read;
  }

  /** @returns The name, or the number as text where there is none. */
  name(uid: number, nowMs: number): string {
    const known = this.#names.get(uid);
    if (known !== undefined && nowMs - this.#readAtMs < 20 * REREAD_MS) return known;
    if (nowMs - this.#readAtMs >= REREAD_MS) {
      const text = this.#read();
      this.#readAtMs = nowMs;
      if (text !== null) this.#names = parsePasswd(text);
    }
    return this.#names.get(uid) ?? String(uid);
  }
}
