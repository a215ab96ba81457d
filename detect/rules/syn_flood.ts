/**
 * SYN flood: connections are begun at a service by the hundred and left half open, so that its queue is full and nobody
 * gets in.
 *
 * Linux answers a SYN six times within 63 s (`tcp_synack_retries` 5) and keeps a place for it as long; queues hold 128 to
 * 4,096 (`somaxconn` old and new; nginx and Redis ask for 511). So 26 a second that nobody completes fill 511 places in
 * 20 s: 256 in ten seconds is where it begins to hurt.
 *
 * Connections of a load test are completed, those of a restarting service refused. A dead service is silent to clients
 * that try again and again, each place of a pool once a second or so. A flood that is not answered counts only when it is
 * twice as large and many times what was usual there, and comes from forged sources, which do not come again, or from
 * some of which each is a flood by itself; what clients do who got through before counts only far beyond. One that is
 * refused fills no queue, only the wire: it counts at a port that was never seen to answer, from 800 a second on, as a
 * loop that starts a program for each try comes to half of that, or from 200 a second of forged sources. Clients of a
 * service that is gone wait before they try again, most a second and more.
 */
import { formatAddress } from "../../model/address.ts";
import { FactKind, FlowStep } from "../../model/facts.ts";
import { IpProtocol } from "../../model/flow.ts";
import type { Rule, RuleContext, RuleSpec, RuleState } from "../contract.ts";
import { hashWith } from "../contacts/address_hash.ts";
import { HashSet } from "../contacts/hash_set.ts";
import { FLOOD_SOURCES, FloodSources } from "../flood_sources.ts";
import { FLOOD_ROWS, FloodTable, HALF_WINDOW_US, MAX_SOURCES } from "../flood_table.ts";
import type { FlowFact } from "../flow_fact.ts";
import { digits, placeText, spanText } from "../words.ts";

const OPTIONS = {
  halfOpen: {
    default: 256,
    range: [16, 1_000_000],
    unit: "connections",
    help: "Begun at one port of one host within ten seconds, answered, and not completed",
  },
  unanswered: {
    default: 512,
    range: [16, 1_000_000],
    unit: "connections",
    help: "The same, where the host does not answer: from forged sources, or from each of a few",
  },
  refused: {
    default: 8_192,
    range: [64, 1_000_000],
    unit: "connections",
    help: "The same, where the host refuses them, at a port that was never seen to answer, from few sources",
  },
  manyPorts: {
    default: 2_048,
    range: [64, 1_000_000],
    unit: "connections",
    help: "The same from at least 128 sources, where the host refuses them, or over all ports of a host",
  },
  completed: {
    default: 0.1,
    range: [0, 0.5],
    unit: "",
    help: "Share of connections that may be completed all the same",
  },
  timesUsual: {
    default: 8,
    range: [2, 1_000],
    unit: "",
    help: "Times the usual number of connections that unanswered ones must be",
  },
} as const;

const MAX_FLOODS = 256;
const MANY_SOURCES = 128;
/** Fewer connections than that say nothing of who begins them and what becomes of them. */
const LEAST = 16;
const SYN = 2;
const RST = 4;
const FLAGS = 0x17;
const ALL_PORTS = 65_536;
const TELL_US = 1e6;
/**
 * Fewer SYNs at a host within five to ten seconds are not looked at more closely: no threshold can be set as low, and
 * hosts with so few are nearly all there are.
 */
const FEW = 8;
/** Places for hosts, by hash. */
const HOSTS = 8_192;
/** Numbers kept of each: SYNs first, then how many were answered while they were few. */
const KINDS = 2;
const ANSWERED = 1;
const STEPS = FlowStep.began | FlowStep.answered | FlowStep.established | FlowStep.reset;

interface Flood {
  key: string;
  target: string;
  port: number;
  version: number;
  row: number;
  firstUs: number;
  firstClockUs: number;
  /** Half-open connections since it began, without those of the windows at hand. */
  total: number;
  lastUs: number;
  clockUs: number;
  toldUs: number;
  interfaceIndex: number;
  flowId: number;
  /** Once the sources look forged they stay so: what is forged is forged. */
  isForged: boolean;
  /** Nearly all comes from one. */
  isOne: boolean;
  /** The one; "" before it was seen to be. */
  main: string;
  /** Of several, the one that was named; "" before. */
  named: string;
  from: FloodSources;
  /** Most sources that were seen within a window. */
  sources: number;
  /** The host answers most with RST. */
  isRefused: boolean;
  /** It has answered with SYN-ACK. */
  isAnswered: boolean;
}

