/**
 * Host sweep: somebody tries one host after the other for the same service, or just for life.
 *
 * The sequential test of `port_scan`, over first contacts of a source to different hosts on one port (or by ping, ARP,
 * neighbour solicitation). How much a failure weighs depends on where it went. Targets in one small network are what
 * sweeps have and friends have not: five of them failing in a row convict. Peers of file sharing, crawlers, resolvers and
 * mail servers lose many calls too, but all over the address space: there it takes eleven, with every call that succeeds
 * taking back nearly three.
 *
 * When everything fails at once it is an outage, not a scan: a laptop that wakes without a network calls dozens of
 * servers in vain. So silence from scattered targets convicts only a source that reaches something by the same IP
 * version, or whose targets crowd in one network, or which goes on beyond what a laptop has to call. Targets whose names
 * were seen in DNS answers are nobody's guess and do not count.
 *
 * Who is asked for by ARP and answers stays in the cache and is not asked for again; those who are gone are, by everybody
 * who had to do with them. So failures weigh less there, see also `contacts/neighbours.ts`.
 */
import type { Rule, RuleContext, RuleSpec, RuleState } from "../contract.ts";
import { hashWith } from "../contacts/address_hash.ts";
import {
  type Contact,
  isFailure,
  mayComeUp,
  Outcome,
  PREFIX_16,
  Probe,
  PROBE_NAMES,
} from "../contacts/contact.ts";
import type { FirstContacts } from "../contacts/first_contacts.ts";
import {
  BARE,
  boundsOf,
  CLOSE,
  ratioOf,
  SCATTERED,
  TEST_OPTIONS,
  WEAK,
  weightsOf,
} from "../contacts/sequential_test.ts";
import { KEPT_GAP, quietSecondsOf, type Walk, Walks } from "../contacts/walks.ts";
import { Few } from "../few.ts";
import { digits, spanText } from "../words.ts";

const OPTIONS = {
  ...TEST_OPTIONS,
  outageHosts: {
    default: 64,
    range: [8, 10_000],
    unit: "hosts",
    help:
      "Scattered hosts silent on one port, with none that answers, that are a sweep and no outage any more",
  },
  unheardHosts: {
    default: 32,
    range: [8, 10_000],
    unit: "addresses",
    help:
      "Addresses asked for by ARP, one a second or faster, that are a sweep though no answer could be heard",
  },
} as const;

const MAX_WALKS = 8_192;
const MAX_SWEEPS = 512;
/** Hosts of a walk remembered, to count each once; beyond that the oldest may count again. */
const MAX_HOSTS = 4_096;
/** As many before conviction: most walks never come that far. */
const MAX_HOSTS_BEFORE = 256;
const MAX_LISTED = 32;
const MAX_PORTS_LISTED = 16;
/** As `contacts/neighbours.ts` has it. */
const SOLICITED = "solicited";
const TELL_US = 1e6;
/** A source that swept is one that sweeps for so long. */
const SWEEPING_US = 60e6;

// What is remembered of a host: its `Outcome` in the low bits.
const OUTCOME = 7;
/** A failure that moved the score, in full or by half; neither where the host has a name. */
const WEIGHED = 8;
const WEIGHED_HALF = 16;

const NEAR = weightsOf(CLOSE);
const FAR = weightsOf(SCATTERED);

interface SweepWalk extends Walk {
  client: string;
  protocol: number;
  port: number;
  probe: number;
  score: number;
  /** What failures alone have added to it. */
  failedScore: number;
  /** What came of each: an `Outcome`, and how a failure was weighed. */
  hosts: Few<string, number>;
  /** All that were tried, with those that had answered before the first failed (15 at most are known). */
  count: number;
  /** Failures by network. */
  prefixes: Few<number | string, number>;
  answered: number;
  failed: number;
  /** Of those, opened and broken off by who asked. */
  halfOpen: number;
  silent: number;
  /** Of those, to hosts with a name. */
  named: number;
  firstUs: number;
  lastTriedUs: number;
  /** Longest time between two attempts lately. */
  gapUs: number;
  firstClockUs: number;
  attempts: number;
}

/** All that one source sweeps: one alert. */
interface Sweep {
  client: string;
  walks: SweepWalk[];
  flowId: number;
  interfaceIndex: number;
  toldUs: number;
  clockUs: number;
  dirty: boolean;
}

