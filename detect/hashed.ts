/**
 * A bounded memory for what is looked up with nearly every flow: like `Recent`, but by hashes of 64 bits, which
 * `FlowFact` has ready, in place of texts that would have to be put together each time. Nothing is allocated but what
 * is remembered. The table is cut into sets of eight; where one is full, what was used longest ago of it is forgotten.
 *
 * Two keys have the same 64 bits once in some billions of billions, and never for pairs of IPv4 addresses.
 */
const WAYS = 8;

export class Hashed<V> {
  readonly #first: Int32Array;
  readonly #second: Int32Array;
  readonly #used: Uint32Array;
  readonly #values: (V | undefined)[];
  readonly #mask: number;
  readonly #forgotten: ((value: V) => void) | undefined;
  #clock = 0;
  readonly capacity: number;
  size = 0;
  evicted = 0;

  /** @param capacity A power of two, 8 or more. @param forgotten Told of each that has to go for want of room. */
  constructor(capacity: number, forgotten?: (value: V) => void) {
    this.capacity = capacity;
    this.#first = new Int32Array(capacity);
    this.#second = new Int32Array(capacity);
    this.#used = new Uint32Array(capacity);
    this.#values = new Array<V | undefined>(capacity).fill(undefined);
    this.#mask = capacity / WAYS - 1;
    this.#forgotten = forgotten;
  }

  /** The entry, which counts as used now. */
  get(first: number, second: number): V | undefined {
    const at = this.#find(first, second);
    if (at < 0) return undefined;
    this.#used[at] = ++this.#clock;
    return this.#values[at];
  }

  set(first: number, second: number, value: V): void {
    let at = this.#find(first, second);
    if (at < 0) at = this.#room(first);
    this.#first[at] = first;
    this.#second[at] = second;
    this.#used[at] = ++this.#clock;
    this.#values[at] = value;
  }

  delete(first: number, second: number): boolean {
    const at = this.#find(first, second);
    if (at < 0) return false;
    this.#values[at] = undefined;
    this.size--;
    return true;
  }

  /** Takes the entry out. */
  take(first: number, second: number): V | undefined {
    const at = this.#find(first, second);
    if (at < 0) return undefined;
    const value = this.#values[at];
    this.#values[at] = undefined;
    this.size--;
    return value;
  }

  /** In no order. */
  *values(): IterableIterator<V> {
    for (const value of this.#values) if (value !== undefined) yield value;
  }

  #find(first: number, second: number): number {
    first |= 0;
    second |= 0;
    const start = (first & this.#mask) * WAYS;
    for (let at = start; at < start + WAYS; at++) {
      if (this.#first[at] === first && this.#second[at] === second && this.#values[at] !== undefined) {
        return at;
      }
    }
    return -1;
  }

  #room(first: number): number {
    const start = (first & this.#mask) * WAYS;
    let least = start;
    for (let at = start; at < start + WAYS; at++) {
      if (this.#values[at] === undefined) {
        this.size++;
        return at;
      }
      if (this.#used[at] < this.#used[least]) least = at;
    }
    this.evicted++;
    this.#forgotten?.(this.#values[least]!);
    return least;
  }
}

/** The second half of a flow's number as a key; the first is `flowId | 0`. */
export function highHalf(flowId: number): number {
  return flowId / 0x1_0000_0000 | 0;
}
