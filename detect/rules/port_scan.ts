/**
 * Port scan: somebody tries one port after the other of a host.
 *
 * A sequential test over first contacts (`contacts/sequential_test.ts`): each port of the target that a source tries for
 * the first time counts once, by what came of it. Ordinary software knows the port it wants, so nearly all its first
 * contacts succeed; who guesses mostly fails. Nothing is counted by time, so a probe every quarter of a minute convicts
 * as a thousand a second do, and passive FTP, whose many ports all answer, does not.
 *
 * With the defaults, five ports refused or silent in a row convict, and each port that answers takes one back. A port
 * opened and reset before the handshake was complete counts as failed: that is how SYN scans treat open ports.
 * Datagrams and bare ACKs that nobody answers count half.
 */
import { IpProtocol } from "../../model/flow.ts";
import type { Rule, RuleContext, RuleSpec, RuleState } from "../contract.ts";
import { type Contact, isFailure, mayComeUp, Outcome, Probe, PROBE_NAMES } from "../contacts/contact.ts";
import type { FirstContacts } from "../contacts/first_contacts.ts";
import { PortSet } from "../contacts/port_set.ts";
import {
  BARE,
  boundsOf,
  CLOSE,
  ratioOf,
  TEST_OPTIONS,
  WEAK,
  weightsOf,
} from "../contacts/sequential_test.ts";
import type { SourceTally } from "../contacts/source_tallies.ts";
import { KEPT_GAP, quietSecondsOf, type Walk, Walks } from "../contacts/walks.ts";
import { Few } from "../few.ts";
import { Hashed } from "../hashed.ts";
import { Recent } from "../recent.ts";
import { digits, spanText } from "../words.ts";

const OPTIONS = {
  ...TEST_OPTIONS,
  togetherPorts: {
    default: 16,
    range: [4, 1_024],
    unit: "ports",
    help:
      "Different ports of one host that several sources fail at within a minute, to be one scan of all of them",
  },
} as const;

const MAX_WALKS = 8_192;
const MAX_SCANS = 512;
/** Ports of a walk remembered before conviction, to count each once. */
const MAX_PORTS = 256;
/** Open ports listed. */
const MAX_LISTED = 32;
/** Hosts whose failures are looked at together. */
const MAX_TARGETS = 4_096;
/** Port scans of one source that are told one by one; from then on its targets are told together. */
const MAX_APART = 8;
/** Who sweeps a network may try so many ports of each host, and it stays a sweep. */
const SWEEP_PORTS = 16;
/** A walk that may be part of a sweep waits so long to be told. */
const HOLD_US = 3e6;
const TOGETHER_S = 60;
const CROWD_US = 10e6;
const TELL_US = 1e6;
/** Faster than this over many sources it is a flood, which is another rule's. */
const FLOOD_PORTS_PER_SECOND = 500;
/** The same, where nearly each port has a source of its own: no swarm of helpers is so large and so quick. */
const FLOOD_SOURCES_PER_SECOND = 100;
const SECOND_US = 1e6;
/** A scan that paused for so long, and for so many times its pace, is over: what succeeds then is ordinary life. */
const PAUSE_US = 10e6;
const PAUSE_ATTEMPTS = 8;

// What is remembered of a port: its `Outcome` in the low bits, and whether it weighed half.
const OUTCOME = 7;
const WEIGHED_HALF = 8;

const WEIGHTS = weightsOf(CLOSE);

interface PortWalk extends Walk {
  client: string;
  clientHash: number;
  server: string;
  pairFirst: number;
  pairSecond: number;
  score: number;
  /** By protocol and port, before conviction: an `Outcome`, and how it was weighed. */
  ports: Few<number, number>;
  /** By protocol, after it. */
  tried: Map<number, PortSet> | null;
  open: number[];
  answered: number;
  halfOpen: number;
  refused: number;
  unreachable: number;
  silent: number;
  /** Attempts by `Probe`. */
  probes: number[];
  firstUs: number;
  lastTriedUs: number;
  /** Longest time between two attempts lately. */
  gapUs: number;
  flowId: number;
  interfaceIndex: number;
  protocol: number;
  /** When it passed the bound: number of outcomes until then. */
  attempts: number;
  /** Clock at which it passed the bound, while it waits to be told; 0 otherwise. */
  heldUs: number;
  /** Sources that scan with it. */
  together: number;
  /** Key of its alert. */
  key: string;
  toldUs: number;
}

