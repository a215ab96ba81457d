/**
 * L2TP version 2, RFC 2661: PPP over UDP. Only messages that carry an IP packet in clear are stepped into.
 */
import { looksLikeIp } from "./ip_shape.ts";
import type { PacketView } from "./packet_view.ts";

export const L2TP_PORT = 1701;

// First word, §3.1.
const CONTROL = 0x8000;
const LENGTH = 0x4000;
const SEQUENCE = 0x0800;
const OFFSET = 0x0200;
const VERSION_AND_RESERVED = 0x34ff;
const VERSION = 2;

const HDLC_ALL_STATIONS = 0xff03; // RFC 1662 §3.1
const PPP_IPV4 = 0x0021;
const PPP_IPV6 = 0x0057;

/** Bytes in front of the IP packet; -1 when the UDP payload carries none. */
export function sizeOfL2tp(v: PacketView): number {
  const c = v.cursor;
  const flags = c.peek16();
  if ((flags & (CONTROL | VERSION_AND_RESERVED)) !== VERSION) return -1;
  let at = 2;
  let room = v.wireRemaining;
  if ((flags & LENGTH) !== 0) {
    const length = c.peek16(at);
    if (length > room) return -1;
    room = length;
    at += 2;
  }
  at += 4; // tunnel and session
  if ((flags & SEQUENCE) !== 0) at += 4;
  if ((flags & OFFSET) !== 0) at += 2 + c.peek16(at);
  if (c.peek16(at) === HDLC_ALL_STATIONS) at += 2;
  const protocol = c.peek16(at);
  if (protocol !== PPP_IPV4 && protocol !== PPP_IPV6) return -1;
  at += 2;
  return looksLikeIp(c, at, room) ? at : -1;
}