/** @see RuleSpec */
export const hostSweep: RuleSpec<typeof OPTIONS> = {
  kind: "host_sweep",
  title: "Host sweep",
  category: "Detection of a Network Scan",
  severity: 2,
  signatureId: 1_900_101,
  quietSeconds: 900,
  attack: { id: "T1018", name: "Remote System Discovery" },
  notices:
    "A source whose first contacts to one host after the other, on one port or by ping, ARP or neighbour solicitation, fail " +
    "far oftener than those of software that knows whom it calls: a sequential test, five failures in a row within one " +
    "network, eleven all over the address space.",
  why:
    "Worms and people look for machines to take over by trying a whole network. From inside it means that one of yours " +
    "has been taken over, or that somebody makes an inventory.",
  fooled:
    "Sweeps of networks where nearly everybody answers, over targets whose names were looked up first, or spread over many " +
    "sources. Inventories and discovery of monitoring are sweeps too, as are half-open health checks, and a monitor that goes from host to host and " +
    "comes to the dead ones first: enter them as expected.",
  options: OPTIONS,
  wants: {},
  create: (context) => new HostSweep(context),
};

class HostSweep implements Rule {
  readonly #context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>;
  readonly #contacts: FirstContacts;
  readonly #walks = new Walks<SweepWalk>(MAX_WALKS, MAX_SWEEPS);
  readonly #sweeps = new Map<string, Sweep>();
  #evicted = 0;

  constructor(context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>) {
    this.#context = context;
    this.#contacts = context.world.contacts;
  }

  get state(): RuleState {
    const walks = this.#walks.state;
    return {
      entries: walks.entries + this.#sweeps.size,
      capacity: walks.capacity + MAX_SWEEPS,
      evicted: walks.evicted + this.#evicted,
    };
  }

  contacts(contacts: readonly Contact[]): void {
    for (const contact of contacts) this.#take(contact);
  }

  tick(): void {
    this.#tellChanged(TELL_US);
  }

  close(): void {
    this.#tellChanged(0);
  }

  #take(contact: Contact): void {
    const { options, world } = this.#context;
    const { clockUs } = world;
    const { outcome } = contact;
    const first = hashWith(contact.clientFirst, contact.protocol << 16 | contact.port);
    const second = hashWith(contact.clientSecond, contact.version);
    let walk = this.#walks.get(first, second);
    if (walk !== undefined && clockUs - walk.lastUs > options.forgetSeconds * 1e6) {
      this.#walks.delete(first, second);
      walk = undefined;
    }
    if (walk === undefined) {
      if (!isFailure(outcome)) return;
      walk = createWalk(contact, clockUs);
      walk.score = Math.max(walk.score, boundsOf(options.falseAlarm, options.miss).lower);
    }
    if (!this.#note(walk, contact)) return;
    walk.lastUs = clockUs;
    if (isFailure(outcome)) walk.failures++;
    this.#walks.put(first, second, walk);
    const { upper, lower } = boundsOf(options.falseAlarm, options.miss);
    if (walk.score < lower) walk.score = lower;
    if (!walk.convicted) {
      if (walk.score < upper || !this.#isSure(walk, contact, clockUs)) return;
      walk.attempts = walk.hosts.size;
      walk.convicted = true;
      this.#walks.put(first, second, walk);
    }
    this.#tell(walk, contact, clockUs);
  }

  /** Adds an outcome to the walk. @returns Whether it was news. */
  #note(walk: SweepWalk, contact: Contact): boolean {
    const { server, outcome, prefix } = contact;
    const before = walk.hosts.get(server);
    const inPrefix = walk.prefixes.get(prefix) ?? 0;
    const successWeight = inPrefix > 0 ? NEAR.success : FAR.success;
    if (outcome === Outcome.bare) {
      if (before !== Outcome.success) return false;
      walk.hosts.set(server, outcome);
      walk.score += BARE - successWeight;
      return true;
    }
    if (before !== undefined && outcome === Outcome.success && mayComeUp(before & OUTCOME)) {
      this.#undo(walk, contact, before);
      return true;
    }
    if (before !== undefined) return false;
    if (walk.hosts.size >= (walk.convicted ? MAX_HOSTS : MAX_HOSTS_BEFORE)) {
      walk.hosts.delete(walk.hosts.oldest);
    }
    walk.hosts.set(server, outcome);
    walk.count++;
    walk.firstUs = Math.min(walk.firstUs, contact.timeUs);
    walk.gapUs = Math.max(KEPT_GAP * walk.gapUs, contact.timeUs - walk.lastTriedUs);
    walk.lastTriedUs = Math.max(walk.lastTriedUs, contact.timeUs);
    if (!isFailure(outcome)) {
      walk.answered++;
      walk.score += successWeight;
      return true;
    }
    if (outcome === Outcome.silent) walk.silent++;
    else {
      walk.failed++;
      if (outcome === Outcome.halfOpen) walk.halfOpen++;
    }
    if (this.#context.world.nameOfHashed(contact.serverFirst, contact.serverSecond) !== "") {
      walk.named++;
      return true;
    }
    const weight = (contact.weak ? WEAK : 1) * weightOf(contact, inPrefix);
    walk.score += weight;
    walk.failedScore += weight;
    walk.hosts.set(server, outcome | (contact.weak ? WEIGHED_HALF : WEIGHED));
    if (inPrefix > 0 || walk.prefixes.size < MAX_HOSTS_BEFORE) walk.prefixes.set(prefix, inPrefix + 1);
    return true;
  }