/** Failures at one host, whoever they come from. */
interface TargetTally {
  /** By port: who, and when by packet time. */
  ports: Few<number, { client: string; pairFirst: number; pairSecond: number; atUs: number }>;
  /** Clock until which what fails there is part of a scan by many. */
  untilUs: number;
  sources: number;
  /** Failures of this second, and when it began by the clock; then it is a flood, for a while. */
  inSecond: number;
  secondUs: number;
  floodUntilUs: number;
}

/** Targets of a source beyond those told apart, or sources of few ports each: told as one. */
interface Crowd {
  suspicion: { key: string; source: string; target: string };
  members: Set<string>;
  ports: PortSet;
  firstUs: number;
  lastUs: number;
  clockUs: number;
  /** When it began, by the clock. */
  sinceUs: number;
  dirty: boolean;
}

/** @see RuleSpec */
export const portScan: RuleSpec<typeof OPTIONS> = {
  kind: "port_scan",
  title: "Port scan",
  category: "Detection of a Network Scan",
  severity: 2,
  signatureId: 1_900_100,
  quietSeconds: 900, // nmap -T0 sends a probe in five minutes; slower ones have their own, see #tellWalk
  attack: { id: "T1046", name: "Network Service Discovery" },
  notices:
    "A source whose first contacts to the ports of one host fail (refused, no answer, opened and broken off) far oftener " +
    "than those of software that knows where it wants to go: a sequential test, so five failures in a row are enough, " +
    "however slow. TCP of all kinds (SYN, connect, FIN, NULL, Xmas, ACK, Maimon), UDP, SCTP; also several sources together.",
  why:
    "Before somebody breaks in he looks which doors there are. From inside, it is often the first thing a taken-over " +
    "machine does.",
  fooled:
    "Scans of fewer than five ports, of ports that all answer, of high UDP ports that stay silent, or from a new source " +
    "for each few ports over more than a minute. ACK and Maimon scans from the port of a service (80, 443) to ports of " +
    "clients (1,024 and above): a server's last words to clients that are gone are refused just so. A host that is down while somebody checks many of its services looks " +
    "like one that is scanned, if none of them was seen to work before.",
  options: OPTIONS,
  wants: {},
  create: (context) => new PortScan(context),
};

class PortScan implements Rule {
  readonly #context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>;
  readonly #contacts: FirstContacts;
  readonly #walks = new Walks<PortWalk>(MAX_WALKS, MAX_SCANS);
  readonly #targets = new Hashed<TargetTally>(MAX_TARGETS);
  readonly #held = new Set<PortWalk>();
  /** Those convicted of which there is news; a convicted one whose place was taken is told all the same. */
  readonly #untold = new Set<PortWalk>();
  /** Walks that passed the bound just now. */
  readonly #due: PortWalk[] = [];
  readonly #crowds = new Recent<string, Crowd>(MAX_SCANS);

  constructor(context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>) {
    this.#context = context;
    this.#contacts = context.world.contacts;
  }

  get state(): RuleState {
    const walks = this.#walks.state;
    return {
      entries: walks.entries + this.#targets.size + this.#crowds.size + this.#contacts.size,
      capacity: walks.capacity + MAX_TARGETS + MAX_SCANS + this.#contacts.capacity,
      evicted: walks.evicted + this.#targets.evicted + this.#crowds.evicted + this.#contacts.forgotten,
    };
  }