/** A load balancer's clients try a dead service again at a hundred and more a second; this many times the rate is a flood. */
const CLIENTS_RETRY = 4;

/** @see RuleSpec */
export const synFlood: RuleSpec<typeof OPTIONS> = {
  kind: "syn_flood",
  title: "SYN flood",
  category: "Attempted Denial of Service",
  severity: 1,
  signatureId: 1_900_102,
  attack: { id: "T1499", name: "Endpoint Denial of Service" },
  quietSeconds: 60,
  notices:
    "Hundreds of TCP connections begun at one service within ten seconds of which hardly any is completed, from one source " +
    "or from many, which are then mostly forged; thousands where the host refuses them.",
  why:
    "Each half-open connection takes a place in the service's queue for a minute; when it is full nobody gets in.",
  fooled:
    "Slow floods against small queues (fewer than 26 a second), and floods that complete their connections. A capture that " +
    "misses one direction, or keeps SYNs only, shows every connection half open. Of a host that answers nobody, a flood from " +
    "some dozens or hundreds of sources, each below the threshold, looks like clients that try a dead service again and is " +
    "not told; one proxy that tries it 52 times a second and was never seen to get through looks like a flood.",
  options: OPTIONS,
  wants: { steps: STEPS, protocols: [IpProtocol.tcp] },
  create: (context) => new SynFlood(context),
};

class SynFlood implements Rule {
  readonly #context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>;
  readonly #table = new FloodTable();
  readonly #floods = new Map<string, Flood>();
  /** By hash of a host: SYNs, and of those not looked at what came of them. Half is forgotten every five seconds. */
  readonly #atHost = new Uint16Array(KINDS * HOSTS);
  readonly #halvedUs = new Float64Array(1);
  /** Services at which a connection was completed. */
  readonly #alive = new HashSet(4_096);
  /** The same with the client. */
  readonly #clients = new HashSet(4_096);

  constructor(context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>) {
    this.#context = context;
  }

  get state(): RuleState {
    return {
      entries: this.#table.size + this.#floods.size,
      capacity: FLOOD_ROWS + MAX_FLOODS,
      evicted: this.#table.evicted,
    };
  }

