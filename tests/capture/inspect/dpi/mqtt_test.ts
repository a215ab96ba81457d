/** MQTT: logins, and topics and payloads each a text of its own, in every version and segmentation. */
import assert from "node:assert/strict";
import { mqtt } from "../../../../capture/inspect/dpi/mqtt.ts";
import { RECOGNISED } from "../../../../capture/inspect/dpi/recognised.ts";
import { hold } from "./dialogues.ts";
import { converse, FlowRecorder, latin1, probeStream } from "./flow_recorder.ts";

const CARD = "4111111111111111";

/** A packet: type and flags, length, body. */
function packet(first: number, body: string): Uint8Array<ArrayBuffer> {
  const { length } = body;
  const header = length < 128 ? [first, length] : [first, length & 0x7f | 0x80, length >> 7];
  return Uint8Array.from([...header, ...latin1(body)]);
}
const text = (words: string) => String.fromCharCode(words.length >> 8, words.length & 255) + words;
const publish = (topic: string, rest: string, qos = 0) => packet(0x30 | qos << 1, text(topic) + rest);
const connect = (version: string, fields: string, flags = "\0") =>
  packet(0x10, text("MQTT") + version + flags + "\0\x3c" + fields);

const CONNECT = connect("\x04", text("dev1"));
const CONNECT_5 = connect("\x05", "\0" + text("dev1"));
const LOGIN = latin1("\x10\x21\0\x04MQTT\x04\xc2\0\x3c\0\x04cam1\0\x05alice\0\x06s3cret");

Deno.test("a topic and its payload are texts apart, the topic is near the payload", () => {
  const flow = hold(mqtt, [
    [0, CONNECT],
    [1, packet(0x20, "\0\0")],
    [0, publish("pos/terminal1", CARD)],
    [0, publish("pos/1", "\x004" + CARD, 1)],
    [1, publish("a", `{"card":"${CARD}"}`.padEnd(300))],
    [0, publish("short", "1")],
    [0, packet(0xc0, "")],
  ], [40_000, 1883]);
  assert.equal(flow.scanned["0/1"], `${CARD}¶${"\x004" + CARD}¶1¶`.replaceAll("\x004", ""));
  assert.ok(flow.scanned["0/0"].endsWith("¶pos/terminal1¶pos/1¶short¶"));
  assert.equal(flow.scanned["1/1"], `{"card":"${CARD}"}`.padEnd(300) + "¶");
  assert.deepEqual(flow.contexts, ["pos/terminal1", "pos/1", "a"]);
  assert.deepEqual([flow.told, flow.secrets], [[], []]);
});

Deno.test("version 5 has properties between them", () => {
  const user = "\x26" + text("card") + text(CARD);
  const flow = hold(mqtt, [
    [0, CONNECT_5],
    [0, publish("pos/4", String.fromCharCode(user.length) + user + CARD)],
    [0, publish("", "\x03\x23\0\x01" + CARD)],
    [0, publish("q", "\0\x07\0" + CARD, 2)],
  ], [40_000, 1883]);
  assert.equal(flow.scanned["0/1"], `${CARD}¶`.repeat(3));
  assert.ok(flow.scanned["0/0"].endsWith(`¶pos/4¶${user}¶\x23\0\x01¶q¶`));
});

Deno.test("a login in CONNECT: presence and length", () => {
  assert.deepEqual(hold(mqtt, [[0, LOGIN]]).secrets, [{ direction: 0, kind: "user_pass", userLength: 5 }]);
  const long = connect("\x05", "\0" + text("dev1") + text("alice") + text("x".repeat(2000)), "\xc2");
  assert.deepEqual(hold(mqtt, [[0, long]]).secrets, [{ direction: 0, kind: "user_pass", userLength: 5 }]);
  const will = connect("\x04", text("dev1") + text("gone/1") + text("yes") + text("alice"), "\x86");
  assert.deepEqual(hold(mqtt, [[0, will]]).secrets, []);
});

Deno.test("after a gap packets are found again where a segment begins with them", () => {
  const flow = new FlowRecorder();
  const parser = mqtt.create(flow);
  const feed = (bytes: Uint8Array) => parser.data(0, bytes, 0, bytes.length);
  feed(CONNECT);
  feed(publish("pos/4", CARD).subarray(0, 12));
  parser.gap(0);
  feed(latin1("the middle of something"));
  feed(publish("pos/4", CARD));
  assert.equal(flow.scanned["0/1"], `${CARD.slice(0, 3)}¶${CARD}¶`);
  assert.ok(flow.scanned["0/0"].endsWith("¶pos/4¶the middle of somethingpos/4¶"));
});

Deno.test("what is no packet is text as it stands", () => {
  const flow = converse(mqtt, [[0, CONNECT], [0, latin1("\0" + CARD)]]);
  assert.ok(flow.scanned["0/0"].endsWith(`¶${CARD}`));
});

Deno.test("first bytes, which are nobody else's", () => {
  for (const bytes of [CONNECT, CONNECT_5, LOGIN]) {
    assert.equal(probeStream(mqtt, bytes), "yes");
    for (let n = 1; n < 12; n++) assert.equal(probeStream(mqtt, bytes.subarray(0, n)), "more");
    for (const other of RECOGNISED) assert.notEqual(probeStream(other, bytes), "yes");
  }
  assert.equal(probeStream(mqtt, latin1("\x10\x05hello, world")), "no");
});
