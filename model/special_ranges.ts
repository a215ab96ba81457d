/**
 * Addresses that belong to nobody in particular: ranges set aside for a purpose. They have no place on a map, and
 * no one outside is ever asked about them.
 *
 * Source: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, RFC 8190), with the multicast space
 * of their own registries and what IANA has given to no one, as of 2025-10.
 * https://www.iana.org/assignments/iana-ipv4-special-registry
 * https://www.iana.org/assignments/iana-ipv6-special-registry
 */
import { isIpv4Mapped, parseAddress } from "./address.ts";

/** What a special range is for, in one word that pages and rules can use. */
export type AddressKind =
  | "global"
  | "unspecified"
  | "this-network"
  | "private"
  | "shared"
  | "loopback"
  | "link-local"
  | "documentation"
  | "benchmarking"
  | "multicast"
  | "broadcast"
  | "reserved"
  | "protocol"
  | "anycast"
  | "translation"
  | "tunnel"
  | "identifier"
  | "discard";

/** One row of the registries. */
export interface SpecialRange {
  /** As in the registry, `100.64.0.0/10`. */
  prefix: string;
  kind: Exclude<AddressKind, "global">;
  /** The registry's name of it. */
  name: string;
  /** Where it is defined. */
  source: string;
}

/** More specific rows stand before those that hold them: the first that matches is the answer. */
export const SPECIAL_RANGES: readonly SpecialRange[] = [
  row("0.0.0.0/32", "unspecified", "This host on this network", "RFC 1122 §3.2.1.3"),
  row("0.0.0.0/8", "this-network", "This network", "RFC 791 §3.2"),
  row("10.0.0.0/8", "private", "Private-Use", "RFC 1918"),
  row("100.64.0.0/10", "shared", "Shared Address Space (CGNAT)", "RFC 6598"),
  row("127.0.0.0/8", "loopback", "Loopback", "RFC 1122 §3.2.1.3"),
  row("169.254.0.0/16", "link-local", "Link Local", "RFC 3927"),
  row("172.16.0.0/12", "private", "Private-Use", "RFC 1918"),
  row("192.0.0.0/29", "protocol", "IPv4 Service Continuity Prefix", "RFC 7335"),
  row("192.0.0.8/32", "protocol", "IPv4 dummy address", "RFC 7600"),
  row("192.0.0.9/32", "anycast", "Port Control Protocol Anycast", "RFC 7723"),
  row("192.0.0.10/32", "anycast", "Traversal Using Relays around NAT Anycast", "RFC 8155"),
  row("192.0.0.170/31", "protocol", "NAT64/DNS64 Discovery", "RFC 8880"),
  row("192.0.0.0/24", "protocol", "IETF Protocol Assignments", "RFC 6890 §2.1"),
  row("192.0.2.0/24", "documentation", "Documentation (TEST-NET-1)", "RFC 5737"),
  row("192.31.196.0/24", "anycast", "AS112-v4", "RFC 7535"),
  row("192.52.193.0/24", "anycast", "AMT", "RFC 7450"),
  row("192.88.99.0/24", "anycast", "Deprecated (6to4 Relay Anycast)", "RFC 7526"),
  row("192.168.0.0/16", "private", "Private-Use", "RFC 1918"),
  row("192.175.48.0/24", "anycast", "Direct Delegation AS112 Service", "RFC 7534"),
  row("198.18.0.0/15", "benchmarking", "Benchmarking", "RFC 2544"),
  row("198.51.100.0/24", "documentation", "Documentation (TEST-NET-2)", "RFC 5737"),
  row("203.0.113.0/24", "documentation", "Documentation (TEST-NET-3)", "RFC 5737"),
  row("224.0.0.0/4", "multicast", "Multicast", "RFC 5771"),
  row("255.255.255.255/32", "broadcast", "Limited Broadcast", "RFC 919 §7"),
  row("240.0.0.0/4", "reserved", "Reserved", "RFC 1112 §4"),

  row("::/128", "unspecified", "Unspecified Address", "RFC 4291 §2.5.2"),
  row("::1/128", "loopback", "Loopback Address", "RFC 4291 §2.5.3"),
  row("64:ff9b:1::/48", "translation", "Local-use IPv4-IPv6 Translation", "RFC 8215"),
  row("100::/64", "discard", "Discard-Only Address Block", "RFC 6666"),
  row("100:0:0:1::/64", "protocol", "Dummy IPv6 Prefix", "RFC 9780"),
  row("2001::/32", "tunnel", "TEREDO", "RFC 4380"),
  row("2001:1::1/128", "anycast", "Port Control Protocol Anycast", "RFC 7723"),
  row("2001:1::2/128", "anycast", "Traversal Using Relays around NAT Anycast", "RFC 8155"),
  row("2001:1::3/128", "anycast", "DNS-SD Service Registration Protocol Anycast", "RFC 9665"),
  row("2001:2::/48", "benchmarking", "Benchmarking", "RFC 5180"),
  row("2001:3::/32", "anycast", "AMT", "RFC 7450"),
  row("2001:4:112::/48", "anycast", "AS112-v6", "RFC 7535"),
  row("2001:10::/28", "identifier", "Deprecated (previously ORCHID)", "RFC 4843"),
  row("2001:20::/28", "identifier", "ORCHIDv2", "RFC 7343"),
  row("2001:30::/28", "identifier", "Drone Remote ID Protocol Entity Tags", "RFC 9374"),
  row("2001::/23", "protocol", "IETF Protocol Assignments", "RFC 2928"),
  row("2001:db8::/32", "documentation", "Documentation", "RFC 3849"),
  row("2002::/16", "tunnel", "6to4", "RFC 3056"),
  row("2620:4f:8000::/48", "anycast", "Direct Delegation AS112 Service", "RFC 7534"),
  row("3fff::/20", "documentation", "Documentation", "RFC 9637"),
  row("5f00::/16", "identifier", "Segment Routing (SRv6) SIDs", "RFC 9602"),
  row("fc00::/7", "private", "Unique-Local", "RFC 4193"),
  row("fe80::/10", "link-local", "Link-Local Unicast", "RFC 4291 §2.5.6"),
  row("fec0::/10", "private", "Deprecated (Site-Local)", "RFC 3879"),
  row("ff00::/8", "multicast", "Multicast", "RFC 4291 §2.7"),
];

