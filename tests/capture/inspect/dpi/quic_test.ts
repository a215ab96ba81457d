/** QUIC hellos out of sealed packets: whole, scattered, over packets, after Retry, of every version. */
import assert from "node:assert/strict";
import { quic } from "../../../../capture/inspect/dpi/quic.ts";
import { CryptoStream, MAX_CRYPTO_BYTES } from "../../../../capture/inspect/dpi/quic/crypto_stream.ts";
import { deriveClientKeys } from "../../../../capture/inspect/dpi/quic/initial_keys.ts";
import { versionOf } from "../../../../capture/inspect/dpi/quic/versions.ts";
import { keptBytes } from "../../../../capture/inspect/dpi/tls/kept_bytes.ts";
import {
  exchange,
  FlowRecorder,
  hex,
  latin1,
  probeDatagram,
  seeded,
  tormentDatagrams,
  type Turn,
} from "./flow_recorder.ts";
import { CHROMIUM } from "./quic/chromium.ts";
import { crypto, initial, long, varint } from "./quic/seal.ts";
import { tls13 } from "./tls/handshakes.ts";

// deno-lint-ignore no-explicit-any
type Fields = any;

const ID = [1, 2, 3, 4, 5, 6, 7, 8];
/** A ClientHello for shop.example without its record header. */
const HELLO = tls13[0][1].slice(5);
const JA4 = "q13d0411h2_16476d049b0b_78f1d400d464";

function events(flow: FlowRecorder): { quic: Fields; netpane: Fields; direction: number }[] {
  return flow.told.map(({ type, direction, fields }) => {
    assert.equal(type, "quic");
    return { quic: fields.quic, netpane: fields.netpane, direction };
  });
}

function names(flow: FlowRecorder): (string | undefined)[] {
  return events(flow).map(({ quic }) => quic.sni);
}

Deno.test("deriveClientKeys() gives the keys of RFC 9001 §A.1 and RFC 9369 §A.1", () => {
  const id = hex("8394c8f03e515708");
  const text = (bytes: Uint8Array) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  const keys = (version: number) => {
    const { key, iv, headerKey } = deriveClientKeys(versionOf(version).schemes[0], id);
    return [text(key), text(iv), text(headerKey)];
  };
  assert.deepEqual(keys(1), [
    "1f369613dd76d5467730efcbe3b1a22d",
    "fa044b2f42a3fd3b46fb255c",
    "9f50449e04a0e810283a1e9933adedd2",
  ]);
  assert.deepEqual(keys(0x6b3343cf), [
    "8b1a0bc121284290a29e0971b5cd045d",
    "91f73e2351d8fa91660e909f",
    "45b95e15235d6f45a6b19cbcb0294ba9",
  ]);
});

Deno.test("quic: what Chromium sends, in any order, and not before it is whole", () => {
  for (const order of [[0, 1], [1, 0], [0, 0, 1, 1], [1, 1, 0]]) {
    const flow = exchange(quic, order.map((i): Turn => [0, CHROMIUM[i]]));
    const [{ quic: event, netpane }, ...more] = events(flow);
    assert.equal(more.length, 0);
    assert.equal(event.version, "1");
    assert.equal(event.sni, "video.example");
    assert.match(event.ja4, /^q13d03..h3_55b375c5d22e_[0-9a-f]{12}$/);
    assert.deepEqual(netpane.client_alpns, ["h3"]);
    assert.deepEqual(flow.serverNames, ["video.example"]);
  }
  const half = events(exchange(quic, [[0, CHROMIUM[0]]]));
  assert.equal(half.length, 1);
  assert.equal(half[0].quic.sni, undefined);
  assert.equal(keptBytes.used, 0);
});

