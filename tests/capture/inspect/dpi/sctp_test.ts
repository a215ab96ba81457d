/** SCTP's messages and what pings carry: searched, each a text of its own; and what is not searched is counted. */
import assert from "node:assert/strict";
import { sctpLimits, SctpMessages } from "../../../../capture/inspect/dpi/sctp.ts";
import { alertsOf, inspect } from "../../../support/inspected.ts";
import { concat, ethernet, hex, ipv4, ipv6, PROTOCOL, text } from "../../../support/packets.ts";
import { latin1 } from "../../../../model/latin1.ts";
import { seeded } from "./flow_recorder.ts";

const CARD = "4111111111111111";
const [MIDDLE, ENDS, BEGINS, WHOLE] = [0, 1, 2, 3];
const u32 = (n: number) => Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);

/** A DATA chunk, RFC 9260 §3.3.1, with its padding. */
function data(number: number, flags: number, message: string): Uint8Array<ArrayBuffer> {
  const length = 16 + message.length;
  const header = Uint8Array.of(0, flags, length >> 8, length & 255);
  return concat(header, u32(number), new Uint8Array(8), text(message), new Uint8Array(-length & 3));
}

/** A SACK, which carries nothing. */
const SACK = concat(hex("03000010"), new Uint8Array(12));

/** Texts that came of packets' chunks: `row/direction text`. */
function texts(packets: Uint8Array[], row = 1): string[] {
  const told: string[] = [];
  const messages = new SctpMessages((row, direction, _, bytes, at, end) =>
    told.push(`${row}/${direction} ${latin1(bytes, at, end)}`)
  );
  for (const bytes of packets) messages.take(row, 0, 0, bytes, 0, bytes.length);
  messages.ended(row);
  return told;
}

Deno.test("messages of a packet are texts apart, other chunks are none", () => {
  assert.deepEqual(texts([concat(data(1, WHOLE, "one"), SACK, data(2, WHOLE, "two"))]), [
    "1/0 one",
    "1/0 two",
  ]);
  assert.deepEqual(texts([data(1, WHOLE, "cut short").subarray(0, 19)]), ["1/0 cut"]);
  assert.deepEqual(texts([hex("00030000"), hex("00030011"), new Uint8Array(3)]), []);
});

Deno.test("fragments are one text, over packets and twice sent; a gap ends it", () => {
  const [a, b, c] = [data(-1, BEGINS, "411111"), data(0, MIDDLE, "11111"), data(1, ENDS, "11111")];
  assert.deepEqual(texts([concat(a, b, c)]), [`1/0 ${CARD}`]);
  assert.deepEqual(texts([a, a, b, SACK, b, c]), [`1/0 ${CARD}`]);
  assert.deepEqual(texts([a, c, data(2, WHOLE, "x")]), ["1/0 411111", "1/0 11111", "1/0 x"]);
  assert.deepEqual(texts([a, b]), ["1/0 41111111111"]);
  assert.deepEqual(texts([a, data(9_999_999, BEGINS, "of another association")]), [
    "1/0 411111",
    "1/0 of another association",
  ]);
});

Deno.test("what is held is bounded: in messages, and in bytes of each", () => {
  const before = sctpLimits.sctpMessages;
  let bytes = 0;
  const messages = new SctpMessages((_row, _direction, _us, _bytes, at, end) => bytes += end - at);
  const begin = data(1, BEGINS, "x");
  for (let row = 0; row < 100; row++) messages.take(row, row & 1, 0, begin, 0, begin.length);
  assert.equal(bytes, 36);
  for (let number = 2; number < 50; number++) {
    const more = data(number, MIDDLE, "y".repeat(4_000));
    messages.take(99, 1, 0, more, 0, more.length);
  }
  for (let row = 0; row < 100; row++) messages.ended(row);
  assert.equal(bytes, 100 + 48 * 4_000);
  assert.equal(sctpLimits.sctpMessages - before, 36 + 2);
});

Deno.test("damage does not make it throw", () => {
  const whole = concat(data(1, BEGINS, CARD), SACK, data(2, ENDS, CARD), data(3, WHOLE, "x"));
  for (let n = 0; n <= whole.length; n++) texts([whole.subarray(0, n)]);
  const random = seeded(3);
  for (let round = 0; round < 2_000; round++) {
    const damaged = whole.slice();
    for (let flips = random(8); flips >= 0; flips--) damaged[random(damaged.length)] ^= 1 << random(8);
    texts([damaged, damaged.subarray(random(damaged.length))]);
  }
});

const [CLIENT, SERVER] = [{ src: "10.0.0.1", dst: "192.0.2.9" }, { src: "192.0.2.9", dst: "10.0.0.1" }];
const V6 = { src: "2001:db8::1", dst: "2001:db8::2", next: PROTOCOL.icmpv6 };
const [SCTP, UDP_LITE] = [132, 136];
const sctp = (...chunks: Uint8Array[]) => concat(hex("0b59 0b59 00000001 00000000"), ...chunks);
const echo = (type: number, words: string) =>
  concat(Uint8Array.of(type, 0), hex("0000 0001 0001"), text(words));
const found = (...frames: Uint8Array[]) => {
  const { observations, counters } = inspect(frames);
  const cards = alertsOf(observations, "cardholder_data").map(({ direction, count }) =>
    `${direction} ${count}`
  );
  return { cards, unsearched: counters.payload.unsearchedBytes };
};

Deno.test("card numbers in SCTP, cut or not, and in pings are found", () => {
  const first = ethernet({}, ipv4({ ...CLIENT, protocol: SCTP }, sctp(data(1, BEGINS, "card 41111111"))));
  const last = ethernet({}, ipv4({ ...CLIENT, protocol: SCTP }, sctp(data(2, ENDS, "11111111 exp 12/29"))));
  assert.deepEqual(found(first, last), { cards: ["toserver 1"], unsearched: 0 });
  const ping = ethernet({}, ipv4({ ...CLIENT, protocol: PROTOCOL.icmp }, echo(8, `card ${CARD}`)));
  const pong = ethernet({}, ipv4({ ...SERVER, protocol: PROTOCOL.icmp }, echo(0, `card ${CARD}`)));
  assert.deepEqual(found(ping, pong), { cards: ["toserver 2"], unsearched: 0 });
  assert.deepEqual(found(ethernet({}, ipv6(V6, echo(128, `card ${CARD}`)))).cards, ["toserver 1"]);
});

Deno.test("an alert of a ping has no ports", () => {
  const { observations } = inspect([
    ethernet({}, ipv4({ ...CLIENT, protocol: PROTOCOL.icmp }, echo(8, `card ${CARD}`))),
  ]);
  const { flow } = observations.find(({ alert }) => alert !== undefined)!;
  assert.deepEqual([flow!.clientPort, flow!.serverPort], [0, 0]);
});

Deno.test("what goes over IP in other protocols is not searched, and counted", () => {
  const words = text(`card ${CARD}`);
  const frame = ethernet(
    {},
    ipv4({ ...CLIENT, protocol: UDP_LITE }, concat(hex("0005 0006 0008 0000"), words)),
  );
  assert.deepEqual(found(frame), { cards: [], unsearched: 8 + words.length });
});
