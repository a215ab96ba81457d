/** A table with a ceiling: who was active least recently goes, and is counted. */

export class Recent<V> {
  readonly capacity: number;
  /** Entries that had to go for newer ones. */
  forgotten = 0;
  #entries = new Map<string, V>();
  #onForget: ((value: V) => void) | null;

  /** @param capacity Entries kept at most. @param onForget Takes each that has to go. */
  constructor(capacity: number, onForget: ((value: V) => void) | null = null) {
    this.capacity = Math.max(1, capacity);
    this.#onForget = onForget;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  /** Puts an entry in, or makes it the youngest. */
  touch(key: string, value: V): void {
    const known = this.#entries.delete(key);
    if (!known && this.#entries.size >= this.capacity) {
      const [oldest, gone] = this.#entries.entries().next().value!;
      this.#entries.delete(oldest);
      this.forgotten++;
      this.#onForget?.(gone);
    }
    this.#entries.set(key, value);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  /** Oldest first. */
  values(): IterableIterator<V> {
    return this.#entries.values();
  }

  counters(): { size: number; capacity: number; forgotten: number } {
    return { size: this.size, capacity: this.capacity, forgotten: this.forgotten };
  }
}
