/** Long connections: told while they are open, joined over silence, and not where hours are ordinary. */
import assert from "node:assert/strict";
import { longConnection } from "../../../detect/rules/long_connection.ts";
import { Detector } from "../../../detect/mod.ts";
import { createFactBatch, FactKind, FlowStep } from "../../../model/facts.ts";
import { FlowEnd, FlowState, IpProtocol } from "../../../model/flow.ts";
import type { Usual } from "../../../model/usual.ts";
import { PROTOCOL, TCP, tcp } from "../../support/packets.ts";
import { detect, Traffic } from "../../support/traffic.ts";

const CLIENT = "192.168.1.20";
const OUTSIDE = "198.51.100.7";

interface Held {
  client?: string;
  server?: string;
  clientPort?: number;
  hours: number;
  /** Seconds between keep-alives. */
  everyS?: number;
  /** Payload of each side between keep-alives. */
  bytes?: number;
}

/** A connection that is held open with keep-alives: bare ACKs each way. */
function held(
  { client = CLIENT, server = OUTSIDE, clientPort = 50_000, hours, everyS = 60, bytes = 0 }: Held,
) {
  const traffic = new Traffic();
  traffic.tcp({ client, server, port: 4444, clientPort, turns: ["hello", "hi"], keepOpen: true });
  const end = hours * 3600;
  let [sent, received] = [1006, 5003];
  for (let at = everyS; at <= end; at += everyS) {
    traffic.now = at;
    const ends = { src: client, dst: server, srcPort: clientPort, dstPort: 4444 };
    const back = { src: server, dst: client, srcPort: 4444, dstPort: clientPort };
    const flags = TCP.ack;
    const payload = new Uint8Array(bytes);
    traffic.ip(client, server, PROTOCOL.tcp, tcp({ ...ends, seq: sent, ack: received, flags }, payload));
    sent += bytes;
    traffic.now += 0.05;
    traffic.ip(server, client, PROTOCOL.tcp, tcp({ ...back, seq: received, ack: sent, flags }, payload));
    received += bytes;
  }
  return traffic;
}

Deno.test("an hour of keep-alives is told at once, while it is open, and goes on as one alert", () => {
  const { told, alerts } = detect(held({ hours: 3 }), [longConnection], { framesABatch: 2 });
  assert.equal(alerts.length, 1);
  assert.equal(told[0].phase, "new");
  assert.equal(told[0].evidence.duration_s as number >= 3600, true);
  assert.equal(told[0].evidence.duration_s as number < 3700, true);
  assert.equal(alerts[0].first, 0);
  assert.deepEqual([alerts[0].source, alerts[0].target, alerts[0].targetPort], [CLIENT, OUTSIDE, 4444]);
  assert.equal(
    alerts[0].message,
    "192.168.1.20 has been connected to 198.51.100.7:4444 for 3 h, 5 bytes sent and 2 bytes received",
  );
});

Deno.test("58 minutes are not told", () => {
  assert.deepEqual(detect(held({ hours: 58 / 60 }), [longConnection]).told, []);
});

Deno.test("what carries as much as a meeting is told after four hours only", () => {
  assert.deepEqual(detect(held({ hours: 3.9, bytes: 1200, everyS: 2 }), [longConnection]).told, []);
  assert.equal(detect(held({ hours: 4.2, bytes: 1200, everyS: 2 }), [longConnection]).alerts.length, 1);
});

Deno.test("half a day is worse", () => {
  assert.equal(detect(held({ hours: 13, everyS: 300 }), [longConnection]).alerts[0].severity, 2);
});

Deno.test("keep-alives two hours apart are one connection still, whoever speaks first", () => {
  const { alerts } = detect(held({ hours: 9, everyS: 7_200 }), [longConnection]);
  assert.equal(alerts.length, 1);
  assert.equal(alerts[0].evidence.seen_from_start, true);
  assert.equal(alerts[0].evidence.duration_s, 28_800.05);
});

Deno.test("connections of a LAN may last, IPv6 too; those of IPv6 with a server outside are told", () => {
  assert.deepEqual(detect(held({ hours: 3, server: "192.168.1.9" }), [longConnection]).told, []);
  assert.deepEqual(
    detect(held({ hours: 3, client: "fd00::1", server: "fd00::2" }), [longConnection]).told,
    [],
  );
  const { alerts } = detect(held({ hours: 3, client: "fd00::1", server: "2001:db8:7::1" }), [longConnection]);
  assert.equal(alerts.length, 1);
});

