/**
 * How fast capture files are read: nanoseconds a packet from the file to batches, nothing done with them.
 *
 * `deno run -A bench/capture_file.ts [--packets N] [--rounds N]`
 *
 * A seeded mix of packets as native pcap, pcap of the other byte order, pcapng and gzip, each from a file. Where tcpdump
 * exists, `tcpdump -r FILE -w /dev/null` runs in the same rounds: compare ratios within one run.
 */
import { gzipSync } from "node:zlib";
import { parseArgs } from "node:util";
import { openCaptureFile } from "../capture/source/capture_file.ts";
import { createMix, writePcap } from "./packet_mix.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: { packets: { type: "string", default: "1000000" }, rounds: { type: "string", default: "5" } },
});

const batches = createMix({ packets: Number(values.packets), flows: 20_000, seed: 1 });
const folder = Deno.makeTempDirSync();
try {
  const native = `${folder}/native.pcap`;
  writePcap(native, batches);
  const files: Record<string, string> = { "pcap, native": native };
  const others: Record<string, Uint8Array> = {
    "pcap, other byte order": toOtherOrder(Deno.readFileSync(native)),
    "pcapng": toPcapng(),
    "pcap, gzip -1": gzipSync(Deno.readFileSync(native), { level: 1 }),
  };
  for (const [name, content] of Object.entries(others)) {
    files[name] = `${folder}/${Object.keys(files).length}`;
    Deno.writeFileSync(files[name], content);
  }

  const times: Record<string, number[]> = {};
  for (let round = 0; round <= Number(values.rounds); round++) {
    for (const [name, path] of Object.entries(files)) {
      const took = await read(path);
      if (round > 0) (times[name] ??= []).push(took); // the first round warms the optimiser up
    }
    const took = await tcpdump(native);
    if (round > 0 && took !== null) (times["tcpdump -w /dev/null"] ??= []).push(took);
  }

  const cpu = /model name\s*: (.*)/.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1] ?? "unknown processor";
  const load = Deno.loadavg()[0].toFixed(1);
  console.log(
    `${cpu}, ${navigator.hardwareConcurrency} cores, ${Deno.build.os} ${Deno.osRelease()}, load ${load}`,
  );
  console.log(`Deno ${Deno.version.deno} (V8 ${Deno.version.v8})`);
  const bytes = Deno.statSync(native).size;
  console.log(
    `${values.packets} packets, ${Math.round(bytes / Number(values.packets))} bytes each with their header\n`,
  );
  for (const [name, all] of Object.entries(times)) {
    const sorted = all.toSorted((a, b) => a - b);
    const [least, median, most] = [0, sorted.length >> 1, sorted.length - 1].map((at) => sorted[at]);
    console.log(
      `${name.padEnd(24)} ${median.toFixed(1)} ns a packet (${least.toFixed(1)}–${most.toFixed(1)}), ` +
        `${(1e3 / median).toFixed(1)} M packets/s`,
    );
  }
} finally {
  Deno.removeSync(folder, { recursive: true });
}

/** Nanoseconds a packet, wall clock. */
async function read(path: string): Promise<number> {
  const begin = performance.now();
  using file = await openCaptureFile(path);
  while (await file.next() !== null);
  const took = performance.now() - begin;
  if (file.packets !== Number(values.packets) || file.damage !== null) {
    throw new Error(`${path} was not read whole`);
  }
  return took * 1e6 / file.packets;
}

async function tcpdump(path: string): Promise<number | null> {
  try {
    const begin = performance.now();
    const args = ["-r", path, "-w", "/dev/null"];
    const { success } = await new Deno.Command("tcpdump", { args, stderr: "null" }).output();
    return success ? (performance.now() - begin) * 1e6 / Number(values.packets) : null;
  } catch {
    return null; // not installed
  }
}

/** A little-endian pcap file with all its numbers turned. */
function toOtherOrder(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const turn32 = (at: number) => view.setUint32(at, view.getUint32(at, true));
  const turn16 = (at: number) => view.setUint16(at, view.getUint16(at, true));
  for (const at of [0, 8, 12, 16, 20]) turn32(at);
  for (const at of [4, 6]) turn16(at);
  for (let at = 24; at < bytes.length;) {
    const caplen = view.getUint32(at + 8, true);
    for (const field of [0, 4, 8, 12]) turn32(at + field);
    at += 16 + caplen;
  }
  return bytes;
}

/** The mix as pcapng: one section, one interface, enhanced packet blocks. */
function toPcapng(): Uint8Array {
  const out = new Uint8Array(batches.reduce((sum, { length }) => sum + 2 * length, 4_096));
  const view = new DataView(out.buffer);
  let end = 0;
  const words = (...all: number[]) => {
    for (const word of all) {
      view.setUint32(end, word, true);
      end += 4;
    }
  };
  words(0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0xffff_ffff, 0xffff_ffff, 28);
  words(1, 20, 1, 0, 20);
  for (const { bytes, length } of batches) {
    const records = new DataView(bytes.buffer);
    for (let at = 0; at < length;) {
      const caplen = records.getUint32(at + 8, true);
      const time = records.getUint32(at, true) * 1e6 + records.getUint32(at + 4, true);
      const block = 32 + caplen + (-caplen & 3);
      words(6, block, 0, Math.floor(time / 2 ** 32), time % 2 ** 32, caplen, caplen);
      out.set(bytes.subarray(at + 16, at + 16 + caplen), end);
      end += block - 32;
      words(block);
      at += 16 + caplen;
    }
  }
  return out.subarray(0, end);
}
