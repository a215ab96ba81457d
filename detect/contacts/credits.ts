/**
 * First contacts that succeeded, counted for sources that nobody suspects yet: a walk that begins with a failure begins
 * where these have brought it. Without them a monitor whose dead hosts are known two seconds after all others answered
 * would look like one that only fails.
 *
 * What succeeded within the last four to eight seconds is counted apart and in full: of many attempts at once, those that
 * succeed are known first, and those that fail seem to come in a row. Both are read when an attempt is made and, where most
 * of what was tried along with it has succeeded by then, again when its outcome is known: of many attempts at once the
 * dead may have had their turn first. Where most has not, it is silence that is not known yet.
 *
 * Counts are kept by hash, in two tables that take turns, and go no higher than 15: the lower bound is four successes
 * away.
 */
import { hashWith } from "./address_hash.ts";
import { HashSet } from "./hash_set.ts";

const PLACES = 65_536;
const MOST = 15;
const TURN_US = 3_600e6;
/** Outcomes of attempts made together lie so far apart: silence takes two seconds to be known. */
const BURST_US = 4e6;
const MOST_IN_BURST = 60_000;
/** Units of a burst: a success counts four, and one that proved to be a connection without a word (`BARE`) one. */
const WHOLE = 4;

// What is kept of a source and a target, or a source and a port: four words, which are read together.
const FIELDS = 4;
/** Successes of this hour in the low byte, of the one before in the next. */
const COUNTS = 0;
/** Of this turn of `BURST_US` in the low half, of the one before in the high half. */
const BURSTS = 1;
/** Attempts, by turns as bursts. */
const TRIES = 3;
/** Turn in which the entry was brought up to date last: nothing need be cleared by who turns. */
const TURN = 2;

export class Credits {
  /** (source, target, service) that counted already. */
  readonly #known = new HashSet(16_384);
  /** The same of attempts, whatever came of them. */
  readonly #tried = new HashSet(4_096);
  readonly #entries = new Int32Array(FIELDS * PLACES);
  /** Turns of bursts so far, and how many there had been when this hour began, and the one before. */
  #turns = 2;
  #hourTurn = 1;
  #lastHourTurn = 1;
  readonly #burstUntil = new Float64Array(1);
  /** Clock at which a source reached something last, by hash of source and kind of network. */
  readonly #reached = new Float64Array(PLACES);
  readonly #until = new Float64Array(1);

