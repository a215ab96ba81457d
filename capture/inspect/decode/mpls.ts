/**
 * MPLS label stacks (RFC 3032) and what lies under them, which no field names: the first nibble tells (RFC 4928).
 */
import { Layer } from "./layer.ts";
import { looksLikeIp } from "./ip_shape.ts";
import { type PacketView, Reason } from "./packet_view.ts";

/** Labels at most; networks stack two to five. */
const MAX_LABELS = 16;
const ENTRY = 4;
const BOTTOM_OF_STACK = 0x100;
const ETHERNET_HEADER = 14;

export function parseMpls(v: PacketView): number {
  const c = v.cursor;
  for (let labels = 0;; labels++) {
    if (labels === MAX_LABELS) return v.stop(Reason.tunnel_depth);
    if (!c.has(ENTRY)) return v.stop(Reason.truncated_link_header);
    if ((c.u32() & BOTTOM_OF_STACK) !== 0) break;
  }
  if (!c.has(1)) return v.stop(Reason.truncated_link_header);
  switch (c.peek8() >> 4) {
    case 4:
    case 6:
      // A station address of a pseudo-wire may begin with these nibbles as well: believe only a likely IP header.
      return looksLikeIp(c, 0, v.wireRemaining) || !c.has(ETHERNET_HEADER) ? Layer.ip : Layer.ethernet;
    case 0:
      // Control word of a pseudo-wire (RFC 4385 §3), then an Ethernet frame; a bare frame may begin with 0 too.
      if (hasEthernetAt(v, ENTRY)) c.skip(ENTRY);
      return Layer.ethernet;
    case 1:
      return Layer.done; // associated channel (RFC 4385 §5): the network's own signalling
    default:
      return hasEthernetAt(v, 0) ? Layer.ethernet : v.stop(Reason.unknown_ethertype);
  }
}

/** Whether the ethertype field of a frame `offset` bytes on holds something usual. */
function hasEthernetAt(v: PacketView, offset: number): boolean {
  const type = v.cursor.peek16(offset + 12);
  return type === 0x0800 || type === 0x86dd || type === 0x0806 || type === 0x8100 || type === 0x88a8 ||
    type === 0x8864 || (type > 2 && type <= 1500 && type <= v.wireRemaining - offset - ETHERNET_HEADER);
}
