/**
 * One protocol on the port of another: SSH on 443, anything but DNS on 53, HTTP on 22.
 *
 * Ports are a convention, and most of them are free for all; so only a short table of ports that belong to somebody
 * counts, and a few protocols that have no business away from home. The server's own bytes must show the protocol:
 * what a client tries (a version scan) is not what runs there.
 */
import { isPrivateText } from "../../model/address.ts";
import { FactKind, FlowStep } from "../../model/facts.ts";
import { IpProtocol } from "../../model/flow.ts";
import type { Observation } from "../../model/observation.ts";
import type { AlertDesk } from "../alert_desk.ts";
import { hashWith } from "../contacts/address_hash.ts";
import { HashSet } from "../contacts/hash_set.ts";
import type { Rule, RuleContext, RuleOption, RuleSpec, RuleState, World } from "../contract.ts";
import { hashText } from "../dns_names.ts";
import type { FlowFact } from "../flow_fact.ts";
import { Recent } from "../recent.ts";
import { placeText } from "../words.ts";

const MAX_PLACES = 4_096;
/** Flows of proxies whose tunnel carries another protocol from some point on. */
const MAX_TUNNELS = 4_096;
/** Payload of the server's without which the client may have been alone in speaking so. */
const MIN_SERVER_BYTES = 40;

/** What belongs on a port. TLS goes wherever STARTTLS does. */
interface Home {
  word: string;
  protocols: readonly string[];
  /** Another protocol there looks like hiding, not like chance: firewalls let these ports through. */
  isWayOut?: boolean;
}

const TCP_HOMES: Record<number, Home> = {
  21: { word: "FTP", protocols: ["ftp", "tls"] },
  22: { word: "SSH", protocols: ["ssh"] },
  23: { word: "Telnet", protocols: ["telnet", "tls"] },
  25: { word: "mail", protocols: ["smtp", "tls"] },
  53: { word: "DNS", protocols: ["dns"], isWayOut: true },
  // What a proxy carries, and what began as HTTP, is looked at below.
  80: {
    word: "HTTP",
    protocols: ["http", "http2", "websocket", "rtmp", "rtsp", "bittorrent"],
    isWayOut: true,
  },
  110: { word: "POP3", protocols: ["pop3", "tls"] },
  143: { word: "IMAP", protocols: ["imap", "tls"] },
  443: {
    word: "HTTPS",
    protocols: ["tls", "http", "http2", "websocket", "rtmp", "bittorrent"],
    isWayOut: true,
  },
  445: { word: "SMB", protocols: ["smb"] },
  465: { word: "mail over TLS", protocols: ["tls", "smtp"] },
  853: { word: "DNS over TLS", protocols: ["tls", "dns"] },
  993: { word: "IMAP over TLS", protocols: ["tls", "imap"] },
  995: { word: "POP3 over TLS", protocols: ["tls", "pop3"] },
  3306: { word: "MySQL", protocols: ["mysql", "tls"] },
  3389: { word: "Remote Desktop", protocols: ["rdp", "tls"] },
  5432: { word: "PostgreSQL", protocols: ["pgsql", "tls"] },
};
const UDP_HOMES: Record<number, Home> = {
  53: { word: "DNS", protocols: ["dns"], isWayOut: true },
  123: { word: "NTP", protocols: ["ntp"], isWayOut: true },
};

/** Protocols with a home of their own, by the ports where nobody wonders about them. */
const AWAY: Record<string, { word: string; ports: ReadonlySet<number> }> = {
  irc: {
    word: "IRC",
    ports: new Set([
      194,
      6660,
      6661,
      6662,
      6663,
      6664,
      6665,
      6666,
      6667,
      6668,
      6669,
      6697,
      7000,
      7070,
      8000,
      8001,
      8002,
      9999,
    ]),
  },
  // Forwarders of one's own listen on 5300, 5335, 5353, 8600 and others: only strangers are looked at.
  dns: { word: "DNS", ports: new Set([53, 853, 5353, 5355, 5300, 5335, 1053, 8053, 8600]) },
};

