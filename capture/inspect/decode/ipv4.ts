/**
 * IPv4, RFC 791: options are stepped over, fragments put together.
 *
 * Checksums are not verified: on the sending machine they are filled in by the network card, after the capture.
 */
import { BadFragment } from "../../../model/facts.ts";
import type { FragmentStore } from "./fragments.ts";
import { Layer, layerOfIpProtocol } from "./layer.ts";
import { Kind, type PacketView, Reason } from "./packet_view.ts";

const MIN_HEADER = 20;
const MORE_FRAGMENTS = 0x2000;
const FRAGMENT_OFFSET = 0x1fff;
const MAX_DATAGRAM = 65_535;

export function parseIpv4(v: PacketView, fragments: FragmentStore): number {
  const c = v.cursor;
  const outermost = v.ipHeaders++ === 0;
  v.kind = Kind.other_ip;
  const first = c.peek8();
  const headerLength = (first & 0x0f) * 4;
  if (!c.has(1)) return v.stop(Reason.truncated_ip_header);
  if (first >> 4 !== 4 || headerLength < MIN_HEADER) return v.stop(Reason.bad_ip_header);
  if (!c.has(4)) return v.stop(Reason.truncated_ip_header);
  const claimed = c.peek16(2);
  // 0 on the sending machine: segmentation offload, the packet is longer than the field can say.
  const totalLength = claimed === 0 ? v.wireRemaining : claimed;
  if (outermost) v.outerIpBytes = totalLength;
  else v.flowBytes = totalLength;
  if (!c.has(MIN_HEADER)) return v.stop(Reason.truncated_ip_header);
  if (totalLength < headerLength) return v.stop(Reason.bad_ip_header);
  v.limit(totalLength); // Ethernet pads short frames
  if (!c.has(headerLength)) return v.stop(Reason.truncated_ip_header);

  v.address[0] = inMemoryOrder(c.peekInt32(12));
  v.address[4] = inMemoryOrder(c.peekInt32(16));
  const protocol = c.peek8(9);
  const identification = c.peek16(4);
  const fragment = c.peek16(6);
  v.ipVersion = 4;
  v.protocol = protocol;
  c.skip(headerLength);
  if ((fragment & (MORE_FRAGMENTS | FRAGMENT_OFFSET)) === 0) return layerOfIpProtocol(protocol);

  const offset = (fragment & FRAGMENT_OFFSET) * 8;
  const length = totalLength - headerLength; // the file's own word for the length may be too short
  if (offset + length > MAX_DATAGRAM) {
    v.badFragment = BadFragment.tooLong;
    return v.stop(Reason.bad_ip_header);
  }
  if (c.remaining < length) {
    // Cut: the datagram can never be whole. The first fragment still names its flow.
    return offset === 0 ? layerOfIpProtocol(protocol) : v.stop(Reason.fragment_incomplete);
  }
  if (!fragments.add(v, identification, protocol, offset, (fragment & MORE_FRAGMENTS) !== 0)) {
    return Layer.done;
  }
  return layerOfIpProtocol(protocol);
}

/** The word that lies in memory as the four bytes did on the wire; Deno's machines are little-endian. */
function inMemoryOrder(word: number): number {
  return word << 24 | (word & 0xff00) << 8 | (word >>> 8 & 0xff00) | word >>> 24;
}
