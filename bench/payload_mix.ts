/**
 * A seeded mix of conversations with contents: the same bytes on every machine, no capture file needed.
 *
 * DNS, TLS, HTTP and QUIC as they are sent, datagrams of no known protocol, and openings nobody answers; some forty
 * conversations at a time, their packets mixed. About eleven packets a flow and 300 bytes a packet, as in a collection
 * of short samples: an access network has more and larger packets to a flow, and so less to understand per packet.
 *
 * Who talks to whom is one of three: as in samples (each flow has a client of its own), in an office, or among
 * strangers, where nobody is met twice.
 */
import { type PacketBatch, RECORD_HEADER_BYTES } from "../model/batch.ts";
import { message, question, record } from "../tests/capture/inspect/dpi/dns/dns_bytes.ts";
import { CHROMIUM } from "../tests/capture/inspect/dpi/quic/chromium.ts";
import { tls12, tls13 } from "../tests/capture/inspect/dpi/tls/handshakes.ts";
import { ethernet, ipv4, PROTOCOL, TCP, tcp, text, udp } from "../tests/support/packets.ts";
import { BATCH_BYTES, createRandom } from "./packet_mix.ts";

const START_SECONDS = 1_700_000_000;
/** Conversations going on at the same time. */
const AT_ONCE = 40;
/** A name server, and servers of everything else. */
const RESOLVER = "192.0.2.53";
const SERVER_NET = "198.51.100.";

/** Who talks to whom, and how fast. */
export type Network = "samples" | "office" | "strangers";

/** An office has so many clients, which talk to so many servers, each with a name; a few servers are everybody's. */
const OFFICE_CLIENTS = 250;
const OFFICE_SERVERS = 2_000;

/** Microseconds of packet time from one packet to the next: an office has 2,000 packets a second. */
const STEP_US: Record<Network, number> = { samples: 20, office: 500, strangers: 20 };

/** Server names in the recorded handshakes. */
const HELLO_NAMES = ["shop.Example", "shop.example"].map((name) => text(name));

/** What a flow is, and of a hundred flows how many are. */
const SHARES: [(ends: Ends) => Uint8Array[], number][] = [
  [dnsFlow, 35],
  [tlsFlow, 28],
  [httpFlow, 12],
  [quicFlow, 5],
  [unknownFlow, 10],
  [unansweredFlow, 10],
];

interface Ends {
  client: string;
  server: string;
  /** Of the server: tells it by DNS, TLS and HTTP. "" in samples: names by number. */
  name: string;
  port: number;
  random: () => number;
  /** Number of the flow: makes names differ. */
  number: number;
}

/** Batches of Ethernet records with microsecond stamps. */
export function createPayloadMix(flows: number, seed: number, network: Network = "samples"): PacketBatch[] {
  const random = createRandom(seed);
  const writer = new BatchWriter(STEP_US[network]);
  const open: { frames: Uint8Array[]; next: number }[] = [];
  for (let number = 0; number < flows || open.length > 0;) {
    while (open.length < AT_ONCE && number < flows) {
      open.push({ frames: createFlow(endsOf(network, number++, random)), next: 0 });
    }
    const index = Math.floor(random() * open.length);
    const flow = open[index];
    writer.add(flow.frames[flow.next++]);
    if (flow.next === flow.frames.length) open.splice(index, 1);
  }
  return writer.batches();
}

function endsOf(network: Network, number: number, random: () => number): Ends {
  const port = 1024 + number % 60_000;
  if (network === "office") {
    const host = Math.floor(random() * OFFICE_CLIENTS);
    const rank = Math.floor(OFFICE_SERVERS * random() ** 3);
    const server = `203.0.${rank >> 7}.${1 + (rank & 127)}`;
    return { client: `10.0.0.${1 + host}`, server, name: nameOf(rank), port, random, number };
  }
  const client = `10.${number >> 14 & 63}.${number >> 7 & 127}.${1 + (number & 127)}`;
  if (network === "strangers") {
    const server = `203.${number >> 14 & 63}.${number >> 7 & 127}.${1 + (number & 127)}`;
    return { client, server, name: nameOf(number), port, random, number };
  }
  return { client, server: SERVER_NET + (1 + Math.floor(random() * 250)), name: "", port, random, number };
}

