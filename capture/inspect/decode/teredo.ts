/**
 * Teredo, RFC 4380: IPv6 through NATs, with optional authentication and origin indications in front.
 */
import type { Cursor } from "../../../model/cursor.ts";
import type { PacketView } from "./packet_view.ts";

export const TEREDO_PORT = 3544;
const IPV6_HEADER = 40;
const ORIGIN_BYTES = 8;
const NO_NEXT_HEADER = 59;

/** Bytes of authentication and origin indication in front of the IPv6 packet (RFC 4380 §5.1.1); -1 for no Teredo. */
export function sizeOfTeredo(v: PacketView, hinted: boolean): number {
  const c = v.cursor;
  let at = 0;
  if (c.peek16(at) === 0x0001) at += 13 + c.peek8(at + 2) + c.peek8(at + 3);
  if (c.peek16(at) === 0x0000) at += ORIGIN_BYTES;
  if (!c.has(at + IPV6_HEADER) || c.peek8(at) >> 4 !== 6) return -1;
  const length = IPV6_HEADER + c.peek16(at + 4);
  const room = v.wireRemaining - at;
  // A trailer may follow (RFC 6081 §4); a bubble is a bare header.
  if (length > room || (!hinted && length !== room)) return -1;
  const next = c.peek8(at + 6);
  if (length === IPV6_HEADER && next !== NO_NEXT_HEADER) return -1;
  return isTeredoAddress(c, at + 8) || isTeredoAddress(c, at + 24) ? at : hinted ? at : -1;
}

/** 2001:0::/32, RFC 4380 §2.6. */
function isTeredoAddress(c: Cursor, at: number): boolean {
  return c.peek32(at) === 0x2001_0000;
}
