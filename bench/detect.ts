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
 * What rules cost is CPU time within the detector, in the midst of the pipeline, where they share the processor's
 * caches with everything else; the first half of the packets fills their tables and is not counted. The stages before
 * them are told apart by leaving them out, in turn within each round. `--each` measures each rule by itself as well.
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

interface Cost {
  /** Microseconds of CPU time, all threads: of all, and of the detector. */
  all: number;
  detector: number;
}

function measure(name: string, batches: PacketBatch[]): void {
  const stages: [string, readonly RuleSpec[] | null, boolean][] = [
    ["pipeline", null, false],
    ["writing facts down", null, true],
    ["dispatch", [], true],
    [`${AT_WORK.length} rules`, AT_WORK, true],
    ...(values.each
      ? AT_WORK.map((spec) => [`  ${spec.kind}`, [spec], true] satisfies typeof stages[0])
      : []),
  ];
  const best: Cost[] = stages.map(() => ({ all: Infinity, detector: Infinity }));
  let [packets, flows] = [0, 0];
  for (let round = 0; round < Math.max(2, Number(values.rounds)); round++) {
    stages.forEach(([, specs, hasFacts], i) => {
      const cost = pass(batches, specs, hasFacts);
      best[i].all = Math.min(best[i].all, cost.all);
      best[i].detector = Math.min(best[i].detector, cost.detector);
      packets = cost.packets;
      flows = cost.flows;
    });
  }
  const pipeline = best[0].all;
  const facts = Math.max(0, best[1].all - pipeline);
  const dispatch = best[2].detector;
  const rules = best[3].detector - dispatch;
  const sum = pipeline + facts + dispatch + rules;
  console.log(`${name}: ${packets} packets, ${flows} flows counted, ${alerts} alerts`);
  [pipeline, facts, dispatch, rules].forEach((us, i) => {
    const share = (100 * us / sum).toFixed(1).padStart(6);
    console.log(`${stages[i][0].padEnd(24)} ${(us / flows).toFixed(3).padStart(8)} µs a flow ${share} %`);
  });
  best.slice(4).forEach(({ detector }, i) => {
    const us = (detector - dispatch) / flows;
    console.log(`${stages[i + 4][0].padEnd(24)} ${us.toFixed(3).padStart(8)} µs a flow`);
  });
}

/** @param specs Rules at work; `null`: no detector. @param hasFacts Whether facts are gathered at all. */
function pass(batches: PacketBatch[], specs: readonly RuleSpec[] | null, hasFacts: boolean) {
  alerts = 0;
  let inDetector = 0;
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
    facts: hasFacts
      ? (batch) => {
        if (detector === null) return;
        const before = cpuUsage();
        detector.take(batch);
        inDetector += since(before);
      }
      : undefined,
  });
  const half = batches.length >> 1;
  for (let i = 0; i < half; i++) inspector.inspect(batches[i]);
  inDetector = 0;
  const flowsBefore = inspector.counters().flows.created;
  const before = cpuUsage();
  for (let i = half; i < batches.length; i++) inspector.inspect(batches[i]);
  const all = since(before);
  const { packets, flows } = inspector.counters();
  inspector.finish();
  detector?.close();
  return { all, detector: inDetector, packets, flows: flows.created - flowsBefore };
}

/** Microseconds of CPU time, all threads: with what the collector of garbage does meanwhile. */
function since(before: ReturnType<typeof cpuUsage>): number {
  const { user, system } = cpuUsage(before);
  return user + system;
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
