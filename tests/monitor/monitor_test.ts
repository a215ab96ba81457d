import assert from "node:assert/strict";
import { emptyCounters } from "../../monitor/counters.ts";
import { Monitor, type MonitorOptions } from "../../monitor/mod.ts";
import { LocalEnd } from "../../model/flow.ts";
import type { Observation } from "../../model/observation.ts";
import type { CaptureReport, PlaybackReport, Snapshot } from "../../model/protocol.ts";
import type { SystemReport } from "../../model/system.ts";
import { flowRows, type FlowRowSpec } from "./flow_rows.ts";

const START = 1_700_000_000_000;

function monitor(over: Partial<MonitorOptions> = {}) {
  return new Monitor({ version: "1", mode: "live", startedMs: START, interfaces: ["eth0"], ...over });
}

function snapshot(
  counts: { packets: number; in: number; out: number; lastUs?: number },
  active: FlowRowSpec[] = [],
  observations: Observation[] = [],
): Snapshot {
  const counters = emptyCounters();
  counters.packets = counts.packets;
  counters.bytesIn = counts.in;
  counters.bytesOut = counts.out;
  counters.wireBytes = counts.in + counts.out;
  counters.traffic.tcp = { packets: counts.packets, bytes: counts.in + counts.out };
  counters.flows.active = active.length;
  counters.lastPacketUs = counts.lastUs ?? START * 1000;
  return {
    type: "snapshot",
    counters,
    active: flowRows(...active),
    ended: flowRows(),
    endedLost: 0,
    observations,
    observationsLost: 0,
    packets: [],
    packetsUnlogged: 0,
    factsLost: 0,
  };
}

function captureReport(over: Partial<CaptureReport["interfaces"][number]> = {}): CaptureReport {
  return {
    type: "capture-report",
    interfaces: [{
      name: "eth0",
      status: "open",
      linkType: 1,
      nanosecond: true,
      received: 0,
      kernelDropped: 0,
      interfaceDropped: 0,
      ...over,
    }],
    delivered: 0,
    deliveredBytes: 0,
    lost: 0,
    stalls: 0,
    slots: 16,
    slotsFree: 16,
  };
}

function systemReport(atMs: number, receivedBytes: number): SystemReport {
  return {
    type: "system-report",
    atMs,
    tookMs: 1,
    sockets: [],
    socketsLost: 0,
    processes: [],
    interfaces: [{
      index: 2,
      name: "eth0",
      mac: "",
      mtu: 1500,
      up: true,
      running: true,
      loopback: false,
      addresses: [],
      receivedBytes,
      receivedPackets: 0,
      receivedErrors: 0,
      receivedDropped: 0,
      sentBytes: 0,
      sentPackets: 0,
      sentErrors: 0,
      sentDropped: 0,
    }],
    problems: [],
  };
}

Deno.test("a tick tells rates from two snapshots a second apart", () => {
  const m = monitor();
  m.applyCapture(captureReport());
  m.applySnapshot(snapshot({ packets: 10, in: 1000, out: 100 }), START + 1000);
  m.applySnapshot(snapshot({ packets: 30, in: 3000, out: 200 }), START + 2000);
  const { throughput, throughput_from } = m.tick();
  assert.deepEqual([throughput.in, throughput.out, throughput.packets], [16_000, 800, 20]);
  assert.equal(throughput_from, "packets");
});

Deno.test("losses of a second are the difference of the counters, and stay in the totals", () => {
  const m = monitor();
  m.applyCapture(captureReport());
  m.applySnapshot(snapshot({ packets: 1, in: 0, out: 0 }), START + 1000);
  m.applyCapture(captureReport({ kernelDropped: 7 }));
  m.applySnapshot(snapshot({ packets: 2, in: 0, out: 0 }), START + 2000);
  assert.equal(m.tick().throughput.dropped, 7);
  assert.equal(m.tick().totals.kernel_dropped, 7);
  m.applySnapshot(snapshot({ packets: 2, in: 0, out: 0 }), START + 3000);
  assert.equal(m.tick().throughput.dropped, 0);
});

Deno.test("without capture the interfaces' own counters make the chart, and the reason is a problem", () => {
  const m = monitor();
  const problem = { code: "no-permission", message: "Cannot open", hint: "Run with sudo" } as const;
  m.applyCapture(captureReport({ status: "waiting", problem }));
  m.applySystem(systemReport(START, 0));
  m.applySystem(systemReport(START + 1000, 1000));
  m.applySnapshot(snapshot({ packets: 0, in: 0, out: 0 }), START + 1000);
  assert.equal(m.tick().throughput_from, "counters");
  assert.equal(m.tick().throughput.in, 8000);
  assert.deepEqual(m.tick().problems.map(({ id, hint }) => [id, hint]), [["capture:eth0", "Run with sudo"]]);
  m.applyCapture(captureReport());
  m.applySnapshot(snapshot({ packets: 0, in: 0, out: 0 }), START + 2000);
  assert.deepEqual(m.tick().problems, []);
});