Deno.test("quic: every version that is sealed", () => {
  const table: [number, string][] = [
    [0x00000001, "1"],
    [0x6b3343cf, "2"],
    [0x709a50c4, "2-draft"],
    [0xff020000, "2-draft-00"],
    [0xff000016, "draft-22"],
    [0xff000017, "draft-23"],
    [0xff00001c, "draft-28"],
    [0xff00001d, "draft-29"],
    [0xff000020, "draft-32"],
    [0xff000022, "draft-34"],
    [0xfaceb001, "mvfst-1"],
    [0xfaceb002, "mvfst-2"],
    [0xfaceb00e, "mvfst-e"],
    [0xfaceb010, "mvfst-10"],
    [0x54303530, "T050"],
    [0x54303531, "T051"],
    [0xabcd0001, "msquic-abcd0001"],
  ];
  for (const [version, name] of table) {
    const type = versionOf(version).schemes[0].googleFrames ? 8 : 6;
    const datagram = initial({ version, destination: ID, frames: crypto(0, HELLO, type) });
    assert.equal(probeDatagram(quic, datagram), "yes", name);
    const [{ quic: event }] = events(exchange(quic, [[0, datagram]]));
    assert.deepEqual([event.version, event.sni, event.ja4], [name, "shop.example", JA4]);
  }
});

Deno.test("quic: a negotiation forced with a reserved version is read with a standard one's seal", () => {
  for (const standard of [1, 0x6b3343cf, 0xff00001d]) {
    const scheme = versionOf(standard).schemes[0];
    const datagram = initial({ version: 0x1a2a3a4a, scheme, destination: ID, frames: crypto(0, HELLO) });
    assert.equal(probeDatagram(quic, datagram), "yes");
    assert.deepEqual(names(exchange(quic, [[0, datagram]])), ["shop.example"]);
  }
});

Deno.test("quic: a hello in pieces of any size, any order, twice, between padding and pings", () => {
  const random = seeded(11);
  for (let round = 0; round < 60; round++) {
    const pieces: number[][] = [];
    for (let at = 0; at < HELLO.length;) {
      const length = 1 + random(round % 2 ? 10 : 90);
      const from = Math.max(0, at - random(5)); // overlaps a little
      pieces.push(crypto(from, HELLO.slice(from, at + length)));
      if (random(3) === 0) pieces.push([0, 0, 0], [1], crypto(from, HELLO.slice(from, at + length)));
      at += length;
    }
    for (let i = pieces.length - 1; i > 0; i--) {
      const j = random(i + 1);
      [pieces[i], pieces[j]] = [pieces[j], pieces[i]];
    }
    const packets = 1 + random(4);
    const turns = Array.from({ length: packets }, (_, p): Turn => {
      const frames = pieces.filter((_, i) => i % packets === p).flat();
      // All but the first go to the id that the server chose; keys stay those of the first.
      const destination = p === 0 ? ID : [9, 9, 9, 9];
      return [0, initial({ destination, keyId: ID, source: [7], number: p, frames, padTo: 0 })];
    });
    assert.deepEqual(names(exchange(quic, turns)), ["shop.example"], `round ${round}`);
  }
});

Deno.test("quic: packets that share a datagram, and 0-RTT before the rest of the hello", () => {
  const early = long(1, ID, [], [...varint(40), ...new Array(40).fill(0x55)]);
  const first = initial({ destination: ID, frames: crypto(0, HELLO.slice(0, 100)), padTo: 0 });
  const second = initial({ destination: ID, number: 1, frames: crypto(100, HELLO.slice(100)) });
  const both = new Uint8Array([...first, ...early, ...second]);
  assert.deepEqual(names(exchange(quic, [[0, both]])), ["shop.example"]);
  assert.deepEqual(names(exchange(quic, [[0, early], [0, first], [0, early], [0, second]])), [
    "shop.example",
  ]);
});

