/** Beacons through the whole inspector: what is told, when, and what looks alike and is not. */
import assert from "node:assert/strict";
import { Detector } from "../../../detect/mod.ts";
import { beaconing } from "../../../detect/rules/beaconing.ts";
import { createFactBatch, FactKind, FlowStep } from "../../../model/facts.ts";
import { IpProtocol } from "../../../model/flow.ts";
import { detect, Traffic } from "../../support/traffic.ts";
import { text } from "../../support/packets.ts";

const CLIENT = "192.168.1.20";
const OUTSIDE = "198.51.100.7";
const REQUEST = "GET /news HTTP/1.1\r\nHost: c2.example\r\nUser-Agent: x\r\n\r\n";
const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno";

interface Beats {
  client?: string;
  server?: string;
  port?: number;
  count: number;
  periodS: number;
  /** Each gap is periodS × (1 ± jitter), evenly spread. */
  jitter?: number;
  turns?: (string | number)[];
  startS?: number;
}

function beats(beats: Beats): Traffic {
  const { client = CLIENT, server = OUTSIDE, port = 80, count, periodS, jitter = 0, startS = 0 } = beats;
  const random = dice(count);
  const traffic = new Traffic();
  let at = startS;
  for (let i = 0; i < count; i++, at += periodS * (1 + jitter * (2 * random() - 1))) {
    traffic.now = at;
    traffic.tcp({ client, server, port, turns: beats.turns ?? [REQUEST, ANSWER] });
  }
  return traffic;
}

function dice(seed: number): () => number {
  return () => (seed = seed * 48_271 % 0x7fff_ffff) / 0x7fff_ffff;
}

Deno.test("a beacon is told at its eighth contact or so, and goes on as one alert", () => {
  const { told, alerts } = detect(beats({ count: 30, periodS: 60, jitter: 0.1 }), [beaconing]);
  assert.equal(alerts.length, 1);
  const [alert] = alerts;
  assert.deepEqual([alert.source, alert.target, alert.targetPort], [CLIENT, OUTSIDE, 80]);
  assert.equal(alert.severity, 2);
  assert.equal(alert.count, 30);
  assert.equal(alert.first, 0);
  assert(told[0].count >= 8 && told[0].count <= 10, `told at ${told[0].count}`);
  assert.match(
    alert.message,
    /^192\.168\.1\.20 contacts c2\.example:80 every (?:59|60|61)(?:\.\d)? s, give or take/,
  );
  const { period_s, jitter, histogram } = alert.evidence as {
    period_s: number;
    jitter: number;
    histogram: { count: number }[];
  };
  assert(Math.abs(period_s - 60) < 2 && jitter < 0.1);
  assert.equal(histogram.reduce((sum, { count }) => sum + count, 0), 29);
});

Deno.test("jitter of 30 %, missed beats and two connections a beat do not hide it; IPv6 neither", () => {
  const loose = beats({ count: 40, periodS: 8, jitter: 0.3 });
  assert.equal(detect(loose, [beaconing]).alerts.length, 1);
  const missed = beats({ count: 20, periodS: 8, jitter: 0.05 })
    .with(beats({ count: 10, periodS: 8, jitter: 0.05, startS: 20 * 8 + 16 }));
  assert.equal(detect(missed, [beaconing]).alerts.length, 1);
  const twice = beats({ count: 15, periodS: 30 }).with(
    beats({ count: 15, periodS: 30, startS: 1.5, turns: [900, 9] }),
  );
  assert.equal(detect(twice, [beaconing]).alerts.length, 1);
  const v6 = beats({ count: 15, periodS: 30, client: "fd00::9", server: "2001:db8:7::1" });
  assert.equal(detect(v6, [beaconing]).alerts[0].target, "2001:db8:7::1");
});

Deno.test("seven contacts are not enough, nor is a beat that has just begun", () => {
  assert.deepEqual(detect(beats({ count: 7, periodS: 60 }), [beaconing]).told, []);
  assert.deepEqual(detect(beats({ count: 20, periodS: 3 }), [beaconing]).told, []); // 57 s
  assert.equal(detect(beats({ count: 22, periodS: 3 }), [beaconing]).alerts.length, 1); // 63 s
});

