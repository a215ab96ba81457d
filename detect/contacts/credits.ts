/**
 * First contacts that succeeded, counted for sources that nobody suspects yet: a walk that begins with a failure begins
 * where these have brought it. Without them a monitor whose dead hosts are known two seconds after all others answered
 * would look like one that only fails.
 *
 * What succeeded within the last four to eight seconds is counted apart and in full: of many attempts at once, those that
 * succeed are known first, and those that fail seem to come in a row. So both are read when an attempt is made, not when
 * its outcome is known.
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

export class Credits {
  /** (source, target, service) that counted already. */
  #known = new HashSet(16_384);
  #counts = new Uint8Array(PLACES);
  #older = new Uint8Array(PLACES);
  #burst = new Uint16Array(PLACES);
  #burstBefore = new Uint16Array(PLACES);
  readonly #burstUntil = new Float64Array(1);
  /** Clock at which a source reached something last, by hash of source and kind of network. */
  readonly #reached = new Float64Array(PLACES);
  readonly #until = new Float64Array(1);

  /**
   * @param client,server,service Hashes; `service` of the server's address, protocol and port.
   * @param port Of the service, with its protocol; the low half 0 for what has no ports, which says nothing of others.
   */
  add(client: number, server: number, service: number, port: number, clockUs: number): void {
    if (clockUs >= this.#until[0]) this.#turn(clockUs);
    const contact = hashWith(client, service);
    if (this.#known.has(contact)) return;
    this.#known.add(contact);
    const hasPorts = (port & 0xffff) !== 0;
    const atTarget = hashWith(client, server);
    const onPort = hashWith(client, port);
    if (hasPorts) this.#change(atTarget, 1);
    this.#change(onPort, 1);
    if (clockUs >= this.#burstUntil[0]) this.#turnBurst(clockUs);
    const burst = this.#burst;
    if (hasPorts && burst[atTarget & (PLACES - 1)] < MOST_IN_BURST) burst[atTarget & (PLACES - 1)] += WHOLE;
    if (burst[onPort & (PLACES - 1)] < MOST_IN_BURST) burst[onPort & (PLACES - 1)] += WHOLE;
  }

  /** What `read` found. */
  count = 0;
  burst = 0;

  /** `of` and `inBurst` at once. */
  read(client: number, serverOrPort: number, clockUs: number): void {
    if (clockUs >= this.#burstUntil[0]) this.#turnBurst(clockUs);
    const at = hashWith(client, serverOrPort) & (PLACES - 1);
    this.count = Math.max(this.#counts[at], this.#older[at]);
    this.burst = (this.#burst[at] + this.#burstBefore[at]) / WHOLE;
  }

  /** Of the last four to eight seconds, as `of`. */
  inBurst(client: number, serverOrPort: number, clockUs: number): number {
    if (clockUs >= this.#burstUntil[0]) this.#turnBurst(clockUs);
    const at = hashWith(client, serverOrPort) & (PLACES - 1);
    return (this.#burst[at] + this.#burstBefore[at]) / WHOLE;
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
    this.#change(hashWith(client, server), -1);
    this.#change(hashWith(client, port), -1);
    this.#lessen(hashWith(client, server) & (PLACES - 1));
    this.#lessen(hashWith(client, port) & (PLACES - 1));
  }

  /** Successes of a source so far at one target, over all ports, or at one port, over all targets. */
  of(client: number, serverOrPort: number): number {
    const at = hashWith(client, serverOrPort) & (PLACES - 1);
    return Math.max(this.#counts[at], this.#older[at]);
  }

  #lessen(at: number): void {
    const burst = this.#burst[at] >= WHOLE ? this.#burst : this.#burstBefore;
    burst[at] = Math.max(0, burst[at] - (WHOLE - 1));
  }

  #change(hash: number, by: number): void {
    const at = hash & (PLACES - 1);
    const next = Math.max(this.#counts[at], this.#older[at]) + by;
    this.#counts[at] = Math.min(MOST, Math.max(0, next));
    if (by < 0 && this.#older[at] > 0) this.#older[at]--;
  }

  #turnBurst(clockUs: number): void {
    const isOld = clockUs - this.#burstUntil[0] >= BURST_US;
    this.#burstUntil[0] = clockUs + BURST_US;
    [this.#burst, this.#burstBefore] = [this.#burstBefore, this.#burst];
    this.#burst.fill(0);
    if (isOld) this.#burstBefore.fill(0);
  }

  #turn(clockUs: number): void {
    this.#until[0] = clockUs + TURN_US;
    [this.#counts, this.#older] = [this.#older, this.#counts];
    this.#counts.fill(0);
    this.#known = new HashSet(16_384);
  }
}
