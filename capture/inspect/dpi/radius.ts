/**
 * RADIUS, RFC 2865: who may log in. Only recognised, on any port: its length and its attributes fill the datagram.
 * Passwords in it are not in clear text; other attributes are, and are looked at for card numbers.
 */
import type { Cursor } from "../../../model/cursor.ts";
import { scanDatagram } from "./clear_text.ts";
import { type DatagramProtocol, Probe } from "./contract.ts";

const HEADER_BYTES = 20;
const MAX_BYTES = 4096;
/** RFC 2865 §3, RFC 2866, RFC 5176: requests, answers, accounting, status, disconnect, change of authorisation. */
const CODES = [1, 2, 3, 4, 5, 11, 12, 13, 40, 41, 42, 43, 44, 45];

/** RADIUS over UDP. */
export const radiusDatagrams: DatagramProtocol = {
  name: "radius",
  probe: (c) => isRadius(c) ? Probe.yes : Probe.no,
  create: (flow) => ({
    datagram: (direction, bytes, at, end) => scanDatagram(flow, direction, bytes, at, end),
    close() {},
  }),
};

/** RFC 2865 §3 and §5: code, number, length, authenticator, then attributes of at least two bytes. */
function isRadius(c: Cursor): boolean {
  const length = c.peek16(2);
  if (!CODES.includes(c.peek8()) || length !== c.remaining) return false;
  if (length <= HEADER_BYTES || length > MAX_BYTES) return false;
  c.skip(HEADER_BYTES);
  while (c.remaining > 0) {
    if (c.u8() === 0) return false;
    const size = c.u8();
    if (size < 2 || !c.skip(size - 2)) return false;
  }
  return true;
}
