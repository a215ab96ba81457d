/**
 * The transport headers: TCP (RFC 9293), UDP (RFC 768), SCTP (RFC 9260), and IP protocols without ports.
 *
 * Each answers whether a flow can be named. Ports alone are enough for that: of a header that is cut or wrong after
 * them the flow is counted, the rest is not believed.
 */
import { Layer } from "./layer.ts";
import { Kind, type PacketView, Reason } from "./packet_view.ts";

const PORTS = 4;
const MIN_TCP_HEADER = 20;
const UDP_HEADER = 8;
const SCTP_HEADER = 12;

/** Ports, both numbers, flags; options are stepped over. */
export function parseTcp(v: PacketView): boolean {
  const c = v.cursor;
  v.kind = Kind.tcp;
  v.layer = Layer.done;
  v.tcpFlags = 0;
  v.tcpWhole = false;
  if (!readPorts(v)) return false;
  if (!c.has(MIN_TCP_HEADER - PORTS)) {
    v.payloadBytes = 0;
    v.stop(Reason.truncated_transport_header);
    return true;
  }
  v.sequence = c.peekInt32(0);
  v.acknowledgement = c.peekInt32(4);
  const headerLength = (c.peek8(8) >> 4) * 4;
  v.tcpFlags = c.peek8(9);
  const room = v.wireRemaining + PORTS;
  if (headerLength < MIN_TCP_HEADER || headerLength > room) {
    v.tcpFlags = 0;
    v.payloadBytes = 0;
    v.cursor.at = v.cursor.end;
    v.stop(Reason.bad_transport_header);
    return true;
  }
  v.payloadBytes = room - headerLength;
  v.tcpWhole = true;
  if (c.has(headerLength - PORTS)) c.skip(headerLength - PORTS);
  else c.at = c.end; // options cut by the snap length: the fixed part still holds
  return true;
}

/** Ports and length. What follows may be a tunnel, which `udp_tunnel.ts` finds out. */
export function parseUdp(v: PacketView): boolean {
  const c = v.cursor;
  v.kind = Kind.udp;
  v.layer = Layer.done;
  if (!readPorts(v)) return false;
  v.payloadBytes = 0;
  if (!c.has(UDP_HEADER - PORTS)) {
    v.stop(Reason.truncated_transport_header);
    return true;
  }
  const length = c.peek16(0);
  c.skip(UDP_HEADER - PORTS);
  // 0: a jumbogram (RFC 2675 §4), or segmentation offload on the sending machine.
  if (length === 0) {
    v.payloadBytes = v.wireRemaining;
    v.layer = Layer.udpPayload;
    return true;
  }
  if (length < UDP_HEADER) {
    c.at = c.end;
    v.stop(Reason.bad_transport_header);
    return true;
  }
  v.limit(length - UDP_HEADER);
  v.payloadBytes = v.wireRemaining;
  v.layer = Layer.udpPayload;
  return true;
}

/** Ports; chunks are not followed. */
export function parseSctp(v: PacketView): boolean {
  const c = v.cursor;
  v.kind = Kind.sctp;
  v.layer = Layer.done;
  if (!readPorts(v)) return false;
  v.payloadBytes = 0;
  if (!c.skip(SCTP_HEADER - PORTS)) {
    v.stop(Reason.truncated_transport_header);
    return true;
  }
  v.payloadBytes = v.wireRemaining;
  return true;
}

/** A protocol without ports (ESP, IGMP, OSPF, VRRP …): a flow of its two addresses. */
export function parsePortless(v: PacketView, kind: number): boolean {
  v.kind = kind;
  v.layer = Layer.done;
  v.sourcePort = 0;
  v.destinationPort = 0;
  v.oneWay = false;
  v.payloadBytes = v.wireRemaining;
  return true;
}

function readPorts(v: PacketView): boolean {
  const c = v.cursor;
  if (!c.has(PORTS)) {
    v.stop(Reason.truncated_transport_header);
    return false;
  }
  v.sourcePort = c.u16();
  v.destinationPort = c.u16();
  v.oneWay = false;
  return true;
}
