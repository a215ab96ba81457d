/** The runs of echo requests that are under way in the system worker, moved on by a timer that stops with the last. */
import type { Ping, PingReport } from "../../model/protocol.ts";
import { IcmpSocket } from "../ffi/icmp_socket.ts";
import { type Libc, openLibc, SystemError } from "../ffi/libc.ts";
import { PingRun } from "./run.ts";

/** Runs at once. */
const MAX_RUNS = 8;
/** Between turns: far below the time after which a socket's buffer could be full. */
const TURN_MS = 5;

interface Running {
  ping: Ping;
  run: PingRun;
  socket: IcmpSocket;
}

export class PingRuns {
  #report: (report: PingReport) => void;
  #libc: Libc | null = null;
  #running = new Map<number, Running>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param report Called once for each `start()`. */
  constructor(report: (report: PingReport) => void) {
    this.#report = report;
  }

  start(ping: Ping): void {
    if (this.#running.size >= MAX_RUNS) {
      return this.#refuse(ping, {
        code: "busy",
        message: `${MAX_RUNS} runs are under way, which is the ceiling`,
        hint: "Try again in a few seconds",
      });
    }
    try {
      const libc = this.#libc ??= openLibc();
      const socket = IcmpSocket.open(libc, ping.address, ping.scope);
      const [identifier] = crypto.getRandomValues(new Uint16Array(1));
      const run = new PingRun(socket, {
        version: ping.address.length === 4 ? 4 : 6,
        count: ping.count,
        intervalMs: ping.intervalMs,
        timeoutMs: ping.timeoutMs,
        identifier,
        nonce: crypto.getRandomValues(new Uint8Array(8)),
      }, { steady: () => performance.now(), real: () => libc.realClockMs() });
      this.#running.set(ping.id, { ping, run, socket });
      this.#turn();
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      const code = error.code === "failed" ? "failed" : "refused";
      this.#refuse(ping, { code, message: error.message, hint: error.hint });
    }
  }

  /** Ends all, without a report. May be called twice. */
  close(): void {
    clearTimeout(this.#timer);
    for (const { run } of this.#running.values()) run.close();
    this.#running.clear();
    this.#libc?.dispose();
    this.#libc = null;
  }

  #turn(): void {
    clearTimeout(this.#timer);
    for (const [id, { run, socket }] of this.#running) {
      if (!run.turn()) continue;
      run.close();
      this.#running.delete(id);
      const { replies, duplicates } = run;
      this.#report({ type: "ping-report", id, socket: socket.kind, replies, duplicates });
    }
    if (this.#running.size > 0) this.#timer = setTimeout(() => this.#turn(), TURN_MS);
  }

  #refuse({ id }: Ping, problem: NonNullable<PingReport["problem"]>): void {
    this.#report({ type: "ping-report", id, socket: "datagram", replies: [], duplicates: 0, problem });
  }
}
