/** Round trips from data and acknowledgements: what counts as one, and what must not. */
import assert from "node:assert/strict";
import { Inspector } from "../../../../capture/inspect/mod.ts";
import type { FlowColumns } from "../../../../model/flow.ts";
import { ethernet, ipv4, TCP, tcp } from "../../../support/packets.ts";
import { batchOf, type Frame, START_US } from "../helpers.ts";

const CLIENT = { src: "10.0.0.1", dst: "10.0.0.2", srcPort: 40_000, dstPort: 80 };
const SERVER = { src: "10.0.0.2", dst: "10.0.0.1", srcPort: 80, dstPort: 40_000 };

/** [milliseconds, C or S, flags, sequence number, acknowledgement, bytes] */
type Segment = [number, "C" | "S", number, number, number, number?];

const HANDSHAKE: Segment[] = [
  [0, "C", TCP.syn, 100, 0],
  [30, "S", TCP.syn | TCP.ack, 500, 101],
  [32, "C", TCP.ack, 101, 501],
];

Deno.test("the handshake tells both ways apart", () => {
  const flow = measured(HANDSHAKE);
  assert.deepEqual([...flow.roundTrips], [1, 1]);
  assert.deepEqual([...flow.rttLeastUs], [30_000, 2_000]);
  assert.deepEqual([...flow.rttMedianUs], [30_000, 2_000]);
});

Deno.test("data and its acknowledgement are a round trip; median and percentile are of the last sixteen", () => {
  const segments = [...HANDSHAKE];
  for (let i = 0; i < 20; i++) {
    const at = 1000 + 1000 * i;
    segments.push([at, "C", TCP.psh | TCP.ack, 101 + 10 * i, 501 + 5 * i, 10]);
    segments.push([at + 20 + i, "S", TCP.psh | TCP.ack, 501 + 5 * i, 111 + 10 * i, 5]);
  }
  const flow = measured(segments);
  assert.equal(flow.roundTrips[0], 21);
  assert.equal(flow.rttLeastUs[0], 20_000);
  assert.equal(flow.rttMedianUs[0], 32_000); // of 24 to 39 ms
  assert.equal(flow.rttP95Us[0], 39_000);
  assert.equal(flow.answers[0], 20);
  assert(Math.abs(flow.answerUs[0] - 33_000) < 3_000, `${flow.answerUs[0]}`);
});

Deno.test("what was sent again is not measured (Karn), but counted in bytes", () => {
  const flow = measured([
    ...HANDSHAKE,
    [1000, "C", TCP.psh | TCP.ack, 101, 501, 10],
    [1300, "C", TCP.psh | TCP.ack, 101, 501, 10],
    [1330, "S", TCP.ack, 501, 111],
  ]);
  assert.equal(flow.roundTrips[0], 1);
  assert.deepEqual([...flow.resentBytes], [10, 0]);
});

Deno.test("a late bare acknowledgement of a lone segment was waited with; one with data was not", () => {
  const bare = measured([
    ...HANDSHAKE,
    [1000, "C", TCP.psh | TCP.ack, 101, 501, 10],
    [1070, "S", TCP.ack, 501, 111],
  ]);
  assert.equal(bare.roundTrips[0], 1);
  const withData = measured([
    ...HANDSHAKE,
    [1000, "C", TCP.psh | TCP.ack, 101, 501, 10],
    [1070, "S", TCP.psh | TCP.ack, 501, 111, 5],
  ]);
  assert.equal(withData.roundTrips[0], 2);
});

Deno.test("one segment is watched at a time: a window full of them is one round trip", () => {
  const segments = [...HANDSHAKE];
  for (let i = 0; i < 10; i++) segments.push([1000 + i, "C", TCP.ack, 101 + 100 * i, 501, 100]);
  segments.push([1031, "S", TCP.ack, 501, 1101]);
  const flow = measured(segments);
  assert.equal(flow.roundTrips[0], 2);
  assert.equal(flow.rttP95Us[0], 31_000);
});

Deno.test("a row used again begins anew", () => {
  const flow = measured([...HANDSHAKE, [40, "C", TCP.rst, 101, 0], ...HANDSHAKE.map(later(1000))]);
  assert.deepEqual([...flow.roundTrips], [1, 1]);
});

function later(ms: number) {
  return ([at, ...rest]: Segment) => [at + ms, ...rest] as Segment;
}

/** The columns of the flow that ended last. */
function measured(segments: Segment[]): FlowColumns {
  let last: FlowColumns | undefined;
  const inspector = new Inspector({
    maxFlows: 16,
    onFlowEnd: (flows) => last = structuredClone(flows),
  });
  inspector.inspect(batchOf(segments.map(frameOf)));
  inspector.finish();
  return last!;
}

function frameOf([ms, who, flags, seq, ack, bytes = 0]: Segment): Frame {
  const ends = who === "C" ? CLIENT : SERVER;
  const segment = tcp({ ...ends, flags, seq, ack }, new Uint8Array(bytes));
  return { bytes: ethernet({}, ipv4(ends, segment)), atUs: START_US + 1000 * ms };
}
