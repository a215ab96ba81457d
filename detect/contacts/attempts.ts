/**
 * Attempts that wait for their outcome: one place each, found by the number of its flow, in one piece of memory. An
 * attempt is written once and read two or three times soon after: what it is lies in one cache line, its addresses in
 * the next.
 */

/** Attempts that wait for their outcome at most; a younger one takes the place of one 65,536 flows before it. */
export const MAX_ATTEMPTS = 65_536;
const SLOT_MASK = MAX_ATTEMPTS - 1;

/** Stages of an attempt. */
export const Stage = {
  free: 0,
  waiting: 1,
  /** SYN-ACK seen. */
  answered: 2,
  /** Told as a success already; it may turn out to be bare. */
  done: 3,
} as const;

// A place, in words of 32 bits; before them two numbers of 64.
const WORDS = 20;
const CLIENT = 4;
const SERVER = 5;
const SERVICE = 6;
const PORTS = 7;
/** What its source had succeeded at, see `Contact`: four numbers of 16 bits. */
const PAST = 8;
const META = 10;
const ADDRESSES = 12;
// In numbers of 64 bits.
const CLOCK = 0;
const TIME = 1;
// In bytes from `META`.
const PROTOCOL = 0;
const VERSION = 1;
const PROBE = 2;
const STAGE = 3;
const INTERFACE = 4;

export class Attempts {
  /** Of flows. Apart from the rest, since most flows that are asked for are no attempts. */
  readonly #ids = new Float64Array(MAX_ATTEMPTS);
  readonly #words = new Int32Array(WORDS * MAX_ATTEMPTS);
  readonly #numbers = new Float64Array(this.#words.buffer);
  readonly #shorts = new Uint16Array(this.#words.buffer);
  /** Addresses of an attempt lie at `addressesAt`. */
  readonly bytes = new Uint8Array(this.#words.buffer);

  slotOf(flowId: number): number {
    return flowId & SLOT_MASK;
  }

  /** Puts a new attempt in its place; addresses, ports and past are still to be written. */
  put(slot: number, id: number, clockUs: number, timeUs: number): void {
    const at = WORDS / 2 * slot;
    this.#ids[slot] = id;
    this.#numbers[at + CLOCK] = clockUs;
    this.#numbers[at + TIME] = timeUs;
  }

  putHashes(slot: number, client: number, server: number, service: number): void {
    const at = WORDS * slot;
    this.#words[at + CLIENT] = client;
    this.#words[at + SERVER] = server;
    this.#words[at + SERVICE] = service;
  }

  putKind(slot: number, protocol: number, version: number, probe: number, interfaceIndex: number): void {
    const at = 4 * (WORDS * slot + META);
    this.bytes[at + PROTOCOL] = protocol;
    this.bytes[at + VERSION] = version;
    this.bytes[at + PROBE] = probe;
    this.bytes[at + INTERFACE] = interfaceIndex;
  }

  putPorts(slot: number, client: number, server: number): void {
    const at = 2 * (WORDS * slot + PORTS);
    this.#shorts[at] = client;
    this.#shorts[at + 1] = server;
  }

  /** @param index 0 to 3. */
  setPast(slot: number, index: number, value: number): void {
    this.#shorts[2 * (WORDS * slot + PAST) + index] = value;
  }

  past(slot: number, index: number): number {
    return this.#shorts[2 * (WORDS * slot + PAST) + index];
  }

  /** Where the client's sixteen bytes begin in `bytes`; the server's follow. */
  addressesAt(slot: number): number {
    return 4 * (WORDS * slot + ADDRESSES);
  }

  id(slot: number): number {
    return this.#ids[slot];
  }

  clockUs(slot: number): number {
    return this.#numbers[WORDS / 2 * slot + CLOCK];
  }

  timeUs(slot: number): number {
    return this.#numbers[WORDS / 2 * slot + TIME];
  }

  /** Hash of the client's address. */
  client(slot: number): number {
    return this.#words[WORDS * slot + CLIENT];
  }

  server(slot: number): number {
    return this.#words[WORDS * slot + SERVER];
  }

  /** Hash of the server's address, protocol and port. */
  service(slot: number): number {
    return this.#words[WORDS * slot + SERVICE];
  }

  /** That was tried; 0 for what has none. */
  port(slot: number): number {
    return this.#shorts[2 * (WORDS * slot + PORTS) + 1];
  }

  protocol(slot: number): number {
    return this.bytes[4 * (WORDS * slot + META) + PROTOCOL];
  }

  version(slot: number): number {
    return this.bytes[4 * (WORDS * slot + META) + VERSION];
  }

  /** One of `Probe`. */
  probe(slot: number): number {
    return this.bytes[4 * (WORDS * slot + META) + PROBE];
  }

  interfaceIndex(slot: number): number {
    return this.bytes[4 * (WORDS * slot + META) + INTERFACE];
  }

  /** One of `Stage`. */
  stage(slot: number): number {
    return this.bytes[4 * (WORDS * slot + META) + STAGE];
  }

  setStage(slot: number, stage: number): void {
    this.bytes[4 * (WORDS * slot + META) + STAGE] = stage;
  }
}