Deno.test("a person's contacts, a load test and failed connections are no beat", () => {
  const random = dice(5);
  const person = new Traffic();
  for (let i = 0; i < 60; i++) {
    person.tcp({ client: CLIENT, server: OUTSIDE, port: 80, turns: [REQUEST, ANSWER] });
    person.wait(-8 * Math.log(1 - random()));
  }
  assert.deepEqual(detect(person, [beaconing]).told, []);
  const load = new Traffic();
  for (let i = 0; i < 2_000; i++) {
    load.tcp({ client: CLIENT, server: OUTSIDE, port: 80, turns: [50, 50] }).wait(0.03);
  }
  assert.deepEqual(detect(load, [beaconing]).told, []);
  const failed = new Traffic();
  for (let i = 0; i < 100; i++) {
    failed.tcp({ client: CLIENT, server: OUTSIDE, port: 80, outcome: "refused" }).wait(5);
  }
  assert.deepEqual(detect(failed, [beaconing]).told, []);
  const bare = beats({ count: 40, periodS: 10, turns: [] });
  assert.deepEqual(detect(bare, [beaconing]).told, []);
});

Deno.test("one host that asks many at the same rhythm monitors them", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 8; i++) {
    traffic.with(
      beats({ server: `198.51.100.${i + 1}`, count: 30, periodS: 10, jitter: 0.02, startS: i * 0.1 }),
    );
  }
  assert.deepEqual(detect(traffic, [beaconing]).told, []);
});

Deno.test("inside a LAN an hour of it is told, mildly; from outside to us nothing is", () => {
  const inside = (count: number) => beats({ server: "192.168.1.9", count, periodS: 60, jitter: 0.05 });
  assert.deepEqual(detect(inside(50), [beaconing]).told, []);
  assert.equal(detect(inside(75), [beaconing]).alerts[0].severity, 3);
  const inbound = beats({ client: OUTSIDE, server: CLIENT, count: 75, periodS: 60 });
  assert.deepEqual(detect(inbound, [beaconing]).told, []);
});

Deno.test("clocks are recognised by what they say, not by their port", () => {
  const ntp = (ask: Uint8Array, answer: Uint8Array) => {
    const traffic = new Traffic();
    for (let i = 0; i < 20; i++) {
      traffic.udp({ client: CLIENT, server: OUTSIDE, port: 123, ask, answer }).wait(64);
    }
    return traffic;
  };
  const packet = (mode: number) => {
    const bytes = new Uint8Array(48);
    bytes.set([0x20 | mode, 2, 6, 0xec]);
    bytes.fill(0x5a, 40);
    return bytes;
  };
  assert.deepEqual(detect(ntp(packet(3), packet(4)), [beaconing]).told, []);
  const words = text("hello, anything for me to do?");
  assert.equal(detect(ntp(words, words), [beaconing]).alerts.length, 1);
});

Deno.test("requests in one connection are a beacon, keep-alives in it are not", () => {
  const talk = (size: number) => {
    const turns = Array.from({ length: 60 }, () => size);
    return new Traffic().tcp({ client: CLIENT, server: OUTSIDE, port: 443, stepS: 10, turns });
  };
  assert.equal(detect(talk(300), [beaconing]).alerts.length, 1);
  assert.deepEqual(detect(talk(40), [beaconing]).told, []);
});

Deno.test("a video in pieces is a stream", () => {
  const stream = beats({ count: 25, periodS: 4, turns: [REQUEST, 40_000] });
  assert.deepEqual(detect(stream, [beaconing]).told, []);
});

Deno.test("a beat that stops is told as over, and one that begins again is another", () => {
  const again = beats({ count: 20, periodS: 10 }).with(beats({ count: 20, periodS: 10, startS: 2_000 }));
  const { alerts, told } = detect(again, [beaconing]);
  assert.deepEqual(alerts.map(({ first, count }) => [Math.round(first), count]), [[0, 20], [2_000, 20]]);
  assert.equal(told.filter(({ phase }) => phase === "new").length, 2);
});

