/**
 * A bounded memory for rules: a map that forgets what was used longest ago when it is full, and says how often it had
 * to. Whatever a rule remembers of sources, pairs or names goes into one of these.
 */
export class Recent<K, V> {
  readonly #map = new Map<K, V>();
  readonly #forgotten: ((key: K, value: V) => void) | undefined;
  readonly capacity: number;
  evicted = 0;

  /** @param forgotten Told of each entry that has to go for want of room. */
  constructor(capacity: number, forgotten?: (key: K, value: V) => void) {
    this.capacity = capacity;
    this.#forgotten = forgotten;
  }

  get size(): number {
    return this.#map.size;
  }

  /** The entry, which counts as used now. */
  get(key: K): V | undefined {
    const value = this.#map.get(key);
    if (value === undefined) return undefined;
    this.#map.delete(key);
    this.#map.set(key, value);
    return value;
  }

  /** The entry, without counting as use: several times as fast. */
  peek(key: K): V | undefined {
    return this.#map.get(key);
  }

  set(key: K, value: V): void {
    if (this.#map.delete(key) || this.#map.size < this.capacity) {
      this.#map.set(key, value);
      return;
    }
    const [oldest, old] = this.#map.entries().next().value!;
    this.#map.delete(oldest);
    this.evicted++;
    this.#map.set(key, value);
    this.#forgotten?.(oldest, old);
  }

  delete(key: K): boolean {
    return this.#map.delete(key);
  }

  clear(): void {
    this.#map.clear();
  }

  /** Used longest ago first. */
  entries(): IterableIterator<[K, V]> {
    return this.#map.entries();
  }

  keys(): IterableIterator<K> {
    return this.#map.keys();
  }

  values(): IterableIterator<V> {
    return this.#map.values();
  }
}