Deno.test("quic: after a Retry the keys are others, and the same hello is told once", () => {
  const retry = long(3, [7, 7], [4, 4, 4, 4, 4, 4, 4, 4], new Array(40).fill(1));
  const first = initial({ destination: ID, source: [7, 7], frames: crypto(0, HELLO) });
  const half = initial({ destination: ID, source: [7, 7], frames: crypto(0, HELLO.slice(0, 90)) });
  const again = initial({
    destination: [4, 4, 4, 4, 4, 4, 4, 4],
    source: [7, 7],
    token: [1, 2, 3],
    number: 1,
    frames: crypto(0, HELLO),
  });
  assert.deepEqual(names(exchange(quic, [[0, first], [1, retry], [0, again]])), ["shop.example"]);
  assert.deepEqual(names(exchange(quic, [[0, half], [1, retry], [0, again]])), ["shop.example"]);
  assert.equal(keptBytes.used, 0);
});

Deno.test("quic: another connection on the same ports is another event", () => {
  const other = HELLO.slice();
  other.set(latin1("blog"), new TextDecoder("latin1").decode(HELLO).indexOf("shop"));
  const turns: Turn[] = [
    [0, initial({ destination: ID, frames: crypto(0, HELLO) })],
    [0, initial({ destination: [8, 7, 6, 5, 4, 3, 2, 1], frames: crypto(0, other) })],
  ];
  assert.deepEqual(names(exchange(quic, turns)), ["shop.example", "blog.example"]);
});

Deno.test("quic: turned round, the name is not the flow's server's", () => {
  const flow = exchange(quic, [[1, initial({ destination: ID, frames: crypto(0, HELLO) })]]);
  assert.deepEqual(names(flow), ["shop.example"]);
  assert.equal(flow.told[0].direction, 1);
  assert.deepEqual(flow.serverNames, []);
});

Deno.test("quic: done once the connection speaks", () => {
  const flow = new FlowRecorder();
  const parser = quic.create(flow);
  const send = (direction: number, bytes: Uint8Array) =>
    parser.datagram(direction, bytes, 0, bytes.length, true);
  send(0, initial({ destination: ID, frames: crypto(0, HELLO) }));
  const sealed = hex("41" + "77".repeat(60));
  for (let i = 0; i < 7; i++) send(i & 1, sealed);
  assert.ok(!flow.isDone);
  send(0, sealed);
  assert.ok(flow.isDone);
});

Deno.test("quic: a server's side alone tells the version", () => {
  const handshake = long(2, [], [5, 5], [...varint(30), ...new Array(30).fill(3)]);
  const flow = exchange(quic, [[1, handshake], [1, handshake]]);
  assert.deepEqual(events(flow), [{ quic: { version: "1" }, netpane: undefined, direction: 0 }]);
});

/** The hello with its ALPN h2 put in another name's place, and all lengths around it. */
function withAlpn(name: string): Uint8Array {
  const more = name.length - 2;
  const bytes = Array.from(HELLO);
  const at = new TextDecoder("latin1").decode(HELLO).indexOf("\x02h2");
  bytes.splice(at, 3, name.length, ...latin1(name));
  const extensionsAt = 4 + 2 + 32 + 1 + 32 + 2 + 8 + 2; // session id of 32 bytes, four ciphers, one compression
  for (const low of [3, extensionsAt + 1, at - 3, at - 1]) bytes[low] += more;
  return Uint8Array.from(bytes);
}

Deno.test("quic: DNS over QUIC by its ALPN", () => {
  const frames = crypto(0, withAlpn("doq"));
  const [{ quic: event, netpane }] = events(exchange(quic, [[0, initial({ destination: ID, frames })]]));
  assert.equal(event.sni, "shop.example");
  assert.match(event.ja4, /^q13d0411dq_/);
  assert.deepEqual(netpane, { client_alpns: ["doq"], dns: "doq" });
});

/** Google's hello: a table of tags, values one after the other. */
function googleHello(tags: [string, string][]): Uint8Array {
  let at = 0;
  const u32le = (n: number) => [n & 255, n >> 8 & 255, n >> 16 & 255, n >>> 24];
  const table = tags.flatMap(([tag, value]) => [...latin1(tag), ...u32le(at += value.length)]);
  return Uint8Array.from([
    ...latin1("CHLO"),
    tags.length,
    0,
    0,
    0,
    ...table,
    ...tags.flatMap(([, value]) => [...latin1(value)]),
  ]);
}

