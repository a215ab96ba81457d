/** One line per packet for people: what its headers say, or what was recognised in it. */
import { Kind, type PacketView } from "./decode/packet_view.ts";

const SYN = 2, RST = 4, FIN = 1, ACK = 16;
/** A summary is cut here. */
const MAX_SUMMARY = 160;

/** From the headers alone. */
export function summaryOf(view: PacketView): string {
  switch (view.kind) {
    case Kind.tcp:
      return tcpSummary(view);
    case Kind.udp:
      return `UDP ${view.sourcePort} → ${view.destinationPort}, ${view.payloadBytes} bytes`;
    case Kind.icmp:
    case Kind.icmpv6:
      return `${view.kind === Kind.icmp ? "ICMP" : "ICMPv6"} type ${view.sourcePort}`;
    case Kind.arp:
      return "ARP";
    case Kind.sctp:
      return `SCTP ${view.sourcePort} → ${view.destinationPort}`;
    case Kind.igmp:
      return "IGMP";
    default:
      return view.ipVersion > 0 ? `IP protocol ${view.protocol}` : "Not IP";
  }
}

/** Of something recognised in a packet, by EVE's event type and fields; "" where the headers say more. */
export function summaryOfFields(type: string, fields: Record<string, unknown>): string {
  const body = fields[type] as Record<string, unknown> | undefined;
  const say = SUMMARIES[type];
  if (body === undefined || say === undefined) return "";
  return say(body).replaceAll(/\s+/g, " ").trim().slice(0, MAX_SUMMARY);
}

type Body = Record<string, unknown>;

const text = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? String(value) : "";

function dnsSummary(label: string): (body: Body) => string {
  return (body) =>
    body.type === "answer"
      ? `${label} answer ${text(body.rrname)} ${text(body.rrtype)} ${text(body.rcode)}`
      : `${label} query ${text(body.rrtype)} ${text(body.rrname)}`;
}

const SUMMARIES: Record<string, (body: Body) => string> = {
  dns: dnsSummary("DNS"),
  mdns: dnsSummary("mDNS"),
  llmnr: dnsSummary("LLMNR"),
  tls: (body) => `TLS ${text(body.version).replace(/^TLS /, "")} ${text(body.sni)}`,
  quic: (body) => `QUIC ${text(body.version)} ${text(body.sni)}`,
  http: (body) =>
    `HTTP ${text(body.http_method)} ${text(body.hostname)}${text(body.url)} ${text(body.status)}`,
  ssh: (body) =>
    `SSH ${text((body.client as Body)?.software_version)} ${text((body.server as Body)?.software_version)}`,
  dhcp: (body) => `DHCP ${text(body.dhcp_type) || text(body.type)} ${text(body.hostname)}`,
  snmp: (body) => `SNMP ${text(body.pdu_type)}`,
  smtp: (body) => `SMTP ${text(body.helo)}`,
  ftp: (body) => `FTP ${text(body.command)}`,
};

function tcpSummary(view: PacketView): string {
  const flags = view.tcpFlags;
  const ports = `${view.sourcePort} → ${view.destinationPort}`;
  if (!view.tcpWhole) return `TCP ${ports}`;
  if ((flags & (SYN | ACK)) === SYN) return `TCP SYN → ${view.destinationPort}`;
  if ((flags & (SYN | ACK)) === (SYN | ACK)) return `TCP SYN-ACK ${view.sourcePort} →`;
  if (flags & RST) return `TCP RST ${ports}`;
  if (flags & FIN) return `TCP FIN ${ports}`;
  return view.payloadBytes > 0 ? `TCP ${ports}, ${view.payloadBytes} bytes` : `TCP ACK ${ports}`;
}
