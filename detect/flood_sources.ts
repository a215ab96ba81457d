/**
 * Who a flood comes from, where it does not come from everywhere: the few sources that send most of it (J. Misra,
 * D. Gries: "Finding Repeated Elements", 1982). Each that sends more than a ninth of all has a place; what is counted of
 * it is at most a ninth of all too low, and right where there are no more sources than places.
 */
import { formatAddress } from "../model/address.ts";

/** Sources told apart. */
export const FLOOD_SOURCES = 8;
const ADDRESS_BYTES = 16;

export class FloodSources {
  readonly #hashes = new Int32Array(FLOOD_SOURCES);
  /** 0 for a free place. */
  readonly #counts = new Int32Array(FLOOD_SOURCES);
  readonly #bytes = new Uint8Array(FLOOD_SOURCES * ADDRESS_BYTES);

  /** There were no more sources than places, so all are listed and the counts are right. */
  isComplete = true;

  /** @param at Where its address lies in `bytes`. @param hash Of the address. */
  add(bytes: Uint8Array, at: number, hash: number): void {
    const counts = this.#counts;
    let free = -1;
    for (let i = 0; i < FLOOD_SOURCES; i++) {
      if (counts[i] === 0) free = i;
      else if (this.#hashes[i] === hash) {
        counts[i]++;
        return;
      }
    }
    if (free < 0) {
      this.isComplete = false;
      for (let i = 0; i < FLOOD_SOURCES; i++) counts[i]--;
      return;
    }
    this.#hashes[free] = hash;
    counts[free] = 1;
    for (let i = 0; i < ADDRESS_BYTES; i++) this.#bytes[free * ADDRESS_BYTES + i] = bytes[at + i];
  }

  /** Those of most first. @param version IP version of all. */
  list(version: number): { source: string; connections: number }[] {
    const places = [...this.#counts.keys()].filter((i) => this.#counts[i] > 0);
    return places.sort((a, b) => this.#counts[b] - this.#counts[a]).map((i) => ({
      source: formatAddress(this.#bytes, i * ADDRESS_BYTES, version),
      connections: this.#counts[i],
    }));
  }
}
