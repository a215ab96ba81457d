/**
 * ARP spoofing: somebody tells others that an address is at his network card, so that what is meant for it comes to
 * him.
 *
 * An address may change its card: leases are given to others, laptops move from cable to Wi-Fi, a standby takes over.
 * Then the old card falls silent. What none of these do, and what convicts here, is one of
 *  - telling A that B is here *and* B that A is here, unasked (the man in the middle, whoever was there before);
 *  - pushing claims into a quarrel: the address goes to and fro between two cards, and one of them tells unasked;
 *  - telling hosts one by one, unasked, again and again, an address that was known to be at another card. Who takes
 *    over an address announces it to all; tools that poison caches tell their victims, each second (bettercap), every
 *    other (arpspoof) or every ten (ettercap), since caches hold an entry for 15 to 60 s (RFC 4861's reachable time,
 *    which ARP of Linux and Windows keeps to as well);
 *  - announcing to all, again and again, an address that another card had just before, beside one of its own;
 *  - plain quarrel: two cards answer for one address, over and over. That can be two hosts with one address.
 *
 * Excused: addresses that routers share (VRRP, CARP, HSRP, GLBP); two cards that each own an address of the other's
 * (one host with two cards on one network, where Linux answers for either on both); cards with neighbouring numbers
 * and cards that tell different hosts (bonding that balances what is received tells each client another of its cards).
 */
import type { Rule, RuleContext, RuleSpec, RuleState } from "../contract.ts";
import { FactKind } from "../../model/facts.ts";
import type { FlowFact } from "../flow_fact.ts";
import { ArpClaims, type Claim, type Claimant } from "../arp_claims.ts";
import { areNeighbours, ipv4Text, isSharedRouterMac, macText } from "../lan.ts";
import { Recent } from "../recent.ts";
import { spanText } from "../words.ts";

const OPTIONS = {
  replies: {
    default: 3,
    range: [2, 1_000],
    unit: "ARP packets",
    help: "Unasked claims of an address in a quarrel, or towards two hosts in each other's name",
  },
  silentReplies: {
    default: 5,
    range: [3, 1_000],
    unit: "ARP replies",
    help: "Unasked replies for an address known to be elsewhere, while its owner is not heard",
  },
  silentSeconds: {
    default: 8,
    range: [1, 3_600],
    unit: "s",
    help: "Time over which those must be spread: a take-over is told within a few seconds",
  },
  turns: {
    default: 10,
    range: [3, 1_000],
    unit: "times",
    help: "Times an address goes from one card to another, all of them asked for, to be a quarrel",
  },
} as const;

/** Times to and fro that make a quarrel of unasked claims: there, back, and there again. */
const QUARREL_TURNS = 3;
/** The same where nobody is told by himself: a standby that comes and goes announces itself too. */
const ANNOUNCED_TURNS = 5;
/** An owner not heard for so long may have given the address back. */
const LATELY_US = 300e6;
const MAX_SUSPECTS = 256;
const MAX_LISTED = 32;
/** Evidence is put together at most this often. */
const TELL_US = 1e6;

/** Somebody convicted: all it claims is told as one. */
interface Suspect {
  mac: number;
  segment: number;
  interfaceIndex: number;
  /** Addresses it was convicted for. */
  claims: Map<number, Verdict>;
  toldUs: number;
  dirty: boolean;
}

interface Verdict {
  claim: Claim;
  confidence: number;
  severity: 1 | 2;
}

/** @see RuleSpec */
export const arpSpoofing: RuleSpec<typeof OPTIONS> = {
  kind: "arp_spoofing",
  title: "ARP spoofing",
  category: "Man in the middle",
  severity: 1,
  signatureId: 1_900_160,
  attack: { id: "T1557.002", name: "ARP Cache Poisoning" },
  notices:
    "A network card that claims an address of another one in ARP: unasked and again and again, towards two hosts in each other's name, or in turn with the owner.",
  why:
    "Whoever others believe to be the gateway gets all they send: it can read, change and stop what is not encrypted.",
  fooled:
    "A single forged reply now and then looks like a take-over; a forged owner's MAC, a shared router's MAC, and switches that do not show the sensor replies to others hide it. Two hosts with one address by mistake, or balancing bonds of unlike cards, look like it.",
  options: OPTIONS,
  wants: { kinds: [FactKind.arp] },
  create: (context) => new ArpSpoofing(context),
};

class ArpSpoofing implements Rule {
  readonly #context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>;
  readonly #claims = new ArpClaims();
  readonly #suspects = new Recent<string, Suspect>(MAX_SUSPECTS);

  constructor(context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>) {
    this.#context = context;
  }

  fact(fact: FlowFact): void {
    if (fact.kind !== FactKind.arp) return;
    const claim = this.#claims.take(fact, this.#context.world.clockUs);
    if (claim === null) return;
    const claimant = this.#claims.claimant!;
    if (claim.claimants.length === 1 && claimant.unasked === 0) return;
    for (const one of claim.claimants) this.#judge(claim, one, fact.interfaceIndex, one === claimant);
  }

