import assert from "node:assert/strict";
import { dnsDatagrams, dnsStream } from "../../../../capture/inspect/dpi/dns.ts";
import {
  bytes,
  message,
  name,
  pointer,
  prefixed,
  question,
  record,
  string,
  u16,
  u32,
} from "./dns/dns_bytes.ts";
import {
  converse,
  converseCut,
  exchange,
  FlowRecorder,
  hex,
  latin1,
  probeDatagram,
  probeStream,
  seeded,
  torment,
  tormentDatagrams,
  type Turn,
} from "./flow_recorder.ts";

const A = 1;
const CNAME = 5;
const TXT = 16;
const AAAA = 28;
const SRV = 33;
const OPT = 41;
const ANSWER = 0x8180;

const QUERY = message({ questions: [question("www.Example.org", A)] });
const REPLY = message({
  flags: ANSWER,
  questions: [question("www.Example.org", A)],
  answers: [
    record(pointer(12), CNAME, [...string("edge"), ...pointer(16)], 60),
    record(pointer(12 + 21 + 12), A, [192, 0, 2, 7], 30),
  ],
});

function onPort(port: number): FlowRecorder {
  return new FlowRecorder(40_000, port);
}

// deno-lint-ignore no-explicit-any -- events are looked into by name
function told(turns: Turn[], port = 53): any[] {
  return exchange(dnsDatagrams, turns, onPort(port)).told.map(({ fields }) => fields);
}

Deno.test("a query and its answer are told as Suricata 7 does, with the time between", () => {
  const flow = onPort(53);
  const parser = dnsDatagrams.create(flow);
  parser.datagram(0, QUERY, 0, QUERY.length, true);
  flow.timeUs += 1500;
  parser.datagram(0, QUERY, 0, QUERY.length, true); // sent again: the first time counts
  flow.timeUs += 1000;
  parser.datagram(1, REPLY, 0, REPLY.length, true);
  const query = { type: "query", id: 0x1234, rrname: "www.Example.org", rrtype: "A", opcode: 0 };
  assert.deepEqual(flow.told, [
    { type: "dns", direction: 0, fields: { dns: { ...query, tx_id: 0 } } },
    { type: "dns", direction: 0, fields: { dns: { ...query, tx_id: 1 } } },
    {
      type: "dns",
      direction: 1,
      fields: {
        dns: {
          version: 2,
          type: "answer",
          id: 0x1234,
          flags: "8180",
          qr: true,
          rd: true,
          ra: true,
          opcode: 0,
          rrname: "www.Example.org",
          rrtype: "A",
          rcode: "NOERROR",
          answers: [
            { rrname: "www.Example.org", rrtype: "CNAME", ttl: 60, rdata: "edge.Example.org" },
            { rrname: "edge.Example.org", rrtype: "A", ttl: 30, rdata: "192.0.2.7" },
          ],
          grouped: { CNAME: ["edge.Example.org"], A: ["192.0.2.7"] },
        },
        netpane: { latency_us: 2500 },
      },
    },
  ]);
  assert.deepEqual(flow.learnt, [["192.0.2.7", "www.Example.org", 30]]);
});

Deno.test("an answer to another question has no latency, nor has one that comes after a minute", () => {
  const flow = onPort(53);
  const parser = dnsDatagrams.create(flow);
  parser.datagram(0, QUERY, 0, QUERY.length, true);
  const other = message({ flags: ANSWER, questions: [question("example.net", A)] });
  parser.datagram(1, other, 0, other.length, true);
  flow.timeUs += 61e6;
  parser.datagram(1, REPLY, 0, REPLY.length, true);
  assert.deepEqual(flow.told.slice(1).map(({ fields }) => fields.netpane), [undefined, undefined]);
});

Deno.test("unanswered questions of a flow are bounded", () => {
  const flow = onPort(53);
  const parser = dnsDatagrams.create(flow);
  for (let id = 0; id < 65; id++) {
    const asked = message({ id, questions: [question("a", A)] });
    parser.datagram(0, asked, 0, asked.length, true);
  }
  for (const [id, expected] of [[0, undefined], [1, { latency_us: 0 }], [64, { latency_us: 0 }]] as const) {
    const reply = message({ id, flags: ANSWER, questions: [question("a", A)] });
    parser.datagram(1, reply, 0, reply.length, true);
    assert.deepEqual(flow.told.at(-1)!.fields.netpane, expected);
  }
});

