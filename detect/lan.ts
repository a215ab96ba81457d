/**
 * Words and numbers of a local network that several rules share: MAC addresses, segments, IPv4 addresses as numbers.
 */

/** Segments told apart; what is on further ones is left alone. */
const MAX_SEGMENTS = 4_096;

/** MAC addresses that routers share, so that one can take over from another: three bytes and what follows them. */
const SHARED_MACS: readonly (readonly [number, number])[] = [
  [0x00005e, 0x000100], // VRRP and CARP, RFC 9568 §7.3: 00:00:5e:00:01:xx
  [0x00005e, 0x000200], // the same for IPv6
  [0x00000c, 0x07ac00], // HSRP version 1
];
/** Those of which more than the last byte is a group's number. */
const SHARED_RANGES: readonly (readonly [number, number, number])[] = [
  [0x00000c, 0x9ff000, 0x9fffff], // HSRP version 2
  [0x000573, 0xa00000, 0xa00fff], // HSRP version 2 for IPv6
  [0x0007b4, 0x000000, 0x03ffff], // GLBP
];

/** Whether a MAC address (a number of 48 bits) is a virtual router's. */
export function isSharedRouterMac(mac: number): boolean {
  const maker = Math.floor(mac / 0x100_0000);
  if (maker !== 0x00005e && maker !== 0x00000c && maker !== 0x000573 && maker !== 0x0007b4) return false;
  const rest = mac % 0x100_0000;
  return SHARED_MACS.some(([known, block]) => maker === known && rest - rest % 256 === block) ||
    SHARED_RANGES.some(([known, from, to]) => maker === known && rest >= from && rest <= to);
}

/** Whether it is no single card's: nought, a group's (multicast clusters) or broadcast. */
export function isNoCard(mac: number): boolean {
  return mac === 0 || Math.floor(mac / 0x100_0000_0000) % 2 === 1;
}

/** Ports of one card, or cards bought together: real makers' numbers (not made up ones) that nearly touch. */
export function areNeighbours(a: number, b: number): boolean {
  const isMadeUp = (Math.floor(a / 0x100_0000_0000) & 2) !== 0;
  return !isMadeUp && Math.abs(a - b) < 16;
}

/** `02:00:00:00:00:a1` */
export function macText(mac: number): string {
  return mac.toString(16).padStart(12, "0").replaceAll(/..(?!$)/g, "$&:");
}

/** The four bytes at `at` as a number. */
export function ipv4Number(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0;
}

export function ipv4Text(address: number): string {
  return `${address >>> 24}.${address >>> 16 & 255}.${address >>> 8 & 255}.${address & 255}`;
}

/**
 * Numbers for networks that do not meet: the same address on two interfaces or VLANs is two hosts.
 */
export class Segments {
  readonly #numbers = new Map<number, number>();

  /** @returns 0 to 4,095; -1 for those over the ceiling. */
  of(interfaceIndex: number, vlan: number): number {
    const key = vlan * 256 + interfaceIndex;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#numbers.size >= MAX_SEGMENTS) return -1;
    this.#numbers.set(key, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}
