import assert from "node:assert/strict";
import { websocket } from "../../../../capture/inspect/dpi/websocket.ts";
import { openDecoderBytes } from "../../../../capture/inspect/dpi/http/inflater.ts";
import {
  converse,
  converseCut,
  FlowRecorder,
  hex,
  latin1,
  probeStream,
  seeded,
  torment,
  type Turn,
} from "./flow_recorder.ts";

const FINAL = 0x80;
const COMPRESSED = 0x40;
const TEXT = 1;
const BINARY = 2;

/** A frame, RFC 6455 §5.2. */
function frame(first: number, payload: Uint8Array, mask?: number[]): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const sizes = length < 126
    ? [length]
    : length < 65_536
    ? [126, length >> 8, length & 255]
    : [127, 0, 0, 0, 0, length >>> 24, length >> 16 & 255, length >> 8 & 255, length & 255];
  if (mask === undefined) return Uint8Array.from([first, ...sizes, ...payload]);
  sizes[0] |= 0x80;
  return Uint8Array.from([first, ...sizes, ...mask, ...payload.map((byte, i) => byte ^ mask[i & 3])]);
}

function joined(...pieces: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

const MASK = [0x12, 0x34, 0x56, 0x78];
const LONG = "x".repeat(70_000);
/** The same message twice, by Node.js' zlib with one window: the second points back into the first. */
const PACKED = [hex("aa564a4e2c4a51b252323144054ab50000"), hex("aac62d0500")];
const CARD_JSON = '{"card":"4111111111111111"}';

const TURNS: Turn[] = [
  [
    0,
    joined(
      frame(FINAL | TEXT, latin1("hello"), MASK),
      frame(BINARY, latin1("41111"), MASK),
      frame(FINAL | 9, latin1("ping")), // control frames come between fragments
      frame(0, latin1("11111111"), [0, 0, 0, 0]),
      frame(FINAL, latin1("111"), MASK),
      frame(FINAL | TEXT, latin1(""), MASK),
    ),
  ],
  [1, joined(frame(FINAL | TEXT, latin1("y".repeat(300))), frame(FINAL | 8, Uint8Array.of(3, 232)))],
];

Deno.test("websocket: messages unmasked and put together, over every cut", () => {
  for (const cut of [1 << 20, 1, 2, 3, 7]) {
    const flow = converseCut(websocket, TURNS, () => cut);
    assert.equal(flow.scanned["0/1"], "hello¶4111111111111111¶");
    assert.equal(flow.scanned["1/1"], "y".repeat(300) + "¶");
    assert.equal(flow.scanned["0/0"], undefined);
  }
});

Deno.test("websocket: compressed messages share a window; a stream that ends is followed by a new one", () => {
  const turns: Turn[] = [[
    0,
    joined(
      frame(FINAL | COMPRESSED | TEXT, PACKED[0], MASK),
      frame(COMPRESSED | TEXT, PACKED[1].subarray(0, 2), MASK),
      frame(FINAL, PACKED[1].subarray(2), MASK),
      frame(FINAL | TEXT, latin1("plain"), MASK),
      frame(FINAL | COMPRESSED | TEXT, hex("f348cdc9c90700 00"), MASK), // "Hello", final block, RFC 7692 §7.2.3.4
      frame(FINAL | COMPRESSED | TEXT, PACKED[0], MASK),
    ),
  ]];
  for (const cut of [1 << 20, 1, 5]) {
    const flow = converseCut(websocket, turns, () => cut);
    assert.equal(flow.scanned["0/1"], `${CARD_JSON}¶${CARD_JSON}¶plain¶Hello¶${CARD_JSON}¶`);
  }
  assert.equal(openDecoderBytes(), 0);
});

Deno.test("websocket: a long message is one text", () => {
  const flow = converseCut(websocket, [[0, frame(FINAL | TEXT, latin1(LONG), MASK)]], () => 1460);
  assert.equal(flow.scanned["0/1"], LONG + "¶");
});

Deno.test("websocket: after a gap the next segment that is a whole frame is believed", () => {
  const flow = new FlowRecorder();
  const parser = websocket.create(flow);
  const feed = (bytes: Uint8Array) => parser.data(0, bytes, 0, bytes.length);
  feed(frame(FINAL | TEXT, latin1(LONG), MASK).subarray(0, 100));
  parser.gap(0);
  feed(latin1("rest of a message"));
  feed(frame(FINAL | TEXT, latin1("again"), MASK));
  parser.close();
  assert.ok(flow.scanned["0/1"].endsWith("¶again¶"));
});

Deno.test("websocket: probe knows a whole frame of text only", () => {
  assert.equal(probeStream(websocket, frame(FINAL | TEXT, latin1("hello you"), MASK)), "yes");
  assert.equal(probeStream(websocket, frame(FINAL | TEXT, latin1("hello you"))), "yes");
  assert.equal(probeStream(websocket, frame(FINAL | TEXT, latin1("hello you")).subarray(0, 5)), "more");
  assert.equal(probeStream(websocket, frame(FINAL | TEXT, latin1("hello \x01you"))), "no");
  assert.equal(probeStream(websocket, hex("81000044")), "no"); // a NetBIOS session request
  assert.equal(probeStream(websocket, latin1("GET /")), "no");
});

Deno.test("websocket: no damage makes it throw", () => {
  const random = seeded(2);
  torment(websocket, [...TURNS, [0, frame(FINAL | COMPRESSED | TEXT, PACKED[0], MASK)]], 1000 + random(2));
  assert.equal(openDecoderBytes(), 0);
  converse(websocket, []);
});