const GOOGLE = googleHello([
  ["PAD\0", "-".repeat(700)],
  ["SNI\0", "www.Search.example"],
  ["VER\0", "Q043"],
  ["UAID", "Chrome/74 Linux"],
]);

Deno.test("quic: Google's versions, in clear and sealed", () => {
  const publicHeader = Uint8Array.from([
    0x0d,
    ...ID,
    ...latin1("Q043"),
    1,
    ...new Array(12).fill(0xcc),
    0xa0,
    1,
    4,
    0,
    ...GOOGLE,
  ]);
  const q046 = Uint8Array.from([
    0xc3,
    ...latin1("Q046"),
    0x50,
    ...ID,
    0,
    0,
    0,
    1,
    ...new Array(12).fill(0xcc),
    0xa0,
    1,
    4,
    0,
    ...GOOGLE,
  ]);
  const q050 = initial({ version: 0x51303530, destination: ID, frames: crypto(0, GOOGLE, 8) });
  for (const [bytes, version] of [[publicHeader, "Q043"], [q046, "Q046"], [q050, "Q050"]] as const) {
    assert.equal(probeDatagram(quic, bytes), "yes", version);
    const flow = exchange(quic, [[0, bytes], [0, bytes]]);
    assert.deepEqual(events(flow), [{
      quic: { version, sni: "www.search.example", ua: "Chrome/74 Linux" },
      netpane: undefined,
      direction: 0,
    }]);
    assert.deepEqual(flow.serverNames, ["www.search.example"]);
    tormentDatagrams(quic, [[0, bytes]], 200);
  }
});

Deno.test("quic: made-up Initials are tried so often and no more, then the flow is left alone", () => {
  const flow = new FlowRecorder();
  const parser = quic.create(flow);
  const fake = initial({ destination: ID, keyId: [1], frames: [1] });
  let datagrams = 0;
  while (!flow.isDone && datagrams < 1000) {
    datagrams++;
    parser.datagram(0, fake, 0, fake.length, true);
  }
  assert.ok(datagrams <= 64);
  assert.deepEqual(events(flow).map(({ quic }) => quic), [{ version: "1" }]);
});

Deno.test("quic: bounded by what was sent, whatever offset it claims", () => {
  const stream = new CryptoStream();
  for (let i = 0; i < 2000; i++) stream.add(i * 40, new Uint8Array(20));
  assert.ok(keptBytes.used <= MAX_CRYPTO_BYTES);
  assert.equal(stream.message(), null);
  stream.drop();
  assert.equal(keptBytes.used, 0);
});

Deno.test("quic: probe", () => {
  const table: [string, string][] = [
    ["", "no"],
    ["40" + "00".repeat(20), "no"],
    ["c0 00000001 08 0102030405060708 00 00", "yes"],
    ["c0 00000001 15 " + "00".repeat(40), "no"], // ids have 20 bytes at most
    ["80 00000001 08 0102030405060708 00 00", "no"], // fixed bit
    ["c0 00000002 08 0102030405060708 00 00", "no"],
    ["80 00000000 02 0102 01 03 1a2a3a4a 00000001", "yes"],
    ["80 00000000 02 0102 01 03 12345678", "no"],
    ["80 00000000 02 0102 01 03 0000000100", "no"],
    ["0d 0102030405060708 51303433 01", "yes"],
    ["0d 0102030405060708 51303530 01", "no"], // Q050 has long headers
    ["0d 0102030405060708 41303433 01", "no"],
  ];
  for (const [bytes, verdict] of table) assert.equal(probeDatagram(quic, hex(bytes)), verdict, bytes);
});

Deno.test("quic: damaged anyhow", () => {
  tormentDatagrams(quic, CHROMIUM.map((bytes): Turn => [0, bytes]), 100);
  tormentDatagrams(
    quic,
    [[0, initial({ version: 0x6b3343cf, destination: ID, frames: crypto(0, HELLO) })]],
    100,
  );
  assert.equal(keptBytes.used, 0);
});