/** Record type, data, and what is told of it. Names in data point to "example.org" at 12. */
const RDATA: [number, number[], Record<string, unknown>][] = [
  [1, [192, 0, 2, 1], { rrtype: "A", rdata: "192.0.2.1" }],
  [1, [192, 0, 2], { rrtype: "A" }],
  [2, [...string("ns"), ...pointer(12)], { rrtype: "NS", rdata: "ns.example.org" }],
  [6, [...name("ns"), ...name("root"), ...[1, 2, 3, 4, 5].flatMap(u32)], {
    rrtype: "SOA",
    soa: { mname: "ns", rname: "root", serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 },
  }],
  [10, [0, 65, 0xff], { rrtype: "NULL", rdata: "\\x00A\\xff" }],
  [12, pointer(12), { rrtype: "PTR", rdata: "example.org" }],
  [13, [...string("PDP-11"), ...string("UNIX")], { rrtype: "HINFO", rdata: '"PDP-11" "UNIX"' }],
  [15, [...u16(10), ...string("mx"), ...pointer(12)], { rrtype: "MX", rdata: "mx.example.org" }],
  [16, string("v=spf1 -all"), { rrtype: "TXT", rdata: "v=spf1 -all" }],
  [28, [0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 1], { rrtype: "AAAA", rdata: "2001:db8::1" }],
  [33, [...u16(1), ...u16(2), ...u16(5060), ...pointer(12)], {
    rrtype: "SRV",
    srv: { priority: 1, weight: 2, port: 5060, name: "example.org" },
  }],
  [35, [...u16(1), ...u16(2), ...string("s"), ...string("SIP+D2U"), ...string(""), ...pointer(12)], {
    rrtype: "NAPTR",
    rdata: '1 2 "s" "SIP+D2U" "" example.org',
  }],
  [39, pointer(12), { rrtype: "DNAME", rdata: "example.org" }],
  [43, [...u16(60485), 5, 1, 0x2b, 0xb1], { rrtype: "DS", rdata: "60485 5 1 2bb1" }],
  [44, [4, 2, 0x12, 0x34], { rrtype: "SSHFP", sshfp: { fingerprint: "12:34", algo: 4, type: 2 } }],
  [46, [...u16(1), 8, 2, ...u32(60), ...u32(20), ...u32(10), ...u16(7), ...pointer(12), 1, 2, 3], {
    rrtype: "RRSIG",
    rdata: "A 8 2 60 20 10 7 example.org AQID",
  }],
  [47, [...name("b"), 0, 2, 0x40, 0x01], { rrtype: "NSEC", rdata: "b A MX" }],
  [48, [...u16(257), 3, 8, 1, 2, 3], { rrtype: "DNSKEY", rdata: "257 3 8 AQID" }],
  [50, [1, 0, ...u16(10), 1, 0xab, 2, 0xcd, 0xef, 0, 1, 0x40], {
    rrtype: "NSEC3",
    rdata: "1 0 10 ab cdef A",
  }],
  [52, [3, 1, 1, 0xaa], { rrtype: "TLSA", rdata: "3 1 1 aa" }],
  [65, [
    ...u16(1),
    0,
    ...u16(1),
    ...u16(6),
    ...string("h2"),
    ...string("h3"),
    ...u16(3),
    ...u16(2),
    ...u16(8443),
  ], {
    rrtype: "HTTPS",
    rdata: "1 . alpn=h2,h3 port=8443",
  }],
  [64, [...u16(2), ...name("svc"), ...u16(4), ...u16(4), 192, 0, 2, 9, ...u16(2), ...u16(0)], {
    rrtype: "SVCB",
    rdata: "2 svc ipv4hint=192.0.2.9 no-default-alpn",
  }],
  [256, [...u16(1), ...u16(2), 0x66, 0x3a], { rrtype: "URI", rdata: '1 2 "f:"' }],
  [257, [0, ...string("issue"), ...latin1("ca.example")], { rrtype: "CAA", rdata: '0 issue "ca.example"' }],
  [1234, [1, 2], { rrtype: "TYPE1234", rdata: "\\# 2 0102" }],
];

for (const [type, data, expected] of RDATA) {
  Deno.test(`record data of ${expected.rrtype} (${data.length} bytes)`, () => {
    const [{ dns }] = told([[
      1,
      message({
        flags: ANSWER,
        questions: [question("example.org", type)],
        answers: [record(pointer(12), type, data)],
      }),
    ]]);
    assert.deepEqual(dns.answers, [{ rrname: "example.org", ttl: 300, ...expected }]);
  });
}