  /**
   * A host that failed answers: it was slow, the first question was lost, or what runs there has only now started, as
   * whoever waits for a service tries until it does.
   *
   * @param before What is remembered of it.
   */
  #undo(walk: SweepWalk, contact: Contact, before: number): void {
    const { server, prefix } = contact;
    walk.hosts.set(server, Outcome.success);
    walk.answered++;
    if (walk.failures > 0) walk.failures--;
    if ((before & OUTCOME) === Outcome.silent) walk.silent--;
    else walk.failed--;
    let inPrefix = walk.prefixes.get(prefix) ?? 0;
    if ((before & (WEIGHED | WEIGHED_HALF)) === 0) walk.named--;
    else {
      if (inPrefix > 0) inPrefix--;
      const weight = ((before & WEIGHED_HALF) !== 0 ? WEAK : 1) * weightOf(contact, inPrefix);
      walk.score -= weight;
      walk.failedScore -= weight;
      // Of a sweep that is told the networks stay.
      if (inPrefix > 0) walk.prefixes.set(prefix, inPrefix);
      else if (!walk.convicted) walk.prefixes.delete(prefix);
    }
    walk.score += inPrefix > 0 ? NEAR.success : FAR.success;
  }

  /** Whether what passed the bound is a sweep, and not an outage or an answer that cannot be heard from here. */
  #isSure(walk: SweepWalk, contact: Contact, clockUs: number): boolean {
    const { options } = this.#context;
    const { upper } = boundsOf(options.falseAlarm, options.miss);
    const each = walk.prefixes.size > walk.failures / 2 ? FAR.success : NEAR.success;
    // Of many attempts at once those that succeed are known first.
    if (isFailure(contact.outcome) && walk.failedScore + contact.burstOnPort * each < upper) return false;
    const source = this.#contacts.sources.of(contact.clientFirst);
    if (contact.probe === Probe.arp || contact.probe === Probe.neighbour) {
      if (source.heard) return true;
      const seconds = (clockUs - walk.firstClockUs) / 1e6;
      return walk.silent >= options.unheardHosts && seconds < walk.silent;
    }
    if (walk.failed * 2 >= walk.silent + walk.failed) return true;
    if (contact.reaches) return true;
    let most = 0;
    let all = 0;
    for (const failures of walk.prefixes.values()) {
      all += failures;
      if (failures > most) most = failures;
    }
    return most * 2 >= all || walk.silent >= options.outageHosts;
  }

  #tell(walk: SweepWalk, contact: Contact, clockUs: number): void {
    const { client } = walk;
    let sweep = this.#sweeps.get(client);
    if (sweep === undefined) {
      if (this.#sweeps.size >= MAX_SWEEPS) {
        this.#sweeps.delete(this.#sweeps.keys().next().value!);
        this.#evicted++;
      }
      sweep = {
        ...{ client, walks: [], flowId: contact.flowId, interfaceIndex: contact.interfaceIndex },
        ...{ toldUs: 0, clockUs, dirty: true },
      };
      this.#sweeps.set(client, sweep);
    }
    if (!sweep.walks.includes(walk)) {
      if (sweep.walks.length >= MAX_PORTS_LISTED) sweep.walks.shift();
      sweep.walks.push(walk);
    }
    sweep.clockUs = clockUs;
    sweep.dirty = true;
    this.#contacts.sources.of(contact.clientFirst).sweepUntilUs = clockUs + SWEEPING_US;
    if (clockUs - sweep.toldUs >= TELL_US) this.#raise(sweep);
  }

  #tellChanged(afterUs: number): void {
    const { clockUs } = this.#context.world;
    for (const [client, sweep] of this.#sweeps) {
      if (sweep.dirty && clockUs - sweep.toldUs >= afterUs) this.#raise(sweep);
      else if (clockUs - sweep.clockUs > this.#context.options.forgetSeconds * 1e6) {
        this.#sweeps.delete(client);
      }
    }
  }

  #raise(sweep: Sweep): void {
    const { world, desk } = this.#context;
    const { client, walks } = sweep;
    sweep.toldUs = world.clockUs;
    sweep.dirty = false;
    // A host that was tried on several ports is one host.
    const hosts = new Set<string>();
    const answering = new Set<string>();
    for (const walk of walks) {
      for (const [host, outcome] of walk.hosts.entries()) {
        hosts.add(host);
        if ((outcome & OUTCOME) <= Outcome.halfOpen) answering.add(host);
      }
    }
    const count = Math.max(hosts.size, ...walks.map((walk) => walk.count));
    const answered = Math.max(answering.size, ...walks.map((walk) => walk.answered + walk.halfOpen));
    const firstUs = Math.min(...walks.map((walk) => walk.firstUs));
    const lastUs = Math.max(...walks.map((walk) => walk.lastTriedUs));
    const seconds = (lastUs - firstUs) / 1e6;
    const first = walks[0];
    const networks = networksOf(walks);
    const isLocal = world.isLocal(client);
    desk.raise({
      key: client,
      source: client,
      target: "",
      targetPort: walks.length === 1 ? first.port : 0,
      protocol: walks.length === 1 ? first.protocol : 0,
      flowId: sweep.flowId,
      interfaceIndex: sweep.interfaceIndex,
      firstUs,
      quietSeconds: quietSecondsOf(
        Math.max(...walks.map((walk) => walk.gapUs)),
        this.#context.options.forgetSeconds,
      ),
      count,
      message: `${client} tried ${count > MAX_HOSTS ? "about " : ""}${count} hosts${
        networks.length === 1 ? ` in ${networks[0]}` : ""
      } ${walks.slice(0, 4).map(serviceText).join(", ")}${walks.length > 4 ? " and more" : ""} within ${
        spanText(Math.max(0.001, seconds))
      }: ${answered} answered`,
      evidence: {
        hosts_tried: count,
        hosts_answered: answered,
        networks: networks.slice(0, MAX_LISTED),
        hosts: [...hosts].slice(0, MAX_LISTED),
        by: walks.map((walk) => ({
          service: serviceText(walk),
          hosts: walk.count,
          answered: walk.answered + walk.halfOpen,
          refused: walk.failed - walk.halfOpen,
          silent: walk.silent,
          ...(walk.named > 0 ? { with_names: walk.named } : {}),
          attempts_until_conviction: walk.attempts,
          likelihood_ratio: ratioOf(walk.score),
        })),
        seconds: Number(seconds.toFixed(3)),
        ...(seconds > 0 ? { hosts_per_second: Number(digits(count / seconds)) } : {}),
        ...(isLocal ? {} : { from_outside: "T1595.001 Scanning IP Blocks" }),
      },
    });
  }
}