  contacts(contacts: readonly Contact[]): void {
    for (const contact of contacts) this.#take(contact);
    // Only now, as what comes at once belongs together: a sweep fails at many hosts in the same moment.
    for (const walk of this.#due) this.#judge(walk);
    this.#due.length = 0;
  }

  tick(): void {
    this.#tellHeld(HOLD_US);
    this.#tellChanged(TELL_US);
  }

  close(): void {
    this.#tellHeld(0);
    this.#tellChanged(0);
  }

  #take(contact: Contact): void {
    const { protocol, outcome } = contact;
    if (protocol !== IpProtocol.tcp && protocol !== IpProtocol.udp && protocol !== IpProtocol.sctp) return;
    const { options, world } = this.#context;
    const { clockUs } = world;
    const { pairFirst, pairSecond } = contact;
    let walk = this.#walks.get(pairFirst, pairSecond);
    if (walk !== undefined && clockUs - walk.lastUs > options.forgetSeconds * 1e6) {
      if (walk.convicted) this.#tellWalk(walk, 0);
      this.#held.delete(walk);
      this.#walks.delete(pairFirst, pairSecond);
      walk = undefined;
    }
    if (walk === undefined) {
      if (!isFailure(outcome)) return;
      walk = createWalk(contact);
      walk.score = Math.max(walk.score, boundsOf(options.falseAlarm, options.miss).lower);
    }
    if (!note(walk, contact)) return;
    walk.lastUs = clockUs;
    if (isFailure(outcome)) {
      walk.failures++;
      // Whose flow it is says which program scans; what failed first may have been another's.
      if (!walk.convicted) walk.flowId = contact.flowId;
    }
    this.#walks.put(pairFirst, pairSecond, walk);
    if (walk.convicted) {
      if (clockUs - walk.toldUs >= TELL_US || this.#untold.size >= MAX_SCANS) this.#tellWalk(walk, 0);
      else this.#untold.add(walk);
      return;
    }
    const { upper, lower } = boundsOf(options.falseAlarm, options.miss);
    if (walk.score < lower) walk.score = lower;
    if (walk.heldUs > 0) {
      // What it waited for has come up meanwhile.
      if (outcome === Outcome.success && walk.score < upper && walk.together === 0) this.#release(walk);
      return;
    }
    const tally = isFailure(outcome) && !contact.weak ? this.#atTarget(walk, contact, clockUs) : undefined;
    const together = tally !== undefined && tally.untilUs > clockUs;
    if (together) walk.together = tally.sources;
    if (walk.score < upper) {
      if (together) this.#crowd(contact, clockUs);
      return;
    }
    if (walk.attempts > 0) return;
    // Of many attempts at once those that succeed are known first: then what fails seems to come in a row.
    if (
      !together && walk.failures * WEIGHTS.failure + contact.burstAtTarget * WEIGHTS.success < upper * 0.5
    ) return;
    walk.attempts = walk.ports.size;
    this.#due.push(walk);
  }

  #judge(walk: PortWalk): void {
    if (walk.convicted) return;
    const { clockUs } = this.#context.world;
    if (this.#maySweep(walk, this.#contacts.sources.of(walk.clientHash), clockUs)) {
      walk.heldUs = clockUs;
      this.#held.add(walk);
    } else this.#convict(walk);
  }

