/**
 * Odd flags: TCP segments as no sane stack sends them. RFC 9293 §3.10 knows what to do with each, but stacks differ in it,
 * so they serve to tell systems apart, to slip past simple filters, and once to bring hosts down (LAND, RFC 4953 §A.2 is
 * one description; CVE-1999-0016).
 *
 * IP fragments that overlap (RFC 5722 forbids them for IPv6) or end beyond the longest datagram have served the same ends.
 *
 * A port scan made of such segments (FIN, NULL, Xmas) is told as a port scan and not here as well.
 */
import { BadFragment, FactKind, FlowStep, LAND } from "../../model/facts.ts";
import { IpProtocol } from "../../model/flow.ts";
import { hashOfText } from "../contacts/address_hash.ts";
import type { FirstContacts } from "../contacts/first_contacts.ts";
import type { Rule, RuleContext, RuleSpec, RuleState } from "../contract.ts";
import type { FlowFact } from "../flow_fact.ts";
import { Recent } from "../recent.ts";

const OPTIONS = {
  segments: {
    default: 3,
    range: [1, 10_000],
    unit: "segments",
    help: "With the same odd flags from one source to one target: one or two may be damage or a broken stack",
  },
} as const;

const MAX_ENTRIES = 4_096;
const MAX_PORTS = 32;
/**
 * What goes to more than one port may be a port scan, which convicts within eight ports (`port_scan`: five that fail, and
 * three more where others answered before). So it waits as long as it keeps coming to new ones up to then, at its own
 * pace, and for the last one's silence to be known; it is told then if it is no scan.
 */
const SCAN_PORTS = 8;
const HOLD_US = 4e6;
const HOLD_GAPS = 4;
/** One odd segment now and then is forgotten, microseconds. */
const FORGET_US = 3_600e6;
const TELL_US = 1e6;

/** In place of flags: this and one of `BadFragment`. */
const FRAGMENT = 512;

interface OddPair {
  key: string;
  source: string;
  target: string;
  flags: number;
  count: number;
  ports: Set<number>;
  firstUs: number;
  firstClockUs: number;
  /** Clock at its latest new port, of the first `SCAN_PORTS`. */
  newPortUs: number;
  lastUs: number;
  clockUs: number;
  toldUs: number;
  dirty: boolean;
  sourcePort: number;
  flowId: number;
  interfaceIndex: number;
}

/** @see RuleSpec */
export const oddFlags: RuleSpec<typeof OPTIONS> = {
  kind: "odd_flags",
  title: "Odd TCP flags or fragments",
  category: "Generic Protocol Command Decode",
  severity: 3,
  signatureId: 1_900_103,
  attack: { id: "T1046", name: "Network Service Discovery" },
  notices:
    "TCP segments with flags that no sane stack sends: none at all, SYN with FIN or RST, FIN or others without ACK, all at " +
    "once, and segments that claim to come from the very host and port they go to (LAND). IP fragments that overlap or end " +
    "beyond 65,535 bytes.",
  why:
    "They are made by hand: to find out what system a host runs, to get past filters that look at SYN only, or to crash it.",
  fooled:
    "Fewer than three from each source. Some old or broken devices send a FIN without ACK. Segments to oneself from another " +
    "port, and datagrams to oneself, are not told: hosts talk to themselves so over loopback, and a router that reflects " +
    "its own public address back without changing the source sends the like; by the hundred they are a SYN flood.",
  options: OPTIONS,
  wants: { steps: FlowStep.oddFlags, kinds: [FactKind.badFragment] },
  create: (context) => new OddFlags(context),
};

class OddFlags implements Rule {
  readonly #context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>;
  readonly #contacts: FirstContacts;
  readonly #pairs = new Recent<string, OddPair>(MAX_ENTRIES);
  readonly #changed = new Set<OddPair>();

  constructor(context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>) {
    this.#context = context;
    this.#contacts = context.world.contacts;
  }

