/**
 * A map of which most have one entry and never more: the first is kept in the object itself, and only the second is
 * worth a `Map`. In the order in which keys were added, as a `Map`.
 */
export class Few<K, V> {
  /** Of the only entry, while there is no map. */
  #key: K | undefined;
  #value: V | undefined;
  #map: Map<K, V> | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: K): V | undefined {
    if (this.#map !== null) return this.#map.get(key);
    return this.#size === 1 && this.#key === key ? this.#value : undefined;
  }

  set(key: K, value: V): void {
    if (this.#map === null) {
      if (this.#size === 0 || this.#key === key) {
        this.#key = key;
        this.#value = value;
        this.#size = 1;
        return;
      }
      this.#map = new Map([[this.#key as K, this.#value as V]]);
      this.#key = this.#value = undefined;
    }
    this.#map.set(key, value);
    this.#size = this.#map.size;
  }

  delete(key: K): void {
    if (this.#map !== null) {
      this.#map.delete(key);
      this.#size = this.#map.size;
    } else if (this.#size === 1 && this.#key === key) this.clear();
  }

  clear(): void {
    this.#key = this.#value = undefined;
    this.#map = null;
    this.#size = 0;
  }

  /** The key that was added first, of those there are. */
  get oldest(): K {
    return (this.#map === null ? this.#key : this.#map.keys().next().value) as K;
  }

  keys(): Iterable<K> {
    return this.#map?.keys() ?? (this.#size === 1 ? [this.#key as K] : []);
  }

  values(): Iterable<V> {
    return this.#map?.values() ?? (this.#size === 1 ? [this.#value as V] : []);
  }

  entries(): Iterable<[K, V]> {
    return this.#map?.entries() ?? (this.#size === 1 ? [[this.#key as K, this.#value as V]] : []);
  }
}
