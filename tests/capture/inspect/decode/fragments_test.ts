import assert from "node:assert/strict";
import { batchOf, createRandom, describe, type Frame, START_US, watch } from "../helpers.ts";

interface Fragment {
  id?: number;
  offset: number;
  more: boolean;
  data: Uint8Array;
}

/** A UDP datagram from 10.0.0.1:1111 to 192.0.2.9:2222 with `payload` bytes, each telling its place. */
function datagram(payload: number): Uint8Array {
  const bytes = Uint8Array.from({ length: 8 + payload }, (_, i) => i & 0xff);
  new DataView(bytes.buffer).setUint32(0, 1111 << 16 | 2222);
  new DataView(bytes.buffer).setUint32(4, (8 + payload) << 16);
  return bytes;
}

function ipv4({ id = 7, offset, more, data }: Fragment): Uint8Array {
  const frame = new Uint8Array(34 + data.length);
  const view = new DataView(frame.buffer);
  view.setUint16(12, 0x0800);
  view.setUint16(14, 0x4500);
  view.setUint16(16, 20 + data.length);
  view.setUint16(18, id);
  view.setUint16(20, (more ? 0x2000 : 0) | offset >> 3);
  view.setUint16(22, 64 << 8 | 17);
  view.setUint32(26, 0x0a000001);
  view.setUint32(30, 0xc0000209);
  frame.set(data, 34);
  return frame;
}

function ipv6({ id = 7, offset, more, data }: Fragment): Uint8Array {
  const frame = new Uint8Array(14 + 48 + data.length);
  const view = new DataView(frame.buffer);
  view.setUint16(12, 0x86dd);
  view.setUint32(14, 0x60000000);
  view.setUint16(18, 8 + data.length);
  view.setUint16(20, 44 << 8 | 64);
  view.setUint32(22, 0x20010db8);
  view.setUint32(38, 0x20010db8);
  frame[53] = 1;
  view.setUint16(54, 17 << 8);
  view.setUint16(56, offset | (more ? 1 : 0));
  view.setUint32(58, id);
  frame.set(data, 62);
  return frame;
}

/** `whole` cut at the given offsets (multiples of eight). */
function cut(whole: Uint8Array, at: number[], id?: number): Fragment[] {
  return [0, ...at].map((offset, i) => {
    const end = at[i] ?? whole.length;
    return { id, offset, more: end < whole.length, data: whole.slice(offset, end) };
  });
}

function run(frames: Frame[], options = {}) {
  const { inspector, ended } = watch({ fragmentBudgetBytes: 1 << 20, ...options });
  inspector.inspect(batchOf(frames));
  const waiting = inspector.counters();
  inspector.finish();
  return { waiting, counters: inspector.counters(), ended };
}

Deno.test("fragments: any order gives one datagram that counts all its packets", () => {
  const orders = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]];
  for (const make of [ipv4, ipv6]) {
    for (const order of orders) {
      const parts = cut(datagram(4000), [1480, 2960, 3000]).map(make);
      const { ended, counters } = run(order.map((i) => ({ bytes: parts[i] })));
      assert.equal(ended.length, 1);
      assert.match(describe(ended[0]), /:1111 .*:2222 4000$/);
      assert.deepEqual(ended[0].packets, [4, 0]);
      assert.deepEqual(ended[0].bytes, [parts.reduce((sum, p) => sum + p.length, 0), 0]);
      assert.equal(counters.reassembled, 1);
      assert.equal(counters.fragmentBytes, 0);
      assert.equal(counters.traffic.udp.packets, 1); // the others are IP fragments and nothing more
      assert.equal(counters.traffic.other_ip.packets, 3);
      assert.ok(Object.values(counters.undecoded).every((n) => n === 0));
    }
  }
});

Deno.test("fragments: duplicates change nothing, the last byte may end a unit early", () => {
  const parts = cut(datagram(1003), [8, 512]).map(ipv4);
  const { ended, counters } = run(
    [parts[0], parts[0], parts[2], parts[2], parts[1]].map((bytes) => ({ bytes })),
  );
  assert.equal(describe(ended[0]), "udp 10.0.0.1:1111 192.0.2.9:2222 1003");
  assert.deepEqual(ended[0].packets, [5, 0]);
  assert.equal(counters.undecoded.fragment_overlap, 0);
});

Deno.test("fragments: of an overlap the bytes that came first hold, and it is counted", () => {
  const whole = datagram(100);
  const forged = whole.slice(0, 24);
  new DataView(forged.buffer).setUint16(2, 6666); // another destination port
  const parts = [
    ipv4({ offset: 0, more: true, data: whole.slice(0, 16) }),
    ipv4({ offset: 0, more: true, data: forged }),
    ipv4({ offset: 16, more: false, data: whole.slice(16) }),
  ];
  const { ended, counters } = run(parts.map((bytes) => ({ bytes })));
  assert.equal(describe(ended[0]), "udp 10.0.0.1:1111 192.0.2.9:2222 100");
  assert.equal(counters.undecoded.fragment_overlap, 2); // the forged one, and the last, which begins within it
});

