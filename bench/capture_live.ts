/**
 * Live capture on a veth pair at a moderate rate and at the highest the generator reaches: packets lost and CPU
 * time, ours and `tcpdump -w /dev/null` in turn. Ours is the capture worker; its slots are given back unread.
 *
 * `deno run -A --unstable-worker-options bench/capture_live.ts [--seconds N] [--rounds N] [--snaplen N]`; Linux, root.
 * Everything happens in a network namespace of its own. Compare ratios within one run.
 */
import { parseArgs } from "node:util";
import type { CaptureReport, CaptureToInspect, CaptureToMain } from "../model/protocol.ts";
import { libpcapVersion } from "../capture/source/ffi/libpcap.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    seconds: { type: "string", default: "2" },
    rounds: { type: "string", default: "3" },
    snaplen: { type: "string", default: "262144" },
    /** Rates in packets/s; 0 is as fast as it goes. */
    rates: { type: "string", default: "100000,0" },
    buffer: { type: "string", default: "32" },
    /** Set in the process that captures. */
    capture: { type: "string" },
  },
});

const BUFFER_BYTES = Number(values.buffer) << 20;
const NAMESPACE = `npbench-${Deno.pid}`;
const [SENDER, RECEIVER] = ["blast0", "blast1"];
const SCRIPT = new URL(import.meta.url).pathname;
const BLASTER = new URL("./packet_blaster.ts", import.meta.url).pathname;

/** What one sniffer made of one blast. */
interface Round {
  sent: number;
  pps: number;
  received: number;
  dropped: number;
  cpuSeconds: number;
  batches: number;
  stalls: number;
}

if (values.capture !== undefined) await capture(values.capture);
else await compare();

/** The process that captures: the worker, and somebody who gives slots back. Ends when its input does. */
async function capture(device: string): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  let batches = 0;
  port1.onmessage = ({ data }: MessageEvent<CaptureToInspect>) => {
    if (data.type !== "batch") return;
    batches++;
    port1.postMessage({ type: "release", slot: data.slot });
  };
  const worker = new Worker(new URL("../capture/source/capture_worker.ts", import.meta.url), {
    type: "module",
    deno: { permissions: { ffi: true } },
  });
  worker.onmessage = ({ data }: MessageEvent<CaptureToMain>) => {
    if (data.type === "capture-report") console.log(JSON.stringify({ ...data, batches }));
  };
  const start = {
    interfaces: [device],
    promiscuous: true,
    bufferBytes: BUFFER_BYTES,
    filter: "",
    port: port2,
  };
  worker.postMessage({ type: "start-capture", snaplen: Number(values.snaplen), ...start }, [port2]);
  for await (const _ of Deno.stdin.readable);
  Deno.exit();
}

async function compare(): Promise<void> {
  const cpu = /model name\s*: (.*)/.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1] ?? "unknown processor";
  console.log(
    `${cpu}, ${navigator.hardwareConcurrency} cores, Linux ${Deno.osRelease()}, load ${Deno.loadavg()[0]}`,
  );
  console.log(`Deno ${Deno.version.deno} (V8 ${Deno.version.v8}), ${libpcapVersion()}`);
  console.log(`snaplen ${values.snaplen}, kernel buffer ${values.buffer} MiB, ${values.seconds} s a round\n`);
  await run("ip", "netns", "add", NAMESPACE);
  try {
    await inside("ip", "link", "add", SENDER, "type", "veth", "peer", "name", RECEIVER);
    await inside("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1");
    for (const end of [SENDER, RECEIVER]) await inside("ip", "link", "set", "dev", end, "up");
    for (const rate of values.rates.split(",").map(Number)) {
      const ours: Round[] = [], theirs: Round[] = [];
      for (let round = 0; round < Number(values.rounds); round++) {
        ours.push(await measureOurs(rate));
        theirs.push(await measureTcpdump(rate));
      }
      console.log(rate === 0 ? "as fast as it goes" : `${rate} packets/s`);
      tell("  netpane's capture worker", ours);
      tell("  tcpdump -w /dev/null", theirs);
    }
  } finally {
    await run("ip", "netns", "del", NAMESPACE);
  }
}

