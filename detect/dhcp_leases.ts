/**
 * What DHCP servers hand out (RFC 2131): one answer at a time, and what the same client had been given before on the
 * same network, for rules that notice that something else is handed out now.
 *
 * A laptop that comes to another network is given something else too. So two answers are compared only where they are
 * of the same network (same subnet), and of the same server or one that took the place of a server not heard any more.
 */
import { formatIpv4, parseAddress } from "../model/address.ts";
import type { Observation } from "../model/observation.ts";
import { Recent } from "./recent.ts";

const MAX_CLIENTS = 4_096;
const MAX_SERVERS = 1_024;
/** A server not heard for so long is gone. */
const GONE_US = 600e6;
const DEFAULT_MASK = "255.255.255.0";
const NOWHERE = "0.0.0.0";

/** An offer or a lease. Addresses as text. */
export interface Lease {
  kind: "offer" | "ack";
  /** Interface, VLANs and relay: servers of one of these serve the same network. */
  network: string;
  interfaceIndex: number;
  vlan: number;
  transaction: string;
  client: string;
  server: string;
  address: string;
  subnet: string;
  /** In the order given. */
  routers: string[];
  dns: string[];
}

/** @returns `null` for all that hands out no address: requests, refusals, boot servers (PXE). */
export function leaseOf({ flow, direction, fields }: Observation): Lease | null {
  const dhcp = fields.dhcp as Record<string, unknown> | undefined;
  const kind = dhcp?.dhcp_type;
  if (dhcp === undefined || (kind !== "offer" && kind !== "ack")) return null;
  const address = text(dhcp.assigned_ip);
  const client = text(dhcp.client_mac);
  if (address === "" || address === NOWHERE || client === "") return null;
  const netpane = fields.netpane as Record<string, unknown> | undefined;
  const server = text(netpane?.server_id) || (direction === 0 ? flow.clientAddress : flow.serverAddress);
  return {
    kind,
    network: `${flow.interfaceIndex} ${flow.vlan} ${text(dhcp.relay_ip)}`,
    interfaceIndex: flow.interfaceIndex,
    vlan: flow.vlan,
    transaction: `${dhcp.id} ${client}`,
    client,
    server,
    address,
    subnet: subnetOf(address, text(dhcp.subnet_mask) || DEFAULT_MASK),
    routers: texts(dhcp.routers),
    dns: texts(dhcp.dns_servers),
  };
}

/** Whether two lists hold the same, in whatever order. */
export function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one) => b.includes(one));
}

/** The last lease of each client. */
export class Leases {
  readonly #clients = new Recent<string, Lease>(MAX_CLIENTS);
  readonly #servers = new Recent<string, number>(MAX_SERVERS);

  /** @returns The client's lease before, where the two can be compared; `null` where not. */
  take(lease: Lease, clockUs: number): Lease | null {
    if (lease.kind !== "ack") return null;
    const before = this.#clients.get(`${lease.network} ${lease.client}`);
    const heardUs = before && this.#servers.peek(`${lease.network} ${before.server}`);
    this.#clients.set(`${lease.network} ${lease.client}`, lease);
    this.#servers.set(`${lease.network} ${lease.server}`, clockUs);
    if (before === undefined || before.subnet !== lease.subnet) return null;
    const isSuccessor = before.server === lease.server || heardUs === undefined ||
      clockUs - heardUs > GONE_US;
    return isSuccessor ? before : null;
  }

  get entries(): number {
    return this.#clients.size + this.#servers.size;
  }
  get capacity(): number {
    return MAX_CLIENTS + MAX_SERVERS;
  }
  get evicted(): number {
    return this.#clients.evicted + this.#servers.evicted;
  }
}

function subnetOf(address: string, mask: string): string {
  const a = parseAddress(address);
  const m = parseAddress(mask);
  if (a === null || m === null || a.length !== 4 || m.length !== 4) return "";
  return formatIpv4(a.map((byte, i) => byte & m[i]));
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
