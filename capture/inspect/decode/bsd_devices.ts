/**
 * Devices that BSD systems (OPNsense, pfSense, macOS) make up for those who watch: the packet filter's log
 * (LINKTYPE_PFLOG), what IPsec has opened (LINKTYPE_ENC), and all devices in one with the program's name
 * (LINKTYPE_PKTAP). A header, then the packet.
 * https://www.tcpdump.org/linktypes.html, net/if_pflog.h and net/if_enc.h of OpenBSD, bsd/net/pktap.h of XNU
 */
import { Layer, layerOfLinkType } from "./layer.ts";
import { type PacketView, Reason } from "./packet_view.ts";

/** Of the log's header, the first two bytes: its length without padding, the address family. */
const PFLOG_LEAST = 4;
const ENC_HEADER = 12;
/** Length of the header, its type, the packet's link type. */
const PKTAP_LEAST = 12;

/** Length, address family, action and so on, up to a multiple of four. */
export function parsePflog(v: PacketView): number {
  const c = v.cursor;
  const length = c.has(PFLOG_LEAST) ? c.peek8() + 3 & ~3 : 0;
  return length >= PFLOG_LEAST && c.skip(length) ? Layer.ip : v.stop(Reason.truncated_link_header);
}

/** Address family, security parameter index, flags. */
export function parseEnc(v: PacketView): number {
  return v.cursor.skip(ENC_HEADER) ? Layer.ip : v.stop(Reason.truncated_link_header);
}

/** Little-endian: all machines that write it are. */
export function parsePktap(v: PacketView): number {
  const c = v.cursor;
  if (!c.has(PKTAP_LEAST)) return v.stop(Reason.truncated_link_header);
  const length = c.u32le();
  c.skip(4);
  const layer = layerOfLinkType(c.u32le());
  if (length < PKTAP_LEAST || !c.skip(length - PKTAP_LEAST)) return v.stop(Reason.truncated_link_header);
  // One within the other does not exist.
  return layer < 0 || layer === Layer.pktap ? v.stop(Reason.unknown_link_type) : layer;
}
