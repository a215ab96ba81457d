/**
 * Long connections: open with a server outside for hours.
 *
 * An hour is where published bands begin (RITA: 1, 4, 8 and 12 hours). Meetings, films and large downloads last that
 * long too, but carry tens of kilobytes a second (a voice alone some 4, Opus at 32 kbit/s); a channel that is held open
 * for later carries next to nothing. So the quiet are told after an hour, the busy after four.
 *
 * It needs no memory of open flows: a flow that goes on is told of at least every half minute while it has packets,
 * with the time of its first. Where it is silent for longer than the inspector keeps a flow (an hour), the next
 * segment begins another flow in the middle of the stream; the two are joined here.
 */
import { FactKind, FlowStep } from "../../model/facts.ts";
import { FlowEnd, FlowState, IpProtocol } from "../../model/flow.ts";
import type { Rule, RuleContext, RuleOption, RuleSpec, RuleState } from "../contract.ts";
import type { FlowFact } from "../flow_fact.ts";
import { Recent } from "../recent.ts";
import { isClientInside, isServerInside } from "../sides.ts";
import { bytesText, placeText, round, spanText } from "../words.ts";

/** Connections told and still open. */
const MAX_OPEN = 2_048;
/** Flows that ended because nothing was heard of them: their next segment goes on with them. */
const MAX_SILENT = 8_192;
/** Client or program, and server: told before. */
const MAX_KNOWN = 8_192;
const SYN = 2;
const FIN_OR_RST = 1 | 4;
const HOUR_S = 3_600;
/** RFC 9293 §3.8.4: keep-alives are two hours apart or more, by default. */
const SILENT_S = 3 * HOUR_S;
const TICK_US = 60_000_000;
const DAY_S = 86_400;
/** A key that was told is not told anew for so long after its last connection. */
const KNOWN_DAYS = 14;
/** Connections listed in the evidence. */
const MAX_LISTED = 16;

/** Over UDP these are questions and answers from one port, however long that goes on. */
const NO_CONNECTION: ReadonlySet<string> = new Set([
  ...[
    "ntp",
    "dns",
    "mdns",
    "llmnr",
    "nbns",
    "dhcp",
    "dhcpv6",
    "ssdp",
    "snmp",
    "sip",
    "stun",
    "radius",
    "syslog",
  ],
  ...["tftp", "bittorrent", "krb5"],
]);

const options = {
  quiet: {
    default: HOUR_S,
    range: [60, 30 * DAY_S],
    unit: "s",
    help: "How long a connection that carries little may last",
  },
  busy: {
    default: 4 * HOUR_S,
    range: [60, 30 * DAY_S],
    unit: "s",
    help: "How long a connection that carries much may last: films, meetings, downloads",
  },
  rate: {
    default: 1_000,
    range: [0, 1e9],
    unit: "bytes/s",
    help: "Payload of both directions, on average, from which on a connection carries much",
  },
  grave: {
    default: 12 * HOUR_S,
    range: [60, 365 * DAY_S],
    unit: "s",
    help: "From when on severity is 2 instead of 3",
  },
} satisfies Record<string, RuleOption>;

type Options = { [K in keyof typeof options]: number };

/** What went before a flow that goes on with another. */
interface Before {
  /** Of the latest flow. */
  flowId: number;
  firstUs: number;
  client: string;
  server: string;
  clientPort: number;
  serverPort: number;
  clientInside: boolean;
  /** Payload to the server and back. */
  up: number;
  down: number;
  isFromStart: boolean;
  /** The later flow has client and server the other way round. */
  turned: boolean;
}

/** One alert: connections of one client (or of all, towards a server of ours) with one server. */
interface Told {
  key: string;
  known: string;
  /** By the number of the flow. */
  open: Map<number, Connection>;
  /** When any of them was heard of, by the inspector's clock. */
  heardUs: number;
}

interface Connection {
  client: string;
  clientPort: number;
  firstUs: number;
  seconds: number;
  up: number;
  down: number;
  isFromStart: boolean;
}

class LongConnection implements Rule {
  readonly #context: RuleContext<Options>;
  readonly #options: Readonly<Options>;
  readonly #silent = new Recent<string, Before>(MAX_SILENT);
  readonly #joined = new Recent<number, Before>(MAX_SILENT);
  readonly #told = new Map<string, Told>();
  readonly #open = new Recent<number, Told>(MAX_OPEN, (flowId, told) => this.#over(flowId, told));
  /** When it was told last, by the inspector's clock. */
  readonly #known = new Recent<string, number>(MAX_KNOWN);
  #nextTickUs = 0;

  constructor(context: RuleContext<Options>) {
    this.#context = context;
    this.#options = context.options;
  }

