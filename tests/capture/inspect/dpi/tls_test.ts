/** TLS handshakes in every segmentation, one-sided, turned round, damaged: one event each, and what is in it. */
import assert from "node:assert/strict";
import { beginsClientHello, tls } from "../../../../capture/inspect/dpi/tls.ts";
import { keptBytes } from "../../../../capture/inspect/dpi/tls/kept_bytes.ts";
import { HandshakeStream, MAX_MESSAGE_BYTES } from "../../../../capture/inspect/dpi/tls/handshake_stream.ts";
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
import { distrusted, noname, refused, resumed12, retry13, tls12, tls13 } from "./tls/handshakes.ts";

// deno-lint-ignore no-explicit-any
type Fields = any;

const SELF_SIGNED = {
  subject: "C=DE, O=Netpane tests, CN=shop.example",
  issuerdn: "C=DE, O=Netpane tests, CN=shop.example",
  serial: "0A:1B:2C:3D",
  fingerprint: "ee:68:47:1a:21:35:2c:f9:1a:9c:f9:f5:93:e5:95:cc:ce:e7:31:ce",
  notbefore: "2026-11-22T17:04:11",
  notafter: "2026-12-22T17:04:11",
  subjectaltname: ["shop.example", "*.shop.example", "192.0.2.7", "2001:db8::7"],
};

/** The only event of a flow, with JA3 and JA3S cut to their hashes. */
function onlyEvent(flow: FlowRecorder): { tls: Fields; netpane: Fields; direction: number } {
  assert.equal(flow.told.length, 1);
  const { type, direction, fields } = flow.told[0];
  assert.equal(type, "tls");
  const event = fields.tls as Fields;
  const short = { ...event };
  for (const name of ["ja3", "ja3s"]) if (event[name]) short[name] = event[name].hash;
  return { tls: short, netpane: fields.netpane, direction };
}

