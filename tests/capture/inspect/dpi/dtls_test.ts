/** DTLS handshakes: cookies, fragments in any order, lost and repeated datagrams; one event each. */
import assert from "node:assert/strict";
import { dtls } from "../../../../capture/inspect/dpi/dtls.ts";
import { keptBytes } from "../../../../capture/inspect/dpi/tls/kept_bytes.ts";
import {
  exchange,
  FlowRecorder,
  hex,
  probeDatagram,
  seeded,
  tormentDatagrams,
  type Turn,
} from "./flow_recorder.ts";
import { dtls10, dtls12, fragmented } from "./tls/datagrams.ts";

// deno-lint-ignore no-explicit-any
type Fields = any;

const CERTIFICATE = {
  subject: "C=DE, O=Netpane tests, CN=shop.example",
  issuerdn: "C=DE, O=Netpane tests, CN=shop.example",
  serial: "0A:1B:2C:3D",
  fingerprint: "ee:68:47:1a:21:35:2c:f9:1a:9c:f9:f5:93:e5:95:cc:ce:e7:31:ce",
  notbefore: "2026-11-22T17:04:11",
  notafter: "2026-12-22T17:04:11",
  subjectaltname: ["shop.example", "*.shop.example", "192.0.2.7", "2001:db8::7"],
};

function onlyEvent(flow: FlowRecorder): { dtls: Fields; netpane: Fields; direction: number } {
  assert.equal(flow.told.length, 1);
  const { type, direction, fields } = flow.told[0];
  assert.equal(type, "dtls");
  const short = { ...fields.dtls as Fields };
  for (const name of ["ja3", "ja3s"]) if (short[name]) short[name] = short[name].hash;
  return { dtls: short, netpane: fields.netpane, direction };
}

/** Fingerprints are those of TShark 4.0 (JA3, JA3S) over the same bytes. */
const CASES: { name: string; turns: Turn[]; dtls: Fields; cipher: string; offered: string }[] = [
  {
    name: "1.2 with a cookie and ALPN",
    turns: dtls12,
    dtls: {
      ...CERTIFICATE,
      sni: "shop.example",
      version: "DTLS 1.2",
      ja3: "096df697a18c538158d6a52abc65a0db",
      ja4: "dd2d2808wc_d943125447b4_e7e480e5a997",
      ja3s: "51e03b04c8c77175b5562a0e94e39f1c",
      client_alpns: ["webrtc"],
    },
    cipher: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    offered: "DTLS 1.2",
  },
  {
    name: "1.2 in small datagrams",
    turns: fragmented,
    dtls: {
      ...CERTIFICATE,
      sni: "shop.example",
      version: "DTLS 1.2",
      ja3: "248a2544f4221c0f02f877e42fe67853",
      ja4: "dd2d280700_d943125447b4_e7e480e5a997",
      ja3s: "51e03b04c8c77175b5562a0e94e39f1c",
    },
    cipher: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    offered: "DTLS 1.2",
  },
  {
    name: "1.0",
    turns: dtls10,
    dtls: {
      ...CERTIFICATE,
      sni: "old.example",
      version: "DTLS 1.0",
      ja3: "398e42dd1dc8b990eb6196ca8a5e47cc",
      ja4: "dd1d230600_44099cda8a52_195413a0cc0f",
      ja3s: "a451b0339630ceb3e246407263b3cc54",
    },
    cipher: "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    offered: "DTLS 1.0",
  },
];

for (const { name, turns, dtls: expected, cipher, offered } of CASES) {
  Deno.test(`dtls: ${name}`, () => {
    const flow = exchange(dtls, turns);
    const event = onlyEvent(flow);
    assert.deepEqual(event.dtls, expected);
    assert.equal(event.netpane.cipher, cipher);
    assert.equal(event.netpane.offered_version, offered);
    assert.deepEqual(flow.serverNames, [expected.sni]);
    assert.ok(flow.isDone);
    assert.equal(keptBytes.used, 0);
  });

  Deno.test(`dtls: ${name}, each datagram twice, and turned round`, () => {
    const twice = turns.flatMap((turn) => [turn, turn]);
    assert.deepEqual(onlyEvent(exchange(dtls, twice)).dtls, expected);
    const turned = exchange(dtls, turns.map(([direction, bytes]): Turn => [1 - direction, bytes]));
    assert.deepEqual(onlyEvent(turned).dtls, expected);
    assert.deepEqual(turned.serverNames, []);
  });

  Deno.test(`dtls: ${name}, damaged anyhow`, () => {
    tormentDatagrams(dtls, turns, 300);
    assert.equal(keptBytes.used, 0);
  });
}

