/**
 * What a reading of the machine costs: `deno run -A --unstable-worker-options bench/system_reading.ts`.
 *
 * Opens real connections and starts real processes on this machine (no root needed), then takes full and light
 * readings of them and counts CPU time, not wall time. The share of one core is what the system worker takes with one
 * full reading a second and light ones in between. Main's work on the messages (structured clone) is counted apart.
 * Arguments: sockets (10,000) and processes (500).
 */
import process from "node:process";
import { openLibc } from "../enrich/ffi/libc.ts";
import { NETLINK_SOCK_DIAG, NetlinkSocket } from "../enrich/ffi/netlink_socket.ts";
import { AF_INET, AF_INET6, inetDiagRequest, SOCK_DIAG_BY_FAMILY } from "../enrich/inet_diag.ts";
import { SystemReader } from "../enrich/system_reader.ts";

const SOCKETS = Number(Deno.args[0] ?? 10_000);
const PROCESSES = Number(Deno.args[1] ?? 500);
/** Sockets a child holds, half of them at each end of a connection. */
const PER_CHILD = 1_000;
const READINGS = 20;
/** Readings before the clock runs: the worker lives for hours, so what counts is compiled code. */
const WARM_UP = 30;
const WORKER_SECONDS = 10;

const CHILD = `
const held = [];
const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
(async () => { for await (const c of server) held.push(c); })();
for (let i = 0; i < ${
  PER_CHILD / 2
}; i++) held.push(await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port }));
console.log("ready");
await new Promise(() => setInterval(() => {}, 1e6));`;

const children: Deno.ChildProcess[] = [];

try {
  await startChildren();
  await bench();
} finally {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children.map((child) => child.status));
}

async function startChildren(): Promise<void> {
  const decoder = new TextDecoder();
  for (let made = 0; made < SOCKETS; made += PER_CHILD) {
    const child = new Deno.Command("sh", {
      args: ["-c", 'ulimit -n 8192; exec "$0" eval --no-config "$1"', Deno.execPath(), CHILD],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    children.push(child);
    const output = child.stdout.getReader();
    let text = "";
    while (!text.includes("ready")) {
      const { value, done } = await output.read();
      if (done) throw new Error("A child that should hold sockets has ended");
      text += decoder.decode(value);
    }
  }
  while (children.length < PROCESSES) {
    const child = new Deno.Command("sleep", {
      args: ["1000"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    });
    children.push(child.spawn());
  }
}

async function bench(): Promise<void> {
  const processes = [...Deno.readDirSync("/proc")].filter(({ name }) => /^\d+$/.test(name)).length;
  tell("machine", `${cpuModel()}, ${navigator.hardwareConcurrency} cores, kernel ${Deno.osRelease()}`);
  tell("Deno", `${Deno.version.deno} (V8 ${Deno.version.v8})`);
  tell("processes", String(processes));
  const reader = new SystemReader();
  let nowMs = Date.now();
  tell("first reading, CPU", milliseconds(measure(1, () => reader.read(nowMs))));
  const report = reader.read(nowMs += 1_000);
  const attributed = report.sockets.filter((socket) => socket.pid !== undefined).length;
  tell("sockets, of which with a process", `${report.sockets.length}, ${attributed}`);
  for (let i = 0; i < WARM_UP; i++) reader.read(nowMs += 1_000);
  tell("bare dump of TCP, CPU (the kernel's part)", milliseconds(bareDump()));
  tell("full reading, CPU", milliseconds(measure(READINGS, () => reader.read(nowMs += 1_000))));
  tell("light reading, CPU", milliseconds(measure(READINGS, () => reader.readLight(nowMs += 200))));
  tell("structured clone of a report, CPU", milliseconds(measure(READINGS, () => structuredClone(report))));
  reader.close();
  const { share, intervalMs } = await workerShare();
  tell("interval kept by the worker", milliseconds(intervalMs)); // longer than asked for where a reading is slow
  tell("share of one core, worker and copy", `${(100 * share).toFixed(2)} % (target < 5 %)`);
}

/** The least a reading can cost: the kernel tells its TCP sockets, and nobody looks at the answer. */
function bareDump(): number {
  const libc = openLibc();
  const netlink = NetlinkSocket.open(libc, NETLINK_SOCK_DIAG);
  const cost = measure(READINGS, () => {
    for (const family of [AF_INET, AF_INET6]) {
      const body = inetDiagRequest({ family, protocol: 6, states: 0xffff, tcpInfo: true });
      netlink.dump({ type: SOCK_DIAG_BY_FAMILY, body, visit: () => {}, restart: () => {} });
    }
  });
  netlink.close();
  libc.dispose();
  return cost;
}

function tell(what: string, value: string): void {
  console.log(`${what.padEnd(42)} ${value}`);
}

function milliseconds(value: number): string {
  return `${value.toFixed(1)} ms`;
}

/** CPU of the whole process while the worker reports once a second, as a share of one core. */
async function workerShare(): Promise<{ share: number; intervalMs: number }> {
  const worker = new Worker(new URL("../enrich/system_worker.ts", import.meta.url), {
    type: "module",
    deno: { permissions: { ffi: true } },
  });
  let reports = 0;
  let before = process.cpuUsage();
  let beganMs = 0;
  const result = await new Promise<{ share: number; intervalMs: number }>((resolve) => {
    worker.onmessage = ({ data }) => {
      if (data.type === "stopped") return;
      reports++;
      if (reports === WARM_UP) {
        before = process.cpuUsage();
        beganMs = performance.now();
      } else if (reports === WARM_UP + WORKER_SECONDS) {
        const { user, system } = process.cpuUsage(before);
        const elapsedMs = performance.now() - beganMs;
        resolve({ share: (user + system) / 1_000 / elapsedMs, intervalMs: elapsedMs / WORKER_SECONDS });
      }
      if (reports === WARM_UP - 1) worker.postMessage({ type: "start-system", intervalMs: 1_000 });
    };
    worker.postMessage({ type: "start-system", intervalMs: 100 });
  });
  worker.postMessage({ type: "stop" });
  return result;
}

/** CPU milliseconds of one call, the mean of `times`. All threads: what the collector does is part of the price. */
function measure(times: number, act: () => unknown): number {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / times;
}

function cpuModel(): string {
  const line = /^model name\s*:\s*(.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"));
  return line === null ? Deno.build.arch : line[1];
}
