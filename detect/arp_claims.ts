/**
 * Who says that an IPv4 address is theirs: for each address of a network segment the MAC addresses that claimed it in
 * ARP (RFC 826), whether anybody had asked, and whom they told.
 *
 * Every ARP packet is a claim: a reply answers who has asked, or nobody; an announcement (sender and target the same,
 * RFC 5227) tells all; and who asks says with it which address is its own.
 *
 * Bounded: an address is a newcomer until it is claimed again a second later, and newcomers push out only newcomers.
 * So an invented sender each packet costs nothing that is known of those who are really there.
 */
import type { FlowFact } from "./flow_fact.ts";
import { ipv4Number, isNoCard, Segments } from "./lan.ts";
import { Recent } from "./recent.ts";

const REQUEST = 1;
const REPLY = 2;
const BROADCAST = 0xffff_ffff;

const MAX_KNOWN = 8_192;
const MAX_NEWCOMERS = 4_096;
const NEWCOMER_US = 1e6;
const MAX_MACS = 4_096;
/** MACs remembered of an address, addresses of a MAC, hosts told. */
const MAX_CLAIMANTS = 4;
const MAX_ADDRESSES = 32;
const MAX_TOLD = 32;
const MAX_ASKERS = 4;
/** A reply within this time answers whoever has asked. Hosts ask again after a second, RFC 1122 §2.3.2.1. */
const ANSWER_US = 5e6;
/** Whoever else answers after the first does so at once: hosts with two cards, proxies, copies of a packet. */
const SECOND_ANSWER_US = 1e6;
/** Announcements closer than this are one: RFC 5227 §1.1 has two seconds between its two, keepalived's five come at once. */
const APART_US = 500_000;
/** Turns longer ago than this belong to another story: a lease given to somebody else, a laptop that moved. */
const TURN_US = 300e6;

/** One MAC that claims an address. Times are the inspector's clock, but `firstSeenUs`: packet time. */
export interface Claimant {
  mac: number;
  firstSeenUs: number;
  firstUs: number;
  lastUs: number;
  claims: number;
  /** Replies to a host that had not asked. */
  unasked: number;
  firstUnaskedUs: number;
  /** To all. */
  announced: number;
  /** Of those, apart from each other: a take-over announces itself several times in a row. */
  announcements: number;
  firstAnnouncedUs: number;
  lastAnnouncedUs: number;
  /** By asking others in its name. */
  asked: number;
  /** Who was told unasked, or asked: addresses as numbers; at most 32. */
  told: number[];
}

interface Asker {
  address: number;
  us: number;
  answeredUs: number;
}

export interface Claim {
  key: number;
  segment: number;
  address: number;
  claimants: Claimant[];
  lastMac: number;
  lastUs: number;
  /** Times that the address went from one MAC to another, each within five minutes of the one before. */
  turns: number;
  turnedUs: number;
  firstUs: number;
  /** Who asked for it last, when, and when that was answered first (0: not yet). */
  askers: Asker[];
}

export class ArpClaims {
  readonly #segments = new Segments();
  readonly #known = new Recent<number, Claim>(MAX_KNOWN);
  readonly #newcomers = new Recent<number, Claim>(MAX_NEWCOMERS);
  /** Keys of the addresses that a MAC claims. */
  readonly #macs = new Recent<number, number[]>(MAX_MACS);
  /** Who made the claim taken in last. */
  claimant: Claimant | null = null;

