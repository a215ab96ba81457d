import assert from "node:assert/strict";
import { TRAFFIC_KINDS, UNDECODED_REASONS } from "../../../model/inspection.ts";
import { PACKET_CASES } from "./packet_cases.ts";
import { batchOf, createRandom, describe, type Flow, hex, watch } from "./helpers.ts";

for (const { name, linkType, hex: text, flows, kind, undecoded } of PACKET_CASES) {
  Deno.test(`decode: ${name}`, () => {
    const { inspector, ended } = watch();
    inspector.inspect(batchOf([{ bytes: hex(text) }], linkType));
    inspector.finish();
    const counters = inspector.counters();
    assert.deepEqual(inOrder(ended), flows);
    assert.deepEqual(TRAFFIC_KINDS.filter((k) => counters.traffic[k].packets > 0), [kind]);
    assert.deepEqual(
      UNDECODED_REASONS.filter((r) => counters.undecoded[r] > 0),
      undecoded ? [undecoded] : [],
    );
    assert.equal(counters.packets, 1);
    assert.equal(counters.wireBytes, text.length / 2);
  });
}

Deno.test("decode: outer flows count the frame, inner ones their IP packet", () => {
  const vxlan = PACKET_CASES.find((c) => c.name === "VXLAN")!;
  const { inspector, ended } = watch();
  inspector.inspect(batchOf([{ bytes: hex(vxlan.hex) }]));
  inspector.finish();
  const [outer, inner] = ended.toSorted((a, b) => a.id - b.id);
  assert.equal(outer.bytes[0], vxlan.hex.length / 2);
  assert.equal(inner.bytes[0], 20 + 8 + 5);
  assert.equal(inspector.counters().ipBytes, vxlan.hex.length / 2 - 14);
  assert.equal(inspector.counters().ipPackets, 1);
});

Deno.test("decode: a snapped packet counts what was sent", () => {
  const udp = hex(PACKET_CASES[0].hex);
  const { inspector, ended } = watch();
  inspector.inspect(batchOf([{ bytes: udp.subarray(0, 14 + 20 + 8), wireLength: udp.length }]));
  inspector.finish();
  assert.equal(ended[0].payloadBytes[0], 5);
  assert.equal(ended[0].bytes[0], udp.length);
  assert.equal(inspector.counters().snappedPackets, 1);
  assert.equal(inspector.counters().capturedBytes, 42);
});

Deno.test("decode: truncation at every byte never throws, and names no flow that is not there", () => {
  for (const { name, linkType, hex: text, flows } of PACKET_CASES) {
    const whole = hex(text);
    for (let length = 0; length < whole.length; length++) {
      for (const wireLength of [length, whole.length]) {
        const { inspector, ended } = watch({ maxFlows: 64 });
        inspector.inspect(batchOf([{ bytes: whole.slice(0, length), wireLength }], linkType));
        inspector.finish();
        const counters = inspector.counters();
        assert.equal(counters.packets, 1);
        for (const flow of ended) {
          assert.ok(
            flows.map(withoutPayload).includes(withoutPayload(describe(flow))),
            `${name} cut at ${length}`,
          );
        }
        const all = Object.values(counters.traffic).reduce((sum, t) => sum + t.packets, 0);
        assert.equal(all, 1);
      }
    }
  }
});

Deno.test("decode: seeded bit flips never throw nor loop, and every packet is counted once", () => {
  const random = createRandom(20231105);
  const { inspector } = watch({ maxFlows: 1000 });
  let packets = 0;
  for (let round = 0; round < 300; round++) {
    for (const { linkType, hex: text } of PACKET_CASES) {
      const bytes = hex(text);
      const flips = 1 + Math.floor(random() * 6);
      for (let i = 0; i < flips; i++) {
        bytes[Math.floor(random() * bytes.length)] ^= 1 << Math.floor(random() * 8);
      }
      inspector.inspect(batchOf([{ bytes, wireLength: Math.floor(random() * 2 * bytes.length) }], linkType));
      packets++;
    }
  }
  inspector.finish();
  const counters = inspector.counters();
  assert.equal(counters.packets, packets);
  assert.equal(Object.values(counters.traffic).reduce((sum, t) => sum + t.packets, 0), packets);
  assert.equal(
    counters.bytesIn + counters.bytesOut + counters.bytesLocal + counters.bytesOther,
    counters.wireBytes,
  );
  assert.equal(counters.flows.active, 0);
});

// deno-fmt-ignore
const LINK_TYPES = [
  0, 1, 9, 12, 14, 50, 51, 101, 104, 105, 108, 109, 113, 117, 127, 192, 228, 229, 239, 258, 276, /* unknown */ 147,
];

Deno.test("decode: random bytes as every link type", () => {
  const random = createRandom(7);
  for (const linkType of LINK_TYPES) {
    const { inspector } = watch({ maxFlows: 100 });
    for (let i = 0; i < 500; i++) {
      const bytes = Uint8Array.from({ length: Math.floor(random() * 120) }, () => Math.floor(random() * 256));
      inspector.inspect(batchOf([{ bytes }], linkType));
    }
    inspector.finish();
    assert.equal(inspector.counters().packets, 500);
  }
});

Deno.test("decode: a batch whose last record is cut ends there, counted", () => {
  const batch = batchOf([{ bytes: hex(PACKET_CASES[0].hex) }, { bytes: hex(PACKET_CASES[1].hex) }]);
  for (let length = 0; length <= batch.length; length++) {
    const { inspector } = watch();
    inspector.inspect({ ...batch, length });
    const first = 16 + PACKET_CASES[0].hex.length / 2;
    const whole = length === batch.length ? 2 : length >= first ? 1 : 0;
    assert.equal(inspector.counters().packets, whole);
    const cut = length !== 0 && length !== first && length !== batch.length;
    assert.equal(inspector.counters().undecoded.truncated_record, cut ? 1 : 0);
  }
});

/** Descriptions in the order in which the flows began. */
function inOrder(flows: Flow[]): string[] {
  return flows.toSorted((a, b) => a.id - b.id).map(describe);
}

/** A description without its payload bytes. */
function withoutPayload(description: string): string {
  return description.replace(/^(\S+ \S+ \S+) \d+/, "$1");
}
