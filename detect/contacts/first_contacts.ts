/**
 * Who tries whom for the first time, and what comes of it: the ground on which scans are told from ordinary life.
 *
 * An attempt is a flow that begins as somebody would begin who wants to know whether there is a service. Its outcome is
 * known at the answer, or `WAIT_US` later for want of one. The detector asks what came of each fact, and tells both scan
 * rules.
 *
 * Not attempts: flows picked up in the middle, answers whose question was not captured, a server's late packets to many
 * clients' ports, groups and broadcasts, traceroute. Not failures: a service that was seen alive and now is not.
 *
 * State is typed arrays of fixed size. Under a flood of forged sources the many attempts at one place are let go (64
 * new ones a second for a port of a host, 16,384 for a host or a source): a scan has one for each port.
 */
import { isBroadcast, isMulticast, isPrivate, isUnspecified } from "../../model/address.ts";
import { FactKind, FlowStep } from "../../model/facts.ts";
import { IpProtocol } from "../../model/flow.ts";
import type { FlowFact } from "../flow_fact.ts";
import { addressTexts } from "../address_texts.ts";
import { hashText } from "../dns_names.ts";
import { hashWith, pairHash, secondHashOfAddress, secondPairHash } from "./address_hash.ts";
import { Attempts, MAX_ATTEMPTS, Stage } from "./attempts.ts";
import { type Contact, createContact, isFailure, Outcome, PREFIX_16, Probe } from "./contact.ts";
import { Credits } from "./credits.ts";
import { HashSet } from "./hash_set.ts";
import { MAX_REQUESTS, Neighbours } from "./neighbours.ts";
import { SourceTallies } from "./source_tallies.ts";

/**
 * Silence for so long is an outcome. A handshake over two satellites takes 1.3 s, Linux and Windows send a SYN again
 * after 1 s (RFC 6298 §2.1): who has answered neither is filtered or not there.
 */
export const WAIT_US = 2_000_000;
/** When the input is over, so long will do. */
const LEAST_WAIT_US = 500_000;

/** Attempts let in a second: at one port of a host, at one host, from one source. */
const PER_PORT = 64;
const PER_HOST = 16_384;
const LIMITS = 8_192;

/**
 * Successes matter only where the source has failed at the same target, or on the same port, before: otherwise neither
 * rule has a walk that they would change. A mark is kept this long at least, seconds.
 */
const MARKED_S = 3_600;
const MARKS = 1 << 18;

/** A success so long ago still says that there is a network. */
const REACHES_US = 60e6;

const RING_MASK = MAX_ATTEMPTS - 1;

const [FIN, SYN, RST, PSH, ACK, URG] = [1, 2, 4, 8, 16, 32];
/** Steps of flows that it must be told. */
export const CONTACT_STEPS = FlowStep.began | FlowStep.answered | FlowStep.established | FlowStep.reset;

// ICMP and ICMPv6.
const ECHO = 8;
const TIMESTAMP = 13;
const ADDRESS_MASK = 17;
const ECHO_V6 = 128;
const NEIGHBOUR_SOLICITATION = 135;
const NEIGHBOUR_ADVERTISEMENT = 136;
const UNREACHABLE = 3;
const UNREACHABLE_V6 = 1;
const PORT_UNREACHABLE = 3;
const PORT_UNREACHABLE_V6 = 4;
const FRAGMENTATION_NEEDED = 4;

/** From here on ports belong to clients on most systems (Linux 32,768, others 49,152: RFC 6335 §6). */
const EPHEMERAL = 32_768;
const WELL_KNOWN = 1_024;
const DHCP_SERVER = 67;
/** Ports of traceroute: 33,434 and one more for each of at most 255 hops. */
const TRACEROUTE = 33_434;
const TRACEROUTE_END = 33_690;
/** An ABORT chunk of SCTP has 4 bytes and perhaps a cause; INIT ACK has 20 and a cookie. RFC 9260 §3.3. */
const SCTP_ABORT_BYTES = 19;

export class FirstContacts {
  /** The inspector's clock, of the fact at hand; a field of numbers would be boxed. */
  readonly #now = new Float64Array(1);
  readonly #neighbours: Neighbours;
  /** What both rules know of sources that failed. */
  readonly sources = new SourceTallies();
  readonly #credits = new Credits();
  /** TCP and UDP services, and hosts that answer echoes, seen alive. */
  readonly #alive = new HashSet(16_384);

