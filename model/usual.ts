/**
 * What is usual on this machine, as rules have learnt it and as it is kept over a restart: which programs use the
 * network, which services listen, which countries a program talks to, which servers it stays connected with for hours
 * (names and countries only); and by measure how much goes to a destination, and how long a server takes to answer.
 * Those are told of hosts, so addresses are among them.
 */

/** Entries of one rule, its measures, and the length of either's text, at most. */
export const MAX_USUAL = 4_096;
export const MAX_MEASURES = 2_048;
const MAX_USUAL_TEXT = 400;
/** Numbers of one measure at most. */
export const MAX_MEASURED = 130;
/** Bytes of a file that is written, or read. */
export const MAX_USUAL_BYTES = 16 << 20;
/** Of the file; 1 was without a number, and without measures. */
const VERSION = 2;

/** Of what, and numbers that only the rule understands. */
export type UsualMeasure = readonly [string, readonly number[]];

/** What one rule holds for usual. */
export interface UsualEntries {
  /** How long it has watched in all, seconds: time during which Netpane did not run does not count. */
  watchedSeconds: number;
  /** Each with `watchedSeconds` when it was seen first; the one used longest ago first. */
  entries: [string, number][];
  /** What matters most last. */
  measures?: readonly UsualMeasure[];
}

/** By kind of alert. */
export type Usual = Record<string, UsualEntries>;

/** As a file holds it. */
export function usualFile(usual: Usual): { version: number; kinds: Usual } {
  return { version: VERSION, kinds: usual };
}

/**
 * What a file says, as far as it makes sense.
 *
 * @throws Error when it makes none, in words for people.
 */
export function parseUsualFile(value: unknown): Usual {
  if (!isObject(value)) throw new Error("it holds no object");
  if (!("version" in value)) return parseUsual(value);
  if (value.version !== VERSION) throw new Error("it was written by another version of Netpane");
  if (!isObject(value.kinds)) throw new Error("what it knows is missing");
  return parseUsual(value.kinds);
}

/** What is usual by kind, as far as it makes sense; nothing where it makes none. */
export function parseUsual(value: unknown): Usual {
  const usual: Usual = {};
  if (!isObject(value)) return usual;
  for (const [kind, known] of Object.entries(value)) {
    const { watchedSeconds, entries, measures } = (known ?? {}) as Partial<UsualEntries>;
    if (!/^[a-z]+(_[a-z]+)*$/.test(kind)) continue;
    if (!isTime(watchedSeconds) || !Array.isArray(entries)) continue;
    usual[kind] = { watchedSeconds, entries: entries.filter(isEntry).slice(-MAX_USUAL) };
    if (Array.isArray(measures)) usual[kind].measures = measures.filter(isMeasure).slice(-MAX_MEASURES);
  }
  return usual;
}

/** The half of it that was used, or matters, most: where there is no room for all. */
export function halfOf(usual: Usual): Usual {
  const half = <T>(rows: readonly T[]) => rows.slice(Math.ceil(rows.length / 2));
  return Object.fromEntries(
    Object.entries(usual).map(([kind, { watchedSeconds, entries, measures }]) => [kind, {
      watchedSeconds,
      entries: half(entries),
      ...(measures === undefined ? {} : { measures: half(measures) }),
    }]),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEntry(entry: unknown): entry is [string, number] {
  return Array.isArray(entry) && isText(entry[0]) && isTime(entry[1]);
}

function isMeasure(measure: unknown): measure is UsualMeasure {
  return Array.isArray(measure) && isText(measure[0]) && Array.isArray(measure[1]) &&
    measure[1].length <= MAX_MEASURED && measure[1].every(isTime);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_USUAL_TEXT;
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && Number.isFinite(value);
}

/** A text that is short enough to be an entry. */
export function usualText(text: string): string {
  return text.length <= MAX_USUAL_TEXT ? text : text.slice(0, MAX_USUAL_TEXT);
}