/** A handshake message that fills one record, cut into records of `size` bytes of it. */
function cut(datagram: Uint8Array, size: number): Uint8Array[] {
  const header = datagram.slice(0, 13);
  const message = datagram.subarray(25, 13 + (datagram[11] << 8 | datagram[12]));
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < message.length; at += size) {
    const piece = message.subarray(at, at + size);
    const record = new Uint8Array([...header, ...datagram.subarray(13, 25), ...piece]);
    record.set([(12 + piece.length) >> 8, 12 + piece.length & 255], 11);
    record.set([0, at >> 8, at & 255, 0, piece.length >> 8, piece.length & 255], 19);
    pieces.push(record);
  }
  return pieces;
}

Deno.test("dtls: a hello in fragments of any size and order", () => {
  const expected = onlyEvent(exchange(dtls, dtls12)).dtls;
  const random = seeded(5);
  for (let round = 0; round < 40; round++) {
    const pieces = cut(dtls12[0][1], 1 + random(120));
    for (let i = pieces.length - 1; i > 0; i--) {
      const j = random(i + 1);
      [pieces[i], pieces[j]] = [pieces[j], pieces[i]];
    }
    const turns = [...pieces.map((piece): Turn => [0, piece]), ...dtls12.slice(3)];
    assert.deepEqual(onlyEvent(exchange(dtls, turns)).dtls, expected);
    assert.equal(keptBytes.used, 0);
  }
});

Deno.test("dtls: a hello with a fragment missing names its server apart", () => {
  const { dtls: event, netpane } = onlyEvent(exchange(dtls, [[0, cut(dtls12[0][1], 180)[0]]]));
  assert.equal(event.sni, undefined);
  assert.equal(event.ja3, undefined);
  assert.equal(netpane.partial_sni, "shop.example");
});

Deno.test("dtls: the lost half of a certificate is waited for, then left out", () => {
  const turns = fragmented.filter((_, i) => i !== 4);
  const { dtls: event } = onlyEvent(exchange(dtls, turns));
  assert.equal(event.sni, "shop.example");
  assert.equal(event.fingerprint, undefined);
});

Deno.test("dtls: 1.3 by its supported versions", () => {
  const random = "33".repeat(32);
  const extensions = "002b 0003 02 fefc";
  const body = `fefd ${random} 00 00 0002 1301 01 00 0007 ${extensions}`;
  const length = hex(body).length.toString(16).padStart(6, "0");
  const fragment = `01 ${length} 0000 000000 ${length} ${body}`;
  const record = `16 fefd 0000 000000000000 ${
    hex(fragment).length.toString(16).padStart(4, "0")
  } ${fragment}`;
  const answer = `fefd ${"44".repeat(32)} 00 1301 00 0006 002b 0002 fefc`;
  const answerLength = hex(answer).length.toString(16).padStart(6, "0");
  const reply = `02 ${answerLength} 0000 000000 ${answerLength} ${answer}`;
  const turns: Turn[] = [
    [0, hex(record)],
    [1, hex(`16 fefd 0000 000000000000 ${hex(reply).length.toString(16).padStart(4, "0")} ${reply}`)],
  ];
  const { dtls: event, netpane } = onlyEvent(exchange(dtls, turns));
  assert.equal(event.version, "DTLS 1.3");
  assert.equal(netpane.cipher, "TLS_AES_128_GCM_SHA256");
  assert.match(event.ja4, /^dd3i010100_/);
});

Deno.test("dtls: other protocols on the same flow are stepped over", () => {
  const stun = hex("0001 0000 2112a442 000102030405060708090a0b");
  const rtp = hex("80 60 0001 00000000 00000001 ffffffff");
  const turns = dtls12.flatMap((turn): Turn[] => [[0, stun], turn, [1, rtp]]);
  assert.deepEqual(onlyEvent(exchange(dtls, turns)), onlyEvent(exchange(dtls, dtls12)));
});

Deno.test("dtls: probe", () => {
  for (const [direction, bytes] of [...dtls12, ...dtls10]) {
    assert.equal(probeDatagram(dtls, bytes, direction), "yes");
  }
  const table: [string, string][] = [
    ["", "no"],
    ["16fefd00000000000000000010", "no"],
    ["16fefe0000000000000000000c 010000000000000000000000", "no"],
    ["15fefd00000000000000000002 0228", "yes"],
    ["15fefd00000000000000000002 0928", "no"],
    ["14fefd00000000000000000001 01", "yes"],
    ["17fefd00000000000000000001 01", "no"], // data without keys
    ["17fefd00010000000000000004 01020304", "yes"],
    ["17fefd00010000000000000004 0102030405", "no"], // something follows that is no record
    ["16fefd0000000000000000000c 990000000000000000000000", "no"],
  ];
  for (const [bytes, verdict] of table) assert.equal(probeDatagram(dtls, hex(bytes)), verdict, bytes);
});
