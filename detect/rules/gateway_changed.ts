/**
 * The way out has changed: DHCP hands out another router, the gateway's address is at another network card, or another
 * router advertises itself in IPv6.
 *
 * Each of these happens when somebody replaces a router, which is worth knowing, and when somebody takes its place. A
 * network with redundant routers shows none of it: their address and card are shared (VRRP, HSRP), or both advertise
 * the same prefixes; and who only announces a prefix or a route (lifetime 0: Thread border routers) is no way out.
 */
import { FactKind } from "../../model/facts.ts";
import type { Observation } from "../../model/observation.ts";
import type { Rule, RuleContext, RuleSpec, RuleState } from "../contract.ts";
import { isSameSet, type Lease, leaseOf, Leases } from "../dhcp_leases.ts";
import type { FlowFact } from "../flow_fact.ts";
import {
  areNeighbours,
  ipv4Number,
  ipv4Text,
  isNoCard,
  isSharedRouterMac,
  macText,
  Segments,
} from "../lan.ts";
import { parseAddress } from "../../model/address.ts";
import { Recent } from "../recent.ts";
import { spanText } from "../words.ts";

const OPTIONS = {
  seconds: {
    default: 60,
    range: [1, 86_400],
    unit: "s",
    help: "The gateway's address is at another card for so long, and the old one is not heard",
  },
  routers: {
    default: 8,
    range: [2, 1_000],
    unit: "routers",
    help: "New IPv6 routers within a minute that are a flood of forged ones",
  },
} as const;

const REQUEST = 1;
/** A gateway that works asks for its hosts by ARP; who only answers may be a liar, which `arp_spoofing` tells. */
const NEW_CARD_REQUESTS = 2;
const ROUTER_ADVERTISEMENT = 134;
const MAX_GATEWAYS = 256;
const MAX_ROUTERS = 256;
const MAX_NETWORKS = 64;
const FLOOD_US = 60e6;
/** A default route lives for half an hour unless renewed, RFC 4861 §6.2.1. */
const ROUTER_US = 1800e6;
const MAX_LISTED = 16;

interface Gateway {
  mac: number;
  nextMac: number;
  nextFirstUs: number;
  nextRequests: number;
}

interface Router {
  address: string;
  mac: string;
  prefixes: string[];
  firstUs: number;
  lastUs: number;
}

interface Network6 {
  routers: Recent<string, Router>;
  newFromUs: number;
  newRouters: number;
}

/** @see RuleSpec */
export const gatewayChanged: RuleSpec<typeof OPTIONS> = {
  kind: "gateway_changed",
  title: "Gateway changed",
  category: "Man in the middle",
  severity: 2,
  signatureId: 1_900_162,
  attack: { id: "T1557", name: "Adversary-in-the-Middle" },
  notices:
    "DHCP hands a client another router than before, the gateway's address moves to another network card, or an IPv6 router appears beside the one that is there, with other prefixes.",
  why:
    "All that leaves the network goes through the gateway: a new one was installed, or has taken its place.",
  fooled:
    "A gateway that no DHCP answer was seen for is not watched. A replaced router looks the same; a forged router with the real one's prefixes and address does not show.",
  options: OPTIONS,
  observes: ["dhcp", "icmp"],
  quietSeconds: 3_600,
  wants: { kinds: [FactKind.arp] },
  create: (context) => new GatewayChanged(context),
};

class GatewayChanged implements Rule {
  readonly #context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>;
  readonly #leases = new Leases();
  readonly #segments = new Segments();
  readonly #gateways = new Recent<number, Gateway>(MAX_GATEWAYS);
  readonly #networks = new Recent<number, Network6>(MAX_NETWORKS);
  /** Clients told another router, by what they were told. */
  readonly #told = new Recent<string, string[]>(MAX_GATEWAYS);

  constructor(context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>) {
    this.#context = context;
  }

  observation(observation: Observation): void {
    if (observation.type === "icmp") return this.#advertised(observation);
    const lease = leaseOf(observation);
    if (lease === null) return;
    const before = this.#leases.take(lease, this.#context.world.clockUs);
    if (lease.kind === "ack") this.#learn(lease);
    if (before === null || before.routers.length === 0 || lease.routers.length === 0) return;
    if (!isSameSet(before.routers, lease.routers)) this.#handedOut(before, lease);
  }

  fact(fact: FlowFact): void {
    if (fact.kind !== FactKind.arp || this.#gateways.size === 0) return;
    const address = ipv4Number(fact.addressBytes, fact.clientAt);
    const segment = this.#segments.of(fact.interfaceIndex, fact.vlan);
    const gateway = this.#gateways.peek(segment * 0x1_0000_0000 + address);
    const mac = fact.value;
    if (gateway === undefined || isNoCard(mac)) return;
    if (mac === gateway.mac || gateway.mac === 0) {
      gateway.mac = mac;
      gateway.nextMac = 0;
      return;
    }
    if (isSharedRouterMac(mac) || isSharedRouterMac(gateway.mac) || areNeighbours(mac, gateway.mac)) return;
    const { clockUs } = this.#context.world;
    if (mac !== gateway.nextMac) {
      gateway.nextMac = mac;
      gateway.nextFirstUs = clockUs;
      gateway.nextRequests = 0;
    }
    if (fact.steps === REQUEST) gateway.nextRequests++;
    const lastedUs = clockUs - gateway.nextFirstUs;
    if (gateway.nextRequests < NEW_CARD_REQUESTS || lastedUs < this.#context.options.seconds * 1e6) return;
    const text = ipv4Text(address);
    this.#context.desk.raise({
      key: `mac ${segment} ${address}`,
      source: text,
      target: "",
      interfaceIndex: fact.interfaceIndex,
      message: `The gateway ${text} is another network card: ${macText(mac)} where it was ${
        macText(gateway.mac)
      }, for ${spanText(lastedUs / 1e6)}`,
      evidence: { gateway: text, mac: macText(mac), mac_before: macText(gateway.mac) },
      count: 1,
    });
    gateway.mac = mac;
    gateway.nextMac = 0;
  }

