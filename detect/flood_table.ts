/**
 * How many connections are begun at which service, and how many of them come to something: a table of fixed size, for
 * every SYN there is. Counts are of the last five to ten seconds.
 *
 * Where a new service finds no place, the one with the fewest SYNs goes: a flood stays.
 */
import { hashWith } from "./contacts/address_hash.ts";

/** Services counted at a time. */
export const FLOOD_ROWS = 8_192;
const WAYS = 4;
const PLACES = FLOOD_ROWS / WAYS;

/** Half of the time that counts cover, microseconds. */
export const HALF_WINDOW_US = 5_000_000;

/** Bits of the sketch that estimates how many sources there are. */
const SKETCH_WORDS = 8;
const SKETCH_BITS = 32 * SKETCH_WORDS;
/** What the sketch can tell at most. */
export const MAX_SOURCES = 1_000;

// Counts, of this half window and the one before.
const OPENED = 0;
const ANSWERED = 1;
const COMPLETED = 2;
const REFUSED = 3;
const COUNTS = 4;

export class FloodTable {
  readonly #key = new Int32Array(FLOOD_ROWS);
  readonly #check = new Int32Array(FLOOD_ROWS);
  readonly #counts = new Uint32Array(2 * COUNTS * FLOOD_ROWS);
  readonly #sinceUs = new Float64Array(FLOOD_ROWS);
  /** SYNs in a whole window, as it was over the last minutes. */
  readonly #usual = new Float64Array(FLOOD_ROWS);
  /** Whether a connection was ever completed there. */
  readonly #alive = new Uint8Array(FLOOD_ROWS);
  readonly #sketch = new Int32Array(SKETCH_WORDS * FLOOD_ROWS);
  /** The source that most SYNs come from, if one has most of them (Boyer and Moore's vote), and its lead. */
  readonly #source = new Uint8Array(16 * FLOOD_ROWS);
  readonly #sourceHash = new Int32Array(FLOOD_ROWS);
  readonly #lead = new Int32Array(FLOOD_ROWS);
  readonly #voted = new Int32Array(FLOOD_ROWS);
  size = 0;
  evicted = 0;

  /**
   * Row of a service; -1 where there is none and `make` is false.
   *
   * @param host Hash of its address. @param port 65,536 for all of a host.
   */
  find(host: number, port: number, clockUs: number, make: boolean): number {
    const key = hashWith(host, port);
    const check = hashWith(host ^ 0x5bd1e995, port) | 1;
    const first = (key & (PLACES - 1)) * WAYS;
    for (let row = first; row < first + WAYS; row++) {
      if (this.#check[row] === check && this.#key[row] === key) {
        this.#turn(row, clockUs);
        return row;
      }
    }
    if (!make) return -1;
    let least = first;
    for (let row = first; row < first + WAYS; row++) {
      if (this.#check[row] === 0) least = row;
      else if (this.#check[least] !== 0 && this.#opened(row) < this.#opened(least)) least = row;
    }
    if (this.#check[least] === 0) this.size++;
    else this.evicted++;
    this.#key[least] = key;
    this.#check[least] = check;
    this.#counts.fill(0, 2 * COUNTS * least, 2 * COUNTS * (least + 1));
    this.#sinceUs[least] = clockUs;
    this.#usual[least] = 0;
    this.#alive[least] = 0;
    this.#forgetSources(least);
    return least;
  }

  open(row: number, bytes: Uint8Array, sourceAt: number, source: number): void {
    this.#counts[2 * COUNTS * row + OPENED]++;
    this.#sketch[SKETCH_WORDS * row + (source >>> 5 & SKETCH_WORDS - 1)] |= 1 << (source & 31);
    this.#voted[row]++;
    if (this.#sourceHash[row] === source) this.#lead[row]++;
    else if (this.#lead[row] > 0) this.#lead[row]--;
    else {
      this.#sourceHash[row] = source;
      this.#lead[row] = 1;
      for (let i = 0; i < 16; i++) this.#source[16 * row + i] = bytes[sourceAt + i];
    }
  }

  answer(row: number): void {
    this.#counts[2 * COUNTS * row + ANSWERED]++;
  }

  complete(row: number): void {
    this.#counts[2 * COUNTS * row + COMPLETED]++;
    this.#alive[row] = 1;
  }

  refuse(row: number): void {
    this.#counts[2 * COUNTS * row + REFUSED]++;
  }

  opened(row: number): number {
    return this.#sum(row, OPENED);
  }

  answered(row: number): number {
    return this.#sum(row, ANSWERED);
  }

  completed(row: number): number {
    return this.#sum(row, COMPLETED);
  }

  refused(row: number): number {
    return this.#sum(row, REFUSED);
  }

  /** SYNs a window before, over some minutes; 0 for a service that was not known. */
  usual(row: number): number {
    return this.#usual[row];
  }

  /** Whether a connection was completed there since it is known. */
  isAlive(row: number): boolean {
    return this.#alive[row] === 1;
  }

  /** Estimate of the number of sources since this half window began, at most `MAX_SOURCES`. */
  sources(row: number): number {
    let ones = 0;
    for (let i = 0; i < SKETCH_WORDS; i++) {
      for (let word = this.#sketch[SKETCH_WORDS * row + i]; word !== 0; word &= word - 1) ones++;
    }
    if (ones >= SKETCH_BITS - 4) return MAX_SOURCES;
    return Math.min(MAX_SOURCES, Math.round(-SKETCH_BITS * Math.log(1 - ones / SKETCH_BITS)));
  }

  /** Where the address of the source lies that nine of ten SYNs come from; -1 where none has as many. */
  mainSource(row: number): number {
    return this.#lead[row] >= 0.8 * this.#voted[row] ? 16 * row : -1;
  }

  get sourceBytes(): Uint8Array {
    return this.#source;
  }

  #opened(row: number): number {
    return this.#counts[2 * COUNTS * row + OPENED] + this.#counts[2 * COUNTS * row + COUNTS + OPENED];
  }

  #sum(row: number, what: number): number {
    return this.#counts[2 * COUNTS * row + what] + this.#counts[2 * COUNTS * row + COUNTS + what];
  }

  #turn(row: number, clockUs: number): void {
    const elapsed = clockUs - this.#sinceUs[row];
    if (elapsed < HALF_WINDOW_US) return;
    const counts = this.#counts;
    const at = 2 * COUNTS * row;
    // Over a minute or so: an attack must not become usual while it goes on.
    this.#usual[row] += (this.opened(row) - this.#usual[row]) / 16;
    for (let i = 0; i < COUNTS; i++) {
      counts[at + COUNTS + i] = elapsed < 2 * HALF_WINDOW_US ? counts[at + i] : 0;
      counts[at + i] = 0;
    }
    this.#sinceUs[row] = clockUs;
    this.#forgetSources(row);
  }

  #forgetSources(row: number): void {
    this.#sketch.fill(0, SKETCH_WORDS * row, SKETCH_WORDS * (row + 1));
    this.#lead[row] = 0;
    this.#voted[row] = 0;
    this.#sourceHash[row] = 0;
  }
}
