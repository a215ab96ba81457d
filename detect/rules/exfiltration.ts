/**
 * Exfiltration: much more goes out to one server than ever comes back, and than ever went there before.
 *
 * Payload is counted per client and destination, by name where it has one, over all connections: within minutes for
 * what goes in one piece, and within a day for what drips. The floor is for programs without a past, as in a file:
 * what programs send unasked (telemetry, crash reports, forms, messages) stays under ten megabytes in ten minutes, and
 * what people send themselves is known to them. With a past, only a multiple of what was ordinary counts.
 *
 * A peer that was never seen to answer got nothing, as a rule: a flood, a host that is gone. Of TCP a megabyte in
 * sequence proves the contrary, as no sender gets so far without acknowledgements: then only this direction is seen here.
 *
 * Apart from that, echo requests (ping) that carry something else: RFC 792 has the data returned as it came and tools
 * send one size, so sizes that change all the time, much of them, are a tunnel.
 */
import { FactKind, FlowStep } from "../../model/facts.ts";
import { FlowState, IpProtocol } from "../../model/flow.ts";
import { isMulticast } from "../../model/address.ts";
import { MAX_MEASURES, type UsualMeasure } from "../../model/usual.ts";
import type { SystemFacts } from "../../model/system_facts.ts";
import { hashWith } from "../contacts/address_hash.ts";
import { ByteWindow } from "../byte_window.ts";
import type { Rule, RuleContext, RuleOption, RuleSpec, RuleState } from "../contract.ts";
import { hashText } from "../dns_names.ts";
import { DOWN, FirstSeen, FLOW_ID, TIME_US, UP } from "../first_seen.ts";
import type { FlowFact } from "../flow_fact.ts";
import { Hashed, highHalf } from "../hashed.ts";
import { Recent } from "../recent.ts";
import { isClientInside, isServerInside } from "../sides.ts";
import { bytesText, percentText, placeText, round, spanText } from "../words.ts";

/** Clients with a destination; flows that go on; programs and clients with their past; pinging pairs. */
const MAX_PAIRS = 8_192;
const MAX_FLOWS = 8_192;
/** Destinations that were sent little so far: only sums are kept of them, until they come to so many bytes. */
const MAX_SMALL = 16_384;
const SMALL_BYTES = 16_384;
/** In place of the flow's number. */
const CONNECTIONS = FLOW_ID;
const MAX_PASTS = 4_096;
const MAX_ECHOES = 1_024;
const MAX_COUNTRIES = 4_096;
/** A flow that sent less is counted when it ends; one that sent hardly anything is not counted. */
const MIN_GOING_BYTES = 16_384;
const MIN_ENDED_BYTES = 512;
/** A flow that fetched so much is counted though it sent nothing: half of a speed test. */
const MIN_FETCHED_BYTES = 1_000_000;
/** Payload without an answer from which on it must have been acknowledged: more than windows are to begin with. */
const ONE_WAY_BYTES = 1_000_000;
/** Segments of it that may be out of sequence: chosen by chance, a quarter of them falls back behind another. */
const ONE_WAY_RESENT = 0.05;
const QUICK_US = 600_000_000;
const SLOW_US = 86_400_000_000;
/** An upload that drips is over when nothing came for so long. */
const DRIP_PAUSE_US = SLOW_US / 4;
const SYN = 2;
/** RFC 959: the server's port of data connections that it opens itself. */
const FTP_DATA = 20;
const TOP_PEAKS = 3;
/** What is kept over a restart: pasts of programs and clients, and of destinations. */
const PAST = "past ";
const PAIR = "pair ";
const MAX_KEPT = MAX_MEASURES / 2;

const ECHO = 8;
const ECHO_V6 = 128;
/** Stretches between facts of a flow in which sizes of echo requests varied. */
const VARIED_STRETCHES = 5;
const MIN_STRETCH_PACKETS = 4;

