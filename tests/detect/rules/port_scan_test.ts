/** Port scans of all kinds, and what looks like them. */
import assert from "node:assert/strict";
import { hostSweep } from "../../../detect/rules/host_sweep.ts";
import { oddFlags } from "../../../detect/rules/odd_flags.ts";
import { portScan } from "../../../detect/rules/port_scan.ts";
import { synFlood } from "../../../detect/rules/syn_flood.ts";
import { PROTOCOL, TCP, tcp } from "../../support/packets.ts";
import { type Alert, detect, Traffic, type Verdict } from "../../support/traffic.ts";

const SPECS = [portScan, hostSweep, synFlood, oddFlags];
const [A, B] = ["10.0.0.9", "10.0.0.1"];

function judge(traffic: Traffic, framesABatch = 50): Verdict {
  return detect(traffic.wait(5).ping(A, A), SPECS, { framesABatch });
}

function only(verdict: Verdict): Alert {
  assert.deepEqual(verdict.alerts.map(({ kind, source }) => `${kind} ${source}`), [
    `port_scan ${verdict.alerts[0]?.source}`,
  ]);
  return verdict.alerts[0];
}

function scan(ports: Iterable<number>, talk: Partial<Parameters<Traffic["tcp"]>[0]> = {}): Traffic {
  const traffic = new Traffic();
  for (const port of ports) traffic.tcp({ client: A, server: B, port, outcome: "refused", ...talk });
  return traffic;
}

function* range(from: number, to: number): Iterable<number> {
  for (let port = from; port <= to; port++) yield port;
}

Deno.test("port_scan: the fifth refused port convicts, at its RST", () => {
  const { told } = judge(scan(range(1, 20)), 1);
  assert.equal(told[0].kind, "port_scan");
  assert.equal(told[0].phase, "new");
  assert.equal(told[0].packets, 10);
  assert.equal(told[0].source, A);
  assert.equal(told[0].target, B);
  assert.equal(told[0].first, 0);
});

Deno.test("port_scan: four refused ports are nobody's business", () => {
  assert.deepEqual(judge(scan(range(1, 4))).alerts, []);
});

Deno.test("port_scan: the same port again and again is one attempt", () => {
  assert.deepEqual(judge(scan([80, 443, 80, 443, 80, 443, 80, 8080, 8443, 80])).alerts, []);
});

Deno.test("port_scan: what was tried is told with what came of it", () => {
  const traffic = scan(range(20, 25)).with(new Traffic());
  traffic.tcp({ client: A, server: B, port: 80, outcome: "half" });
  traffic.tcp({ client: A, server: B, port: 443, outcome: "half" });
  traffic.tcp({ client: A, server: B, port: 8080, outcome: "silent" });
  const { count, message, evidence } = only(judge(traffic));
  assert.equal(count, 9);
  assert.match(
    message,
    /^10\.0\.0\.9 tried 9 ports of 10\.0\.0\.1 within .* \(SYN scan\): 2 open, 6 refused, 1 without/,
  );
  assert.deepEqual(evidence.tcp_ports, ["20-25", "80", "443", "8080"]);
  assert.deepEqual(evidence.open, [80, 443]);
  assert.equal(evidence.attempts_until_conviction, 5);
  assert(Number(evidence.likelihood_ratio) > 495);
});

Deno.test("port_scan: silent ports convict when the time to answer is over", () => {
  const traffic = new Traffic();
  for (let port = 1; port <= 5; port++) {
    traffic.tcp({ client: A, server: B, port, outcome: "silent" }).wait(0.1);
  }
  for (let i = 0; i < 50; i++) traffic.wait(0.1).ping("10.0.0.3", "10.0.0.4"); // time goes on
  const { told } = detect(traffic, SPECS, { framesABatch: 1 });
  assert.equal(told[0]?.kind, "port_scan");
  // Five probes of 0.1 s, 2 s of silence, looked at twice a second.
  assert(told[0].packets < 5 + 2 * 26, `told at packet ${told[0].packets}`);
});

Deno.test("port_scan: slow scans are found as fast ones are, by count", () => {
  for (const gap of [0.4, 15, 300]) {
    const traffic = new Traffic();
    for (let port = 1; port <= 8; port++) {
      traffic.tcp({ client: A, server: B, port, outcome: "refused" }).wait(gap);
    }
    assert.equal(only(judge(traffic)).evidence.attempts_until_conviction, 5, `a probe each ${gap} s`);
  }
});