function createWalk(contact: Contact, clockUs: number): SweepWalk {
  return {
    client: contact.client,
    protocol: contact.protocol,
    port: contact.port,
    probe: contact.probe,
    score: contact.creditOnPort * NEAR.success,
    hosts: new Few(),
    count: contact.answeredOnPort,
    prefixes: new Few(),
    answered: contact.answeredOnPort,
    failedScore: 0,
    failed: 0,
    halfOpen: 0,
    silent: 0,
    named: 0,
    failures: 0,
    convicted: false,
    firstUs: contact.timeUs,
    lastTriedUs: contact.timeUs,
    gapUs: 0,
    lastUs: clockUs,
    firstClockUs: clockUs,
    attempts: 0,
  };
}

/** What a failure weighs, by how many there were in its network before. */
function weightOf({ probe }: Contact, inPrefix: number): number {
  if (probe === Probe.arp || probe === Probe.neighbour || inPrefix === 0) return FAR.failure;
  // The first of this network was no stray shot either.
  return inPrefix === 1 ? 2 * NEAR.failure - FAR.failure : NEAR.failure;
}

/** "on TCP port 445 (SYN)", "by ICMP echo" */
function serviceText({ port, probe }: SweepWalk): string {
  const name = PROBE_NAMES[probe];
  if (probe >= Probe.echo) return `by ${name}`;
  if (probe === Probe.udp) return `on UDP port ${port}`;
  return probe === Probe.sctp ? `on SCTP port ${port}` : `on TCP port ${port} (${name})`;
}

/** Networks of most failures first: "203.0.113.0/24". */
function networksOf(walks: SweepWalk[]): string[] {
  const counts = new Map<number | string, number>();
  for (const { prefixes } of walks) {
    for (const [prefix, count] of prefixes.entries()) counts.set(prefix, (counts.get(prefix) ?? 0) + count);
  }
  // By neighbour solicitation only the end of an address is asked for, in no network.
  counts.delete(SOLICITED);
  return [...counts].sort(([, a], [, b]) => b - a).map(([prefix]) => networkText(prefix));
}

function networkText(prefix: number | string): string {
  if (typeof prefix === "number") {
    return prefix >= PREFIX_16
      ? `${prefix >> 8 & 0xff}.${prefix & 0xff}.0.0/16`
      : `${prefix >> 16}.${prefix >> 8 & 0xff}.${prefix & 0xff}.0/24`;
  }
  if (prefix.endsWith(":")) return `${prefix}:/64`;
  const parts = prefix.split(".");
  return parts.length < 2 ? prefix : `${[...parts, "0", "0"].slice(0, 4).join(".")}/${8 * parts.length}`;
}
