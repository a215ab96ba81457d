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
  if (HEADER + c.peek16(2) > room) return -1;
  let at = HEADER;
  if ((flags & OPTIONAL) !== 0) {
    let next = (flags & 0x04) !== 0 ? c.peek8(at + 3) : 0;
    at += 4;
    for (let count = 0; next !== 0; count++) {
      const length = c.peek8(at) * 4;
      if (length === 0 || count === MAX_EXTENSIONS || !c.has(at + length)) return -1;
      next = c.peek8(at + length - 1);
      at += length;
    }
  }
  return looksLikeIp(c, at, room) ? at : -1;
}
