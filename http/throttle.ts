/** How often somebody may ask, and how often somebody may be wrong about a token. Both tables are bounded. */

/** Addresses remembered; beyond, the one that was quiet for longest is forgotten. */
const MAX_ADDRESSES = 4096;

/** A token bucket for each client: `burst` at once, `perSecond` for ever. */
export class RateLimit {
  #buckets = new Map<string, { tokens: number; atMs: number }>();
  #perSecond: number;
  #burst: number;

  constructor(limits: { perSecond: number; burst: number }) {
    this.#perSecond = limits.perSecond;
    this.#burst = limits.burst;
  }

  /** Clients remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** @returns 0: go on; else in how many seconds (at least 1) the client may ask again. */
  take(client: string, nowMs: number): number {
    const before = this.#buckets.get(client) ?? { tokens: this.#burst, atMs: nowMs };
    const earned = Math.max(0, nowMs - before.atMs) / 1000 * this.#perSecond;
    const tokens = Math.min(this.#burst, before.tokens + earned);
    const isIn = tokens >= 1;
    putLast(this.#buckets, client, { tokens: isIn ? tokens - 1 : tokens, atMs: nowMs });
    return isIn ? 0 : Math.max(1, Math.ceil((1 - tokens) / this.#perSecond));
  }
}

/** Wrong tokens from one address that cost nothing: people mistype. */
const FREE_FAILURES = 5;
/** The first wait after them; it doubles with each further one. */
const FIRST_WAIT_MS = 1000;
const MAX_WAIT_MS = 60_000;
/** After so long without a wrong token an address is as any other. */
const FORGET_MS = 15 * 60_000;
/** Wrong tokens from all addresses together: then those who were never right have to wait. */
const ALL_BURST = 50;
const ALL_PER_SECOND = 1;
/** Addresses remembered for having been right. */
const MAX_KNOWN = 256;

/**
 * Slows down who tries tokens. While an address waits, its tokens are not looked at, right or wrong: an answer would
 * tell. Sessions are not tokens and go on.
 */
export class Attempts {
  #failures = new Map<string, { count: number; lastMs: number; untilMs: number }>();
  #known = new Map<string, true>();
  #all = new RateLimit({ perSecond: ALL_PER_SECOND, burst: ALL_BURST });
  #allUntilMs = 0;

  /** Addresses remembered. */
  get size(): number {
    return this.#failures.size;
  }

  /** Seconds until a token from `client` is looked at again; 0 for at once. */
  wait(client: string, nowMs: number): number {
    const own = this.#failures.get(client)?.untilMs ?? 0;
    const until = this.#known.has(client) ? own : Math.max(own, this.#allUntilMs);
    return Math.max(0, Math.ceil((until - nowMs) / 1000));
  }

  fail(client: string, nowMs: number): void {
    const before = this.#failures.get(client);
    const count = before === undefined || nowMs - before.lastMs > FORGET_MS ? 1 : before.count + 1;
    const excess = count - FREE_FAILURES;
    const waitMs = excess <= 0 ? 0 : Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(excess - 1, 16));
    putLast(this.#failures, client, { count, lastMs: nowMs, untilMs: nowMs + waitMs });
    const all = this.#all.take("", nowMs);
    if (all > 0) this.#allUntilMs = nowMs + all * 1000;
  }

  succeed(client: string): void {
    this.#failures.delete(client);
    putLast(this.#known, client, true, MAX_KNOWN);
  }
}

/** A Map keeps the order of insertion: the first is the one that was quiet for longest. */
function putLast<T>(table: Map<string, T>, key: string, value: T, capacity = MAX_ADDRESSES): void {
  table.delete(key);
  if (table.size >= capacity) table.delete(table.keys().next().value!);
  table.set(key, value);
}
