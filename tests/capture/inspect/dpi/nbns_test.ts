import assert from "node:assert/strict";
import { nbnsDatagrams } from "../../../../capture/inspect/dpi/nbns.ts";
import { bytes, message, pointer, question, record, u16 } from "./dns/dns_bytes.ts";
import { exchange, FlowRecorder, latin1, probeDatagram, tormentDatagrams } from "./flow_recorder.ts";

const NB = 32;
const NBSTAT = 33;

/** A NetBIOS name in half-octets, RFC 1001 §14.1. */
function encoded(host: string, suffix: number): number[] {
  const raw = [...latin1(host.padEnd(15)), suffix];
  return [32, ...raw.flatMap((byte) => [0x41 + (byte >> 4), 0x41 + (byte & 15)]), 0];
}

const QUERY = message({ flags: 0x0110, questions: [question(encoded("FILESERVER", 0x20), NB)] });
const REPLY = message({
  flags: 0x8500,
  answers: [record(encoded("FILESERVER", 0x20), NB, [...u16(0x6000), 192, 0, 2, 9], 3600)],
});
const REGISTRATION = message({
  flags: 0x2910,
  questions: [question(encoded("PC-1", 0), NB)],
  additionals: [record(pointer(12), NB, [...u16(0), 192, 0, 2, 10], 300)],
});
const STATUS = message({
  flags: 0x8400,
  answers: [
    record([32, ...latin1("CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), 0], NBSTAT, [
      2,
      ...latin1("PC-1".padEnd(15)),
      0,
      ...u16(0x0400),
      ...latin1("WORKGROUP".padEnd(15)),
      0,
      ...u16(0x8400),
    ], 0),
  ],
});

// deno-lint-ignore no-explicit-any -- events are looked into by name
function told(datagram: Uint8Array): any {
  return exchange(nbnsDatagrams, [[0, datagram]], new FlowRecorder(137, 137)).told[0]?.fields.nbns;
}

Deno.test("a query for a NetBIOS name", () => {
  assert.deepEqual(told(QUERY), {
    type: "query",
    id: 0x1234,
    operation: "query",
    opcode: 0,
    rrname: "FILESERVER<20>",
    rrtype: "NB",
  });
});

Deno.test("an answer tells addresses, and machines are learnt by it", () => {
  const flow = exchange(nbnsDatagrams, [[1, REPLY]]);
  assert.deepEqual(flow.told[0].fields.nbns, {
    type: "answer",
    id: 0x1234,
    operation: "query",
    opcode: 0,
    rcode: "NOERROR",
    rrname: "FILESERVER<20>",
    rrtype: "NB",
    answers: [{ rrname: "FILESERVER<20>", rrtype: "NB", ttl: 3600, rdata: "192.0.2.9" }],
  });
  assert.deepEqual(flow.learnt, [["192.0.2.9", "FILESERVER", 3600]]);
});

Deno.test("a registration points to its question's name; groups are not learnt", () => {
  const flow = exchange(nbnsDatagrams, [[0, REGISTRATION]]);
  // deno-lint-ignore no-explicit-any -- events are looked into by name
  const nbns = flow.told[0].fields.nbns as any;
  assert.deepEqual([nbns.operation, nbns.rrname, nbns.answers[0].rrname], [
    "registration",
    "PC-1<00>",
    "PC-1<00>",
  ]);
  assert.deepEqual(flow.learnt, [["192.0.2.10", "PC-1", 300]]);
  const group = message({
    flags: 0x8500,
    answers: [record(encoded("WORKGROUP", 0), NB, [...u16(0x8000), 192, 0, 2, 9])],
  });
  assert.deepEqual(exchange(nbnsDatagrams, [[1, group]]).learnt, []);
});

Deno.test("a node's status tells its names", () => {
  assert.deepEqual(told(STATUS).answers[0].names, ["PC-1<00>", "WORKGROUP<00>"]);
});

Deno.test("recognised by its names, on its port by their length", () => {
  const odd = bytes(QUERY);
  odd[14] = 0x53; // "S": no half-octet
  assert.equal(probeDatagram(nbnsDatagrams, QUERY), "yes");
  assert.equal(probeDatagram(nbnsDatagrams, QUERY, 0, 40_000, 53), "no");
  assert.equal(probeDatagram(nbnsDatagrams, odd), "no");
  assert.equal(probeDatagram(nbnsDatagrams, odd, 0, 137, 137), "yes");
  assert.equal(told(odd), undefined);
  assert.equal(probeDatagram(nbnsDatagrams, message({ questions: [question("a", 1)] }), 0, 137, 137), "no");
});

Deno.test("damaged NetBIOS names never throw", () => {
  tormentDatagrams(nbnsDatagrams, [[0, QUERY], [1, REPLY], [0, REGISTRATION], [1, STATUS]]);
});