Deno.test("port_scan: with the better part of an hour between probes it is one alert still, over when the scan is", () => {
  const traffic = new Traffic();
  const others = () => traffic.wait(60).ping("10.0.0.3", "10.0.0.4");
  for (let port = 1; port <= 12; port++) {
    traffic.tcp({ client: A, server: B, port, outcome: "refused" });
    for (let minute = 0; minute < 30 + port * 37 % 26; minute++) others();
  }
  const { told } = judge(traffic);
  assert.deepEqual(told.filter(({ phase }) => phase === "final").map(({ count }) => count), [12]);
  // One stray failure before a quick scan does not make it a slow one.
  const quick = new Traffic().tcp({ client: A, server: B, port: 7, outcome: "refused" }).wait(3_000);
  for (const port of range(100, 160)) quick.tcp({ client: A, server: B, port, outcome: "refused" });
  for (let minute = 0; minute < 17; minute++) quick.wait(60).ping("10.0.0.3", "10.0.0.4");
  const final = judge(quick, 1).told.find(({ phase }) => phase === "final")!;
  assert(final.packets < quick.frames.length - 2, "told as over before the end");
});

Deno.test("port_scan: one alert whatever the segments are, and its name", () => {
  const kinds: [number, string][] = [
    [TCP.fin, "FIN scan"],
    [0, "NULL scan"],
    [TCP.fin | TCP.psh | 32, "Xmas scan"],
    [TCP.fin | TCP.ack, "Maimon scan"],
    [TCP.ack, "ACK scan"],
    [TCP.syn, "SYN scan"],
  ];
  for (const [flags, name] of kinds) {
    const alert = only(judge(scan(range(1, 30), { flags })));
    assert.equal(alert.evidence.scan, name);
    assert.equal(alert.count, 30);
  }
});

Deno.test("port_scan: a connect scan is known by its handshakes, and open ports do not save it", () => {
  const traffic = new Traffic();
  for (const port of [22, 80, 443]) bare(traffic, port);
  for (let port = 1; port <= 15; port++) traffic.tcp({ client: A, server: B, port, outcome: "refused" });
  const { evidence } = only(judge(traffic));
  assert.equal(evidence.scan, "SYN scan"); // the three came before there was anything to suspect
  const second = scan(range(1, 3));
  for (const port of [22, 80, 443]) bare(second, port);
  for (let port = 4; port <= 15; port++) second.tcp({ client: A, server: B, port, outcome: "refused" });
  const alert = only(judge(second));
  assert.equal(alert.evidence.scan, "connect scan");
  assert(Number(alert.evidence.attempts_until_conviction) <= 9);
});

/** Handshake, then RST by the client. */
function bare(traffic: Traffic, port: number): void {
  traffic.tcp({ client: A, server: B, port, clientPort: 50_000 + port, keepOpen: true });
  const segment = {
    src: A,
    dst: B,
    srcPort: 50_000 + port,
    dstPort: port,
    seq: 1001,
    ack: 5001,
    flags: 0x14,
  };
  traffic.ip(A, B, PROTOCOL.tcp, tcp(segment));
}

Deno.test("port_scan: ordinary life with a host after it was scanned is no part of the scan", () => {
  const traffic = scan(range(100, 130)).wait(60);
  traffic.tcp({ client: A, server: B, port: 443 }).wait(1).tcp({ client: A, server: B, port: 22 });
  const { count, evidence } = only(judge(traffic));
  assert.equal(count, 31);
  assert.equal(evidence.scan, "SYN scan");
  assert.deepEqual(evidence.open, []);
});

Deno.test("port_scan: what a slow scan finds open at its pace is part of it", () => {
  const traffic = new Traffic();
  for (const port of range(100, 110)) {
    traffic.tcp({ client: A, server: B, port, outcome: "refused" }).wait(300);
  }
  traffic.tcp({ client: A, server: B, port: 443 });
  assert.deepEqual(only(judge(traffic)).evidence.open, [443]);
});

