/** Rules about the machine itself, by reports once a second: interface_saturation, capture_loss, high_cpu. */
import assert from "node:assert/strict";
import type { RuleSpec } from "../../../detect/contract.ts";
import { Detector } from "../../../detect/mod.ts";
import { captureLoss } from "../../../detect/rules/capture_loss.ts";
import { highCpu } from "../../../detect/rules/high_cpu.ts";
import { interfaceSaturation } from "../../../detect/rules/interface_saturation.ts";
import type { DetectCounters } from "../../../model/detection.ts";
import type { Observation } from "../../../model/observation.ts";
import type { SystemFacts } from "../../../model/system_facts.ts";

const START_US = 1_700_000_000e6;
const LAST = 400;

/** What `spec` says while a report comes each second, with what `at` gives for that second. */
// deno-lint-ignore no-explicit-any -- options of any rule
function watch(spec: RuleSpec<any>, at: (second: number) => Partial<SystemFacts>) {
  const told: {
    at: number;
    phase: string;
    message: string;
    severity: number;
    evidence: Record<string, unknown>;
  }[] = [];
  let second = 0;
  const detector = new Detector({
    specs: [spec],
    tell: ({ alert, fields }: Observation) => {
      const { message, evidence } = fields.netpane as { message: string; evidence: Record<string, unknown> };
      const { severity } = fields.alert as { severity: number };
      told.push({ at: second, phase: alert!.phase, message, severity, evidence });
    },
    failed: (_, error) => {
      throw error;
    },
  });
  for (; second < LAST; second++) {
    detector.takeSystem({
      atUs: START_US + second * 1e6,
      ...{ cpu: null, busy: [], owners: [], listeners: [], interfaces: [], places: [] },
      capture: { received: 0, dropped: 0 },
      ...at(second),
    });
  }
  const counters: DetectCounters = detector.counters();
  return { told, state: counters.rules[spec.kind], ends: told.filter(({ phase }) => phase !== "update") };
}

const within = (from: number, to: number) => (second: number) => second >= from && second < to;

Deno.test("a card at its limit for a minute is told, each direction for itself, until it is well below", () => {
  const card = (received: number, speed: number | null = 1e9) => ({
    interfaces: [{
      name: "eth0",
      speedBitsPerSecond: speed,
      receivedBitsPerSecond: received,
      sentBitsPerSecond: 1e6,
    }],
  });
  const full = within(50, 200);
  const { ends } = watch(interfaceSaturation, (s) => card(full(s) ? 0.95e9 : s < 250 ? 0.8e9 : 1e8));
  assert.deepEqual(ends.map(({ at, phase }) => [at, phase]), [[110, "new"], [265, "final"]]);
  assert.equal(ends[0].message, "eth0 receives 950 of 1000 Mbit/s, 95 %, for 60 s now");
  assert.deepEqual(watch(interfaceSaturation, (s) => card(within(50, 105)(s) ? 0.95e9 : 0)).told, []);
  assert.deepEqual(watch(interfaceSaturation, (s) => card(s % 30 === 0 ? 0 : 0.95e9)).told, []);
  assert.deepEqual(watch(interfaceSaturation, () => card(0.95e9, null)).told, []);
});

Deno.test("a card that is taken out is no longer saturated; many cards are watched up to a ceiling", () => {
  const cards = (count: number) => ({
    interfaces: Array.from({ length: count }, (_, i) => ({
      name: `eth${i}`,
      speedBitsPerSecond: 1e9,
      receivedBitsPerSecond: 1e9,
      sentBitsPerSecond: 0,
    })),
  });
  const { ends } = watch(interfaceSaturation, (s) => s < 100 ? cards(1) : {});
  assert.deepEqual(ends.map(({ at, phase }) => [at, phase]), [[60, "new"], [100, "final"]]);
  const { state } = watch(interfaceSaturation, () => cards(1_000));
  assert(state.entries <= state.capacity && state.evicted > 0);
});

