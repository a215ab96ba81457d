/** Floods against payload inspection: whatever comes, state stays under its ceilings, and what found no room is counted. */
import assert from "node:assert/strict";
import { Inspector } from "../../../capture/inspect/mod.ts";
import type { InspectorCounters } from "../../../model/inspection.ts";
import type { Observation } from "../../../model/observation.ts";
import { concat, ethernet, ipv4, PROTOCOL, TCP, tcp, text, udp } from "../../support/packets.ts";
import { message, name, question, record } from "./dpi/dns/dns_bytes.ts";
import { batchOf, START_US } from "./helpers.ts";
import { luhn } from "./card/texts.ts";

/** ARCHITECTURE, "Budgets": the whole process, and this is more than the inspector alone. */
const MAX_RSS_BYTES = 512e6;
const SRC = "10.0.0.1";
const DST = "192.0.2.9";

interface Flood {
  inspector: Inspector;
  alerts: Observation[];
  /** Events by type. */
  types: Map<string, number>;
  /** Gives frames to the inspector, all at the same time. */
  send(frames: Uint8Array[]): void;
  counters(): InspectorCounters;
  /** Growth of the process' memory since the flood began. */
  grown(): number;
}

function flood(maxFlows = 262_144): Flood {
  const alerts: Observation[] = [];
  const types = new Map<string, number>();
  const before = Deno.memoryUsage().rss;
  const inspector = new Inspector({
    maxFlows,
    packetLog: { showPayload: true },
    payload: {
      fingerprintKey: new Uint8Array(32).fill(1),
      tell: (observation) => {
        types.set(observation.type, (types.get(observation.type) ?? 0) + 1);
        if (observation.alert?.phase === "new" && alerts.length < 10) alerts.push(observation);
      },
    },
  });
  let timeUs = START_US;
  return {
    inspector,
    alerts,
    types,
    send: (frames) => inspector.inspect(batchOf(frames.map((bytes) => ({ bytes, atUs: timeUs++ })))),
    counters: () => inspector.counters(),
    grown: () => Deno.memoryUsage().rss - before,
  };
}

/** Sends `count` frames that are alike but for the client's address, in batches. */
function fromMany({ send }: Flood, count: number, frames: Uint8Array[]): void {
  const copies = frames.map((frame) => frame.slice());
  for (let client = 0; client < count; client++) {
    for (const copy of copies) {
      // Source address of an IPv4 header behind Ethernet; checksums are not looked at.
      copy.set([10, client >>> 16, client >>> 8, client], 26);
    }
    send(copies);
  }
}

function segment(seq: number, payload: Uint8Array, dstPort = 80, flags: number = TCP.ack): Uint8Array {
  return ethernet(
    {},
    ipv4({ src: SRC, dst: DST }, tcp({ src: SRC, dst: DST, dstPort, seq, flags }, payload)),
  );
}

function datagram(payload: Uint8Array, dstPort: number, srcPort = 40_000): Uint8Array {
  return ethernet(
    {},
    ipv4(
      { src: SRC, dst: DST, protocol: PROTOCOL.udp },
      udp({ src: SRC, dst: DST, dstPort, srcPort }, payload),
    ),
  );
}

function ends({ inspector }: Flood): void {
  inspector.finish();
  const { payload, fragmentBytes } = inspector.counters();
  assert.deepEqual(
    [payload.inspected, payload.heldBytes, payload.alertsOpen, fragmentBytes],
    [0, 0, 0, 0],
    "all is given back",
  );
  assert.deepEqual(payload.failures, {});
}

Deno.test("100,000 half-open flows cost payload inspection nothing", () => {
  const state = flood();
  fromMany(state, 100_000, [segment(1, new Uint8Array(0), 80, TCP.syn)]);
  assert.equal(state.counters().flows.active, 100_000);
  assert.equal(state.counters().payload.inspected, 0);
  assert.ok(state.grown() < MAX_RSS_BYTES);
  ends(state);
});

Deno.test("flows that each hold 64 KiB back fill the budget and not more", () => {
  const state = flood();
  const hole = Array.from({ length: 46 }, (_, i) => segment(100 + 1400 * i, new Uint8Array(1400).fill(0x61)));
  const start = segment(1, text("x"));
  fromMany(state, 2_000, [segment(0, new Uint8Array(0), 80, TCP.syn), start, ...hole]);
  const { payload } = state.counters();
  assert.ok(payload.heldBytes > 32e6 && payload.heldBytes <= payload.heldBudgetBytes, `${payload.heldBytes}`);
  assert.ok(payload.heldExceeded > 0);
  assert.ok(state.grown() < MAX_RSS_BYTES, `${state.grown()}`);
  ends(state);
});

Deno.test("UDP flows of no known protocol cost no parser, however many", () => {
  const state = flood();
  fromMany(state, 70_000, [datagram(text("~ nobody knows this"), 9999)]);
  const { payload } = state.counters();
  assert.deepEqual([payload.inspected, payload.refused], [0, 0]);
  assert.ok(payload.cards.bytes > 70_000, "and are searched all the same");
  assert.ok(state.grown() < MAX_RSS_BYTES, `${state.grown()}`);
  ends(state);
});

