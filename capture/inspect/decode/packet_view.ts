/**
 * What is known of the packet being taken apart: one object, used again for every packet.
 *
 * Parsers write here what their header said; the flow table and the inspector read it. Nothing in it outlives the
 * packet: `cursor.bytes` may be a slot of shared memory that is handed back right after.
 */
import { Cursor } from "../../../model/cursor.ts";
import { TRAFFIC_KINDS, UNDECODED_REASONS } from "../../../model/inspection.ts";
import type { TrafficKind, UndecodedReason } from "../../../model/inspection.ts";
import { Layer, layerOfLinkType } from "./layer.ts";

/** Index of each traffic kind in `TRAFFIC_KINDS`. */
export const Kind = indexOf(TRAFFIC_KINDS) as Record<TrafficKind, number>;

/** Index of each reason in `UNDECODED_REASONS`. */
export const Reason = indexOf(UNDECODED_REASONS) as Record<UndecodedReason, number>;

/** Lengths on the wire above this are lies of the file; they are counted, but do not enter index arithmetic. */
const MAX_PLAUSIBLE_WIRE_LENGTH = 0x0fff_ffff;

const NOTHING = new Uint8Array(0);

/** The packet under the knife. Numbers are valid for the header read last unless said otherwise. */
export class PacketView {
  /** At the next byte not yet understood, bounded to what was captured of the current layer. */
  readonly cursor: Cursor = new Cursor(NOTHING);
  /** Index in `cursor.bytes` where the current layer ends as sent; `cursor.end` is lower where capture cut it. */
  wireEnd = 0;
  /** As `wireEnd`, but as the IPv6 header claims, even beyond what the record says was sent. */
  claimedEnd = 0;
  /** One of `Layer`: what lies at the cursor. */
  layer: number = Layer.done;
  /** Headers walked through. */
  layers = 0;

  // ---- whole packet
  /** Time of the packet, microseconds since 1970 as its record says; [1] the same by the inspector's clock. */
  readonly timeUs: Float64Array = new Float64Array(2);
  /** Bytes on the wire. */
  wireLength = 0;
  interfaceIndex = 0;
  /** One of `Kind`: the innermost header understood. */
  kind: number = Kind.other;
  /** One of `Reason`, or -1: why (part of) the packet was not understood; the first reason stays. */
  undecoded = -1;
  /** One of `BadFragment` of `model/facts.ts`; 0 for none. */
  badFragment = 0;
  /** IP headers seen. */
  ipHeaders = 0;
  /** Total length of the outermost IP packet as its header says; 0 without IP. */
  outerIpBytes = 0;
  /** Whether this packet completed a datagram from fragments. */
  reassembled = false;

  // ---- part of the flow key
  /** 0 to 3 source, 4 to 7 destination: address bytes in order, as the words of memory they make. */
  readonly address: Int32Array = new Int32Array(8);
  /** The same memory by bytes: source from 0, destination from 16; IPv4 uses the first four of each. */
  readonly addressBytes: Uint8Array = new Uint8Array(this.address.buffer);
  ipVersion = 0;
  protocol = 0;
  sourcePort = 0;
  destinationPort = 0;
  /** ICMP without an answer: the opposite direction is another flow. */
  oneWay = false;
  /** As `FlowColumns.vlan`; of the frame around the current IP header. */
  vlan = 0;
  vlanTags = 0;
  /** One of `Tunnel`: the innermost one around the current header, and its network (VNI), 0 without. */
  tunnel = 0;
  tunnelId = 0;
  tunnelDepth = 0;

  // ---- what the flow counts
  /** Packets and bytes that this header stands for: more than one after reassembly. */
  flowPackets = 1;
  flowBytes = 0;
  /** Bytes above the transport header as sent, whatever was captured of them (`cursor` holds those). */
  payloadBytes = 0;
  tcpFlags = 0;
  /** Sequence number as a signed 32-bit integer, so that differences wrap. */
  sequence = 0;
  /** Acknowledgement number, likewise; meaningful with the ACK flag. */
  acknowledgement = 0;
  /** Whether the TCP header was whole, so that flags and sequence number can be believed. */
  tcpWhole = false;

  /**
   * Starts on a packet of `caplen` bytes at `at`; `timeUs` is set by the caller.
   *
   * @param wireLength Bytes on the wire; below `caplen` it is a lie and `caplen` holds.
   */
  begin(bytes: Uint8Array, at: number, caplen: number, wireLength: number, linkType: number): void {
    this.cursor.reset(bytes, at, at + caplen);
    const length = wireLength < caplen ? caplen : wireLength;
    this.wireEnd = at + (length < MAX_PLAUSIBLE_WIRE_LENGTH ? length : MAX_PLAUSIBLE_WIRE_LENGTH);
    this.layers = 0;
    this.wireLength = wireLength;
    this.kind = Kind.other;
    this.undecoded = -1;
    this.badFragment = 0;
    this.ipHeaders = 0;
    this.outerIpBytes = 0;
    this.reassembled = false;
    this.ipVersion = 0;
    this.vlan = 0;
    this.vlanTags = 0;
    this.tunnel = 0;
    this.tunnelId = 0;
    this.tunnelDepth = 0;
    this.flowPackets = 1;
    this.flowBytes = wireLength;
    const first = layerOfLinkType(linkType);
    this.layer = first < 0 ? this.stop(Reason.unknown_link_type) : first;
  }

  /** Ends the walk for one of `Reason`. What was understood before stays. */
  stop(reason: number): number {
    if (this.undecoded < 0) this.undecoded = reason;
    return Layer.done;
  }

  /** Draws both ends in to `length` bytes from the cursor. */
  limit(length: number): void {
    const end = this.cursor.at + length;
    if (end < this.wireEnd) {
      this.wireEnd = end;
      if (end < this.cursor.end) this.cursor.end = end;
    }
  }

  /** Bytes from the cursor to the end of the layer as sent. */
  get wireRemaining(): number {
    return this.wireEnd - this.cursor.at;
  }

  /** Forgets addresses' tags before an inner frame is read: its VLANs are its own. */
  enterTunnel(tunnel: number, id: number): void {
    this.tunnel = tunnel;
    this.tunnelId = id;
    this.tunnelDepth++;
    this.vlan = 0;
    this.vlanTags = 0;
  }
}

function indexOf(names: readonly string[]): Record<string, number> {
  const index: Record<string, number> = {};
  names.forEach((name, i) => index[name] = i);
  return index;
}