  /** Whether the source seems to try the same few ports of many hosts, which is a sweep and told as one. */
  #maySweep(walk: PortWalk, source: SourceTally, clockUs: number): boolean {
    if (walk.ports.size > SWEEP_PORTS) return false;
    return source.sweepUntilUs > clockUs || this.#contacts.sources.targetsWithin(source, clockUs, 5) >= 4;
  }

  #tellHeld(waitUs: number): void {
    const { clockUs } = this.#context.world;
    for (const walk of this.#held) {
      const source = this.#contacts.sources.of(walk.clientHash);
      if (walk.ports.size > SWEEP_PORTS) this.#convict(walk);
      else if (source.sweepUntilUs > clockUs) {
        // As long as it sweeps: more ports of this host may still make it a scan of its own.
        if (clockUs - walk.lastUs > HOLD_US || waitUs === 0) this.#release(walk);
      } else if (clockUs - walk.heldUs >= waitUs) this.#convict(walk);
    }
  }

  #release(walk: PortWalk): void {
    walk.heldUs = 0;
    walk.attempts = 0;
    this.#held.delete(walk);
  }

  #convict(walk: PortWalk): void {
    this.#held.delete(walk);
    walk.heldUs = 0;
    walk.convicted = true;
    walk.tried = new Map();
    for (const port of walk.ports.keys()) add(walk.tried, port);
    walk.ports.clear();
    const source = this.#contacts.sources.of(walk.clientHash);
    const pair = `${walk.client}>${walk.server}`;
    walk.key = ++source.portScans > MAX_APART ? `${walk.client}>*` : pair;
    this.#walks.put(walk.pairFirst, walk.pairSecond, walk);
    this.#crowds.peek(`*>${walk.server}`)?.members.delete(walk.client);
    this.#tellWalk(walk, 0);
  }

  /** Counts a failure at its target over all sources. */
  #atTarget(walk: PortWalk, contact: Contact, clockUs: number): TargetTally {
    let tally = this.#targets.get(contact.serverFirst, contact.serverSecond);
    if (tally === undefined) {
      tally = {
        ...{ ports: new Few(), untilUs: 0, sources: 0, inSecond: 0, secondUs: clockUs, floodUntilUs: 0 },
      };
      this.#targets.set(contact.serverFirst, contact.serverSecond, tally);
    }
    if (clockUs - tally.secondUs >= SECOND_US) {
      tally.secondUs = clockUs;
      tally.inSecond = 0;
    }
    tally.inSecond++;
    const { ports } = tally;
    const wanted = this.#context.options.togetherPorts;
    ports.delete(contact.port);
    if (ports.size >= wanted) ports.delete(ports.oldest);
    const { client, pairFirst, pairSecond, timeUs: atUs } = contact;
    ports.set(contact.port, { client, pairFirst, pairSecond, atUs });
    if (ports.size < wanted) return tally;
    if (clockUs < tally.floodUntilUs) return tally;
    const [oldest] = ports.values();
    const spanUs = contact.timeUs - oldest.atUs;
    if (spanUs > TOGETHER_S * 1e6 || wanted / (spanUs / 1e6) > FLOOD_PORTS_PER_SECOND) return tally;
    const sources = new Set<string>();
    for (const { client, pairFirst, pairSecond } of ports.values()) {
      if (this.#walks.get(pairFirst, pairSecond)?.convicted !== true) sources.add(client);
    }
    // Most of it from one who will be convicted by himself is nothing that several do together.
    if (sources.size < 3) return tally;
    if (tally.inSecond >= FLOOD_SOURCES_PER_SECOND && sources.size > 0.75 * wanted) {
      tally.untilUs = 0;
      tally.floodUntilUs = clockUs + CROWD_US;
      const key = `*>${walk.server}`;
      if (!this.#context.desk.has(key)) this.#crowds.delete(key);
      return tally;
    }
    const isNews = tally.untilUs <= clockUs;
    tally.sources = sources.size;
    tally.untilUs = clockUs + TOGETHER_S * 1e6;
    if (isNews) this.#judgeTogether(walk.server, tally, clockUs);
    return tally;
  }

  /** Those who were there before it was known that they belong together. */
  #judgeTogether(server: string, tally: TargetTally, clockUs: number): void {
    for (const [port, { client, pairFirst, pairSecond }] of tally.ports.entries()) {
      const walk = this.#walks.get(pairFirst, pairSecond);
      if (walk === undefined || walk.convicted || walk.heldUs > 0) continue;
      walk.together = tally.sources;
      this.#crowd({ client, server, port, timeUs: walk.firstUs }, clockUs);
    }
  }

  /** One port of one source that has too few to be convicted by itself, of a scan by many. */
  #crowd(
    { client, server, port, timeUs }: Pick<Contact, "client" | "server" | "port" | "timeUs">,
    clockUs: number,
  ): void {
    const key = `*>${server}`;
    this.#addTo(key, { key, source: "", target: server }, client, timeUs, clockUs).ports.add(port);
  }

  #addTo(
    key: string,
    suspicion: Crowd["suspicion"],
    member: string,
    timeUs: number,
    clockUs: number,
  ): Crowd {
    let crowd = this.#crowds.get(key);
    if (crowd === undefined || clockUs - crowd.clockUs > this.#context.options.forgetSeconds * 1e6) {
      crowd = {
        ...{ suspicion, members: new Set(), ports: new PortSet(), firstUs: timeUs, lastUs: timeUs },
        ...{ clockUs, sinceUs: clockUs, dirty: true },
      };
      this.#crowds.set(key, crowd);
    }
    if (crowd.members.size < MAX_WALKS) crowd.members.add(member);
    crowd.lastUs = Math.max(crowd.lastUs, timeUs);
    crowd.clockUs = clockUs;
    crowd.dirty = true;
    return crowd;
  }

  #tellChanged(afterUs: number): void {
    for (const walk of this.#untold) this.#tellWalk(walk, afterUs);
    for (const crowd of this.#crowds.values()) {
      if (!crowd.dirty) continue;
      // Some of them may soon have enough ports to be told by themselves.
      const waits = afterUs > 0 && this.#context.world.clockUs - crowd.sinceUs < CROWD_US;
      if (crowd.suspicion.source === "" && (waits || crowd.members.size < 3)) continue;
      crowd.dirty = false;
      this.#tellCrowd(crowd);
    }
  }

  #tellWalk(walk: PortWalk, afterUs: number): void {
    const { clockUs } = this.#context.world;
    if (clockUs - walk.toldUs < afterUs) return;
    walk.toldUs = clockUs;
    this.#untold.delete(walk);
    const { client, server } = walk;
    if (walk.key.endsWith("*")) {
      const suspicion = { key: walk.key, source: client, target: "" };
      const crowd = this.#addTo(walk.key, suspicion, server, walk.firstUs, clockUs);
      for (const set of walk.tried!.values()) crowd.ports.addAll(set);
      return;
    }
    const count = countOf(walk);
    const seconds = Math.max(0, (walk.lastTriedUs - walk.firstUs) / 1e6);
    const scan = scanName(walk);
    this.#context.desk.raise({
      key: walk.key,
      source: client,
      target: server,
      protocol: walk.protocol,
      flowId: walk.flowId,
      interfaceIndex: walk.interfaceIndex,
      firstUs: walk.firstUs,
      quietSeconds: quietSecondsOf(walk.gapUs, this.#context.options.forgetSeconds),
      count,
      message: `${client} tried ${count} ${count === 1 ? "port" : "ports"} of ${server} within ${
        spanText(Math.max(0.001, seconds))
      } (${scan}): ${outcomesText(walk)}`,
      evidence: {
        scan,
        ...Object.fromEntries([...walk.tried!].map(([protocol, set]) => [
          `${PROTOCOL_NAMES[protocol]}_ports`,
          set.ranges(MAX_LISTED),
        ])),
        ports_tried: count,
        open: walk.open,
        answered: walk.answered,
        opened_and_reset: walk.halfOpen,
        refused: walk.refused,
        unreachable: walk.unreachable,
        silent: walk.silent,
        seconds: Number(seconds.toFixed(3)),
        ...(seconds > 0 ? { ports_per_second: Number(digits(count / seconds)) } : {}),
        attempts_until_conviction: walk.attempts,
        likelihood_ratio: ratioOf(walk.score),
        ...(walk.together > 1 ? { sources_together: walk.together } : {}),
        ...this.#fromOutside(client, server),
      },
    });
  }

  #tellCrowd(crowd: Crowd): void {
    const { suspicion, members, ports, firstUs, lastUs } = crowd;
    const span = spanText(Math.max(0.001, (lastUs - firstUs) / 1e6));
    const many = suspicion.source === "";
    this.#context.desk.raise({
      ...suspicion,
      firstUs,
      count: many ? ports.size : members.size,
      message: many
        ? `${
          members.size < MAX_WALKS ? "" : "more than "
        }${members.size} sources together tried ${ports.size} ports of ${suspicion.target} within ${span}, none of them many`
        : `${suspicion.source} scans the ports of ${
          members.size < MAX_WALKS ? "" : "more than "
        }${members.size} more hosts, within ${span}`,
      evidence: {
        scan: many ? "distributed" : "of many hosts",
        [many ? "sources" : "targets"]: [...members].slice(0, MAX_LISTED),
        [many ? "sources_count" : "targets_count"]: members.size,
        ports: ports.ranges(MAX_LISTED),
        ports_tried: ports.size,
        ...this.#fromOutside(suspicion.source, suspicion.target),
      },
    });
  }

  /** ATT&CK has a technique of its own for scans of a network from outside. */
  #fromOutside(client: string, server: string): Record<string, unknown> {
    const { world } = this.#context;
    if (client === "" || server === "" || world.isLocal(client) || !world.isLocal(server)) return {};
    return { from_outside: "T1595.002 Vulnerability Scanning" };
  }
}