Deno.test("each string of a TXT record is an answer, as Suricata has it", () => {
  const [{ dns }] = told([[
    1,
    message({
      flags: ANSWER,
      questions: [question("a", TXT)],
      answers: [record(pointer(12), TXT, [...string("one"), ...string("two")])],
    }),
  ]]);
  assert.deepEqual(dns.grouped, { TXT: ["one", "two"] });
});

/** Labels as sent, and the name that is told. */
const NAMES: [string, number[], string][] = [
  ["root", [0], ""],
  ["case is kept", name("WwW.eXample"), "WwW.eXample"],
  ["valid UTF-8 stays", name("b\xc3\xbccher"), "bücher"],
  ["other bytes are escaped", name("a\xff\x00b.c"), "a\\xff\\x00b.c"],
  ["control characters are escaped in UTF-8 too", name("\x1b[31m\xc3\xbc\x7f"), "\\x1b[31mü\\x7f"],
  ["overlong UTF-8 is none", name("\xc0\xaf"), "\\xc0\\xaf"],
  ["surrogates are none", name("\xed\xa0\x80"), "\\xed\\xa0\\x80"],
  ["a bit string", [0x41, 12, 0xab, 0xc0, ...name("org")], "\\[xabc0/12].org"],
  ["a label of unknown type", [...string("a"), 0x55], "<Unknown extended label>"],
  ["card numbers are masked", name("4111-1111-1111-1111.example"), "xxxx-xxxx-xxxx-1111.example"],
  [
    "reverse names are no card numbers",
    name("4.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.ip6.arpa"),
    "4.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.ip6.arpa",
  ],
];
for (const [what, labels, expected] of NAMES) {
  Deno.test(`names: ${what}`, () => {
    const [{ dns }] = told([[0, message({ questions: [question(labels, A)] })]]);
    assert.equal(dns.rrname, expected);
  });
}

Deno.test("pointers forward, to themselves, and in a circle end the name", () => {
  for (const labels of [pointer(12), pointer(60), pointer(14), [...string("a"), ...pointer(12)]]) {
    assert.deepEqual(told([[0, message({ questions: [question(labels, A)] })]]), []);
  }
});

Deno.test("a message cut short gives the questions that were there, on DNS's ports only", () => {
  const whole = message({ questions: [question("a.b", A), question("c.d", AAAA)] });
  const cut = whole.subarray(0, whole.length - 1);
  assert.deepEqual(told([[0, cut]]).map(({ dns }) => dns.rrname), ["a.b"]);
  assert.equal(probeDatagram(dnsDatagrams, cut, 0, 40_000, 53), "yes");
  assert.equal(probeDatagram(dnsDatagrams, cut, 0, 40_000, 5300), "no");
});

Deno.test("one query event for each question", () => {
  const whole = message({ questions: [question("a", A), question("a", AAAA), question("b", 65, 3)] });
  const events = told([[0, whole]]);
  assert.deepEqual(events.map(({ dns }) => [dns.rrname, dns.rrtype, dns.tx_id]), [
    ["a", "A", 0],
    ["a", "AAAA", 0],
    ["b", "HTTPS", 0],
  ]);
  assert.deepEqual(events[2].netpane, { class: "CH" });
});

Deno.test("EDNS: payload size, DO, NSID, client subnet, extended error and extended code", () => {
  const options = [
    ...u16(3),
    ...u16(2),
    0x6e,
    0x73,
    ...u16(8),
    ...u16(7),
    0,
    1,
    24,
    0,
    192,
    0,
    2,
    ...u16(15),
    ...u16(4),
    0,
    18,
    0x68,
    0x69,
    ...u16(10),
    ...u16(0),
  ];
  const [{ dns, netpane }] = told([[
    1,
    message({
      flags: ANSWER,
      questions: [question("a", A)],
      additionals: [record("", OPT, options, 0x01_00_80_00, 1232)],
    }),
  ]]);
  assert.equal(dns.rcode, "BADVERS");
  assert.deepEqual(netpane.edns, {
    version: 0,
    udp_payload: 1232,
    do: true,
    nsid: "ns",
    client_subnet: "192.0.2.0/24",
    extended_error: { code: 18, text: "hi" },
    options: [10],
  });
});

Deno.test("a dynamic update tells its zone as question and what it changes", () => {
  const [{ dns, netpane }] = told([[
    0,
    message({
      flags: 5 << 11,
      questions: [question("example.org", 6)],
      authorities: [record("pc.example.org", A, [192, 0, 2, 8]), record("old.example.org", 255, [], 0, 255)],
    }),
  ]]);
  assert.deepEqual([dns.opcode, dns.rrname, dns.rrtype], [5, "example.org", "SOA"]);
  assert.deepEqual(netpane.updates, [
    { rrname: "pc.example.org", rrtype: "A", ttl: 300, rdata: "192.0.2.8" },
    { rrname: "old.example.org", rrtype: "ANY", ttl: 0 },
  ]);
});

