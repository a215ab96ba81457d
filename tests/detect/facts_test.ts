/** What the inspector tells the detector of packets, and that it does not depend on how they came in. */
import assert from "node:assert/strict";
import { Inspector } from "../../capture/inspect/mod.ts";
import { FlowFact } from "../../detect/flow_fact.ts";
import { FactKind, FlowStep, LAND } from "../../model/facts.ts";
import { batchOf } from "../capture/inspect/helpers.ts";
import { FINGERPRINT_KEY } from "../support/inspected.ts";
import { PROTOCOL, TCP, tcp } from "../support/packets.ts";
import { Traffic } from "../support/traffic.ts";

const [A, B] = ["10.0.0.1", "10.0.0.2"];
const WORDS = Object.entries(FlowStep);

Deno.test("a conversation is told by its steps", () => {
  assert.deepEqual(factsOf(new Traffic().tcp({ client: A, server: B, port: 80, turns: ["x", "y"] })), [
    "10.0.0.1 > 10.0.0.2:80 began",
    "10.0.0.1 > 10.0.0.2:80 answered",
    "10.0.0.1 > 10.0.0.2:80 established",
    "10.0.0.1 > 10.0.0.2:80 ended",
  ]);
});

Deno.test("a refusal is told with the answer", () => {
  assert.deepEqual(factsOf(new Traffic().tcp({ client: A, server: B, port: 81, outcome: "refused" })), [
    "10.0.0.1 > 10.0.0.2:81 began",
    "10.0.0.1 > 10.0.0.2:81 answered reset",
    "10.0.0.1 > 10.0.0.2:81 ended",
  ]);
});

Deno.test("odd flags are told for each segment, with the flags", () => {
  const traffic = new Traffic();
  for (const flags of [0, TCP.fin, TCP.syn | TCP.fin, 0x29, TCP.syn | TCP.rst]) {
    traffic.tcp({ client: A, server: B, port: 82, clientPort: 5, flags, outcome: "silent" });
  }
  assert.deepEqual(factsOf(traffic).filter((fact) => fact.includes("oddFlags")), [
    "10.0.0.1 > 10.0.0.2:82 began oddFlags 0",
    "10.0.0.1 > 10.0.0.2:82 oddFlags 1",
    "10.0.0.1 > 10.0.0.2:82 oddFlags 3",
    "10.0.0.1 > 10.0.0.2:82 oddFlags 41",
    "10.0.0.1 > 10.0.0.2:82 reset oddFlags 6",
  ]);
});

Deno.test("a SYN to itself is told as such", () => {
  const traffic = new Traffic();
  traffic.ip(A, A, PROTOCOL.tcp, tcp({ src: A, dst: A, srcPort: 80, dstPort: 80, flags: TCP.syn }));
  assert.deepEqual(factsOf(traffic)[0], `10.0.0.1 > 10.0.0.1:80 began oddFlags ${LAND}`);
});

Deno.test("an ICMP error is told by the packet it quotes", () => {
  const v4 = new Traffic().udp({ client: A, server: B, port: 161, answer: "unreachable" });
  assert(factsOf(v4).includes("icmpError 10.0.0.1 > 10.0.0.2:161 value 771"));
  const v6 = new Traffic().udp({ client: "fd00::1", server: "fd00::2", port: 161, answer: "unreachable" });
  assert(factsOf(v6).includes("icmpError fd00::1 > fd00::2:161 value 260"));
});

Deno.test("ARP is told with operation and sender's MAC", () => {
  const traffic = new Traffic()
    .arp({ sender: A, senderMac: "0200000000a1", target: B })
    .arp({ sender: B, senderMac: "0200000000b2", target: A, targetMac: "0200000000a1" });
  assert.deepEqual(factsOf(traffic), [
    "arp 1 10.0.0.1 > 10.0.0.2 value 2199023255713",
    "arp 2 10.0.0.2 > 10.0.0.1 value 2199023255730",
  ]);
});

Deno.test("a long conversation is told of as it goes on, but not for each packet", () => {
  const facts = factsOf(
    new Traffic().tcp({ client: A, server: B, port: 80, turns: [2_000_000], stepS: 0.01 }),
  );
  const progress = facts.filter((fact) => fact.endsWith("progress")).length;
  assert(progress >= 10 && progress <= 31, `${progress} of 1429 segments within 14.3 s`);
});

Deno.test("what a client says after silence is told, and what a server says is not", () => {
  assert.deepEqual(
    factsOf(
      new Traffic().tcp({ client: A, server: B, port: 80, stepS: 5, turns: [9, 9, 9, 9], keepOpen: true }),
    ),
    [
      "10.0.0.1 > 10.0.0.2:80 began",
      "10.0.0.1 > 10.0.0.2:80 answered",
      "10.0.0.1 > 10.0.0.2:80 established",
      "10.0.0.1 > 10.0.0.2:80 spoke",
      "10.0.0.1 > 10.0.0.2:80 spoke",
      "10.0.0.1 > 10.0.0.2:80 progress",
      "10.0.0.1 > 10.0.0.2:80 ended",
    ],
  );
  const quick = factsOf(new Traffic().tcp({ client: A, server: B, port: 80, stepS: 1, turns: [9, 9, 9, 9] }));
  assert(!quick.some((fact) => fact.includes("spoke")));
});

Deno.test("facts are the same however packets are cut into batches", () => {
  const traffic = new Traffic();
  for (let port = 1; port < 400; port++) traffic.tcp({ client: A, server: B, port, outcome: "refused" });
  traffic.dns({ client: A, name: "a.example", rdata: [10, 0, 0, 2] });
  assert.deepEqual(factsOf(traffic, 1), factsOf(traffic, 1000));
});

function factsOf(traffic: Traffic, framesABatch = 7): string[] {
  const facts: string[] = [];
  const fact = new FlowFact();
  const inspector = new Inspector({
    maxFlows: 1024,
    payload: { fingerprintKey: FINGERPRINT_KEY, tell: () => {} },
    facts: (batch) => {
      for (let row = 0; row < batch.rows; row++) {
        fact.lay(batch, row);
        if (fact.kind === FactKind.time) continue;
        if (fact.kind === FactKind.observation) facts.push(batch.observations[row]!.type);
        else facts.push(wordsOf(fact));
      }
    },
  });
  for (let at = 0; at < traffic.frames.length; at += framesABatch) {
    inspector.inspect(batchOf(traffic.frames.slice(at, at + framesABatch)));
    inspector.flushFacts();
  }
  inspector.finish();
  return facts;
}

function wordsOf(fact: FlowFact): string {
  const { client, server, serverPort, value, steps } = fact;
  if (fact.kind === FactKind.arp) return `arp ${steps} ${client} > ${server} value ${value}`;
  if (fact.kind === FactKind.icmpError) return `icmpError ${client} > ${server}:${serverPort} value ${value}`;
  const words = WORDS.filter(([, bit]) => (steps & bit) !== 0).map(([word]) => word);
  if ((steps & FlowStep.oddFlags) !== 0) words.push(`${value}`);
  return `${client} > ${server}:${serverPort} ${words.join(" ")}`;
}