  get state(): RuleState {
    const parts = [this.#silent, this.#joined, this.#open, this.#known];
    return {
      entries: parts.reduce((sum, { size }) => sum + size, 0),
      capacity: parts.reduce((sum, { capacity }) => sum + capacity, 0),
      evicted: parts.reduce((sum, { evicted }) => sum + evicted, 0),
    };
  }

  fact(fact: FlowFact): void {
    if (fact.kind !== FactKind.flow) return;
    const { steps } = fact;
    if ((steps & FlowStep.began) !== 0 && this.#silent.size > 0) this.#began(fact);
    if ((steps & (FlowStep.progress | FlowStep.ended)) === 0) return;
    const before = this.#joined.size > 0 ? this.#joined.peek(fact.flowId) : undefined;
    const seconds = (fact.lastUs - (before?.firstUs ?? fact.firstUs)) / 1e6;
    if (seconds >= this.#options.quiet) this.#long(fact, before, seconds);
    if ((steps & FlowStep.ended) !== 0) this.#ended(fact, before);
  }

  /** Connections that were silent for too long are taken for ended. */
  tick(): void {
    const { clockUs } = this.#context.world;
    if (clockUs < this.#nextTickUs) return;
    this.#nextTickUs = clockUs + TICK_US;
    for (const told of this.#told.values()) {
      if (clockUs - told.heardUs < SILENT_S * 1e6) continue;
      for (const flowId of [...told.open.keys()]) this.#over(flowId, told);
    }
  }

  #long(fact: FlowFact, before: Before | undefined, seconds: number): void {
    const { protocol } = fact;
    if (protocol === IpProtocol.udp) {
      if (fact.state !== FlowState.established || NO_CONNECTION.has(fact.appProtocol)) return;
    } else if (protocol !== IpProtocol.tcp || fact.packets(0) === 0 || fact.packets(1) === 0) return;
    const turned = before?.turned ?? false;
    const clientInside = before?.clientInside ?? isClientInside(fact);
    const serverInside = turned ? isClientInside(fact) : isServerInside(fact);
    if (clientInside && serverInside) return;
    const up = fact.payloadBytes(turned ? 1 : 0) + (before?.up ?? 0);
    const down = fact.payloadBytes(turned ? 0 : 1) + (before?.down ?? 0);
    const options = this.#options;
    if (seconds < options.busy && up + down >= options.rate * seconds) return;

    const { world } = this.#context;
    const client = before?.client ?? fact.client;
    const server = before?.server ?? fact.server;
    const serverPort = before?.serverPort ?? fact.serverPort;
    const name = turned ? world.nameOf(server) || server : fact.serverName || world.nameOf(server) || server;
    const program = world.programOf(fact.flowId);
    // Towards a server of ours the server is what keeps connections open: one alert for all its clients.
    const who = serverInside ? "" : client;
    const key = `${who} ${server} ${protocol}:${serverPort}`;
    const known = `${program || who} ${name} ${protocol}:${serverPort}`;
    let told = this.#told.get(key);
    if (told === undefined) {
      const lastClockUs = this.#known.peek(known);
      this.#known.set(known, world.clockUs);
      if (program !== "" && name !== server) {
        // Kept over a restart, as a program's habit: no addresses are.
        const habit = `${program} ${placeText(name, serverPort)}`;
        if (lastClockUs === undefined && this.#context.usual.since(habit) !== undefined) return;
        this.#context.usual.add(habit);
      }
      if (lastClockUs !== undefined && world.clockUs - lastClockUs < KNOWN_DAYS * DAY_S * 1e6) return;
      told = { key, known, open: new Map(), heardUs: 0 };
      this.#told.set(key, told);
    }
    told.heardUs = world.clockUs;
    const isFromStart = before?.isFromStart ?? isSeenFromStart(fact);
    const firstUs = before?.firstUs ?? fact.firstUs;
    const clientPort = before?.clientPort ?? fact.clientPort;
    told.open.set(fact.flowId, { client, clientPort, firstUs, seconds, up, down, isFromStart });
    this.#open.set(fact.flowId, told);

    const all = [...told.open.values()];
    const longest = all.reduce((a, b) => b.seconds > a.seconds ? b : a);
    const ends = `${program === "" ? longest.client : `${program} on ${longest.client}`}`;
    const others = all.length > 1 ? `, and ${all.length - 1} more like it` : "";
    this.#context.desk.raise({
      key,
      source: longest.client,
      target: server,
      targetPort: serverPort,
      protocol,
      flowId: fact.flowId,
      program,
      severity: longest.seconds >= options.grave ? 2 : 3,
      count: all.length,
      firstUs: Math.min(...all.map(({ firstUs }) => firstUs)),
      message: `${ends} has been connected to ${placeText(name, serverPort)} for ` +
        `${longest.isFromStart ? "" : "at least "}${spanText(longest.seconds)}${others}, ` +
        `${bytesText(longest.up)} sent and ${bytesText(longest.down)} received`,
      evidence: {
        server: name,
        duration_s: round(longest.seconds),
        bytes_to_server: longest.up,
        bytes_to_client: longest.down,
        bytes_per_second: round((longest.up + longest.down) / longest.seconds, 2),
        seen_from_start: longest.isFromStart,
        ...(fact.appProtocol === "" ? {} : { app_proto: fact.appProtocol }),
        connections: all.slice(0, MAX_LISTED).map((one) => ({
          client: placeText(one.client, one.clientPort),
          duration_s: round(one.seconds),
          bytes_to_server: one.up,
          bytes_to_client: one.down,
        })),
      },
    });
  }

  #ended(fact: FlowFact, before: Before | undefined): void {
    const { flowId } = fact;
    if (before !== undefined) this.#joined.delete(flowId);
    const told = this.#open.size > 0 ? this.#open.peek(flowId) : undefined;
    if (!isSilent(fact)) {
      if (told !== undefined) this.#over(flowId, told);
      return;
    }
    if (isClientInside(fact) && isServerInside(fact)) return;
    const turned = before?.turned ?? false;
    this.#silent.set(endsKey(fact), {
      flowId,
      firstUs: before?.firstUs ?? fact.firstUs,
      client: before?.client ?? fact.client,
      server: before?.server ?? fact.server,
      clientPort: before?.clientPort ?? fact.clientPort,
      serverPort: before?.serverPort ?? fact.serverPort,
      clientInside: before?.clientInside ?? isClientInside(fact),
      up: (before?.up ?? 0) + fact.payloadBytes(turned ? 1 : 0),
      down: (before?.down ?? 0) + fact.payloadBytes(turned ? 0 : 1),
      isFromStart: before?.isFromStart ?? isSeenFromStart(fact),
      turned,
    });
  }

  /** A flow that begins without a handshake may go on with one that was silent too long. */
  #began(fact: FlowFact): void {
    if (fact.protocol !== IpProtocol.tcp || ((fact.flags(0) | fact.flags(1)) & SYN) !== 0) return;
    const key = endsKey(fact);
    const before = this.#silent.peek(key);
    if (before === undefined) return;
    this.#silent.delete(key);
    before.turned = fact.client !== before.client || fact.clientPort !== before.clientPort;
    this.#joined.set(fact.flowId, before);
    const told = this.#open.peek(before.flowId);
    const connection = told?.open.get(before.flowId);
    if (told === undefined || connection === undefined) return;
    this.#open.delete(before.flowId);
    told.open.delete(before.flowId);
    this.#open.set(fact.flowId, told);
    told.open.set(fact.flowId, connection);
  }

  #over(flowId: number, told: Told): void {
    this.#open.delete(flowId);
    told.open.delete(flowId);
    if (told.open.size > 0) return;
    this.#told.delete(told.key);
    this.#known.set(told.known, this.#context.world.clockUs);
    this.#context.desk.close(told.key);
  }
}