  readonly #attempts = new Attempts();
  /** By hash of the ends: the place it may be at; for ICMP errors, which know no flow. */
  readonly #byEnds = new Uint16Array(MAX_ATTEMPTS);
  /** Numbers of flows in the order in which they began. */
  readonly #queue = new Float64Array(MAX_ATTEMPTS);
  #head = 0;
  #queued = 0;

  /** Attempts of this second, by hashes. */
  readonly #perPort = new Uint8Array(LIMITS);
  readonly #perHost = new Uint16Array(LIMITS);
  readonly #perSource = new Uint16Array(LIMITS);
  readonly #limitedUntil = new Float64Array(1);

  /** Words of marks, each with that of the hour before. */
  readonly #marks = new Int32Array(MARKS / 16);
  readonly #marksUntil = new Float64Array(1);

  readonly #pool: Contact[] = [];
  readonly #news: Contact[] = [];

  /** Attempts whose outcome nobody waited for, as there were too many. */
  forgotten = 0;
  /** Attempts let go as too many of their kind at once. */
  passedOver = 0;

  constructor() {
    this.#neighbours = new Neighbours((request, answered) => {
      if (answered) {
        const { clientHash, serverHash } = request;
        this.#credits.add(clientHash, serverHash, serverHash, 0, this.#now[0]);
      }
      const contact = this.#next();
      contact.creditAtTarget = 0;
      const credits = this.#credits;
      credits.read(request.clientHash, 0, this.#now[0]);
      contact.creditOnPort = contact.answeredOnPort = answered ? 0 : credits.count;
      contact.burstAtTarget = 0;
      contact.burstOnPort = credits.burst;
      contact.reaches = true;
      contact.outcome = answered ? Outcome.success : Outcome.silent;
      contact.probe = request.version === 4 ? Probe.arp : Probe.neighbour;
      contact.weak = false;
      contact.client = request.client;
      contact.server = request.server;
      contact.clientFirst = request.clientHash;
      contact.clientSecond = hashText(request.client);
      contact.serverFirst = request.serverHash;
      contact.serverSecond = request.version === 4 ? request.serverHash : 0; // of IPv6 only the end is asked for
      contact.pairFirst = contact.pairSecond = 0;
      contact.prefix = request.prefix;
      contact.protocol = 0;
      contact.port = 0;
      contact.version = request.version;
      contact.timeUs = request.timeUs;
      contact.flowId = 0;
      contact.interfaceIndex = request.interfaceIndex;
      this.sources.take(contact, this.#now[0]);
    });
  }

  /** Attempts waiting now. */
  get size(): number {
    return this.#queued + this.#neighbours.size;
  }

  get capacity(): number {
    return MAX_ATTEMPTS + MAX_REQUESTS;
  }

  /** What is known through this fact. The contacts are used again at the next call. */
  take(fact: FlowFact, clockUs: number): readonly Contact[] {
    this.#news.length = 0;
    this.#now[0] = clockUs;
    const kind = fact.kind;
    if (kind === FactKind.flow) this.#flow(fact, fact.steps);
    else if (kind === FactKind.icmpError) this.#icmpError(fact);
    else if (kind === FactKind.arp) this.#neighbours.arp(fact, this.#now[0]);
    return this.#news;
  }

  /** What is known as nothing came. */
  tick(clockUs: number): readonly Contact[] {
    return this.#judge(clockUs, WAIT_US);
  }

  /** The input is over. */
  close(clockUs: number): readonly Contact[] {
    return this.#judge(clockUs, LEAST_WAIT_US);
  }

