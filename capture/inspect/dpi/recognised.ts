/**
 * Protocols over UDP that are recognised by their bytes and no more: nothing in them is ours to read.
 *
 * What such a flow carries besides (media after STUN) may be in clear text and is looked at for card numbers.
 */
import type { Cursor } from "../../../model/cursor.ts";
import { scanDatagram } from "./clear_text.ts";
import { type DatagramProtocol, Probe } from "./contract.ts";

/** The protocols of this file, the surest signs first. */
export const RECOGNISED_DATAGRAMS: readonly DatagramProtocol[] = [
  recognised("stun", isStun),
  recognised("krb5", isKerberos),
  recognised("ike", isIke),
  recognised("wireguard", isWireguard),
  recognised("radius", isRadius),
];

function recognised(
  name: string,
  isIt: (c: Cursor, clientPort: number, serverPort: number) => boolean,
): DatagramProtocol {
  return {
    name,
    probe: (c, _direction, clientPort, serverPort) => isIt(c, clientPort, serverPort) ? Probe.yes : Probe.no,
    create: (flow) => ({
      datagram: (direction, bytes, at, end) => scanDatagram(flow, direction, bytes, at, end),
      close() {},
    }),
  };
}

const STUN_HEADER_BYTES = 20;
const STUN_COOKIE = 0x2112a442;
const STUN_PORT = 3478;
const MAX_ATTRIBUTES = 64;

/** RFC 8489 §5; without the cookie as well (RFC 3489 §11.1), where the attributes fill the message. */
function isStun(c: Cursor, clientPort: number, serverPort: number): boolean {
  const length = c.peek16(2);
  if (!c.has(STUN_HEADER_BYTES) || c.peek8() > 0x3f || (length & 3) !== 0) return false;
  if (c.peek32(4) === STUN_COOKIE) return c.has(STUN_HEADER_BYTES + length);
  const method = c.peek16();
  if (method !== 0x0001 && method !== 0x0101 && method !== 0x0111) return false;
  if (c.remaining !== STUN_HEADER_BYTES + length) return false;
  if (length === 0) return serverPort === STUN_PORT || clientPort === STUN_PORT;
  c.skip(STUN_HEADER_BYTES);
  for (let i = 0; c.remaining > 0 && i < MAX_ATTRIBUTES; i++) {
    const type = c.u16();
    if (type === 0 || type > 0x24 && type < 0x8000) return false;
    c.skip((c.u16() + 3) & ~3);
  }
  return !c.failed && c.remaining === 0;
}

/** Application tags of Kerberos messages, RFC 4120 §5.10: AS and TGS requests and answers, AP, errors. */
const KERBEROS_TAGS = [0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x7e];

/** RFC 4120 §5.4.1: a tag, a sequence, and version 5 as its first member. */
function isKerberos(c: Cursor): boolean {
  if (!KERBEROS_TAGS.includes(c.u8())) return false;
  if (!skipLength(c) || c.u8() !== 0x30 || !skipLength(c)) return false;
  // [0] or [1] INTEGER 5, explicit tags
  const tag = c.u8();
  return (tag === 0xa0 || tag === 0xa1) && c.u24() === 0x030201 && c.u8() === 5;
}

/** X.690 §8.1.3: steps over a length of at most four bytes. */
function skipLength(c: Cursor): boolean {
  const length = c.u8();
  return length < 0x80 || length > 0x80 && length <= 0x84 && c.skip(length & 0x7f);
}

const IKE_HEADER_BYTES = 28;
/** Behind UDP port 4500, RFC 3948 §2.2: four zero bytes before IKE. */
const NAT_MARKER_BYTES = 4;

/** RFC 7296 §3.1 and RFC 2408 §3.1: version 1.0 or 2.0, exchange types there are, and its own length. */
function isIke(c: Cursor): boolean {
  if (c.peek32() === 0) c.skip(NAT_MARKER_BYTES);
  if (!c.has(IKE_HEADER_BYTES) || c.peek32() === 0 && c.peek32(4) === 0) return false;
  const version = c.peek8(17);
  const exchange = c.peek8(18);
  if (c.peek32(24) !== c.remaining) return false;
  return version === 0x20 && exchange >= 34 && exchange <= 44 ||
    version === 0x10 && (exchange >= 1 && exchange <= 6 || exchange === 32 || exchange === 33);
}

/** https://www.wireguard.com/protocol/: handshakes have a type, three zero bytes, and fixed lengths. */
function isWireguard(c: Cursor): boolean {
  const type = c.peek32();
  return type === 0x01000000 && c.remaining === 148 || type === 0x02000000 && c.remaining === 92;
}

const RADIUS_HEADER_BYTES = 20;
const MAX_RADIUS_BYTES = 4096;
/** RFC 2865 §3, RFC 2866, RFC 5176: requests, answers, accounting, status, disconnect, change of authorisation. */
const RADIUS_CODES = [1, 2, 3, 4, 5, 11, 12, 13, 40, 41, 42, 43, 44, 45];

/** RFC 2865 §3 and §5: its own length, filled with attributes of at least two bytes. */
function isRadius(c: Cursor): boolean {
  const length = c.peek16(2);
  if (!RADIUS_CODES.includes(c.peek8()) || length !== c.remaining) return false;
  if (length <= RADIUS_HEADER_BYTES || length > MAX_RADIUS_BYTES) return false;
  c.skip(RADIUS_HEADER_BYTES);
  while (c.remaining > 0) {
    if (c.u8() === 0) return false;
    const size = c.u8();
    if (size < 2 || !c.skip(size - 2)) return false;
  }
  return true;
}
