/**
 * A host asks another DNS server than it used to.
 *
 * It is told which by DHCP (option 6) or by its IPv6 router (RFC 8106), and shows which by where its questions go. Only
 * questions of somebody who wants the whole answer count (RD set): a server that resolves names itself asks thousands.
 * A new resolver beside the old ones is common (a program with one of its own, `dig @8.8.8.8`), so it is told only when
 * a host that asked inside its network comes to ask outside for good.
 */
import { isGlobalText, isPrivateText } from "../../model/address.ts";
import type { Observation } from "../../model/observation.ts";
import type { Rule, RuleContext, RuleSpec, RuleState } from "../contract.ts";
import { isSameSet, type Lease, leaseOf, Leases } from "../dhcp_leases.ts";
import { hashText } from "../dns_names.ts";
import { Hashed } from "../hashed.ts";
import { Recent } from "../recent.ts";
import { spanText } from "../words.ts";

const OPTIONS = {
  learnSeconds: {
    default: 600,
    range: [10, 604_800],
    unit: "s",
    help: "How long a host is watched before its DNS servers count as usual",
  },
  answers: {
    default: 20,
    range: [3, 10_000],
    unit: "answers",
    help: "Answers within that time, and from the new server, before a change is believed",
  },
  seconds: {
    default: 120,
    range: [1, 86_400],
    unit: "s",
    help: "How long the new server answers while none of the usual ones does",
  },
  joinSeconds: {
    default: 1_800,
    range: [60, 604_800],
    unit: "s",
    help: "How long a server outside answers beside the usual ones inside",
  },
} as const;

const MAX_CLIENTS = 4_096;
/** A host with more servers than this takes what comes: a resolver itself, or a test of resolvers. */
const MAX_SERVERS = 8;
const MAX_ROUTERS = 256;
const MAX_LISTED = 16;
const ROUTER_ADVERTISEMENT = 134;

/** Places for who asked lately. */
const ASKED = 2_048;

interface Server {
  address: string;
  firstUs: number;
  lastUs: number;
  answers: number;
  usual: boolean;
  told: boolean;
}

interface Client {
  firstUs: number;
  answers: number;
  servers: Server[];
  /** Learnt, so that new ones are new. */
  settled: boolean;
  restless: boolean;
}

/** @see RuleSpec */
export const dnsServerChanged: RuleSpec<typeof OPTIONS> = {
  kind: "dns_server_changed",
  title: "DNS server changed",
  category: "Man in the middle",
  severity: 2,
  signatureId: 1_900_163,
  attack: { id: "T1557", name: "Adversary-in-the-Middle" },
  notices:
    "DHCP or an IPv6 router hands out other DNS servers than before, or a host's questions go to a server it never asked before and no longer to those it did.",
  why:
    "Who answers for names decides where programs go. Malware and hostile routers set a resolver of their own; it also shows who goes round the network's filter.",
  fooled:
    "A resolver forged under the old address, questions inside HTTPS or TLS, and a change before the host was watched are not seen. A changed setting looks the same.",
  options: OPTIONS,
  observes: ["dns", "dhcp", "icmp"],
  quietSeconds: 3_600,
  create: (context) => new DnsServerChanged(context),
};

class DnsServerChanged implements Rule {
  readonly #context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>;
  readonly #leases = new Leases();
  readonly #clients = new Hashed<Client>(MAX_CLIENTS);
  readonly #routers = new Recent<string, string[]>(MAX_ROUTERS);
  /** Who asked a usual server, by hash: hashes of both, and in which second. More answers within it say nothing. */
  readonly #asked = new Int32Array(3 * ASKED);

  constructor(context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>) {
    this.#context = context;
  }

  observation(observation: Observation): void {
    if (observation.type === "dns") return this.#answered(observation);
    if (observation.type === "icmp") return this.#advertised(observation);
    const lease = leaseOf(observation);
    const before = lease && this.#leases.take(lease, this.#context.world.clockUs);
    if (lease === null || before === null || before.dns.length === 0 || lease.dns.length === 0) return;
    if (!isSameSet(before.dns, lease.dns)) this.#handedOut(before, lease);
  }

  get state(): RuleState {
    return {
      entries: this.#leases.entries + this.#clients.size + this.#routers.size,
      capacity: this.#leases.capacity + MAX_CLIENTS + MAX_ROUTERS,
      evicted: this.#leases.evicted + this.#clients.evicted + this.#routers.evicted,
    };
  }