  fact(fact: FlowFact): void {
    const steps = fact.steps;
    if (fact.kind !== FactKind.flow || fact.protocol !== IpProtocol.tcp || (steps & STEPS) === 0) return;
    const table = this.#table;
    const { clockUs } = this.#context.world;
    const server = fact.serverHash;
    const port = fact.serverPort;
    const place = KINDS * (server & (HOSTS - 1));
    if ((steps & FlowStep.began) !== 0) {
      if ((fact.flags(0) & FLAGS) !== SYN) return;
      if (clockUs - this.#halvedUs[0] >= HALF_WINDOW_US) this.#halve(clockUs);
      const before = this.#atHost[place];
      if (before < 0xffff) this.#atHost[place]++;
      if (before < FEW) return;
      const isClient = this.#clients.has(hashWith(fact.clientHash, hashWith(server, port)));
      this.#opened(fact, table.find(server, port, clockUs, true), port, isClient);
      this.#opened(fact, table.find(server, ALL_PORTS, clockUs, true), ALL_PORTS, isClient);
      return;
    }
    if ((steps & FlowStep.established) !== 0) {
      const service = hashWith(server, port);
      this.#alive.add(service);
      this.#clients.add(hashWith(fact.clientHash, service));
    }
    const isFew = this.#atHost[place] < FEW;
    const row = isFew ? -1 : table.find(server, port, clockUs, false);
    const host = isFew ? -1 : table.find(server, ALL_PORTS, clockUs, false);
    if ((steps & FlowStep.answered) !== 0 && (fact.flags(1) & SYN) !== 0) {
      if (row >= 0) table.answer(row);
      else this.#atHost[place + ANSWERED]++;
      if (host >= 0) table.answer(host);
    }
    if ((steps & FlowStep.established) !== 0) {
      if (row >= 0) table.complete(row);
      if (host >= 0) table.complete(host);
    } else if ((steps & FlowStep.reset) !== 0 && (fact.flags(1) & RST) !== 0) {
      if (row >= 0) table.refuse(row);
      if (host >= 0) table.refuse(host);
    }
  }

  tick(): void {
    const { clockUs } = this.#context.world;
    for (const [key, flood] of this.#floods) {
      if (clockUs - flood.clockUs > 2 * HALF_WINDOW_US) this.#floods.delete(key);
      else if (flood.toldUs < flood.clockUs && clockUs - flood.toldUs >= TELL_US) this.#tell(flood);
    }
  }

  close(): void {
    for (const flood of this.#floods.values()) this.#tell(flood);
  }

  /** @param row Of the service, or of all ports of the host. @param isClient Of that service, as it was seen before. */
  #opened(fact: FlowFact, row: number, port: number, isClient: boolean): void {
    // Those that were not looked at were, if this is a flood, of the same kind.
    if (this.#table.opened(row) === 0) {
      const at = KINDS * (fact.serverHash & (HOSTS - 1));
      this.#table.skip(row, FEW, Math.min(FEW, this.#atHost[at + ANSWERED]));
    }
    this.#table.open(row, fact.addressBytes, fact.clientAt, fact.clientHash);
    if (isClient) this.#table.openedByClient(row);
    this.#judge(fact, row, port);
  }

  #halve(clockUs: number): void {
    const places = this.#atHost;
    if (clockUs - this.#halvedUs[0] >= 2 * HALF_WINDOW_US) places.fill(0);
    else for (let i = 0; i < places.length; i++) places[i] >>= 1;
    this.#halvedUs[0] = clockUs;
  }

  #judge(fact: FlowFact, row: number, port: number): void {
    const table = this.#table;
    const { options, world } = this.#context;
    const opened = table.opened(row);
    if (opened < LEAST) {
      table.setBeganUs(row, 0);
      return;
    }
    const completed = table.completed(row);
    const begun = opened - completed;
    const halfOpen = begun - table.refused(row);
    if (table.beganUs(row) === 0) {
      if (begun >= LEAST && completed <= options.completed * opened) table.setBeganUs(row, fact.timeUs);
      return;
    }
    const all = port === ALL_PORTS;
    const answered = Math.min(halfOpen, table.answered(row) - completed);
    const isRefused = halfOpen < begun / 2 &&
      (begun >= options.refused || (begun >= options.manyPorts && this.#isForged(row)));
    const isAnswered = answered >= options.halfOpen && (!all || halfOpen >= options.manyPorts);
    // Clients who got through before ask for what they had; at the pace of a flood they are one all the same.
    const strangers = Math.min(halfOpen, opened - table.byClients(row));
    const isSilent = strangers >= (all ? options.manyPorts : options.unanswered) ||
      halfOpen >= CLIENTS_RETRY * (all ? options.manyPorts : options.unanswered);
    if (!isRefused && !isAnswered && !isSilent) return;
    if (isRefused && !this.#isNobodys(fact, row, all)) return;
    if (completed > options.completed * opened) {
      table.setBeganUs(row, 0);
      return;
    }
    if (
      !all && !isRefused && answered < options.halfOpen && opened < options.timesUsual * table.usual(row)
    ) return;
    if (all && table.sources(row) < MANY_SOURCES) return;
    const key = all ? `${fact.server} *` : `${fact.server} ${port}`;
    let flood = this.#floods.get(key);
    // Half of the time that counts cover, and of each source: whoever tries a dead service again is not so quick.
    if (
      flood === undefined && !isRefused && !isAnswered && !this.#isForged(row) &&
      (all || table.perSource(row) < options.unanswered / 2)
    ) return;
    if (flood === undefined) {
      // A flood of one port is one of its host too.
      if (this.#floods.size >= MAX_FLOODS || (all && this.#hasFlood(fact.server))) return;
      flood = {
        ...{ key, target: fact.server, port: all ? 0 : port, version: fact.ipVersion, row },
        ...{
          firstUs: table.beganUs(row),
          firstClockUs: world.clockUs,
          total: begun - 1,
          lastUs: fact.timeUs,
        },
        ...{ clockUs: world.clockUs, toldUs: 0, interfaceIndex: fact.interfaceIndex, flowId: fact.flowId },
        ...{ isForged: false, isOne: false, main: "", named: "", from: new FloodSources(), sources: 0 },
        ...{ isRefused: false, isAnswered: false },
      };
      this.#floods.set(key, flood);
    }
    flood.total++;
    if (!flood.isForged) flood.from.add(fact.addressBytes, fact.clientAt, fact.clientHash);
    flood.lastUs = fact.timeUs;
    flood.clockUs = world.clockUs;
    flood.row = row;
    flood.isRefused = isRefused;
    if (answered > 0) flood.isAnswered = true;
    if (flood.toldUs === 0) this.#tell(flood);
  }

  /** Whether what is refused was asked of nobody: the port never answered. */
  #isNobodys(fact: FlowFact, row: number, all: boolean): boolean {
    if (this.#alive.has(hashWith(fact.serverHash, fact.serverPort))) return false;
    return !all || this.#isForged(row);
  }

  /** Whether there are many sources that do not come again. */
  #isForged(row: number): boolean {
    const sources = this.#table.sources(row);
    return sources >= MANY_SOURCES && sources >= Math.min(MAX_SOURCES, this.#table.opened(row) / 4);
  }

  #hasFlood(target: string): boolean {
    for (const flood of this.#floods.values()) if (flood.target === target) return true;
    return false;
  }

  #tell(flood: Flood): void {
    const table = this.#table;
    const { row, target, port, total } = flood;
    const isFirst = flood.toldUs === 0;
    flood.toldUs = this.#context.world.clockUs;
    const sources = flood.sources = Math.max(flood.sources, table.sources(row));
    // Right after a turn of the window the few there are say nothing.
    const mainAt = table.latest(row) < LEAST ? -1 : table.mainSource(row);
    if (isFirst || table.latest(row) >= LEAST) flood.isOne = sources <= 1 || mainAt >= 0;
    if (mainAt >= 0) flood.main = formatAddress(table.sourceBytes, mainAt, flood.version);
    if (!flood.isOne && (sources >= MANY_SOURCES || sources >= total / 4)) flood.isForged = true;
    const from = flood.isForged ? [] : flood.from.list(flood.version);
    // Of more sources than are counted apart, only one that sends a good part is known to be among the busiest.
    const isKnown = from.length > 0 &&
      (flood.from.isComplete || from[0].connections >= total / FLOOD_SOURCES);
    const source = flood.isForged
      ? ""
      : flood.isOne && flood.main !== ""
      ? flood.main
      : isKnown
      ? flood.named = busiest(from, flood.named)
      : "";
    const seconds = Math.max(0.001, (flood.lastUs - flood.firstUs) / 1e6);
    const place = port === 0 ? `many ports of ${target}` : placeText(target, port);
    const many = sources >= MAX_SOURCES
      ? `more than ${MAX_SOURCES}`
      : flood.from.isComplete && sources === from.length
      ? `${sources}`
      : `about ${sources}`;
    const who = flood.isOne && !flood.isForged
      ? source
      : `${many} sources${source === "" ? "" : `, most of all ${source},`}`;
    const opened = table.opened(row);
    const completed = table.completed(row);
    this.#context.desk.raise({
      key: flood.key,
      source,
      target,
      targetPort: port,
      protocol: IpProtocol.tcp,
      flowId: flood.flowId,
      interfaceIndex: flood.interfaceIndex,
      firstUs: flood.firstUs,
      count: total,
      ...(flood.isRefused ? { severity: 2 as const } : {}),
      message: `${who} began ${total} connections to ${place} within ${spanText(seconds)}${
        flood.isRefused
          ? ", most of which were refused"
          : flood.isAnswered
          ? " and left them half open"
          : ", none of which was answered"
      }`,
      evidence: {
        half_open: total,
        per_second: Number(digits(total / seconds)),
        seconds: Number(seconds.toFixed(3)),
        last_ten_seconds: {
          opened,
          ...(port === 0 ? {} : { answered: table.answered(row) }),
          completed,
          refused: table.refused(row),
        },
        share_completed: Number(digits(completed / Math.max(1, opened))),
        sources,
        ...(flood.isForged ? { sources_forged: true } : flood.isOne || !isKnown ? {} : { top_sources: from }),
      },
    });
  }
}

/** The source with most; of some that are about as busy, the one that was named before: an alert is of one. */
function busiest(from: { source: string; connections: number }[], named: string): string {
  const before = from.find(({ source }) => source === named);
  return before !== undefined && before.connections >= 0.75 * from[0].connections ? named : from[0].source;
}
