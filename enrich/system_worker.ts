/**
 * The system worker: a thread with the permission `ffi` and no other, that reports what the machine is doing.
 *
 * Start it as `new Worker(new URL("./system_worker.ts", import.meta.url), { type: "module", deno: { permissions:
 * { ffi: true } } })`. It speaks `MainToSystem` and `SystemToMain`. What cannot be read is told in a report's
 * `problems`; the worker itself ends by an error only when its thread is lost in a foreign network namespace.
 */
import type { MainToSystem, SystemToMain } from "../model/protocol.ts";
import type { SystemReport } from "../model/system.ts";
import { SystemError } from "./ffi/libc.ts";
import { PingRuns } from "./ping/runs.ts";
import { SocketEncoder } from "./socket_delta.ts";
import { SystemReader } from "./system_reader.ts";

/** Shortest interval between reports: each one costs. */
const MIN_INTERVAL_MS = 100;
/** Light readings in between: a connection that lives half again as long is surely seen with its process. */
const LIGHT_MS = 200;
/** As above where the kernel tells of connections as they are opened: just for what it may have lost. */
const TRACED_LIGHT_MS = 500;
/** One wait for the kernel's word; `stop` is answered when it is over. */
const TRACE_WAIT_MS = 200;
/** Pause after each word, so that many connections a second cost no more than a hundred looks … */
const TRACE_PAUSE_MS = 10;
/** … and no more than this share of the time. What waits meanwhile waits in the kernel's ring. */
const MAX_TRACE_SHARE = 0.02;
/** Readings may take this share of the time at most; then the next one comes later. */
const MAX_SHARE = 0.25;
const MAX_LIGHT_SHARE = 0.02;
/** Where tens of thousands of sockets make a light reading dear, and tracing finds the new ones anyway. */
const MAX_TRACED_LIGHT_SHARE = 0.004;

// The worker scope's `postMessage` has no type of its own among the libraries for pages.
const scope = self as unknown as {
  postMessage(message: SystemToMain): void;
  onmessage: ((event: MessageEvent<MainToSystem>) => void) | null;
  close(): void;
};

const encoder = new SocketEncoder();
let reader: SystemReader | null = null;
let unusable: SystemError | null = null;
const pings = new PingRuns((report) => scope.postMessage(report));
let timer: ReturnType<typeof setTimeout> | undefined;
let intervalMs = 1_000;
/** When the next full and light readings are due, on the monotonic clock. */
let stopping = false;
let watching: Promise<void> | null = null;
let fullAt = 0;
let lightAt = 0;

scope.onmessage = ({ data }) => {
  switch (data.type) {
    case "start-system":
      start(data.intervalMs);
      break;
    case "ping":
      pings.start(data);
      break;
    case "stop":
      stop();
      break;
    default:
      data satisfies never;
  }
};

function start(interval: number): void {
  clearTimeout(timer);
  intervalMs = Math.max(MIN_INTERVAL_MS, Number.isFinite(interval) ? interval : 1_000);
  try {
    reader ??= new SystemReader();
    unusable = null;
  } catch (error) {
    unusable = error instanceof SystemError
      ? error
      : new SystemError("failed", String(error), "Report this", error);
  }
  fullAt = lightAt = performance.now();
  turn();
  if (watching === null && reader?.isTracing) watching = watch(reader);
}

/** Looks at a process as soon as it opens a connection: some are gone a few milliseconds later. */
async function watch(reader: SystemReader): Promise<void> {
  while (!stopping) {
    if (!await reader.waitForTrace(TRACE_WAIT_MS)) continue;
    const began = performance.now();
    reader.readTrace(Date.now());
    const took = performance.now() - began;
    await new Promise((resolve) => setTimeout(resolve, Math.max(TRACE_PAUSE_MS, took / MAX_TRACE_SHARE)));
  }
}

async function stop(): Promise<void> {
  clearTimeout(timer);
  stopping = true;
  pings.close();
  await watching; // another thread may be waiting with our memory in its hands
  reader?.close();
  reader = null;
  scope.postMessage({ type: "stopped" });
  scope.close();
}

/** One reading, then the timer for the next. A slow reading moves the next one away: nothing piles up. */
function turn(): void {
  const began = performance.now();
  if (began >= fullAt) {
    scope.postMessage(encoder.encode(report()));
    const took = performance.now() - began;
    // Kept on the beat where it can be, so that a second is a second.
    fullAt = Math.max(fullAt + intervalMs, began + took / MAX_SHARE, began + intervalMs / 2);
    lightAt = Math.max(lightAt, began + lightMs());
  } else if (began >= lightAt && reader !== null) {
    reader.readLight(Date.now());
    const took = performance.now() - began;
    const share = reader.isTracing ? MAX_TRACED_LIGHT_SHARE : MAX_LIGHT_SHARE;
    lightAt = performance.now() + Math.max(lightMs(), took / share);
  }
  const next = reader === null ? fullAt : Math.min(fullAt, lightAt);
  timer = setTimeout(turn, Math.max(1, next - performance.now()));
}

function lightMs(): number {
  return reader?.isTracing ? TRACED_LIGHT_MS : LIGHT_MS;
}

function report(): SystemReport {
  if (reader !== null) return reader.read(Date.now());
  return {
    type: "system-report",
    atMs: Date.now(),
    tookMs: 0,
    sockets: [],
    socketsLost: 0,
    processes: [],
    interfaces: [],
    problems: [{ message: unusable?.message ?? "The system cannot be read", hint: unusable?.hint ?? "" }],
  };
}
