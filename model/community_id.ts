/**
 * Community ID v1: one short text per five-tuple, the same in Zeek, Suricata, Wireshark and here.
 * https://github.com/corelight/community-id-spec
 *
 * Computed when a flow is reported, never per packet: it costs a SHA-1.
 */
import { sha1Words } from "./crypto/sha1.ts";
import { type FlowColumns, IpProtocol } from "./flow.ts";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** What a Community ID is made of. */
export interface FlowTuple {
  /** 4 or 16 bytes each, both the same length. */
  source: Uint8Array;
  destination: Uint8Array;
  protocol: number;
  /** ICMP: type and its counterpart or code, see `icmpCounterpart`. Not used for protocols without ports. */
  sourcePort: number;
  destinationPort: number;
}

/**
 * The ICMP type that answers `type`, as Zeek pairs them; -1 for messages that have no answer.
 *
 * @param version 4 for ICMP, 6 for ICMPv6.
 */
export function icmpCounterpart(type: number, version: number): number {
  if (version === 4) {
    switch (type) {
      case 0: // echo
        return 8;
      case 8:
        return 0;
      case 9: // router advertisement and solicitation
        return 10;
      case 10:
        return 9;
      case 13: // time stamp
        return 14;
      case 14:
        return 13;
      case 15: // information
        return 16;
      case 16:
        return 15;
      case 17: // address mask
        return 18;
      case 18:
        return 17;
      default:
        return -1;
    }
  }
  switch (type) {
    case 128: // echo
    case 130: // multicast listener query and report
      return type + 1;
    case 129:
    case 131:
      return type - 1;
    case 133: // router and neighbour solicitation
    case 135:
    case 139: // node information
    case 144: // home agent address discovery
      return type + 1;
    case 134:
    case 136:
    case 140:
    case 145:
      return type - 1;
    default:
      return -1;
  }
}

/** Seed, addresses, protocol, padding, ports: 40 bytes for IPv6, 16 for IPv4. */
const hashed = new Uint8Array(40);

/**
 * Community ID of a five-tuple; the same for both directions.
 *
 * @param seed 0 to 65,535, network-wide; 0 unless the other tools use another.
 */
export function communityIdOf(tuple: FlowTuple, seed = 0): string {
  hashed.set(tuple.source, 2);
  hashed.set(tuple.destination, 2 + tuple.source.length);
  return idOfHashed(tuple.source.length, tuple.protocol, tuple.sourcePort, tuple.destinationPort, seed);
}

/** Community ID of row `row` of `flows`; "" where there is no IP. */
export function communityId(flows: FlowColumns, row: number, seed = 0): string {
  const length = flows.ipVersion[row] === 4 ? 4 : flows.ipVersion[row] === 6 ? 16 : 0;
  if (length === 0) return "";
  const { address, port } = flows;
  for (let i = 0; i < length; i++) {
    hashed[2 + i] = address[32 * row + i];
    hashed[2 + length + i] = address[32 * row + 16 + i];
  }
  return idOfHashed(length, flows.protocol[row], port[2 * row], port[2 * row + 1], seed);
}

/** Puts what is still missing to the two addresses in `hashed`, the smaller end first, and hashes it. */
function idOfHashed(
  length: number,
  protocol: number,
  sourcePort: number,
  destinationPort: number,
  seed: number,
): string {
  const turn = !isOneWay(protocol, sourcePort) && comesAfter(length, protocol, sourcePort, destinationPort);
  if (turn) {
    for (let i = 2; i < 2 + length; i++) {
      const byte = hashed[i];
      hashed[i] = hashed[i + length];
      hashed[i + length] = byte;
    }
  }
  const first = turn ? destinationPort : sourcePort;
  const second = turn ? sourcePort : destinationPort;
  const at = 2 + 2 * length;
  hashed[0] = seed >> 8;
  hashed[1] = seed;
  hashed[at] = protocol;
  hashed[at + 1] = 0;
  hashed[at + 2] = first >> 8;
  hashed[at + 3] = first;
  hashed[at + 4] = second >> 8;
  hashed[at + 5] = second;
  return "1:" + base64Of(sha1Words(hashed, 0, hasPorts(protocol) ? at + 6 : at + 2));
}

function hasPorts(protocol: number): boolean {
  return protocol === IpProtocol.tcp || protocol === IpProtocol.udp || protocol === IpProtocol.sctp ||
    protocol === IpProtocol.icmp || protocol === IpProtocol.ipv6Icmp;
}

function isOneWay(protocol: number, type: number): boolean {
  if (protocol === IpProtocol.icmp) return icmpCounterpart(type, 4) < 0;
  return protocol === IpProtocol.ipv6Icmp && icmpCounterpart(type, 6) < 0;
}

function comesAfter(length: number, protocol: number, sourcePort: number, destinationPort: number): boolean {
  for (let i = 2; i < 2 + length; i++) {
    if (hashed[i] !== hashed[i + length]) return hashed[i] > hashed[i + length];
  }
  return hasPorts(protocol) && sourcePort > destinationPort;
}

/** Twelve bits as two letters of base64. */
const PAIRS = Array.from({ length: 4096 }, (_, bits) => LETTERS[bits >> 6] + LETTERS[bits & 63]);

/** The twenty bytes of five words, RFC 4648 §4: thirteen pairs of letters, and the last four bits. */
function base64Of(words: Int32Array): string {
  const a = words[0], b = words[1], c = words[2], d = words[3], e = words[4];
  return PAIRS[a >>> 20] + PAIRS[a >>> 8 & 0xfff] + PAIRS[(a & 0xff) << 4 | b >>> 28] +
    PAIRS[b >>> 16 & 0xfff] + PAIRS[b >>> 4 & 0xfff] + PAIRS[(b & 0xf) << 8 | c >>> 24] +
    PAIRS[c >>> 12 & 0xfff] + PAIRS[c & 0xfff] + PAIRS[d >>> 20] + PAIRS[d >>> 8 & 0xfff] +
    PAIRS[(d & 0xff) << 4 | e >>> 28] + PAIRS[e >>> 16 & 0xfff] + PAIRS[e >>> 4 & 0xfff] +
    LETTERS[(e & 0xf) << 2] + "=";
}