Deno.test("port_scan: UDP by refusals, and slower by silence", () => {
  const refused = new Traffic();
  for (let port = 100; port < 110; port++) refused.udp({ client: A, server: B, port, answer: "unreachable" });
  const alert = only(judge(refused));
  assert.equal(alert.evidence.scan, "UDP scan");
  assert.equal(alert.evidence.attempts_until_conviction, 5);
  const silent = new Traffic();
  for (let port = 100; port < 120; port++) silent.udp({ client: A, server: B, port }).wait(0.5);
  assert.equal(only(judge(silent)).evidence.attempts_until_conviction, 9);
});

Deno.test("port_scan: IPv6", () => {
  const traffic = scan(range(1, 10), { client: "fd00::9", server: "fd00::1" });
  const alert = only(judge(traffic));
  assert.equal(alert.source, "fd00::9");
  assert.equal(alert.evidence.attempts_until_conviction, 5);
});

Deno.test("port_scan: each of the decoys is told", () => {
  const traffic = new Traffic();
  const decoys = ["10.0.0.31", "10.0.0.32", A];
  for (let port = 1; port <= 20; port++) {
    for (const client of decoys) traffic.tcp({ client, server: B, port, outcome: "refused" });
  }
  const { alerts } = judge(traffic);
  assert.deepEqual(alerts.map(({ kind, source }) => `${kind} ${source}`).sort(), [
    "port_scan 10.0.0.31",
    "port_scan 10.0.0.32",
    "port_scan 10.0.0.9",
  ]);
});

Deno.test("port_scan: sources that share the ports are one alert with few each, one alert a source with more", () => {
  const shared = (sources: number, ports: number) => {
    const traffic = new Traffic();
    for (let port = 1; port <= ports; port++) {
      traffic.tcp({ client: `10.0.1.${port % sources}`, server: B, port, outcome: "refused" }).wait(0.2);
    }
    return judge(traffic).alerts;
  };
  for (const [sources, ports] of [[10, 40], [50, 100]]) {
    const alerts = shared(sources, ports);
    assert.deepEqual(alerts.map(({ kind, source, target, count }) => [kind, source, target, count]), [
      ["port_scan", "", B, ports],
    ]);
    assert.equal(alerts[0].evidence.sources_count, sources);
  }
  const alerts = shared(10, 60);
  assert.equal(alerts.length, 10);
  assert(alerts.every(({ kind, source, count }) => kind === "port_scan" && source !== "" && count === 6));
});

Deno.test("port_scan: forty sources of one port each are one alert without a source", () => {
  const traffic = new Traffic();
  for (let port = 1; port <= 40; port++) {
    traffic.tcp({ client: `10.0.1.${port}`, server: B, port, outcome: "refused" }).wait(0.2);
  }
  const { alerts } = judge(traffic);
  assert.deepEqual(alerts.map(({ kind, source, target }) => [kind, source, target]), [["port_scan", "", B]]);
  assert.equal(alerts[0].count, 40);
});

Deno.test("not a scan: passive FTP, load, a service that restarts, P2P, traceroute, a capture that begins late", () => {
  const passive = new Traffic();
  for (let port = 20_000; port < 20_100; port++) {
    passive.tcp({ client: A, server: B, port, turns: ["", 5000] });
  }
  const load = new Traffic();
  for (let i = 0; i < 300; i++) {
    load.tcp({ client: A, server: B, port: 80, turns: ["x", "y"], stepS: 0.0001 });
  }
  const restart = new Traffic();
  for (let i = 1; i < 60; i++) {
    restart.tcp({ client: `10.0.0.${i + 10}`, server: B, port: 8080, outcome: "refused" });
  }
  const peers = new Traffic();
  for (let i = 1; i < 120; i++) {
    const talk = { client: A, server: `${20 + i}.7.${i}.5`, port: 10_000 + 37 * i };
    peers.tcp({ ...talk, ...(i % 2 === 0 ? { outcome: "silent" } : { turns: ["x", "y"] }) });
  }
  const traceroute = new Traffic();
  for (let port = 33_434; port < 33_524; port++) traceroute.udp({ client: A, server: B, port });
  const late = new Traffic();
  for (let port = 40_000; port < 40_050; port++) {
    const flags = TCP.fin | TCP.ack;
    late.tcp({ client: B, server: A, port, clientPort: 443, flags, outcome: "refused" });
  }
  const cases = { passive, load, restart, peers, traceroute, late };
  for (const [name, traffic] of Object.entries(cases)) {
    assert.deepEqual(judge(traffic).alerts.map(({ message }) => message), [], name);
  }
});