const options = {
  bytes: {
    default: 10_000_000,
    range: [100_000, 1e12],
    unit: "bytes",
    help: "Payload sent to one destination within ten minutes, at least",
  },
  slowBytes: {
    default: 100_000_000,
    range: [100_000, 1e13],
    unit: "bytes",
    help: "Payload sent to one destination within a day, at least",
  },
  share: {
    default: 0.8,
    range: [0.5, 1],
    unit: "",
    help: "Share of what goes between the two that is sent, at least: calls and speed tests go both ways",
  },
  ratio: {
    default: 3,
    range: [1, 1_000],
    unit: "times",
    help: "How much more it must be than the most that was ordinary before",
  },
  icmpBytes: {
    default: 250_000,
    range: [10_000, 1e12],
    unit: "bytes",
    help: "Echo requests and replies of changing sizes within ten minutes, at least",
  },
} satisfies Record<string, RuleOption>;

type Options = { [K in keyof typeof options]: number };

interface Pair {
  client: string;
  server: string;
  address: string;
  port: number;
  protocol: number;
  program: string;
  flowId: number;
  quick: ByteWindow;
  slow: ByteWindow;
  connections: number;
  /** Of one and more of them nothing that came back was seen. */
  isOneWay: boolean;
  /** The most within ten minutes, and within a day, since it went on last, and before that. */
  peak: number;
  slowPeak: number;
  usual: number;
  slowUsual: number;
  /** Packet time of what was counted first since it went on last. */
  sinceUs: number;
  sent: number;
  received: number;
  /** By the inspector's clock. */
  lastClockUs: number;
  told: boolean;
  /** Told for what it sent within a day: then it may pause for longer. */
  drips: boolean;
}

/** Echo requests between two hosts. */
interface Echo {
  key: string;
  flowId: number;
  packets: number;
  bytes: number;
  back: number;
  varied: number;
  lastSize: number;
  window: ByteWindow;
  sinceUs: number;
}

class Exfiltration implements Rule {
  readonly #context: RuleContext<Options>;
  readonly #options: Readonly<Options>;
  /** By hashes of the client, and of the destination's name or address. */
  readonly #small = new FirstSeen(MAX_SMALL);
  readonly #pairs = new Hashed<Pair>(MAX_PAIRS, (pair) => this.#close(pair));
  /** Payload counted already of flows that go on: to the server, back. */
  readonly #flows = new Hashed<[number, number]>(MAX_FLOWS);
  /** By program or client: the highest peaks of all destinations, descending. */
  readonly #pasts = new Recent<string, number[]>(MAX_PASTS);
  readonly #echoes = new Recent<number, Echo>(MAX_ECHOES);
  readonly #countries = new Recent<string, string>(MAX_COUNTRIES);
  readonly #told = new Set<Pair>();
  /** Peaks of pairs in an earlier run, until they are seen again. */
  readonly #before = new Map<string, readonly number[]>();

  constructor(context: RuleContext<Options>) {
    this.#context = context;
    this.#options = context.options;
    for (const [text, peaks] of context.measured) {
      if (text.startsWith(PAST)) this.#pasts.set(text.slice(PAST.length), peaks.slice(0, TOP_PEAKS));
      else if (text.startsWith(PAIR)) this.#before.set(text.slice(PAIR.length), peaks);
    }
  }