const PROTOCOL_NAMES: Record<number, string> = { 6: "tcp", 17: "udp", 132: "sctp" };

function createWalk(contact: Contact): PortWalk {
  return {
    pairFirst: contact.pairFirst,
    pairSecond: contact.pairSecond,
    client: contact.client,
    clientHash: contact.clientFirst,
    server: contact.server,
    score: contact.creditAtTarget * WEIGHTS.success,
    ports: new Few(),
    tried: null,
    open: [],
    answered: 0,
    halfOpen: 0,
    refused: 0,
    unreachable: 0,
    silent: 0,
    probes: [],
    failures: 0,
    convicted: false,
    firstUs: contact.timeUs,
    lastTriedUs: contact.timeUs,
    gapUs: 0,
    lastUs: 0,
    attempts: 0,
    flowId: contact.flowId,
    interfaceIndex: contact.interfaceIndex,
    protocol: contact.protocol,
    heldUs: 0,
    together: 0,
    key: "",
    toldUs: 0,
  };
}

/** Adds an outcome to the walk. @returns Whether it was news. */
function note(walk: PortWalk, contact: Contact): boolean {
  const { outcome, probe, port, protocol } = contact;
  const key = protocol << 16 | port;
  if (walk.tried === null) {
    const before = walk.ports.get(key);
    if (outcome === Outcome.bare) {
      if (before !== Outcome.success) return false;
      walk.score += BARE - WEIGHTS.success;
    } else if (before !== undefined) {
      // Only an answer changes what is known of a port: a slow one, or of a service that has only now started.
      if (outcome !== Outcome.success || !mayComeUp(before & OUTCOME)) return false;
      undo(walk, before);
      walk.score += WEIGHTS.success;
    } else if (outcome === Outcome.success) walk.score += WEIGHTS.success;
    else walk.score += weightOf(contact.weak);
    if (before === undefined && walk.ports.size >= MAX_PORTS) {
      walk.ports.delete(walk.ports.oldest);
    }
    walk.ports.set(key, contact.weak ? outcome | WEIGHED_HALF : outcome);
    if (outcome === Outcome.bare) return true;
  } else {
    if (outcome === Outcome.bare || (outcome === Outcome.success && isOver(walk, contact.timeUs))) {
      return false;
    }
    if (!add(walk.tried, key)) return false;
  }
  walk.probes[probe] = (walk.probes[probe] ?? 0) + 1;
  switch (outcome) {
    case Outcome.success:
      walk.answered++;
      break;
    case Outcome.halfOpen:
      walk.halfOpen++;
      break;
    case Outcome.refused:
      walk.refused++;
      break;
    case Outcome.unreachable:
      walk.unreachable++;
      break;
    default:
      walk.silent++;
  }
  const isOpen = outcome === Outcome.halfOpen || (outcome === Outcome.success && probe !== Probe.ack);
  if (isOpen && walk.open.length < MAX_LISTED) walk.open.push(port);
  walk.firstUs = Math.min(walk.firstUs, contact.timeUs);
  walk.gapUs = Math.max(KEPT_GAP * walk.gapUs, contact.timeUs - walk.lastTriedUs);
  walk.lastTriedUs = Math.max(walk.lastTriedUs, contact.timeUs);
  return true;
}

