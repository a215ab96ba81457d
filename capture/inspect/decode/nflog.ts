/**
 * What Linux's firewall hands to listeners (LINKTYPE_NFLOG): a header, then attributes of which one is the packet.
 * https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html
 */
import { Layer } from "./layer.ts";
import { type PacketView, Reason } from "./packet_view.ts";

/** Family, version, resource number. */
const HEADER = 4;
/** Length (these four bytes included) and type, in the byte order of the machine that captured. */
const ATTRIBUTE = 4;
const PAYLOAD = 9; // NFULA_PAYLOAD
/** Of an attribute's type; the other bits say that attributes are nested in it, or its byte order. */
const TYPE = 0x3fff;
const [AF_INET, AF_INET6] = [2, 10]; // Linux's
/** The kernel writes a dozen. */
const MAX_ATTRIBUTES = 32;

/** The header, and attributes up to the packet. */
export function parseNflog(v: PacketView): number {
  const c = v.cursor;
  if (!c.has(HEADER)) return v.stop(Reason.truncated_link_header);
  const family = c.u8();
  c.skip(HEADER - 1);
  if (family !== AF_INET && family !== AF_INET6) return v.stop(Reason.unknown_ethertype);
  for (let i = 0; i < MAX_ATTRIBUTES; i++) {
    if (!c.has(ATTRIBUTE)) return v.stop(Reason.truncated_link_header);
    const isLittle = (c.peek8(3) & TYPE >> 8) === 0; // types are below 256
    const length = isLittle ? c.u16le() : c.u16();
    const type = (isLittle ? c.u16le() : c.u16()) & TYPE;
    if (length < ATTRIBUTE) return v.stop(Reason.truncated_link_header);
    if (type === PAYLOAD) {
      c.limit(length - ATTRIBUTE);
      return Layer.ip;
    }
    if (!c.skip((length + 3 & ~3) - ATTRIBUTE)) return v.stop(Reason.truncated_link_header);
  }
  return v.stop(Reason.truncated_link_header);
}