const WORDS: Record<string, string> = {
  http: "HTTP",
  http2: "HTTP",
  pgsql: "PostgreSQL",
  mysql: "MySQL",
  redis: "Redis",
  rdp: "Remote Desktop",
  rfb: "VNC",
  bittorrent: "BitTorrent",
  telnet: "Telnet",
  wireguard: "WireGuard",
};

/** By port: where something belongs. Most flows are done with one look. */
const hasHome = new Uint8Array(65_536);
for (const port of [...Object.keys(TCP_HOMES), ...Object.keys(UDP_HOMES)]) hasHome[Number(port)] = 1;

const OPTIONS = {} satisfies Record<string, RuleOption>;

/** @see RuleSpec */
export const unexpectedPort: RuleSpec<typeof OPTIONS> = {
  kind: "unexpected_port",
  title: "Protocol on another's port",
  category: "Non-standard port",
  severity: 3,
  signatureId: 1_900_124,
  attack: { id: "T1571", name: "Non-Standard Port" },
  notices:
    "A server that speaks one protocol on a well-known port of another, such as SSH on 443; DNS or IRC on a port of its own at a foreign host.",
  why: "Ports that every firewall lets through are used to get past it, by people as by malware.",
  fooled:
    "By protocols that the inspector does not know, and by whatever is wrapped in TLS on 443. Somebody who cannot reach port 22 from a hotel looks alike.",
  options: OPTIONS,
  observes: [
    "ssh",
    "http",
    "tls",
    "dns",
    "smtp",
    "ftp",
    "imap",
    "pop3",
    "smb",
    "rdp",
    "pgsql",
    "mysql",
    "redis",
  ],
  wants: { steps: FlowStep.progress | FlowStep.ended },
  create: (context) => new UnexpectedPort(context),
};

interface Place {
  flows: number;
  lastFlow: number;
  tellAt: number;
  firstUs: number;
}

class UnexpectedPort implements Rule {
  readonly #desk: AlertDesk;
  readonly #world: World;
  readonly #places = new Recent<string, Place>(MAX_PLACES);
  readonly #tunnels = new Recent<number, true>(MAX_TUNNELS);
  /** Servers heard to speak what belongs there, by hash of address and port: 16,384, in constant room. */
  readonly #homes = new HashSet(MAX_PLACES);

  constructor({ desk, world }: RuleContext) {
    this.#desk = desk;
    this.#world = world;
  }

  get state(): RuleState {
    return {
      entries: this.#places.size + this.#tunnels.size,
      capacity: MAX_PLACES + MAX_TUNNELS,
      evicted: this.#places.evicted,
    };
  }