  /** @returns The claim that an ARP packet made or repeated; `null` where it makes none. */
  take(fact: FlowFact, clockUs: number): Claim | null {
    const operation = fact.steps;
    if (operation !== REQUEST && operation !== REPLY) return null;
    const segment = this.#segments.of(fact.interfaceIndex, fact.vlan);
    if (segment < 0) return null;
    const bytes = fact.addressBytes;
    const sender = ipv4Number(bytes, fact.clientAt);
    const target = ipv4Number(bytes, fact.serverAt);
    const mac = fact.value;
    if (operation === REQUEST && target !== sender && target !== 0) {
      remember(this.#claim(segment, target, clockUs), sender, clockUs);
    }
    if (sender === 0 || isNoCard(mac)) return null; // a probe claims nothing, RFC 5227 §2.1.1
    const claim = this.#claim(segment, sender, clockUs);
    const claimant = this.#claimant(claim, mac, clockUs, fact.timeUs);
    claimant.lastUs = clockUs;
    claimant.claims++;
    if (claim.lastMac !== mac) {
      if (claim.lastMac !== 0) {
        claim.turns = clockUs - claim.turnedUs > TURN_US ? 1 : claim.turns + 1;
        claim.turnedUs = clockUs;
      }
      claim.lastMac = mac;
    }
    claim.lastUs = clockUs;
    if (target === sender || target === 0 || target === BROADCAST) {
      if (!isAsked(claim, target, clockUs)) announce(claimant, clockUs);
    } else if (operation === REQUEST) {
      claimant.asked++;
      note(claimant.told, target);
    } else if (!isAsked(claim, target, clockUs)) {
      if (claimant.unasked++ === 0) claimant.firstUnaskedUs = clockUs;
      note(claimant.told, target);
    }
    this.claimant = claimant;
    return claim;
  }

  /** What is known of an address. */
  peek(segment: number, address: number): Claim | undefined {
    const key = keyOf(segment, address);
    return this.#known.peek(key) ?? this.#newcomers.peek(key);
  }

  /** What a MAC claims on a segment. */
  claimsOf(mac: number, segment: number): Claim[] {
    return (this.#macs.peek(mac) ?? [])
      .map((key) => this.#known.peek(key) ?? this.#newcomers.peek(key))
      .filter((claim) => claim !== undefined && claim.segment === segment) as Claim[];
  }

  get entries(): number {
    return this.#known.size + this.#newcomers.size + this.#macs.size;
  }
  get capacity(): number {
    return this.#known.capacity + this.#newcomers.capacity + this.#macs.capacity;
  }
  get evicted(): number {
    return this.#known.evicted + this.#newcomers.evicted + this.#macs.evicted;
  }

  #claim(segment: number, address: number, clockUs: number): Claim {
    const key = keyOf(segment, address);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    let claim = this.#newcomers.peek(key);
    if (claim === undefined) {
      claim = {
        key,
        segment,
        address,
        claimants: [],
        lastMac: 0,
        lastUs: clockUs,
        turns: 0,
        turnedUs: clockUs,
        firstUs: clockUs,
        askers: [],
      };
      this.#newcomers.set(key, claim);
    } else if (claim.lastMac !== 0 && clockUs - claim.firstUs >= NEWCOMER_US) {
      this.#newcomers.delete(key);
      this.#known.set(key, claim);
    }
    return claim;
  }

  #claimant({ claimants, key }: Claim, mac: number, clockUs: number, timeUs: number): Claimant {
    for (const claimant of claimants) if (claimant.mac === mac) return claimant;
    if (claimants.length >= MAX_CLAIMANTS) {
      // The first was there before the quarrel: it stays, and of the others the one that says least goes.
      let least = 1;
      for (let i = 2; i < claimants.length; i++) if (claimants[i].claims < claimants[least].claims) least = i;
      claimants.splice(least, 1);
    }
    const claimant: Claimant = {
      mac,
      firstSeenUs: timeUs,
      firstUs: clockUs,
      lastUs: clockUs,
      claims: 0,
      unasked: 0,
      firstUnaskedUs: 0,
      announced: 0,
      announcements: 0,
      firstAnnouncedUs: 0,
      lastAnnouncedUs: 0,
      asked: 0,
      told: [],
    };
    claimants.push(claimant);
    const keys = this.#macs.get(mac) ?? [];
    if (keys.length >= MAX_ADDRESSES) keys.shift();
    if (!keys.includes(key)) keys.push(key);
    this.#macs.set(mac, keys);
    return claimant;
  }
}

function keyOf(segment: number, address: number): number {
  return segment * 0x1_0000_0000 + address;
}

function remember({ askers }: Claim, address: number, us: number): void {
  for (const asker of askers) {
    if (asker.address !== address) continue;
    asker.us = us;
    asker.answeredUs = 0;
    return;
  }
  if (askers.length >= MAX_ASKERS) {
    let oldest = 0;
    for (let i = 1; i < askers.length; i++) if (askers[i].us < askers[oldest].us) oldest = i;
    askers.splice(oldest, 1);
  }
  askers.push({ address, us, answeredUs: 0 });
}

/** Whether a reply to `address` answers a question. When more have asked than are remembered, anybody may have. */
function isAsked({ askers }: Claim, address: number, us: number): boolean {
  let lately = 0;
  for (const asker of askers) {
    if (us - asker.us > ANSWER_US) continue;
    if (asker.address === address) {
      if (asker.answeredUs === 0) asker.answeredUs = us;
      return us - asker.answeredUs <= SECOND_ANSWER_US;
    }
    lately++;
  }
  return lately === MAX_ASKERS;
}

function announce(claimant: Claimant, us: number): void {
  if (claimant.announced++ === 0) claimant.firstAnnouncedUs = us;
  if (claimant.announcements === 0 || us - claimant.lastAnnouncedUs >= APART_US) {
    claimant.announcements++;
    claimant.lastAnnouncedUs = us;
  }
}

function note(told: number[], address: number): void {
  if (told.length < MAX_TOLD && !told.includes(address)) told.push(address);
}
