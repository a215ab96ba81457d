/**
 * Community ID v1: one short text per five-tuple, the same in Zeek, Suricata, Wireshark and here.
 * https://github.com/corelight/community-id-spec
 *
 * Computed when a flow is reported, never per packet: it costs a SHA-1.
 */
import { createHash } from "node:crypto";
import { type FlowColumns, IpProtocol } from "./flow.ts";

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

/**
 * Community ID of a five-tuple; the same for both directions.
 *
 * @param seed 0 to 65,535, network-wide; 0 unless the other tools use another.
 */
export function communityIdOf(tuple: FlowTuple, seed = 0): string {
  const { source, destination, protocol } = tuple;
  const length = source.length;
  const swap = !isOneWay(tuple) && comesAfter(tuple);
  const bytes = new Uint8Array(2 + 2 * length + 2 + 4);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, seed);
  bytes.set(swap ? destination : source, 2);
  bytes.set(swap ? source : destination, 2 + length);
  bytes[2 + 2 * length] = protocol; // then a byte of padding
  const ports = 2 + 2 * length + 2;
  view.setUint16(ports, swap ? tuple.destinationPort : tuple.sourcePort);
  view.setUint16(ports + 2, swap ? tuple.sourcePort : tuple.destinationPort);
  const used = hasPorts(protocol) ? bytes.length : ports;
  return "1:" + createHash("sha1").update(bytes.subarray(0, used)).digest("base64");
}

/** Community ID of row `row` of `flows`; "" where there is no IP. */
export function communityId(flows: FlowColumns, row: number, seed = 0): string {
  const length = flows.ipVersion[row] === 4 ? 4 : flows.ipVersion[row] === 6 ? 16 : 0;
  if (length === 0) return "";
  const at = 32 * row;
  return communityIdOf({
    source: flows.address.subarray(at, at + length),
    destination: flows.address.subarray(at + 16, at + 16 + length),
    protocol: flows.protocol[row],
    sourcePort: flows.port[2 * row],
    destinationPort: flows.port[2 * row + 1],
  }, seed);
}

function hasPorts(protocol: number): boolean {
  return protocol === IpProtocol.tcp || protocol === IpProtocol.udp || protocol === IpProtocol.sctp ||
    protocol === IpProtocol.icmp || protocol === IpProtocol.ipv6Icmp;
}

function isOneWay(tuple: FlowTuple): boolean {
  if (tuple.protocol === IpProtocol.icmp) return icmpCounterpart(tuple.sourcePort, 4) < 0;
  return tuple.protocol === IpProtocol.ipv6Icmp && icmpCounterpart(tuple.sourcePort, 6) < 0;
}

function comesAfter(tuple: FlowTuple): boolean {
  const { source, destination } = tuple;
  for (let i = 0; i < source.length; i++) {
    if (source[i] !== destination[i]) return source[i] > destination[i];
  }
  return hasPorts(tuple.protocol) && tuple.sourcePort > tuple.destinationPort;
}
