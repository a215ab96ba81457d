/** Uploads through the whole inspector: in one piece, in many, by day; and what sends much and is none. */
import assert from "node:assert/strict";
import { exfiltration } from "../../../detect/rules/exfiltration.ts";
import { Detector } from "../../../detect/mod.ts";
import { createFactBatch, FactKind, FlowStep } from "../../../model/facts.ts";
import { IpProtocol } from "../../../model/flow.ts";
import { MAX_MEASURES, parseUsualFile, usualFile, type UsualMeasure } from "../../../model/usual.ts";
import { concat, hex, PROTOCOL } from "../../support/packets.ts";
import { detect, Traffic } from "../../support/traffic.ts";

const CLIENT = "192.168.1.20";
const OUTSIDE = "198.51.100.7";
/** Small, so that packets are few; what is asked of the rule is the same. */
const RULES = { exfiltration: { options: { bytes: 1_000_000, slowBytes: 3_000_000 } } };
const MB = 1_000_000;

function talk(turns: number[], server = OUTSIDE, client = CLIENT): Traffic {
  return new Traffic().tcp({ client, server, port: 443, turns, stepS: 0.002 });
}

Deno.test("ten megabytes sent out are told while they go", () => {
  const traffic = new Traffic().tcp({
    client: CLIENT,
    server: OUTSIDE,
    port: 443,
    turns: [12 * MB],
    stepS: 0.001,
  });
  const { told, alerts } = detect(traffic, [exfiltration]);
  assert.equal(alerts.length, 1);
  assert(told[0].packets < traffic.frames.length * 0.9, `${told[0].packets} of ${traffic.frames.length}`);
  const [alert] = alerts;
  assert.deepEqual([alert.source, alert.target, alert.targetPort, alert.first], [CLIENT, OUTSIDE, 443, 0]);
  assert.equal(alert.evidence.bytes_sent, 12 * MB);
  assert.match(
    alert.message,
    /^192\.168\.1\.20 sent 12 MB to 198\.51\.100\.7:443 within [\d.]+ s, 100 % of what/,
  );
});

Deno.test("nine megabytes are not", () => {
  const traffic = new Traffic().tcp({
    client: CLIENT,
    server: OUTSIDE,
    port: 443,
    turns: [9 * MB],
    stepS: 0.001,
  });
  assert.deepEqual(detect(traffic, [exfiltration]).told, []);
});

Deno.test("many small uploads are one large one; IPv6 too", () => {
  const parts = new Traffic();
  for (let i = 0; i < 30; i++) {
    parts.tcp({ client: CLIENT, server: OUTSIDE, port: 443, turns: [40_000, 200] }).wait(5);
  }
  const { alerts } = detect(parts, [exfiltration], { rules: RULES });
  assert.equal(alerts.length, 1);
  assert(alerts[0].count >= 25);
  assert.equal(
    detect(talk([1.2 * MB], "2001:db8:7::1", "fd00::1"), [exfiltration], { rules: RULES }).alerts.length,
    1,
  );
});

Deno.test("what drips over a day is told in the end", () => {
  const drip = new Traffic();
  for (let i = 0; i < 20; i++) {
    drip.tcp({ client: CLIENT, server: OUTSIDE, port: 443, turns: [200_000, 50] }).wait(3_000);
  }
  const { alerts } = detect(drip, [exfiltration], { rules: RULES });
  assert.equal(alerts.length, 1);
  assert.equal(alerts[0].evidence.window_s, 86_400);
});

Deno.test("downloads, calls, speed tests, backups in the LAN and what we serve are none", () => {
  const cases: Record<string, Traffic> = {
    download: talk([300, 3 * MB]),
    call: talk(Array.from({ length: 60 }, () => 50_000)),
    speed: talk([100, 3 * MB, 3 * MB]),
    backup: talk([3 * MB], "192.168.1.9"),
    served: talk([300, 3 * MB], CLIENT, OUTSIDE),
    receivedFromOutside: talk([3 * MB], CLIENT, OUTSIDE),
    group: new Traffic(),
  };
  for (let i = 0; i < 1_500; i++) {
    cases.group.udp({
      client: CLIENT,
      server: "239.1.2.3",
      port: 5004,
      clientPort: 5004,
      ask: new Uint8Array(1_000),
    });
  }
  for (const [name, traffic] of Object.entries(cases)) {
    assert.deepEqual(detect(traffic, [exfiltration], { rules: RULES }).told, [], name);
  }
});