Deno.test("negative answers tell their code and the authority", () => {
  const [{ dns }] = told([[
    1,
    message({
      flags: 0x8583,
      questions: [question("no.example", A)],
      authorities: [record("example", 2, name("ns"))],
    }),
  ]]);
  assert.deepEqual([dns.rcode, dns.aa, dns.flags, dns.answers], ["NXDOMAIN", true, "8583", undefined]);
  assert.deepEqual(dns.authorities, [{ rrname: "example", rrtype: "NS", ttl: 300, rdata: "ns" }]);
});

Deno.test("multicast DNS is told as mdns; hosts are learnt by their own names, additional ones too", () => {
  const service = "_ipp._tcp.local";
  const flow = exchange(dnsDatagrams, [
    [0, message({ id: 0, flags: 0, questions: [question(service, 12, 0x8001)] })],
    [
      1,
      message({
        id: 0,
        flags: 0x8400,
        answers: [record(service, 12, name("Office._ipp._tcp.local"))],
        additionals: [
          record("Office._ipp._tcp.local", SRV, [
            ...u16(0),
            ...u16(0),
            ...u16(631),
            ...name("printer.local"),
          ]),
          record("printer.local", A, [192, 0, 2, 5], 120, 0x8001),
        ],
      }),
    ],
  ], onPort(5353));
  assert.deepEqual(flow.names, ["mdns"]);
  // deno-lint-ignore no-explicit-any -- events are looked into by name
  const [query, answer] = flow.told as any[];
  assert.deepEqual([query.type, query.fields.mdns.rrname, query.fields.netpane], [
    "mdns",
    service,
    undefined,
  ]);
  assert.equal(answer.fields.mdns.answers[0].rdata, "Office._ipp._tcp.local");
  assert.equal(answer.fields.netpane.additionals.length, 2);
  assert.deepEqual(flow.learnt, [["192.0.2.5", "printer.local", 120]]);
});

Deno.test("LLMNR is told as llmnr", () => {
  const flow = exchange(
    dnsDatagrams,
    [[0, message({ flags: 0, questions: [question("wpad", A)] })]],
    onPort(5355),
  );
  assert.deepEqual([flow.names, flow.told[0].type, Object.keys(flow.told[0].fields)], [["llmnr"], "llmnr", [
    "llmnr",
  ]]);
});

