/**
 * Sends a seeded mix of packets out of an interface as fast as one core can, by sendmmsg(2) on a packet socket.
 *
 * `deno run -A bench/packet_blaster.ts INTERFACE [--seconds N] [--pps N]`; Linux, root. Prints a line of JSON:
 * packets sent and the seconds it took. Only for interfaces of your own: the packets are addressed to nobody.
 */
import { parseArgs } from "node:util";
import { RECORD_HEADER_BYTES } from "../model/batch.ts";
import { createMix } from "./packet_mix.ts";

const { values, positionals: [device] } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: { seconds: { type: "string", default: "2" }, pps: { type: "string", default: "0" } },
});

const libc = Deno.dlopen("libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  if_nametoindex: { parameters: ["buffer"], result: "u32" },
  sendmmsg: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
}).symbols;
const AF_PACKET = 17, SOCK_RAW = 3, SOL_PACKET = 263, PACKET_QDISC_BYPASS = 20;
const SOCKADDR_LL_BYTES = 20, MMSGHDR_BYTES = 64, IOVEC_BYTES = 16;
/** Messages given to one call. */
const BURST = 64;

// One message per packet of the mix: struct mmsghdr with a struct iovec that points at the packet's bytes.
const batches = createMix({ packets: 65_536, flows: 5_000, seed: 1 });
const packets: { address: bigint; length: number }[] = [];
for (const { bytes, length } of batches) {
  const base = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes as Uint8Array<ArrayBuffer>)));
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < length;) {
    const caplen = view.getUint32(at + 8, true);
    packets.push({ address: base + BigInt(at + RECORD_HEADER_BYTES), length: caplen });
    at += RECORD_HEADER_BYTES + caplen;
  }
}
const vectors = new BigUint64Array(packets.length * IOVEC_BYTES / 8);
const messages = new BigUint64Array(packets.length * MMSGHDR_BYTES / 8);
const vectorsAt = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(vectors)));
const messagesAt = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(messages)));
packets.forEach(({ address, length }, n) => {
  vectors[2 * n] = address;
  vectors[2 * n + 1] = BigInt(length);
  messages[8 * n + 2] = vectorsAt + BigInt(n * IOVEC_BYTES); // msg_iov
  messages[8 * n + 3] = 1n; // msg_iovlen
});
const calls = Array.from(
  { length: Math.floor(packets.length / BURST) },
  (_, n) => Deno.UnsafePointer.create(messagesAt + BigInt(n * BURST * MMSGHDR_BYTES)),
);

const socket = libc.socket(AF_PACKET, SOCK_RAW, 0);
libc.setsockopt(socket, SOL_PACKET, PACKET_QDISC_BYPASS, new Int32Array([1]), 4);
const address = new DataView(new ArrayBuffer(SOCKADDR_LL_BYTES));
address.setUint16(0, AF_PACKET, true);
address.setUint32(4, libc.if_nametoindex(new TextEncoder().encode(`${device}\0`)), true);
if (libc.bind(socket, new Uint8Array(address.buffer), SOCKADDR_LL_BYTES) !== 0) {
  console.error(`Cannot send on "${device}": root is needed, and the interface must be up`);
  Deno.exit(1);
}

const pps = Number(values.pps);
let sent = 0;
const begin = performance.now();
const end = begin + Number(values.seconds) * 1000;
let now = begin;
for (let n = 0; now < end; now = performance.now()) {
  if (pps > 0 && sent + BURST > (now - begin) / 1000 * pps) continue;
  // A full queue sends fewer than asked for, or none: those are not counted, and not sent again.
  sent += Math.max(0, libc.sendmmsg(socket, calls[n], BURST, 0));
  n = (n + 1) % calls.length;
}
console.log(JSON.stringify({ sent, seconds: (now - begin) / 1000 }));
// The kernel was given bare addresses: without a use down here the arrays might be collected before.
for (const { buffer } of [vectors, messages, ...batches.map(({ bytes }) => bytes)]) buffer.slice(0, 1);
