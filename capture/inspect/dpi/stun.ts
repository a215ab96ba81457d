/**
 * STUN, RFC 8489, and its first form, RFC 3489: how a machine behind NAT finds its address, and what calls begin with.
 *
 * Only recognised. What the flow carries besides (media) may be in clear text and is looked at for card numbers.
 */
import type { Cursor } from "../../../model/cursor.ts";
import { scanDatagram } from "./clear_text.ts";
import { type DatagramProtocol, Probe } from "./contract.ts";

const STUN_PORT = 3478;
const HEADER_BYTES = 20;
const COOKIE = 0x2112a442;
const MAX_ATTRIBUTES = 64;
/** Binding request, answer and error, RFC 3489 §11.1. */
const BINDING = [0x0001, 0x0101, 0x0111];
/** Highest attribute number of RFC 3489 and its drafts; above are those that may be ignored. */
const LAST_REQUIRED = 0x24;
const FIRST_OPTIONAL = 0x8000;

/** STUN over UDP. */
export const stunDatagrams: DatagramProtocol = {
  name: "stun",
  probe: (c, _direction, clientPort, serverPort) =>
    isStun(c, clientPort === STUN_PORT || serverPort === STUN_PORT) ? Probe.yes : Probe.no,
  create: (flow) => ({
    datagram: (direction, bytes, at, end) => scanDatagram(flow, direction, bytes, at, end),
    close() {},
  }),
};

/** RFC 8489 §5; without the cookie, attributes must fill the message, or there be none on STUN's port. */
function isStun(c: Cursor, onPort: boolean): boolean {
  const length = c.peek16(2);
  if (!c.has(HEADER_BYTES) || c.peek8() > 0x3f || (length & 3) !== 0) return false;
  if (c.peek32(4) === COOKIE) return c.has(HEADER_BYTES + length);
  if (!BINDING.includes(c.peek16()) || c.remaining !== HEADER_BYTES + length) return false;
  if (length === 0) return onPort;
  c.skip(HEADER_BYTES);
  for (let i = 0; c.remaining > 0 && i < MAX_ATTRIBUTES; i++) {
    const type = c.u16();
    if (type === 0 || type > LAST_REQUIRED && type < FIRST_OPTIONAL) return false;
    c.skip((c.u16() + 3) & ~3);
  }
  return !c.failed && c.remaining === 0;
}
