/**
 * What an ICMP (RFC 792) or ICMPv6 (RFC 4443, 4861, 3810) message says, as EVE has it (`icmp_type`, `icmp_code`, the
 * rest in `netpane.icmp`) and in a line.
 */
import type { Cursor } from "../../../model/cursor.ts";
import { formatIpv4, formatIpv6 } from "../../../model/address.ts";
import type { PacketEvent } from "./arp_event.ts";

const ECHO_REPLY = 0;
const ECHO = 8;
const REDIRECT = 5;
const ECHO_V6 = 128;
const ECHO_REPLY_V6 = 129;
const ROUTER_ADVERTISEMENT = 134;
const NEIGHBOR_SOLICITATION = 135;
const NEIGHBOR_ADVERTISEMENT = 136;
const REDIRECT_V6 = 137;
const PACKET_TOO_BIG = 2;
const FRAGMENTATION_NEEDED = 4;

const NAMES: Record<number, string> = {
  0: "echo reply",
  3: "destination unreachable",
  4: "source quench",
  5: "redirect",
  8: "echo request",
  9: "router advertisement",
  10: "router solicitation",
  11: "time exceeded",
  12: "parameter problem",
  13: "timestamp request",
  14: "timestamp reply",
  15: "information request",
  16: "information reply",
  17: "address mask request",
  18: "address mask reply",
  42: "extended echo request",
  43: "extended echo reply",
};
const NAMES_V6: Record<number, string> = {
  1: "destination unreachable",
  2: "packet too big",
  3: "time exceeded",
  4: "parameter problem",
  128: "echo request",
  129: "echo reply",
  130: "multicast listener query",
  131: "multicast listener report",
  132: "multicast listener done",
  133: "router solicitation",
  134: "router advertisement",
  135: "neighbor solicitation",
  136: "neighbor advertisement",
  137: "redirect",
  141: "inverse neighbor solicitation",
  142: "inverse neighbor advertisement",
  143: "multicast listener report v2",
  160: "extended echo request",
  161: "extended echo reply",
};
/** Errors quote the packet they are about: RFC 792, RFC 4443 §2.1. */
const ERRORS = [3, 4, 5, 11, 12];
const ERRORS_V6 = [1, 2, 3, 4];

const UNREACHABLE = [
  "network",
  "host",
  "protocol",
  "port",
  "fragmentation needed",
  "source route failed",
  "network unknown",
  "host unknown",
  "source isolated",
  "network prohibited",
  "host prohibited",
  "network for this service",
  "host for this service",
  "administratively prohibited",
  "host precedence",
  "precedence cutoff",
];
const UNREACHABLE_V6 = [
  "no route",
  "administratively prohibited",
  "beyond scope",
  "address",
  "port",
  "source policy",
  "route rejected",
];
const EXCEEDED = ["hop limit", "reassembly time"];

