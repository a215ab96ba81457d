/** SYN floods, what looks like them, and that a million forged sources neither fill memory nor hide a scan. */
import assert from "node:assert/strict";
import { Inspector } from "../../../capture/inspect/mod.ts";
import { Detector } from "../../../detect/mod.ts";
import { hostSweep } from "../../../detect/rules/host_sweep.ts";
import { oddFlags } from "../../../detect/rules/odd_flags.ts";
import { portScan } from "../../../detect/rules/port_scan.ts";
import { synFlood } from "../../../detect/rules/syn_flood.ts";
import type { Observation } from "../../../model/observation.ts";
import { batchOf, type Frame, START_US } from "../../capture/inspect/helpers.ts";
import { ethernet, ipv4, PROTOCOL, TCP, tcp } from "../../support/packets.ts";
import { type Alert, detect, Traffic } from "../../support/traffic.ts";

const SPECS = [portScan, hostSweep, synFlood, oddFlags];
const [A, B] = ["10.0.0.9", "10.0.0.1"];

function alertsOf(traffic: Traffic): Alert[] {
  return detect(traffic.wait(5).ping(A, A), SPECS).alerts;
}

const forged = (i: number) => `${20 + i % 100}.${i % 251}.${i % 241}.${i % 239}`;

Deno.test("syn_flood: from one source, half open", () => {
  const make = (count: number) => {
    const traffic = new Traffic();
    for (let i = 0; i < count; i++) {
      traffic.tcp({ client: A, server: B, port: 80, clientPort: 1000 + i, outcome: "half", stepS: 0.002 });
    }
    return traffic;
  };
  const [alert, ...others] = alertsOf(make(1000));
  assert.deepEqual(others, []);
  assert.equal(alert.kind, "syn_flood");
  assert.equal(alert.source, A);
  assert.equal(alert.target, B);
  assert.equal(alert.targetPort, 80);
  assert.equal(alert.count, 1000);
  assert.match(alert.message, /^10\.0\.0\.9 began 1000 connections to 10\.0\.0\.1:80 within .* half open$/);
  assert.deepEqual(alertsOf(make(250)), []);
});

Deno.test("syn_flood: from forged sources, known by its target; IPv6 too", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 1200; i++) {
    traffic.tcp({ client: forged(i), server: B, port: 443, outcome: "silent", stepS: 0.004 });
  }
  const [alert, ...others] = alertsOf(traffic);
  assert.deepEqual(others, []);
  assert.deepEqual([alert.kind, alert.source, alert.target], ["syn_flood", "", B]);
  const v6 = new Traffic();
  for (let i = 0; i < 1200; i++) {
    v6.tcp({
      client: `2001:db8:${i.toString(16)}::1`,
      server: "fd00::1",
      port: 443,
      outcome: "silent",
      stepS: 0.004,
    });
  }
  assert.deepEqual(alertsOf(v6).map(({ kind, target }) => [kind, target]), [["syn_flood", "fd00::1"]]);
});

Deno.test("syn_flood: forged sources over all ports of a host", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 5000; i++) {
    traffic.tcp({ client: forged(i), server: B, port: 1 + i * 13 % 60_000, outcome: "silent", stepS: 0.001 });
  }
  assert.deepEqual(alertsOf(traffic).map(({ kind, source, target }) => [kind, source, target]), [
    ["syn_flood", "", B],
  ]);
});

Deno.test("not a flood: a load test, a service that refuses, a dead service and its clients, a port scan", () => {
  const load = new Traffic();
  for (let i = 0; i < 3000; i++) {
    load.tcp({ client: A, server: B, port: 80, clientPort: 1000 + i, turns: ["x", "y"], stepS: 0.0002 });
  }
  const refusing = new Traffic();
  for (let i = 0; i < 3000; i++) {
    refusing.tcp({ client: A, server: B, port: 80, clientPort: 1000 + i, outcome: "refused", stepS: 0.001 });
  }
  const dead = new Traffic();
  for (let i = 0; i < 6000; i++) {
    const outcome = i < 3000 ? "open" : "silent"; // forty a second, as before
    dead.tcp({
      client: `10.1.${i % 200}.${i % 199}`,
      server: B,
      port: 80,
      outcome,
      keepOpen: true,
      stepS: 0.02,
    });
    dead.now = i * 0.025;
  }
  for (const [name, traffic] of Object.entries({ load, refusing, dead })) {
    assert.deepEqual(alertsOf(traffic).map(({ message }) => message), [], name);
  }
  const scan = new Traffic();
  for (let port = 1; port < 4000; port++) {
    scan.tcp({ client: A, server: B, port, outcome: "silent", stepS: 0.001 });
  }
  assert.deepEqual(alertsOf(scan).map(({ kind }) => kind), ["port_scan"]);
});

