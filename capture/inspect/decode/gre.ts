/**
 * Generic Routing Encapsulation (RFC 2784, 2890), PPTP's version of it (RFC 2637), ERSPAN inside of it, and
 * Ethernet in IP (RFC 3378).
 */
import { Tunnel } from "../../../model/flow.ts";
import { followEthertype } from "./ethernet.ts";
import { Ethertype, Layer } from "./layer.ts";
import { MAX_TUNNEL_DEPTH } from "./layer.ts";
import { type PacketView, Reason } from "./packet_view.ts";

const CHECKSUM = 0x8000;
const ROUTING = 0x4000; // RFC 1701, withdrawn by RFC 2784
const KEY = 0x2000;
const SEQUENCE = 0x1000;
const ACKNOWLEDGMENT = 0x0080; // version 1 only
const VERSION = 0x0007;

/** Mirrored frames: draft-foschiano-erspan-03. Type I has no header of its own, II has 8 bytes, III 12 or 20. */
const ERSPAN_I_II = 0x88be;
const ERSPAN_III = 0x22eb;
const ERSPAN_II_HEADER = 8;
const ERSPAN_III_HEADER = 12;
const ERSPAN_PLATFORM_HEADER = 8;

/** Cisco's keep-alives carry protocol 0. */
const KEEP_ALIVE = 0;

export function parseGre(v: PacketView): number {
  const c = v.cursor;
  if (v.tunnelDepth >= MAX_TUNNEL_DEPTH) return v.stop(Reason.tunnel_depth);
  if (!c.has(4)) return v.stop(Reason.truncated_tunnel_header);
  const flags = c.u16();
  const type = c.u16();
  const version = flags & VERSION;
  if (version > 1 || (flags & ROUTING) !== 0) return v.stop(Reason.unknown_ethertype);
  let options = 0;
  if (version === 0 && (flags & CHECKSUM) !== 0) options += 4;
  if ((flags & KEY) !== 0) options += 4;
  if ((flags & SEQUENCE) !== 0) options += 4;
  if (version === 1 && (flags & ACKNOWLEDGMENT) !== 0) options += 4;
  const payload = version === 1 && (flags & KEY) !== 0 ? c.peek16(0) : -1;
  if (!c.skip(options)) return v.stop(Reason.truncated_tunnel_header);
  v.enterTunnel(Tunnel.gre, 0);
  if (version === 1) {
    // Without a sequence number it is a bare acknowledgment.
    if ((flags & SEQUENCE) === 0 || v.wireRemaining === 0) return Layer.done;
    if (payload > 0) v.limit(payload);
    return type === Ethertype.ppp ? Layer.ppp : v.stop(Reason.unknown_ethertype);
  }
  switch (type) {
    case ERSPAN_I_II:
      if ((flags & SEQUENCE) === 0) return Layer.ethernet;
      return c.skip(ERSPAN_II_HEADER) ? Layer.ethernet : v.stop(Reason.truncated_tunnel_header);
    case ERSPAN_III: {
      const header = ERSPAN_III_HEADER + ((c.peek8(11) & 1) === 1 ? ERSPAN_PLATFORM_HEADER : 0);
      return c.skip(header) ? Layer.ethernet : v.stop(Reason.truncated_tunnel_header);
    }
    case KEEP_ALIVE:
      return Layer.done;
    default:
      return followEthertype(v, type);
  }
}

/** Version 3 and reserved bits, then a frame. */
export function parseEtherIp(v: PacketView): number {
  if (v.tunnelDepth >= MAX_TUNNEL_DEPTH) return v.stop(Reason.tunnel_depth);
  const version = v.cursor.u16() >> 12;
  if (v.cursor.failed) return v.stop(Reason.truncated_tunnel_header);
  if (version !== 3) return v.stop(Reason.unknown_ethertype);
  v.enterTunnel(Tunnel.ipInIp, 0);
  return Layer.ethernet;
}

/** IPv4 or IPv6 straight inside of either (RFC 2003, 2473, 4213). */
export function parseIpInIp(v: PacketView): number {
  if (v.tunnelDepth >= MAX_TUNNEL_DEPTH) return v.stop(Reason.tunnel_depth);
  v.enterTunnel(Tunnel.ipInIp, 0);
  return Layer.ip;
}

/** Authentication header, RFC 4302: next header, length in four-byte units less two. */
export function parseAuthentication(v: PacketView): number {
  const c = v.cursor;
  if (!c.has(12)) return v.stop(Reason.truncated_ip_header);
  v.protocol = c.peek8();
  if (!c.skip((c.peek8(1) + 2) * 4)) return v.stop(Reason.truncated_ip_header);
  return Layer.ipv6Extensions; // it understands both an IPv4 payload and the rest of an IPv6 chain
}