  #answered({ flow, fields }: Observation): void {
    const dns = fields.dns as { type?: string; rd?: boolean } | undefined;
    if (dns?.type !== "answer" || dns.rd !== true) return;
    const { clientAddress, serverAddress } = flow;
    if (clientAddress.startsWith("127.") || clientAddress === "::1") return; // the stub of this machine
    const { clockUs } = this.#context.world;
    // By a hash of our own: the text is new with each flow, and a Map would have to work out its hash.
    const hash = hashText(clientAddress);
    const serverHash = hashText(serverAddress);
    const second = clockUs / 1e6 | 0;
    const asked = this.#asked;
    const place = 3 * ((hash ^ serverHash) & (ASKED - 1));
    if (asked[place] === (hash | 0) && asked[place + 1] === (serverHash | 0) && asked[place + 2] === second) {
      return;
    }
    const end = clientAddress.length;
    const check = clientAddress.charCodeAt(end - 1) << 16 | clientAddress.charCodeAt(end - 2) << 8 | end;
    let client = this.#clients.get(hash, check);
    if (client === undefined) {
      client = { firstUs: clockUs, answers: 0, servers: [], settled: false, restless: false };
      this.#clients.set(hash, check, client);
    }
    if (client.restless) return;
    client.answers++;
    const { learnSeconds, answers } = this.#context.options;
    if (!client.settled && clockUs - client.firstUs >= learnSeconds * 1e6 && client.answers > answers) {
      client.settled = true;
      for (const one of client.servers) one.usual = true;
    }
    let server = client.servers[0] as Server | undefined;
    if (server?.address !== serverAddress) {
      server = client.servers.find(({ address }) => address === serverAddress);
    }
    if (server === undefined) {
      if (client.servers.length >= MAX_SERVERS) {
        client.restless = true;
        client.servers = [];
        return;
      }
      server = {
        address: serverAddress,
        firstUs: clockUs,
        lastUs: clockUs,
        answers: 0,
        usual: !client.settled,
        told: false,
      };
      client.servers.push(server);
    }
    server.answers++;
    server.lastUs = clockUs;
    if (server.usual && (client.settled || client.answers > answers)) {
      asked[place] = hash;
      asked[place + 1] = serverHash;
      asked[place + 2] = second;
    } else if (!server.usual && !server.told) this.#judge(clientAddress, client, server, flow.id);
  }

  /** Whether a server that is not usual has taken the place of those that are, or has come to stay. */
  #judge(clientAddress: string, client: Client, server: Server, flowId: number): void {
    const { answers, seconds, joinSeconds } = this.#context.options;
    if (server.answers < answers) return;
    const lastedUs = server.lastUs - server.firstUs;
    const usual = client.servers.filter((one) => one.usual);
    const isInstead = usual.every(({ lastUs }) => lastUs < server.firstUs);
    const goesOutside = isGlobalText(server.address) && usual.every(({ address }) => isPrivateText(address));
    if (isInstead ? lastedUs < seconds * 1e6 : !goesOutside || lastedUs < joinSeconds * 1e6) return;
    server.told = true;
    const before = usual.map(({ address }) => address);
    const place = isInstead ? "instead of" : "beside";
    this.#context.desk.raise({
      key: `${clientAddress} ${server.address}`,
      source: clientAddress,
      target: server.address,
      targetPort: 53,
      protocol: 17,
      flowId,
      severity: isInstead && goesOutside ? 2 : 3,
      message: `${clientAddress} asks ${server.address} for names ${place} ${
        before.join(" and ")
      }: ${server.answers} answers within ${spanText(lastedUs / 1e6)}`,
      evidence: {
        server: server.address,
        servers_before: before,
        answers: server.answers,
        instead: isInstead,
      },
      count: server.answers,
    });
    if (!isInstead) return;
    client.servers = client.servers.filter((one) => !one.usual);
    server.usual = true;
  }

  #handedOut(before: Lease, lease: Lease): void {
    this.#context.desk.raise({
      key: `dhcp ${lease.network} ${lease.server} ${lease.dns}`,
      source: lease.server,
      target: lease.address,
      interfaceIndex: lease.interfaceIndex,
      message: `The DHCP server ${lease.server} gives ${
        lease.dns.join(" and ")
      } as DNS server to ${lease.address}, where ${
        before.server === lease.server ? "it" : before.server
      } gave ${before.dns.join(" and ")} before`,
      evidence: { dns_servers: lease.dns, dns_servers_before: before.dns, server: lease.server },
      count: 1,
    });
  }

  /** RFC 8106 §5.1. */
  #advertised({ flow, fields }: Observation): void {
    if (fields.icmp_type !== ROUTER_ADVERTISEMENT || flow.ipVersion !== 6) return;
    const icmp = (fields.netpane as { icmp?: Record<string, unknown> } | undefined)?.icmp;
    if (!Array.isArray(icmp?.dns_servers) || icmp.dns_servers.length === 0) return;
    const servers = (icmp.dns_servers as string[]).slice(0, MAX_LISTED);
    const key = `${flow.interfaceIndex} ${flow.vlan} ${flow.clientAddress} ${icmp.mac ?? ""}`;
    const before = this.#routers.get(key);
    this.#routers.set(key, servers);
    if (before === undefined || isSameSet(before, servers)) return;
    this.#context.desk.raise({
      key: `ra ${key} ${servers}`,
      source: flow.clientAddress,
      target: "",
      interfaceIndex: flow.interfaceIndex,
      message: `The IPv6 router ${flow.clientAddress} gives ${
        servers.join(" and ")
      } as DNS server, where it gave ${before.join(" and ")} before`,
      evidence: { dns_servers: servers, dns_servers_before: before, server: flow.clientAddress },
      count: 1,
    });
  }
}