/** Fingerprints below are those of TShark 4.0 (JA3, JA3S) over the same bytes. */
const CASES: { name: string; turns: Turn[]; tls: Fields; netpane: Fields; serverNames: string[] }[] = [
  {
    name: "TLS 1.2 with certificate and ALPN",
    turns: tls12,
    tls: {
      ...SELF_SIGNED,
      sni: "shop.example",
      version: "TLS 1.2",
      ja3: "5a1edc7f170af1014fc65c994878e63c",
      ja4: "t13d3111h2_e8f1e7e78f70_1f22a2ca17c4",
      ja3s: "e195432758194ce2d482396b82e0d48e",
      client_alpns: ["h2", "http/1.1"],
      server_alpns: ["h2"],
    },
    netpane: {
      cipher: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
      offered_version: "TLS 1.3",
      self_signed: true,
      certificate_not_yet_valid: true,
    },
    serverNames: ["shop.example"],
  },
  {
    name: "TLS 1.2 resumed",
    turns: resumed12,
    tls: {
      session_resumed: true,
      sni: "shop.example",
      version: "TLS 1.2",
      ja3: "871a754af286dfb70c1b53c6887c62e0",
      ja4: "t12d280700_d943125447b4_e7e480e5a997",
      ja3s: "f14f2862ee2df5d0f63a88b60c8eee56",
    },
    netpane: { cipher: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", offered_version: "TLS 1.2" },
    serverNames: ["shop.example"],
  },
  {
    name: "TLS 1.3",
    turns: tls13,
    tls: {
      sni: "shop.example",
      version: "TLS 1.3",
      ja3: "9dffdb8b608a430b774a2ff7d36c1a0c",
      ja4: "t13d0411h2_16476d049b0b_78f1d400d464",
      ja3s: "15af977ce25de452b96affa2addb1036",
      client_alpns: ["h2"],
    },
    netpane: { cipher: "TLS_AES_256_GCM_SHA384", offered_version: "TLS 1.3" },
    serverNames: ["shop.example"],
  },
  {
    name: "TLS 1.3 with HelloRetryRequest",
    turns: retry13,
    tls: {
      sni: "shop.example",
      version: "TLS 1.3",
      ja3: "b76a0e4d93920eb9a4ff1bb9c8879387",
      ja4: "t13d041000_16476d049b0b_78f1d400d464",
      ja3s: "15af977ce25de452b96affa2addb1036",
    },
    netpane: { cipher: "TLS_AES_256_GCM_SHA384", offered_version: "TLS 1.3", hello_retry: true },
    serverNames: ["shop.example"],
  },
  {
    name: "no server name",
    turns: noname,
    tls: {
      ...SELF_SIGNED,
      version: "TLS 1.2",
      ja3: "fbe7e189e37a07ee33706f86bc746344",
      ja4: "t12i280600_d943125447b4_e7e480e5a997",
      ja3s: "abade5a4a7f42baf54766e5d108283b6",
    },
    netpane: {
      cipher: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
      offered_version: "TLS 1.2",
      self_signed: true,
      certificate_not_yet_valid: true,
    },
    serverNames: [],
  },
  {
    name: "refused by the server",
    turns: refused,
    tls: {
      sni: "old.example",
      version: "UNDETERMINED",
      ja3: "871a754af286dfb70c1b53c6887c62e0",
      ja4: "t12d280700_d943125447b4_e7e480e5a997",
    },
    netpane: {
      offered_version: "TLS 1.2",
      alerts: [{ from: "server", level: "fatal", description: "protocol_version" }],
    },
    serverNames: ["old.example"],
  },
  {
    name: "certificate refused by the client",
    turns: distrusted,
    tls: {
      ...SELF_SIGNED,
      sni: "shop.example",
      version: "TLS 1.2",
      ja3: "871a754af286dfb70c1b53c6887c62e0",
      ja4: "t12d280700_d943125447b4_e7e480e5a997",
      ja3s: "abade5a4a7f42baf54766e5d108283b6",
    },
    netpane: {
      cipher: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
      offered_version: "TLS 1.2",
      self_signed: true,
      certificate_not_yet_valid: true,
      alerts: [{ from: "client", level: "fatal", description: "unknown_ca" }],
    },
    serverNames: ["shop.example"],
  },
];

for (const { name, turns, tls: expected, netpane, serverNames } of CASES) {
  Deno.test(`tls: ${name}`, () => {
    const flow = converse(tls, turns);
    const event = onlyEvent(flow);
    assert.deepEqual(event, { tls: expected, netpane, direction: 0 });
    assert.deepEqual(flow.serverNames, serverNames);
    assert.ok(flow.isDone, "encrypted bytes are not looked at");
    assert.deepEqual(flow.scanned, {});
  });

  Deno.test(`tls: ${name}, in any segmentation`, () => {
    const whole = converse(tls, turns).told;
    for (const size of [1, 2, 3, 5, 7, 100]) {
      assert.deepEqual(converseCut(tls, turns, () => size).told, whole);
    }
    const random = seeded(7);
    for (let i = 0; i < 50; i++) {
      assert.deepEqual(converseCut(tls, turns, () => 1 + random(300)).told, whole);
    }
  });

  Deno.test(`tls: ${name}, damaged anyhow`, () => torment(tls, turns, 300));

  Deno.test(`tls: ${name}, turned round`, () => {
    const flow = converse(tls, turns.map(([direction, bytes]): Turn => [1 - direction, bytes]));
    assert.deepEqual(onlyEvent(flow), { tls: expected, netpane, direction: 1 });
    assert.deepEqual(flow.serverNames, [], "the flow's server is the client here");
  });
}

Deno.test("tls: the client's side alone", () => {
  const { tls: event } = onlyEvent(converse(tls, tls13.filter(([direction]) => direction === 0)));
  assert.equal(event.sni, "shop.example");
  assert.equal(event.version, "UNDETERMINED");
  assert.equal(event.ja4, "t13d0411h2_16476d049b0b_78f1d400d464");
});

Deno.test("tls: the server's side alone gives version, cipher and certificate", () => {
  const { tls: event, netpane, direction } = onlyEvent(
    converse(tls, tls12.filter(([direction]) => direction === 1)),
  );
  assert.equal(direction, 0);
  assert.equal(event.version, "TLS 1.2");
  assert.equal(event.subject, SELF_SIGNED.subject);
  assert.equal(netpane.cipher, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
});

Deno.test("tls: the server's flight seen before the client's hello", () => {
  const [hello, flight, ...rest] = tls12;
  const { tls: event } = onlyEvent(converse(tls, [flight, hello, ...rest]));
  assert.equal(event.sni, "shop.example");
  assert.equal(event.subject, SELF_SIGNED.subject);
});

Deno.test("tls: a hello over many small records", () => {
  const hello = tls13[0][1];
  const content = hello.subarray(5);
  const records: number[] = [];
  for (let at = 0; at < content.length; at += 17) {
    const piece = content.subarray(at, at + 17);
    records.push(22, 3, 1, 0, piece.length, ...piece);
  }
  const split: Turn[] = [[0, Uint8Array.from(records)], ...tls13.slice(1)];
  assert.deepEqual(onlyEvent(converse(tls, split)), onlyEvent(converse(tls, tls13)));
});

Deno.test("tls: a hello that ends in a gap names its server apart", () => {
  const flow = new FlowRecorder();
  const parser = tls.create(flow);
  const hello = tls12[0][1];
  const named = 200; // the name lies before it
  parser.data(0, hello, 0, named);
  parser.gap(0);
  parser.data(1, tls12[1][1], 0, tls12[1][1].length);
  parser.data(0, tls12[2][1], 0, tls12[2][1].length);
  const event = onlyEvent(flow);
  assert.equal(event.tls.sni, undefined);
  assert.equal(event.tls.ja3, undefined);
  assert.equal(event.tls.subject, SELF_SIGNED.subject);
  assert.equal(event.netpane.partial_sni, "shop.example");
  assert.deepEqual(flow.serverNames, ["shop.example"]);
});

Deno.test("tls: two hellos for two servers on one flow are two events", () => {
  const flow = converse(tls, [tls12[0], refused[0]]);
  assert.deepEqual(flow.told.map(({ fields }) => (fields.tls as Fields).sni), [
    "shop.example",
    "old.example",
  ]);
});

Deno.test("tls: a connection joined in the middle tells nothing and is left alone", () => {
  const record = hex("1703030020" + "5a".repeat(32));
  const flow = converse(tls, Array.from({ length: 10 }, (_, i): Turn => [i & 1, record]));
  assert.deepEqual(flow.told, []);
  assert.ok(flow.isDone);
});

Deno.test("tls: an answer in clear text is searched for cards", () => {
  const flow = converse(tls, [tls13[0], [1, latin1("HTTP/1.1 400 Bad Request\r\n\r\n")]]);
  assert.equal(flow.scanned["1/0"], "HTTP/1.1 400 Bad Request\r\n\r\n");
  assert.equal(onlyEvent(flow).tls.sni, "shop.example");
});

Deno.test("tls: a side that begins in the middle of a record finds the next one, and is no text", () => {
  const middle = hex("9f3c".repeat(100));
  const flow = new FlowRecorder();
  const parser = tls.create(flow);
  parser.data(0, tls12[0][1], 0, tls12[0][1].length);
  parser.data(1, middle, 0, middle.length);
  parser.data(1, tls12[1][1], 0, tls12[1][1].length);
  parser.close();
  assert.deepEqual(flow.scanned, {});
  assert.equal(onlyEvent(flow).tls.version, "TLS 1.2");
});

Deno.test("tls: beginsClientHello() needs eleven bytes, and knows one from other records", () => {
  const [, hello] = tls13[0];
  assert.ok(beginsClientHello(hello, 0, hello.length));
  for (let n = 0; n < 11; n++) assert.ok(!beginsClientHello(hello, 0, n));
  assert.ok(!beginsClientHello(tls13[1][1], 0, 100));
  assert.ok(!beginsClientHello(latin1("GET / HTTP/1.1"), 0, 14));
});

Deno.test("tls: TLCP is told by its version", () => {
  const record = hex("16 0101 002d 01 000029 0101" + "21".repeat(32) + "00 0002 e013 01 00");
  assert.equal(probeStream(tls, record), "yes");
  assert.equal(onlyEvent(converse(tls, [[0, record]])).netpane.offered_version, "TLCP");
  assert.equal(probeStream(tls, hex("17 0101 0020")), "no");
});

Deno.test("tls: DNS over TLS by port, DNS over HTTPS by name", () => {
  const dot = converse(tls, noname, new FlowRecorder(40_000, 853));
  assert.equal(onlyEvent(dot).netpane.dns, "dot");
  assert.equal(onlyEvent(converse(tls, noname)).netpane.dns, undefined);
});

Deno.test("tls: SSLv2 hello, and one in its form that offers TLS 1.0", () => {
  const challenge = "11".repeat(16);
  const v2 = hex(`802e 01 0002 0015 0000 0010 010080 020080 030080 040080 060040 0700c0 050080 ${challenge}`);
  const compatible = hex(`801f 01 0301 0006 0000 0010 000005 00000a ${challenge}`);
  assert.equal(probeStream(tls, v2), "yes");
  assert.equal(probeStream(tls, compatible), "yes");
  assert.equal(onlyEvent(converse(tls, [[0, v2]])).netpane.offered_version, "SSLv2");
  const flow = converse(tls, [[0, compatible], noname[1], noname[2]]);
  const event = onlyEvent(flow);
  assert.equal(event.netpane.offered_version, "TLSv1");
  assert.equal(event.tls.version, "TLS 1.2");
  assert.deepEqual(converseCut(tls, [[0, compatible], noname[1], noname[2]], () => 1).told, flow.told);
  const server = hex("8028 04 00 01 0002 000a 0003 0010" + "30".repeat(10) + "010080" + "22".repeat(16));
  const answered = onlyEvent(converse(tls, [[0, v2], [1, server]]));
  assert.equal(answered.tls.version, "SSLv2");
  assert.equal(answered.netpane.deprecated_version, true);
  torment(tls, [[0, v2], [1, server]], 300);
});

Deno.test("tls: probe", () => {
  for (const [direction, bytes] of [...tls12.slice(0, 2), ...refused]) {
    assert.equal(probeStream(tls, bytes, direction), "yes");
    for (let n = 1; n < 5; n++) assert.equal(probeStream(tls, bytes.subarray(0, n), direction), "more");
  }
  const table: [string, string][] = [
    ["", "more"],
    ["16", "more"],
    ["1604", "no"],
    ["16030600ff", "no"],
    ["160303ffff", "no"],
    ["1503030002 0128", "yes"],
    ["1503030002 0528", "no"],
    ["1403030001", "yes"],
    ["1403030002", "no"],
    ["1703030000", "no"],
    ["1703031000", "yes"],
    ["474554202f", "no"],
    ["80ff01", "more"],
    ["80ff010400", "no"],
    ["802e 01 0301 0007 0000 0010", "no"], // cipher specs are three bytes each
  ];
  for (const [bytes, verdict] of table) assert.equal(probeStream(tls, hex(bytes)), verdict, bytes);
});

Deno.test("tls: a message of any claimed length keeps no more than its bound", () => {
  let kept = -1;
  const stream = new HandshakeStream((_type, body, whole) => {
    assert.equal(whole, false);
    kept = body.remaining;
  });
  stream.data(hex("01ffffff"), 0, 4);
  const block = new Uint8Array(16_384);
  for (let i = 0; i < 1024; i++) stream.data(block, 0, block.length);
  assert.equal(kept, MAX_MESSAGE_BYTES);
  assert.equal(keptBytes.used, 0, "nothing is kept of what is over");
});

Deno.test("tls: hellos that never end fill no more than the common ceiling", () => {
  const parsers = Array.from({ length: 2100 }, () => tls.create(new FlowRecorder()));
  const begin = new Uint8Array(16_389);
  begin.set(hex("1603014000" + "01ffffff"));
  for (const parser of parsers) parser.data(0, begin, 0, begin.length);
  assert.ok(keptBytes.used > 30 << 20 && keptBytes.used <= keptBytes.ceiling);
  for (const parser of parsers) parser.close();
  assert.equal(keptBytes.used, 0);
});