  get state(): RuleState {
    let routers = 0;
    for (const network of this.#networks.values()) routers += network.routers.size;
    return {
      entries: this.#leases.entries + this.#gateways.size + this.#told.size + routers,
      capacity: this.#leases.capacity + 2 * MAX_GATEWAYS + MAX_NETWORKS * MAX_ROUTERS,
      evicted: this.#leases.evicted + this.#gateways.evicted + this.#told.evicted,
    };
  }

  /** The routers of a lease are gateways of their segment. */
  #learn({ routers, interfaceIndex, vlan }: Lease): void {
    const segment = this.#segments.of(interfaceIndex, vlan);
    if (segment < 0) return;
    for (const router of routers) {
      const bytes = parseAddress(router);
      if (bytes === null) continue;
      const key = segment * 0x1_0000_0000 + ipv4Number(bytes, 0);
      if (this.#gateways.get(key) !== undefined) continue;
      this.#gateways.set(key, { mac: 0, nextMac: 0, nextFirstUs: 0, nextRequests: 0 });
    }
  }

  #handedOut(before: Lease, lease: Lease): void {
    const key = `dhcp ${lease.network} ${lease.server} ${lease.routers}`;
    const clients = this.#told.get(key) ?? [];
    if (clients.length < MAX_LISTED && !clients.includes(lease.client)) clients.push(lease.client);
    this.#told.set(key, clients);
    this.#context.desk.raise({
      key,
      source: lease.server,
      target: lease.address,
      interfaceIndex: lease.interfaceIndex,
      message: `The DHCP server ${lease.server} gives ${
        lease.routers.join(" and ")
      } as gateway to ${lease.address}, where ${before.server === lease.server ? "it" : before.server} gave ${
        before.routers.join(" and ")
      } before`,
      evidence: { routers: lease.routers, routers_before: before.routers, server: lease.server, clients },
      count: clients.length,
    });
  }

  #advertised({ flow, fields }: Observation): void {
    if (fields.icmp_type !== ROUTER_ADVERTISEMENT || flow.ipVersion !== 6) return;
    const icmp = (fields.netpane as { icmp?: Record<string, unknown> } | undefined)?.icmp;
    if (icmp === undefined || typeof icmp.lifetime !== "number" || icmp.lifetime === 0) return;
    const segment = this.#segments.of(flow.interfaceIndex, flow.vlan);
    if (segment < 0) return;
    const { clockUs } = this.#context.world;
    let network = this.#networks.get(segment);
    if (network === undefined) {
      network = { routers: new Recent(MAX_ROUTERS), newFromUs: clockUs, newRouters: 0 };
      this.#networks.set(segment, network);
    }
    const mac = typeof icmp.mac === "string" ? icmp.mac : "";
    const key = `${flow.clientAddress} ${mac}`;
    const known = network.routers.get(key);
    const prefixes = Array.isArray(icmp.prefixes) ? icmp.prefixes.slice(0, MAX_LISTED) as string[] : [];
    if (known === undefined) {
      network.routers.set(key, {
        address: flow.clientAddress,
        mac,
        prefixes,
        firstUs: clockUs,
        lastUs: clockUs,
      });
      return this.#countNew(network, flow.interfaceIndex, segment);
    }
    // There is another one, which was heard before this one came and after: neither took the other's place.
    for (const other of network.routers.values()) {
      const isBeside = other.firstUs < known.firstUs && other.lastUs > known.firstUs &&
        clockUs - other.lastUs < ROUTER_US;
      if (!isBeside || other.prefixes.some((prefix) => prefixes.includes(prefix))) continue;
      this.#context.desk.raise({
        key: `ra ${segment} ${key}`,
        source: known.address,
        target: other.address,
        interfaceIndex: flow.interfaceIndex,
        message: `${known.address}${
          mac === "" ? "" : ` (${mac})`
        } advertises itself as IPv6 router beside ${other.address}, with ${
          prefixes.length === 0 ? "no prefix" : prefixes.join(" and ")
        } instead of ${other.prefixes.join(" and ") || "none"}`,
        evidence: {
          router: known.address,
          mac,
          prefixes,
          other: { ...other, firstUs: undefined, lastUs: undefined },
        },
        count: 1,
      });
      break;
    }
    known.lastUs = clockUs;
    known.prefixes = prefixes;
  }

  #countNew(network: Network6, interfaceIndex: number, segment: number): void {
    const { clockUs } = this.#context.world;
    if (clockUs - network.newFromUs > FLOOD_US) {
      network.newFromUs = clockUs;
      network.newRouters = 0;
    }
    if (++network.newRouters < this.#context.options.routers) return;
    const routers = [...network.routers.values()].slice(-MAX_LISTED);
    this.#context.desk.raise({
      key: `flood ${segment}`,
      source: "",
      target: routers[0].address,
      interfaceIndex,
      severity: 1,
      message: `${network.newRouters} new IPv6 routers advertise themselves within ${
        spanText((clockUs - network.newFromUs) / 1e6)
      }`,
      evidence: { routers: routers.map(({ address, mac, prefixes }) => ({ address, mac, prefixes })) },
      count: network.newRouters,
    });
  }
}