Deno.test("a busy resolver takes no room from others, and its latest flows are looked into", () => {
  const state = flood();
  const query = message({ id: 1, flags: 0x0100, questions: [question("www.example.org", 1)] });
  fromMany(state, 70_000, [datagram(query, 53)]);
  const { payload } = state.counters();
  assert.ok(payload.inspected <= payload.capacity / 2);
  assert.equal(payload.refused, 0);
  assert.equal(state.types.get("dns"), 70_000);
  state.send([segment(1, text("~ card number: 4111 1111 1111 1111\n"), 9999)]);
  assert.ok(state.grown() < MAX_RSS_BYTES, `${state.grown()}`);
  ends(state);
  assert.equal(state.alerts.length, 1);
});

Deno.test("of more TCP flows than the ceiling the oldest are given up, and counted", () => {
  const state = flood();
  fromMany(state, 70_000, [segment(1, text("~ nobody knows this"), 9999)]);
  const { payload } = state.counters();
  assert.equal(payload.inspected, payload.capacity / 2);
  assert.equal(payload.refused, 70_000 - payload.capacity / 2);
  assert.ok(state.grown() < MAX_RSS_BYTES, `${state.grown()}`);
  ends(state);
});

Deno.test("names learnt from DNS are bounded, the oldest go", () => {
  const state = flood();
  for (let i = 0; i < 40_000; i++) {
    const asked = `n${i}.example.org`;
    const answers = [record(name(asked), 1, [100, 64 + (i >> 16), i >> 8 & 255, i & 255])];
    const frame = datagram(
      message({ id: i, flags: 0x8180, questions: [question(asked, 1)], answers }),
      40_000,
      53,
    );
    state.send([frame]);
  }
  const { names, namesEvicted } = state.counters().payload;
  assert.ok(names > 10_000 && names < 20_000, `${names}`);
  assert.equal(names + namesEvicted, 40_000);
  ends(state);
});

Deno.test("100,000 different cards in one flow: as many alerts as a flow may have, the rest counted", () => {
  const state = flood();
  state.send([segment(0, new Uint8Array(0), 9999, TCP.syn)]);
  let seq = 1;
  for (let i = 0; i < 100_000; i += 40) {
    const cards = Array.from({ length: 40 }, (_, k) => {
      const digits = `411111${String(i + k).padStart(9, "0")}`;
      return digits + luhn(digits);
    });
    const payload = text(`~ card numbers: ${cards.join(", ")}.\n`);
    state.send([segment(seq, payload, 9999)]);
    seq += payload.length;
  }
  const { payload } = state.counters();
  assert.ok(payload.alertsOpen > 500 && payload.alertsOpen <= 1000, `${payload.alertsOpen}`);
  assert.ok(payload.cards.cardsBeyond + payload.alertsRefused > 90_000, JSON.stringify(payload.cards));
  assert.ok(state.grown() < MAX_RSS_BYTES);
  ends(state);
});

Deno.test("alerts of many flows are bounded", () => {
  const state = flood();
  fromMany(state, 20_000, [segment(1, text("~ card number: 4111 1111 1111 1111\n"), 9999)]);
  const { alertsOpen, alertsRefused, alertsRaised } = state.counters().payload;
  // The last digits of a segment wait for what may follow: some flows are judged only at their end.
  state.inspector.finish();
  assert.ok(alertsOpen <= 16_384);
  assert.equal(alertsRaised + alertsRefused, 20_000);
  ends(state);
});

Deno.test("requests that wait for answers are bounded by what they hold", () => {
  const state = flood();
  const request = `GET /${"long".repeat(1900)} HTTP/1.1\r\nHost: a\r\nUser-Agent: ${
    "u".repeat(1900)
  }\r\n\r\n`;
  const bytes = text(request.repeat(6));
  const frames = [];
  for (let at = 0; at < bytes.length; at += 1400) frames.push(segment(1 + at, bytes.subarray(at, at + 1400)));
  fromMany(state, 2_000, frames);
  assert.ok(state.grown() < MAX_RSS_BYTES, `${state.grown()}`);
  ends(state);
});

Deno.test("data connections that FTP announces and that never come are forgotten", () => {
  const state = flood();
  const lines = Array.from({ length: 3_000 }, (_, i) => `227 In (192,0,2,9,${1 + (i >> 8)},${i & 255})\r\n`);
  const asks = text("USER ftp\r\n" + "PASV\r\n".repeat(lines.length));
  const reply = (seq: number, payload: Uint8Array) =>
    ethernet(
      {},
      ipv4({ src: DST, dst: SRC }, tcp({ src: DST, dst: SRC, srcPort: 21, dstPort: 40_000, seq }, payload)),
    );
  state.send([segment(1, asks.subarray(0, 1000), 21)]);
  let at = 1;
  for (const line of ["220 FTP\r\n", "331 x\r\n", ...lines]) {
    state.send([reply(at, text(line))]);
    at += line.length;
  }
  ends(state);
});

Deno.test("the packet log keeps what eyes can read, and counts the rest", () => {
  const state = flood();
  const frame = datagram(concat(text("card 4111111111111111 ".repeat(50))), 9999);
  for (let i = 0; i < 50; i++) state.send(Array(1000).fill(frame));
  const { packets, unlogged } = state.inspector.drainPackets();
  assert.ok(packets.length <= 2_000);
  assert.equal(packets.length + unlogged, 50_000);
  assert.ok(JSON.stringify(packets).length < 2_000 * 2_000);
  ends(state);
});