  get state(): RuleState {
    return { entries: this.#pairs.size, capacity: MAX_ENTRIES, evicted: this.#pairs.evicted };
  }

  fact(fact: FlowFact): void {
    const { kind } = fact;
    if (kind === FactKind.flow ? (fact.steps & FlowStep.oddFlags) === 0 : kind !== FactKind.badFragment) {
      return;
    }
    const { clockUs } = this.#context.world;
    const flags = kind === FactKind.badFragment
      ? FRAGMENT + fact.value
      : fact.value === LAND
      ? LAND
      : fact.value & 0x3f;
    const key = `${fact.client}>${fact.server} ${flags}`;
    let pair = this.#pairs.get(key);
    if (pair === undefined || clockUs - pair.clockUs > FORGET_US) {
      pair = {
        ...{ key, source: fact.client, target: fact.server, flags, count: 0, ports: new Set() },
        ...{
          firstUs: fact.timeUs,
          firstClockUs: clockUs,
          newPortUs: clockUs,
          lastUs: fact.timeUs,
          clockUs,
          toldUs: 0,
        },
        ...{ dirty: false, sourcePort: fact.clientPort, flowId: fact.flowId },
        interfaceIndex: fact.interfaceIndex,
      };
      this.#pairs.set(key, pair);
    }
    pair.count++;
    pair.lastUs = fact.timeUs;
    pair.clockUs = clockUs;
    if (kind === FactKind.flow && pair.ports.size < MAX_PORTS && !pair.ports.has(fact.serverPort)) {
      pair.ports.add(fact.serverPort);
      if (pair.ports.size <= SCAN_PORTS) pair.newPortUs = clockUs;
    }
    pair.dirty = true;
    if (this.#changed.size < MAX_ENTRIES) this.#changed.add(pair);
    if (clockUs - pair.toldUs >= TELL_US) this.#consider(pair, false);
  }

  tick(): void {
    for (const pair of this.#changed) this.#consider(pair, false);
  }

  close(): void {
    for (const pair of this.#changed) this.#consider(pair, true);
  }

  #consider(pair: OddPair, last: boolean): void {
    const { options, world } = this.#context;
    const { clockUs } = world;
    // One segment to itself is enough, as it cannot have come from there, and one datagram longer than there are.
    const one = pair.flags === LAND || pair.flags === FRAGMENT + BadFragment.tooLong;
    if (pair.count < (one ? 1 : options.segments)) {
      if (pair.toldUs === 0) this.#changed.delete(pair);
      return;
    }
    if (pair.toldUs === 0 && pair.ports.size > 1) {
      if (this.#contacts.sources.of(hashOfText(pair.source)).portScans > 0) {
        this.#changed.delete(pair);
        return;
      }
      const gapUs = (pair.newPortUs - pair.firstClockUs) / (Math.min(pair.ports.size, SCAN_PORTS) - 1);
      if (!last && clockUs - pair.newPortUs < Math.max(HOLD_US, HOLD_GAPS * gapUs)) return;
    }
    if (!last && clockUs - pair.toldUs < TELL_US) return;
    this.#changed.delete(pair);
    if (pair.dirty) this.#tell(pair);
  }

  #tell(pair: OddPair): void {
    const { source, target, flags, count, ports } = pair;
    pair.toldUs = this.#context.world.clockUs;
    pair.dirty = false;
    const isLand = flags === LAND;
    const fragment = flags > FRAGMENT ? FRAGMENTS[flags - FRAGMENT] : undefined;
    const segments = count === 1 ? "segment" : "segments";
    const list = [...ports];
    this.#context.desk.raise({
      key: pair.key,
      source,
      target,
      sourcePort: isLand ? pair.sourcePort : 0,
      targetPort: list.length === 1 ? list[0] : 0,
      protocol: fragment === undefined ? IpProtocol.tcp : 0,
      flowId: pair.flowId,
      interfaceIndex: pair.interfaceIndex,
      firstUs: pair.firstUs,
      count,
      severity: isLand ? 2 : 3,
      message: fragment !== undefined
        ? `${source} sent ${count} IP ${count === 1 ? "fragment" : "fragments"} to ${target} that ${fragment}`
        : isLand
        ? `Somebody sent ${count} TCP ${segments} to ${target} that claim to come from ${target} itself (LAND)`
        : `${source} sent ${count} TCP ${segments} with ${flagsText(flags)} to ${target}`,
      evidence: fragment !== undefined
        ? { fragments: count, oddity: fragment }
        : { flags: isLand ? "SYN to itself" : flagNames(flags), segments: count, ports: list },
    });
  }
}

/** By `BadFragment`. */
const FRAGMENTS: Record<number, string> = {
  [BadFragment.overlap]: "overlap others",
  [BadFragment.tooLong]: "end beyond 65,535 bytes",
};

const NAMES = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];

function flagNames(flags: number): string {
  return NAMES.filter((_, bit) => (flags >> bit & 1) === 1).join("+") || "none";
}

function flagsText(flags: number): string {
  if (flags === 0) return "no flags at all (NULL)";
  if (flags === 0x3f) return "all flags set";
  return `${flagNames(flags)}${flags === 0x29 ? " (Xmas)" : (flags & 0x12) === 0 ? " and no ACK" : ""}`;
}
