/**
 * What is usual on this machine, as rules have learnt it and as it is kept over a restart: which programs use the
 * network, which services listen, which countries a program talks to, and which servers it stays connected with for
 * hours. Names and countries only; no addresses.
 */

/** Entries of one rule, and their length, at most. */
export const MAX_USUAL = 4_096;
const MAX_USUAL_TEXT = 400;
/** Bytes of a file that is read. */
export const MAX_USUAL_BYTES = 16 << 20;

/** What one rule holds for usual. */
export interface UsualEntries {
  /** How long it has watched in all, seconds: time during which Netpane did not run does not count. */
  watchedSeconds: number;
  /** Each with `watchedSeconds` when it was seen first; the one used longest ago first. */
  entries: [string, number][];
}

/** By kind of alert. */
export type Usual = Record<string, UsualEntries>;

/** What a file says, as far as it makes sense; nothing where it makes none. */
export function parseUsual(value: unknown): Usual {
  const usual: Usual = {};
  if (typeof value !== "object" || value === null) return usual;
  for (const [kind, known] of Object.entries(value)) {
    const { watchedSeconds, entries } = (known ?? {}) as Partial<UsualEntries>;
    if (!/^[a-z]+(_[a-z]+)*$/.test(kind)) continue;
    if (!isTime(watchedSeconds) || !Array.isArray(entries)) continue;
    usual[kind] = { watchedSeconds, entries: entries.filter(isEntry).slice(-MAX_USUAL) };
  }
  return usual;
}

function isEntry(entry: unknown): entry is [string, number] {
  return Array.isArray(entry) && typeof entry[0] === "string" && entry[0].length <= MAX_USUAL_TEXT &&
    isTime(entry[1]);
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && Number.isFinite(value);
}

/** A text that is short enough to be an entry. */
export function usualText(text: string): string {
  return text.length <= MAX_USUAL_TEXT ? text : text.slice(0, MAX_USUAL_TEXT);
}