/** Outside of 2000::/3 IANA has given nothing to anybody: RFC 4291 §2.4, the IPv6 address space registry. */
const UNASSIGNED = row("::/0", "reserved", "Not assigned", "RFC 4291 §2.4");

/** 64:ff9b::/96: the last four bytes are an IPv4 address, RFC 6052 §2.1. */
const NAT64_PREFIX = parseAddress("64:ff9b::")!.subarray(0, 12);

interface Matcher {
  range: SpecialRange;
  bytes: Uint8Array;
  bits: number;
}
const MATCHERS: { 4: Matcher[]; 16: Matcher[] } = { 4: [], 16: [] };
for (const range of SPECIAL_RANGES) {
  const [address, bits] = range.prefix.split("/");
  const bytes = parseAddress(address)!;
  MATCHERS[bytes.length as 4 | 16].push({ range, bytes, bits: Number(bits) });
}

/**
 * The special range that an address is in.
 *
 * @param bytes 4 or 16 bytes of an address, as `bareAddress()` gives them.
 * @returns `null` for addresses that can be some host's on the public internet.
 */
export function specialRange(bytes: Uint8Array): SpecialRange | null {
  const matchers = bytes.length === 4 ? MATCHERS[4] : MATCHERS[16];
  for (const { range, bytes: prefix, bits } of matchers) if (startsWith(bytes, prefix, bits)) return range;
  return bytes.length === 16 && bytes[0] >> 5 !== 1 ? UNASSIGNED : null;
}

/** `global`, or what the special range of an address is for; `null` for what is no address. */
export function addressKind(text: string): AddressKind | null {
  const bytes = bareAddress(text);
  return bytes === null ? null : specialRange(bytes)?.kind ?? "global";
}

/**
 * Bytes of an address, of IPv4 in IPv6 clothes (::ffff:0:0/96, 64:ff9b::/96) those of the IPv4 address: that is the
 * host that is meant.
 *
 * @returns `null` for what is no address.
 */
export function bareAddress(text: string): Uint8Array | null {
  const bytes = parseAddress(text);
  if (bytes === null || bytes.length === 4) return bytes;
  return isIpv4Mapped(bytes) || startsWith(bytes, NAT64_PREFIX, 96) ? bytes.subarray(12) : bytes;
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array, bits: number): boolean {
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== prefix[i]) return false;
  const rest = bits & 7;
  return rest === 0 || bytes[whole] >> (8 - rest) === prefix[whole] >> (8 - rest);
}

function row(prefix: string, kind: SpecialRange["kind"], name: string, source: string): SpecialRange {
  return { prefix, kind, name, source };
}
