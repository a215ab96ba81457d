/**
 * What was seen once: most pairs of hosts never meet again, so they are noted in some dozens of bytes, and only the
 * second meeting is worth an object. Fixed size; in sets of four, of which the one noted longest ago makes room.
 */
const WAYS = 4;
/** Words of a key: its two halves, when it was noted (by count, 0 for empty), and one to fill up a cache line a set. */
const KEY = 4;
const AT = 2;

/** What is kept of each, as it lies in `values`: one cache line holds two. */
const VALUE = 4;
/** When it was. */
export const TIME_US = 0;
/** In which flow. */
export const FLOW_ID = 1;
/** Two numbers of whoever asks, -1 at first: payload of that flow to the server and back, as a rule. */
export const UP = 2;
export const DOWN = 3;

export class FirstSeen {
  readonly #keys: Int32Array;
  readonly #mask: number;
  /** From a place on: `TIME_US`, `FLOW_ID`, `UP`, `DOWN`. */
  readonly values: Float64Array;
  #clock = 0;
  size = 0;
  evicted = 0;

  /** @param capacity Power of two. */
  constructor(readonly capacity: number) {
    this.#keys = new Int32Array(KEY * capacity);
    this.#mask = capacity / WAYS - 1;
    this.values = new Float64Array(VALUE * capacity);
  }

  /** The place of a key in `values`; -1 for none. */
  find(first: number, second: number): number {
    first |= 0;
    second |= 0;
    const keys = this.#keys;
    const start = (first & this.#mask) * WAYS * KEY;
    for (let at = start; at < start + WAYS * KEY; at += KEY) {
      if (keys[at] === first && keys[at + 1] === second && keys[at + AT] !== 0) return at / KEY * VALUE;
    }
    return -1;
  }

  /** Notes a key that is not known. @returns Its place. */
  add(first: number, second: number, timeUs: number, flowId: number): number {
    const keys = this.#keys;
    const start = (first & this.#mask) * WAYS * KEY;
    let oldest = start;
    for (let at = start + KEY; at < start + WAYS * KEY; at += KEY) {
      if (keys[at + AT] < keys[oldest + AT]) oldest = at;
    }
    if (keys[oldest + AT] === 0) this.size++;
    else this.evicted++;
    keys[oldest] = first;
    keys[oldest + 1] = second;
    this.#clock = this.#clock + 1 & 0x7fff_ffff || 1;
    keys[oldest + AT] = this.#clock;
    const place = oldest / KEY * VALUE;
    const { values } = this;
    values[place + TIME_US] = timeUs;
    values[place + FLOW_ID] = flowId;
    values[place + UP] = values[place + DOWN] = -1;
    return place;
  }

  delete(place: number): void {
    this.#keys[place / VALUE * KEY + AT] = 0;
    this.size--;
  }
}