/** Twelve characters, as many as the name in the handshakes has. */
function nameOf(number: number): string {
  return `${number.toString(36).padStart(4, "0")}.shop.com`.slice(0, 12).padEnd(12, "m");
}

function createFlow(ends: Ends): Uint8Array[] {
  const { random } = ends;
  let roll = random() * 100;
  for (const [create, share] of SHARES) {
    roll -= share;
    if (roll < 0) return create(ends);
  }
  return unansweredFlow(ends);
}

function dnsFlow(ends: Ends): Uint8Array[] {
  const { client, port, number, random } = ends;
  const name = ends.name || `host${number % 5000}.example${number % 7}.com`;
  const address = ends.name === ""
    ? [198, 51, 100, 1 + Math.floor(random() * 250)]
    : ends.server.split(".").map(Number);
  const id = number & 0xffff;
  const asked = message({ id, questions: [question(name, 1)] });
  const answers = [record(name, 1, address), record(name, 1, [...address.slice(0, 3), 9])];
  const answered = message({ id, flags: 0x8180, questions: [question(name, 1)], answers });
  return [
    datagram(client, RESOLVER, port, 53, asked),
    datagram(RESOLVER, client, 53, port, answered),
  ];
}

/** Certificates of the recorded 1.2 are such that an alert is told of each: only where nobody counts alerts. */
function tlsFlow(ends: Ends): Uint8Array[] {
  const turns: [number, Uint8Array][] = (ends.random() < 0.6 || ends.name !== "" ? tls13 : tls12)
    .map(([direction, bytes]) => [direction, ends.name === "" ? bytes : renamed(bytes, ends.name)]);
  const records = Math.floor(ends.random() * 14);
  for (let i = 0; i < records; i++) {
    const sealed = Uint8Array.from({ length: 300 + (i & 3) * 300 }, () => ends.random() * 256);
    sealed.set([0x17, 3, 3, sealed.length - 5 >> 8, sealed.length - 5 & 0xff]);
    turns.push([i % 4 === 0 ? 0 : 1, sealed]);
  }
  return connection(ends, 443, turns);
}

/** A hello to another server. */
function renamed(hello: Uint8Array, name: string): Uint8Array {
  const at = HELLO_NAMES.map((own) => indexOf(hello, own)).find((at) => at >= 0) ?? -1;
  if (hello[0] !== 0x16 || hello[5] !== 1 || at < 0) return hello;
  const other = hello.slice();
  other.set(text(name), at);
  return other;
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = 0; at + wanted.length <= bytes.length; at++) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

function httpFlow(ends: Ends): Uint8Array[] {
  const { number, random } = ends;
  const turns: [number, Uint8Array][] = [];
  const requests = 1 + Math.floor(random() * 3);
  for (let i = 0; i < requests; i++) {
    const path = `/articles/${number}/part-${i}.html?from=list&page=${number % 30}`;
    const host = ends.name || `www.example${number % 300}.org`;
    turns.push([
      0,
      text(
        `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) ` +
          `AppleWebKit/537.36\r\nAccept: text/html\r\nReferer: http://${host}/\r\n\r\n`,
      ),
    ]);
    const body = text("<p>It was the year 1815, and there were 12 of them, at 3.50 each.</p>\n".repeat(40));
    const head = text(
      `HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ${body.length}\r\n` +
        `Server: nginx/1.25.${number % 4}\r\n\r\n`,
    );
    turns.push([1, head]);
    for (let at = 0; at < body.length; at += 1400) turns.push([1, body.subarray(at, at + 1400)]);
  }
  return connection(ends, 80, turns);
}

function quicFlow({ client, server, port, random }: Ends): Uint8Array[] {
  const frames = CHROMIUM.slice(0, 2).map((packet) => datagram(client, server, port, 443, packet));
  const more = Math.floor(random() * 12);
  for (let i = 0; i < more; i++) {
    const sealed = Uint8Array.from({ length: 200 }, () => random() * 256);
    sealed[0] = 0x40 | sealed[0] & 0x3f;
    frames.push(
      i % 3 === 0 ? datagram(client, server, port, 443, sealed) : datagram(server, client, 443, port, sealed),
    );
  }
  return frames;
}

