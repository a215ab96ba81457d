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

// A row, in words of 32 bits: two cache lines, as a row is looked at as a whole with every SYN.
/** Three numbers of 64 bits: see `SINCE`, `USUAL` and `BEGAN`. */
const COUNTS = 6;
const SKETCH = 16;
const SOURCE = 24;
const SOURCE_HASH = 28;
const LEAD = 29;
const VOTED = 30;
/** What the sketch told of the half window before. */
const SOURCES_BEFORE = 31;
const WORDS = 32;
// In numbers of 64 bits.
const SINCE = 0;
/** SYNs in a whole window, as it was over the last minutes. */
const USUAL = 1;
/** When half-open connections began to gather, packet time; 0 for not yet. */
const BEGAN = 2;

// Counts, of this half window and the one before.
const OPENED = 0;
const ANSWERED = 1;
const COMPLETED = 2;
const REFUSED = 3;
/** Of the opened, those by clients that had completed a connection there before. */
const BY_CLIENTS = 4;
const KINDS = 5;

export class FloodTable {
  /** Two words a row: hashes of its service, the second 0 for an empty row. */
  readonly #tags = new Int32Array(2 * FLOOD_ROWS);
  readonly #words = new Int32Array(WORDS * FLOOD_ROWS);
  readonly #numbers = new Float64Array(this.#words.buffer);
  readonly #bytes = new Uint8Array(this.#words.buffer);
  size = 0;
  evicted = 0;

  /**
   * Row of a service; -1 where there is none and `make` is false.
   *
   * @param host Hash of its address. @param port 65,536 for all of a host.
   */
  find(host: number, port: number, clockUs: number, make: boolean): number {
    const tags = this.#tags;
    const key = hashWith(host, port);
    const check = hashWith(host ^ 0x5bd1e995, port) | 1;
    const first = (key & (PLACES - 1)) * WAYS;
    for (let row = first; row < first + WAYS; row++) {
      if (tags[2 * row] === key && tags[2 * row + 1] === check) {
        this.#turn(row, clockUs);
        return row;
      }
    }
    return make ? this.#make(key, check, clockUs) : -1;
  }

  open(row: number, bytes: Uint8Array, sourceAt: number, source: number): void {
    const words = this.#words;
    const at = WORDS * row;
    words[at + COUNTS + OPENED]++;
    words[at + SKETCH + (source >>> 5 & SKETCH_WORDS - 1)] |= 1 << (source & 31);
    words[at + VOTED]++;
    // The source that most SYNs come from, if one has most of them: Boyer and Moore's vote.
    if (words[at + SOURCE_HASH] === source) words[at + LEAD]++;
    else if (words[at + LEAD] > 0) words[at + LEAD]--;
    else {
      words[at + SOURCE_HASH] = source;
      words[at + LEAD] = 1;
      for (let i = 0; i < 16; i++) this.#bytes[4 * (at + SOURCE) + i] = bytes[sourceAt + i];
    }
  }

  /** The SYN counted last is of a client that had completed a connection there before. */
  openedByClient(row: number): void {
    this.#words[WORDS * row + COUNTS + BY_CLIENTS]++;
  }

  /** Counts SYNs of whose sources nothing is known. */
  skip(row: number, opened: number, answered: number): void {
    this.#words[WORDS * row + COUNTS + OPENED] += opened;
    this.#words[WORDS * row + COUNTS + ANSWERED] += answered;
  }

  answer(row: number): void {
    this.#words[WORDS * row + COUNTS + ANSWERED]++;
  }

  complete(row: number): void {
    this.#words[WORDS * row + COUNTS + COMPLETED]++;
  }

