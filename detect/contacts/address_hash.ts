/** Short hashes of addresses and ports, for tables that may err: a collision costs a little attention, nothing else. */
import { parseAddress } from "../../model/address.ts";

/** 32 bits of the address at `at`; `version` 4 or 6. */
export function hashOfAddress(bytes: Uint8Array, at: number, version: number): number {
  let h = bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
  if (version === 6) {
    for (let i = at + 4; i < at + 16; i += 4) {
      h = Math.imul(h, 0x9e3779b1) ^ (bytes[i] << 24 | bytes[i + 1] << 16 | bytes[i + 2] << 8 | bytes[i + 3]);
    }
  }
  return mix(h);
}

/** Both hashes of an address of 4 or 16 bytes, as `FlowFact` has them. */
export function hashesOf(bytes: Uint8Array): [first: number, second: number] {
  const first = hashOfAddress(bytes, 0, bytes.length === 4 ? 4 : 6);
  return [first, bytes.length === 4 ? first : secondHashOfAddress(bytes, 0)];
}

/** `hashOfAddress` of an address as text. */
export function hashOfText(address: string): number {
  const bytes = parseAddress(address);
  return bytes === null ? 0 : hashesOf(bytes)[0];
}

/** 32 more bits of an IPv6 address, where two that are taken for one would cost more than attention. */
export function secondHashOfAddress(bytes: Uint8Array, at: number): number {
  let h = 0x1b873593;
  for (let i = at; i < at + 16; i += 4) {
    const word = bytes[i] << 24 | bytes[i + 1] << 16 | bytes[i + 2] << 8 | bytes[i + 3];
    h = Math.imul(h ^ h >>> 15 ^ word, 0xc2b2ae3d);
  }
  return mix(h);
}

/**
 * Two addresses by their hashes, as 64 bits together with `secondPairHash`. Of IPv4 no two pairs have the same: both
 * together are a linear map with an odd determinant, and mixing loses nothing.
 */
export function pairHash(client: number, server: number): number {
  return mix(Math.imul(client, 0x9e3779b1) + server | 0);
}

export function secondPairHash(client: number, server: number): number {
  return mix(Math.imul(server, 0x85ebca6b) + Math.imul(client, 0x6c62272e) | 0);
}

/** Mixes a number into a hash. */
export function hashWith(hash: number, value: number): number {
  return mix(hash ^ Math.imul(value + 1, 0x85ebca6b));
}

/** The finish of MurmurHash3. */
function mix(h: number): number {
  h = Math.imul(h ^ h >>> 16, 0x85ebca6b);
  h = Math.imul(h ^ h >>> 13, 0xc2b2ae35);
  return h ^ h >>> 16;
}
