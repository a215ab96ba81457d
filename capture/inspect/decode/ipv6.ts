/**
 * IPv6 (RFC 8200) with its extension headers; fragments are put together.
 */
import { BadFragment } from "../../../model/facts.ts";
import type { FragmentStore } from "./fragments.ts";
import { Layer, layerOfIpProtocol } from "./layer.ts";
import { Kind, type PacketView, Reason } from "./packet_view.ts";

const HEADER = 40;
/** Extension headers at most. RFC 8200 §4.1 knows seven places for one. */
const MAX_EXTENSION_HEADERS = 16;
const MAX_DATAGRAM = 65_535;

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const NO_NEXT_HEADER = 59;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135; // RFC 6275
const HIP = 139; // RFC 7401
const SHIM6 = 140; // RFC 5533

export function parseIpv6(v: PacketView): number {
  const c = v.cursor;
  const version = c.peek8() >> 4;
  // Not even the first nibble is right: no IP packet, whatever announced it.
  if (c.has(1) && version !== 6) return v.stop(Reason.bad_ip_header);
  const outermost = v.ipHeaders++ === 0;
  v.kind = Kind.other_ip;
  if (!c.has(6)) return v.stop(Reason.truncated_ip_header);
  const payloadLength = c.peek16(4);
  if (outermost) v.outerIpBytes = HEADER + payloadLength;
  if (!c.has(HEADER)) return v.stop(Reason.truncated_ip_header);
  // 0: a jumbogram (RFC 2675), or segmentation offload on the sending machine.
  if (payloadLength > 0) v.limit(HEADER + payloadLength);
  v.claimedEnd = payloadLength > 0 ? c.at + HEADER + payloadLength : v.wireEnd;
  if (!outermost) v.flowBytes = payloadLength > 0 ? HEADER + payloadLength : v.wireRemaining;

  const bytes = v.addressBytes;
  for (let i = 0; i < 32; i++) bytes[i] = c.peek8(8 + i);
  v.ipVersion = 6;
  v.protocol = c.peek8(6);
  c.skip(HEADER);
  return Layer.ipv6Extensions;
}

/** Walks the chain that begins with `v.protocol`; also goes on inside of a datagram put together from fragments. */
export function parseIpv6Extensions(v: PacketView, fragments: FragmentStore): number {
  const c = v.cursor;
  for (let headers = 0; headers < MAX_EXTENSION_HEADERS; headers++) {
    switch (v.protocol) {
      case HOP_BY_HOP:
      case ROUTING:
      case DESTINATION_OPTIONS:
      case MOBILITY:
      case HIP:
      case SHIM6: {
        const next = c.peek8();
        const length = (c.peek8(1) + 1) * 8;
        if (!c.skip(length)) return v.stop(Reason.truncated_ip_header);
        // HIP and shim6 control packets end the chain with "no next header".
        v.protocol = next;
        break;
      }
      case FRAGMENT: {
        if (!c.has(8)) return v.stop(Reason.truncated_ip_header);
        const next = c.u8();
        c.skip(1);
        const field = c.u16();
        const identification = c.u32() | 0;
        v.protocol = next;
        const offset = field & 0xfff8;
        const more = (field & 1) !== 0;
        if (offset === 0 && !more) break; // atomic fragment, RFC 6946
        const length = v.claimedEnd - c.at;
        if (offset + length > MAX_DATAGRAM) {
          v.badFragment = BadFragment.tooLong;
          return v.stop(Reason.bad_ip_header);
        }
        if (c.remaining < length) {
          if (offset === 0) break; // cut by the snap length: see IPv4
          return v.stop(Reason.fragment_incomplete);
        }
        if (!fragments.add(v, identification, next, offset, more)) return Layer.done;
        v.claimedEnd = v.wireEnd;
        break;
      }
      case NO_NEXT_HEADER:
        return Layer.otherIp;
      default:
        return layerOfIpProtocol(v.protocol);
    }
  }
  return v.stop(Reason.bad_ip_header);
}