Deno.test("not a scan: a server's last words to the ports of clients that are gone, each refused", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 60; i++) {
    // Behind one address: a router restarts, and forgets whose connections it has.
    const port = 1_024 + i * 211;
    const ends = { client: B, server: A, port, clientPort: 443 };
    traffic.tcp({ ...ends, flags: i % 2 === 0 ? TCP.ack : TCP.fin | TCP.ack, outcome: "refused" }).wait(0.05);
  }
  assert.deepEqual(judge(traffic).alerts, []);
});

Deno.test("not a scan: a host of many services that was seen alive and is down", () => {
  const traffic = new Traffic();
  const ports = [22, 25, 80, 110, 143, 443, 587, 993];
  for (const port of ports) traffic.tcp({ client: A, server: B, port, turns: ["x", "y"] });
  traffic.wait(60);
  for (const port of ports) traffic.tcp({ client: A, server: B, port, outcome: "silent" });
  assert.deepEqual(judge(traffic).alerts, []);
});

Deno.test("not a scan: a monitor of sixty ports of which a tenth is down", () => {
  const traffic = new Traffic();
  for (let port = 1000; port < 1060; port++) {
    if (port % 10 === 3) traffic.tcp({ client: A, server: B, port, outcome: "refused" });
    else bare(traffic, port);
    traffic.wait(0.5);
  }
  assert.deepEqual(judge(traffic).alerts, []);
});

Deno.test("not a scan: sixty services of a host asked at once, of which the first six are silent", () => {
  const asked = (dead: number) => {
    const all = new Traffic();
    for (let port = 9_001; port <= 9_060; port++) {
      const one = new Traffic();
      one.now = (port - 9_000) * 0.002;
      one.tcp({
        ...{ client: A, server: B, port, clientPort: port + 30_000 },
        ...(port <= 9_000 + dead ? { outcome: "silent" as const } : { turns: ["x", "y"] }),
      });
      all.frames.push(...one.frames);
    }
    all.frames.sort((a, b) => a.atUs! - b.atUs!);
    return all;
  };
  assert.deepEqual(judge(asked(6)).alerts, []);
  assert.equal(only(judge(asked(50))).target, B);
});

Deno.test("not a scan: the services of a host that is just starting, each refused and then there", () => {
  const waits = (comeUp: boolean) => {
    const traffic = new Traffic();
    for (const port of [5432, 6379, 9200, 27_017, 5672, 8081]) {
      scanOne(traffic, port, "refused");
      traffic.wait(2);
      scanOne(traffic, port, comeUp ? "open" : "refused");
    }
    return traffic;
  };
  const scanOne = (traffic: Traffic, port: number, outcome: "refused" | "open") =>
    traffic.tcp({ client: A, server: B, port, outcome, turns: ["x", "y"] });
  assert.deepEqual(judge(waits(true)).alerts, []);
  assert.equal(only(judge(waits(false))).count, 6);
});

Deno.test("port_scan: a scan of many hosts is some alerts and one for the rest", () => {
  const traffic = new Traffic();
  for (let host = 1; host <= 30; host++) {
    for (let port = 1; port <= 20; port++) {
      traffic.tcp({ client: A, server: `10.0.5.${host}`, port, outcome: "refused" });
    }
  }
  const kinds = judge(traffic).alerts.map(({ kind, target }) =>
    kind === "port_scan" ? Number(target !== "") : kind
  );
  assert.deepEqual(kinds.filter((kind) => kind === 0).length, 1);
  assert.deepEqual(kinds.filter((kind) => kind === 1).length, 8);
  assert.deepEqual(kinds.filter((kind) => kind === "host_sweep").length, 1);
});

Deno.test("port_scan: alerts are the same however packets are cut into batches", () => {
  const make = () => scan(range(1, 300)).with(new Traffic());
  assert.deepEqual(judge(make(), 1).alerts, judge(make(), 1000).alerts);
});
