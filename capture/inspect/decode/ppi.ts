/**
 * Per-Packet Information (LINKTYPE_PPI): a little-endian header with fields, then a packet of another link type.
 * CACE Technologies, "PPI Packet Header format" 1.0.10.
 */
import { Layer, layerOfLinkType } from "./layer.ts";
import { type PacketView, Reason } from "./packet_view.ts";

const HEADER = 8;

/** Version, flags, length of the header with its fields, data link type. */
export function parsePpi(v: PacketView): number {
  const c = v.cursor;
  if (!c.has(HEADER)) return v.stop(Reason.truncated_link_header);
  c.skip(2);
  const length = c.u16le();
  const layer = layerOfLinkType(c.u32le());
  if (length < HEADER || !c.skip(length - HEADER)) return v.stop(Reason.truncated_link_header);
  // PPI within PPI does not exist; without this line it would be a loop of the sender's length.
  return layer < 0 || layer === Layer.ppi ? v.stop(Reason.unknown_link_type) : layer;
}