Deno.test("syn_flood: from a few sources, the busiest is named and all are listed; of very many none is", () => {
  const make = (sources: number) => {
    const traffic = new Traffic();
    for (let i = 0; i < 3000; i++) {
      // The third begins a quarter, the others share the rest.
      const client = `203.0.113.${1 + (i % 4 === 0 ? 2 : i % sources)}`;
      traffic.now = i * 0.003;
      traffic.tcp({ client, server: B, port: 443, clientPort: 2_000 + i, outcome: "half", stepS: 0.0001 });
    }
    return traffic;
  };
  for (const sources of [2, 5, 7]) {
    const [alert, ...others] = alertsOf(make(sources));
    assert.deepEqual(others, []);
    assert.deepEqual([alert.kind, alert.target, alert.count], ["syn_flood", B, 3000]);
    const top = alert.evidence.top_sources as { source: string; connections: number }[];
    assert.equal(alert.source, top[0].source);
    assert.equal(top.length, Math.max(3, sources));
    assert(alert.message.startsWith(`${top.length} sources, most of all ${top[0].source}, began 3000`));
    if (sources > 2) assert.equal(top[0].source, "203.0.113.3");
  }
  assert.match(
    alertsOf(make(30))[0].message,
    /^about [23]\d sources, most of all 203\.0\.113\.3, began 3000/,
  );
  const [many] = alertsOf(make(250));
  assert.deepEqual([many.source, many.evidence.sources_forged], ["", true]);
});

Deno.test("syn_flood: of more sources than are counted apart, all as busy, no other is named with each telling", () => {
  for (const sources of [9, 30, 60]) {
    const traffic = new Traffic();
    for (let i = 0; i < 6000; i++) {
      const client = `203.0.113.${i % sources}`;
      traffic.tcp({ client, server: B, port: 80, clientPort: 1000 + i, outcome: "half", stepS: 0.0005 });
    }
    const { told, counters } = detect(traffic.wait(5).ping(A, A), SPECS);
    assert.equal(counters.rules.syn_flood.failures, 0);
    assert(told.length > 0);
    assert(told.every(({ target }) => target === B));
    const named = new Set(told.map(({ source }) => source).filter((source) => source !== ""));
    assert(named.size <= 1, `${sources} sources: ${[...named]}`);
  }
});

Deno.test("syn_flood: who got through once is no client that tries a dead service again at the pace of a flood", () => {
  const traffic = new Traffic().tcp({ client: A, server: B, port: 80 });
  for (let i = 0; i < 7000; i++) {
    traffic.tcp({ client: A, server: B, port: 80, clientPort: 2000 + i, outcome: "silent", stepS: 0.002 });
  }
  assert.deepEqual(alertsOf(traffic).map(({ kind, source }) => [kind, source]), [["syn_flood", A]]);
});

Deno.test("syn_flood: from one port, each with a sequence number of its own; but not one SYN sent again and again", () => {
  const make = (isNew: boolean) => {
    const traffic = new Traffic();
    for (let i = 0; i < 1000; i++) {
      const seq = isNew ? Math.imul(i, 0x9e3779b1) >>> 0 : 1;
      const segment = tcp({ src: A, dst: B, srcPort: 4_444, dstPort: 80, seq, flags: TCP.syn });
      traffic.ip(A, B, PROTOCOL.tcp, segment);
      traffic.wait(0.005);
    }
    return traffic;
  };
  assert.deepEqual(alertsOf(make(true)).map(({ kind, source, count }) => [kind, source, count]), [
    ["syn_flood", A, 1000],
  ]);
  assert.deepEqual(alertsOf(make(false)), []);
});

/** Each source tries port 5432 again after so many seconds, in vain, as a pool that was set up for it does. */
function retries(
  sources: number,
  everyS: number,
  seconds: number,
  before: "got through" | "not seen",
): Traffic {
  const traffic = new Traffic();
  const client = (i: number) => `10.1.0.${1 + i % sources}`;
  const talk = { server: B, port: 5432, stepS: 0.0001 };
  if (before === "got through") {
    for (let i = 0; i < sources; i++) traffic.tcp({ ...talk, client: client(i), turns: ["x", "y"] });
  }
  const startS = traffic.now + 30;
  for (let i = 0; i < sources * seconds / everyS; i++) {
    traffic.now = startS + i * everyS / sources;
    const clientPort = 1_024 + Math.floor(i / sources) % 60_000;
    traffic.tcp({ ...talk, client: client(i), clientPort, outcome: "silent" });
  }
  return traffic;
}

Deno.test("not a flood: pools of clients that try a dead service again, whether or not they were seen to get through", () => {
  assert.deepEqual(alertsOf(retries(8, 0.1, 60, "got through")), []);
  assert.deepEqual(alertsOf(retries(8, 0.1, 60, "not seen")), []);
  assert.deepEqual(alertsOf(retries(40, 0.25, 30, "not seen")), []);
  assert.deepEqual(alertsOf(retries(1, 0.01, 30, "got through")), [], "one proxy before it");
});

