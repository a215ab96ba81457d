/**
 * Ethernet II and IEEE 802.3 frames, 802.1Q and QinQ tags, LLC and SNAP.
 *
 * All of them end in a number that says what follows; `followEthertype` is shared by every header that has one.
 */
import { Layer, layerOfEthertype } from "./layer.ts";
import { type PacketView, Reason } from "./packet_view.ts";

const ETHERNET_HEADER = 14;
/** Below this the field is a length: IEEE 802.3 §3.2.6. */
const MIN_ETHERTYPE = 0x0600;
/** Tags walked through at most; two are kept for the flow key. */
const MAX_VLAN_TAGS = 8;
/** Marks a VLAN as present, so that id 0 (priority tag) differs from none: `FlowColumns.vlan`. */
const VLAN_PRESENT = 0x1000;

/** Destination, source, ethertype or length. */
export function parseEthernet(v: PacketView): number {
  const c = v.cursor;
  if (!c.has(ETHERNET_HEADER)) return v.stop(Reason.truncated_link_header);
  const type = c.peek16(12);
  c.skip(ETHERNET_HEADER);
  if (type < MIN_ETHERTYPE) {
    if (type > 0) v.limit(type); // what follows the 802.3 length is padding
    return Layer.llc;
  }
  return followEthertype(v, type);
}

/** IEEE 802.1Q §9.6: two bytes of tag control information, then the next ethertype. */
export function parseVlan(v: PacketView): number {
  const c = v.cursor;
  if (!c.has(4)) return v.stop(Reason.truncated_link_header);
  const id = (c.u16() & 0x0fff) | VLAN_PRESENT;
  const type = c.u16();
  if (v.vlanTags === 0) v.vlan = id;
  else if (v.vlanTags === 1) v.vlan |= id << 16;
  if (++v.vlanTags > MAX_VLAN_TAGS) return v.stop(Reason.tunnel_depth);
  if (type < MIN_ETHERTYPE) return Layer.llc;
  return followEthertype(v, type);
}

/** IEEE 802.2 LLC; with SNAP (RFC 1042) an ethertype follows, otherwise it is spanning tree and the like. */
export function parseLlc(v: PacketView): number {
  const c = v.cursor;
  if (!c.has(3)) return v.stop(Reason.truncated_link_header);
  const saps = c.peek16();
  if (saps === 0x0606 && c.peek8(2) === 0x03) { // RFC 948: IP straight over LLC
    c.skip(3);
    return Layer.ip;
  }
  if (saps !== 0xaaaa || c.peek8(2) !== 0x03) return Layer.done;
  if (!c.has(8)) return v.stop(Reason.truncated_link_header);
  const organisation = c.peek32(2) & 0x00ff_ffff;
  const type = c.peek16(6);
  c.skip(8);
  // 00-00-F8 is the bridge-tunnel encapsulation of IEEE 802.1H; other organisations number their own protocols.
  if (organisation !== 0 && organisation !== 0x0000f8) return Layer.done;
  return followEthertype(v, type);
}

/** The layer after an ethertype, or the end with its reason. */
export function followEthertype(v: PacketView, type: number): number {
  const layer = layerOfEthertype(type);
  return layer < 0 ? v.stop(Reason.unknown_ethertype) : layer;
}
