/**
 * Packets made by hand, with right lengths and checksums, for tests that need bytes and no network.
 *
 * Each function takes the layer above as its payload, so a packet reads from the outside in:
 * `ethernet({}, ipv4({ src, dst }, tcp({ src, dst, dstPort: 80 }, text("GET / HTTP/1.1\r\n\r\n"))))`.
 */
import { parseAddress } from "../../model/address.ts";

/** Bytes of hexadecimal text; blanks are for the reader. */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(text.replace(/\s+/g, "").match(/../g)?.map((pair) => parseInt(pair, 16)) ?? []);
}

/** UTF-8 bytes. */
export function text(content: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(content);
}

export function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Internet checksum of `bytes`, RFC 1071. */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i++) sum += i % 2 === 0 ? bytes[i] << 8 : bytes[i];
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

const ETHERTYPE = { ipv4: 0x0800, ipv6: 0x86dd, vlan: 0x8100, qinq: 0x88a8 };

/** IP protocol numbers. */
export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;

/** TCP flags, RFC 9293 §3.1. */
export const TCP = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 } as const;

/**
 * Ethernet II.
 *
 * @param frame `type` is told from the payload's IP version where it is not given; `vlan` outermost first.
 */
export function ethernet(
  frame: { src?: string; dst?: string; type?: number; vlan?: number[] },
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const mac = (text: string) => hex(text.replaceAll(":", ""));
  const tags = (frame.vlan ?? []).map((id, i, all) =>
    concat(u16(i === 0 && all.length > 1 ? ETHERTYPE.qinq : ETHERTYPE.vlan), u16(id))
  );
  const type = frame.type ?? (payload[0] >> 4 === 6 ? ETHERTYPE.ipv6 : ETHERTYPE.ipv4);
  return concat(
    mac(frame.dst ?? "02:00:00:00:00:02"),
    mac(frame.src ?? "02:00:00:00:00:01"),
    ...tags,
    u16(type),
    payload,
  );
}

/** IPv4 without options. `fragment`: offset in bytes (a multiple of 8) and whether more follow. */
export function ipv4(
  packet: {
    src: string;
    dst: string;
    protocol?: number;
    ttl?: number;
    id?: number;
    fragment?: { offset: number; more: boolean };
  },
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const fragment = packet.fragment
    ? packet.fragment.offset / 8 | (packet.fragment.more ? 0x2000 : 0)
    : 0x4000; // don't fragment
  const header = concat(
    hex("4500"),
    u16(20 + payload.length),
    u16(packet.id ?? 1),
    u16(fragment),
    new Uint8Array([packet.ttl ?? 64, packet.protocol ?? PROTOCOL.tcp, 0, 0]),
    address(packet.src, 4),
    address(packet.dst, 4),
  );
  header.set(u16(checksum(header)), 10);
  return concat(header, payload);
}

/** IPv6 without extension headers (put them in front of the payload, and name the first as `next`). */
export function ipv6(
  packet: { src: string; dst: string; next?: number; hopLimit?: number },
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return concat(
    hex("60000000"),
    u16(payload.length),
    new Uint8Array([packet.next ?? PROTOCOL.tcp, packet.hopLimit ?? 64]),
    address(packet.src, 16),
    address(packet.dst, 16),
    payload,
  );
}

/** TCP; `src` and `dst` are the IP addresses, for the checksum. `options`: whole words of four bytes. */
export function tcp(
  segment: {
    src: string;
    dst: string;
    srcPort?: number;
    dstPort?: number;
    seq?: number;
    ack?: number;
    flags?: number;
    window?: number;
    options?: Uint8Array;
  },
  payload: Uint8Array = new Uint8Array(),
): Uint8Array<ArrayBuffer> {
  const options = segment.options ?? new Uint8Array();
  const whole = concat(
    u16(segment.srcPort ?? 40_000),
    u16(segment.dstPort ?? 80),
    u32(segment.seq ?? 1),
    u32(segment.ack ?? 0),
    new Uint8Array([(5 + options.length / 4) << 4, segment.flags ?? TCP.ack]),
    u16(segment.window ?? 65_535),
    u16(0),
    u16(0),
    options,
    payload,
  );
  whole.set(u16(transportChecksum(segment.src, segment.dst, PROTOCOL.tcp, whole)), 16);
  return whole;
}

/** UDP; `src` and `dst` are the IP addresses, for the checksum. */
export function udp(
  datagram: { src: string; dst: string; srcPort?: number; dstPort?: number },
  payload: Uint8Array = new Uint8Array(),
): Uint8Array<ArrayBuffer> {
  const whole = concat(
    u16(datagram.srcPort ?? 40_000),
    u16(datagram.dstPort ?? 53),
    u16(8 + payload.length),
    u16(0),
    payload,
  );
  // RFC 768: a checksum of zero is sent as all ones, since zero means there is none.
  whole.set(u16(transportChecksum(datagram.src, datagram.dst, PROTOCOL.udp, whole) || 0xffff), 6);
  return whole;
}

/** Over the pseudo header of RFC 9293 §3.1 or RFC 8200 §8.1. */
function transportChecksum(src: string, dst: string, protocol: number, bytes: Uint8Array): number {
  return checksum(
    concat(address(src), address(dst), u32(bytes.length), new Uint8Array([0, protocol]), bytes),
  );
}

function address(text: string, length?: 4 | 16): Uint8Array {
  const bytes = parseAddress(text);
  if (bytes === null || (length ?? bytes.length) !== bytes.length) {
    throw new Error(`"${text}" is no address of the right kind`);
  }
  return bytes;
}

function u16(value: number): Uint8Array {
  return new Uint8Array([value >> 8, value]);
}

function u32(value: number): Uint8Array {
  return new Uint8Array([value >>> 24, value >>> 16, value >>> 8, value]);
}