Deno.test("fragments: bytes beyond the end never stand in for a hole before it", () => {
  const whole = datagram(1000);
  const piece = (offset: number, length: number, more: boolean) => ({
    bytes: ipv4({ offset, more, data: whole.slice(offset, offset + length) }),
  });
  // An end at 24 after bytes up to 120; then bytes beyond an end that is known.
  const cases = [
    [piece(80, 40, true), piece(16, 8, false)],
    [piece(16, 8, false), piece(80, 40, true), piece(200, 8, false)],
  ];
  for (const frames of cases) {
    const { ended, counters } = run(frames);
    assert.equal(ended.length, 0);
    assert.equal(counters.reassembled, 0);
    assert.equal(counters.undecoded.fragment_overlap, frames.length - 1);
  }
  // The datagram goes on as its first end said.
  const { ended } = run([piece(16, 8, false), piece(80, 40, true), piece(0, 16, true)]);
  assert.equal(ended.length, 1);
});

Deno.test("fragments: one hole and there is no datagram, but a count", () => {
  const parts = cut(datagram(4000), [1480, 2960]).map(ipv4);
  const { ended, counters, waiting } = run([parts[0], parts[2]].map((bytes) => ({ bytes })));
  assert.equal(ended.length, 0);
  assert.ok(waiting.fragmentBytes > 0);
  assert.equal(waiting.undecoded.fragment_incomplete, 0);
  assert.equal(counters.undecoded.fragment_incomplete, 2);
  assert.equal(counters.fragmentBytes, 0);
});

Deno.test("fragments: given up after 60 seconds of packet time, not before", () => {
  const [first, last] = cut(datagram(1000), [496]).map(ipv4);
  for (const [seconds, flows] of [[59, 1], [61, 0]]) {
    const { ended, counters } = run([{ bytes: first }, { bytes: last, atUs: START_US + seconds * 1e6 }]);
    assert.equal(ended.length, flows);
    assert.equal(counters.undecoded.fragment_incomplete, flows === 1 ? 0 : 2);
  }
});

Deno.test("fragments: identification, protocol and addresses keep datagrams apart", () => {
  const a = cut(datagram(1000), [496], 1).map(ipv4);
  const b = cut(datagram(600), [304], 2).map(ipv4);
  const { ended } = run([a[0], b[1], b[0], a[1]].map((bytes) => ({ bytes })));
  assert.equal(ended.length, 1);
  assert.deepEqual(ended[0].packets, [4, 0]);
  assert.deepEqual(ended[0].payloadBytes, [1600, 0]);
});

Deno.test("fragments: lengths that cannot be are refused", () => {
  const cases: Fragment[] = [
    { offset: 65_528, more: false, data: new Uint8Array(16) }, // beyond 65,535: the ping of death
    { offset: 8, more: true, data: new Uint8Array(13) }, // not in units of eight, RFC 791
    { offset: 8, more: false, data: new Uint8Array(0) },
  ];
  for (const make of [ipv4, ipv6]) {
    for (const fragment of cases) {
      const { counters, waiting } = run([{ bytes: make(fragment) }]);
      assert.equal(counters.undecoded.bad_ip_header, 1);
      assert.equal(waiting.fragmentBytes, 0);
    }
  }
});

Deno.test("fragments: cut by the snap length, the first still names its flow", () => {
  const [first, last] = cut(datagram(2000), [1480]).map(ipv4);
  const { ended, counters } = run([
    { bytes: first.slice(0, 60), wireLength: first.length },
    { bytes: last.slice(0, 60), wireLength: last.length },
  ]);
  assert.equal(ended.length, 1);
  assert.deepEqual(ended[0].packets, [1, 0]);
  assert.equal(counters.undecoded.fragment_incomplete, 1);
});

Deno.test("fragments: a flood stays within the budget, the oldest go first, and later datagrams still work", () => {
  const budget = 65_536;
  const { inspector, ended } = watch({ fragmentBudgetBytes: budget });
  for (let id = 0; id < 3000; id++) {
    inspector.inspect(
      batchOf([{ bytes: ipv4({ id, offset: 0, more: true, data: datagram(480).slice(0, 480) }) }]),
    );
    assert.ok(inspector.counters().fragmentBytes <= budget);
  }
  assert.equal(inspector.counters().undecoded.fragment_budget, 3000 - budget / 2048);
  for (const part of cut(datagram(5000), [1480, 2960], 9999)) {
    inspector.inspect(batchOf([{ bytes: ipv4(part) }]));
  }
  inspector.finish();
  assert.deepEqual(ended.map(describe), ["udp 10.0.0.1:1111 192.0.2.9:2222 5000"]);
  assert.equal(inspector.counters().fragmentBytes, 0);
});

Deno.test("fragments: random cuts, orders and duplicates give back the datagram", () => {
  const random = createRandom(99);
  const { inspector, ended } = watch({ fragmentBudgetBytes: 1 << 20 });
  const payloads: number[] = [];
  for (let round = 0; round < 400; round++) {
    const whole = datagram(16 + Math.floor(random() * 9000));
    const cuts = new Set<number>();
    for (let i = 0; i < 1 + random() * 8; i++) {
      cuts.add(8 * Math.floor(1 + random() * (whole.length - 9) / 8));
    }
    const parts = cut(whole, [...cuts].filter((at) => at < whole.length).toSorted((a, b) => a - b), round);
    const frames: Frame[] = [];
    for (const part of parts) {
      for (let copies = random() < 0.2 ? 2 : 1; copies > 0; copies--) {
        frames.splice(Math.floor(random() * (frames.length + 1)), 0, { bytes: ipv4(part) });
      }
    }
    // A duplicate that comes after the datagram was whole begins another one, which never ends.
    inspector.inspect(batchOf(frames));
    payloads.push(whole.length - 8);
  }
  inspector.finish();
  assert.equal(inspector.counters().reassembled, 400);
  assert.equal(ended[0].payloadBytes[0], payloads.reduce((sum, n) => sum + n, 0));
});