Deno.test("live, two programs with one server are told apart, by name", () => {
  const told: string[] = [];
  const detector = new Detector({ specs: [beaconing], tell: (alert) => told.push(message(alert)) });
  const batch = createFactBatch(1);
  const { flows } = batch;
  batch.rows = 1;
  flows.address.set([192, 168, 1, 20]);
  flows.address.set([198, 51, 100, 7], 16);
  flows.ipVersion[0] = 4;
  flows.protocol[0] = IpProtocol.tcp;
  flows.port.set([40_000, 443]);
  const random = dice(3);
  const step = (steps: number, id: number, atUs: number) => {
    batch.kind[0] = FactKind.flow;
    batch.steps[0] = steps;
    batch.timeUs[0] = batch.clockUs[0] = flows.lastUs[0] = atUs;
    flows.firstUs[0] = atUs;
    flows.id[0] = id;
    flows.payloadBytes.set([300, 700]);
    detector.take(batch);
  };
  const start = 1_700_000_000e6;
  for (let i = 0, id = 1; i < 40; i++) {
    for (const [program, offsetS] of [["updater", 0], ["browser", 1 + 28 * random()]] as const) {
      if (program === "browser" && random() < 0.5) continue;
      const atUs = start + (30 * i + offsetS) * 1e6;
      step(FlowStep.established, ++id, atUs);
      detector.takeSystem({
        ...{ atUs: atUs + 1e6, cpu: null, busy: [], listeners: [], interfaces: [], places: [] },
        owners: [{ flowId: id, program, path: "", pid: id, user: "", address: "", port: 0, inbound: false }],
        capture: { received: 0, dropped: 0 },
      });
      step(FlowStep.ended, id, atUs + 4e6);
    }
  }
  detector.close();
  assert(
    told.length > 0 && told.every((text) => text.startsWith("updater on 192.168.1.20 contacts")),
    told[0],
  );
});

function message(alert: { fields: Record<string, unknown> }): string {
  return (alert.fields.netpane as { message: string }).message;
}

Deno.test("a flood of clients neither grows memory nor pushes out a beacon", () => {
  const detector = new Detector({ specs: [beaconing], tell: () => told++ });
  let told = 0;
  const batch = createFactBatch(1);
  const { flows } = batch;
  batch.rows = 1;
  batch.kind[0] = FactKind.flow;
  flows.ipVersion[0] = 4;
  flows.protocol[0] = IpProtocol.udp;
  flows.port.set([40_000, 999]);
  flows.address.set([198, 51, 100, 7], 16);
  let id = 0;
  const contact = (client: number, atUs: number) => {
    flows.address.set([10, client >> 16 & 255, client >> 8 & 255, client & 255]);
    flows.id[0] = ++id;
    flows.payloadBytes.set([99, 99]);
    batch.timeUs[0] = batch.clockUs[0] = flows.firstUs[0] = atUs;
    for (const steps of [FlowStep.established, FlowStep.ended]) {
      batch.steps[0] = steps;
      detector.take(batch);
    }
  };
  let client = 1;
  for (let i = 0; i < 30; i++) {
    contact(0, 1e15 + i * 10e6);
    for (let k = 0; i > 4 && k < 4_000; k++) contact(client++, 1e15 + i * 10e6 + k * 1_000);
  }
  assert(told > 0);
  const state = detector.counters().rules.beaconing;
  assert(state.entries <= state.capacity && state.evicted > 30_000, JSON.stringify(state));
});