Deno.test("what was done before is ordinary; three times as much is not", () => {
  const daily = (sizes: number[]) => {
    const traffic = new Traffic();
    for (const size of sizes) {
      traffic.tcp({ client: CLIENT, server: OUTSIDE, port: 443, turns: [size] }).wait(90_000);
    }
    return detect(traffic, [exfiltration], { rules: RULES }).alerts.map(({ evidence }) =>
      evidence.bytes_sent
    );
  };
  assert.deepEqual(daily([1.5 * MB, 1.4 * MB, 2 * MB]), [1.5 * MB]);
  assert.deepEqual(daily([1.5 * MB, 1.4 * MB, 5 * MB]), [1.5 * MB, 5 * MB]);
});

Deno.test("a capture that begins in the middle of an upload has its ends put right", () => {
  const traffic = talk([2 * MB]);
  traffic.frames.splice(0, 3); // the handshake
  traffic.frames.unshift(talk([10, 10]).frames[4]); // the server's data comes first
  const { alerts } = detect(traffic, [exfiltration], { rules: RULES });
  assert.deepEqual(alerts.map(({ source, target }) => [source, target]), [[CLIENT, OUTSIDE]]);
});

Deno.test("pings of one size are pings however many; of changing sizes they are a tunnel", () => {
  const pings = (sizeOf: (i: number) => number) => {
    const traffic = new Traffic();
    for (let i = 0; i < 1_500; i++) {
      const rest = concat(hex("0000 0001"), Uint8Array.of(i >> 8, i & 255), new Uint8Array(sizeOf(i)));
      traffic.ip(CLIENT, OUTSIDE, PROTOCOL.icmp, concat(hex("0800"), rest)).length;
      traffic.wait(0.01);
      traffic.ip(OUTSIDE, CLIENT, PROTOCOL.icmp, concat(hex("0000"), rest)).length;
      traffic.wait(0.1);
    }
    return detect(traffic, [exfiltration]).alerts;
  };
  assert.deepEqual(pings(() => 1_000), []);
  const [alert] = pings((i) => (i * 7919) % 1_000);
  assert.equal(alert.evidence.method, "icmp");
  assert.match(alert.message, /^192\.168\.1\.20 exchanged [\d.]+ MB with 198\.51\.100\.7 in echo requests/);
});

Deno.test("a million senders do not grow it", () => {
  const detector = new Detector({ specs: [exfiltration], tell: () => {} });
  const batch = createFactBatch(1);
  const { flows } = batch;
  batch.rows = 1;
  batch.kind[0] = FactKind.flow;
  flows.ipVersion[0] = 4;
  flows.protocol[0] = IpProtocol.udp;
  flows.address.set([198, 51, 100, 7], 16);
  flows.packets.set([30, 1]);
  flows.payloadBytes.set([30_000, 10]);
  for (let i = 0; i < 100_000; i++) {
    flows.id[0] = i + 1;
    flows.address.set([10, i >> 16 & 255, i >> 8 & 255, i & 255]);
    batch.timeUs[0] = batch.clockUs[0] = 1e15 + i;
    batch.steps[0] = i % 2 === 0 ? FlowStep.progress : FlowStep.ended;
    detector.take(batch);
  }
  const { entries, capacity, evicted } = detector.counters().rules.exfiltration;
  assert(entries <= capacity && evicted > 90_000);
});

Deno.test("a speed test fetches first, with requests of no length", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 4; i++) {
    traffic.tcp({ client: CLIENT, server: OUTSIDE, port: 8080, turns: [100, 2 * MB], stepS: 0.0005 });
  }
  for (let i = 0; i < 4; i++) {
    traffic.tcp({ client: CLIENT, server: OUTSIDE, port: 8080, turns: [600_000, 100], stepS: 0.0005 });
  }
  assert.deepEqual(detect(traffic, [exfiltration], { rules: RULES }).told, []);
});

/** What a run that begins with what another has kept says of uploads, each 25 hours after the last. */
function afterRestart(
  before: [bytes: number, server: string][],
  after: [bytes: number, server: string],
): { first: number; second: unknown[]; measures: readonly UsualMeasure[] } {
  const uploads = (list: [number, string][]) => {
    const traffic = new Traffic();
    for (const [size, server] of list) {
      traffic.tcp({ client: CLIENT, server, port: 443, turns: [size] }).wait(90_000);
    }
    return traffic;
  };
  const { alerts, usual } = detect(uploads(before), [exfiltration], { rules: RULES });
  const remembered = parseUsualFile(JSON.parse(JSON.stringify(usualFile(usual))));
  const second = detect(uploads([after]), [exfiltration], { rules: RULES, remembered });
  return {
    first: alerts.length,
    second: second.alerts.map(({ evidence }) => [evidence.bytes_sent, evidence.earlier_maximum_bytes]),
    measures: usual.exfiltration?.measures ?? [],
  };
}