function weightOf(weak: boolean): number {
  return weak ? WEAK * WEIGHTS.failure : WEIGHTS.failure;
}

/** Takes a failure back. @param before What is remembered of the port. */
function undo(walk: PortWalk, before: number): void {
  walk.score -= weightOf((before & WEIGHED_HALF) !== 0);
  if (walk.failures > 0) walk.failures--;
  switch (before & OUTCOME) {
    case Outcome.refused:
      walk.refused--;
      break;
    case Outcome.unreachable:
      walk.unreachable--;
      break;
    default:
      walk.silent--;
  }
}

/** Whether a scan that was told has ended by then, going by its own pace. */
function isOver(walk: PortWalk, timeUs: number): boolean {
  const paceUs = (walk.lastTriedUs - walk.firstUs) / Math.max(1, countOf(walk) - 1);
  return timeUs - walk.lastTriedUs > Math.max(PAUSE_US, PAUSE_ATTEMPTS * paceUs);
}

/** @returns Whether the port is new. */
function add(tried: Map<number, PortSet>, key: number): boolean {
  let set = tried.get(key >>> 16);
  if (set === undefined) tried.set(key >>> 16, set = new PortSet());
  const before = set.size;
  set.add(key & 0xffff);
  return set.size > before;
}

function countOf(walk: PortWalk): number {
  let count = 0;
  for (const set of walk.tried!.values()) count += set.size;
  return count;
}

/** "SYN scan", "FIN and UDP scan". A handshake completed tells a connect scan from a SYN scan. */
function scanName(walk: PortWalk): string {
  const names = PROBE_NAMES.filter((_, probe) => walk.probes[probe] > 0);
  const isConnect = (walk.probes[Probe.syn] ?? 0) > 0 && walk.answered > 0 && walk.halfOpen === 0;
  return `${names.map((name) => name === "SYN" && isConnect ? "connect" : name).join(" and ")} scan`;
}

function outcomesText(walk: PortWalk): string {
  const parts: [number, string][] = [
    [walk.answered + walk.halfOpen, "open"],
    [walk.refused, "refused"],
    [walk.unreachable, "unreachable"],
    [walk.silent, "without an answer"],
  ];
  return parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`).join(", ");
}
