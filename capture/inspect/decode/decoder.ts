/**
 * Walks through a packet's headers, one layer after the other, and stops at every transport header.
 *
 * A packet in a tunnel has several of them, and each belongs to a flow. So the walk is pulled: `next()` answers
 * true at a transport header, the caller counts the flow and looks at the payload, then asks on. No callbacks, no
 * recursion, nothing allocated.
 */
import { parseEnc, parsePflog, parsePktap } from "./bsd_devices.ts";
import { parseArp } from "./arp.ts";
import { parseEthernet, parseLlc, parseVlan } from "./ethernet.ts";
import { FragmentStore } from "./fragments.ts";
import { parseAuthentication, parseEtherIp, parseGre, parseIpInIp } from "./gre.ts";
import { parseIcmp, parseIcmpv6 } from "./icmp.ts";
import { parseIpv4 } from "./ipv4.ts";
import { parseIpv6, parseIpv6Extensions } from "./ipv6.ts";
import { Layer, MAX_LAYERS } from "./layer.ts";
import { parseLinuxCooked, parseLinuxCooked2 } from "./linux_cooked.ts";
import { parseLoopback } from "./loopback.ts";
import { parseMpls } from "./mpls.ts";
import { Kind, type PacketView, Reason } from "./packet_view.ts";
import { parseCiscoHdlc, parsePpp, parsePppoe } from "./ppp.ts";
import { parseMacsec } from "./macsec.ts";
import { parseNflog } from "./nflog.ts";
import { parsePpi } from "./ppi.ts";
import { parsePortless, parseSctp, parseTcp, parseUdp } from "./transport.ts";
import { followUdpPayload } from "./udp_tunnel.ts";
import { parseRadiotap, parseWlan } from "./wlan.ts";

export class Decoder {
  readonly fragments: FragmentStore;

  /** @param secret Random words, 24 at least, for the hash over fragments. */
  constructor(secret: Int32Array, fragmentBudgetBytes?: number) {
    this.fragments = new FragmentStore(secret, fragmentBudgetBytes);
  }

  /**
   * Goes on from where the view stands.
   *
   * @returns True at a transport header: the view's flow key, counts and payload are valid until the next call.
   *   False at the end of the packet: `kind`, `undecoded` and the outermost IP length are final.
   */
  next(v: PacketView): boolean {
    for (;;) {
      if (++v.layers > MAX_LAYERS) {
        v.layer = v.stop(Reason.tunnel_depth);
        return false;
      }
      switch (v.layer) {
        case Layer.done:
          return false;
        case Layer.ethernet:
          v.layer = parseEthernet(v);
          break;
        case Layer.ipv4:
          v.layer = parseIpv4(v, this.fragments);
          break;
        case Layer.tcp:
          if (parseTcp(v)) return true;
          break;
        case Layer.udp:
          if (parseUdp(v)) return true;
          break;
        case Layer.udpPayload:
          v.layer = followUdpPayload(v);
          break;
        case Layer.ipv6:
          v.layer = parseIpv6(v);
          break;
        case Layer.ipv6Extensions:
          v.layer = parseIpv6Extensions(v, this.fragments);
          break;
        case Layer.vlan:
          v.layer = parseVlan(v);
          break;
        case Layer.icmp:
          if (parseIcmp(v)) return true;
          break;
        case Layer.icmpv6:
          if (parseIcmpv6(v)) return true;
          break;
        default:
          if (this.#rare(v)) return true;
      }
    }
  }

  /** Everything else, so that the loop above stays small enough to be optimised as one piece. */
  #rare(v: PacketView): boolean {
    switch (v.layer) {
      case Layer.ip:
        v.layer = layerOfNibble(v, true);
        return false;
      case Layer.rawIp:
        v.layer = layerOfNibble(v, false);
        return false;
      case Layer.sctp:
        return parseSctp(v);
      case Layer.igmp:
        return parsePortless(v, Kind.igmp);
      case Layer.otherIp:
        return parsePortless(v, Kind.other_ip);
      case Layer.arp:
        v.layer = parseArp(v);
        return false;
      case Layer.llc:
        v.layer = parseLlc(v);
        return false;
      case Layer.mpls:
        v.layer = parseMpls(v);
        return false;
      case Layer.pppoe:
        v.layer = parsePppoe(v);
        return false;
      case Layer.ppp:
        v.layer = parsePpp(v);
        return false;
      case Layer.cHdlc:
        v.layer = parseCiscoHdlc(v);
        return false;
      case Layer.linuxCooked:
        v.layer = parseLinuxCooked(v);
        return false;
      case Layer.linuxCooked2:
        v.layer = parseLinuxCooked2(v);
        return false;
      case Layer.loopback:
        v.layer = parseLoopback(v);
        return false;
      case Layer.ppi:
        v.layer = parsePpi(v);
        return false;
      case Layer.macsec:
        v.layer = parseMacsec(v);
        return false;
      case Layer.nflog:
        v.layer = parseNflog(v);
        return false;
      case Layer.pflog:
        v.layer = parsePflog(v);
        return false;
      case Layer.enc:
        v.layer = parseEnc(v);
        return false;
      case Layer.pktap:
        v.layer = parsePktap(v);
        return false;
      case Layer.wlan:
        v.layer = parseWlan(v);
        return false;
      case Layer.radiotap:
        v.layer = parseRadiotap(v);
        return false;
      case Layer.gre:
        v.layer = parseGre(v);
        return false;
      case Layer.authentication:
        v.layer = parseAuthentication(v);
        return false;
      case Layer.etherIp:
        v.layer = parseEtherIp(v);
        return false;
      case Layer.ipInIp:
        v.layer = parseIpInIp(v);
        return false;
      default:
        v.layer = Layer.done;
        return false;
    }
  }
}

/**
 * IPv4 or IPv6 by the version nibble, where nothing else tells which.
 *
 * @param announced Whether a header said that an IP packet follows: then it counts as one, however damaged.
 */
function layerOfNibble(v: PacketView, announced: boolean): number {
  const version = v.cursor.peek8() >> 4;
  if (version === 4) return Layer.ipv4;
  if (version === 6) return Layer.ipv6;
  if (announced) v.ipHeaders++;
  return v.stop(v.cursor.has(1) ? Reason.bad_ip_header : Reason.truncated_ip_header);
}