  /** What is so little that more than a multiple of it is below the floor is left out. */
  measures(): UsualMeasure[] {
    const { bytes, slowBytes, ratio } = this.#options;
    const matters = ([usual, slowUsual = 0, peak = 0, slowPeak = 0]: readonly number[]) =>
      ratio * Math.max(usual, peak) >= bytes || ratio * Math.max(slowUsual, slowPeak) >= slowBytes;
    const pairs = [...this.#before];
    for (const pair of this.#pairs.values()) {
      // What is told is not usual by having been told: where it goes on it is told again.
      const [peak, slowPeak] = pair.told ? [0, 0] : [pair.peak, pair.slowPeak];
      pairs.push([keyOf(pair), [pair.usual, pair.slowUsual, peak, slowPeak]]);
    }
    const kept = (prefix: string, rows: [string, readonly number[]][]) =>
      rows.filter(([, peaks]) => matters(peaks))
        .sort(([, a], [, b]) => Math.max(...a) - Math.max(...b)).slice(-MAX_KEPT)
        .map(([text, peaks]): UsualMeasure => [prefix + text, peaks]);
    return [...kept(PAST, [...this.#pasts.entries()]), ...kept(PAIR, pairs)];
  }

  get state(): RuleState {
    const before = { size: this.#before.size, capacity: MAX_MEASURES, evicted: 0 };
    const parts = [this.#small, this.#pairs, this.#flows, this.#pasts, this.#echoes, this.#countries, before];
    return {
      entries: parts.reduce((sum, { size }) => sum + size, 0),
      capacity: parts.reduce((sum, { capacity }) => sum + capacity, 0),
      evicted: parts.reduce((sum, { evicted }) => sum + evicted, 0),
    };
  }

  fact(fact: FlowFact): void {
    if (fact.kind !== FactKind.flow) return;
    const { steps } = fact;
    if ((steps & (FlowStep.progress | FlowStep.ended)) === 0) return;
    const { protocol } = fact;
    if (protocol === IpProtocol.icmp || protocol === IpProtocol.ipv6Icmp) return this.#icmp(fact);
    const hasEnded = (steps & FlowStep.ended) !== 0;
    const most = Math.max(fact.payloadBytes(0), fact.payloadBytes(1));
    if (most < (hasEnded ? MIN_ENDED_BYTES : MIN_GOING_BYTES)) return;
    const before = this.#flows.size > 0 ? this.#flows.get(fact.flowId | 0, highHalf(fact.flowId)) : undefined;
    const turned = isTurned(fact);
    const [to, back] = turned ? [1, 0] : [0, 1];
    if (turned ? isClientInside(fact) || !isServerInside(fact) : isServerInside(fact)) return;
    if (
      before === undefined && fact.payloadBytes(to) < MIN_ENDED_BYTES &&
      fact.payloadBytes(back) < MIN_FETCHED_BYTES
    ) return;
    const isOneWay = fact.packets(back) === 0;
    if (isOneWay && !isAcknowledged(fact, to) || fact.appProtocol === "dns") return;
    if (isMulticast(fact.addressBytes, turned ? fact.clientAt : fact.serverAt, fact.ipVersion)) return;
    const up = fact.payloadBytes(to) - (before?.[0] ?? 0);
    const down = fact.payloadBytes(back) - (before?.[1] ?? 0);
    if (hasEnded) {
      if (before !== undefined) this.#flows.delete(fact.flowId | 0, highHalf(fact.flowId));
    } else if (before === undefined) this.#flows.set(fact.flowId | 0, highHalf(fact.flowId), [up, down]);
    else {
      before[0] += up;
      before[1] += down;
    }
    const isNew = before === undefined;
    if (up > 0 || down > 0) this.#count(fact, turned, { up, down, connections: isNew ? 1 : 0, isOneWay });
  }

  system({ places }: SystemFacts): void {
    for (const { address, country } of places) this.#countries.set(address, country);
  }

  /** What was told is over when nothing more is sent for long enough. */
  tick(): void {
    const { clockUs } = this.#context.world;
    for (const pair of this.#told) if (clockUs - pair.lastClockUs >= pauseUs(pair)) this.#close(pair);
  }

  #count(
    fact: FlowFact,
    turned: boolean,
    add: { up: number; down: number; connections: number; isOneWay: boolean },
  ): void {
    const { world } = this.#context;
    const { clockUs } = world;
    const host = turned ? fact.clientHash : fact.serverHash;
    const name = (turned ? "" : fact.serverName) ||
      world.nameOfHashed(host, turned ? fact.clientSecond : fact.serverSecond);
    const hash = name === "" ? host : hashText(name);
    const first = hashWith(turned ? fact.serverHash : fact.clientHash, hash);
    let pair = this.#pairs.get(first, hash);
    let { firstUs } = fact;
    if (pair === undefined) {
      const small = this.#small;
      const { values } = small;
      let place = small.find(first, hash);
      if (place < 0) {
        place = small.add(first, hash, firstUs, 0);
        values[place + UP] = values[place + DOWN] = 0;
      }
      add.up = values[place + UP] += add.up;
      add.down = values[place + DOWN] += add.down;
      add.connections = values[place + CONNECTIONS] += add.connections;
      if (add.up < SMALL_BYTES) return;
      firstUs = Math.min(firstUs, values[place + TIME_US]);
      small.delete(place);
      pair = this.#goOn(
        createPair(turned ? fact.server : fact.client, name || addressOf(fact, turned)),
        fact.flowId,
      );
      this.#pairs.set(first, hash, pair);
    }
    if (clockUs - pair.lastClockUs >= QUICK_US) this.#begin(pair, firstUs);
    pair.lastClockUs = clockUs;
    pair.address = addressOf(fact, turned);
    pair.port = turned ? fact.clientPort : fact.serverPort;
    pair.protocol = fact.protocol;
    pair.flowId = fact.flowId;
    pair.program = world.programOf(fact.flowId) || pair.program;
    pair.connections += add.connections;
    pair.isOneWay ||= add.isOneWay;
    pair.sent += add.up;
    pair.received += add.down;
    pair.quick.add(clockUs, add.up, add.down);
    pair.slow.add(clockUs, add.up, add.down);
    pair.peak = Math.max(pair.peak, pair.quick.up);
    pair.slowPeak = Math.max(pair.slowPeak, pair.slow.up);
    if (pair.quick.up >= this.#options.bytes || pair.slow.up >= this.#options.slowBytes) this.#judge(pair);
  }

  /** With what was known of it in an earlier run. */
  #goOn(pair: Pair, flowId: number): Pair {
    const key = keyOf(pair);
    const before = this.#before.get(key);
    if (before === undefined) return pair;
    this.#before.delete(key);
    const [usual, slowUsual = 0, peak = 0, slowPeak = 0] = before;
    const program = this.#context.world.programOf(flowId);
    return Object.assign(pair, { program, usual, slowUsual, peak, slowPeak });
  }

  /** It goes on after a pause: what went before is the past. */
  #begin(pair: Pair, firstUs: number): void {
    if (this.#context.world.clockUs - pair.lastClockUs >= pauseUs(pair)) this.#close(pair);
    if (pair.peak > 0) {
      const past = this.#pastOf(pair);
      past.push(pair.peak);
      past.sort((a, b) => b - a).length = Math.min(past.length, TOP_PEAKS);
    }
    pair.usual = Math.max(pair.usual, pair.peak);
    pair.peak = 0;
    pair.slow.at(this.#context.world.clockUs);
    if (pair.slow.up === 0) {
      pair.slowUsual = Math.max(pair.slowUsual, pair.slowPeak);
      pair.slowPeak =
        pair.connections =
        pair.sent =
        pair.received =
          0;
      pair.isOneWay = false;
      pair.sinceUs = firstUs;
    }
  }

  #pastOf({ program, client }: Pair): number[] {
    const key = program || client;
    let past = this.#pasts.get(key);
    if (past === undefined) this.#pasts.set(key, past = []);
    return past;
  }

  #judge(pair: Pair): void {
    const { bytes, slowBytes, share, ratio } = this.#options;
    const { quick, slow } = pair;
    // Ordinary for a program is what it did three times, with whomever.
    const ordinary = this.#pastOf(pair)[TOP_PEAKS - 1] ?? 0;
    const usual = Math.max(pair.usual, ordinary);
    const isQuick = quick.up >= Math.max(bytes, ratio * usual) && quick.up >= share * (quick.up + quick.down);
    const isSlow = slow.up >= Math.max(slowBytes, ratio * Math.max(pair.slowUsual, usual)) &&
      slow.up >= share * (slow.up + slow.down);
    if (!isQuick && !isSlow) return;
    pair.told = true;
    pair.drips = !isQuick;
    this.#told.add(pair);
    this.#tell(pair, isQuick ? quick : slow, usual);
  }

  #tell(pair: Pair, window: ByteWindow, usual: number): void {
    const { client, server, address, port, program, connections, isOneWay, sinceUs } = pair;
    const { world, desk } = this.#context;
    const seconds = Math.max(0.001, (world.timeUs - sinceUs) / 1e6);
    const sentShare = pair.sent / (pair.sent + pair.received);
    const country = this.#countries.peek(address);
    const who = program === "" ? client : `${program} on ${client}`;
    const before = usual > 0 ? `; the most that was usual is ${bytesText(usual)} within ten minutes` : "";
    desk.raise({
      key: keyOf(pair),
      source: client,
      target: address,
      targetPort: port,
      protocol: pair.protocol,
      flowId: pair.flowId,
      program,
      count: Math.max(1, connections),
      firstUs: sinceUs,
      confidence: isOneWay ? 0.5 : Math.min(0.95, (usual > 0 ? 0.7 : 0.5) + 0.25 * (sentShare - 0.5) * 2),
      message:
        `${who} sent ${bytesText(pair.sent)} to ${placeText(server, port)} within ${spanText(seconds)}` +
        (isOneWay
          ? "; what came back was not seen"
          : `, ${percentText(sentShare)} of what went between them`) +
        before,
      evidence: {
        method: pair.protocol === IpProtocol.udp ? "udp" : "tcp",
        server,
        ...(country ? { country } : {}),
        bytes_sent: pair.sent,
        bytes_received: pair.received,
        ...(isOneWay ? { one_direction_seen: true } : { share_sent: round(sentShare, 4) }),
        bytes_sent_in_window: window.up,
        window_s: (window === pair.quick ? QUICK_US : SLOW_US) / 1e6,
        duration_s: round(seconds),
        bytes_per_second: Math.round(pair.sent / seconds),
        connections,
        earlier_maximum_bytes: usual,
      },
    });
  }

  #close(pair: Pair): void {
    if (!pair.told) return;
    pair.told = false;
    this.#told.delete(pair);
    this.#context.desk.close(keyOf(pair));
  }

  #icmp(fact: FlowFact): void {
    const isEcho = fact.protocol === IpProtocol.icmp ? fact.clientPort === ECHO : fact.clientPort === ECHO_V6;
    if (!isEcho || fact.state !== FlowState.established) return;
    const { flowId } = fact;
    let echo = this.#echoes.get(flowId);
    if (echo === undefined) {
      if ((fact.steps & FlowStep.ended) !== 0) return;
      echo = createEcho(fact);
      this.#echoes.set(flowId, echo);
    }
    const packets = fact.packets(0) - echo.packets;
    const bytes = fact.bytes(0) - echo.bytes;
    const back = fact.bytes(1) - echo.back;
    echo.packets += packets;
    echo.bytes += bytes;
    echo.back += back;
    echo.window.add(this.#context.world.clockUs, bytes, back);
    if (packets >= MIN_STRETCH_PACKETS) {
      const size = bytes / packets;
      // One size gives whole numbers, and the same one each time.
      if (!Number.isInteger(size) && size !== echo.lastSize) echo.varied++;
      echo.lastSize = size;
    }
    if ((fact.steps & FlowStep.ended) !== 0) this.#echoes.delete(flowId);
    if (echo.varied < VARIED_STRETCHES || echo.window.up + echo.window.down < this.#options.icmpBytes) {
      return;
    }
    const { client, server } = fact;
    const seconds = (fact.lastUs - fact.firstUs) / 1e6;
    const program = this.#context.world.programOf(flowId);
    this.#context.desk.raise({
      key: echo.key,
      source: client,
      target: server,
      protocol: fact.protocol,
      flowId,
      program,
      count: echo.packets,
      firstUs: fact.firstUs,
      message: `${program === "" ? client : `${program} on ${client}`} exchanged ` +
        `${
          bytesText(echo.bytes + echo.back)
        } with ${server} in echo requests (ping) of changing sizes within ` +
        spanText(seconds),
      evidence: {
        method: "icmp",
        bytes_sent: echo.bytes,
        bytes_received: echo.back,
        packets_sent: echo.packets,
        packets_received: fact.packets(1),
        bytes_per_request: round(echo.bytes / echo.packets, 1),
        bytes_per_reply: round(echo.back / Math.max(1, fact.packets(1)), 1),
        stretches_of_changing_size: echo.varied,
        duration_s: round(seconds),
      },
    });
  }
}