Deno.test("syn_flood: nothing is answered, and each of the sources is a flood by itself", () => {
  const [one, ...more] = alertsOf(retries(1, 0.01, 10, "not seen"));
  assert.deepEqual(more, []);
  assert.deepEqual([one.kind, one.source, one.count], ["syn_flood", "10.1.0.1", 1000]);
  assert.match(
    one.message,
    /^10\.1\.0\.1 began 1000 connections to 10\.0\.0\.1:5432 within .* s, none of which was answered$/,
  );
  assert.equal(alertsOf(retries(5, 0.0125, 10, "not seen")).length, 1);
  assert.deepEqual(alertsOf(retries(5, 0.025, 10, "not seen")), []);
  const [fast] = alertsOf(retries(1, 0.001, 20, "got through"));
  assert.equal(fast.kind, "syn_flood", "a client that got through before, a thousand times a second");
});

Deno.test("a million forged sources: state keeps its bounds, the flood is told, and so is a scan within it", () => {
  const told: Observation[] = [];
  const detector = new Detector({ specs: SPECS, tell: (alert) => told.push(alert) });
  const inspector = new Inspector({ maxFlows: 16_384, facts: (batch) => detector.take(batch) });
  const size = 10_000;
  const frames: Frame[] = [];
  const frame = ethernet({}, ipv4({ src: A, dst: B, protocol: PROTOCOL.tcp }, syn(A, B, 80)));
  for (let i = 0; i < size; i++) frames.push({ bytes: frame.slice(), atUs: START_US });
  let next = 0;
  for (let round = 0; round < 100; round++) {
    for (let i = 0; i < size; i++) {
      const number = next++;
      const { bytes } = frames[i];
      bytes.set([11 + (number >>> 16), number >>> 8 & 255, number & 255, 7], 14 + 12);
      // Every other one goes to some port.
      const port = number % 2 === 0 ? 80 : 1 + number % 60_000;
      bytes.set([port >> 8, port & 255], 14 + 20 + 2);
      frames[i].atUs = START_US + number * 10;
    }
    // In between somebody tries a port each half second.
    const at = { atUs: frames[size - 1].atUs! };
    const probe = [
      {
        bytes: ethernet({}, ipv4({ src: A, dst: B, protocol: PROTOCOL.tcp }, syn(A, B, 100 + round))),
        ...at,
      },
      {
        bytes: ethernet({}, ipv4({ src: B, dst: A, protocol: PROTOCOL.tcp }, reset(B, A, 100 + round))),
        ...at,
      },
    ];
    inspector.inspect(batchOf(round % 5 === 0 ? [...frames, ...probe] : frames));
    const { rules } = detector.counters();
    for (const [kind, { entries, capacity }] of Object.entries(rules)) {
      assert(entries <= capacity, `${kind}: ${entries} of ${capacity}`);
    }
  }
  inspector.finish();
  detector.close();
  const { rules, alertsRaised } = detector.counters();
  assert.deepEqual(Object.values(rules).map(({ failures }) => failures), [0, 0, 0, 0]);
  const kinds = told.filter(({ alert }) => alert!.phase === "final")
    .map(({ fields, flow }) => `${(fields.netpane as { kind: string }).kind} ${flow.clientAddress}`);
  assert(kinds.includes(`port_scan ${A}`), kinds.join());
  assert(kinds.includes("syn_flood "), kinds.join());
  assert(alertsRaised <= 4, kinds.join());
});

function syn(src: string, dst: string, dstPort: number): Uint8Array {
  return tcp({ src, dst, srcPort: 40_000, dstPort, seq: 1, flags: TCP.syn });
}

function reset(src: string, dst: string, srcPort: number): Uint8Array {
  return tcp({ src, dst, srcPort, dstPort: 40_000, ack: 2, flags: TCP.rst | TCP.ack });
}

Deno.test("syn_flood: a closed port, from one source or from forged ones, but not a service that is gone for a while", () => {
  const refused = (count: number, client: (i: number) => string, stepS: number, port = (_: number) => 80) => {
    const traffic = new Traffic();
    for (let i = 0; i < count; i++) {
      const clientPort = 1_000 + i % 60_000;
      traffic.tcp({ client: client(i), server: B, port: port(i), clientPort, outcome: "refused", stepS });
    }
    return traffic;
  };
  const [one, ...none] = alertsOf(refused(10_000, () => A, 0.0002));
  assert.deepEqual(none, []);
  assert.deepEqual([one.kind, one.source, one.severity], ["syn_flood", A, 2]);
  assert.match(one.message, /most of which were refused$/);
  const [many, ...more] = alertsOf(refused(3_000, forged, 0.001));
  assert.deepEqual(more, []);
  assert.deepEqual([many.kind, many.source], ["syn_flood", ""]);
  const [ports, ...scans] = alertsOf(refused(5_000, forged, 0.0005, (i) => 1 + i));
  assert.deepEqual(scans, []);
  assert.deepEqual([ports.kind, ports.targetPort], ["syn_flood", 0]);
  const restart = new Traffic();
  for (let i = 0; i < 200; i++) restart.tcp({ client: forged(i), server: B, port: 80, turns: ["x", "y"] });
  const gone = refused(3_000, forged, 0.001);
  gone.frames.forEach((frame) => frame.atUs! += restart.now * 1e6);
  assert.deepEqual(alertsOf(restart.with(gone)), []);
});