  tick(): void {
    for (const suspect of this.#suspects.values()) if (suspect.dirty) this.#tell(suspect);
  }

  close(): void {
    this.tick();
  }

  get state(): RuleState {
    const { entries, capacity, evicted } = this.#claims;
    return {
      entries: entries + this.#suspects.size,
      capacity: capacity + this.#suspects.capacity,
      evicted: evicted + this.#suspects.evicted,
    };
  }

  #judge(claim: Claim, claimant: Claimant, interfaceIndex: number, spoke: boolean): void {
    const key = `${claim.segment} ${claimant.mac}`;
    let suspect = this.#suspects.peek(key);
    const known = suspect?.claims.has(claim.key) === true;
    if (known && !spoke) return;
    const verdict = this.#verdict(claim, claimant);
    if (verdict === null && !known) return;
    if (suspect === undefined) {
      // One quarrel has one suspect: the first convicted, unless what convicts the other is stronger.
      if (this.#isExplained(claim, verdict!)) return;
      suspect = {
        mac: claimant.mac,
        segment: claim.segment,
        interfaceIndex,
        claims: new Map(),
        toldUs: -Infinity,
        dirty: true,
      };
    }
    this.#suspects.set(key, suspect);
    if (verdict !== null && (known || suspect.claims.size < MAX_LISTED)) {
      suspect.claims.set(claim.key, verdict);
    }
    suspect.dirty = true;
    if (this.#context.world.clockUs - suspect.toldUs >= TELL_US) this.#tell(suspect);
  }

  /** Whether another card is already suspected for this address. */
  #isExplained(claim: Claim, verdict: Verdict): boolean {
    for (const { mac } of claim.claimants) {
      const other = this.#suspects.peek(`${claim.segment} ${mac}`)?.claims.get(claim.key);
      if (other !== undefined && other.confidence >= verdict.confidence) return true;
    }
    return false;
  }

  #verdict(claim: Claim, suspect: Claimant): Verdict | null {
    const { replies, silentReplies, silentSeconds, turns } = this.#context.options;
    if (isSharedRouterMac(suspect.mac)) return null;
    const others = claim.claimants.filter((one) => one !== suspect);
    const both = this.#towardsBoth(claim, suspect);
    if (both >= replies) return { claim, confidence: 0.95, severity: 1 };
    if (others.length === 0) return null;
    const owner = others.reduce((a, b) => b.firstUs < a.firstUs ? b : a);
    if (this.#isOneHost(claim, suspect, owner)) return null;
    // A shared router's owner asks with its own card, RFC 9568 §8.1.2: only what nobody asked for counts beside one.
    const shared = others.some(({ mac }) => isSharedRouterMac(mac));
    const pushed = shared ? suspect.unasked : suspect.unasked + suspect.announced + suspect.asked;
    const mine = suspect.unasked;
    const louder = others.some((other) =>
      other.unasked > mine || (mine === 0 && other.firstUs > suspect.firstUs)
    );
    if (louder) return null; // the other one is the suspect
    if (mine > 0 && claim.turns >= QUARREL_TURNS && pushed >= replies) {
      return { claim, confidence: 0.9, severity: 1 };
    }
    const spanUs = suspect.lastUs - suspect.firstUnaskedUs;
    if (mine >= silentReplies && spanUs >= silentSeconds * 1e6 && owner.firstUs < suspect.firstUnaskedUs) {
      return { claim, confidence: 0.7, severity: 1 };
    }
    if (shared) return null;
    if (this.#keepsAnnouncing(claim, suspect, owner)) return { claim, confidence: 0.5, severity: 2 };
    if (claim.turns >= ANNOUNCED_TURNS && pushed >= silentReplies) {
      return { claim, confidence: 0.6, severity: 1 };
    }
    return claim.turns >= turns ? { claim, confidence: 0.5, severity: 2 } : null;
  }

  /**
   * Whether it announces to all, on and on, an address that another card had just before, while it has one of its own.
   * A standby announces when it takes over, and a few seconds later; whoever is given a lease has no other address.
   */
  #keepsAnnouncing(claim: Claim, suspect: Claimant, owner: Claimant): boolean {
    const { silentReplies, silentSeconds } = this.#context.options;
    return suspect.announcements > silentReplies &&
      suspect.lastAnnouncedUs - suspect.firstAnnouncedUs >= silentSeconds * 1e6 &&
      owner.firstUs < suspect.firstAnnouncedUs && suspect.firstAnnouncedUs - owner.lastUs <= LATELY_US &&
      owner.announced === 0 && owner.unasked === 0 &&
      this.#claims.claimsOf(suspect.mac, claim.segment).some((other) =>
        other !== claim && other.claimants.length === 1
      );
  }

