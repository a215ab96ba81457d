/**
 * `netpane doctor`: everything Netpane needs as a checklist, each with the exact step that mends it.
 *
 * It tries the real thing (opens a capture, reads the sockets) rather than ask about it. Exit code 1 when
 * something is missing that capturing needs.
 */
import { captureDevices } from "../capture/source/devices.ts";
import { CaptureError } from "../capture/source/errors.ts";
import { libpcapVersion } from "../capture/source/ffi/libpcap.ts";
import { LiveCapture } from "../capture/source/live_capture.ts";
import { SystemReader } from "../enrich/system_reader.ts";
import { parseOptions, PLAIN_OPTIONS } from "../options.ts";
import { VERSION } from "../version.ts";

interface Check {
  name: string;
  /** What is well; throws, or gives a `Failure`, where it is not. */
  run: () => string | Failure;
  /** Without it there is no capture. */
  needed: boolean;
}

class Failure {
  constructor(readonly message: string, readonly hint: string) {}
}

const CHECKS: Check[] = [
  { name: "Deno", needed: true, run: checkDeno },
  { name: "libpcap", needed: true, run: () => libpcapVersion() },
  { name: "Interfaces", needed: true, run: checkDevices },
  { name: "Capture", needed: true, run: checkCapture },
  { name: "Sockets", needed: false, run: checkSystem },
];

export function run(args: string[]): Promise<number> {
  const options = parseOptions(PLAIN_OPTIONS, args, { min: 0, max: 0, name: "" });
  if (options.help) {
    console.log("Usage: netpane doctor\n\nChecks what Netpane needs, and says how to get what is missing.");
    return Promise.resolve(0);
  }
  console.log(`Netpane ${VERSION} on ${Deno.build.os} ${Deno.build.arch}`);
  let code = 0;
  for (const check of CHECKS) {
    const failure = tell(check);
    if (failure && check.needed) code = 1;
  }
  return Promise.resolve(code);
}

function tell({ name, run, needed }: Check): boolean {
  const result = attempt(run);
  if (typeof result === "string") {
    console.log(`  ok       ${name}: ${result}`);
    return false;
  }
  console.log(`  ${needed ? "missing " : "limited "} ${name}: ${result.message}`);
  console.log(`           → ${result.hint}`);
  return true;
}

function attempt(run: Check["run"]): string | Failure {
  try {
    return run();
  } catch (error) {
    if (error instanceof CaptureError) return new Failure(error.message, error.hint);
    const hint = error instanceof Error && "hint" in error
      ? String(error.hint)
      : "Run netpane start all the same: the page says what is off";
    return new Failure(error instanceof Error ? error.message : String(error), hint);
  }
}

function checkDeno(): string | Failure {
  const [major, minor] = Deno.version.deno.split(".").map(Number);
  if (major > 2 || (major === 2 && minor >= 9)) return Deno.version.deno;
  return new Failure(
    `${Deno.version.deno} is too old, 2.9 is needed`,
    "Run deno upgrade, or ./netpane, which fetches one",
  );
}

function checkDevices(): string | Failure {
  const names = captureDevices().filter((device) => device.up).map((device) => device.name);
  return names.length > 0
    ? names.join(", ")
    : new Failure("none is up", "Switch one on: ip link set eth0 up");
}

function checkCapture(): string {
  const device = captureDevices().find((candidate) => candidate.up && !candidate.loopback)?.name ?? "any";
  using capture = LiveCapture.open({
    device,
    snaplen: 96,
    promiscuous: false,
    bufferBytes: 1 << 20,
    filter: "",
  });
  return `packets of ${capture.device} may be read`;
}

function checkSystem(): string | Failure {
  using reader = new SystemReader();
  const report = reader.read(Date.now());
  const [problem] = report.problems;
  if (problem) return new Failure(problem.message, problem.hint);
  return `${report.sockets.length} sockets and ${report.processes.length} processes that own them`;
}
