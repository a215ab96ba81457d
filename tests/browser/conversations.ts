/** A capture with what the lists are about: names, answers, a card number, a login, and names that want to be HTML. */
import { pcapFile } from "../support/capture_files.ts";
import { concat, ethernet, ipv4, PROTOCOL, TCP, tcp, udp } from "../support/packets.ts";

export const CLIENT = "10.0.0.5";
export const SHOP = "192.0.2.80";
export const RESOLVER = "10.0.0.1";

/** Published by Visa for tests. */
export const CARD = "4111111111111111";
export const PASSWORD = "hunter2secret";
/** A name that a careless page would run. */
export const HOSTILE = "<img src=x onerror=document.title=1>";

const START_US = Date.UTC(2024, 0, 1, 12) * 1_000;

export type Conversation = { bytes: Uint8Array; timeUs: number }[];

/** A shop that is paid by HTTP, and names that are asked for. */
export function conversations(): Uint8Array<ArrayBuffer> {
  const post = `card=${CARD}&expiry=12/29&cvv=123&holder=A`;
  const packets: Uint8Array[] = [
    ...lookup(1, ["shop", "example"], { address: [192, 0, 2, 80] }),
    ...lookup(2, ["nosuch", "example"], { rcode: 3 }),
    ...lookup(3, [HOSTILE, "example"], { address: [192, 0, 2, 66] }),
    ...http(
      40_001,
      `POST /pay HTTP/1.1\r\nHost: shop.example\r\nContent-Length: ${post.length}\r\n\r\n${post}`,
    ),
    ...http(
      40_002,
      `GET /admin HTTP/1.1\r\nHost: shop.example\r\nAuthorization: Basic ${
        btoa(`alice:${PASSWORD}`)
      }\r\n\r\n`,
    ),
    ...http(40_003, "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n"),
  ];
  return pcapFile(packets.map((bytes, i) => ({ bytes, timeUs: START_US + i * 1_000 })));
}

/** So many packets a second for ten seconds, each of another client. */
export function flood(packetsPerSecond: number): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [pcapFile([])];
  const header = parts[0].length;
  for (let second = 0; second < 10; second++) {
    const packets = Array.from({ length: packetsPerSecond }, (_, i) => {
      const src = `10.${second}.${i >> 8 & 255}.${i & 255}`;
      const datagram = udp({ src, dst: SHOP, srcPort: 40_000, dstPort: 4_000 }, new Uint8Array(8));
      return {
        timeUs: START_US + second * 1e6 + Math.floor(i * 1e6 / packetsPerSecond),
        bytes: ethernet({}, ipv4({ src, dst: SHOP, protocol: PROTOCOL.udp }, datagram)),
      };
    });
    for (let i = 0; i < packets.length; i += 1_000) {
      parts.push(pcapFile(packets.slice(i, i + 1_000)).subarray(header));
    }
  }
  return concat(...parts);
}

/** Request and answer over TCP to the shop. */
function http(port: number, request: string): Uint8Array[] {
  const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  const ask = (seq: number, ack: number, flags: number, text = "") =>
    segment(CLIENT, SHOP, { srcPort: port, dstPort: 80, seq, ack, flags }, text);
  const reply = (seq: number, ack: number, flags: number, text = "") =>
    segment(SHOP, CLIENT, { srcPort: 80, dstPort: port, seq, ack, flags }, text);
  return [
    ask(1, 0, TCP.syn),
    reply(1, 2, TCP.syn | TCP.ack),
    ask(2, 2, TCP.ack),
    ask(2, 2, TCP.psh | TCP.ack, request),
    reply(2, 2 + request.length, TCP.psh | TCP.ack, answer),
  ];
}

function segment(src: string, dst: string, fields: Parameters<typeof tcp>[0] | object, text: string) {
  const payload = new TextEncoder().encode(text);
  return ethernet({}, ipv4({ src, dst, protocol: PROTOCOL.tcp }, tcp({ src, dst, ...fields }, payload)));
}

/** Question and answer, RFC 1035 §4. */
function lookup(
  id: number,
  labels: string[],
  outcome: { address?: number[]; rcode?: number },
): Uint8Array[] {
  const name = labels.flatMap((label) => [label.length, ...new TextEncoder().encode(label)]);
  const question = [...name, 0, 0, 1, 0, 1];
  const head = (
    flags: number,
    answers: number,
  ) => [0, id, flags >> 8, flags & 255, 0, 1, 0, answers, 0, 0, 0, 0];
  const answer = outcome.address ? [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...outcome.address] : [];
  const datagram = (src: string, dst: string, srcPort: number, dstPort: number, bytes: number[]) =>
    ethernet(
      {},
      ipv4({ src, dst, protocol: PROTOCOL.udp }, udp({ src, dst, srcPort, dstPort }, new Uint8Array(bytes))),
    );
  return [
    datagram(CLIENT, RESOLVER, 50_000 + id, 53, [...head(0x0100, 0), ...question]),
    datagram(RESOLVER, CLIENT, 53, 50_000 + id, [
      ...head(0x8180 | (outcome.rcode ?? 0), outcome.address ? 1 : 0),
      ...question,
      ...answer,
    ]),
  ];
}
