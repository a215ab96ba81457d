/**
 * Finds out whether a UDP payload is a tunnel, and steps into it: VXLAN (RFC 7348), GENEVE (RFC 8926), GTP-U
 * (3GPP TS 29.281), Teredo (RFC 4380).
 *
 * A port is only a hint: on the well-known port the header must make sense and an inner header must look likely;
 * on any other port VXLAN and Teredo are believed when every byte that can be checked is right. What fails is
 * ordinary UDP, not an error.
 */
import { Tunnel } from "../../../model/flow.ts";
import type { Cursor } from "../../../model/cursor.ts";
import { isExactlyIp, looksLikeIp } from "./ip_shape.ts";
import { Layer, layerOfEthertype, MAX_TUNNEL_DEPTH } from "./layer.ts";
import { type PacketView, Reason } from "./packet_view.ts";

const VXLAN_PORT = 4789;
const VXLAN_OLD_PORT = 8472; // Linux before the number was assigned
const GENEVE_PORT = 6081;
const GTP_U_PORT = 2152;
const TEREDO_PORT = 3544;

const ETHERNET_HEADER = 14;
const VXLAN_HEADER = 8;
/** Only the I flag, RFC 7348 §5. */
const VXLAN_FLAGS = 0x0800_0000;
const GENEVE_HEADER = 8;
const GENEVE_OPTION_HEADER = 4;
const MAX_GENEVE_OPTIONS = 64; // 252 bytes of four at least
const GTP_U_HEADER = 8;
const GTP_U_G_PDU = 255;
/** Version 1, protocol type GTP. */
const GTP_U_VERSION = 0x30;
const GTP_U_VERSION_MASK = 0xf0;
const GTP_U_OPTIONAL = 0x07;
const MAX_GTP_U_EXTENSIONS = 8;
const IPV6_HEADER = 40;
const TEREDO_ORIGIN_BYTES = 8;
const NO_NEXT_HEADER = 59;

/** The layer inside, or `Layer.done` where the payload is no tunnel. */
export function followUdpPayload(v: PacketView): number {
  const c = v.cursor;
  // Cheap first: most datagrams are decided by their ports and first byte.
  if (c.end - c.at < GTP_U_HEADER) return Layer.done;
  const source = v.sourcePort;
  const destination = v.destinationPort;
  if (destination === GTP_U_PORT || source === GTP_U_PORT) {
    return enter(v, Tunnel.gtpU, sizeOfGtpU(v), Layer.ip, 0);
  }
  if (destination === GENEVE_PORT || source === GENEVE_PORT) return parseGeneve(v);
  const first = c.peek8();
  if (first === 0x08) {
    const hinted = destination === VXLAN_PORT || destination === VXLAN_OLD_PORT || source === VXLAN_PORT;
    if (isVxlan(v, !hinted)) {
      return enter(v, Tunnel.vxlan, VXLAN_HEADER, Layer.ethernet, c.peek32(4) >>> 8);
    }
    return Layer.done;
  }
  if (first === 0 || first >> 4 === 6) {
    const hinted = destination === TEREDO_PORT || source === TEREDO_PORT;
    const header = sizeOfTeredo(v, hinted);
    if (header >= 0) return enter(v, Tunnel.teredo, header, Layer.ip, 0);
  }
  return Layer.done;
}

function enter(v: PacketView, tunnel: number, header: number, layer: number, id: number): number {
  if (header < 0) return Layer.done;
  if (v.tunnelDepth >= MAX_TUNNEL_DEPTH) return v.stop(Reason.tunnel_depth);
  v.cursor.skip(header);
  v.enterTunnel(tunnel, id);
  return layer;
}

function isVxlan(v: PacketView, strict: boolean): boolean {
  const c = v.cursor;
  if (c.peek32(0) !== VXLAN_FLAGS || c.peek8(7) !== 0 || !c.has(VXLAN_HEADER + ETHERNET_HEADER)) return false;
  return hasFrameAt(v, VXLAN_HEADER, strict);
}

