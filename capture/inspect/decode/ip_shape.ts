/**
 * Whether bytes look like an IP packet, for places where nothing but a guess says so: under MPLS labels and in
 * tunnels over UDP. Nothing is consumed.
 */
import type { Cursor } from "../../../model/cursor.ts";
import { Layer, layerOfEthertype } from "./layer.ts";

const ETHERNET_HEADER = 14;

/**
 * Version, header length and total length at `offset` agree with the room there is.
 *
 * @param room Bytes from the cursor to the end of the surrounding layer as sent.
 */
export function looksLikeIp(c: Cursor, offset: number, room: number): boolean {
  const first = c.peek8(offset);
  const left = room - offset;
  if (first >> 4 === 4) {
    const header = (first & 0x0f) * 4;
    const total = c.peek16(offset + 2);
    return header >= 20 && c.has(offset + header) && total >= header && total <= left;
  }
  if (first >> 4 === 6) return c.has(offset + 40) && 40 + c.peek16(offset + 4) <= left;
  return false;
}

/**
 * The stricter form, for traffic on ports that hint at nothing: the lengths fill the room exactly, and an IPv4
 * header's checksum is right. Chance passes it about once in 2^40 tries.
 */
export function isExactlyIp(c: Cursor, offset: number, room: number): boolean {
  if (!looksLikeIp(c, offset, room)) return false;
  if (c.peek8(offset) >> 4 === 6) return 40 + c.peek16(offset + 4) === room - offset;
  return c.peek16(offset + 2) === room - offset && hasRightChecksum(c, offset);
}

/**
 * Whether an Ethernet frame with a known ethertype, and a likely packet in it, begins at `offset`.
 *
 * @param strict Only IP counts, and it must fit exactly.
 */
export function looksLikeFrame(c: Cursor, offset: number, room: number, strict: boolean): boolean {
  if (!c.has(offset + ETHERNET_HEADER)) return false;
  let at = offset + 12;
  let type = c.peek16(at);
  at += 2;
  for (let tags = 0; tags < 2 && layerOfEthertype(type) === Layer.vlan; tags++) {
    type = c.peek16(at + 2);
    at += 4;
  }
  if (type === 0x0800 || type === 0x86dd) {
    return strict ? isExactlyIp(c, at, room) : looksLikeIp(c, at, room);
  }
  if (strict) return false;
  return type < 0x0600 ? type <= room - at : layerOfEthertype(type) >= 0;
}

/** RFC 1071 over the IPv4 header. */
function hasRightChecksum(c: Cursor, offset: number): boolean {
  const header = (c.peek8(offset) & 0x0f) * 4;
  let sum = 0;
  for (let i = 0; i < header; i += 2) sum += c.peek16(offset + i);
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  return sum === 0xffff;
}
