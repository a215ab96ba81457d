/**
 * One TCP conversation as packets in every way a network may carry it: cut anywhere, out of order, sent twice,
 * overlapping, in fragments, in tunnels. Whatever the carriage, the bytes are the same, and so must be the verdict.
 */
import type { Turn } from "../capture/inspect/dpi/flow_recorder.ts";
import { concat, ethernet, hex, ipv4, ipv6, PROTOCOL, TCP, tcp, udp } from "./packets.ts";

export interface Carriage {
  /** Length of the next segment, at least 1. */
  cut: () => number;
  /** Index below a number: who decides about order, copies and overlaps; none of them without it. */
  random?: (below: number) => number;
  /** Segments of a turn in any order. */
  shuffled?: boolean;
  /** Some segments come again, now or turns later. */
  repeated?: boolean;
  /** Some segments begin before the last one's end. */
  overlapping?: boolean;
  ipVersion?: 4 | 6;
  /** VLAN ids, outermost first. */
  vlan?: number[];
  /** IPv4 only: packets come as fragments of this many bytes (a multiple of 8), the last one first. */
  fragmentBytes?: number;
  vxlan?: boolean;
  /** The capture began after the handshake. */
  midStream?: boolean;
  /** Just before 2^32 by default, so that sequence numbers wrap. */
  firstSequence?: number;
  clientPort?: number;
}

const ENDS = {
  4: ["192.0.2.10", "198.51.100.20"],
  6: ["2001:db8::10", "2001:db8::20"],
} as const;

const VXLAN_PORT = 4789;
/** Flags (VNI is valid), VNI 42. RFC 7348 §5. */
const VXLAN_HEADER = hex("0800 0000 00002a 00");

/** The frames of a conversation, from SYN to the last FIN. */
export function carry(turns: Turn[], serverPort: number, carriage: Carriage): Uint8Array<ArrayBuffer>[] {
  const { random = () => 0, ipVersion = 4, firstSequence = 0xffff_ff00, clientPort = 40_000 } = carriage;
  const next = [firstSequence, (firstSequence + 0x1234) >>> 0];
  const frames: Uint8Array<ArrayBuffer>[] = [];
  let ids = 1;

  const send = (direction: number, seq: number, flags: number, payload: Uint8Array = new Uint8Array()) => {
    const [src, dst] = direction === 0 ? ENDS[ipVersion] : ENDS[ipVersion].toReversed();
    const [srcPort, dstPort] = direction === 0 ? [clientPort, serverPort] : [serverPort, clientPort];
    const ack = (flags & TCP.ack) === 0 ? 0 : next[1 - direction];
    const segment = tcp({ src, dst, srcPort, dstPort, seq, ack, flags }, payload);
    frames.push(...packets(src, dst, segment).map(frame));
  };
  const packets = (src: string, dst: string, segment: Uint8Array) => {
    if (ipVersion === 6) return [ipv6({ src, dst }, segment)];
    const id = ids++ & 0xffff;
    const size = carriage.fragmentBytes ?? segment.length;
    if (segment.length <= size) return [ipv4({ src, dst, id }, segment)];
    const pieces = [];
    for (let offset = 0; offset < segment.length; offset += size) {
      const piece = segment.subarray(offset, offset + size);
      const more = offset + size < segment.length;
      pieces.unshift(ipv4({ src, dst, id, fragment: { offset, more } }, piece));
    }
    return pieces;
  };
  const frame = (packet: Uint8Array) => {
    const inner = ethernet({ vlan: carriage.vlan }, packet);
    if (!carriage.vxlan) return inner;
    const [src, dst] = ["203.0.113.1", "203.0.113.2"];
    const datagram = udp({ src, dst, srcPort: 50_000, dstPort: VXLAN_PORT }, concat(VXLAN_HEADER, inner));
    return ethernet({}, ipv4({ src, dst, protocol: PROTOCOL.udp }, datagram));
  };
  const ahead = (seq: number, bytes: number) => (seq + bytes) >>> 0;

  if (!carriage.midStream) {
    send(0, next[0], TCP.syn);
    next[0] = ahead(next[0], 1);
    send(1, next[1], TCP.syn | TCP.ack);
    next[1] = ahead(next[1], 1);
    send(0, next[0], TCP.ack);
  }
  const sent: [number, number, Uint8Array][] = [];
  for (const [direction, bytes] of turns) {
    const segments: [number, number, Uint8Array][] = [];
    for (let at = 0; at < bytes.length;) {
      const length = Math.max(1, Math.min(bytes.length - at, carriage.cut()));
      const back = carriage.overlapping && at > 0 ? random(Math.min(at, 40) + 1) : 0;
      segments.push([direction, ahead(next[direction], at - back), bytes.subarray(at - back, at + length)]);
      at += length;
    }
    if (carriage.shuffled) {
      // Without a handshake nothing says where the stream begins but its first segment.
      const from = carriage.midStream && !sent.some(([side]) => side === direction) ? 1 : 0;
      shuffle(segments, from, random);
    }
    for (const segment of segments) {
      send(segment[0], segment[1], TCP.ack | TCP.psh, segment[2]);
      sent.push(segment);
      if (carriage.repeated && random(3) === 0) {
        const [side, seq, again] = sent[random(sent.length)];
        send(side, seq, TCP.ack | TCP.psh, again);
      }
    }
    next[direction] = ahead(next[direction], bytes.length);
    send(1 - direction, next[1 - direction], TCP.ack);
  }
  for (const direction of [0, 1]) {
    send(direction, next[direction], TCP.fin | TCP.ack);
    next[direction] = ahead(next[direction], 1);
  }
  send(0, next[0], TCP.ack);
  return frames;
}

function shuffle<T>(list: T[], from: number, random: (below: number) => number): void {
  for (let i = list.length - 1; i > from; i--) {
    const other = from + random(i - from + 1);
    [list[i], list[other]] = [list[other], list[i]];
  }
}