  /**
   * @param client,server,service Hashes; `service` of the server's address, protocol and port.
   * @param port Of the service, with its protocol; the low half 0 for what has no ports, which says nothing of others.
   */
  add(client: number, server: number, service: number, port: number, clockUs: number): void {
    if (clockUs >= this.#until[0]) this.#turnHour(clockUs);
    const contact = hashWith(client, service);
    if (this.#known.has(contact)) return;
    this.#known.add(contact);
    if (clockUs >= this.#burstUntil[0]) this.#turnBurst(clockUs);
    if ((port & 0xffff) !== 0) this.#succeeded(hashWith(client, server));
    this.#succeeded(hashWith(client, port));
  }

  /** Counts an attempt at a service; again and again at the same is one. Arguments as of `add`. */
  attempt(client: number, server: number, service: number, port: number, clockUs: number): void {
    const contact = hashWith(client, service);
    if (this.#tried.has(contact)) return;
    this.#tried.add(contact);
    if (clockUs >= this.#burstUntil[0]) this.#turnBurst(clockUs);
    if ((port & 0xffff) !== 0) this.#attempted(hashWith(client, server));
    this.#attempted(hashWith(client, port));
  }

  /** Whether the source has succeeded at the service before. */
  knows(client: number, service: number): boolean {
    return this.#known.has(hashWith(client, service));
  }

  /** What `read` found. */
  count = 0;
  burst = 0;
  /** Attempts of the latest, of which `burst` have succeeded so far. */
  tries = 0;

  /** Successes of a source so far at one target, over all ports, or at one port, over all targets; and the latest. */
  read(client: number, serverOrPort: number, clockUs: number): void {
    if (clockUs >= this.#burstUntil[0]) this.#turnBurst(clockUs);
    const at = this.#entry(hashWith(client, serverOrPort));
    this.count = this.#count(at);
    const bursts = this.#entries[at + BURSTS];
    this.burst = ((bursts & 0xffff) + (bursts >>> 16)) / WHOLE;
    const tries = this.#entries[at + TRIES];
    this.tries = (tries & 0xffff) + (tries >>> 16);
  }

  /** A source reached something. @param network Which networks are told apart: IP version, private or not. */
  reach(client: number, network: number, clockUs: number): void {
    this.#reached[hashWith(client, network) & (PLACES - 1)] = clockUs;
  }

  /** When it did last, by the clock; 0 for never. */
  reachedUs(client: number, network: number): number {
    return this.#reached[hashWith(client, network) & (PLACES - 1)];
  }

  /** It was a connection without a word. */
  takeBack(client: number, server: number, port: number): void {
    this.#failed(hashWith(client, server));
    this.#failed(hashWith(client, port));
  }

  /** Where the entry of a hash lies, brought up to this turn. */
  #entry(hash: number): number {
    const entries = this.#entries;
    const at = FIELDS * (hash & (PLACES - 1));
    const turn = entries[at + TURN];
    if (turn === this.#turns) return at;
    const isNext = turn === this.#turns - 1;
    entries[at + BURSTS] = isNext ? entries[at + BURSTS] << 16 : 0;
    entries[at + TRIES] = isNext ? entries[at + TRIES] << 16 : 0;
    if (turn < this.#hourTurn) {
      entries[at + COUNTS] = turn < this.#lastHourTurn ? 0 : (entries[at + COUNTS] & 0xff) << 8;
    }
    entries[at + TURN] = this.#turns;
    return at;
  }

  #count(at: number): number {
    const both = this.#entries[at + COUNTS];
    return Math.max(both & 0xff, both >> 8);
  }

  #succeeded(hash: number): void {
    const entries = this.#entries;
    const at = this.#entry(hash);
    entries[at + COUNTS] = entries[at + COUNTS] & 0xff00 | Math.min(MOST, this.#count(at) + 1);
    if ((entries[at + BURSTS] & 0xffff) < MOST_IN_BURST) entries[at + BURSTS] += WHOLE;
  }

  #attempted(hash: number): void {
    const at = this.#entry(hash) + TRIES;
    if ((this.#entries[at] & 0xffff) < MOST_IN_BURST) this.#entries[at]++;
  }

  #failed(hash: number): void {
    const entries = this.#entries;
    const at = this.#entry(hash);
    const older = entries[at + COUNTS] >> 8;
    entries[at + COUNTS] = Math.max(0, older - 1) << 8 | Math.min(MOST, Math.max(0, this.#count(at) - 1));
    let now = entries[at + BURSTS] & 0xffff;
    let before = entries[at + BURSTS] >>> 16;
    if (now >= WHOLE) now -= WHOLE - 1;
    else before = Math.max(0, before - (WHOLE - 1));
    entries[at + BURSTS] = before << 16 | now;
  }

  #turnBurst(clockUs: number): void {
    const isOld = clockUs - this.#burstUntil[0] >= BURST_US;
    this.#burstUntil[0] = clockUs + BURST_US;
    this.#turns += isOld ? 2 : 1;
  }

  /** A turn begins with each hour, so that each is of one hour alone. */
  #turnHour(clockUs: number): void {
    this.#until[0] = clockUs + TURN_US;
    this.#turnBurst(clockUs);
    this.#lastHourTurn = this.#hourTurn;
    this.#hourTurn = this.#turns;
    this.#known.clear();
  }
}
