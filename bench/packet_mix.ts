/**
 * A seeded mix of packets for benchmarks: the same bytes on every machine, no capture file needed.
 *
 * Shares follow what access networks show: TCP most, UDP a third, some IPv6, some VLANs, small and full-sized
 * packets most and little between, a few flows with most of the packets and many with few, and packets of one flow
 * in trains (R. Jain, S. Routhier, "Packet trains", 1986).
 */
import { RECORD_HEADER_BYTES } from "../model/batch.ts";

/** Batches as a capture worker hands them over: whole records, at most this many bytes. */
export const BATCH_BYTES = 1024 * 1024;

const START_SECONDS = 1_700_000_000;
/** Packets per second of packet time. */
const RATE = 500_000;

/** Chance that the next packet belongs to the conversation of the last: trains of four on average. */
const SAME_FLOW = 0.75;

/** xorshift32: small, seeded, good enough to mix packets. */
export function createRandom(seed: number): () => number {
  let x = seed | 0 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}

export interface MixOptions {
  packets: number;
  /** Conversations among which the packets are spread. */
  flows: number;
  seed: number;
}

/** Packets in batches of Ethernet records with microsecond stamps. */
export function createMix({ packets, flows, seed }: MixOptions): { bytes: Uint8Array; length: number }[] {
  const random = createRandom(seed);
  const frame = new Uint8Array(2048);
  const view = new DataView(frame.buffer);
  const batches: { bytes: Uint8Array; length: number }[] = [];
  let bytes = new Uint8Array(BATCH_BYTES);
  let length = 0;
  const sequence = new Uint32Array(2 * flows);
  let flow = 0;
  for (let n = 0; n < packets; n++) {
    // Squaring makes low-numbered flows busy and high-numbered ones rare.
    if (random() >= SAME_FLOW) flow = Math.floor(random() ** 2 * flows);
    const size = writeFrame(view, flow, random, sequence);
    if (length + RECORD_HEADER_BYTES + size > BATCH_BYTES) {
      batches.push({ bytes, length });
      bytes = new Uint8Array(BATCH_BYTES);
      length = 0;
    }
    const header = new DataView(bytes.buffer, length, RECORD_HEADER_BYTES);
    header.setUint32(0, START_SECONDS + Math.floor(n / RATE), true);
    header.setUint32(4, Math.floor(n % RATE * (1e6 / RATE)), true);
    header.setUint32(8, size, true);
    header.setUint32(12, size, true);
    bytes.set(frame.subarray(0, size), length + RECORD_HEADER_BYTES);
    length += RECORD_HEADER_BYTES + size;
  }
  batches.push({ bytes, length });
  return batches;
}

/** The batches as a pcap file of Ethernet packets with microseconds. */
export function writePcap(path: string, batches: { bytes: Uint8Array; length: number }[]): void {
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  const header = new DataView(new ArrayBuffer(24));
  header.setUint32(0, 0xa1b2c3d4, true);
  header.setUint16(4, 2, true);
  header.setUint16(6, 4, true);
  header.setUint32(16, 262_144, true);
  header.setUint32(20, 1, true);
  for (const chunk of [new Uint8Array(header.buffer), ...batches.map((b) => b.bytes.subarray(0, b.length))]) {
    for (let at = 0; at < chunk.length;) at += file.writeSync(chunk.subarray(at));
  }
}

/** One frame of conversation `flow` into `view`. @returns its bytes. */
function writeFrame(view: DataView, flow: number, random: () => number, sequence: Uint32Array): number {
  const reply = random() < 0.45;
  view.setUint32(0, 0x02000000);
  view.setUint32(4, 0x00010200);
  view.setUint32(8, 0x00000002);
  let at = 12;
  if (flow % 50 === 0) { // 2 % tagged
    view.setUint32(at, 0x81000000 | (100 + flow % 7));
    at += 4;
  }
  const ipv6 = flow % 20 === 1;
  view.setUint16(at, ipv6 ? 0x86dd : 0x0800);
  at += 2;
  const kind = flow % 10; // 6 TCP, 3 UDP, 1 of which some ICMP
  const protocol = kind < 6 ? 6 : kind < 9 || ipv6 ? 17 : 1;
  const roll = random();
  const payload = protocol === 17
    ? Math.floor(30 + random() * 250)
    : roll < 0.55
    ? 0
    : roll < 0.75
    ? Math.floor(random() * 600)
    : 1400;
  const transport = protocol === 6 ? 32 : 8;
  const client = 0x0a000000 + (flow >>> 4);
  const server = 0x5db80000 + Math.imul(flow, 2654435761) % 4096;
  if (ipv6) {
    view.setUint32(at, 0x60000000);
    view.setUint16(at + 4, transport + payload);
    view.setUint16(at + 6, protocol << 8 | 64);
    for (let end = 0; end < 2; end++) {
      const isClient = (end === 0) !== reply;
      view.setUint32(at + 8 + 16 * end, isClient ? 0xfd001234 : 0x2a000001);
      view.setUint32(at + 12 + 16 * end, 0);
      view.setUint32(at + 16 + 16 * end, 0);
      view.setUint32(at + 20 + 16 * end, isClient ? client : server);
    }
    at += 40;
  } else {
    view.setUint16(at, 0x4500);
    view.setUint16(at + 2, 20 + transport + payload);
    view.setUint32(at + 4, 0x00004000);
    view.setUint32(at + 8, 64 << 24 | protocol << 16);
    view.setUint32(at + 12, reply ? server : client);
    view.setUint32(at + 16, reply ? client : server);
    at += 20;
  }
  const clientPort = 1024 + (flow * 7919) % 60000;
  const serverPort = protocol === 6 ? 443 : flow % 3 === 0 ? 443 : 53;
  if (protocol === 1) {
    view.setUint32(at, reply ? 0 : 0x08000000);
    view.setUint32(at + 4, flow);
  } else {
    view.setUint16(at, reply ? serverPort : clientPort);
    view.setUint16(at + 2, reply ? clientPort : serverPort);
  }
  if (protocol === 17) view.setUint32(at + 4, (8 + payload) << 16);
  if (protocol === 6) {
    const index = 2 * flow + (reply ? 1 : 0);
    const opening = sequence[index] === 0;
    view.setUint32(at + 4, opening ? (sequence[index] = 1000 + flow) : sequence[index]);
    view.setUint32(at + 8, 1);
    view.setUint32(at + 12, 0x80000000 | (opening ? (reply ? 0x12 : 0x02) : 0x18) << 16 | 0xffff);
    view.setUint32(at + 20, 0x0101080a);
    sequence[index] += opening ? 1 : payload;
  }
  return at + transport + payload;
}