async function measureOurs(rate: number): Promise<Round> {
  const flags = ["run", "-A", "--quiet", "--unstable-worker-options", "--no-check"];
  const options = [`--capture=${RECEIVER}`, `--snaplen=${values.snaplen}`, `--buffer=${values.buffer}`];
  const child = new Deno.Command("ip", {
    args: ["netns", "exec", NAMESPACE, Deno.execPath(), ...flags, SCRIPT, ...options],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  let last: CaptureReport & { batches: number } | undefined;
  let wake = () => {};
  const reading = (async () => {
    let rest = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) last = JSON.parse(line);
      wake();
    }
  })();
  const told = async (condition: () => boolean) => {
    while (!condition()) await new Promise<void>((resolve) => wake = resolve);
  };
  await told(() => last?.interfaces[0].status === "open");
  const before = cpuSeconds(child.pid);
  const { sent, seconds } = await blast(rate);
  // Two reports later everything is read: the second was made after the first came.
  for (let n = 0; n < 2; n++) {
    const seen = last;
    await told(() => last !== seen);
  }
  const cpu = cpuSeconds(child.pid) - before;
  await child.stdin.close();
  await reading;
  await child.status;
  const { interfaces: [{ received, kernelDropped }], batches, stalls } = last!;
  return { sent, pps: sent / seconds, received, dropped: kernelDropped, cpuSeconds: cpu, batches, stalls };
}

async function measureTcpdump(rate: number): Promise<Round> {
  const args = ["-ni", RECEIVER, "-s", values.snaplen, "-B", String(BUFFER_BYTES / 1024), "-w", "/dev/null"];
  const child = new Deno.Command("ip", {
    args: ["netns", "exec", NAMESPACE, "tcpdump", ...args],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let said = "";
  const listening = Promise.withResolvers<void>();
  const reading = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      said += text;
      if (said.includes("listening on")) listening.resolve();
    }
  })();
  await listening.promise;
  const before = cpuSeconds(child.pid);
  const { sent, seconds } = await blast(rate);
  await new Promise((resolve) => setTimeout(resolve, 1_100)); // its blocks time out after a second
  const cpu = cpuSeconds(child.pid) - before;
  child.kill("SIGINT");
  await reading;
  await child.status;
  const count = (what: string) => Number(new RegExp(`(\\d+) packets? ${what}`).exec(said)?.[1]);
  const [received, dropped] = [count("captured"), count("dropped by kernel")];
  return { sent, pps: sent / seconds, received, dropped, cpuSeconds: cpu, batches: 0, stalls: 0 };
}

async function blast(rate: number): Promise<{ sent: number; seconds: number }> {
  const flags = ["run", "-A", "--quiet", "--no-check"];
  const options = [`--seconds=${values.seconds}`, `--pps=${rate}`];
  return JSON.parse(await inside(Deno.execPath(), ...flags, BLASTER, SENDER, ...options));
}

/** CPU time of a process and its threads, exact to the nanosecond where getrusage counts ticks. */
function cpuSeconds(pid: number): number {
  let nanoseconds = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(Deno.readTextFileSync(`/proc/${pid}/task/${name}/schedstat`).split(" ")[0]);
  }
  return nanoseconds / 1e9;
}

function tell(who: string, rounds: Round[]): void {
  for (const { sent, pps, received, dropped, cpuSeconds, batches, stalls } of rounds) {
    const lost = sent - received;
    const handed = batches > 0
      ? `, ${batches} batches of ${Math.round(received / batches)}, ${stalls} stalls`
      : "";
    console.log(
      `${who.padEnd(28)} ${Math.round(pps / 1000)} k/s sent, ${received} of ${sent} captured, ` +
        `${(100 * lost / sent).toFixed(3)} % lost (${dropped} told), ` +
        `${(1e6 * cpuSeconds / received).toFixed(2)} µs CPU a packet${handed}`,
    );
  }
}

function inside(...command: string[]): Promise<string> {
  return run("ip", "netns", "exec", NAMESPACE, ...command);
}

async function run(...command: string[]): Promise<string> {
  const [program, ...args] = command;
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(`${command.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
