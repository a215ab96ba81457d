/**
 * What was seen once: most pairs of hosts never meet again, so they are noted in some dozens of bytes, and only the
 * second meeting is worth an object. Fixed size; in sets of four, of which the one noted longest ago makes room.
 */
const WAYS = 4;

export class FirstSeen {
  readonly #first: Int32Array;
  readonly #second: Int32Array;
  readonly #at: Uint32Array;
  readonly #mask: number;
  #clock = 0;
  /** Place of what was noted last. */
  last = 0;
  size = 0;
  evicted = 0;
  /** By place: when it was. */
  readonly timeUs: Float64Array;
  /** By place: in which flow. */
  readonly flowId: Float64Array;
  /** By place: two numbers of whoever asks, -1 at first: payload of that flow to the server and back, as a rule. */
  readonly up: Float64Array;
  readonly down: Float64Array;

  /** @param capacity Power of two. */
  constructor(readonly capacity: number) {
    this.#first = new Int32Array(capacity);
    this.#second = new Int32Array(capacity);
    this.#at = new Uint32Array(capacity);
    this.#mask = capacity / WAYS - 1;
    this.timeUs = new Float64Array(capacity);
    this.flowId = new Float64Array(capacity);
    this.up = new Float64Array(capacity);
    this.down = new Float64Array(capacity);
  }

  /** The place of a key; -1 for none. */
  find(first: number, second: number): number {
    first |= 0;
    second |= 0;
    const start = (first & this.#mask) * WAYS;
    for (let place = start; place < start + WAYS; place++) {
      if (this.#first[place] === first && this.#second[place] === second && this.#at[place] > 0) return place;
    }
    return -1;
  }

  /** Notes a key that is not known. */
  add(first: number, second: number, timeUs: number, flowId: number): void {
    const start = (first & this.#mask) * WAYS;
    let place = start;
    for (let other = start + 1; other < start + WAYS; other++) {
      if (this.#at[other] < this.#at[place]) place = other;
    }
    if (this.#at[place] === 0) this.size++;
    else this.evicted++;
    this.#first[place] = first;
    this.#second[place] = second;
    this.#at[place] = ++this.#clock;
    this.timeUs[place] = timeUs;
    this.flowId[place] = flowId;
    this.up[place] = this.down[place] = -1;
    this.last = place;
  }

  delete(place: number): void {
    this.#at[place] = 0;
    this.size--;
  }
}
