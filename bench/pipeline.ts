/**
 * How fast packets become flows on one core: batches from memory, through decoding and the flow table.
 *
 * `deno run -A bench/pipeline.ts [FILE] [--packets N] [--flows N] [--rounds N] [--no-tcpdump]`
 *
 * Without a file a seeded mix of a million packets is used. Where tcpdump exists, `tcpdump -r FILE -w /dev/null` runs
 * between the rounds on the same packets: compare ratios within one run, not figures between machines.
 */
import { parseArgs } from "node:util";
import { resourceUsage } from "node:process";
import { Inspector } from "../capture/inspect/mod.ts";
import type { PacketBatch } from "../model/batch.ts";
import { openCaptureFile } from "../capture/source/capture_file.ts";
import { createMix, writePcap } from "./packet_mix.ts";

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    packets: { type: "string", default: "1048576" },
    flows: { type: "string", default: "20000" },
    rounds: { type: "string", default: "7" },
    "no-tcpdump": { type: "boolean", default: false },
  },
});

const batches = positionals.length > 0 ? await load(positionals[0]) : mix();
const window = new Uint8Array(Math.max(...batches.map((batch) => batch.length)));
const rounds = Math.max(1, Number(values.rounds));
const temporary = positionals.length > 0 ? undefined : Deno.makeTempFileSync({ suffix: ".pcap" });
const path = temporary ?? positionals[0];
if (temporary !== undefined && !values["no-tcpdump"]) writePcap(temporary, batches);

const ours: Round[] = [];
const theirs: Round[] = [];
let counters = inspectAll(); // the first pass warms the optimiser up and is not counted
try {
  for (let round = 0; round < rounds; round++) {
    ours.push(measure(() => counters = inspectAll()));
    const reference = values["no-tcpdump"] ? undefined : await tcpdump(path);
    if (reference !== undefined) theirs.push(reference);
  }
} finally {
  if (temporary !== undefined) Deno.removeSync(temporary);
}

const packets = counters.packets;
console.log(
  `${packets} packets, ${
    (counters.capturedBytes / packets).toFixed(0)
  } bytes each, ${counters.flows.created} flows`,
);
report("decode + flows", ours);
if (theirs.length > 0) {
  report("tcpdump -w /dev/null", theirs);
  const wall = median(theirs.map((r) => r.wallMs)) / median(ours.map((r) => r.wallMs));
  const cpu = median(theirs.map((r) => r.cpuMs)) / median(ours.map((r) => r.cpuMs));
  console.log(`rate, ours / tcpdump: ${wall.toFixed(2)} by wall clock, ${cpu.toFixed(2)} by CPU time`);
}

interface Round {
  wallMs: number;
  cpuMs: number;
}

function mix(): PacketBatch[] {
  return createMix({ packets: Number(values.packets), flows: Number(values.flows), seed: 42 })
    .map((batch) => ({ ...batch, linkType: 1, nanosecond: false, interfaceIndex: 0 }));
}

async function load(file: string): Promise<PacketBatch[]> {
  const loaded: PacketBatch[] = [];
  for await (const batch of (await openCaptureFile(file)).batches()) {
    loaded.push({ ...batch, bytes: batch.bytes.slice(0, batch.length) });
  }
  return loaded;
}

/** Every batch is first copied into one window, as `read` from a file or libpcap from the kernel would do. */
function inspectAll() {
  const inspector = new Inspector();
  for (const batch of batches) {
    window.set(batch.bytes.subarray(0, batch.length));
    inspector.inspect({ ...batch, bytes: window });
  }
  return inspector.counters();
}

function measure(run: () => void): Round {
  const before = resourceUsage();
  const start = performance.now();
  run();
  const wallMs = performance.now() - start;
  const after = resourceUsage();
  const cpuUs = after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime;
  return { wallMs, cpuMs: cpuUs / 1000 };
}

/** CPU time by the shell's `times`; `undefined` where there is no tcpdump. */
async function tcpdump(file: string): Promise<Round | undefined> {
  const start = performance.now();
  const { success, stdout } = await new Deno.Command("sh", {
    args: ["-c", 'tcpdump -r "$1" -w /dev/null 2>/dev/null || exit 1; times', "sh", file],
    stderr: "null",
  }).output();
  if (!success) return undefined;
  const wallMs = performance.now() - start;
  const children = new TextDecoder().decode(stdout).trim().split("\n")[1] ?? "";
  const cpuMs = [...children.matchAll(/(\d+)m([\d.]+)s/g)]
    .reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000, 0);
  return { wallMs, cpuMs };
}

function report(name: string, measured: Round[]): void {
  const wall = median(measured.map((r) => r.wallMs));
  const cpu = median(measured.map((r) => r.cpuMs));
  const rate = packets / wall / 1000;
  const best = packets / Math.min(...measured.map((r) => r.wallMs)) / 1000;
  console.log(
    `${name.padEnd(22)} ${rate.toFixed(2)} Mpackets/s (best ${best.toFixed(2)}), ` +
      `${(wall * 1e6 / packets).toFixed(0)} ns/packet, ${(cpu * 1e6 / packets).toFixed(0)} ns CPU/packet`,
  );
}

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
