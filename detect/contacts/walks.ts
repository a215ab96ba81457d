/**
 * Random walks in progress, bounded so that those which matter stay: a source that failed once (which a flood of forged
 * ones does a million times) lives among its like, one that failed again moves on to a place of its own, and one that
 * was convicted to another.
 */
import { Recent } from "../recent.ts";
import type { RuleState } from "../contract.ts";

export interface Walk {
  /** Failures so far. */
  failures: number;
  convicted: boolean;
  /** The inspector's clock at its last outcome, microseconds. */
  lastUs: number;
}

export class Walks<W extends Walk> {
  readonly #fresh: Recent<string, W>;
  readonly #walking: Recent<string, W>;
  readonly #convicted: Recent<string, W>;

  constructor(capacity: number, convictedCapacity: number) {
    this.#fresh = new Recent(capacity);
    this.#walking = new Recent(capacity);
    this.#convicted = new Recent(convictedCapacity);
  }

  get(key: string): W | undefined {
    return this.#fresh.get(key) ?? this.#walking.get(key) ?? this.#convicted.get(key); // it is in one of them
  }

  /** Puts a walk where it belongs by what it has come to. */
  put(key: string, walk: W): void {
    if (walk.convicted) {
      this.#walking.delete(key);
      this.#fresh.delete(key);
      this.#convicted.set(key, walk);
    } else if (walk.failures > 1) {
      this.#fresh.delete(key);
      this.#walking.set(key, walk);
    } else this.#fresh.set(key, walk);
  }

  delete(key: string): void {
    this.#fresh.delete(key);
    this.#walking.delete(key);
    this.#convicted.delete(key);
  }

  /** Those convicted, used longest ago first. */
  get convicted(): IterableIterator<W> {
    return this.#convicted.values();
  }

  get convictedCount(): number {
    return this.#convicted.size;
  }

  get state(): RuleState {
    const all = [this.#fresh, this.#walking, this.#convicted];
    const sum = (count: (recent: Recent<string, W>) => number) => all.reduce((n, one) => n + count(one), 0);
    return {
      entries: sum(({ size }) => size),
      capacity: sum(({ capacity }) => capacity),
      evicted: sum(({ evicted }) => evicted),
    };
  }
}
