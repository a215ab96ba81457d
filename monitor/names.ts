/** Names for numbers that the wire has: IP protocols as EVE writes them, in lower case. */
import { IpProtocol } from "../model/flow.ts";

const NAMES: Record<number, string> = {
  [IpProtocol.icmp]: "icmp",
  [IpProtocol.igmp]: "igmp",
  4: "ipv4",
  [IpProtocol.tcp]: "tcp",
  [IpProtocol.udp]: "udp",
  33: "dccp",
  41: "ipv6",
  46: "rsvp",
  47: "gre",
  50: "esp",
  51: "ah",
  [IpProtocol.ipv6Icmp]: "ipv6-icmp",
  88: "eigrp",
  89: "ospf",
  103: "pim",
  112: "vrrp",
  [IpProtocol.sctp]: "sctp",
  136: "udplite",
};

/** Name of an IP protocol, IANA "Protocol Numbers"; the number as text where it has none here. */
export function protocolName(protocol: number): string {
  return NAMES[protocol] ?? String(protocol);
}
