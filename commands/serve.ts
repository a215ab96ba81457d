/**
 * The server's door to the network: takes the port, and takes it again when accepting failed.
 *
 * Deno ends a server when a connection cannot be accepted, as when file descriptors run out, and with it the process.
 * Connections that are open go on meanwhile, so a server that listens anew is all that it needs.
 */
import type { Handler } from "../http/guard.ts";
import { UsageError } from "../options.ts";
import type { Log } from "./log.ts";
import { whoHoldsPort } from "./port_holder.ts";

/** Before the port is taken again. */
const PAUSE_MS = 500;
/** At the end, for answers that are under way. */
const LAST_MS = 1000;

export interface ServeOptions {
  host: string;
  /** 0 for a free one. */
  port: number;
  tls: { cert: string; key: string } | null;
  handler: Handler;
  log: Log;
}

export class WebServer {
  /** The port taken. */
  readonly port: number;
  #options: ServeOptions;
  #server: Deno.HttpServer<Deno.NetAddr>;
  #closed = false;
  #again: ReturnType<typeof setTimeout> | undefined;
  /** Times the port had to be taken again. */
  restarts = 0;

  /** @throws Error with a `hint` when the port cannot be taken. */
  constructor(options: ServeOptions) {
    this.#options = options;
    try {
      this.#server = this.#listen(options.port);
    } catch (error) {
      throw explained(error, options);
    }
    this.port = this.#server.addr.port;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#again);
    let timer: ReturnType<typeof setTimeout>;
    await Promise.race([
      this.#server.shutdown().catch(() => {}),
      new Promise((resolve) => timer = setTimeout(resolve, LAST_MS)),
    ]).finally(() => clearTimeout(timer));
  }

  #listen(port: number): Deno.HttpServer<Deno.NetAddr> {
    const { host, tls, handler, log } = this.#options;
    const server = Deno.serve({
      hostname: host,
      port,
      ...(tls ?? {}),
      automaticCompression: true, // pages and tables shrink to a tenth; the feed is left as it is
      onListen: () => {},
      onError: (error) => {
        log("error", `A request failed: ${error instanceof Error ? error.stack : error}`);
        return new Response("Something went wrong here; the log has more\n", { status: 500 });
      },
    }, handler);
    server.finished.catch((error) => this.#failed(error));
    return server;
  }

  #failed(error: unknown): void {
    if (this.#closed) return;
    this.#options.log("error", `No connection can be accepted, trying again: ${error}`);
    this.#again = setTimeout(() => {
      try {
        this.#server = this.#listen(this.port);
        this.restarts++;
      } catch (again) {
        this.#failed(again);
      }
    }, PAUSE_MS);
  }
}

function explained(error: unknown, { host, port }: ServeOptions): unknown {
  if (error instanceof Deno.errors.AddrInUse) {
    const holder = whoHoldsPort(port);
    return Object.assign(
      new Error(`Port ${port} is in use${holder ? ` by ${holder}` : ""}`, { cause: error }),
      {
        hint: `Stop it, or choose another with --port ${port + 1} (--port 0 takes a free one)`,
      },
    );
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return Object.assign(new Error(`Port ${port} needs privileges`, { cause: error }), {
      hint: "Choose a port from 1024 on with --port",
    });
  }
  if (
    error instanceof Deno.errors.AddrNotAvailable || (error instanceof Error && /lookup/.test(error.message))
  ) {
    return new UsageError(`"${host}" is no address of this machine`);
  }
  return error;
}
