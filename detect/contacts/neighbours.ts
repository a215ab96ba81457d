/**
 * Who asks the local network for addresses that nobody has: ARP requests (RFC 826) and ICMPv6 neighbour solicitations
 * (RFC 4861), each with what became of it.
 *
 * Asking in vain is ordinary for some, so these requests are no contacts:
 * - for addresses that have spoken before: on a switched network an observer hears the question, not the answer;
 * - by who passes on what others send: a router asks for each address that somebody behind it sweeps;
 * - by who answers what others sent: a host under a flood asks for each forged neighbour;
 * - by DHCP servers, which ask whether an address is free before they give it away (RFC 2131 §2.2);
 * - for oneself: announcements and probes (RFC 5227).
 */
import type { FlowFact } from "../flow_fact.ts";
import { hashOfAddress } from "./address_hash.ts";
import { HashSet } from "./hash_set.ts";

/** Requests that wait for an answer at most; then the oldest is forgotten. */
export const MAX_REQUESTS = 4_096;
/** As long as Linux asks (three times, a second apart) it is not silence; nmap asks twice within half a second. */
const WAIT_US = 2_000_000;
/** A host that passed on packets is a router for so long. */
const RELAY_US = 600_000_000;
const MAX_RELAYS = 64;
/** Addresses spoken to that are remembered, and for how long before a request for them, seconds. */
const ENDS = 8_192;
const CALLED_S = 4;

const REQUEST = 1;
const REPLY = 2;
const LAST_24_BITS = 13;

interface Request {
  client: string;
  server: string;
  clientHash: number;
  serverHash: number;
  prefix: string;
  clockUs: number;
  timeUs: number;
  interfaceIndex: number;
  version: number;
}

/** What became of a request. */
export type Asked = (request: Readonly<Request>, answered: boolean) => void;

export class Neighbours {
  readonly #asked: Asked;
  readonly #waiting = new Map<string, Request>();
  readonly #alive = new HashSet(4_096);
  /** By hash of an address that was spoken to: its hash, the speaker's, seconds of the clock. */
  readonly #called = new Int32Array(3 * ENDS);
  readonly #relays = new Map<number, number>();
  #firstSecond = -1;
  /** Whether there was any such request: where there are none, such as behind a router, nobody need be known. */
  #isLocal = false;
  forgotten = 0;

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Notes who speaks to whom, by hashes. Called for each flow that begins. */
  flow(client: number, server: number, clockUs: number): void {
    if (!this.#isLocal) return;
    this.#alive.add(client);
    const called = this.#called;
    const at = 3 * (server & (ENDS - 1));
    called[at] = server;
    called[at + 1] = client;
    called[at + 2] = this.#second(clockUs);
  }

  /** An address has answered; by its hash. */
  heard(address: number): void {
    if (this.#isLocal) this.#alive.add(address);
  }

  arp(fact: FlowFact, clockUs: number): void {
    this.#isLocal = true;
    const bytes = fact.addressBytes;
    const client = hashOfAddress(bytes, fact.clientAt, 4);
    const server = hashOfAddress(bytes, fact.serverAt, 4);
    const unspecified = bytes[fact.clientAt] === 0;
    if (!unspecified) this.#alive.add(client);
    if (fact.steps === REPLY) this.#answer(`${fact.server}>${fact.client}`);
    if (fact.steps !== REQUEST) return;
    if (unspecified || client === server) {
      this.#alive.add(server); // it says that this is its own
      return;
    }
    const prefix = fact.server.slice(0, fact.server.lastIndexOf("."));
    this.#ask(fact, `${fact.client}>${fact.server}`, { client, server, prefix, version: 4, clockUs });
  }

  /** @param fact The first packet of an ICMPv6 flow: a solicitation, or an advertisement. */
  icmpv6(fact: FlowFact, isSolicitation: boolean, clockUs: number): void {
    this.#isLocal = true;
    const bytes = fact.addressBytes;
    const from = fact.clientAt;
    const to = fact.serverAt;
    const client = lowBits(bytes, from);
    if (!isSolicitation) {
      this.#alive.add(client);
      this.#answer(`${fact.server}>${client}`);
      return;
    }
    if (bytes[to] !== 0xff) return; // of a neighbour already known: is it still there?
    const server = lowBits(bytes, to);
    if (bytes[from] === 0) {
      this.#alive.add(server); // duplicate address detection, RFC 4862 §5.4
      return;
    }
    this.#alive.add(client);
    this.#ask(fact, `${fact.client}>${server}`, {
      client: hashOfAddress(bytes, from, 6),
      server,
      prefix: "solicited",
      version: 6,
      clockUs,
    });
  }

  /** Judges what has waited long enough. @param leastUs For the end of the input: less than a whole wait. */
  advance(clockUs: number, leastUs = WAIT_US): void {
    for (const [key, request] of this.#waiting) {
      if (clockUs - request.clockUs < leastUs) return;
      this.#waiting.delete(key);
      const { clientHash, serverHash } = request;
      if (this.#alive.has(serverHash) || this.#isExcused(clientHash, serverHash, clockUs)) continue;
      this.#asked(request, false);
    }
  }

  #ask(
    fact: FlowFact,
    key: string,
    what: { client: number; server: number; prefix: string; version: number; clockUs: number },
  ): void {
    if (this.#waiting.has(key) || this.#alive.has(what.server)) return;
    if (this.#isExcused(what.client, what.server, what.clockUs)) return;
    if (this.#waiting.size >= MAX_REQUESTS) {
      this.#waiting.delete(this.#waiting.keys().next().value!);
      this.forgotten++;
    }
    this.#waiting.set(key, {
      client: fact.client,
      server: fact.server,
      clientHash: what.client,
      serverHash: what.server,
      prefix: what.prefix,
      version: what.version,
      clockUs: what.clockUs,
      timeUs: fact.timeUs,
      interfaceIndex: fact.interfaceIndex,
    });
  }

  #answer(key: string): void {
    const request = this.#waiting.get(key);
    if (request === undefined) return;
    this.#waiting.delete(key);
    this.#asked(request, true);
  }

  #isExcused(client: number, server: number, clockUs: number): boolean {
    if (this.isExcusedHost(client, clockUs)) return true;
    const at = 3 * (server & (ENDS - 1));
    const called = this.#called;
    const isCalled = called[at] === server && this.#second(clockUs) - called[at + 2] <= CALLED_S;
    if (!isCalled || called[at + 1] === client) return false;
    this.excuse(client, clockUs); // somebody else wants to get there
    return true;
  }

  /** Requests of this host mean nothing from now on: it is a router or a DHCP server. @param host Hash of it. */
  excuse(host: number, clockUs: number): void {
    if (this.#relays.size >= MAX_RELAYS) this.#relays.delete(this.#relays.keys().next().value!);
    this.#relays.delete(host);
    this.#relays.set(host, clockUs + RELAY_US);
  }

  isExcusedHost(host: number, clockUs: number): boolean {
    return (this.#relays.get(host) ?? 0) > clockUs;
  }

  /** Small integers: microseconds since 1970 would be boxed. */
  #second(clockUs: number): number {
    const second = Math.floor(clockUs / 1e6);
    if (this.#firstSecond < 0) this.#firstSecond = second - 10;
    return second - this.#firstSecond;
  }
}

/** What a solicited-node multicast address keeps of the address, RFC 4291 §2.7.1. */
function lowBits(bytes: Uint8Array, at: number): number {
  return bytes[at + LAST_24_BITS] << 16 | bytes[at + LAST_24_BITS + 1] << 8 | bytes[at + LAST_24_BITS + 2];
}