  refuse(row: number): void {
    this.#words[WORDS * row + COUNTS + REFUSED]++;
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

  byClients(row: number): number {
    return this.#sum(row, BY_CLIENTS);
  }

  /** SYNs a window before, over some minutes; 0 for a service that was not known. */
  usual(row: number): number {
    return this.#numbers[WORDS / 2 * row + USUAL];
  }

  /** Estimate of the number of sources in a half window, this one or the one before; at most `MAX_SOURCES`. */
  sources(row: number): number {
    return Math.max(this.#sourcesNow(row), this.#words[WORDS * row + SOURCES_BEFORE]);
  }

  /** SYNs that came from one source since this half window began: on average, or, if more, at least from the busiest. */
  perSource(row: number): number {
    const at = WORDS * row;
    const mean = this.#words[at + VOTED] / Math.max(1, this.#sourcesNow(row));
    return Math.max(mean, this.#words[at + LEAD]);
  }

  /** SYNs since this half window began. */
  latest(row: number): number {
    return this.#words[WORDS * row + VOTED];
  }

  /** Where the address of the source lies that nine of ten of them come from; -1 where none has as many. */
  mainSource(row: number): number {
    const at = WORDS * row;
    return this.#words[at + LEAD] >= 0.8 * this.#words[at + VOTED] ? 4 * (at + SOURCE) : -1;
  }

  get sourceBytes(): Uint8Array {
    return this.#bytes;
  }

  /** When half-open connections began to gather there, packet time; 0 for not yet. */
  beganUs(row: number): number {
    return this.#numbers[WORDS / 2 * row + BEGAN];
  }

  setBeganUs(row: number, timeUs: number): void {
    this.#numbers[WORDS / 2 * row + BEGAN] = timeUs;
  }

  #sourcesNow(row: number): number {
    let ones = 0;
    for (let i = 0; i < SKETCH_WORDS; i++) ones += bitsOf(this.#words[WORDS * row + SKETCH + i]);
    if (ones >= SKETCH_BITS - 4) return MAX_SOURCES;
    return Math.min(MAX_SOURCES, Math.round(-SKETCH_BITS * Math.log(1 - ones / SKETCH_BITS)));
  }

  #make(key: number, check: number, clockUs: number): number {
    const tags = this.#tags;
    const first = (key & (PLACES - 1)) * WAYS;
    let least = first;
    for (let row = first; row < first + WAYS; row++) {
      if (tags[2 * row + 1] === 0) {
        least = row;
        break;
      }
      if (this.opened(row) < this.opened(least)) least = row;
    }
    if (tags[2 * least + 1] === 0) this.size++;
    else this.evicted++;
    tags[2 * least] = key;
    tags[2 * least + 1] = check;
    this.#words.fill(0, WORDS * least, WORDS * (least + 1));
    this.#numbers[WORDS / 2 * least + SINCE] = clockUs;
    return least;
  }

  #sum(row: number, what: number): number {
    const at = WORDS * row + COUNTS + what;
    return this.#words[at] + this.#words[at + KINDS];
  }

  #turn(row: number, clockUs: number): void {
    const numbers = this.#numbers;
    const elapsed = clockUs - numbers[WORDS / 2 * row + SINCE];
    if (elapsed < HALF_WINDOW_US) return;
    const words = this.#words;
    const at = WORDS * row + COUNTS;
    // Over a minute or so: an attack must not become usual while it goes on.
    numbers[WORDS / 2 * row + USUAL] += (this.opened(row) - numbers[WORDS / 2 * row + USUAL]) / 16;
    for (let i = 0; i < KINDS; i++) {
      words[at + KINDS + i] = elapsed < 2 * HALF_WINDOW_US ? words[at + i] : 0;
      words[at + i] = 0;
    }
    numbers[WORDS / 2 * row + SINCE] = clockUs;
    words[WORDS * row + SOURCES_BEFORE] = elapsed < 2 * HALF_WINDOW_US ? this.#sourcesNow(row) : 0;
    this.#forgetSources(row);
  }

  #forgetSources(row: number): void {
    const at = WORDS * row;
    this.#words.fill(0, at + SKETCH, at + SKETCH + SKETCH_WORDS);
    this.#words[at + LEAD] = 0;
    this.#words[at + VOTED] = 0;
    this.#words[at + SOURCE_HASH] = 0;
  }
}

/** How many bits of a word are set (Warren, "Hacker's Delight", §5-1). */
function bitsOf(word: number): number {
  word -= word >>> 1 & 0x5555_5555;
  word = (word & 0x3333_3333) + (word >>> 2 & 0x3333_3333);
  return Math.imul(word + (word >>> 4) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