function unknownFlow({ client, server, port, random }: Ends): Uint8Array[] {
  const count = 1 + Math.floor(random() * 20);
  return Array.from({ length: count }, (_, i) => {
    const bytes = Uint8Array.from({ length: 60 + Math.floor(random() * 200) }, () => random() * 256);
    bytes[0] = 0xfe; // begins nothing that is known
    return i % 2 === 0
      ? datagram(client, server, port, 40_000, bytes)
      : datagram(server, client, 40_000, port, bytes);
  });
}

function unansweredFlow({ client, server, port }: Ends): Uint8Array[] {
  return [segment(client, server, port, 8080, TCP.syn, 1000, 0)];
}

/** A TCP connection from handshake to end, each turn in a segment of its own that is acknowledged now and then. */
function connection({ client, server, port }: Ends, serverPort: number, turns: [number, Uint8Array][]) {
  const next = [1000, 9000];
  const frames: Uint8Array[] = [];
  const send = (direction: number, flags: number, payload?: Uint8Array) => {
    const [src, dst] = direction === 0 ? [client, server] : [server, client];
    const [from, to] = direction === 0 ? [port, serverPort] : [serverPort, port];
    frames.push(segment(src, dst, from, to, flags, next[direction], next[1 - direction], payload));
    next[direction] += (payload?.length ?? 0) + (flags & (TCP.syn | TCP.fin) ? 1 : 0);
  };
  send(0, TCP.syn);
  send(1, TCP.syn | TCP.ack);
  send(0, TCP.ack);
  turns.forEach(([direction, bytes], i) => {
    for (let at = 0; at < bytes.length; at += 1400) {
      send(direction, TCP.psh | TCP.ack, bytes.subarray(at, at + 1400));
    }
    if (i % 2 === 1) send(1 - direction, TCP.ack);
  });
  send(0, TCP.fin | TCP.ack);
  send(1, TCP.fin | TCP.ack);
  send(0, TCP.ack);
  return frames;
}

function segment(
  src: string,
  dst: string,
  srcPort: number,
  dstPort: number,
  flags: number,
  seq: number,
  ack: number,
  payload?: Uint8Array,
): Uint8Array {
  return ethernet({}, ipv4({ src, dst }, tcp({ src, dst, srcPort, dstPort, seq, ack, flags }, payload)));
}

function datagram(
  src: string,
  dst: string,
  srcPort: number,
  dstPort: number,
  payload: Uint8Array,
): Uint8Array {
  return ethernet(
    {},
    ipv4({ src, dst, protocol: PROTOCOL.udp }, udp({ src, dst, srcPort, dstPort }, payload)),
  );
}

/** Puts frames into batches as a capture worker does. */
class BatchWriter {
  #done: PacketBatch[] = [];
  #bytes = new Uint8Array(BATCH_BYTES);
  #length = 0;
  #us = 0;

  constructor(readonly stepUs: number) {}

  add(frame: Uint8Array): void {
    if (this.#length + RECORD_HEADER_BYTES + frame.length > BATCH_BYTES) this.#turn();
    const header = new DataView(this.#bytes.buffer, this.#length, RECORD_HEADER_BYTES);
    header.setUint32(0, START_SECONDS + Math.floor(this.#us / 1e6), true);
    header.setUint32(4, this.#us % 1e6, true);
    header.setUint32(8, frame.length, true);
    header.setUint32(12, frame.length, true);
    this.#bytes.set(frame, this.#length + RECORD_HEADER_BYTES);
    this.#length += RECORD_HEADER_BYTES + frame.length;
    this.#us += this.stepUs;
  }

  batches(): PacketBatch[] {
    this.#turn();
    return this.#done;
  }

  #turn(): void {
    if (this.#length === 0) return;
    this.#done.push({
      bytes: this.#bytes,
      length: this.#length,
      linkType: 1,
      nanosecond: false,
      interfaceIndex: 0,
    });
    this.#bytes = new Uint8Array(BATCH_BYTES);
    this.#length = 0;
  }
}
