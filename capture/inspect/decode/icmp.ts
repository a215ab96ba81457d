/**
 * ICMP (RFC 792) and ICMPv6 (RFC 4443). What an error message quotes is not traffic, so nothing after the header
 * is followed.
 *
 * Type and code take the place of ports as Community ID maps them: a question and its answer make one flow; a
 * message without an answer is a flow of its own direction.
 */
import { icmpCounterpart } from "../../../model/community_id.ts";
import { Layer } from "./layer.ts";
import { Kind, type PacketView, Reason } from "./packet_view.ts";

/** Type, code, checksum, four bytes that depend on the type. */
const HEADER = 8;

export function parseIcmp(v: PacketView): boolean {
  v.kind = Kind.icmp;
  return parse(v, 4);
}

export function parseIcmpv6(v: PacketView): boolean {
  v.kind = Kind.icmpv6;
  return parse(v, 6);
}

function parse(v: PacketView, version: number): boolean {
  const c = v.cursor;
  v.layer = Layer.done;
  if (!c.has(2)) {
    v.stop(Reason.truncated_transport_header);
    return false;
  }
  const type = c.peek8();
  const counterpart = icmpCounterpart(type, version);
  v.sourcePort = type;
  v.destinationPort = counterpart < 0 ? c.peek8(1) : counterpart;
  v.oneWay = counterpart < 0;
  v.payloadBytes = 0; // `FlowColumns.payloadBytes` counts what lies above TCP, UDP and SCTP
  if (!c.has(HEADER)) v.stop(Reason.truncated_transport_header);
  return true;
}
