/**
 * Places from ipinfo.io, for those who have a token and switched it on: the only part of Netpane that tells anybody
 * outside which addresses this machine talks to.
 *
 * Addresses are gathered and asked for together, at most `MAX_A_DAY` a day, answers kept on disk. What goes wrong
 * is told once and pauses the questions, longer each time; a refused token ends them.
 */
import type { IPinfoLiteWrapper, IPinfoWrapper } from "node-ipinfo";
import { LruCache } from "../../model/lru.ts";
import type { IpinfoCounters } from "../../model/who.ts";
import { type PartialPlace, placeFields } from "./fields.ts";
import { type KeptPlace, MAX_KEPT, readPlaces, writePlaces } from "./place_file.ts";

/** A place is asked for again after this time: addresses move. */
const MAX_AGE_MS = 30 * 86_400_000;
/** What the service did not know is asked for again after this time. */
const UNKNOWN_AGE_MS = 86_400_000;
/** Addresses gathered for one request; the service takes 1,000, but answers are to come soon. */
const BATCH_SIZE = 100;
/** IPinfo Lite has no batches in its library: so many are asked for one after the other in one turn. */
const LITE_SIZE = 10;
/** Between requests. */
const INTERVAL_MS = 1_000;
/** Addresses waiting; what is over is asked for when it is seen again. */
const MAX_WAITING = 1_000;
/** The free plan has 50,000 look-ups a month. */
const MAX_A_DAY = 1_500;
const TIMEOUT_MS = 5_000;
/** Pauses after failures: doubled each time, up to the longest. */
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 3_600_000;
/** The file is written this long after something new. */
const WRITE_AFTER_MS = 30_000;

/** What is off, in words for people. */
export interface IpinfoProblem {
  severity: "info" | "warning";
  message: string;
  hint: string;
}

export interface IpinfoOptions {
  token: string;
  /** File of kept places; "" keeps them in memory only. */
  path: string;
  /** Told what is off, and null when it is in order again. */
  onProblem: (problem: IpinfoProblem | null) => void;
  /** @default The service itself. */
  baseUrl?: string;
  liteUrl?: string;
  /** @default {5000} */
  timeoutMs?: number;
  /** Between requests. @default {1000} */
  intervalMs?: number;
  /** Addresses asked for in 24 hours. @default {1500} */
  maxADay?: number;
  /** After the first failure. @default {60000} */
  pauseMs?: number;
  clock?: () => number;
}

/** How a request failed: what is told, and whether it can get better. */
class Refusal extends Error {
  constructor(readonly status: number, readonly timedOut: boolean) {
    super(`status ${status}`);
  }
}

export class Ipinfo {
  #options: Required<IpinfoOptions>;
  #kept = new LruCache<string, KeptPlace>(MAX_KEPT);
  #waiting = new Set<string>();
  /** Of those who wait for an answer themselves. */
  #waiters = new Map<string, ((fields: PartialPlace | null) => void)[]>();
  #clients: Promise<{ standard: IPinfoWrapper; lite: IPinfoLiteWrapper }> | null = null;
  #isLite = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writeTimer: ReturnType<typeof setTimeout> | undefined;
  #turn: Promise<void> | null = null;
  #nextAt = 0;
  #pausedUntil = 0;
  #failures = 0;
  #day = { from: 0, asked: 0 };
  #counters = { refused: 0, requests: 0, asked: 0, failed: 0 };
  #closed = false;