  observation(observation: Observation): void {
    const { flow, type } = observation;
    const { serverPort: port, protocol } = flow;
    if (hasHome[port] === 0 && type !== "dns") return;
    if (type === "http") this.#noteTunnel(observation);
    if (!isServersWord(observation)) return;
    if (isAtHome(type, port, protocol)) return this.#noteHome(flow.serverAddress, port);
    this.#judge(type, {
      client: flow.clientAddress,
      server: flow.serverAddress,
      port,
      clientPort: flow.clientPort,
      protocol,
      flowId: flow.id,
    });
  }

  fact(fact: FlowFact): void {
    if ((fact.steps & (FlowStep.ended | FlowStep.progress)) === 0 || fact.kind !== FactKind.flow) return;
    const { serverPort: port, appProtocol } = fact;
    const isAway = appProtocol === "irc";
    if ((hasHome[port] === 0 && !isAway) || !BY_FLOW.has(appProtocol)) return;
    if (fact.payloadBytes(1) < MIN_SERVER_BYTES) return;
    const { client, server, clientPort, protocol, flowId } = fact;
    // Whoever speaks HTTP there said "bad request" to a client that took it for something else, as version scans do.
    if (this.#homes.has(hashWith(hashText(server), port))) return;
    this.#judge(appProtocol, { client, server, port, clientPort, protocol, flowId });
  }

  #noteHome(server: string, port: number): void {
    this.#homes.add(hashWith(hashText(server), port));
  }

  /** After CONNECT and after an upgrade something else speaks, and may. */
  #noteTunnel({ fields, flow }: Observation): void {
    const http = fields.http as { http_method?: string; status?: number };
    if (http.http_method === "CONNECT" || http.status === 101) this.#tunnels.set(flow.id, true);
  }

  #judge(
    spoken: string,
    ends: {
      client: string;
      server: string;
      port: number;
      clientPort: number;
      protocol: number;
      flowId: number;
    },
  ): void {
    const { client, server, port, clientPort, protocol, flowId } = ends;
    const home =
      (protocol === IpProtocol.udp ? UDP_HOMES : protocol === IpProtocol.tcp ? TCP_HOMES : {})[port];
    const away = AWAY[spoken];
    if (home === undefined) {
      if (away === undefined || away.ports.has(port) || away.ports.has(clientPort) || isPrivateText(server)) {
        return;
      }
    } else if (home.protocols.includes(spoken)) return;
    if (this.#tunnels.peek(flowId) !== undefined) return;
    const key = `${client} ${server}:${port} ${spoken}`;
    let place = this.#places.get(key);
    if (place === undefined) {
      place = { flows: 0, lastFlow: 0, tellAt: 1, firstUs: this.#world.timeUs };
      this.#places.set(key, place);
    }
    if (place.lastFlow === flowId) return;
    place.lastFlow = flowId;
    if (++place.flows < place.tellAt) return;
    place.tellAt = 2 * place.flows;
    const word = WORDS[spoken] ?? spoken.toUpperCase();
    const times = place.flows === 1 ? "" : `, ${place.flows} times`;
    this.#desk.raise({
      key,
      source: client,
      target: server,
      targetPort: port,
      protocol,
      flowId,
      firstUs: place.firstUs,
      count: place.flows,
      severity: home?.isWayOut && spoken !== "tls" || (home === undefined && spoken === "irc") ? 2 : 3,
      message: `${client} spoke ${word} with ${placeText(server, port)}, ${
        home === undefined ? `which is no port of ${word}` : `a port of ${home.word}`
      }${times}`,
      evidence: {
        spoken,
        port,
        transport: protocol === IpProtocol.udp ? "udp" : "tcp",
        expected: home === undefined ? [] : [...home.protocols],
        connections: place.flows,
      },
    });
  }
}

function isAtHome(spoken: string, port: number, protocol: number): boolean {
  const homes = protocol === IpProtocol.udp ? UDP_HOMES : protocol === IpProtocol.tcp ? TCP_HOMES : {};
  return homes[port]?.protocols.includes(spoken) ?? false;
}

/** Told by whole flows: protocols without events that rules are told. */
const BY_FLOW: ReadonlySet<string> = new Set([
  "irc",
  "rfb",
  "socks",
  "wireguard",
  "bittorrent",
  "telnet",
  "xmpp",
  "git",
  "rsync",
  "mongodb",
  "tds",
  "ldap",
  "quic",
  "dtls",
]);

/** Whether the server itself was heard to speak it. */
function isServersWord({ type, fields, direction }: Observation): boolean {
  switch (type) {
    case "ssh":
      return (fields.ssh as { server?: unknown } | undefined)?.server !== undefined;
    case "http": {
      const { status = 0 } = fields.http as { status?: number };
      // "Plain HTTP was sent to an HTTPS port", and the like: said by whoever expects something else.
      return status >= 100 && status !== 400 && status !== 426 && status !== 497;
    }
    case "tls":
      return (fields.tls as { version?: string }).version !== "UNDETERMINED";
    case "dns":
      return (fields.dns as { type?: string }).type === "answer" && direction === 1;
    case "rdp":
      return (fields.rdp as { event_type?: string } | undefined)?.event_type === "initial_response";
    case "smb":
      return true; // told with the server's answer
    case "pgsql":
    case "mysql":
    case "redis":
      return (fields.netpane as { login?: unknown } | undefined)?.login !== undefined;
    default:
      return true; // FTP and mail: told with an answer, and servers greet first
  }
}
