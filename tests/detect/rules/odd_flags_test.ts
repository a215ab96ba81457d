/** Segments that no sane stack sends. */
import assert from "node:assert/strict";
import { oddFlags } from "../../../detect/rules/odd_flags.ts";
import { portScan } from "../../../detect/rules/port_scan.ts";
import { ethernet, ipv4, PROTOCOL, TCP, tcp } from "../../support/packets.ts";
import { type Alert, detect, Traffic } from "../../support/traffic.ts";

const [A, B] = ["10.0.0.9", "10.0.0.1"];
const ALL = 0x3f;
const XMAS = 0x29;

function alertsOf(traffic: Traffic): Alert[] {
  return detect(traffic.wait(9).ping(A, A), [portScan, oddFlags], { framesABatch: 1 }).alerts;
}

function send(flags: number, count: number, ends: { client?: string; server?: string } = {}): Traffic {
  const traffic = new Traffic();
  for (let i = 0; i < count; i++) {
    const { client = A, server = B } = ends;
    traffic.tcp({ client, server, port: 80, clientPort: 2000 + i, flags, outcome: "silent" });
  }
  return traffic;
}

Deno.test("odd_flags: three segments of a kind are told, with their flags; two are not", () => {
  const kinds: [number, RegExp][] = [
    [0, /no flags at all \(NULL\)/],
    [TCP.syn | TCP.fin, /FIN\+SYN/],
    [TCP.syn | TCP.rst, /SYN\+RST/],
    [ALL, /all flags set/],
    [XMAS, /\(Xmas\)/],
    [TCP.fin, /FIN and no ACK/],
  ];
  for (const [flags, words] of kinds) {
    const [alert, ...others] = alertsOf(send(flags, 3));
    assert.deepEqual(others, []);
    assert.deepEqual([alert.kind, alert.source, alert.target, alert.count], ["odd_flags", A, B, 3]);
    assert.match(alert.message, words);
    assert.deepEqual(alertsOf(send(flags, 2)), []);
  }
  assert.equal(alertsOf(send(0, 5, { client: "fd00::9", server: "fd00::1" }))[0].source, "fd00::9");
});

Deno.test("odd_flags: each kind of flags is told once, however often it comes", () => {
  const alerts = alertsOf(send(0, 500).with(send(ALL, 200)));
  assert.deepEqual(alerts.map(({ count }) => count).sort(), [200, 500]);
});

Deno.test("odd_flags: one segment from a host to itself", () => {
  const traffic = new Traffic();
  traffic.ip(B, B, PROTOCOL.tcp, tcp({ src: B, dst: B, srcPort: 80, dstPort: 80, flags: TCP.syn }));
  const [alert] = alertsOf(traffic);
  assert.deepEqual([alert.kind, alert.source, alert.target, alert.severity], ["odd_flags", B, B, 2]);
});

Deno.test("odd_flags: what is a port scan is told as that alone", () => {
  for (const flags of [0, TCP.fin, XMAS, TCP.syn | TCP.fin]) {
    const traffic = new Traffic();
    for (let port = 1; port < 60; port++) {
      traffic.tcp({ client: A, server: B, port, flags, outcome: "refused" });
    }
    assert.deepEqual(alertsOf(traffic).map(({ kind }) => kind), ["port_scan"]);
  }
});

Deno.test("odd_flags: a slow port scan is told as that alone too, also where each port is tried twice", () => {
  const slow = (flags: number, gapS: number, ports: number, outcome: "refused" | "silent", tries = 1) => {
    const traffic = new Traffic();
    for (let i = 0; i < ports * tries; i++) {
      const port = 100 + Math.floor(i / tries);
      traffic.tcp({ client: A, server: B, port, clientPort: 44_444 + i % tries, flags, outcome }).wait(gapS);
    }
    return traffic;
  };
  for (const outcome of ["refused", "silent"] as const) {
    for (const gapS of [1.5, 15, 300]) {
      assert.deepEqual(
        alertsOf(slow(0, gapS, 12, outcome)).map(({ kind }) => kind),
        ["port_scan"],
        `${gapS} s, ${outcome}`,
      );
    }
  }
  assert.deepEqual(alertsOf(slow(XMAS, 2, 12, "silent", 2)).map(({ kind }) => kind), ["port_scan"]);
  // Of three ports it is no scan, and is told when no more come.
  const [alert, ...others] = alertsOf(slow(0, 15, 3, "silent").wait(120));
  assert.deepEqual(others, []);
  assert.deepEqual([alert.kind, alert.count], ["odd_flags", 3]);
});

Deno.test("not odd: ordinary conversations, keep-alives, resets", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 20; i++) traffic.tcp({ client: A, server: B, port: 80, turns: ["x", 3000, "z"] });
  for (let i = 0; i < 5; i++) traffic.tcp({ client: A, server: B, port: 81, outcome: "refused" });
  for (let i = 0; i < 5; i++) {
    traffic.tcp({ client: A, server: B, port: 80, flags: TCP.ack, outcome: "silent" });
  }
  assert.deepEqual(alertsOf(traffic), []);
});

Deno.test("odd_flags: state is bounded", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 6000; i++) {
    const client = `20.${i >> 8}.${i & 255}.1`;
    traffic.tcp({ client, server: B, port: 80, flags: 0, outcome: "silent", stepS: 0.0001 });
  }
  const { counters } = detect(traffic, [oddFlags]);
  assert.equal(counters.rules.odd_flags.entries, 4096);
  assert(counters.rules.odd_flags.evicted > 0);
});

Deno.test("odd_flags: fragments that overlap, after three; one that is too long at once; whole ones never", () => {
  const fragment = (offset: number, length: number, id: number, more: boolean) =>
    ethernet(
      {},
      ipv4(
        { src: A, dst: B, protocol: PROTOCOL.udp, id, fragment: { offset, more } },
        new Uint8Array(length),
      ),
    );
  const overlapping = (count: number) => {
    const traffic = new Traffic();
    for (let id = 1; id <= count; id++) {
      traffic.frame(fragment(0, 64, id, true)).frame(fragment(32, 64, id, false)).wait(0.01);
    }
    return traffic;
  };
  assert.deepEqual(alertsOf(overlapping(2)), []);
  assert.match(alertsOf(overlapping(3))[0].message, /sent 3 IP fragments to 10\.0\.0\.1 that overlap others/);
  const long = alertsOf(new Traffic().frame(fragment(65_528, 64, 1, false)));
  assert.deepEqual(long.map(({ kind, source }) => [kind, source]), [["odd_flags", A]]);
  const whole = new Traffic();
  for (let id = 1; id <= 20; id++) {
    whole.frame(fragment(0, 64, id, true)).frame(fragment(0, 64, id, true)).frame(
      fragment(64, 64, id, false),
    );
  }
  assert.deepEqual(alertsOf(whole), []);
});