Deno.test("clocks that ask from one port for hours are no connection", () => {
  const traffic = new Traffic();
  const packet = (mode: number) =>
    Uint8Array.from({ length: 48 }, (_, i) => i === 0 ? 0x20 | mode : i === 1 ? 2 : 0x5a);
  for (let i = 0; i < 120; i++) {
    const ends = { client: CLIENT, server: OUTSIDE, port: 123, clientPort: 123 };
    traffic.udp({ ...ends, ask: packet(3), answer: packet(4) }).wait(64);
  }
  assert.deepEqual(detect(traffic, [longConnection]).told, []);
});

Deno.test("a second connection with the same server belongs to the first alert; a daily one is told once", () => {
  const two = held({ hours: 2 }).with(held({ hours: 2, clientPort: 50_001 }));
  const { alerts } = detect(two, [longConnection]);
  assert.deepEqual(alerts.map(({ count }) => count), [1]); // the last one open, when it ended
  const tomorrow = held({ hours: 2, everyS: 600 });
  for (const frame of held({ hours: 2, everyS: 600, clientPort: 50_002 }).frames) {
    tomorrow.frames.push({ ...frame, atUs: frame.atUs! + 86_400e6 });
  }
  assert.equal(detect(tomorrow, [longConnection]).alerts.length, 1);
});

Deno.test("clients that stay with a server of ours are one alert", () => {
  const traffic = held({ hours: 2, client: OUTSIDE, server: CLIENT })
    .with(held({ hours: 2, client: "198.51.100.8", server: CLIENT }));
  const { told } = detect(traffic, [longConnection]);
  assert.equal(told.filter(({ phase }) => phase === "new").length, 1);
  assert(told.some(({ count, message }) => count === 2 && message.includes(", and 1 more like it, ")));
});

Deno.test("what a program keeps open by habit is told once, over a restart as well; by name, not by address", () => {
  const told = (name: string, remembered?: Usual) => {
    let count = 0;
    const detector = new Detector({ specs: [longConnection], remembered, tell: () => count++ });
    const batch = createFactBatch(1);
    const { flows } = batch;
    batch.rows = 1;
    batch.kind[0] = FactKind.flow;
    batch.steps[0] = FlowStep.progress;
    flows.id[0] = 7;
    flows.ipVersion[0] = 4;
    flows.protocol[0] = IpProtocol.tcp;
    flows.state[0] = FlowState.established;
    flows.packets.set([9, 9]);
    flows.port.set([40_000, 5228]);
    flows.address.set([192, 168, 1, 20]);
    flows.address.set([198, 51, 100, 7], 16);
    flows.serverName[0] = name;
    const owner = { flowId: 7, program: "push", path: "/usr/bin/push", pid: 3, user: "u" };
    detector.takeSystem({
      ...{ atUs: 1e15, cpu: null, busy: [], listeners: [], interfaces: [], places: [] },
      owners: [{ ...owner, address: OUTSIDE, port: 5228, inbound: false }],
      capture: { received: 0, dropped: 0 },
    });
    flows.firstUs[0] = 1e15;
    flows.lastUs[0] = batch.timeUs[0] = batch.clockUs[0] = 1e15 + 3_700e6;
    detector.take(batch);
    return { count, usual: detector.usual() };
  };
  const first = told("push.example");
  assert.equal(first.count, 1);
  assert.deepEqual(first.usual!.long_connection.entries.map(([entry]) => entry), ["push push.example:5228"]);
  assert.equal(told("push.example", first.usual!).count, 0);
  assert.equal(told("other.example", first.usual!).count, 1);
  assert.deepEqual(told("").usual, {});
});

Deno.test("many silent flows are forgotten in order", () => {
  const detector = new Detector({ specs: [longConnection], tell: () => {} });
  const batch = createFactBatch(1);
  const { flows } = batch;
  batch.rows = 1;
  batch.kind[0] = FactKind.flow;
  batch.steps[0] = FlowStep.ended;
  flows.ipVersion[0] = 4;
  flows.protocol[0] = IpProtocol.tcp;
  flows.state[0] = FlowState.established;
  flows.end[0] = FlowEnd.timeout;
  flows.packets.set([3, 3]);
  flows.address.set([198, 51, 100, 7], 16);
  for (let i = 0; i < 200_000; i++) {
    flows.id[0] = i + 1;
    flows.address.set([10, i >> 16 & 255, i >> 8 & 255, i & 255]);
    flows.lastUs[0] = batch.timeUs[0] = batch.clockUs[0] = 1e15 + i + 4_000e6;
    flows.firstUs[0] = 1e15 + i + (i % 2) * 4_000e6; // every other one is long
    detector.take(batch);
  }
  const { entries, capacity, evicted } = detector.counters().rules.long_connection;
  assert(entries <= capacity && evicted > 180_000);
});