  #judge(clockUs: number, waitUs: number): readonly Contact[] {
    this.#now[0] = clockUs;
    this.#news.length = 0;
    this.#advance(clockUs, waitUs);
    this.#neighbours.advance(clockUs, waitUs);
    return this.#news;
  }

  #flow(fact: FlowFact, steps: number): void {
    if ((steps & FlowStep.began) !== 0) {
      this.#begin(fact);
      if ((steps & CONTACT_STEPS) === FlowStep.began) return;
    }
    const protocol = fact.protocol;
    const slot = this.#attempts.slotOf(fact.flowId);
    if ((steps & FlowStep.answered) !== 0 && fact.packets(0) > 0) {
      this.#neighbours.heard(fact.serverHash);
    }
    const known = this.#attempts.id(slot) === fact.flowId && this.#attempts.stage(slot) !== Stage.free;
    if (protocol === IpProtocol.tcp) {
      if ((steps & FlowStep.established) !== 0) this.#keepAlive(fact);
      if (known) this.#tcp(fact, steps, slot);
    } else if ((steps & FlowStep.answered) !== 0) {
      if (protocol === IpProtocol.sctp) {
        if (!known) return;
        const refused = fact.payloadBytes(1) <= SCTP_ABORT_BYTES;
        this.#settle(slot, refused ? Outcome.refused : Outcome.success);
        return;
      }
      this.#keepAlive(fact);
      if (known) this.#settle(slot, Outcome.success);
    }
  }

  #tcp(fact: FlowFact, steps: number, slot: number): void {
    const stage = this.#attempts.stage(slot);
    if ((steps & FlowStep.reset) !== 0) {
      const byServer = (fact.flags(1) & RST) !== 0;
      if (stage === Stage.done) {
        this.#attempts.setStage(slot, Stage.free);
        if (!byServer && fact.payloadBytes(0) + fact.payloadBytes(1) === 0) {
          this.#credits.takeBack(
            this.#attempts.client(slot),
            this.#attempts.server(slot),
            this.#service(slot),
          );
          if (this.#isMarked(slot)) this.#tell(slot, Outcome.bare);
        }
      } else if (stage === Stage.answered || (fact.flags(1) & SYN) !== 0) {
        if (byServer) this.#drop(slot); // it thought better of it: overload, or a middlebox
        else this.#settle(slot, Outcome.halfOpen);
      } else if (byServer) this.#settle(slot, Outcome.refused);
      else this.#drop(slot); // whoever asked took it back
    } else if ((steps & FlowStep.established) !== 0) {
      if (stage !== Stage.done) this.#settle(slot, Outcome.success);
    } else if ((steps & FlowStep.answered) !== 0 && stage === Stage.waiting) {
      if ((fact.flags(1) & SYN) !== 0) this.#attempts.setStage(slot, Stage.answered);
      else this.#settle(slot, Outcome.success);
    }
  }

  #icmpError(fact: FlowFact): void {
    const type = fact.value >> 8;
    const code = fact.value & 0xff;
    const bytes = fact.addressBytes;
    const version = fact.ipVersion;
    const protocol = fact.protocol;
    const client = fact.clientHash;
    const server = fact.serverHash;
    const slot = this.#byEnds[hashOfEnds(client, server, fact.clientPort, fact.serverPort) & RING_MASK];
    const attempts = this.#attempts;
    if (attempts.stage(slot) !== Stage.waiting || attempts.protocol(slot) !== protocol) return;
    if (attempts.port(slot) !== fact.serverPort) return;
    const at = attempts.addressesAt(slot);
    for (let i = 0; i < 32; i++) {
      if ((i & 15) < (version === 4 ? 4 : 16) && attempts.bytes[at + i] !== bytes[fact.clientAt + i]) return;
    }
    const unreachable = version === 4 ? UNREACHABLE : UNREACHABLE_V6;
    if (type !== unreachable) {
      this.#drop(slot); // time exceeded: traceroute, or a loop in the routes
    } else if (version === 4 && code === FRAGMENTATION_NEEDED) return;
    else {
      const port = version === 4 ? PORT_UNREACHABLE : PORT_UNREACHABLE_V6;
      this.#settle(slot, code === port ? Outcome.refused : Outcome.unreachable);
    }
  }

  #begin(fact: FlowFact): void {
    const bytes = fact.addressBytes;
    const version = fact.ipVersion;
    const protocol = fact.protocol;
    if (version === 0) return;
    const clockUs = this.#now[0];
    const client = fact.clientHash;
    const server = fact.serverHash;
    const clientPort = fact.clientPort;
    const serverPort = fact.serverPort;
    const fromServer = fact.packets(0) === 0; // began with an answer
    this.#neighbours.flow(fromServer ? server : client, fromServer ? client : server, clockUs);
    if (fromServer) return;
    let port = serverPort;
    let probe: number;
    switch (protocol) {
      case IpProtocol.tcp:
        probe = probeOf(fact, clientPort, serverPort);
        break;
      case IpProtocol.udp:
        if (clientPort === DHCP_SERVER) this.#neighbours.excuse(client, clockUs);
        probe = isOneSided(clientPort, serverPort) ? -1 : Probe.udp;
        break;
      case IpProtocol.sctp:
        probe = Probe.sctp;
        break;
      case IpProtocol.icmp:
        probe = clientPort === ECHO
          ? Probe.echo
          : clientPort === TIMESTAMP || clientPort === ADDRESS_MASK
          ? Probe.timestamp
          : -1;
        port = 0;
        break;
      case IpProtocol.ipv6Icmp:
        port = 0;
        probe = clientPort === ECHO_V6 ? Probe.echo : -1;
        if (clientPort === NEIGHBOUR_SOLICITATION || clientPort === NEIGHBOUR_ADVERTISEMENT) {
          this.#neighbours.icmpv6(fact, clientPort === NEIGHBOUR_SOLICITATION, clockUs);
        }
        break;
      default:
        return;
    }
    if (
      probe < 0 || isMulticast(bytes, fact.serverAt, version) || isBroadcast(bytes, fact.serverAt, version)
    ) {
      return;
    }
    if (isUnspecified(bytes, fact.clientAt, version)) return;
    const service = hashWith(server, protocol << 16 | port);
    if (this.#credits.knows(client, service)) return; // not for the first time
    if (!this.#mayEnter(client, server, service, clockUs)) {
      this.passedOver++;
      return;
    }

    const id = fact.flowId;
    const attempts = this.#attempts;
    const slot = attempts.slotOf(id);
    const stage = attempts.stage(slot);
    if (stage === Stage.waiting || stage === Stage.answered) this.forgotten++;
    attempts.put(slot, id, clockUs, fact.timeUs);
    attempts.putHashes(slot, client, server, service);
    attempts.putPorts(slot, clientPort, port);
    attempts.putKind(slot, protocol, version, probe, fact.interfaceIndex);
    attempts.setStage(slot, Stage.waiting);
    const from = fact.clientAt;
    const to = attempts.addressesAt(slot);
    const size = version === 4 ? 4 : 16;
    for (let i = 0; i < size; i++) {
      attempts.bytes[to + i] = bytes[from + i];
      attempts.bytes[to + 16 + i] = bytes[from + 16 + i];
    }
    const credits = this.#credits;
    credits.attempt(client, server, service, protocol << 16 | port, clockUs);
    credits.read(client, server, clockUs);
    attempts.setPast(slot, 0, credits.count);
    attempts.setPast(slot, 2, credits.burst);
    credits.read(client, protocol << 16 | port, clockUs);
    attempts.setPast(slot, 1, credits.count);
    attempts.setPast(slot, 3, credits.burst);
    const isIcmp = probe >= Probe.echo;
    const ends = hashOfEnds(client, server, isIcmp ? 0 : clientPort, isIcmp ? 0 : port);
    this.#byEnds[ends & RING_MASK] = slot;
    if (this.#queued === MAX_ATTEMPTS) {
      this.#head = (this.#head + 1) & RING_MASK;
      this.#queued--;
    }
    this.#queue[(this.#head + this.#queued++) & RING_MASK] = id;
  }

  /** Judges attempts that have waited for `waitUs`. */
  #advance(clockUs: number, waitUs: number): void {
    while (this.#queued > 0) {
      const id = this.#queue[this.#head];
      const slot = this.#attempts.slotOf(id);
      if (this.#attempts.id(slot) === id) {
        const stage = this.#attempts.stage(slot);
        if (stage === Stage.waiting || stage === Stage.answered) {
          if (clockUs - this.#attempts.clockUs(slot) < waitUs) return;
          // A SYN-ACK that nobody took: forged, or a scanner whose host keeps still.
          if (stage === Stage.answered) this.#settle(slot, Outcome.halfOpen, true);
          // Media and answers to groups go one way to high ports: silence says nothing there.
          else if (this.#attempts.probe(slot) === Probe.udp && this.#attempts.port(slot) >= EPHEMERAL) {
            this.#drop(slot);
          } else this.#settle(slot, Outcome.silent);
        }
      }
      this.#head = (this.#head + 1) & RING_MASK;
      this.#queued--;
    }
  }

  /** An attempt has come to its outcome. */
  #settle(slot: number, outcome: number, weak = false): void {
    this.#attempts.setStage(slot, outcome === Outcome.success ? Stage.done : Stage.free);
    if (isFailure(outcome)) {
      if (this.#alive.has(this.#attempts.service(slot)) && outcome !== Outcome.halfOpen) return;
      const clockUs = this.#now[0];
      if (
        this.#attempts.probe(slot) === Probe.echo &&
        this.#neighbours.isExcusedHost(this.#attempts.client(slot), clockUs)
      ) {
        return; // a DHCP server asks before it gives an address away
      }
      this.#turnMarks(clockUs);
      this.#mark(slot);
    } else {
      this.#credits.add(
        this.#attempts.client(slot),
        this.#attempts.server(slot),
        this.#attempts.service(slot),
        this.#service(slot),
        this.#now[0],
      );
      if (!this.#isMarked(slot)) return;
      this.#mark(slot); // the walk was used
    }
    this.#tell(slot, outcome, weak);
  }

  #network(slot: number): number {
    const attempts = this.#attempts;
    return networkOf(attempts.bytes, attempts.addressesAt(slot) + 16, attempts.version(slot));
  }

  /** Protocol and port in one number. */
  #service(slot: number): number {
    return this.#attempts.protocol(slot) << 16 | this.#attempts.port(slot);
  }

  /** Whether its source has failed at this target, or on this port, before. */
  #isMarked(slot: number): boolean {
    const client = this.#attempts.client(slot);
    return this.#hasMark(hashWith(client, this.#attempts.server(slot))) ||
      this.#hasMark(hashWith(client, this.#service(slot)));
  }

  #mark(slot: number): void {
    const client = this.#attempts.client(slot);
    this.#setMark(hashWith(client, this.#attempts.server(slot)));
    this.#setMark(hashWith(client, this.#service(slot)));
  }

  #setMark(hash: number): void {
    const bit = hash & (MARKS - 1);
    this.#marks[bit >> 5 << 1] |= 1 << (bit & 31);
  }

  #hasMark(hash: number): boolean {
    const bit = hash & (MARKS - 1);
    const at = bit >> 5 << 1;
    return ((this.#marks[at] | this.#marks[at + 1]) >> (bit & 31) & 1) !== 0;
  }

  #drop(slot: number): void {
    this.#attempts.setStage(slot, Stage.free);
  }

  #tell(slot: number, outcome: number, weak = false): void {
    const attempts = this.#attempts;
    const { bytes } = attempts;
    const contact = this.#next();
    const probe = attempts.probe(slot);
    const version = attempts.version(slot);
    const at = attempts.addressesAt(slot);
    const client = attempts.client(slot);
    const server = attempts.server(slot);
    if (isFailure(outcome)) this.#addPast(contact, slot);
    contact.outcome = outcome;
    contact.probe = probe;
    contact.weak = weak ||
      (outcome === Outcome.silent && (probe === Probe.udp || probe === Probe.ack || probe === Probe.maimon));
    contact.client = addressTexts.of(bytes, at, version, client);
    contact.server = addressTexts.of(bytes, at + 16, version, server);
    const isLong = version === 6;
    const client2 = isLong ? secondHashOfAddress(bytes, at) : client;
    const server2 = isLong ? secondHashOfAddress(bytes, at + 16) : server;
    contact.clientFirst = client;
    contact.clientSecond = client2;
    contact.serverFirst = server;
    contact.serverSecond = server2;
    contact.pairFirst = pairHash(client, server);
    contact.pairSecond = secondPairHash(client2, server2);
    contact.prefix = prefixOf(bytes, at + 16, version, probe !== Probe.udp);
    contact.protocol = attempts.protocol(slot);
    contact.port = attempts.port(slot);
    contact.version = version;
    contact.timeUs = attempts.timeUs(slot);
    contact.flowId = attempts.id(slot);
    contact.interfaceIndex = attempts.interfaceIndex(slot);
    this.sources.take(contact, this.#now[0]);
  }

  /**
   * What its source had succeeded at when it tried; or by now, where most of what it tried along with it succeeded:
   * silence is known two seconds late, and the answers of others were there at once.
   */
  #addPast(contact: Contact, slot: number): void {
    const attempts = this.#attempts;
    const credits = this.#credits;
    const client = attempts.client(slot);
    // Where nothing was captured for a while, "now" may be long after.
    const knownUs = Math.min(this.#now[0], attempts.clockUs(slot) + WAIT_US);
    contact.creditAtTarget = attempts.past(slot, 0);
    contact.burstAtTarget = attempts.past(slot, 2);
    credits.read(client, attempts.server(slot), knownUs);
    if (credits.burst >= credits.tries / 2) {
      contact.creditAtTarget = Math.max(contact.creditAtTarget, credits.count);
      contact.burstAtTarget = Math.max(contact.burstAtTarget, credits.burst);
    }
    contact.creditOnPort = attempts.past(slot, 1);
    contact.burstOnPort = attempts.past(slot, 3);
    credits.read(client, this.#service(slot), knownUs);
    contact.answeredOnPort = Math.max(contact.creditOnPort, credits.count);
    if (credits.burst >= credits.tries / 2) {
      contact.creditOnPort = contact.answeredOnPort;
      contact.burstOnPort = Math.max(contact.burstOnPort, credits.burst);
    }
    const clockUs = this.#now[0];
    const reachedUs = credits.reachedUs(client, this.#network(slot));
    contact.reaches = clockUs - reachedUs <= REACHES_US;
  }

  #next(): Contact {
    const at = this.#news.length;
    const contact = this.#pool[at] ?? createContact();
    if (at < 256) this.#pool[at] = contact;
    this.#news.push(contact);
    return contact;
  }

  /** The service of this flow answers. */
  #keepAlive(fact: FlowFact): void {
    const protocol = fact.protocol;
    const hasPorts = protocol === IpProtocol.tcp || protocol === IpProtocol.udp;
    this.#alive.add(hashWith(fact.serverHash, protocol << 16 | (hasPorts ? fact.serverPort : 0)));
    const network = networkOf(fact.addressBytes, fact.serverAt, fact.ipVersion);
    this.#credits.reach(fact.clientHash, network, this.#now[0]);
  }

  #mayEnter(client: number, server: number, service: number, clockUs: number): boolean {
    if (clockUs >= this.#limitedUntil[0]) {
      this.#limitedUntil[0] = clockUs + 1e6;
      this.#perPort.fill(0);
      this.#perHost.fill(0);
      this.#perSource.fill(0);
    }
    const port = service & (LIMITS - 1);
    const host = server & (LIMITS - 1);
    const source = client & (LIMITS - 1);
    if (
      this.#perPort[port] >= PER_PORT || this.#perHost[host] >= PER_HOST ||
      this.#perSource[source] >= PER_HOST
    ) {
      return false;
    }
    this.#perPort[port]++;
    this.#perHost[host]++;
    this.#perSource[source]++;
    return true;
  }

  #turnMarks(clockUs: number): void {
    if (clockUs < this.#marksUntil[0]) return;
    this.#marksUntil[0] = clockUs + MARKED_S * 1e6;
    const marks = this.#marks;
    for (let at = 0; at < marks.length; at += 2) {
      marks[at + 1] = marks[at];
      marks[at] = 0;
    }
  }
}

