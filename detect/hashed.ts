/**
 * A bounded memory for what is looked up with nearly every flow: like `Recent`, but by hashes of 64 bits, which
 * `FlowFact` has ready, in place of texts that would have to be put together each time. Nothing is allocated but what
 * is remembered. The table is cut into sets of eight; where one is full, what was used longest ago of it is forgotten.
 *
 * What is looked at together lies together: such tables are larger than the processor's caches, and fetching is what
 * they cost.
 *
 * Two keys have the same 64 bits once in some billions of billions, and never for pairs of IPv4 addresses.
 */
import type { Maybe } from "./maybe.ts";

const WAYS = 8;
/** A set, in words: eight first halves of keys, which look-ups in vain read alone; eight second halves ... */
const SECOND = WAYS;
/** ... and when each was used: a count, 0 for no entry. */
const USED = 2 * WAYS;
const SET = 4 * WAYS;
/** Counts go round here: then all entries count as used long ago. */
const LAST_COUNT = 0x7fff_ffff;

export class Hashed<V> {
  readonly #keys: Int32Array;
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
    this.#keys = new Int32Array(capacity / WAYS * SET);
    this.#values = new Array<V | undefined>(capacity).fill(undefined);
    this.#mask = capacity / WAYS - 1;
    this.#forgotten = forgotten;
  }

  /** The entry, which counts as used now. */
  get(first: number, second: number): V | undefined {
    if (this.size === 0) return undefined;
    const at = this.#find(first, second);
    if (at < 0) return undefined;
    this.#keys[at + USED] = this.#now();
    return this.#values[valueOf(at)];
  }

  set(first: number, second: number, value: V): void {
    let at = this.#find(first, second);
    if (at < 0) at = this.#room(first);
    this.#keys[at] = first;
    this.#keys[at + SECOND] = second;
    this.#keys[at + USED] = this.#now();
    this.#values[valueOf(at)] = value;
  }

  delete(first: number, second: number): boolean {
    return this.take(first, second) !== undefined;
  }

  /** Takes the entry out. */
  take(first: number, second: number): V | undefined {
    if (this.size === 0) return undefined;
    const at = this.#find(first, second);
    if (at < 0) return undefined;
    const value = this.#values[valueOf(at)];
    this.#values[valueOf(at)] = undefined;
    this.#keys[at + USED] = 0;
    this.size--;
    return value;
  }

  /** In no order; the entry at hand may be taken out. */
  *values(): IterableIterator<V> {
    if (this.size === 0) return;
    for (const value of this.#values) if (value !== undefined) yield value;
  }

  /** Adds the first half of each key, for look-ups to come. */
  addTo(known: Maybe): void {
    const keys = this.#keys;
    for (let start = 0; start < keys.length; start += SET) {
      for (let at = start; at < start + WAYS; at++) if (keys[at + USED] !== 0) known.add(keys[at]);
    }
  }

  /** Where the key lies in `#keys`; -1 for nowhere. */
  #find(first: number, second: number): number {
    first |= 0;
    second |= 0;
    const keys = this.#keys;
    const start = (first & this.#mask) * SET;
    for (let at = start; at < start + WAYS; at++) {
      if (keys[at] === first && keys[at + SECOND] === second && keys[at + USED] !== 0) return at;
    }
    return -1;
  }

  #room(first: number): number {
    const keys = this.#keys;
    const start = (first & this.#mask) * SET;
    let least = start;
    for (let at = start; at < start + WAYS; at++) {
      if (keys[at + USED] === 0) {
        this.size++;
        return at;
      }
      if (keys[at + USED] < keys[least + USED]) least = at;
    }
    this.evicted++;
    this.#forgotten?.(this.#values[valueOf(least)]!);
    return least;
  }

  #now(): number {
    if (this.#clock === LAST_COUNT) {
      const keys = this.#keys;
      for (let at = USED; at < keys.length; at += SET) {
        for (let way = 0; way < WAYS; way++) if (keys[at + way] !== 0) keys[at + way] = 1;
      }
      this.#clock = 1;
    }
    return ++this.#clock;
  }
}

/** Which value belongs to the key at `at`. */
function valueOf(at: number): number {
  return (at / SET | 0) * WAYS + at % SET;
}

/** The second half of a flow's number as a key; the first is `flowId | 0`. */
export function highHalf(flowId: number): number {
  return flowId / 0x1_0000_0000 | 0;
}
