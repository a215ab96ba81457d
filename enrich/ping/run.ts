/**
 * One run of echo requests, as a state machine that never waits: whoever has a timer calls `turn()` every few
 * milliseconds. Times of arrival are the kernel's own, so that how often it is called does not show in the result.
 */
import { Errno, errnoName } from "../ffi/libc.ts";
import type { PingReply } from "../../model/who.ts";
import { echoRequest, replySequence } from "./echo.ts";

/** What a run needs of a socket; `IcmpSocket` is one. */
export interface EchoSocket {
  readonly hasIpHeader: boolean;
  /** 0, or the number of an error, below 0. */
  send(message: Uint8Array<ArrayBuffer>): number;
  receive(): { bytes: Uint8Array; atMs: number } | number | null;
  close(): void;
}

/** Two clocks in milliseconds: one that never jumps, and the one by which the kernel times packets. */
export interface Clocks {
  steady: () => number;
  real: () => number;
}

export interface PingRunOptions {
  version: 4 | 6;
  count: number;
  intervalMs: number;
  timeoutMs: number;
  /** 16 bits; the kernel replaces it for datagram sockets. */
  identifier: number;
  /** 8 bytes. */
  nonce: Uint8Array;
}

/** Packets looked at in one turn: strangers' answers must not hold up the thread. */
const MAX_PACKETS_A_TURN = 64;
/** Kernel and monotonic time may differ by this much in a round trip; beyond, the clock was set meanwhile. */
const CLOCK_SLACK_MS = 5;

interface Sent {
  realMs: number;
  steadyMs: number;
}

export class PingRun {
  readonly replies: PingReply[] = [];
  duplicates = 0;
  #socket: EchoSocket;
  #options: PingRunOptions;
  #clocks: Clocks;
  #sent: Sent[] = [];
  #nextMs: number;

  constructor(socket: EchoSocket, options: PingRunOptions, clocks: Clocks) {
    this.#socket = socket;
    this.#options = options;
    this.#clocks = clocks;
    this.#nextMs = clocks.steady();
  }

  /** Reads what has come, sends what is due. @returns Whether the run is over. */
  turn(): boolean {
    this.#receive();
    const now = this.#clocks.steady();
    if (this.replies.length < this.#options.count && now >= this.#nextMs) {
      this.#send();
      // Without catching up: a turn that came late must not make two requests follow at once.
      this.#nextMs = Math.max(this.#nextMs + this.#options.intervalMs, now + this.#options.intervalMs / 2);
    }
    let open = this.#options.count - this.replies.length;
    for (const [i, reply] of this.replies.entries()) {
      if (reply.rtt_ms !== null || reply.error !== "") continue;
      if (now - this.#sent[i].steadyMs >= this.#options.timeoutMs) reply.error = "timeout";
      else open++;
    }
    return open === 0;
  }

  /** May be called twice. */
  close(): void {
    this.#socket.close();
  }

  #send(): void {
    const { version, identifier, nonce } = this.#options;
    const sequence = this.replies.length + 1;
    const message = echoRequest(version, { identifier, sequence, nonce });
    this.#sent.push({ realMs: this.#clocks.real(), steadyMs: this.#clocks.steady() });
    const result = this.#socket.send(message);
    this.replies.push({ sequence, rtt_ms: null, error: result < 0 ? errorWord(-result) : "" });
  }

  #receive(): void {
    for (let i = 0; i < MAX_PACKETS_A_TURN; i++) {
      const packet = this.#socket.receive();
      if (packet === null) return;
      if (typeof packet === "number") {
        // Somebody on the way said no: it does not say to which request, so to the oldest without an answer.
        const reply = this.replies.find(({ rtt_ms, error }) => rtt_ms === null && error === "");
        if (reply !== undefined) reply.error = errorWord(-packet);
        continue;
      }
      const { version, nonce } = this.#options;
      const sequence = replySequence(version, packet.bytes, nonce, this.#socket.hasIpHeader);
      const reply = sequence === null ? undefined : this.replies[sequence - 1];
      if (reply === undefined) continue;
      if (reply.rtt_ms !== null) this.duplicates++;
      else if (reply.error === "") reply.rtt_ms = this.#roundTrip(this.#sent[sequence! - 1], packet.atMs);
    }
  }

  #roundTrip(sent: Sent, arrivedMs: number): number {
    const atMost = this.#clocks.steady() - sent.steadyMs;
    const byKernel = arrivedMs - sent.realMs;
    const isSane = arrivedMs > 0 && byKernel >= 0 && byKernel <= atMost + CLOCK_SLACK_MS;
    return Math.round(1000 * (isSane ? byKernel : atMost)) / 1000;
  }
}

function errorWord(errno: number): string {
  switch (errno) {
    case Errno.EHOSTUNREACH:
    case Errno.ENETUNREACH:
    case Errno.EHOSTDOWN:
      return "unreachable";
    case Errno.ECONNREFUSED:
    case Errno.EACCES:
    case Errno.EPERM:
      return "refused";
    default:
      return errnoName(errno);
  }
}
