/**
 * What suspicion costs: the share of all rules of the CPU time of the whole offline pipeline (decoding, flows, payload
 * inspection, events as lines of JSON), and the cost of each rule alone.
 *
 * `deno run -A bench/detect.ts [FILE…] [--flows N] [--rounds N] [--each] [--only KIND,…] [--flood]`
 *
 * Without a file a seeded mix of conversations is used (payload_mix.ts); `--flood` is half a million SYNs from forged
 * sources instead. Stages are told apart by leaving them out, in turn within each round, so their shares hold even where
 * other work goes on. `--each` adds the rules one by one, each beside the pipeline without any.
 */
import { cpuUsage } from "node:process";
import { parseArgs } from "node:util";
import { Inspector } from "../capture/inspect/mod.ts";
import { openCaptureFile } from "../capture/source/capture_file.ts";
import type { RuleSpec } from "../detect/contract.ts";
import { Detector, RULES } from "../detect/mod.ts";
import { type PacketBatch, RECORD_HEADER_BYTES } from "../model/batch.ts";
import { putFlow, putObservation } from "../monitor/eve.ts";
import { JsonBytes } from "../monitor/json_bytes.ts";
import { ethernet, ipv4, PROTOCOL, TCP, tcp } from "../tests/support/packets.ts";
import { createPayloadMix } from "./payload_mix.ts";

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    flows: { type: "string", default: "20000" },
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

if (values.flood) measure(`${FLOOD_FLOWS} SYNs from forged sources`, flood());
else if (positionals.length === 0) {
  measure(`seeded mix of ${values.flows} flows`, createPayloadMix(Number(values.flows), 42));
}
for (const file of positionals) {
  const batches: PacketBatch[] = [];
  for await (const batch of (await openCaptureFile(file)).batches()) {
    batches.push({ ...batch, bytes: batch.bytes.slice(0, batch.length) });
  }
  measure(file, batches);
}

function measure(name: string, batches: PacketBatch[]): void {
  const stages: [string, readonly RuleSpec[] | null][] = [
    ["pipeline", null],
    ["+ facts", []],
    [`+ ${AT_WORK.length} rules`, AT_WORK],
    ...(values.each ? AT_WORK.map((spec): [string, readonly RuleSpec[]] => [`  ${spec.kind}`, [spec]]) : []),
  ];
  const costs: number[][] = stages.map(() => []);
  let counts = pass(batches, AT_WORK); // warms up and is not counted
  for (let round = 0; round < Math.max(2, Number(values.rounds)); round++) {
    stages.forEach(([, specs], stage) => {
      const before = cpuUsage();
      counts = pass(batches, specs);
      const { user, system } = cpuUsage(before);
      costs[stage].push(user + system);
    });
  }
  const { packets, flows, facts } = pass(batches, AT_WORK);
  console.log(
    `${name}: ${packets} packets, ${flows} flows, ${facts} facts, ${counts.alerts} alerts in the last pass`,
  );
  const [bare, withFacts, all] = costs.map(best);
  stages.forEach(([stage], i) => {
    const us = best(costs[i]);
    const more = i === 0 ? us : us - (i > 2 ? withFacts : best(costs[i - 1]));
    console.log(
      `${stage.padEnd(24)} ${(1000 * us / packets).toFixed(0).padStart(7)} ns CPU/packet  ` +
        `${(more / flows).toFixed(2).padStart(7)} µs a flow${i === 0 ? "" : " more"}`,
    );
  });
  console.log(
    `share of facts ${(100 * (withFacts - bare) / all).toFixed(1)} %, of the rules ${
      (100 * (all - withFacts) / all).toFixed(1)
    } % of the pipeline's CPU time (at best)`,
  );
}

/** @param specs `null`: not even facts. */
function pass(batches: PacketBatch[], specs: readonly RuleSpec[] | null) {
  let alerts = 0;
  const detector = specs === null ? null : new Detector({ specs, tell: () => alerts++ });
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
    facts: detector === null ? undefined : (batch) => detector.take(batch),
  });
  for (const batch of batches) inspector.inspect(batch);
  inspector.finish();
  detector?.close();
  const counters = inspector.counters();
  return {
    packets: counters.packets,
    flows: counters.flows.created,
    facts: detector?.counters().facts ?? 0,
    alerts,
  };
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

/** What it can do undisturbed; on a busy machine medians tell the company. */
function best(numbers: number[]): number {
  return Math.min(...numbers);
}
