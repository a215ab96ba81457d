import assert from "node:assert/strict";
import { http2 } from "../../../../capture/inspect/dpi/http2.ts";
import { openDecoderBytes } from "../../../../capture/inspect/dpi/http/inflater.ts";
import { HpackDecoder } from "../../../../capture/inspect/dpi/http2/hpack.ts";
import { decodeHuffman, isComplete } from "../../../../capture/inspect/dpi/http2/huffman.ts";
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

/** A client and a server of Node.js (nghttp2) talking: a GET, a POST with a login, a GET answered in gzip. */
const SESSION: Turn[] = [
  [
    0,
    hex(
      "505249202a20485454502f322e300d0a0d0a534d0d0a0d0a00000004000000000000002f01050000000182048463fc1c01418d44e7ad72f9" +
        "1d35d05b8f01e07f867a8449509605609020ec92068210ac10842b04210ac10843",
    ),
  ],
  [
    1,
    hex(
      "0000000400000000000000000401000000000000290105000000018d5f87497ca589d34d1f4003782d6101626196dd6d5f4a084a693f7504" +
        "0138a05db816ee36d298b46f",
    ),
  ],
  [
    0,
    hex(
      "00000004010000000000003401040000000383048c6283cc6abfc49fa96a807193c086bf5f8b1d75d0620d263d4c7441ea1f0892ba34188a" +
        "49f9a68274afdfef2d3ebf7f364100001b0001000000037b2263617264223a2234313131313131313131313131313131227d",
    ),
  ],
  [
    1,
    hex(
      "00000e010400000003488210035f87497ca58ae819aac0000004000000000003676f74200000020000000000033237000000000100000003",
    ),
  ],
  [0, hex("0000090105000000058204032f677ac186c0")],
  [
    1,
    hex(
      "000014010400000005885f8b1d75d0620d263d4c7441ea5a839bd9abc20000220000000000051f8b0800000000000003ab564a4e2c4a51b2" +
        "52323144054ab500193798871b000000000000000100000005",
    ),
  ],
  [0, hex("00000807000000000000000000000000000000080700000000000000000000000000")],
];

const CARD_JSON = '{"card":"4111111111111111"}';

Deno.test("http2: transactions of a real session, with Suricata's field names", () => {
  const flow = converse(http2, SESSION);
  assert.deepEqual(flow.told.map(({ type, direction, fields }) => [type, direction, fields.http]), [
    ["http", 0, {
      version: "2",
      http2: { stream_id: 1, request: {}, response: {} },
      hostname: "shop.example",
      http_port: 8080,
      url: "/?a=1",
      http_user_agent: "test/2",
      http_content_type: "text/html",
      http_method: "GET",
      status: 404,
    }],
    ["http", 0, {
      version: "2",
      http2: { stream_id: 3, request: {}, response: {} },
      hostname: "shop.example",
      http_port: 8080,
      url: "/login?token=abc",
      http_user_agent: "test/2",
      http_content_type: "text/plain",
      http_method: "POST",
      status: 201,
    }],
    ["http", 0, {
      version: "2",
      http2: { stream_id: 5, request: {}, response: {} },
      hostname: "shop.example",
      http_port: 8080,
      url: "/gz",
      http_user_agent: "test/2",
      http_content_type: "application/json",
      http_method: "GET",
      status: 200,
    }],
  ]);
  assert.deepEqual(flow.serverNames, ["shop.example"]);
  assert.deepEqual(flow.secrets, [{ direction: 0, kind: "basic", userLength: 4 }]);
  assert.ok(flow.scanned["0/0"].includes("card=4111-1111-1111-1111"));
  assert.equal(flow.scanned["0/1"], CARD_JSON + "¶");
  assert.equal(flow.scanned["1/1"], "got 27¶" + CARD_JSON + "¶");
  assert.ok(flow.encodings.has("gzip"));
});

