/**
 * A bounded memory for rules: a map that forgets what was used longest ago when it is full, and says how often it had
 * to. Whatever a rule remembers of sources, pairs or names goes into one of these.
 *
 * The order of use is a chain through the entries: taking a key out of a `Map` and putting it back, which is the usual
 * way, costs several times as much, and makes the map build itself anew again and again.
 */
const NONE = -1;
const FEWEST = 16;

export class Recent<K, V> {
  readonly #places = new Map<K, number>();
  readonly #keys: (K | undefined)[] = [];
  readonly #values: (V | undefined)[] = [];
  /** The chain, by place: used before and after this one. */
  #before = new Int32Array(FEWEST);
  #after = new Int32Array(FEWEST);
  #oldest = NONE;
  #newest = NONE;
  /** First of the places that are free again; `#after` leads to the next. */
  #free = NONE;
  readonly #forgotten: ((key: K, value: V) => void) | undefined;
  readonly capacity: number;
  evicted = 0;

  /** @param forgotten Told of each entry that has to go for want of room. */
  constructor(capacity: number, forgotten?: (key: K, value: V) => void) {
    this.capacity = capacity;
    this.#forgotten = forgotten;
  }

  get size(): number {
    return this.#places.size;
  }

  /** The entry, which counts as used now. */
  get(key: K): V | undefined {
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    this.#use(place);
    return this.#values[place];
  }

  /** The entry, without counting as use. */
  peek(key: K): V | undefined {
    const place = this.#places.get(key);
    return place === undefined ? undefined : this.#values[place];
  }

  set(key: K, value: V): void {
    const known = this.#places.get(key);
    if (known !== undefined) {
      this.#use(known);
      this.#values[known] = value;
      return;
    }
    if (this.#places.size < this.capacity) return this.#add(key, value);
    const place = this.#oldest;
    const [oldest, old] = [this.#keys[place] as K, this.#values[place] as V];
    this.delete(oldest);
    this.evicted++;
    this.#add(key, value);
    this.#forgotten?.(oldest, old);
  }

  delete(key: K): boolean {
    const place = this.#places.get(key);
    if (place === undefined) return false;
    this.#places.delete(key);
    this.#unchain(place);
    this.#keys[place] = this.#values[place] = undefined;
    this.#after[place] = this.#free;
    this.#before[place] = NONE;
    this.#free = place;
    return true;
  }

  clear(): void {
    for (const key of [...this.#places.keys()]) this.delete(key);
  }

  /** Used longest ago first. The entry at hand may be deleted, others not. */
  *entries(): IterableIterator<[K, V]> {
    for (let place = this.#oldest; place !== NONE;) {
      const after = this.#after[place];
      yield [this.#keys[place] as K, this.#values[place] as V];
      place = after;
    }
  }

  *keys(): IterableIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): IterableIterator<V> {
    for (let place = this.#oldest; place !== NONE;) {
      const after = this.#after[place];
      yield this.#values[place] as V;
      place = after;
    }
  }

  #add(key: K, value: V): void {
    let place = this.#free;
    if (place !== NONE) this.#free = this.#after[place];
    else {
      place = this.#keys.length;
      if (place === this.#after.length) this.#grow();
    }
    this.#keys[place] = key;
    this.#values[place] = value;
    this.#places.set(key, place);
    this.#chain(place);
  }

  #use(place: number): void {
    if (place === this.#newest) return;
    this.#unchain(place);
    this.#chain(place);
  }

  #chain(place: number): void {
    this.#before[place] = this.#newest;
    this.#after[place] = NONE;
    if (this.#newest === NONE) this.#oldest = place;
    else this.#after[this.#newest] = place;
    this.#newest = place;
  }

  #unchain(place: number): void {
    const before = this.#before[place];
    const after = this.#after[place];
    if (before === NONE) this.#oldest = after;
    else this.#after[before] = after;
    if (after === NONE) this.#newest = before;
    else this.#before[after] = before;
  }

  #grow(): void {
    const size = 2 * this.#after.length;
    const [before, after] = [new Int32Array(size), new Int32Array(size)];
    before.set(this.#before);
    after.set(this.#after);
    this.#before = before;
    this.#after = after;
  }
}
