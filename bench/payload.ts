/**
 * The whole offline pipeline with everything switched on: decoding, flows, payload inspection with the search for card
 * numbers, and events as lines of JSON. Nanoseconds of CPU a packet, and the share of each stage.
 *
 * `deno run -A bench/payload.ts [FILE…] [--flows N] [--rounds N] [--profile]`
 *
 * Without a file a seeded mix of conversations is used (payload_mix.ts). Stages are told apart by leaving them out, in
 * turn within each round, so their shares hold even where other work goes on. The first round is told apart from the
 * best one: until V8 has compiled what is hot, a packet costs several times as much, and that is most of the time of a
 * file with fewer than a hundred thousand packets. `--profile` adds where the time goes by source file, sampled.
 */
import { parseArgs } from "node:util";
import { cpuUsage } from "node:process";
import { type Profiler, Session } from "node:inspector";
import { Inspector } from "../capture/inspect/mod.ts";
import { openCaptureFile } from "../capture/source/capture_file.ts";
import type { PacketBatch } from "../model/batch.ts";
import { putFlow, putObservation } from "../monitor/eve.ts";
import { JsonBytes } from "../monitor/json_bytes.ts";
import { createPayloadMix } from "./payload_mix.ts";

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    flows: { type: "string", default: "10000" },
    rounds: { type: "string", default: "9" },
    profile: { type: "boolean", default: false },
  },
});

/** What is done, each with all before it. */
const STAGES = ["decode + flows", "+ payload", "+ lines of JSON"] as const;
const KEY = new Uint8Array(32);
const CONTEXT = { interfaceName: "", extra: "" };
const line = new JsonBytes(256 << 10);

const mixes: [string, PacketBatch[]][] = [];
for (const file of positionals) mixes.push([file, await load(file)]);
if (mixes.length === 0) {
  mixes.push([`seeded mix of ${values.flows} flows`, createPayloadMix(Number(values.flows), 42)]);
}
for (const [name, batches] of mixes) await measure(name, batches);

async function load(file: string): Promise<PacketBatch[]> {
  const loaded: PacketBatch[] = [];
  for await (const batch of (await openCaptureFile(file)).batches()) {
    loaded.push({ ...batch, bytes: batch.bytes.slice(0, batch.length) });
  }
  return loaded;
}

async function measure(name: string, batches: PacketBatch[]): Promise<void> {
  const rounds = Math.max(2, Number(values.rounds));
  const costs: number[][] = STAGES.map(() => []);
  let last = pass(batches, 0);
  for (let round = 0; round < rounds; round++) {
    for (let stage = 0; stage < STAGES.length; stage++) {
      const before = cpuUsage();
      last = pass(batches, stage);
      const { user, system } = cpuUsage(before);
      costs[stage].push((user + system) * 1000 / last.packets);
    }
  }
  const { packets, bytes, flows, lines, characters } = last;
  console.log(
    `${name}: ${packets} packets, ${(bytes / packets).toFixed(0)} bytes each, ` +
      `${(packets / flows).toFixed(1)} a flow, ${lines} events of ${
        (characters / lines).toFixed(0)
      } characters`,
  );
  const whole = Math.min(...costs[STAGES.length - 1]);
  let below = 0;
  costs.forEach((each, stage) => {
    const best = Math.min(...each);
    console.log(
      `  ${STAGES[stage].padEnd(16)} ${best.toFixed(0).padStart(6)} ns CPU/packet at best, ` +
        `${each[0].toFixed(0).padStart(6)} in the first round; share ${
          (100 * (best - below) / whole).toFixed(0)
        } %`,
    );
    below = best;
  });
  if (values.profile) await profile(() => pass(batches, STAGES.length - 1), rounds);
}

/** Everything once. Lines are put together as they would be for writing, and thrown away. */
function pass(batches: PacketBatch[], stage: number) {
  let lines = 0;
  let characters = 0;
  const endLine = () => {
    lines++;
    line.byte(10);
    if (line.length < 128 << 10) return;
    characters += line.length;
    line.clear();
  };
  const inspector = new Inspector({
    onFlowEnd: stage < 2 ? () => {} : (flows, row) => {
      putFlow(line, flows, row, CONTEXT);
      endLine();
    },
    payload: stage < 1 ? undefined : {
      fingerprintKey: KEY,
      tell: (observation) => {
        if (observation.alert !== undefined && observation.alert.phase !== "final") return;
        if (stage < 2) return;
        putObservation(line, observation, CONTEXT);
        endLine();
      },
    },
  });
  for (const batch of batches) inspector.inspect(batch);
  inspector.finish();
  characters += line.length;
  line.clear();
  const { packets, capturedBytes, flows } = inspector.counters();
  return { packets, bytes: capturedBytes, flows: flows.created, lines, characters };
}

/** Where samples fell, by source file, in percent. */
async function profile(run: () => void, times: number): Promise<void> {
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.setSamplingInterval", { interval: 200 });
  session.post("Profiler.start");
  for (let i = 0; i < times; i++) run();
  const { nodes, samples = [] } = await new Promise<Profiler.Profile>((resolve, reject) => {
    session.post("Profiler.stop", (error, result) => error ? reject(error) : resolve(result.profile));
  });
  session.disconnect();
  const files = new Map<number, string>();
  for (const { id, callFrame: { url, functionName } } of nodes) {
    files.set(id, url.split("/").slice(-2).join("/") || functionName);
  }
  const hits = new Map<string, number>();
  for (const id of samples) hits.set(files.get(id)!, (hits.get(files.get(id)!) ?? 0) + 1);
  for (const [file, count] of [...hits].sort((a, b) => b[1] - a[1]).slice(0, 25)) {
    console.log(`  ${(100 * count / samples.length).toFixed(1).padStart(5)} %  ${file}`);
  }
}
