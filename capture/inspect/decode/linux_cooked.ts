/**
 * Linux "cooked" captures: what `any` and devices without a link header of their own give.
 * https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html and LINKTYPE_LINUX_SLL2.html
 */
import { followEthertype } from "./ethernet.ts";
import { Layer } from "./layer.ts";
import { type PacketView, Reason } from "./packet_view.ts";

const SLL_HEADER = 16;
const SLL2_HEADER = 20;
/** Protocol values below the ethertypes: 802.3 frame without LLC (Novell), 802.2 LLC. */
const PROTOCOL_LLC = 0x0004;
const MIN_ETHERTYPE = 0x0600;

/** Packet type, ARPHRD type, address length, address (8), protocol. */
export function parseLinuxCooked(v: PacketView): number {
  const c = v.cursor;
  if (!c.has(SLL_HEADER)) return v.stop(Reason.truncated_link_header);
  const protocol = c.peek16(14);
  c.skip(SLL_HEADER);
  return follow(v, protocol);
}

/** Protocol, reserved, interface index (4), ARPHRD type, packet type (1), address length (1), address (8). */
export function parseLinuxCooked2(v: PacketView): number {
  const c = v.cursor;
  if (!c.has(SLL2_HEADER)) return v.stop(Reason.truncated_link_header);
  const protocol = c.peek16(0);
  c.skip(SLL2_HEADER);
  return follow(v, protocol);
}

function follow(v: PacketView, protocol: number): number {
  if (protocol === PROTOCOL_LLC) return Layer.llc;
  if (protocol < MIN_ETHERTYPE) return Layer.done; // Novell 802.3, CAN, AX.25 …: known, without IP
  return followEthertype(v, protocol);
}
