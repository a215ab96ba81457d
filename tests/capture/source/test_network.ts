/** Network namespaces for tests that capture live, and a worker that captures in one. Root and iproute2 needed. */
import type {
  CaptureProblem,
  CaptureReport,
  CaptureToMain,
  InterfaceCapture,
} from "../../../model/protocol.ts";
import type { Seen } from "./capture_probe.ts";

const PROBE = new URL("./capture_probe.ts", import.meta.url).pathname;

/** Whether live tests can run here; else they are shown as ignored. */
export const canCaptureLive: boolean = (() => {
  if (Deno.build.os !== "linux" || Deno.permissions.querySync({ name: "run" }).state !== "granted") {
    return false;
  }
  if (Deno.uid() !== 0) return false;
  return ["ip", "bash", "tcpdump", "setpriv", "unshare"].every((tool) => {
    try {
      return new Deno.Command("sh", { args: ["-c", `command -v ${tool}`], stdout: "null" }).outputSync()
        .success;
    } catch {
      return false;
    }
  });
})();

/** Runs a command to its end. @throws {Error} with what it printed, when it fails. */
export async function run(...command: string[]): Promise<string> {
  const [program, ...args] = command;
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(`${command.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

let created = 0;

/** One namespace without IPv6, so that nothing but the test sends anything in it. */
export class TestNetwork {
  readonly name = `npcap-${Deno.pid}-${++created}`;

  static async create(): Promise<TestNetwork> {
    const network = new TestNetwork();
    await run("ip", "netns", "add", network.name);
    await network.run(
      "sysctl",
      "-qw",
      "net.ipv6.conf.all.disable_ipv6=1",
      "net.ipv6.conf.default.disable_ipv6=1",
    );
    return network;
  }

  run(...command: string[]): Promise<string> {
    return run("ip", "netns", "exec", this.name, ...command);
  }

  /**
   * A pair of interfaces, `name` and `name`p, up. What is sent to 10.N.0.9 goes out of `name` to a hardware address
   * that nobody has: it arrives at the other end and is answered by no one.
   */
  async addPair(name: string, n: number): Promise<void> {
    await this.run("ip", "link", "add", "name", name, "type", "veth", "peer", "name", `${name}p`);
    await this.run("ip", "addr", "add", `10.${n}.0.1/24`, "dev", name);
    await this.run("ip", "link", "set", "dev", name, "up");
    await this.run("ip", "link", "set", "dev", `${name}p`, "up");
    await this.run("ip", "neigh", "replace", `10.${n}.0.9`, "lladdr", "02:00:00:00:00:09", "dev", name);
  }

  /** Sends `count` UDP datagrams to 10.N.0.9. */
  async send(n: number, count: number, { port = 9, payload = "hello" } = {}): Promise<void> {
    const send = `for ((i=0; i<${count}; i++)); do printf ${payload} > /dev/udp/10.${n}.0.9/${port}; done`;
    await this.run("bash", "-c", send);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("ip", "netns", "del", this.name);
  }
}

/** How to start the capture worker; the rest has defaults. */
export interface ProbeOptions {
  interfaces: string[];
  filter?: string;
  snaplen?: number;
  bufferBytes?: number;
  /** Program and arguments to start it with, to take something away from it. */
  through?: string[];
}

/** The capture worker in a namespace. */
export class Probe {
  report: CaptureReport | null = null;
  seen: Seen = { type: "seen", packets: 0, packetsOn: [], batches: 0, linkTypes: [], data: [], latency: 0 };
  stopped = false;
  #process: Deno.ChildProcess;
  #input: WritableStreamDefaultWriter<Uint8Array>;
  #wake: () => void = () => {};
  #ended = false;

  constructor(network: TestNetwork, options: ProbeOptions) {
    const { through = [], ...rest } = options;
    const deno = [Deno.execPath(), "run", "-A", "--no-config", "--unstable-worker-options", PROBE];
    this.#process = new Deno.Command("ip", {
      args: ["netns", "exec", network.name, ...through, ...deno],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#listen();
    const defaults = { snaplen: 262_144, promiscuous: true, bufferBytes: 4 << 20, filter: "" };
    this.tell({ type: "start-capture", ...defaults, ...rest });
  }

  tell(message: unknown): void {
    this.#input.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`));
  }

  /** What the worker last said of its n-th interface. */
  interface(n = 0): InterfaceCapture | undefined {
    return this.report?.interfaces[n];
  }

  /** Waits until `condition` holds; looks whenever something is told. Gives up after a minute, saying what it saw. */
  async until(condition: () => boolean): Promise<void> {
    let patient = true;
    const timer = setTimeout(() => {
      patient = false;
      this.#wake();
    }, 60_000);
    try {
      while (!condition()) {
        if (this.#ended || !patient) {
          const { report, seen } = this;
          throw new Error(
            `${patient ? "the worker ended" : "in vain"}: ${Deno.inspect({ report, seen }, { depth: 5 })}`,
          );
        }
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits until the n-th interface is open. */
  open(n = 0): Promise<void> {
    return this.until(() => this.interface(n)?.status === "open");
  }

  /** Waits until the n-th interface has a problem of this kind. */
  async problem(code: CaptureProblem["code"], n = 0): Promise<CaptureProblem> {
    await this.until(() => this.interface(n)?.problem?.code === code);
    return this.interface(n)!.problem!;
  }

  /** A report that was made after this call. */
  async nextReport(): Promise<CaptureReport> {
    const last = this.report;
    await this.until(() => this.report !== last);
    return this.report!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.tell({ type: "stop" });
    await this.until(() => this.stopped);
    await this.#input.close();
    await this.#process.status;
  }

  async #listen(): Promise<void> {
    let rest = "";
    for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const message: CaptureToMain | Seen = JSON.parse(line);
        if (message.type === "capture-report") this.report = message;
        else if (message.type === "seen") this.seen = message;
        else this.stopped = true;
      }
      this.#wake();
    }
    this.#ended = true;
    this.#wake();
  }
}
