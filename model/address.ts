/**
 * IP addresses: bytes to text (RFC 5952), text to bytes, and what kind of address one is.
 *
 * Addresses lie in byte arrays at an offset; `version` is 4 (four bytes) or 6 (sixteen). Pure functions without
 * state: they run in every worker and in the browser.
 */

/** 4 or 6; anything else is treated as "no address". */
export type IpVersion = number;

/** Bytes of the IPv4-mapped prefix ::ffff:0:0/96, RFC 4291 §2.5.5.2. */
const MAPPED_PREFIX_BYTES = 12;

/** Longest text that can be an address: "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255". */
const MAX_ADDRESS_TEXT = 45;

/** Dotted decimal of the four bytes at `at`. */
export function formatIpv4(bytes: Uint8Array, at = 0): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/**
 * Text of the sixteen bytes at `at` as RFC 5952 wants it: lower case, no leading zeros, the first longest run of
 * two or more zero groups as "::", IPv4-mapped addresses with dotted decimal at the end (§5).
 */
export function formatIpv6(bytes: Uint8Array, at = 0): string {
  if (isIpv4Mapped(bytes, at)) return `::ffff:${formatIpv4(bytes, at + MAPPED_PREFIX_BYTES)}`;
  let runAt = -1;
  let runLength = 1; // §4.2.2: a single zero group is not shortened
  for (let group = 0; group < 8; group++) {
    let length = 0;
    while (group + length < 8 && isZeroGroup(bytes, at, group + length)) length++;
    if (length > runLength) {
      runAt = group;
      runLength = length;
    }
    if (length > 0) group += length;
  }
  let text = "";
  for (let group = 0; group < 8; group++) {
    if (group === runAt) {
      text += "::";
      group += runLength - 1;
      continue;
    }
    if (text !== "" && !text.endsWith(":")) text += ":";
    text += (bytes[at + 2 * group] << 8 | bytes[at + 2 * group + 1]).toString(16);
  }
  return text;
}

/** Text of the address at `at`; "" when `version` is neither 4 nor 6. */
export function formatAddress(bytes: Uint8Array, at: number, version: IpVersion): string {
  return version === 4 ? formatIpv4(bytes, at) : version === 6 ? formatIpv6(bytes, at) : "";
}

/**
 * Bytes of an address in text: 4 for IPv4, 16 for IPv6 (a zone as in "fe80::1%eth0" is dropped).
 *
 * @returns `null` for everything else: names, prefixes, leading zeros in decimals (RFC 6943 §3.1.1), blanks.
 */
export function parseAddress(text: string): Uint8Array<ArrayBuffer> | null {
  const zone = text.indexOf("%");
  const bare = zone > 0 && text.includes(":") ? text.slice(0, zone) : text;
  if (bare.length > MAX_ADDRESS_TEXT) return null;
  return bare.includes(":") ? parseIpv6(bare) : parseIpv4(bare);
}

/** `text` in the one spelling this module writes, IPv4-mapped addresses as IPv4; `null` when it is no address. */
export function normalizeAddress(text: string): string | null {
  const bytes = parseAddress(text);
  if (bytes === null) return null;
  if (bytes.length === 4) return formatIpv4(bytes);
  return isIpv4Mapped(bytes) ? formatIpv4(bytes, MAPPED_PREFIX_BYTES) : formatIpv6(bytes);
}

/** ::ffff:0:0/96, an IPv4 address in IPv6 clothes. */
export function isIpv4Mapped(bytes: Uint8Array, at = 0): boolean {
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false;
  return bytes[at + 10] === 0xff && bytes[at + 11] === 0xff;
}

/** 0.0.0.0 or ::. */
export function isUnspecified(bytes: Uint8Array, at: number, version: IpVersion): boolean {
  const length = version === 4 ? 4 : 16;
  for (let i = 0; i < length; i++) if (bytes[at + i] !== 0) return false;
  return true;
}

/** 127.0.0.0/8 (RFC 1122 §3.2.1.3), ::1. */
export function isLoopback(bytes: Uint8Array, at: number, version: IpVersion): boolean {
  if (version === 4) return bytes[at] === 127;
  if (isIpv4Mapped(bytes, at)) return isLoopback(bytes, at + MAPPED_PREFIX_BYTES, 4);
  for (let i = 0; i < 15; i++) if (bytes[at + i] !== 0) return false;
  return bytes[at + 15] === 1;
}

/** 224.0.0.0/4 (RFC 5771), ff00::/8 (RFC 4291 §2.7). */
export function isMulticast(bytes: Uint8Array, at: number, version: IpVersion): boolean {
  return version === 4 ? bytes[at] >> 4 === 0xe : bytes[at] === 0xff;
}

/** 255.255.255.255. A subnet's own broadcast address cannot be told without its mask. */
export function isBroadcast(bytes: Uint8Array, at: number, version: IpVersion): boolean {
  return version === 4 && (bytes[at] & bytes[at + 1] & bytes[at + 2] & bytes[at + 3]) === 0xff;
}

