/**
 * What suspicion costs: the share of all rules of the CPU time of the whole offline pipeline (decoding, flows, payload
 * inspection, events as lines of JSON), and the cost of each rule alone.
 *
 * `deno run -A bench/detect.ts [FILE…] [--flows N] [--rounds N] [--each] [--only KIND,…] [--flood]`
 *
 * Without a file two seeded mixes of conversations (payload_mix.ts) are used: an office, which is what counts, and
 * strangers, the worst that traffic of people can be, where each flow has a client and a server of its own; `--flood`
 * is half a million SYNs from forged sources instead.
 *
 * Stages are told apart by leaving them out, in turn within each round. What one rule does is small beside the
 * pipeline, and would drown in the noise of that: so facts are recorded once and played to detectors alone. `--each`
 * plays them to each rule by itself. What rules cost in the pipeline itself is measured as well, and is more: there
 * they share the processor's caches with everything else, and begin with empty tables and code not yet compiled.
 */
import { cpuUsage } from "node:process";
import { parseArgs } from "node:util";
import { Inspector } from "../capture/inspect/mod.ts";
import { openCaptureFile } from "../capture/source/capture_file.ts";
import type { RuleSpec } from "../detect/contract.ts";
import { Detector, RULES } from "../detect/mod.ts";
import { createFactBatch, cutFactBatch, FACT_ROWS, type FactBatch } from "../model/facts.ts";
import { type PacketBatch, RECORD_HEADER_BYTES } from "../model/batch.ts";
import { putFlow, putObservation } from "../monitor/eve.ts";
import { JsonBytes } from "../monitor/json_bytes.ts";
import { ethernet, ipv4, PROTOCOL, TCP, tcp } from "../tests/support/packets.ts";
import { createPayloadMix } from "./payload_mix.ts";

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    flows: { type: "string", default: "40000" },
    rounds: { type: "string", default: "7" },
    each: { type: "boolean", default: false },
    flood: { type: "boolean", default: false },
    only: { type: "string", default: "" },
  },
});

/** The rules at work: all, or those of `--only`, by kind. */
const AT_WORK = RULES.filter(({ kind }) => values.only === "" || values.only.split(",").includes(kind));
const KEY = new Uint8Array(32);
const CONTEXT = { interfaceName: "", extra: "" };
const FLOOD_FLOWS = 500_000;
const line = new JsonBytes(256 << 10);
const hand = createFactBatch(FACT_ROWS);
/** Of the detector that worked last. */
let alerts = 0;

if (values.flood) measure(`${FLOOD_FLOWS} SYNs from forged sources`, flood());
else if (positionals.length === 0) {
  measure("office: 250 clients, 2,000 servers", createPayloadMix(Number(values.flows), 42, "office"));
  measure(
    "strangers: each flow a client and a server of its own",
    createPayloadMix(Number(values.flows), 42, "strangers"),
  );
}
for (const file of positionals) {
  const batches: PacketBatch[] = [];
  for await (const batch of (await openCaptureFile(file)).batches()) {
    batches.push({ ...batch, bytes: batch.bytes.slice(0, batch.length) });
  }
  measure(file, batches);
}

function measure(name: string, batches: PacketBatch[]): void {
  const recorded: FactBatch[] = [];
  const { packets, flows } = pass(batches, (batch) => void recorded.push(cutFactBatch(batch)));
  const facts = recorded.reduce((sum, { rows }) => sum + rows, 0);
  const whole = { pipeline: Infinity, withFacts: Infinity, withRules: Infinity };
  const detectors: [string, readonly RuleSpec[] | null][] = [
    ["", null],
    ["dispatch", []],
    [`dispatch and ${AT_WORK.length} rules`, AT_WORK],
    ...(values.each ? AT_WORK.map((spec): [string, readonly RuleSpec[]] => [`  ${spec.kind}`, [spec]]) : []),
  ];
  const costs = detectors.map(() => Infinity);
  for (let round = 0; round < Math.max(2, Number(values.rounds)); round++) {
    whole.pipeline = Math.min(whole.pipeline, cpuOf(() => pass(batches, null)));
    whole.withFacts = Math.min(whole.withFacts, cpuOf(() => pass(batches, () => {})));
    const detector = new Detector({ specs: AT_WORK, tell: () => {} });
    whole.withRules = Math.min(whole.withRules, cpuOf(() => pass(batches, (batch) => detector.take(batch))));
    detector.close();
    detectors.forEach(([, specs], i) => {
      costs[i] = Math.min(costs[i], play(recorded, specs));
    });
  }
  play(recorded, AT_WORK);
  const [laid, dispatch, all] = costs;
  const log = Math.max(0, whole.withFacts - whole.pipeline);
  const sum = whole.pipeline + log + all - laid;
  console.log(`${name}: ${packets} packets, ${flows} flows, ${facts} facts, ${alerts} alerts`);
  const row = (label: string, us: number, isShare = true) =>
    console.log(
      `${label.padEnd(24)} ${(us / flows).toFixed(3).padStart(8)} µs a flow` +
        (isShare ? ` ${(100 * us / sum).toFixed(1).padStart(6)} %` : ""),
    );
  row("pipeline", whole.pipeline);
  row("writing facts down", log);
  row("dispatch", dispatch - laid);
  row(`${AT_WORK.length} rules`, all - dispatch);
  const rules = whole.withRules - whole.withFacts;
  console.log(
    `${"in the pipeline itself".padEnd(24)} ${(rules / flows).toFixed(3).padStart(8)} µs a flow ${
      (100 * rules / whole.withRules).toFixed(1).padStart(6)
    } % for dispatch and rules, cold tables and all`,
  );
  costs.slice(3).forEach((us, i) => row(detectors[i + 3][0], us - dispatch, false));
}