Deno.test("datagrams are recognised by their bytes", () => {
  const netbios = message({ flags: 0x0110, questions: [question("CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 33)] });
  const cases: [string, Uint8Array, number, string][] = [
    ["query", QUERY, 5300, "yes"],
    ["answer", REPLY, 5300, "yes"],
    ["bytes behind", bytes(QUERY, [0]), 5300, "no"],
    ["bytes behind, on 53", bytes(QUERY, [0]), 53, "yes"],
    ["unknown type", message({ questions: [question("a", 6000)] }), 5300, "no"],
    ["reserved bit", message({ flags: 0x0140, questions: [question("a", A)] }), 5300, "no"],
    ["NetBIOS", netbios, 137, "no"],
    ["STUN", hex("0001 0000 2112a442 0102030405060708090a0b0c"), 5300, "no"],
    ["text on 53", latin1("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 53, "no"],
    ["nothing", new Uint8Array(0), 53, "no"],
  ];
  for (const [what, datagram, port, expected] of cases) {
    assert.equal(probeDatagram(dnsDatagrams, datagram, 0, 40_000, port), expected, what);
  }
});

Deno.test("streams are recognised by their bytes", () => {
  const whole = prefixed(QUERY);
  for (const port of [53, 5300]) {
    for (let length = 0; length < whole.length; length++) {
      const verdict = probeStream(dnsStream, whole.subarray(0, length), 0, port);
      assert.equal(verdict, length < 14 || port !== 53 ? "more" : "yes", `${length} bytes, port ${port}`);
    }
    assert.equal(probeStream(dnsStream, whole, 0, port), "yes");
  }
  for (
    const text of [
      "GET / HTTP/1.1\r\n",
      "SSH-2.0-OpenSSH_9.6\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abc",
    ]
  ) {
    assert.equal(probeStream(dnsStream, latin1(text), 0, 53), "no", text);
  }
});

const TURNS: Turn[] = [
  [0, bytes(prefixed(QUERY), prefixed(message({ id: 2, questions: [question("example.net", AAAA)] })))],
  [
    1,
    bytes(
      prefixed(REPLY),
      prefixed(message({ id: 2, flags: 0x8183, questions: [question("example.net", AAAA)] })),
    ),
  ],
];

Deno.test("messages over TCP: the same whatever the segments", () => {
  const whole = converse(dnsStream, TURNS, onPort(53));
  // deno-lint-ignore no-explicit-any -- events are looked into by name
  assert.deepEqual(whole.told.map(({ fields }) => (fields as any).dns.type), [
    "query",
    "query",
    "answer",
    "answer",
  ]);
  const random = seeded(5);
  for (const cut of [() => 1, () => 2, () => 3, ...Array(200).fill(() => 1 + random(40))]) {
    const flow = converseCut(dnsStream, TURNS, cut, onPort(53));
    assert.deepEqual(flow.told, whole.told);
    assert.deepEqual(flow.scanned, whole.scanned);
  }
});

Deno.test("a long message over TCP is read as far as it is kept, and the next one whole", () => {
  const records = Array.from({ length: 100 }, () => record(pointer(12), TXT, string("x".repeat(200))));
  const long = message({ flags: ANSWER, questions: [question("a", TXT)], answers: records });
  const turns: Turn[] = [[1, bytes(prefixed(long), prefixed(REPLY))]];
  const [first, next] = converseCut(dnsStream, turns, () => 1460, onPort(53)).told;
  // deno-lint-ignore no-explicit-any -- events are looked into by name
  const { dns, netpane } = first.fields as any;
  assert.ok(dns.answers.length > 30 && dns.answers.length < 100);
  assert.deepEqual(netpane, { incomplete: true });
  // deno-lint-ignore no-explicit-any -- events are looked into by name
  assert.equal((next.fields as any).dns.answers.length, 2);
});

Deno.test("after a gap every message that begins later is told, wherever the gap was", () => {
  const messages = Array.from(
    { length: 12 },
    (_, id) => prefixed(message({ id, questions: [question(`host${id}.example.org`, A)] })),
  );
  const whole = bytes(...messages);
  const random = seeded(9);
  for (let round = 0; round < 300; round++) {
    const from = 1 + random(whole.length - 1);
    const to = from + 1 + random(200);
    const flow = onPort(53);
    const parser = dnsStream.create(flow);
    parser.data(0, whole, 0, from);
    parser.gap(0);
    const cut = 1 + random(300);
    for (let at = to; at < whole.length; at += cut) {
      parser.data(0, whole, at, Math.min(whole.length, at + cut));
    }
    // deno-lint-ignore no-explicit-any -- events are looked into by name
    const ids = new Set(flow.told.map(({ fields }) => (fields as any).dns.id));
    let start = 0;
    for (const [id, { length }] of messages.entries()) {
      if (start >= to || start + length <= from) {
        assert.ok(ids.has(id), `${id} with a gap from ${from} to ${to}`);
      }
      start += length;
    }
  }
});

Deno.test("64 KiB of pointers are read as far as the ceilings, in one event", () => {
  const pointers = Array.from({ length: 30_000 }, (_, i) => pointer(Math.max(12, 10 + 2 * i))).flat();
  const bomb = bytes(message({ flags: ANSWER, questions: [[...name("a"), ...u16(A), ...u16(1)]] }), pointers);
  bomb.set(u16(5000), 6); // answers
  const flow = converse(dnsStream, [[1, prefixed(bomb)]], onPort(53));
  assert.equal(flow.told.length, 1);
});

Deno.test("an event of a full message stays below the feed's 64 KiB", () => {
  const records = Array.from({ length: 128 }, () => record(pointer(12), TXT, string("x".repeat(255))));
  const full = message({ flags: ANSWER, questions: [question("a".repeat(63), TXT)], answers: records });
  const [fields] = told([[1, full]]);
  assert.ok(JSON.stringify(fields).length < 65_536);
});

Deno.test("damaged DNS never throws", () => {
  tormentDatagrams(dnsDatagrams, [[0, QUERY], [1, REPLY]]);
  for (const [type, data] of RDATA) {
    tormentDatagrams(
      dnsDatagrams,
      [[
        1,
        message({
          flags: ANSWER,
          questions: [question("example.org", type)],
          answers: [record(pointer(12), type, data)],
        }),
      ]],
      200,
      type,
    );
  }
  torment(dnsStream, TURNS);
});
