/** What payload inspection saw, as far as it tells of names and devices. Anything in it may be a lie: it is noted, with its source. */
import type { NameSource } from "../../model/inventory.ts";
import type { Observation } from "../../model/observation.ts";
import { ends } from "../alerts.ts";
import type { Devices } from "./devices.ts";
import type { HostNames } from "./host_names.ts";

type Fields = Record<string, unknown>;

export interface Learning {
  names: HostNames;
  devices: Devices;
  /** Name of an interface by its number in observations. */
  interfaceName: (index: number) => string;
}

/** Records looked at of one answer. */
const MAX_RECORDS = 32;
/** NetBIOS suffixes of a machine, workstation and file server; groups say so beside. */
const NETBIOS_HOST = /^(.+)<(?:00|20)>$/;

/** Takes an observation; those that tell nothing here cost one look. */
export function learnFrom(observation: Observation, learning: Learning): void {
  const read = READERS[observation.type];
  if (read === undefined) return;
  read(observation, learning, observation.timeUs / 1000);
}

type Reader = (observation: Observation, learning: Learning, atMs: number) => void;

const READERS: Record<string, Reader | undefined> = {
  dns: (seen, learning, atMs) => readDns(seen, learning, { from: "dns", atMs }),
  mdns: (seen, learning, atMs) => readDns(seen, learning, { from: "mdns", atMs }),
  llmnr: (seen, learning, atMs) => readDns(seen, learning, { from: "llmnr", atMs }),
  tls: (seen, learning, atMs) => readServerName(seen, learning, bodyOf(seen, "tls").sni, "sni", atMs),
  quic: (seen, learning, atMs) => readServerName(seen, learning, bodyOf(seen, "quic").sni, "sni", atMs),
  http: (seen, learning, atMs) => readServerName(seen, learning, bodyOf(seen, "http").hostname, "http", atMs),
  nbns: readNbns,
  dhcp: readDhcp,
  dhcpv6: readDhcpv6,
  ssdp: ({ flow, direction, fields }, { devices }) => {
    const { src_ip } = ends(flow, direction);
    devices.say(src_ip, (fields.ssdp as Fields | undefined)?.server);
  },
  arp: readArp,
  icmp: readNeighbour,
};

function readDns(seen: Observation, { names }: Learning, by: { from: NameSource; atMs: number }): void {
  const body = bodyOf(seen, seen.type);
  if (body.type !== "answer") return;
  const { additionals } = bodyOf(seen, "netpane");
  for (const record of [...recordsOf(body.answers), ...recordsOf(additionals)]) {
    const { rrtype, rdata, rrname } = record;
    if ((rrtype !== "A" && rrtype !== "AAAA") || typeof rdata !== "string") continue;
    // Addresses go by the name that was asked for, through all aliases; what nobody asked for by its own.
    const asked = by.from === "dns" && typeof body.rrname === "string" && body.rrname !== "";
    names.learn(rdata, textOf(asked ? body.rrname : rrname), by.from, by.atMs);
  }
}

function readServerName(
  { flow }: Observation,
  { names }: Learning,
  name: unknown,
  from: NameSource,
  atMs: number,
): void {
  names.learn(flow.serverAddress, textOf(name), from, atMs);
}

function readNbns(seen: Observation, { names }: Learning, atMs: number): void {
  const body = bodyOf(seen, "nbns");
  const claims = body.type === "answer" || body.operation === "registration" || body.operation === "refresh";
  if (!claims) return;
  for (const { rrname, rrtype, rdata, group } of recordsOf(body.answers)) {
    const [, host] = NETBIOS_HOST.exec(textOf(rrname)) ?? [];
    if (host === undefined || group === true || rrtype !== "NB" || typeof rdata !== "string") continue;
    for (const address of rdata.split(",")) {
      if (address !== "" && address !== "0.0.0.0") names.learn(address, host, "netbios", atMs);
    }
  }
}

function readDhcp(seen: Observation, { names, devices, interfaceName }: Learning, atMs: number): void {
  const dhcp = bodyOf(seen, "dhcp");
  const { client_mac, hostname, dhcp_type, vendor_class_identifier, assigned_ip, client_ip } = dhcp;
  const host = textOf(hostname) || textOf(bodyOf(seen, "netpane").fqdn);
  const isReply = dhcp.type === "reply";
  const ip = isReply ? (dhcp_type === "ack" ? textOf(assigned_ip) : "") : textOf(client_ip);
  const sight = { from: "dhcp", atMs, interface: interfaceName(seen.flow.interfaceIndex) } as const;
  devices.see(client_mac, { ...sight, ip });
  if (!isReply) {
    devices.name(client_mac, host, "dhcp", atMs);
    devices.say(textOf(client_mac), vendor_class_identifier);
    return;
  }
  if (ip !== "" && ip !== "0.0.0.0" && host !== "") names.learn(ip, host, "dhcp", atMs);
  if (dhcp_type === "ack" && Array.isArray(dhcp.routers)) {
    for (const router of dhcp.routers.slice(0, MAX_RECORDS)) devices.markRouter(textOf(router));
  }
}

function readDhcpv6(seen: Observation, { names, devices, interfaceName }: Learning, atMs: number): void {
  const { type, client_mac, hostname, addresses, vendor_class_identifier } = bodyOf(seen, "dhcpv6");
  const isReply = type === "reply";
  const given = isReply && Array.isArray(addresses) ? addresses.slice(0, MAX_RECORDS) : [];
  const sight = { from: "dhcp", atMs, interface: interfaceName(seen.flow.interfaceIndex) } as const;
  // Its identifier may be made of the address of a card that it no longer has, RFC 8415 §11.2: so no more than a hint.
  devices.see(client_mac, { ...sight, stale: true });
  devices.name(client_mac, hostname, "dhcp", atMs);
  if (!isReply) devices.say(textOf(client_mac), vendor_class_identifier);
  for (const address of given) names.learn(textOf(address), textOf(hostname), "dhcp", atMs);
}

function readArp(seen: Observation, { devices, interfaceName }: Learning, atMs: number): void {
  const { src_mac, src_ip } = bodyOf(seen, "arp");
  const { interfaceIndex } = seen.flow;
  devices.see(src_mac, { ip: textOf(src_ip), from: "arp", atMs, interface: interfaceName(interfaceIndex) });
}

const ROUTER_ADVERTISEMENT = 134;
const NEIGHBOR_ADVERTISEMENT = 136;

function readNeighbour({ flow, fields }: Observation, learning: Learning, atMs: number): void {
  if (flow.ipVersion !== 6) return;
  const { mac, target } = ((fields.netpane as Fields | undefined)?.icmp ?? {}) as Fields;
  const isRouter = fields.icmp_type === ROUTER_ADVERTISEMENT;
  if (!isRouter && fields.icmp_type !== NEIGHBOR_ADVERTISEMENT) return;
  learning.devices.see(mac, {
    ip: isRouter ? flow.clientAddress : textOf(target),
    from: "nd",
    atMs,
    interface: learning.interfaceName(flow.interfaceIndex),
    router: isRouter,
  });
}

function bodyOf({ fields }: Observation, key: string): Fields {
  return (fields[key] ?? {}) as Fields;
}

function recordsOf(records: unknown): Fields[] {
  return Array.isArray(records) ? records.slice(0, MAX_RECORDS) as Fields[] : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
