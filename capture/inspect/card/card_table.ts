/**
 * The cards of a flow by the numbers that stand for them. A `Map` takes three times as long to look up a number that is
 * no small integer, and each card number in a flow is looked up.
 */
import type { CardHit } from "./card_lanes.ts";

/** Places of a new table, a power of two; it grows before it is half full. */
const FIRST_PLACES = 8;

export class CardTable {
  /** Keys by place, 0 for a free one; open addressing, linear probing. */
  #keys = new Float64Array(FIRST_PLACES);
  #hits: (CardHit | undefined)[] = new Array(FIRST_PLACES);
  readonly #inOrder: CardHit[] = [];

  /** Cards in it. */
  get size(): number {
    return this.#inOrder.length;
  }

  /** @param key Evenly spread, not 0. */
  get(key: number): CardHit | undefined {
    return this.#hits[this.#place(key)];
  }

  /** Adds a card that is not in it yet. */
  set(key: number, hit: CardHit): void {
    if (2 * this.size >= this.#keys.length) this.#grow();
    const place = this.#place(key);
    this.#keys[place] = key;
    this.#hits[place] = hit;
    this.#inOrder.push(hit);
  }

  /** Oldest first. */
  values(): Iterable<CardHit> {
    return this.#inOrder;
  }

  /** Where a key is, or the free place where it would be. */
  #place(key: number): number {
    const keys = this.#keys;
    const last = keys.length - 1;
    // The lower 32 bits.
    let place = key % 0x1_0000_0000 & last;
    while (keys[place] !== key && keys[place] !== 0) place = place + 1 & last;
    return place;
  }

  #grow(): void {
    const keys = this.#keys;
    const hits = this.#hits;
    this.#keys = new Float64Array(2 * keys.length);
    this.#hits = new Array(2 * keys.length);
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] === 0) continue;
      const place = this.#place(keys[i]);
      this.#keys[place] = keys[i];
      this.#hits[place] = hits[i];
    }
  }
}