const PROTOCOLS: Record<number, string> = { 1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6", 132: "SCTP" };
/** Extension headers of IPv6 that a quotation is followed over. */
const MAX_EXTENSIONS = 4;
const EXTENSIONS = [0, 43, 60];
const FRAGMENT = 44;
const MAX_OPTIONS = 16;
/** Options of neighbor discovery, RFC 4861 §4.6 and RFC 8106 §5.1. */
const Option = { sourceLink: 1, targetLink: 2, prefix: 3, mtu: 5, dnsServers: 25 } as const;

type Fields = Record<string, unknown>;

/**
 * The event of an ICMP message.
 *
 * @param c At the type, bounded to what was captured.
 * @param version 4 for ICMP, 6 for ICMPv6.
 * @returns `null` when not even type and code are there; of what was cut, what could be read.
 */
export function icmpEvent(c: Cursor, version: number): PacketEvent | null {
  if (!c.has(2)) return null;
  const type = c.u8();
  const code = c.u8();
  c.u16(); // checksum
  const v6 = version === 6;
  const name = (v6 ? NAMES_V6 : NAMES)[type] ?? `type ${type}`;
  const icmp: Fields = { name };
  const detail = (v6 ? ERRORS_V6 : ERRORS).includes(type)
    ? readError(c, type, code, v6, icmp)
    : v6 && type >= ROUTER_ADVERTISEMENT && type <= REDIRECT_V6
    ? readNeighborDiscovery(c, type, icmp)
    : (v6 ? [ECHO_V6, ECHO_REPLY_V6] : [ECHO, ECHO_REPLY]).includes(type)
    ? readEcho(c, icmp)
    : "";
  return {
    fields: { icmp_type: type, icmp_code: code, netpane: { icmp } },
    summary: `${v6 ? "ICMPv6" : "ICMP"} ${name}${detail === "" ? "" : ` ${detail}`}`,
  };
}

function readEcho(c: Cursor, icmp: Fields): string {
  const id = c.u16();
  const sequence = c.u16();
  if (c.failed) return "";
  icmp.id = id;
  icmp.sequence = sequence;
  return `id ${id} sequence ${sequence}`;
}

/** An error: why, and which packet it is about. */
function readError(c: Cursor, type: number, code: number, v6: boolean, icmp: Fields): string {
  const at = c.at;
  const parameter = c.u32();
  let reason = "";
  if (v6) {
    if (type === 1) reason = UNREACHABLE_V6[code] ?? `code ${code}`;
    else if (type === 3) reason = EXCEEDED[code] ?? `code ${code}`;
    else if (type === PACKET_TOO_BIG) icmp.mtu = parameter;
  } else if (type === 3) {
    reason = UNREACHABLE[code] ?? `code ${code}`;
    if (code === FRAGMENTATION_NEEDED && !c.failed) icmp.mtu = parameter & 0xffff;
  } else if (type === 11) reason = EXCEEDED[code] ?? `code ${code}`;
  else if (type === REDIRECT && !c.failed) icmp.gateway = formatIpv4(c.bytes, at);
  if (reason !== "") icmp.reason = reason;
  const parts = reason === "" ? [] : [`(${reason})`];
  if (icmp.mtu !== undefined) parts.push(`MTU ${icmp.mtu}`);
  if (icmp.gateway !== undefined) parts.push(`to ${icmp.gateway}`);
  const quoted = readQuotation(c);
  if (quoted !== null) {
    icmp.about = quoted;
    parts.push(`for ${quoted.proto} → ${endpoint(quoted)}`);
  }
  return parts.join(" ");
}

interface Quotation {
  proto: string;
  src_ip: string;
  dest_ip: string;
  src_port?: number;
  dest_port?: number;
}

function endpoint({ dest_ip, dest_port }: Quotation): string {
  if (dest_port === undefined) return dest_ip;
  return dest_ip.includes(":") ? `[${dest_ip}]:${dest_port}` : `${dest_ip}:${dest_port}`;
}

/** The head of the packet that an error is about. */
function readQuotation(c: Cursor): Quotation | null {
  const version = c.peek8() >> 4;
  const quoted = version === 4 ? readQuotedIpv4(c) : version === 6 ? readQuotedIpv6(c) : null;
  if (quoted === null) return null;
  const { fields, protocol } = quoted;
  fields.proto = PROTOCOLS[protocol] ?? `protocol ${protocol}`;
  if ([6, 17, 132].includes(protocol) && c.has(4)) {
    fields.src_port = c.u16();
    fields.dest_port = c.u16();
  }
  return fields;
}

function readQuotedIpv4(c: Cursor): { fields: Quotation; protocol: number } | null {
  const header = (c.peek8() & 15) * 4;
  if (header < 20 || !c.has(20)) return null;
  const protocol = c.peek8(9);
  const fragmented = (c.peek16(6) & 0x1fff) !== 0;
  const fields = {
    proto: "",
    src_ip: formatIpv4(c.bytes, c.at + 12),
    dest_ip: formatIpv4(c.bytes, c.at + 16),
  };
  c.skip(header);
  if (fragmented) c.fail(); // no ports in there
  return { fields, protocol };
}

function readQuotedIpv6(c: Cursor): { fields: Quotation; protocol: number } | null {
  if (!c.has(40)) return null;
  let protocol = c.peek8(6);
  const fields = {
    proto: "",
    src_ip: formatIpv6(c.bytes, c.at + 8),
    dest_ip: formatIpv6(c.bytes, c.at + 24),
  };
  c.skip(40);
  for (let i = 0; i < MAX_EXTENSIONS && (EXTENSIONS.includes(protocol) || protocol === FRAGMENT); i++) {
    const next = c.u8();
    const length = c.u8();
    if (protocol !== FRAGMENT) c.skip(8 * length + 6);
    else {
      if (c.u16() >> 3 !== 0) c.fail();
      c.skip(4);
    }
    protocol = next;
  }
  return { fields, protocol };
}

/** Router and neighbor messages, RFC 4861 §4. */
function readNeighborDiscovery(c: Cursor, type: number, icmp: Fields): string {
  let detail = "";
  if (type === ROUTER_ADVERTISEMENT) {
    c.skip(2); // hop limit, flags
    icmp.lifetime = c.u16();
    c.skip(8); // reachable and retransmission time
  } else {
    c.u32();
    const target = c.at;
    if (!c.skip(16)) return "";
    icmp.target = formatIpv6(c.bytes, target);
    detail = type === NEIGHBOR_SOLICITATION
      ? `who has ${icmp.target}?`
      : type === NEIGHBOR_ADVERTISEMENT
      ? `${icmp.target}`
      : `to ${icmp.target}`;
    if (type === REDIRECT_V6) {
      const destination = c.at;
      if (c.skip(16)) icmp.destination = formatIpv6(c.bytes, destination);
    }
  }
  readOptions(c, icmp);
  if (type === NEIGHBOR_ADVERTISEMENT && icmp.mac !== undefined) detail += ` is at ${icmp.mac}`;
  if (type === ROUTER_ADVERTISEMENT && icmp.prefixes !== undefined) {
    detail = `prefix ${(icmp.prefixes as string[]).join(", ")}`;
  }
  return detail;
}

function readOptions(c: Cursor, icmp: Fields): void {
  for (let i = 0; c.remaining >= 8 && i < MAX_OPTIONS; i++) {
    const type = c.u8();
    const units = c.u8();
    if (units === 0) return; // RFC 4861 §4.6: such a packet is thrown away
    const data = c.sub(8 * units - 2);
    if (c.failed) return;
    const at = data.at;
    switch (type) {
      case Option.sourceLink:
      case Option.targetLink:
        icmp.mac = Array.from(data.copy(6), (byte) => byte.toString(16).padStart(2, "0")).join(":");
        break;
      case Option.prefix:
        if (data.has(30)) {
          ((icmp.prefixes ??= []) as string[]).push(`${formatIpv6(data.bytes, at + 14)}/${data.bytes[at]}`);
        }
        break;
      case Option.mtu:
        data.skip(2);
        icmp.mtu = data.u32();
        break;
      case Option.dnsServers:
        data.skip(6);
        for (let from = data.at; data.skip(16); from = data.at) {
          ((icmp.dns_servers ??= []) as string[]).push(formatIpv6(data.bytes, from));
        }
        break;
    }
  }
}
