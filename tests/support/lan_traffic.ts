/** What configures hosts on a local network, as packets for `Traffic`: DHCP answers and IPv6 router advertisements. */
import { parseAddress } from "../../model/address.ts";
import { bytes, u16, u32 } from "../capture/inspect/dpi/dns/dns_bytes.ts";
import { concat, PROTOCOL, udp } from "./packets.ts";
import type { Traffic } from "./traffic.ts";

export interface DhcpAnswer {
  /** @default "ack" */
  kind?: "offer" | "ack";
  server: string;
  /** Twelve hexadecimal digits. */
  client?: string;
  /** @default 1 */
  transaction?: number;
  address?: string;
  routers?: string[];
  dns?: string[];
}

/** A DHCP answer, RFC 2131 §2, to all. */
export function dhcp(traffic: Traffic, answer: DhcpAnswer): Traffic {
  const { kind = "ack", server, client = "020000000020", transaction = 1 } = answer;
  const { address = "10.9.0.20", routers = ["10.9.0.1"], dns = ["10.9.0.1"] } = answer;
  const mac = client.match(/../g)!.map((byte) => parseInt(byte, 16));
  const option = (code: number, data: ArrayLike<number>) => [code, data.length, ...Array.from(data)];
  const body = bytes(
    [2, 1, 6, 0],
    u32(transaction),
    u16(0),
    u16(0),
    [0, 0, 0, 0],
    number(address),
    number(server),
    [0, 0, 0, 0],
    mac,
    Array(10 + 64 + 128).fill(0),
    u32(0x63825363),
    option(53, [kind === "ack" ? 5 : 2]),
    option(54, number(server)),
    option(1, [255, 255, 255, 0]),
    routers.length > 0 ? option(3, routers.flatMap(number)) : [],
    dns.length > 0 ? option(6, dns.flatMap(number)) : [],
    [255],
  );
  const all = "255.255.255.255";
  traffic.ip(server, all, PROTOCOL.udp, udp({ src: server, dst: all, srcPort: 67, dstPort: 68 }, body));
  return traffic;
}

export interface Advertisement {
  router: string;
  mac: string;
  prefix?: string;
  dns?: string[];
  /** @default {1800} */
  lifetime?: number;
}

/** A router advertisement, RFC 4861 §4.2, to all nodes; prefixes of 64 bits. */
export function advertise(traffic: Traffic, advertisement: Advertisement): Traffic {
  const { router, mac, prefix, dns = [], lifetime = 1800 } = advertisement;
  const body = bytes(
    [134, 0, 0, 0, 64, 0],
    u16(lifetime),
    u32(0),
    u32(0),
    [1, 1],
    mac.match(/../g)!.map((byte) => parseInt(byte, 16)),
    prefix === undefined ? [] : bytes([3, 4, 64, 0xc0], u32(86_400), u32(14_400), u32(0), number(prefix)),
    dns.length === 0 ? [] : bytes(
      [25, 1 + 2 * dns.length, 0, 0],
      u32(1800),
      concat(...dns.map((one) => Uint8Array.from(number(one)))),
    ),
  );
  traffic.ip(router, "ff02::1", PROTOCOL.icmpv6, body);
  return traffic;
}

function number(address: string): number[] {
  return [...parseAddress(address)!];
}
