/**
 * BSD loopback (LINKTYPE_NULL, LINKTYPE_LOOP): four bytes of address family, then the packet.
 * https://www.tcpdump.org/linktypes.html
 *
 * NULL has the family in the byte order of the machine that captured, LOOP in network order; both are met in
 * either order, so the order is read from the value: families are small numbers.
 */
import { Layer } from "./layer.ts";
import { type PacketView, Reason } from "./packet_view.ts";

const HEADER = 4;

export function parseLoopback(v: PacketView): number {
  const c = v.cursor;
  if (!c.has(HEADER)) return v.stop(Reason.truncated_link_header);
  const high = c.u16();
  const low = c.u16();
  const family = high === 0 ? low : low === 0 ? (high & 0xff) << 8 | high >> 8 : 0;
  switch (family) {
    case 2: // AF_INET everywhere
    case 10: // AF_INET6: Linux
    case 23: // Windows
    case 24: // NetBSD, OpenBSD
    case 28: // FreeBSD
    case 30: // macOS
      return Layer.ip;
    default:
      return v.stop(Reason.unknown_ethertype);
  }
}
