import assert from "node:assert/strict";
import { buildQuery, parseReply, reverseName } from "../../../enrich/names/dns_message.ts";
import { parseAddress } from "../../../model/address.ts";
import { hex } from "../../support/packets.ts";

// Header: id, QR RD RA, one question, answers, authorities, none additional; question example.org, type and class.
const question = (type: string) => `07 6578616d706c65 03 6f7267 00 ${type} 0001`;
const header = (answers: number, authorities = 0, flags = "8180") =>
  `abcd ${flags} 0001 000${answers} 000${authorities} 0000`;

const RECORDS: [string, string, string][] = [
  ["A", "0001 0001 0000012c 0004 5db8d822", "93.184.216.34"],
  ["AAAA", "001c 0001 0000012c 0010 20010db8000000000000000000000001", "2001:db8::1"],
  ["CNAME", "0005 0001 0000012c 0006 03777777 c00c", "www.example.org"],
  ["NS", "0002 0001 0000012c 0005 026e73 c00c", "ns.example.org"],
  ["PTR", "000c 0001 0000012c 0002 c014", "org"],
  ["MX", "000f 0001 0000012c 0009 000a 046d61696c c00c", "10 mail.example.org"],
  ["MX", "000f 0001 0000012c 0003 0000 00", "0 ."],
  [
    "TXT",
    '0010 0001 0000012c 000c 05 61"62'.replace('"', "22") + "5c0a 05 68656c6c6f",
    '"a\\034b\\092\\010" "hello"',
  ],
  [
    "SOA",
    "0006 0001 0000012c 001d 026e73 c00c 0161 c00c 00000001 00000002 00000003 00000004 0000012c",
    "ns.example.org a.example.org 1 2 3 4 300",
  ],
  ["SRV", "0021 0001 0000012c 0009 0001 0002 01bb 0161 00", "1 2 443 a"],
  ["CAA", "0101 0001 0000012c 0010 80 05 6973737565 63612e7465737420 20", '128 issue "ca.test  "'],
  ["TYPE65", "0041 0001 0000012c 0003 000100", "\\# 3 000100"],
];

for (const [type, record, data] of RECORDS) {
  Deno.test(`a record of type ${type} is text: ${data}`, () => {
    const bytes = hex(`${header(1)} ${question(record.slice(0, 4))} c00c ${record}`);
    const reply = parseReply(bytes)!;
    assert.deepEqual(reply.records, [{ name: "example.org", type, ttl: 300, data }]);
    assert.deepEqual([reply.id, reply.rcode, reply.truncated, reply.question.name], [
      0xabcd,
      "NOERROR",
      false,
      "example.org",
    ]);
    for (let cut = 0; cut < bytes.length; cut++) {
      assert.deepEqual(parseReply(bytes.subarray(0, cut))?.records ?? [], [], `cut at ${cut}`);
    }
  });
}

Deno.test("codes, truncation and the time that a no may be kept are told", () => {
  const soa =
    "c00c 0006 0001 00000e10 001d 026e73 c00c 0161 c00c 00000001 00000002 00000003 00000004 0000012c";
  const reply = parseReply(hex(`${header(0, 1, "8183")} ${question("0001")} ${soa}`))!;
  assert.deepEqual([reply.rcode, reply.records, reply.negativeTtl], ["NXDOMAIN", [], 300]);
  assert.equal(parseReply(hex(`${header(0, 0, "8382")} ${question("0001")}`))!.truncated, true);
  assert.equal(parseReply(hex(`${header(0, 0, "8189")} ${question("0001")}`))!.rcode, "RCODE9");
  const badVersion = `abcd 8180 0001 0000 0000 0001 ${question("0001")} 00 0029 04d0 01000000 0000`;
  assert.equal(parseReply(hex(badVersion))!.rcode, "RCODE16");
});

Deno.test("what is no answer is null", () => {
  assert.equal(parseReply(hex(`${header(0, 0, "0100")} ${question("0001")}`)), null, "a question");
  assert.equal(parseReply(hex("abcd 8180 0000 0000 0000 0000")), null, "answers nothing");
  assert.equal(
    parseReply(hex("abcd 8180 0001 0000 0000 0000 c00c 0001 0001")),
    null,
    "a name that is itself",
  );
  assert.equal(parseReply(hex("abcd 8180 0001 0000 0000 0000 c040 0001 0001")), null, "a pointer ahead");
});

Deno.test("damage never throws, never hangs and never makes long text", () => {
  const seeds = RECORDS.map(([, record]) => hex(`${header(1)} ${question("0001")} c00c ${record}`));
  let random = 99;
  const next = (below: number) => (random = (Math.imul(random, 1103515245) + 12345) >>> 0) % below;
  for (let round = 0; round < 20_000; round++) {
    const bytes = seeds[next(seeds.length)].slice();
    for (let i = 0; i < 3; i++) bytes[next(bytes.length)] = next(256);
    for (const { name, data } of parseReply(bytes)?.records ?? []) {
      assert.ok(name.length <= 1_024 && data.length <= 4_096);
    }
  }
});

Deno.test("questions are asked as servers want them", () => {
  const bytes = buildQuery(0xabcd, "example.org", "CAA")!;
  assert.deepEqual(
    bytes,
    hex(`abcd 0100 0001 0000 0000 0001 ${question("0101")} 00 0029 04d0 00000000 0000`),
  );
  for (const name of ["a..b", "x".repeat(64), `${"a.".repeat(130)}b`, "ä.de"]) {
    assert.equal(buildQuery(1, name, "A"), null, name);
  }
});

Deno.test("addresses have names for their PTR records", () => {
  assert.equal(reverseName(parseAddress("192.0.2.7")!), "7.2.0.192.in-addr.arpa");
  assert.equal(
    reverseName(parseAddress("2001:db8::567:89ab")!),
    "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
  );
});
