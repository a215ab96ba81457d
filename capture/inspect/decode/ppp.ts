/**
 * Point-to-point links: PPP (RFC 1661), PPP in HDLC-like framing (RFC 1662), Cisco HDLC, PPPoE (RFC 2516).
 */
import { followEthertype } from "./ethernet.ts";
import { Layer } from "./layer.ts";
import { type PacketView, Reason } from "./packet_view.ts";

/** Address and control of RFC 1662 §3.1; both are left out where the peers agreed so. */
const HDLC_ALL_STATIONS = 0xff03;
/** First byte of Cisco HDLC frames: unicast, broadcast. Files mark them as PPP now and then. */
const CISCO_UNICAST = 0x0f;
const CISCO_BROADCAST = 0x8f;

/** [address, control,] protocol of one or two bytes (RFC 1661 §6.5), then the packet. */
export function parsePpp(v: PacketView): number {
  const c = v.cursor;
  if (!c.has(1)) return v.stop(Reason.truncated_link_header);
  const first = c.peek8();
  if ((first === CISCO_UNICAST || first === CISCO_BROADCAST) && c.peek8(1) === 0) return Layer.cHdlc;
  if (c.peek16() === HDLC_ALL_STATIONS) c.skip(2);
  if (!c.has(1)) return v.stop(Reason.truncated_link_header);
  // The lowest bit of the last byte is set: one byte where compressed.
  const protocol = (c.peek8() & 1) === 1 ? c.u8() : c.u16();
  if (c.failed) return v.stop(Reason.truncated_link_header);
  switch (protocol) {
    case 0x0021:
      return Layer.ipv4;
    case 0x0057:
      return Layer.ipv6;
    case 0x0281: // MPLS unicast, RFC 3032 §4.2
    case 0x0283:
      return Layer.mpls;
    default:
      // Control protocols (LCP, IPCP, PAP, CHAP, LQR …), and compressed or encrypted data that cannot be read.
      return protocol >= 0x4000 || protocol === 0x00fd || protocol === 0x00fb || protocol === 0x0053
        ? Layer.done
        : v.stop(Reason.unknown_ethertype);
  }
}

/** Address, control, ethertype. */
export function parseCiscoHdlc(v: PacketView): number {
  const c = v.cursor;
  if (!c.has(4)) return v.stop(Reason.truncated_link_header);
  c.skip(2);
  return followCisco(v, c.u16());
}

function followCisco(v: PacketView, type: number): number {
  // 0x8035 is SLARP here, not RARP; 0xfefe introduces OSI.
  return type === 0x8035 || type === 0xfefe ? Layer.done : followEthertype(v, type);
}

/** Version and type (0x11), code, session, length, then PPP. Discovery has a code and carries no packet. */
export function parsePppoe(v: PacketView): number {
  const c = v.cursor;
  if (!c.has(6)) return v.stop(Reason.truncated_link_header);
  const version = c.u8();
  const code = c.u8();
  c.skip(2);
  const length = c.u16();
  if (version !== 0x11) return v.stop(Reason.truncated_link_header);
  if (code !== 0) return Layer.done;
  if (length > 0) v.limit(length);
  return Layer.ppp;
}