/** Microseconds of CPU time, all threads: with what the collector of garbage does meanwhile. */
function cpuOf(work: () => void): number {
  const before = cpuUsage();
  work();
  const { user, system } = cpuUsage(before);
  return user + system;
}

/** @param facts `null`: none are gathered. */
function pass(batches: PacketBatch[], facts: ((batch: FactBatch) => void) | null) {
  const inspector = new Inspector({
    payload: {
      fingerprintKey: KEY,
      tell: (observation) => {
        line.clear();
        putObservation(line, observation, CONTEXT);
      },
    },
    onFlowEnd: (flows, row) => {
      line.clear();
      putFlow(line, flows, row, CONTEXT);
    },
    facts: facts ?? undefined,
  });
  for (const batch of batches) inspector.inspect(batch);
  inspector.finish();
  const counters = inspector.counters();
  return { packets: counters.packets, flows: counters.flows.created };
}

/**
 * The first half fills the tables and is not counted.
 *
 * @param specs `null`: facts are only laid out, nobody looks at them. @returns Microseconds of CPU time for all flows.
 */
function play(recorded: readonly FactBatch[], specs: readonly RuleSpec[] | null): number {
  alerts = 0;
  const detector = specs === null ? null : new Detector({ specs, tell: () => alerts++ });
  const half = recorded.length >> 1;
  const run = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      lay(recorded[i]);
      detector?.take(hand);
    }
  };
  run(0, half);
  const us = cpuOf(() => run(half, recorded.length)) * recorded.length / (recorded.length - half);
  detector?.close();
  return us;
}

/** As in the pipeline, facts are where they were written just now: near the processor. */
function lay(batch: FactBatch): void {
  hand.rows = hand.flows.rows = batch.rows;
  for (const name of ["kind", "steps", "timeUs", "clockUs", "value"] as const) hand[name].set(batch[name]);
  for (let row = 0; row < batch.rows; row++) hand.observations[row] = batch.observations[row];
  const from = batch.flows as unknown as Record<string, Uint8Array | string[]>;
  const to = hand.flows as unknown as Record<string, Uint8Array | string[]>;
  for (const [name, column] of Object.entries(from)) {
    if (ArrayBuffer.isView(column)) (to[name] as Uint8Array).set(column as Uint8Array);
    else if (Array.isArray(column)) { for (let i = 0; i < batch.rows; i++) to[name][i] = column[i]; }
  }
}

function flood(): PacketBatch[] {
  const packet = (port: number) =>
    ethernet(
      {},
      ipv4(
        { src: "10.0.0.1", dst: "192.0.2.1", protocol: PROTOCOL.tcp },
        tcp({ src: "10.0.0.1", dst: "192.0.2.1", srcPort: 40_000, dstPort: port, flags: TCP.syn }),
      ),
    );
  const frame = packet(80);
  const record = RECORD_HEADER_BYTES + frame.length;
  const batches: PacketBatch[] = [];
  const perBatch = 10_000;
  for (let first = 0; first < FLOOD_FLOWS; first += perBatch) {
    const bytes = new Uint8Array(perBatch * record);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < perBatch; i++) {
      const flow = first + i;
      const at = i * record;
      view.setUint32(at, 1_700_000_000 + Math.floor(flow / 1e5), true);
      view.setUint32(at + 4, flow % 1e5 * 10, true);
      view.setUint32(at + 8, frame.length, true);
      view.setUint32(at + 12, frame.length, true);
      bytes.set(frame, at + RECORD_HEADER_BYTES);
      view.setUint32(at + RECORD_HEADER_BYTES + 14 + 12, Math.imul(flow + 1, 0x9e3779b1));
    }
    batches.push({ bytes, length: bytes.length, linkType: 1, nanosecond: false, interfaceIndex: 0 });
  }
  return batches;
}
