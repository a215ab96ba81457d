/**
 * The real program, started as a user starts it, for tests from outside.
 *
 * Inside a network namespace the server is asked with curl from the same namespace, since this process is not in
 * it; the answers are the same.
 */
import { fileURLToPath } from "node:url";
import { readEvents, readLines, type StreamEvent } from "./events.ts";
import { type Namespace, Running } from "./netns.ts";
import { until } from "./wait.ts";

/** The project's folder, with a slash at the end. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The launcher. */
export const LAUNCHER = `${ROOT}netpane`;

/** What a finished run of `netpane` left. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Environment of a user's shell: paths are relative to the folder the program is started in. */
export function environment(more: Record<string, string> = {}): Record<string, string> {
  const { INIT_CWD: _, NETPANE_GRANT: __, ...rest } = Deno.env.toObject();
  return { ...rest, NO_COLOR: "1", ...more };
}

/** Runs `netpane` to its end. */
export async function netpane(
  args: string[],
  options: { cwd?: string; stdin?: Uint8Array; env?: Record<string, string>; program?: string } = {},
): Promise<Outcome> {
  const child = new Deno.Command(options.program ?? LAUNCHER, {
    args,
    cwd: options.cwd ?? ROOT,
    env: environment(options.env),
    clearEnv: true,
    stdin: options.stdin ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (options.stdin) {
    const writer = child.stdin.getWriter();
    // A program that stops reading early (wrong use) closes the pipe; what it says is what counts.
    await writer.write(options.stdin).then(() => writer.close()).catch(() => {});
  }
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** A running `netpane start`. `await using` stops it. */
export class Server implements AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  #running: Running;
  #namespace: Namespace | undefined;
  #token: string | undefined;
  #scheme: "http" | "https";
  #log: string[] = [];
  #reading: Promise<void>;

  private constructor(
    command: Deno.Command,
    port: number,
    { namespace, token, tls = false }: { namespace?: Namespace; token?: string; tls?: boolean },
  ) {
    this.#running = new Running(command);
    this.pid = this.#running.child.pid;
    this.port = port;
    this.#namespace = namespace;
    this.#token = token;
    this.#scheme = tls ? "https" : "http";
    this.#reading = this.#read();
  }

  /**
   * Starts it with `args`, and waits until it answers.
   *
   * @param options `namespace`: where it runs; `prefix`: a program and arguments in front (`setpriv` ...); `token`:
   *   sent with each request; `tls`: asked that way, whatever the certificate.
   * @throws With what it said, when it ends instead.
   */
  static async start(
    args: string[],
    options: {
      namespace?: Namespace;
      port?: number;
      env?: Record<string, string>;
      prefix?: string[];
      token?: string;
      tls?: boolean;
    } = {},
  ): Promise<Server> {
    const port = options.port ?? freePort();
    const [program, ...rest] = [
      ...(options.prefix ?? []),
      LAUNCHER,
      "start",
      "--port",
      String(port),
      ...args,
    ];
    const how = {
      cwd: ROOT,
      env: environment(options.env),
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    } as const;
    const command = options.namespace
      ? options.namespace.command(program, rest, how)
      : new Deno.Command(program, { ...how, args: rest });
    const server = new Server(command, port, options);
    let ended = false;
    server.#running.child.status.then(() => ended = true);
    try {
      await until("the server answers /healthz", async () => ended || await server.get("/healthz"));
      if (ended) throw new Error("It has ended");
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw new Error(`netpane start ${args.join(" ")}: ${server.log}`, { cause: error });
    }
    return server;
  }

  /** What it has written to stderr. */
  get log(): string {
    return this.#log.join("\n");
  }

  url(path: string): string {
    return `${this.#scheme}://127.0.0.1:${this.port}${path}`;
  }

  /** The body of a GET. @throws For a status that is not 200. */
  async get(path: string): Promise<string> {
    if (this.#namespace || this.#scheme === "https") {
      const args = ["-sSfk", "-m", "10", ...this.#credentials(), this.url(path)];
      const { code, stdout, stderr } = await (this.#namespace ?? here).output("curl", ...args);
      if (code !== 0) throw new Error(`GET ${path}: ${stderr.trim()}`);
      return stdout;
    }
    const headers = this.#token === undefined ? undefined : { Authorization: `Bearer ${this.#token}` };
    const response = await fetch(this.url(path), { headers, signal: AbortSignal.timeout(10_000) });
    const body = await response.text();
    if (response.status !== 200) throw new Error(`GET ${path}: ${response.status} ${body}`);
    return body;
  }

  /** The body of a GET as JSON. The caller says what it expects there. */
  async json<T>(path: string): Promise<T> {
    return JSON.parse(await this.get(path));
  }

  /** Opens the feed. Ending the loop closes the connection. */
  async *events(path = "/api/stream", lastEventId?: string): AsyncGenerator<StreamEvent, void, void> {
    const header = lastEventId === undefined ? [] : ["-H", `Last-Event-ID: ${lastEventId}`];
    const args = ["-sSNk", "-m", "60", ...header, ...this.#credentials(), this.url(path)];
    const options = { stdout: "piped", stderr: "null" } as const;
    await using curl = this.#namespace
      ? this.#namespace.spawn("curl", args, options)
      : new Running(new Deno.Command("curl", { args, stdin: "null", ...options }));
    yield* readEvents(new Response(curl.child.stdout));
  }

  /** Ends it as Ctrl+C or a service manager does. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus> {
    const status = await this.#running.stop(signal);
    await this.#reading;
    return status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
    await this.#reading;
  }

  /** For curl. */
  #credentials(): string[] {
    return this.#token === undefined ? [] : ["-H", `Authorization: Bearer ${this.#token}`];
  }

  async #read(): Promise<void> {
    for await (const line of readLines(this.#running.child.stderr)) this.#log.push(line);
  }
}

/** As a `Namespace`: the one that the tests themselves are in. */
const here = {
  async output(program: string, ...args: string[]) {
    const { code, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  },
};

/** A TCP port that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