/** Kinds of networks that one may reach and not the other: IP version, private or not. */
function networkOf(bytes: Uint8Array, at: number, version: number): number {
  return version + (isPrivate(bytes, at, version) ? 16 : 0);
}

/** How a TCP flow began: one of `Probe`, -1 where it is no attempt. */
function probeOf(fact: FlowFact, clientPort: number, serverPort: number): number {
  const flags = fact.flags(0) & (FIN | SYN | RST | PSH | ACK | URG);
  if ((flags & RST) !== 0) return -1;
  if ((flags & SYN) !== 0) return (flags & (FIN | ACK)) === 0 ? Probe.syn : Probe.oddFlags;
  if (fact.payloadBytes(0) > 0) return -1; // picked up in the middle
  if ((flags & ACK) !== 0) {
    // A server's last words to its clients' ports, whose flows are forgotten.
    if (looksLikeAnswer(clientPort, serverPort)) return -1;
    return flags === (FIN | ACK) ? Probe.maimon : flags === ACK ? Probe.ack : -1;
  }
  if (flags === 0) return Probe.null;
  if (flags === FIN) return Probe.fin;
  return flags === (FIN | PSH | URG) ? Probe.xmas : Probe.oddFlags;
}

/** From a service's port to a client's. */
function looksLikeAnswer(from: number, to: number): boolean {
  return (from < WELL_KNOWN && to >= WELL_KNOWN) || (from < EPHEMERAL && to >= EPHEMERAL);
}

/** Answers whose question was not captured, and traceroute, which ends when it is refused. */
function isOneSided(from: number, to: number): boolean {
  return looksLikeAnswer(from, to) || (to >= TRACEROUTE && to < TRACEROUTE_END);
}

function hashOfEnds(client: number, server: number, clientPort: number, serverPort: number): number {
  return hashWith(client ^ Math.imul(server, 0x9e3779b1), clientPort << 16 | serverPort);
}

/** See `Contact.prefix`. */
function prefixOf(bytes: Uint8Array, at: number, version: number, wide: boolean): number | string {
  if (version === 4) {
    return wide && isPrivate(bytes, at, 4)
      ? PREFIX_16 | bytes[at] << 8 | bytes[at + 1]
      : bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2];
  }
  let text = "";
  for (let i = at; i < at + 8; i += 2) text += `${(bytes[i] << 8 | bytes[i + 1]).toString(16)}:`;
  return text;
}
