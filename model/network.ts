/** Networks as people write them: one address, or an address with the length of its prefix. */
import { isIpv4Mapped, normalizeAddress, parseAddress } from "./address.ts";

/** Addresses that begin with the first `bits` bits of `bytes` (four of IPv4, sixteen of IPv6). */
export interface Network {
  bytes: Uint8Array;
  bits: number;
}

/**
 * `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`.
 *
 * @returns Null for anything else. Bits beyond the prefix are kept: see `isTidy()`.
 */
export function parseNetwork(text: string): Network | null {
  const [address, length, ...rest] = text.split("/");
  const bytes = rest.length > 0 || address.includes("%") ? null : bareBytes(address);
  if (bytes === null) return null;
  if (length === undefined) return { bytes, bits: 8 * bytes.length };
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : Infinity;
  return bits <= 8 * bytes.length ? { bytes, bits } : null;
}

/** Whether all bits beyond the prefix are zero, as in `10.0.0.0/8` and unlike `10.0.0.5/8`. */
export function isTidy({ bytes, bits }: Network): boolean {
  return bytes.every((byte, i) => (byte & (0xff >> Math.max(0, Math.min(8, bits - 8 * i)))) === 0);
}

/** Whether the network has `address`, an address in text; false for what is none. */
export function networkHas(network: Network, address: string): boolean {
  const bytes = bareBytes(address);
  return bytes !== null && networkHasBytes(network, bytes);
}

/** As `networkHas()`, of an address's four or sixteen bytes. */
export function networkHasBytes({ bytes, bits }: Network, address: Uint8Array): boolean {
  if (address.length !== bytes.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== bytes[i]) return false;
  const rest = bits & 7;
  return rest === 0 || ((address[whole] ^ bytes[whole]) >> (8 - rest)) === 0;
}

/** IPv4-mapped addresses are IPv4's. */
function bareBytes(text: string): Uint8Array | null {
  const bytes = parseAddress(text);
  if (bytes === null || bytes.length === 4 || !isIpv4Mapped(bytes)) return bytes;
  return parseAddress(normalizeAddress(text)!);
}
