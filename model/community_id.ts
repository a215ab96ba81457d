/**
 * Community ID v1: one short text per five-tuple, the same in Zeek, Suricata, Wireshark and here.
 * https://github.com/corelight/community-id-spec
 *
 * Computed when a flow is reported, never per packet: it costs a SHA-1.
 */
import { sha1Words } from "./crypto/sha1.ts";
import { type FlowColumns, IpProtocol } from "./flow.ts";

const CODES = new TextEncoder().encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

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
  return textOf(sha1Words(hashed, 0, hasPorts(protocol) ? at + 6 : at + 2));
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

/**
 * `1:` and the twenty bytes of five words in base64, RFC 4648 §4: made in one piece, as a chain of pieces costs four times
 * as much to make and to write out.
 */
function textOf(words: Int32Array): string {
  const a = words[0], b = words[1], c = words[2], d = words[3], e = words[4];
  // deno-fmt-ignore
  return String.fromCharCode(
    0x31, 0x3a, // version
    CODES[a >>> 26], CODES[a >>> 20 & 63], CODES[a >>> 14 & 63], CODES[a >>> 8 & 63], CODES[a >>> 2 & 63],
    CODES[(a & 3) << 4 | b >>> 28],
    CODES[b >>> 22 & 63], CODES[b >>> 16 & 63], CODES[b >>> 10 & 63], CODES[b >>> 4 & 63],
    CODES[(b & 15) << 2 | c >>> 30],
    CODES[c >>> 24 & 63], CODES[c >>> 18 & 63], CODES[c >>> 12 & 63], CODES[c >>> 6 & 63], CODES[c & 63],
    CODES[d >>> 26], CODES[d >>> 20 & 63], CODES[d >>> 14 & 63], CODES[d >>> 8 & 63], CODES[d >>> 2 & 63],
    CODES[(d & 3) << 4 | e >>> 28],
    CODES[e >>> 22 & 63], CODES[e >>> 16 & 63], CODES[e >>> 10 & 63], CODES[e >>> 4 & 63],
    CODES[(e & 15) << 2],
    0x3d, // padding
  );
}