Deno.test("requests of HTTP are no keep-alives, however short; the same bytes without HTTP are", () => {
  const within = (question: string, answer: string) => {
    const traffic = new Traffic();
    const turns = [question, answer];
    const talks = Array.from({ length: 30 }, () => turns).flat();
    traffic.tcp({ client: CLIENT, server: OUTSIDE, port: 80, turns: talks, stepS: 2.5, keepOpen: true });
    return detect(traffic, [beaconing]).alerts.length;
  };
  assert.equal(within("GET /n HTTP/1.1\r\nHost: c2.example\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"), 1);
  assert.equal(within("ping ".repeat(8), "pong ".repeat(8)), 0);
});

/** Requests through a proxy inside: of one host at a beat, of others at random, each in a connection of its own. */
function proxied(
  { host = "c2.example", count = 60, browsing = true, isTunnel = false, length = "Content-Length: 2\r\n" } =
    {},
): Traffic {
  const ends = { client: CLIENT, server: "192.168.1.3", port: 3128 };
  let clientPort = 50_000;
  const ask = (traffic: Traffic, name: string, bytes: number) =>
    traffic.tcp({
      ...ends,
      clientPort: clientPort++,
      turns: isTunnel
        ? [`CONNECT ${name}:443 HTTP/1.1\r\nHost: ${name}:443\r\n\r\n`, "HTTP/1.1 200 OK\r\n\r\n", bytes, 300]
        : [`GET http://${name}/n HTTP/1.1\r\nHost: ${name}\r\n\r\n`, `HTTP/1.1 200 OK\r\n${length}\r\nno`],
    });
  const beat = new Traffic();
  for (let i = 0; i < count; i++) {
    beat.now = 15 * i;
    ask(beat, host, 200);
  }
  if (!browsing) return beat;
  const random = dice(7);
  const person = new Traffic();
  while (person.now < 15 * count) {
    ask(person, `www.site${Math.floor(30 * random())}.example`, 200 + Math.floor(900 * random()));
    person.wait(-12 * Math.log(1 - random()));
  }
  return beat.with(person);
}

Deno.test("through a proxy the beat is of whom the requests and tunnels are for, amid a person's", () => {
  for (const isTunnel of [false, true]) {
    const { alerts } = detect(proxied({ isTunnel }), [beaconing]);
    assert.equal(alerts.length, 1);
    const [{ source, target, targetPort, severity, evidence, message, count }] = alerts;
    assert.deepEqual([source, target, targetPort, severity, count], [CLIENT, "192.168.1.3", 3128, 2, 60]);
    assert.deepEqual([evidence.server, evidence.proxy], ["c2.example", "192.168.1.3:3128"]);
    assert.match(message, /contacts c2\.example:(?:80|443) through the proxy 192\.168\.1\.3:3128 every 15 s/);
  }
});

Deno.test("a proxy's connections are nobody's beat; what is asked of hosts inside is judged as such", () => {
  // One host alone, at a beat: one alert, not another one for the proxy.
  assert.equal(detect(proxied({ count: 300, browsing: false }), [beaconing]).alerts.length, 1);
  for (const host of ["wiki", "10.1.2.3", "build.corp"]) {
    assert.deepEqual(detect(proxied({ host, count: 60 }), [beaconing]).told, [], host);
    assert.equal(detect(proxied({ host, count: 300 }), [beaconing]).alerts[0].severity, 3, host);
  }
});

Deno.test("through a proxy in one connection: requests to several hosts, and one tunnel that stays open", () => {
  const ends = { client: CLIENT, server: "192.168.1.3", port: 3128, keepOpen: true };
  const turns = Array.from({ length: 60 }, (_, i) => [
    `GET http://${i % 2 === 0 ? "c2.example" : `site${i * i % 17}.example`}/n HTTP/1.1\r\n\r\n`,
    ANSWER,
  ]).flat();
  const [alert] = detect(new Traffic().tcp({ ...ends, stepS: 5, turns }), [beaconing]).alerts;
  assert.deepEqual([alert.evidence.server, alert.count], ["c2.example", 30]);
  const tunnel = ["CONNECT c2.example:443 HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"];
  const talk = [...tunnel, ...Array.from({ length: 60 }, () => 300)];
  const [kept] = detect(new Traffic().tcp({ ...ends, stepS: 10, turns: talk }), [beaconing]).alerts;
  assert.deepEqual([kept.evidence.server, kept.severity], ["c2.example", 2]);
});

