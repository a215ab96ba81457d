/**
 * Names for the step that comes next while a packet is taken apart, and the ceilings of that walk.
 *
 * A parser reads its own header and answers with the layer that follows; `decoder.ts` walks on from there. So no
 * parser calls another, depth is a counter instead of a call stack, and each can be tested alone.
 */

/** What lies at the cursor. Codes are our own; protocol numbers are mapped on to them by the functions below. */
export const Layer = {
  done: 0,
  ethernet: 1,
  vlan: 2,
  ip: 3,
  ipv4: 4,
  ipv6: 5,
  tcp: 6,
  udp: 7,
  udpPayload: 8,
  icmp: 9,
  icmpv6: 10,
  sctp: 11,
  otherIp: 12,
  arp: 13,
  mpls: 14,
  pppoe: 15,
  ppp: 16,
  cHdlc: 17,
  linuxCooked: 18,
  linuxCooked2: 19,
  loopback: 20,
  ppi: 21,
  llc: 22,
  gre: 23,
  authentication: 24,
  etherIp: 25,
  ipInIp: 26,
  igmp: 27,
  ipv6Extensions: 28,
  rawIp: 29,
  wlan: 30,
  radiotap: 31,
  nflog: 32,
  pflog: 33,
  enc: 34,
  pktap: 35,
  macsec: 36,
} as const;

/**
 * Headers walked through in one packet at most. Real packets have under ten; the ceiling keeps hostile ones from
 * costing more than a microsecond or two.
 */
export const MAX_LAYERS = 40;

/** Tunnels inside of tunnels at most: a data centre's GENEVE over VXLAN over IPsec over GRE has four. */
export const MAX_TUNNEL_DEPTH = 6;

/** Ethertypes, IEEE 802 Numbers (IANA). */
export const Ethertype = {
  ipv4: 0x0800,
  arp: 0x0806,
  transparentEthernet: 0x6558,
  rarp: 0x8035,
  vlan: 0x8100,
  ipv6: 0x86dd,
  ppp: 0x880b,
  mpls: 0x8847,
  mplsMulticast: 0x8848,
  pppoeDiscovery: 0x8863,
  pppoeSession: 0x8864,
  qinq: 0x88a8,
  macsec: 0x88e5,
  qinqOld: 0x9100,
} as const;

/**
 * Ethertypes without IP inside that are understood well enough to be called known: nothing is lost by stopping.
 * From IEEE 802 Numbers: Wake-on-LAN, TRILL, slow protocols (LACP), EAPOL, PROFINET, HyperSCSI, AoE, EtherCAT,
 * HomePlug, LLDP, MRP, PBB-TE, PTP, CFM, FCoE, FIP, loopback test, Cisco CDP in HDLC, IPX, AppleTalk, AARP,
 * DEC MOP, WLCCP, Realtek remote control.
 */
function isControlEthertype(type: number): boolean {
  switch (type) {
    case 0x0842:
    case 0x2000:
    case 0x22f3:
    case 0x6001:
    case 0x6002:
    case 0x8035:
    case 0x809b:
    case 0x80f3:
    case 0x8137:
    case 0x8808:
    case 0x8809:
    case 0x8863:
    case 0x872d:
    case 0x888e:
    case 0x8892:
    case 0x8899:
    case 0x88a2:
    case 0x88a4:
    case 0x88cc:
    case 0x88e1:
    case 0x88e3:
    case 0x88f7:
    case 0x8902:
    case 0x8906:
    case 0x8914:
    case 0x8912:
    case 0x893a:
    case 0x9000:
      return true;
    default:
      return false;
  }
}

/**
 * The layer an ethertype announces.
 *
 * @returns `Layer.done` for known protocols without IP inside, -1 for an ethertype nobody here knows.
 */
export function layerOfEthertype(type: number): number {
  switch (type) {
    case Ethertype.ipv4:
      return Layer.ipv4;
    case Ethertype.ipv6:
      return Layer.ipv6;
    case Ethertype.vlan:
    case Ethertype.qinq:
    case Ethertype.qinqOld:
      return Layer.vlan;
    case Ethertype.arp:
    case Ethertype.rarp:
      return Layer.arp;
    case Ethertype.mpls:
    case Ethertype.mplsMulticast:
      return Layer.mpls;
    case Ethertype.pppoeSession:
      return Layer.pppoe;
    case Ethertype.macsec:
      return Layer.macsec;
    case Ethertype.ppp:
      return Layer.ppp;
    case Ethertype.transparentEthernet:
      return Layer.ethernet;
    default:
      return isControlEthertype(type) ? Layer.done : -1;
  }
}

/** The layer an IP protocol number announces, IANA "Protocol Numbers"; `Layer.otherIp` for those without ports. */
export function layerOfIpProtocol(protocol: number): number {
  switch (protocol) {
    case 6:
      return Layer.tcp;
    case 17:
      return Layer.udp;
    case 1:
      return Layer.icmp;
    case 58:
      return Layer.icmpv6;
    case 132:
      return Layer.sctp;
    case 2:
      return Layer.igmp;
    case 4:
    case 41:
      return Layer.ipInIp;
    case 47:
      return Layer.gre;
    case 51:
      return Layer.authentication;
    case 97:
      return Layer.etherIp;
    case 137:
      return Layer.mpls; // MPLS in IP, RFC 4023
    default:
      return Layer.otherIp;
  }
}

/**
 * The layer a capture's LINKTYPE_ begins with, https://www.tcpdump.org/linktypes.html.
 *
 * @returns -1 for link types that are not understood.
 */
export function layerOfLinkType(linkType: number): number {
  switch (linkType) {
    case 1: // ETHERNET
      return Layer.ethernet;
    case 113: // LINUX_SLL
      return Layer.linuxCooked;
    case 276: // LINUX_SLL2
      return Layer.linuxCooked2;
    case 12: // DLT_RAW where files kept the operating system's number
    case 14:
    case 101: // RAW
      return Layer.rawIp;
    case 228: // IPV4
    case 229: // IPV6
      return Layer.ip;
    case 0: // NULL
    case 108: // LOOP
      return Layer.loopback;
    case 9: // PPP
    case 50: // PPP_HDLC
      return Layer.ppp;
    case 51: // PPP_ETHER
      return Layer.pppoe;
    case 104: // C_HDLC
      return Layer.cHdlc;
    case 105: // IEEE802_11
      return Layer.wlan;
    case 127: // IEEE802_11_RADIOTAP
      return Layer.radiotap;
    case 192: // PPI
      return Layer.ppi;
    case 239: // NFLOG
      return Layer.nflog;
    case 117: // PFLOG
      return Layer.pflog;
    case 109: // ENC
      return Layer.enc;
    case 258: // PKTAP
      return Layer.pktap;
    default:
      return -1;
  }
}
