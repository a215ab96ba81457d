/**
 * A cache with a ceiling: what was asked for longest ago goes when there is no room. It counts, so that its size can be
 * judged from outside.
 */

/** What a cache has done since it was made. */
export interface CacheCounters {
  size: number;
  capacity: number;
  hits: number;
  misses: number;
  evictions: number;
}

/** Least recently used goes first: a `Map` keeps the order in which keys were put in. */
export class LruCache<K, V> {
  readonly capacity: number;
  #entries = new Map<K, V>();
  #hits = 0;
  #misses = 0;
  #evictions = 0;

  /** @param capacity Entries kept at most, 1 or more. */
  constructor(capacity: number) {
    this.capacity = Math.max(1, capacity);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value of `key`, which is now the youngest; `undefined` where there is none. Counts. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) {
      this.#misses++;
      return undefined;
    }
    this.#hits++;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /** As `get`, but neither counts nor makes younger. */
  peek(key: K): V | undefined {
    return this.#entries.get(key);
  }

  set(key: K, value: V): void {
    if (!this.#entries.delete(key) && this.#entries.size >= this.capacity) {
      this.#entries.delete(this.#entries.keys().next().value!);
      this.#evictions++;
    }
    this.#entries.set(key, value);
  }

  delete(key: K): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Oldest first. */
  entries(): IterableIterator<[K, V]> {
    return this.#entries.entries();
  }

  counters(): CacheCounters {
    return {
      size: this.#entries.size,
      capacity: this.capacity,
      hits: this.#hits,
      misses: this.#misses,
      evictions: this.#evictions,
    };
  }
}