/**
 * Whether it was the server who is named client: seen from the middle, with the well-known port on that side, or data
 * connections of FTP that the server opens.
 */
function isTurned(fact: FlowFact): boolean {
  if (fact.protocol !== IpProtocol.tcp) return false;
  if (fact.clientPort === FTP_DATA) return true;
  return (fact.flags(0) & SYN) === 0 && fact.clientPort < 1024 && fact.serverPort >= 1024;
}

/**
 * Whether a TCP peer that was not seen to answer must have: so much was sent in sequence. Where the handshake was not
 * seen either, the service's port is the lower one, or it is a server's answers that are seen alone.
 */
function isAcknowledged(fact: FlowFact, to: number): boolean {
  return fact.protocol === IpProtocol.tcp && fact.payloadBytes(to) >= ONE_WAY_BYTES &&
    fact.retransmissions(to) <= ONE_WAY_RESENT * fact.packets(to) &&
    ((fact.flags(to) & SYN) !== 0 || fact.serverPort < fact.clientPort);
}

function keyOf({ client, server }: Pair): string {
  return `${client} ${server}`;
}

function pauseUs({ drips }: Pair): number {
  return drips ? DRIP_PAUSE_US : QUICK_US;
}

/** Of who is sent to. */
function addressOf(fact: FlowFact, turned: boolean): string {
  return turned ? fact.client : fact.server;
}