/** Whether an Ethernet frame with a known ethertype, and a likely packet in it, begins `offset` bytes on. */
function hasFrameAt(v: PacketView, offset: number, strict: boolean): boolean {
  const c = v.cursor;
  let at = offset + 12;
  let type = c.peek16(at);
  at += 2;
  for (let tags = 0; tags < 2 && layerOfEthertype(type) === Layer.vlan; tags++) {
    type = c.peek16(at + 2);
    at += 4;
  }
  if (type === 0x0800 || type === 0x86dd) {
    return strict ? isExactlyIp(c, at, v.wireRemaining) : looksLikeIp(c, at, v.wireRemaining);
  }
  if (strict) return false;
  return type < 0x0600 ? type <= v.wireRemaining - at : layerOfEthertype(type) >= 0;
}

/** Version 0, options as long as they say, a payload that looks likely. */
function parseGeneve(v: PacketView): number {
  const c = v.cursor;
  const first = c.peek8();
  const options = (first & 0x3f) * 4;
  const header = GENEVE_HEADER + options;
  if (first >> 6 !== 0 || (c.peek8(1) & 0x3f) !== 0 || c.peek8(7) !== 0 || !c.has(header)) return Layer.done;
  if (!hasWholeOptions(c, header)) return Layer.done;
  const type = c.peek16(2);
  const id = c.peek32(4) >>> 8;
  const room = v.wireRemaining;
  if (type === 0x6558) {
    if (!c.has(header + ETHERNET_HEADER) || !hasFrameAt(v, header, false)) return Layer.done;
    return enter(v, Tunnel.geneve, header, Layer.ethernet, id);
  }
  if (type !== 0x0800 && type !== 0x86dd) return Layer.done;
  return looksLikeIp(c, header, room) ? enter(v, Tunnel.geneve, header, Layer.ip, id) : Layer.done;
}

/** Class (2), type, length in four-byte units: together they fill the header exactly, RFC 8926 §3.5. */
function hasWholeOptions(c: Cursor, header: number): boolean {
  let at = GENEVE_HEADER;
  for (let count = 0; at < header && count < MAX_GENEVE_OPTIONS; count++) {
    at += GENEVE_OPTION_HEADER + (c.peek8(at + 3) & 0x1f) * 4;
  }
  return at === header;
}

/** Bytes in front of the inner packet, -1 where it is none (GTP-U's own messages, GTP-C, something else). */
function sizeOfGtpU(v: PacketView): number {
  const c = v.cursor;
  const flags = c.peek8();
  const room = v.wireRemaining;
  if ((flags & GTP_U_VERSION_MASK) !== GTP_U_VERSION || c.peek8(1) !== GTP_U_G_PDU) return -1;
  if (GTP_U_HEADER + c.peek16(2) > room) return -1;
  let at = GTP_U_HEADER;
  if ((flags & GTP_U_OPTIONAL) !== 0) {
    let next = (flags & 0x04) !== 0 ? c.peek8(at + 3) : 0;
    at += 4;
    for (let count = 0; next !== 0; count++) {
      const length = c.peek8(at) * 4;
      if (length === 0 || count === MAX_GTP_U_EXTENSIONS || !c.has(at + length)) return -1;
      next = c.peek8(at + length - 1);
      at += length;
    }
  }
  return looksLikeIp(c, at, room) ? at : -1;
}

/** Bytes of authentication and origin indication in front of the IPv6 packet (RFC 4380 §5.1.1); -1 for no Teredo. */
function sizeOfTeredo(v: PacketView, hinted: boolean): number {
  const c = v.cursor;
  let at = 0;
  if (c.peek16(at) === 0x0001) at += 13 + c.peek8(at + 2) + c.peek8(at + 3);
  if (c.peek16(at) === 0x0000) at += TEREDO_ORIGIN_BYTES;
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