Deno.test("a capture that loses one packet in fifty is told within seconds, one in a thousand is not", () => {
  const losing = (share: number, from: number, to: number) => (second: number) => {
    const lossy = Math.max(0, Math.min(second, to) - from);
    return { capture: { received: second * 10_000, dropped: Math.round(lossy * 10_000 * share) } };
  };
  const { ends, told } = watch(captureLoss, losing(0.02, 50, 100));
  assert.deepEqual(ends.map(({ phase }) => phase), ["new", "final"]);
  assert(
    ends[0].at <= 60 && ends[1].at >= 100 && ends[1].at <= 145,
    JSON.stringify(ends.map(({ at }) => at)),
  );
  assert.equal(ends[1].evidence.packets_lost, 10_000);
  assert.equal(ends[0].severity, 3);
  assert(
    told.every(({ message }) =>
      /^\d+ packets were not captured within [\d.]+ (?:s|min), [\d.]+ % of/.test(message)
    ),
  );
  assert.equal(watch(captureLoss, losing(0.3, 50, 100)).ends[1].severity, 2);
  assert.deepEqual(watch(captureLoss, losing(0.001, 50, 300)).told, []);
});

Deno.test("a few packets of a quiet line are no loss, nor is a capture that is begun anew", () => {
  assert.deepEqual(watch(captureLoss, (s) => ({ capture: { received: s, dropped: s >> 1 } })).told, []);
  const anew = (s: number) => ({
    capture: s < 200 ? { received: s * 1000, dropped: 900 } : { received: s, dropped: 0 },
  });
  assert.deepEqual(
    watch(captureLoss, (s) => s === 0 ? { capture: { received: 0, dropped: 900 } } : anew(s)).told,
    [],
  );
});

Deno.test("a talking program that computes for a minute is told with its name, and over when it rests", () => {
  const miner = { pid: 42, program: "xm", path: "/tmp/xm", cpu: 1.97 };
  const { ends } = watch(highCpu, (s) => ({ cpu: 0.5, busy: within(20, 150)(s) ? [miner] : [] }));
  assert.deepEqual(ends.map(({ at, phase }) => [at, phase]), [[80, "new"], [165, "final"]]);
  assert.equal(ends[0].message, "xm (process 42), which has connections, uses 1.97 cores, for 60 s now");
  assert.deepEqual(watch(highCpu, (s) => ({ busy: within(20, 78)(s) ? [miner] : [] })).told, []);
  assert.deepEqual(watch(highCpu, () => ({ busy: [{ ...miner, cpu: 0.8 }] })).told, []);
});

Deno.test("another program under the same number begins anew", () => {
  const busy = (program: string) => [{ pid: 42, program, path: "", cpu: 1 }];
  assert.deepEqual(watch(highCpu, (s) => ({ busy: busy(s % 100 < 50 ? "a" : "b") })).told, []);
});

Deno.test("a machine that is busy is told once, however it swings", () => {
  const { ends } = watch(
    highCpu,
    (s) => ({ cpu: within(20, 200)(s) ? (s % 2 === 0 || s < 81 ? 0.97 : 0.7) : 0.1 }),
  );
  assert.deepEqual(ends.map(({ at, phase }) => [at, phase]), [[80, "new"], [215, "final"]]);
  assert.match(ends[1].message, /^All cores together are (?:70|97) % in use, for /); // not what came after
  assert.match(ends[0].message, /^All cores together are 97 % in use, for 60 s now$/);
});

Deno.test("busy programs are watched up to a ceiling", () => {
  const busy = Array.from({ length: 1_000 }, (_, i) => ({ pid: i + 1, program: `p${i}`, path: "", cpu: 1 }));
  const { state } = watch(highCpu, () => ({ busy }));
  assert(state.entries <= state.capacity && state.evicted > 0);
});