  /** Unasked claims of this address and of those it told, where each was told the other; 0 for none. */
  #towardsBoth(claim: Claim, suspect: Claimant): number {
    let most = 0;
    for (const address of suspect.told) {
      const back = this.#claims.peek(claim.segment, address);
      const there = back?.claimants.find(({ mac }) => mac === suspect.mac);
      if (back === undefined || there === undefined || !there.told.includes(claim.address)) continue;
      const contested = claim.claimants.length > 1 || back.claimants.length > 1;
      const replies = suspect.unasked + there.unasked;
      // A bridge that puts its own MAC on all it passes asks for both sides; only a liar asks for one that is heard.
      const asked = contested ? suspect.asked + there.asked : 0;
      most = Math.max(most, replies + asked);
    }
    return most;
  }

  /** Two cards of one host, or of one bond. */
  #isOneHost(claim: Claim, suspect: Claimant, owner: Claimant): boolean {
    if (areNeighbours(suspect.mac, owner.mac)) return true;
    // Each answers for what is the other's: this address is the owner's, and another of the suspect's is too.
    const others = this.#claims.claimsOf(suspect.mac, claim.segment).filter((other) => other !== claim);
    const isShared = others.some(({ claimants }) =>
      claimants.length === 2 && claimants[0].mac === suspect.mac && claimants[1].mac === owner.mac
    );
    if (isShared && suspect.unasked === 0) return true;
    // Receive load balancing: each card tells its own clients.
    return owner.unasked > 0 && suspect.unasked > 0 &&
      !suspect.told.some((host) => owner.told.includes(host));
  }

  #tell(suspect: Suspect): void {
    const { desk, world } = this.#context;
    suspect.dirty = false;
    suspect.toldUs = world.clockUs;
    const verdicts = [...suspect.claims.values()];
    const lies = verdicts.map(({ claim }) => claimant(claim, suspect.mac)).filter((one) => one !== undefined);
    const first = mostTold(verdicts, suspect.mac);
    const own = this.#ownAddress(suspect);
    const liar = claimant(first, suspect.mac);
    const count = lies.reduce((sum, { unasked, announced, asked }) => sum + unasked + announced + asked, 0);
    const firstUs = Math.min(...lies.map(({ firstSeenUs }) => firstSeenUs));
    const owners = first.claimants.filter(({ mac }) => mac !== suspect.mac).map(({ mac }) => macText(mac));
    const severity = verdicts.some(({ severity }) => severity === 1) ? 1 : 2;
    const addresses = verdicts.map(({ claim }) => ipv4Text(claim.address)).slice(0, MAX_LISTED);
    const who = `${macText(suspect.mac)}${own === "" ? "" : ` (${own})`}`;
    const whom = liar?.told.length ? ` towards ${listText(liar.told.map(ipv4Text))}` : "";
    const since = `within ${spanText((world.timeUs - firstUs) / 1e6)}`;
    desk.raise({
      key: `${suspect.segment} ${suspect.mac}`,
      source: own === "" ? ipv4Text(first.address) : own,
      target: ipv4Text(first.address),
      interfaceIndex: suspect.interfaceIndex,
      severity,
      confidence: Math.max(...verdicts.map(({ confidence }) => confidence)),
      message: severity === 2 && first.turns >= this.#context.options.turns
        ? `${listText([...owners, macText(suspect.mac)])} both answer for ${
          ipv4Text(first.address)
        }, in turn ${first.turns} times ${since}`
        : `${who} claims to be ${listText(addresses)}${whom}${
          owners.length === 0 ? "" : `, which ${listText(owners)} ${owners.length === 1 ? "is" : "are"}`
        }: ${count} ARP packets nobody asked for ${since}`,
      evidence: {
        mac: macText(suspect.mac),
        addresses,
        owners,
        towards: (liar?.told ?? []).map(ipv4Text).slice(0, MAX_LISTED),
        asked_by: first.askers.map(({ address }) => ipv4Text(address)),
        unasked_replies: lies.reduce((sum, { unasked }) => sum + unasked, 0),
        announcements: lies.reduce((sum, { announced }) => sum + announced, 0),
        requests: lies.reduce((sum, { asked }) => sum + asked, 0),
        turns: first.turns,
        claims: first.claimants.map(({ mac, claims, unasked }) => ({ mac: macText(mac), claims, unasked })),
      },
      count: Math.max(count, 1),
      firstUs,
    });
  }

  /** An address that is the suspect's alone; "" where none is known. */
  #ownAddress(suspect: Suspect): string {
    for (const claim of this.#claims.claimsOf(suspect.mac, suspect.segment)) {
      if (suspect.claims.has(claim.key) || claim.claimants[0]?.mac !== suspect.mac) continue;
      if (claim.claimants.length === 1 && claim.claimants[0].unasked === 0) return ipv4Text(claim.address);
    }
    return "";
  }
}

function claimant(claim: Claim, mac: number): Claimant | undefined {
  return claim.claimants.find((one) => one.mac === mac);
}

/** The address most were lied to about (the gateway where a whole network is lied to), rather one whose owner is known. */
function mostTold(verdicts: Verdict[], mac: number): Claim {
  const weight = (claim: Claim) =>
    2 * (claimant(claim, mac)?.told.length ?? 0) + (claim.claimants.length > 1 ? 1 : 0);
  return verdicts.map(({ claim }) => claim).reduce((a, b) => weight(b) > weight(a) ? b : a);
}

function listText(words: string[]): string {
  const shown = words.slice(0, 3);
  const more = words.length - shown.length;
  if (more > 0) return `${shown.join(", ")} and ${more} more`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}
