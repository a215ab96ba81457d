/**
 * GTP-U, 3GPP TS 29.281: the user traffic of mobile networks. Extension headers are stepped over.
 */
import { looksLikeIp } from "./ip_shape.ts";
import type { PacketView } from "./packet_view.ts";

export const GTP_U_PORT = 2152;
const HEADER = 8;
const G_PDU = 255;
/** Version 1, protocol type GTP. */
const VERSION = 0x30;
const VERSION_MASK = 0xf0;
/** Any of E, S, PN: four more bytes. */
const OPTIONAL = 0x07;
const MAX_EXTENSIONS = 8;

/** Bytes in front of the inner packet, -1 where it is none (GTP-U's own messages, GTP-C, something else). */
export function sizeOfGtpU(v: PacketView): number {
  const c = v.cursor;
  const flags = c.peek8();
  const room = v.wireRemaining;
  if ((flags & VERSION_MASK) !== VERSION || c.peek8(1) !== G_PDU) return -1;
  const length = HEADER + c.peek16(2);
  if (length > room) return -1;
  let at = HEADER;
  if ((flags & OPTIONAL) !== 0) {
    let next = (flags & 0x04) !== 0 ? c.peek8(at + 3) : 0;
    at += 4;
    for (let count = 0; next !== 0; count++) {
      const size = c.peek8(at) * 4;
      if (size === 0 || count === MAX_EXTENSIONS || !c.has(at + size)) return -1;
      next = c.peek8(at + size - 1);
      at += size;
    }
  }
  // A length that is right to the byte leaves no doubt: then a damaged packet inside is counted as such.
  const version = c.peek8(at) >> 4;
  if (length === room && (version === 4 || version === 6)) return at;
  return looksLikeIp(c, at, room) ? at : -1;
}
