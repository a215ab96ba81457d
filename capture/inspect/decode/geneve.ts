/**
 * GENEVE, RFC 8926: version, options, protocol type, network identifier, then a frame or an IP packet.
 */
import type { Cursor } from "../../../model/cursor.ts";
import { looksLikeFrame, looksLikeIp } from "./ip_shape.ts";
import { Ethertype } from "./layer.ts";
import type { PacketView } from "./packet_view.ts";

export const GENEVE_PORT = 6081;
const HEADER = 8;
const OPTION_HEADER = 4;
/** 252 bytes of options, four each at least. */
const MAX_OPTIONS = 63;

/** Bytes in front of what it carries; -1 when the UDP payload is not GENEVE. */
export function sizeOfGeneve(v: PacketView): number {
  const c = v.cursor;
  const first = c.peek8();
  const size = HEADER + (first & 0x3f) * 4;
  if (first >> 6 !== 0 || (c.peek8(1) & 0x3f) !== 0 || c.peek8(7) !== 0 || !c.has(size)) return -1;
  if (!hasWholeOptions(c, size)) return -1;
  const room = v.wireRemaining;
  const type = c.peek16(2);
  if (type === Ethertype.transparentEthernet) return looksLikeFrame(c, size, room, false) ? size : -1;
  const isIp = type === Ethertype.ipv4 || type === Ethertype.ipv6;
  return isIp && looksLikeIp(c, size, room) ? size : -1;
}

/** Whether an Ethernet frame follows rather than an IP packet. */
export function carriesFrame(v: PacketView): boolean {
  return v.cursor.peek16(2) === Ethertype.transparentEthernet;
}

/** The 24-bit network identifier. */
export function geneveNetwork(v: PacketView): number {
  return v.cursor.peek32(4) >>> 8;
}

/** Class (2), type, length in four-byte units: together they fill the header exactly, RFC 8926 §3.5. */
function hasWholeOptions(c: Cursor, header: number): boolean {
  let at = HEADER;
  for (let count = 0; at < header && count < MAX_OPTIONS; count++) {
    at += OPTION_HEADER + (c.peek8(at + 3) & 0x1f) * 4;
  }
  return at === header;
}
