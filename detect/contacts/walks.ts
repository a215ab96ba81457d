/**
 * Random walks in progress, bounded so that those which matter stay: a source that failed once (which a flood of forged
 * ones does a million times) lives among its like, one that failed again moves on to a place of its own, and one that
 * was convicted to another.
 */
import { Hashed } from "../hashed.ts";
import { Maybe } from "../maybe.ts";
import type { RuleState } from "../contract.ts";

export interface Walk {
  /** Failures so far. */
  failures: number;
  convicted: boolean;
  /** The inspector's clock at its last outcome, microseconds. */
  lastUs: number;
}

/** What is left of the longest gap with each further attempt: a stray one long before a scan says nothing of its pace. */
export const KEPT_GAP = 0.9;
/** A pause so many times the longest there was ends what goes on slowly. */
const PAUSES = 2;

/**
 * Seconds without anything new after which an alert of walks is over, going by their own pace; no longer than they are
 * remembered.
 *
 * @param gapUs Longest time between two attempts lately.
 */
export function quietSecondsOf(gapUs: number, forgetSeconds: number): number {
  return Math.min(forgetSeconds, PAUSES * gapUs / 1e6);
}

/** Keys that a look-up in vain is told from: about as many as there are walks. */
const KNOWN = 16_384;

/** By hashes of 64 bits, see `Contact`. */
export class Walks<W extends Walk> {
  readonly #fresh: Hashed<W>;
  readonly #walking: Hashed<W>;
  readonly #convicted: Hashed<W>;
  /** First halves of all keys. */
  readonly #known = new Maybe(KNOWN, (known) => {
    for (const table of [this.#fresh, this.#walking, this.#convicted]) table.addTo(known);
  });

  /** @param capacity,convictedCapacity Powers of two. */
  constructor(capacity: number, convictedCapacity: number) {
    this.#fresh = new Hashed(capacity);
    this.#walking = new Hashed(capacity);
    this.#convicted = new Hashed(convictedCapacity);
  }

  get(first: number, second: number): W | undefined {
    if (!this.#known.has(first)) return undefined;
    // It is in one of them.
    return this.#fresh.get(first, second) ?? this.#walking.get(first, second) ??
      this.#convicted.get(first, second);
  }

  /** Puts a walk where it belongs by what it has come to. */
  put(first: number, second: number, walk: W): void {
    if (!this.#known.has(first)) this.#known.add(first);
    if (walk.convicted) {
      this.#walking.delete(first, second);
      this.#fresh.delete(first, second);
      this.#convicted.set(first, second, walk);
    } else if (walk.failures > 1) {
      this.#fresh.delete(first, second);
      this.#walking.set(first, second, walk);
    } else this.#fresh.set(first, second, walk);
  }

  delete(first: number, second: number): void {
    this.#fresh.delete(first, second);
    this.#walking.delete(first, second);
    this.#convicted.delete(first, second);
  }

  get state(): RuleState {
    const all = [this.#fresh, this.#walking, this.#convicted];
    const sum = (count: (recent: Hashed<W>) => number) => all.reduce((n, one) => n + count(one), 0);
    return {
      entries: sum(({ size }) => size),
      capacity: sum(({ capacity }) => capacity),
      evicted: sum(({ evicted }) => evicted),
    };
  }
}