function createPair(client: string, server: string): Pair {
  return {
    client,
    server,
    address: "",
    port: 0,
    protocol: 0,
    program: "",
    flowId: 0,
    quick: new ByteWindow(QUICK_US, 10),
    slow: new ByteWindow(SLOW_US, 24),
    connections: 0,
    isOneWay: false,
    peak: 0,
    slowPeak: 0,
    usual: 0,
    slowUsual: 0,
    sinceUs: 0,
    sent: 0,
    received: 0,
    lastClockUs: -Infinity,
    told: false,
    drips: false,
  };
}

function createEcho(fact: FlowFact): Echo {
  return {
    key: `icmp ${fact.client} ${fact.server}`,
    ...{ flowId: fact.flowId, packets: 0, bytes: 0, back: 0, varied: 0, lastSize: 0, sinceUs: fact.firstUs },
    window: new ByteWindow(QUICK_US, 10),
  };
}

export const exfiltration: RuleSpec<typeof options> = {
  kind: "exfiltration",
  title: "Unusual upload",
  category: "Potential Corporate Privacy Violation",
  severity: 2,
  signatureId: 1_900_142,
  attack: { id: "T1048", name: "Exfiltration Over Alternative Protocol" },
  notices:
    "A client sends one server outside much more than it receives, ten megabytes in ten minutes or a hundred " +
    "in a day, and several times what was ordinary before; or much in pings of changing sizes. Where only what " +
    "is sent can be seen, TCP that goes on in sequence tells that it arrives; what came back is then not known.",
  why:
    "Stolen data has to leave by the network, and few programs send more than they fetch. Backups, synchronisation " +
    "and published videos do: program, destination and their past tell which it is.",
  fooled:
    "Data sent in small portions over days, to many destinations, with as much fetched in return, or through a " +
    "server that was always sent to.",
  options,
  quietSeconds: DRIP_PAUSE_US / 1e6 + 60, // the rule itself ends alerts
  wants: { steps: FlowStep.progress | FlowStep.ended },
  create: (context) => new Exfiltration(context),
};
