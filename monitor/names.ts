/** Names for numbers: IP protocols as EVE writes them, in lower case, and tunnels. */
import { IpProtocol, Tunnel } from "../model/flow.ts";

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

const TUNNEL_NAMES: string[] = [];
TUNNEL_NAMES[Tunnel.none] = "none";
TUNNEL_NAMES[Tunnel.ipInIp] = "ip-in-ip";
TUNNEL_NAMES[Tunnel.gre] = "gre";
TUNNEL_NAMES[Tunnel.vxlan] = "vxlan";
TUNNEL_NAMES[Tunnel.geneve] = "geneve";
TUNNEL_NAMES[Tunnel.gtpU] = "gtp-u";
TUNNEL_NAMES[Tunnel.teredo] = "teredo";
TUNNEL_NAMES[Tunnel.capwap] = "capwap";
TUNNEL_NAMES[Tunnel.l2tp] = "l2tp";

/** Name of a `Tunnel`; `none` for what has none. */
export function tunnelName(tunnel: number): string {
  return TUNNEL_NAMES[tunnel] ?? "none";
}