  constructor(options: IpinfoOptions) {
    this.#options = {
      baseUrl: "https://ipinfo.io",
      liteUrl: "https://api.ipinfo.io/lite",
      timeoutMs: TIMEOUT_MS,
      intervalMs: INTERVAL_MS,
      maxADay: MAX_A_DAY,
      pauseMs: FIRST_PAUSE_MS,
      clock: Date.now,
      ...options,
    };
  }

  /** Reads what was kept. Asks nothing. */
  async load(): Promise<void> {
    if (this.#options.path !== "") this.#kept = await readPlaces(this.#options.path);
  }

  /**
   * What is known of a global address now; what is not is asked for soon.
   *
   * @returns `undefined` while it is not known, null when the service does not know it either.
   */
  get(address: string): PartialPlace | null | undefined {
    const kept = this.#kept.get(address);
    if (kept === undefined || !this.#isFresh(kept)) this.#want(address);
    return kept?.fields;
  }

  /** As `get`, but waits for the answer to a question that is asked; `undefined` when none comes. */
  async find(address: string): Promise<PartialPlace | null | undefined> {
    const known = this.get(address);
    if (known !== undefined || !this.#waiting.has(address) || this.#isPaused()) return known;
    const answer = new Promise<PartialPlace | null>((resolve) => {
      this.#waiters.set(address, [...this.#waiters.get(address) ?? [], resolve]);
    });
    const { timeoutMs, intervalMs } = this.#options;
    let timer;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), timeoutMs + 2 * intervalMs);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  counters(): IpinfoCounters {
    return {
      kept: this.#kept.counters(),
      waiting: this.#waiting.size,
      ...this.#counters,
      paused_until: this.#isPaused() ? Math.min(this.#pausedUntil, Number.MAX_SAFE_INTEGER) : 0,
    };
  }

  /** Waits for a request under way, and writes what is new. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#turn;
    this.#release([...this.#waiters.keys()]);
    if (this.#writeTimer !== undefined) await this.#write();
  }

  #isFresh({ at, fields }: KeptPlace): boolean {
    const age = this.#options.clock() - at;
    return age >= 0 && age < (fields === null ? UNKNOWN_AGE_MS : MAX_AGE_MS);
  }

  #isPaused(): boolean {
    return this.#options.clock() < this.#pausedUntil;
  }

  #want(address: string): void {
    if (this.#closed || this.#isPaused() || this.#waiting.has(address)) return;
    if (this.#waiting.size >= MAX_WAITING) {
      this.#counters.refused++;
      return;
    }
    this.#waiting.add(address);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#turn !== null || this.#closed || this.#waiting.size === 0) return;
    // A moment at least: addresses come in crowds.
    const delay = Math.max(this.#nextAt - this.#options.clock(), Math.min(200, this.#options.intervalMs));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#turn = this.#ask().finally(() => {
        this.#turn = null;
        this.#schedule();
      });
    }, delay);
  }

  async #ask(): Promise<void> {
    const now = this.#options.clock();
    this.#nextAt = now + this.#options.intervalMs;
    if (now - this.#day.from >= 86_400_000) this.#day = { from: now, asked: 0 };
    const room = Math.min(this.#isLite ? LITE_SIZE : BATCH_SIZE, this.#options.maxADay - this.#day.asked);
    if (room <= 0) return this.#spent();
    const addresses = [...this.#waiting].slice(0, room);
    try {
      const answers = await this.#request(addresses);
      for (const address of addresses) {
        const fields = placeFields(answers.get(address));
        const known = Object.keys(fields).length > 0 ? fields : null;
        this.#kept.set(address, { at: now, fields: known });
        this.#waiting.delete(address);
        this.#answer(address, known);
      }
      this.#failures = 0;
      this.#options.onProblem(null);
      this.#writeTimer ??= setTimeout(() => this.#write(), WRITE_AFTER_MS);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Asks the service; tokens of the Lite plan are told by a refusal of the other. @throws Refusal */
  async #request(addresses: string[]): Promise<Map<string, unknown>> {
    const { standard, lite } = await (this.#clients ??= this.#load());
    if (!this.#isLite) {
      this.#count(addresses.length);
      try {
        const answers: Record<string, unknown> = await standard.getBatch(
          addresses,
          BATCH_SIZE,
          this.#options.timeoutMs,
        );
        return new Map(addresses.map((address) => [address, answers[address]]));
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal.status !== 403) throw refusal;
        this.#isLite = true;
      }
    }
    const answers = new Map<string, unknown>();
    for (const address of addresses.slice(0, LITE_SIZE)) {
      this.#count(1);
      try {
        answers.set(address, await lite.lookupIp(address));
      } catch (error) {
        throw refusalOf(error);
      }
    }
    return answers;
  }

  /** Only now: most never switch it on. */
  async #load(): Promise<{ standard: IPinfoWrapper; lite: IPinfoLiteWrapper }> {
    const { IPinfoLiteWrapper, IPinfoWrapper } = await import("node-ipinfo");
    const { token, timeoutMs, baseUrl, liteUrl } = this.#options;
    // What is kept is kept here, with its age.
    const cache = { get: () => Promise.resolve(undefined), set: () => Promise.resolve(undefined) };
    return {
      standard: new IPinfoWrapper(token, cache, timeoutMs, undefined, baseUrl),
      lite: new IPinfoLiteWrapper(token, cache, timeoutMs, undefined, liteUrl),
    };
  }

  #count(addresses: number): void {
    this.#counters.requests++;
    this.#counters.asked += addresses;
    this.#day.asked += addresses;
  }

  #spent(): void {
    this.#pause(this.#day.from + 86_400_000, {
      severity: "info",
      message:
        `${this.#options.maxADay} addresses were looked up at ipinfo.io in 24 hours, which is the ceiling`,
      hint: "Places come from the local data until then",
    });
  }

  /** The library's own words hold the token, so none of them are passed on. */
  #fail(error: unknown): void {
    this.#counters.failed++;
    const { status, timedOut } = error instanceof Refusal ? error : new Refusal(0, false);
    if (status === 401 || status === 403) {
      return this.#pause(Infinity, {
        severity: "warning",
        message: `ipinfo.io refused the token (status ${status}); it is not asked again`,
        hint: "Check IPINFO_TOKEN and restart, or leave out --ipinfo",
      });
    }
    const pause = status === 429
      ? LONGEST_PAUSE_MS
      : Math.min(this.#options.pauseMs * 2 ** this.#failures, LONGEST_PAUSE_MS);
    this.#failures++;
    const what = status === 429
      ? "the month's look-ups are used up (status 429)"
      : status !== 0
      ? `it answered with status ${status}`
      : timedOut
      ? "it did not answer in time"
      : "it could not be reached, or its answer made no sense";
    this.#pause(this.#options.clock() + pause, {
      severity: "warning",
      message: `ipinfo.io gave no places: ${what}`,
      hint: `It is asked again in ${
        Math.ceil(pause / 60_000)
      } min; places come from the local data until then`,
    });
  }

  #pause(until: number, problem: IpinfoProblem): void {
    this.#pausedUntil = until;
    const waiting = [...this.#waiting];
    this.#waiting.clear(); // they come again when they are seen again
    this.#release(waiting);
    this.#options.onProblem(problem);
  }

  #answer(address: string, fields: PartialPlace | null): void {
    for (const resolve of this.#waiters.get(address) ?? []) resolve(fields);
    this.#waiters.delete(address);
  }

  #release(addresses: string[]): void {
    for (const address of addresses) this.#answer(address, null);
  }

  async #write(): Promise<void> {
    clearTimeout(this.#writeTimer);
    this.#writeTimer = undefined;
    if (this.#options.path === "") return;
    try {
      await writePlaces(this.#options.path, this.#kept);
    } catch (error) {
      this.#options.onProblem({
        severity: "info",
        message: `Places of ipinfo.io cannot be kept in "${this.#options.path}": ${
          error instanceof Error ? error.message : error
        }`,
        hint: "They are kept in memory; give a folder that can be written with --data",
      });
    }
  }
}

/** The library tells a status only in a sentence (with the token before it), and node-fetch a time-out by its type. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (!(error instanceof Error)) return new Refusal(0, false);
  if (/exceeded your total request quota/.test(error.message)) return new Refusal(429, false);
  const status = Number(/\) (\d{3}) /.exec(error.message)?.[1] ?? 0);
  const { type } = error as { type?: string };
  return new Refusal(status, type === "request-timeout" || type === "body-timeout");
}