/** Nothing was heard of an open connection; of one seen from the middle bare acknowledgements are enough. */
function isSilent(fact: FlowFact): boolean {
  if (fact.end !== FlowEnd.timeout || fact.protocol !== IpProtocol.tcp) return false;
  const flags = fact.flags(0) | fact.flags(1);
  if (fact.state === FlowState.established) return true;
  return (flags & (SYN | FIN_OR_RST)) === 0 && fact.packets(0) > 0 && fact.packets(1) > 0;
}

function isSeenFromStart(fact: FlowFact): boolean {
  return fact.protocol !== IpProtocol.tcp || (fact.flags(0) & SYN) !== 0;
}

/** The same for both directions. */
function endsKey(fact: FlowFact): string {
  const a = `${fact.client} ${fact.clientPort}`;
  const b = `${fact.server} ${fact.serverPort}`;
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

export const longConnection: RuleSpec<typeof options> = {
  kind: "long_connection",
  title: "Long connection",
  category: "Potentially Bad Traffic",
  severity: 3,
  signatureId: 1_900_141,
  attack: { id: "T1572", name: "Protocol Tunneling" },
  notices:
    "A connection with a server outside that lasts for an hour while it carries little, or for four hours " +
    "however much it carries. Silence in between is allowed for; one that is told is told once.",
  why:
    "Remote control, tunnels and reverse shells keep one connection open, and none of their traffic draws " +
    "attention. So do push services, VPNs and remote shells: the program and the server tell which it is.",
  fooled: "A channel that is closed and opened anew every hour, or that carries as much as a film.",
  options,
  quietSeconds: SILENT_S,
  wants: {
    steps: FlowStep.began | FlowStep.progress | FlowStep.ended,
    protocols: [IpProtocol.tcp, IpProtocol.udp],
  },
  create: (context) => new LongConnection(context),
};