Deno.test("what was ordinary is so after a restart, of the destination and of whoever sends", () => {
  const daily: [number, string][] = [[1.5 * MB, OUTSIDE], [1.4 * MB, OUTSIDE]];
  assert.deepEqual(afterRestart(daily, [2 * MB, OUTSIDE]).second, []);
  assert.deepEqual(afterRestart(daily, [5 * MB, OUTSIDE]).second, [[5 * MB, 1.5 * MB]]);
  assert.deepEqual(afterRestart(daily, [2 * MB, "198.51.100.99"]).second, [[2 * MB, 0]]);
  const others = ["198.51.100.1", "198.51.100.2", "198.51.100.3"].flatMap((server): [number, string][] => [
    [0.9 * MB, server],
    [0.9 * MB, server],
  ]);
  assert.deepEqual(afterRestart(others, [2.5 * MB, OUTSIDE]).second, []);
  assert.deepEqual(afterRestart(others, [2.8 * MB, OUTSIDE]).second, [[2.8 * MB, 0.9 * MB]]);
});

Deno.test("what is being told as it stops is no past; what is too little to matter is not kept", () => {
  const { first, second, measures } = afterRestart([[1.5 * MB, OUTSIDE]], [1.5 * MB, OUTSIDE]);
  assert.deepEqual([first, second.length, measures.length], [1, 1, 0]);
  assert.deepEqual(afterRestart([[0.2 * MB, OUTSIDE], [0.2 * MB, OUTSIDE]], [100, OUTSIDE]).measures, []);
});

Deno.test("what an earlier run kept is kept again, until it is used, and is bounded", () => {
  const measures = Array.from(
    { length: 2_000 },
    (_, i): UsualMeasure => [`pair 10.0.${i >> 8}.${i & 255} ${OUTSIDE}`, [1e6 + i, 0, 0, 0]],
  );
  const remembered = { exfiltration: { watchedSeconds: 0, entries: [], measures } };
  const { usual, counters } = detect(new Traffic(), [exfiltration], { rules: RULES, remembered });
  assert.deepEqual(usual.exfiltration.measures, measures.slice(-MAX_MEASURES / 2));
  assert(counters.rules.exfiltration.entries <= counters.rules.exfiltration.capacity);
});

/** Of a TCP conversation only what the client sends, from frame `skip` on; each `resend`th an earlier one again. */
function oneWay(
  { bytes = 2 * MB, skip = 0, port = 443, clientPort = 50_000, resend = 0 } = {},
): Traffic {
  const whole = new Traffic().tcp({
    client: CLIENT,
    server: OUTSIDE,
    port,
    clientPort,
    turns: [bytes],
    stepS: 0.002,
  });
  const seen = new Traffic();
  // Source address of IPv4 behind Ethernet.
  const sent = whole.frames.filter((frame) => frame.bytes[26] === 192).slice(skip);
  seen.frames.push(...sent.map((frame, i) => ({
    ...frame,
    bytes: resend > 0 && i > 3 && i % resend === 0 ? sent[3].bytes : frame.bytes,
  })));
  return seen;
}

Deno.test("an upload of which only one direction is seen is told, from its middle too, and says so", () => {
  for (const skip of [0, 5]) {
    const { alerts } = detect(oneWay({ skip }), [exfiltration], { rules: RULES });
    assert.equal(alerts.length, 1);
    const [{ source, target, evidence, message }] = alerts;
    assert.deepEqual([source, target], [CLIENT, OUTSIDE]);
    assert.deepEqual([evidence.one_direction_seen, evidence.share_sent], [true, undefined]);
    assert.match(message, /within [\d.]+ s; what came back was not seen$/);
  }
});

Deno.test("what proves no acknowledgement is no upload: less than a megabyte, repeats, a server's answers alone", () => {
  const rules = { exfiltration: { options: { bytes: 500_000, slowBytes: 600_000 } } };
  const quiet: Record<string, Traffic> = {
    little: oneWay({ bytes: 900_000 }),
    "sent again and again": oneWay({ resend: 2 }),
    "a server's answers": oneWay({ skip: 5, port: 50_000, clientPort: 8_080 }),
  };
  for (const [name, traffic] of Object.entries(quiet)) {
    assert.deepEqual(detect(traffic, [exfiltration], { rules }).told, [], name);
  }
  const flood = new Traffic();
  for (let i = 0; i < 1_500; i++) {
    flood.udp({ client: CLIENT, server: OUTSIDE, port: 9, clientPort: 50_000, ask: new Uint8Array(1_400) });
  }
  assert.deepEqual(detect(flood, [exfiltration], { rules }).told, []);
});