Deno.test("through a proxy a stream in pieces, refused tunnels and others' requests of ours are no beacon", () => {
  assert.deepEqual(
    detect(proxied({ length: "Content-Length: 90000\r\n", browsing: false }), [beaconing]).told,
    [],
  );
  const refused = new Traffic();
  const scanned = new Traffic();
  for (let i = 0; i < 60; i++) {
    const turns = ["CONNECT c2.example:443 HTTP/1.1\r\n\r\n", "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"];
    refused.tcp({ client: CLIENT, server: "192.168.1.3", port: 3128, turns }).wait(10);
    const ask = "GET http://c2.example/ HTTP/1.1\r\n\r\n";
    scanned.tcp({ client: OUTSIDE, server: CLIENT, port: 80, turns: [ask, ANSWER] }).wait(10);
  }
  assert.deepEqual(detect(refused, [beaconing]).told, []);
  assert.deepEqual(detect(scanned, [beaconing]).told, []);
});

Deno.test("a server outside that is asked as if it were a proxy is told by its address, whatever names it is asked for", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 120; i++) {
    const turns = [`GET http://w${i}.example.com/news HTTP/1.1\r\n\r\n`, ANSWER];
    traffic.tcp({ client: CLIENT, server: OUTSIDE, port: 80, turns }).wait(60 - 0.009);
  }
  const { alerts } = detect(traffic, [beaconing]);
  assert.deepEqual(alerts.map(({ target, severity }) => [target, severity]), [[OUTSIDE, 2]]);
});

Deno.test("live, a proxied request is counted for its host before its connection is for the proxy", () => {
  const told: string[] = [];
  const detector = new Detector({ specs: [beaconing], tell: (alert) => told.push(message(alert)) });
  const batch = createFactBatch(1);
  const { flows } = batch;
  batch.rows = 1;
  flows.address.set([192, 168, 1, 20]);
  flows.address.set([192, 168, 1, 3], 16);
  flows.ipVersion[0] = 4;
  flows.protocol[0] = IpProtocol.tcp;
  flows.port.set([40_000, 3128]);
  flows.payloadBytes.set([300, 700]);
  const take = (kind: number, steps: number, atUs: number) => {
    batch.kind[0] = kind;
    batch.steps[0] = steps;
    batch.timeUs[0] =
      batch.clockUs[0] =
      flows.lastUs[0] =
      flows.firstUs[0] =
        atUs;
    detector.take(batch);
  };
  for (let i = 0; i < 30; i++) {
    const atUs = 1_700_000_000e6 + 20e6 * i;
    const id = flows.id[0] = i + 1;
    detector.takeSystem({
      ...{ atUs, cpu: null, busy: [], listeners: [], interfaces: [], places: [] },
      owners: [{
        flowId: id,
        program: "agent",
        path: "",
        pid: 7,
        user: "",
        address: "",
        port: 0,
        inbound: false,
      }],
      capture: { received: 0, dropped: 0 },
    });
    take(FactKind.flow, FlowStep.established, atUs + 1e3);
    const ports = { clientPort: 40_000, serverPort: 3128 };
    const flow = { id, clientAddress: CLIENT, serverAddress: "192.168.1.3", ...ports };
    const http = { http_method: "GET", url: "http://c2.example/n", status: 200, length: 2 };
    batch.observations[0] = {
      type: "http",
      timeUs: atUs + 2e3,
      flow,
      direction: 0,
      fields: { http },
    } as never;
    take(FactKind.observation, 0, atUs + 2e3);
    take(FactKind.flow, FlowStep.ended, atUs + 5e3);
  }
  detector.close();
  assert(told.length > 0);
  for (const text of told) {
    assert.match(
      text,
      /^agent on 192\.168\.1\.20 contacts c2\.example:80 through the proxy 192\.168\.1\.3:3128/,
    );
  }
});