Deno.test("http2: every segmentation tells the same", () => {
  const whole = converse(http2, SESSION);
  const random = seeded(5);
  for (const nextCut of [() => 1, () => 3, () => 1 + random(20), () => 1 + random(100)]) {
    const cut = converseCut(http2, SESSION, nextCut);
    assert.deepEqual(cut.told, whole.told);
    assert.deepEqual(cut.scanned, whole.scanned);
  }
  assert.equal(openDecoderBytes(), 0);
});

/** A frame, RFC 9113 §4.1. */
function frame(type: number, flags: number, stream: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  return Uint8Array.of(0, length >> 8, length, type, flags, 0, 0, stream >> 8, stream, ...payload);
}

function joined(...pieces: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

const PREFACE = latin1("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** `:method GET`, `:scheme http`, `:path /`, `:authority www.example.com`, RFC 7541 C.4.1. */
const REQUEST = hex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff");

Deno.test("http2: padding, priority, continuations", () => {
  const padded = joined(
    Uint8Array.of(3),
    Uint8Array.of(0, 0, 0, 0, 16),
    REQUEST.subarray(0, 4),
    new Uint8Array(3),
  );
  const flow = converseCut(http2, [
    [
      0,
      joined(
        PREFACE,
        frame(1, 0x28, 1, padded),
        frame(9, 0, 1, REQUEST.subarray(4, 6)),
        frame(9, 4, 1, REQUEST.subarray(6)),
        frame(0, 9, 1, joined(Uint8Array.of(2), latin1("text"), new Uint8Array(2))),
      ),
    ],
  ], () => 2);
  assert.deepEqual(flow.told.map(({ fields }) => (fields.http as { hostname: string }).hostname), [
    "www.example.com",
  ]);
  assert.equal(flow.scanned["0/1"], "text¶");
});

Deno.test("http2: more bodies at once than lanes share the last one, a frame a text", () => {
  const frames = [PREFACE];
  for (let i = 0; i < 9; i++) frames.push(frame(1, 4, 2 * i + 1, REQUEST));
  for (const text of ["one ", "two "]) {
    for (let i = 0; i < 9; i++) frames.push(frame(0, 0, 2 * i + 1, latin1(text + i)));
  }
  const flow = converse(http2, [[0, joined(...frames)]]);
  for (let lane = 1; lane <= 6; lane++) {
    assert.equal(flow.scanned[`0/${lane}`], `one ${lane - 1}two ${lane - 1}¶`);
  }
  assert.equal(flow.scanned["0/7"], "one 6¶one 7¶one 8¶two 6¶two 7¶two 8¶");
});

Deno.test("http2: streams without an end are bounded, each is told", () => {
  const frames = [PREFACE];
  for (let i = 0; i < 1000; i++) frames.push(frame(1, 4, 2 * i + 1, REQUEST));
  assert.equal(converse(http2, [[0, joined(...frames)]]).told.length, 1000);
});

Deno.test("http2: after a gap frames are found again, and fields written out are read", () => {
  const flow = new FlowRecorder();
  const parser = http2.create(flow);
  const feed = (bytes: Uint8Array) => parser.data(0, bytes, 0, bytes.length);
  feed(joined(PREFACE, frame(1, 5, 1, REQUEST)));
  parser.gap(0);
  feed(latin1("the middle of something"));
  feed(frame(1, 5, 3, hex("8286 84be 418c f1e3 c2e5 f23a 6ba0 ab90 f4ff"))); // 0xbe points at what was lost
  parser.close();
  assert.deepEqual(flow.told.map(({ fields }) => (fields.http as { hostname: string }).hostname), [
    "www.example.com",
    "www.example.com",
  ]);
});

Deno.test("http2: probe", () => {
  assert.equal(probeStream(http2, PREFACE), "yes");
  assert.equal(probeStream(http2, PREFACE.subarray(0, 10)), "more");
  assert.equal(probeStream(http2, latin1("PRIVMSG x")), "no");
  assert.equal(probeStream(http2, SESSION[1][1], 1), "yes");
  assert.equal(probeStream(http2, frame(4, 0, 0, hex("000300000064 000400010000")), 1), "yes");
  assert.equal(probeStream(http2, frame(4, 0, 0, hex("000300000064 00ff00010000")), 1), "no");
  assert.equal(probeStream(http2, Uint8Array.of(0, 0), 1), "more");
  assert.equal(probeStream(http2, latin1("GET / HTTP/1.1")), "no");
});

Deno.test("http2: a client that speaks HTTP/1 to a server that greets in HTTP/2 is handed on, however cut", () => {
  const settings = frame(4, 0, 0, hex("000300000064"));
  for (const text of ["GET / HTTP/1.1\r\n\r\n", "PUT http://a/ HTTP/1.1\r\n\r\n"]) {
    for (const most of [1, 2, 7, 100]) {
      const flow = new FlowRecorder();
      const parser = http2.create(flow);
      parser.data(1, settings, 0, settings.length);
      let rest = latin1(text);
      while (flow.switched.length === 0) {
        parser.data(0, rest, 0, Math.min(most, rest.length));
        rest = rest.subarray(most);
      }
      const [{ protocol, direction, rest: handed }] = flow.switched;
      assert.deepEqual([protocol, direction], ["http", 0]);
      assert.equal(String.fromCharCode(...handed, ...rest), text);
    }
  }
  for (const text of ["PRIVMSG x", "HTTP/1.1 200 OK\r\n", "GET", "~ 4111111111111111"]) {
    const turns: Turn[] = [[1, settings], [0, latin1(text)]];
    for (const most of [1, 2, 100]) {
      const flow = converseCut(http2, turns, () => most);
      assert.deepEqual([flow.switched.length, flow.scanned["0/0"].replace("¶", "")], [0, text]);
    }
  }
  assert.deepEqual(converse(http2, [[1, settings], ...SESSION]).switched, []);
});

Deno.test("http2: no damage makes it throw", () => torment(http2, SESSION));

Deno.test("hpack: the examples of RFC 7541 C.4 and C.6", () => {
  const fieldsOf = (decoder: HpackDecoder, block: string) => {
    const fields: string[] = [];
    const bytes = hex(block);
    assert.ok(decoder.decode(bytes, 0, bytes.length, {
      field: (name, value) => fields.push(`${name}: ${value}`),
      literal: () => {},
    }));
    return fields;
  };
  const request = new HpackDecoder();
  const common = [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"];
  assert.deepEqual(fieldsOf(request, "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff"), common);
  assert.deepEqual(fieldsOf(request, "8286 84be 5886 a8eb 1064 9cbf"), [
    ...common,
    "cache-control: no-cache",
  ]);
  assert.deepEqual(fieldsOf(request, "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"), [
    ":method: GET",
    ":scheme: https",
    ":path: /index.html",
    ":authority: www.example.com",
    "custom-key: custom-value",
  ]);
  assert.deepEqual(
    fieldsOf(
      new HpackDecoder(),
      "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7" +
        "8f0b 97c8 e9ae 82ae 43d3",
    ),
    [
      ":status: 302",
      "cache-control: private",
      "date: Mon, 21 Oct 2013 20:13:21 GMT",
      "location: https://www.example.com",
    ],
  );
});

Deno.test("hpack: the Huffman code is complete, and refuses what is none", () => {
  assert.ok(isComplete());
  const out = new Uint8Array(4);
  assert.equal(decodeHuffman(hex("ffffffff"), 0, 4, out), -1); // end of string inside
  assert.equal(decodeHuffman(hex("00"), 0, 1, out), -1); // padding that is no ones
  assert.equal(decodeHuffman(new Uint8Array(9), 0, 9, out), -1); // no room
});