Deno.test("an inspector that does not answer leaves ticks going, with what is known", () => {
  const m = monitor();
  m.applySnapshot(snapshot({ packets: 5, in: 100, out: 0 }, [{ id: 1 }]), START + 1000);
  m.applySnapshot(null, START + 2000);
  assert.equal(m.tick().ts, START + 2000);
  assert.equal(m.tick().totals.packets, 5);
  assert.equal(m.connections({ q: "", sort: "bytes", order: "desc", offset: 0, limit: 10 }).total, 1);
});

Deno.test("a playback's clock goes on through silences, at its speed, and never back", () => {
  const m = monitor({ mode: "playback", file: "a.pcap", speed: 10 });
  const report = (packetMs: number, wallMs: number): PlaybackReport => ({
    type: "playback-report",
    path: "a.pcap",
    delivered: 1,
    deliveredBytes: 1,
    lost: 0,
    position: 1,
    size: 2,
    progress: 0.5,
    loops: 0,
    finished: false,
    clock: { packetMs, wallMs },
  });
  const old = 1_000_000_000_000;
  m.applyPlayback(report(old, START));
  m.applySnapshot(snapshot({ packets: 1, in: 0, out: 0, lastUs: old * 1000 }), START + 1000);
  assert.equal(m.tick().packet_time, old + 10_000);
  m.applyPlayback(report(old + 5000, START + 2000));
  m.applySnapshot(snapshot({ packets: 1, in: 0, out: 0, lastUs: old * 1000 }), START + 2000);
  assert.equal(m.tick().packet_time, old + 10_000);
  assert.equal(m.tick().capture.progress, 0.5);
});

Deno.test("a snapshot for the page stays below 64 KiB, however many connections there are", () => {
  const m = monitor();
  const many = Array.from(
    { length: 500 },
    (_, i) => ({ id: i + 1, ports: [1024 + i, 443] as [number, number] }),
  );
  m.applySnapshot(snapshot({ packets: 1, in: 1, out: 1 }, many), START + 1000);
  for (let i = 0; i < 400; i++) {
    m.applySnapshot(snapshot({ packets: 1, in: i, out: i }, many), START + 1000 * i);
  }
  const page = m.snapshot();
  assert(JSON.stringify(page).length < 65_536);
  assert(page.connections.length > 10);
  assert.equal(page.history.length, 300);
});

Deno.test("totals go on after the inspector has crashed, and what it held is counted as lost", () => {
  const m = monitor();
  m.applyCapture(captureReport({ received: 100 }));
  m.applySnapshot(snapshot({ packets: 90, in: 1, out: 0 }), START + 1000);
  m.countRestart("inspect");
  m.applyCapture({ ...captureReport({ received: 120 }), lost: 10 });
  m.applySnapshot(snapshot({ packets: 20, in: 1, out: 0 }), START + 2000);
  assert.equal(m.tick().totals.packets, 110);
  assert.equal(m.tick().totals.app_dropped, 10);
  assert.equal(m.tick().throughput.dropped, 10);
  assert.equal(m.stats().restarts.inspect, 1);
});

Deno.test("what a worker had told as going on is over when it crashes, and nothing else is", () => {
  const m = monitor();
  const alert = (id: string, phase: "new" | "update" | "final", count = 1): Observation => ({
    ...observation("alert", 0, {
      alert: { signature: "Scan", severity: 2 },
      netpane: { kind: "port_scan", count },
    }),
    alert: { id, phase },
  });
  m.applyAlerts([alert("a", "new"), alert("b", "new"), alert("a", "update", 7)], "detect");
  m.applyAlerts([alert("b", "final", 3)], "detect");
  m.applyAlerts([alert("7:x", "new")], "inspect");
  m.drainAlerts();
  const open = () =>
    m.anomalies({ limit: 10 }).anomalies.filter((one) => one.open).map(({ id }) => id).sort();
  assert.deepEqual(open(), ["7:x", "a"]);
  m.countRestart("detect");
  assert.deepEqual(open(), ["7:x"]);
  assert.deepEqual(m.drainAlerts().map(({ id, count, open }) => [id, count, open]), [["a", 7, false]]);
  m.countRestart("detect");
  assert.deepEqual(m.drainAlerts(), [], "each is told once");
  m.countRestart("inspect");
  assert.deepEqual(open(), []);
});

