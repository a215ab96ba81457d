/**
 * A second DHCP server on a network, which hands out something else than the first.
 *
 * Two servers are common: fail-over pairs (RFC 2131 §1.5 leaves it to them) hand out the same router and the same DNS
 * servers. Whoever wants to be in the middle must hand out himself as either, and so must the router that somebody
 * plugged in the wrong way round. Convicts:
 *  - both answer the same question of the same client (their offers differ in router or DNS);
 *  - both give leases in turn, of the same subnet, to more than one client, within ten minutes.
 * A laptop that comes to another network sees another server, but never both in one transaction.
 */
import type { Observation } from "../../model/observation.ts";
import type { Rule, RuleContext, RuleSpec, RuleState } from "../contract.ts";
import { isSameSet, type Lease, leaseOf } from "../dhcp_leases.ts";
import { Recent } from "../recent.ts";
import { spanText } from "../words.ts";

const OPTIONS = {
  seconds: {
    default: 600,
    range: [10, 86_400],
    unit: "s",
    help: "Two servers that give leases in turn within this time are both there",
  },
} as const;

const MAX_NETWORKS = 256;
const MAX_SERVERS = 16;
const MAX_TRANSACTIONS = 2_048;
/** A client that is offered nothing gives up or asks anew within a minute, RFC 2131 §4.1. */
const TRANSACTION_US = 60e6;
const MAX_CLIENTS = 16;

interface Server {
  lease: Lease;
  firstUs: number;
  lastUs: number;
  /** Packet time. */
  firstSeenUs: number;
  answers: number;
  clients: string[];
}

interface Network {
  servers: Recent<string, Server>;
  rogues: Set<string>;
  count: number;
}

/** @see RuleSpec */
export const rogueDhcp: RuleSpec<typeof OPTIONS> = {
  kind: "rogue_dhcp",
  title: "Rogue DHCP server",
  category: "Man in the middle",
  severity: 1,
  signatureId: 1_900_161,
  attack: { id: "T1557.003", name: "DHCP Spoofing" },
  notices: "A second DHCP server on the same network that hands out another router or other DNS servers.",
  why:
    "Whoever hands out router and DNS server decides where everything goes; a router plugged in the wrong way round cuts hosts off.",
  fooled:
    "A server that answers alone, after the real one was silenced, is taken for its successor; one that only hands out another proxy or boot file is not noticed. Two servers set up to hand out each itself look like it.",
  options: OPTIONS,
  observes: ["dhcp"],
  quietSeconds: 3_600,
  create: (context) => new RogueDhcp(context),
};

class RogueDhcp implements Rule {
  readonly #context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>;
  readonly #networks = new Recent<string, Network>(MAX_NETWORKS);
  /** Which server answered first. */
  readonly #transactions = new Recent<string, { server: string; us: number }>(MAX_TRANSACTIONS);

  constructor(context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>) {
    this.#context = context;
  }

  observation(observation: Observation): void {
    const lease = leaseOf(observation);
    if (lease === null) return;
    const { clockUs, timeUs } = this.#context.world;
    let network = this.#networks.get(lease.network);
    if (network === undefined) {
      network = { servers: new Recent(MAX_SERVERS), rogues: new Set(), count: 0 };
      this.#networks.set(lease.network, network);
    }
    let server = network.servers.get(lease.server);
    if (server === undefined) {
      server = { lease, firstUs: clockUs, lastUs: clockUs, firstSeenUs: timeUs, answers: 0, clients: [] };
      network.servers.set(lease.server, server);
    }
    server.lease = lease;
    server.lastUs = clockUs;
    server.answers++;
    if (server.clients.length < MAX_CLIENTS && !server.clients.includes(lease.client)) {
      server.clients.push(lease.client);
    }
    const other = this.#sameTransaction(network, lease, clockUs) ?? this.#inTurn(network, server);
    if (other !== undefined) {
      network.rogues.add((other.firstUs > server.firstUs ? other : server).lease.server);
      if (network.rogues.size > MAX_SERVERS) network.rogues.delete(network.rogues.values().next().value!);
    }
    if (network.rogues.has(lease.server) || other !== undefined) {
      network.count++;
      this.#tell(network, other, server);
    }
  }

  get state(): RuleState {
    let servers = 0;
    for (const network of this.#networks.values()) servers += network.servers.size;
    return {
      entries: this.#networks.size + this.#transactions.size + servers,
      capacity: MAX_NETWORKS * (1 + MAX_SERVERS) + MAX_TRANSACTIONS,
      evicted: this.#networks.evicted + this.#transactions.evicted,
    };
  }

  /** The server that had answered the same question otherwise. */
  #sameTransaction({ servers }: Network, lease: Lease, clockUs: number): Server | undefined {
    const key = `${lease.network} ${lease.transaction}`;
    const first = this.#transactions.get(key);
    if (first === undefined || clockUs - first.us > TRANSACTION_US) {
      this.#transactions.set(key, { server: lease.server, us: clockUs });
      return undefined;
    }
    const other = first.server === lease.server ? undefined : servers.peek(first.server);
    return other !== undefined && differs(other.lease, lease) ? other : undefined;
  }

  /** A server that gave leases of the same subnet both before this one came and after. */
  #inTurn({ servers }: Network, server: Server): Server | undefined {
    const { seconds } = this.#context.options;
    for (const other of servers.values()) {
      if (other === server || !differs(other.lease, server.lease)) continue;
      const isBetween = other.firstUs < server.firstUs && other.lastUs > server.firstUs &&
        server.answers > 1;
      if (!isBetween || server.lastUs - other.lastUs > seconds * 1e6) continue;
      const clients = new Set([...other.clients, ...server.clients]);
      if (clients.size > 1 && other.lease.subnet === server.lease.subnet) return other;
    }
    return undefined;
  }

  #tell(network: Network, other: Server | undefined, server: Server): void {
    const { desk, world } = this.#context;
    const servers = [...network.servers.values()];
    const rogue = network.rogues.has(server.lease.server) ? server : other!;
    const known = (rogue === server ? other : server) ??
      servers.find(({ lease }) => !network.rogues.has(lease.server));
    desk.raise({
      key: server.lease.network,
      source: rogue.lease.server,
      target: known?.lease.server ?? "",
      targetPort: 68,
      protocol: 17,
      interfaceIndex: server.lease.interfaceIndex,
      message: `${rogue.lease.server} answers DHCP beside ${
        known?.lease.server ?? "another server"
      } and hands out ${what(rogue.lease)}${known === undefined ? "" : `, the other ${what(known.lease)}`}${
        network.count === 1
          ? ""
          : `: ${network.count} answers within ${spanText((world.timeUs - rogue.firstSeenUs) / 1e6)}`
      }`,
      evidence: {
        servers: servers.map(({ lease, answers, clients }) => ({
          server: lease.server,
          routers: lease.routers,
          dns_servers: lease.dns,
          subnet: lease.subnet,
          answers,
          clients,
        })),
        rogue: [...network.rogues],
      },
      count: network.count,
    });
  }
}

function differs(a: Lease, b: Lease): boolean {
  return !isSameSet(a.routers, b.routers) || !isSameSet(a.dns, b.dns);
}

function what({ routers, dns }: Lease): string {
  const router = routers.length === 0 ? "no router" : `router ${routers.join(" and ")}`;
  return `${router} and ${dns.length === 0 ? "no DNS server" : `DNS ${dns.join(" and ")}`}`;
}
