/**
 * What a DNS message costs, ordinary and hostile: `deno bench -A --no-check bench/dns.ts`.
 *
 * The hostile ones fill the 64 KiB that TCP allows with what is dearest to read: chains of pointers, long names,
 * many records. None may cost more than a millisecond.
 */
import { dnsDatagrams, dnsStream } from "../capture/inspect/dpi/dns.ts";
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
} from "../tests/capture/inspect/dpi/dns/dns_bytes.ts";
import { FlowRecorder } from "../tests/capture/inspect/dpi/flow_recorder.ts";

const A = 1;
const ANSWER = 0x8180;

const QUERY = message({
  questions: [question("www.example.org", A)],
  additionals: [record("", 41, [], 0, 1232)],
});
const REPLY = message({
  flags: ANSWER,
  questions: [question("www.example.org", A)],
  answers: [
    record(pointer(12), 5, [...string("edge"), ...pointer(16)]),
    ...[1, 2, 3, 4].map((last) => record(pointer(33 + 12), A, [192, 0, 2, last])),
  ],
});

class Silent extends FlowRecorder {
  override tell(): void {}
  override scan(): void {}
  override learnName(): void {}
}

const flow = new Silent(40_000, 53);
const datagrams = dnsDatagrams.create(flow);
Deno.bench(
  "query",
  { group: "ordinary", baseline: true },
  () => datagrams.datagram(0, QUERY, 0, QUERY.length, true),
);
Deno.bench(
  "answer, five records",
  { group: "ordinary" },
  () => datagrams.datagram(1, REPLY, 0, REPLY.length, true),
);
Deno.bench("a flow of both", { group: "ordinary" }, () => {
  const parser = dnsDatagrams.create(flow);
  parser.datagram(0, QUERY, 0, QUERY.length, true);
  parser.datagram(1, REPLY, 0, REPLY.length, true);
});

/** Pads a message to the most that TCP takes, with its answer count as given. */
function filled(head: Uint8Array, answers: number, filler: number[]): Uint8Array<ArrayBuffer> {
  const room = 65_535 - head.length;
  const body = Array.from({ length: Math.floor(room / filler.length) }, () => filler).flat();
  const whole = bytes(head, body);
  whole.set(u16(answers), 6);
  return prefixed(whole);
}

const asked = message({ flags: ANSWER, questions: [question("a", A)] });
/** Each pointer leads to the one before it; names begin at the last two in turn, so that none is known already. */
function pointerChains(): Uint8Array<ArrayBuffer> {
  const data = asked.length + record("", 1000, []).length;
  const chain = Array.from({ length: 30 }, (_, i) => pointer(i === 0 ? 12 : data + 2 * (i - 1))).flat();
  const first = record("", 1000, chain);
  const ends = [data + chain.length - 2, data + chain.length - 4];
  const others = Array.from({ length: 5000 }, (_, i) => record(pointer(ends[i % 2]), 1000, [])).flat();
  const whole = bytes(asked, first, others.slice(0, 65_000));
  whole.set(u16(5000), 6);
  return prefixed(whole);
}
const longName = name(Array.from({ length: 7 }, () => "x".repeat(63)).join("."));
const digitName = name(Array.from({ length: 29 }, () => "4111111111111111").join("."));
const HOSTILE: [string, Uint8Array<ArrayBuffer>][] = [
  ["chains of pointers", pointerChains()],
  ["pointers only", filled(asked, 65_535, pointer(12))],
  ["smallest records", filled(asked, 65_535, record("", 1000, []))],
  ["long names", filled(asked, 65_535, record(longName, 1000, []))],
  ["names like card numbers", filled(asked, 65_535, record(digitName, 1000, []))],
  ["names of odd bytes", filled(asked, 65_535, record("\xff".repeat(63), 10, Array(1000).fill(0xff)))],
  [
    "64 KiB of text",
    filled(asked, 65_535, record("", 16, Array.from({ length: 250 }, () => string("x")).flat())),
  ],
];
for (const [what, whole] of HOSTILE) {
  const stream = dnsStream.create(flow);
  Deno.bench(what, { group: "hostile, 64 KiB over TCP" }, () => stream.data(1, whole, 0, whole.length));
}
const few = bytes(...Array.from({ length: 2000 }, () => prefixed(message({ questions: [question("", A)] }))));
const stream = dnsStream.create(flow);
Deno.bench(
  "2000 smallest queries",
  { group: "hostile, 64 KiB over TCP" },
  () => stream.data(0, few, 0, few.length),
);