Deno.test("a problem is told when it is new, when it is another, and when it is back; not while it counts on", () => {
  const m = monitor();
  const told: string[] = [];
  m.onProblem = ({ message }) => told.push(message);
  const set = (message: string | null) =>
    m.setProblem("x", message === null ? null : { severity: "warning", message, hint: "" });
  for (const message of ["3 lost", "4 lost", "full", "full", null, "5 lost"]) set(message);
  assert.deepEqual(told, ["3 lost", "full", "5 lost"]);
  const device = {
    ...captureReport({ received: 1 }).interfaces[0],
    problem: {
      code: "no-device" as const,
      message: "gone",
      hint: "",
    },
  };
  for (let i = 0; i < 3; i++) m.applyCapture({ ...captureReport({ received: 1 }), interfaces: [device] });
  assert.deepEqual(told.splice(3), ["gone"]);
});

// ---------------------------------------------------------------- findings

function observation(type: string, direction: number, fields: Record<string, unknown>): Observation {
  return {
    type,
    timeUs: START * 1000,
    flow: {
      id: 7,
      ipVersion: 4,
      protocol: 17,
      clientAddress: "192.0.2.1",
      clientPort: 5000,
      serverAddress: "192.0.2.53",
      serverPort: 53,
      vlan: 0,
      tunnel: 0,
      interfaceIndex: 0,
      communityId: "1:x",
    },
    direction,
    fields,
  };
}

Deno.test("a DNS question and its answer are one query, with latency and count", () => {
  const m = monitor();
  const ask = observation("dns", 0, { dns: { type: "query", id: 1, rrname: "example.org", rrtype: "A" } });
  const answer = observation("dns", 1, {
    dns: {
      type: "answer",
      id: 1,
      rrname: "example.org",
      rrtype: "A",
      rcode: "NOERROR",
      answers: [{ rrname: "example.org", rrtype: "A", rdata: "203.0.113.9" }],
    },
    netpane: { latency_us: 1500 },
  });
  m.applySnapshot(snapshot({ packets: 2, in: 1, out: 1 }, [], [ask, answer, ask]), START + 1000);
  const { queries } = m.dnsQueries({ q: "", limit: 10 });
  assert.deepEqual(
    queries.map(({ client_ip, server_ip, rcode, answers, latency_ms, count }) => [
      client_ip,
      server_ip,
      rcode,
      answers,
      latency_ms,
      count,
    ]),
    [
      ["192.0.2.1", "192.0.2.53", "", [], null, 2],
      ["192.0.2.1", "192.0.2.53", "NOERROR", ["A 203.0.113.9"], 1.5, 1],
    ],
  );
  assert.equal(m.dnsQueries({ q: "203.0.113", limit: 10 }).queries.length, 1);
});

Deno.test("an alert is one row that goes on and closes, joined with its connection", () => {
  const m = monitor();
  m.applySnapshot(
    snapshot({ packets: 1, in: 1, out: 1 }, [{ id: 7, localEnd: LocalEnd.client }]),
    START + 1000,
  );
  const alert = (phase: "new" | "update" | "final", count: number): Observation => ({
    ...observation("alert", 0, {
      alert: { signature: "Card", severity: 1 },
      netpane: { kind: "cardholder_data", masked: "411111******1111", count },
    }),
    alert: { id: "7:x", phase },
  });
  m.applyAlerts([alert("new", 1), alert("update", 5)], "inspect");
  assert.deepEqual(m.drainAlerts().map(({ count }) => count), [5], "each alert once, as it stands");
  assert.deepEqual(m.drainAlerts(), []);
  const [row] = m.anomalies({ kind: "", limit: 10 }).anomalies;
  assert.deepEqual([row.kind, row.count, row.open, row.src_ip], ["cardholder_data", 5, true, "192.0.2.1"]);
  m.applyAlerts([alert("final", 6)], "inspect");
  const [closed] = m.anomalies({ kind: "cardholder_data", limit: 10 }).anomalies;
  assert.deepEqual([closed.count, closed.open], [6, false]);
  assert.equal(m.anomalies({ kind: "other", limit: 10 }).total, 0);
  m.applySnapshot(snapshot({ packets: 1, in: 1, out: 1 }, []), START + 2000);
  assert.deepEqual(m.tick().anomalies, {
    total: 1,
    open: 0,
    kinds: { cardholder_data: 1 },
    notes: 0,
    expected: 0,
  });
});