/** 169.254.0.0/16 (RFC 3927), fe80::/10 (RFC 4291 §2.5.6). */
export function isLinkLocal(bytes: Uint8Array, at: number, version: IpVersion): boolean {
  if (version === 4) return bytes[at] === 169 && bytes[at + 1] === 254;
  if (isIpv4Mapped(bytes, at)) return isLinkLocal(bytes, at + MAPPED_PREFIX_BYTES, 4);
  return bytes[at] === 0xfe && (bytes[at + 1] & 0xc0) === 0x80;
}

/**
 * Whether an address belongs to a private network, as seen from a capture file whose own machine is not known:
 * 10/8, 172.16/12, 192.168/16 (RFC 1918), 100.64/10 (RFC 6598), fc00::/7 (RFC 4193), link-local and loopback.
 */
export function isPrivate(bytes: Uint8Array, at: number, version: IpVersion): boolean {
  const a = bytes[at];
  const b = bytes[at + 1];
  if (version === 4) {
    return a === 10 || a === 127 || (a === 172 && (b & 0xf0) === 16) || (a === 192 && b === 168) ||
      (a === 169 && b === 254) || (a === 100 && (b & 0xc0) === 64);
  }
  if ((a & 0xfe) === 0xfc || (a === 0xfe && (b & 0xc0) === 0x80)) return true;
  if (a !== 0) return false;
  if (isIpv4Mapped(bytes, at)) return isPrivate(bytes, at + MAPPED_PREFIX_BYTES, 4);
  return isLoopback(bytes, at, 6);
}

/**
 * Whether an address can be some host's on the public internet: not private, unspecified, multicast, broadcast,
 * nor one of the IANA special-purpose ranges for documentation, benchmarks and the future (RFC 6890). Only such
 * addresses are worth a place on the map.
 */
export function isGlobal(bytes: Uint8Array, at: number, version: IpVersion): boolean {
  if (version === 6) {
    if (isIpv4Mapped(bytes, at)) return isGlobal(bytes, at + MAPPED_PREFIX_BYTES, 4);
    if (bytes[at] >> 5 !== 1) return false; // 2000::/3 is all that is given out, RFC 4291 §2.4
    const documentation = bytes[at] === 0x20 && bytes[at + 1] === 0x01 && bytes[at + 2] === 0x0d &&
      bytes[at + 3] === 0xb8;
    return !documentation;
  }
  if (version !== 4) return false;
  const a = bytes[at];
  const b = bytes[at + 1];
  const c = bytes[at + 2];
  if (a === 0 || a >= 224 || isPrivate(bytes, at, 4)) return false;
  if (a === 192 && b === 0 && (c === 0 || c === 2)) return false; // protocol assignments, TEST-NET-1
  if (a === 198 && ((b & 0xfe) === 18 || (b === 51 && c === 100))) return false; // benchmarks, TEST-NET-2
  return !(a === 203 && b === 0 && c === 113); // TEST-NET-3
}

/** Text questions for those who hold strings: `false` for what is no address. */
export function isGlobalText(text: string): boolean {
  const bytes = parseAddress(text);
  return bytes !== null && isGlobal(bytes, 0, bytes.length === 4 ? 4 : 6);
}

/** As `isPrivate`, of text; `false` for what is no address. */
export function isPrivateText(text: string): boolean {
  const bytes = parseAddress(text);
  return bytes !== null && isPrivate(bytes, 0, bytes.length === 4 ? 4 : 6);
}

function isZeroGroup(bytes: Uint8Array, at: number, group: number): boolean {
  return (bytes[at + 2 * group] | bytes[at + 2 * group + 1]) === 0;
}

function parseIpv4(text: string): Uint8Array<ArrayBuffer> | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    const part = parts[i];
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part)) return null;
    const value = Number(part);
    if (value > 255) return null;
    bytes[i] = value;
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array<ArrayBuffer> | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0], halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1], true) : [];
  if (head === null || tail === null) return null;
  const given = head.length + tail.length;
  // "::" stands for at least one group.
  if (halves.length === 2 ? given > 14 : given !== 16) return null;
  const bytes = new Uint8Array(16);
  bytes.set(head);
  bytes.set(tail, 16 - tail.length);
  return bytes;
}

/** Bytes of colon-separated groups; dotted decimal may end them where `last`. */
function parseGroups(text: string, last: boolean): number[] | null {
  if (text === "") return [];
  const groups = text.split(":");
  if (groups.length > 8) return null;
  const bytes: number[] = [];
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i];
    if (last && i === groups.length - 1 && group.includes(".")) {
      const ipv4 = parseIpv4(group);
      if (ipv4 === null) return null;
      bytes.push(...ipv4);
      continue;
    }
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return null;
    const value = parseInt(group, 16);
    bytes.push(value >> 8, value & 0xff);
  }
  return bytes;
}
