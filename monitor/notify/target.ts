/**
 * One target of notifications: a bounded queue, at most so many messages a second, and patience with a target that
 * fails. Nothing waits for it: telling it something only puts that into the queue.
 */
import type { NotifySetting } from "../../model/settings.ts";
import type { NotifyTargetCounters } from "../../model/api.ts";
import { targetHost } from "../settings.ts";
import type { Notice } from "./notice.ts";
import { isHttp, merges, type Message, shapeOf } from "./shapes.ts";
import { sendSyslog } from "./syslog.ts";

/** Times in ms and counts; tests wait less. */
export interface NotifyLimits {
  /** Notices waiting; then the oldest go. */
  queue: number;
  /** Between messages that people read, and between those for programs. */
  mergedEveryMs: number;
  singleEveryMs: number;
  /** A target that has not answered by then has failed. */
  timeoutMs: number;
  /** The first pause after a failure; it doubles up to the longest. Half of a pause is chance. */
  pauseMs: number;
  longestPauseMs: number;
  attempts: number;
}

export const NOTIFY_LIMITS: NotifyLimits = {
  queue: 200,
  mergedEveryMs: 1000,
  singleEveryMs: 100,
  timeoutMs: 10_000,
  pauseMs: 1000,
  longestPauseMs: 300_000,
  attempts: 10,
};

/** Answers after which trying again makes sense, besides all of 500 and above. */
const TRY_AGAIN = [408, 425, 429];

interface Failure {
  /** For people; without anything secret. */
  reason: string;
  /** Whether another attempt can help. */
  passing: boolean;
  /** What the target asked for, ms. */
  waitMs: number;
}

export interface TargetOptions {
  setting: NotifySetting;
  /** Name of this machine. */
  from: string;
  /** Of Netpane. */
  version: string;
  limits: NotifyLimits;
  /** It fails, or (with null) works again. */
  onState: (failure: { reason: string; passing: boolean } | null) => void;
}

export class Target {
  readonly setting: NotifySetting;
  readonly #options: TargetOptions;
  #queue: Notice[] = [];
  /** Lost since the last message. */
  #lost = 0;
  #counters = { sent: 0, failed: 0, dropped: 0, retries: 0 };
  #failure = "";
  #nextMs = 0;
  #running = false;
  #ran: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();
  /** No pause between messages any more. */
  readonly #hurrying = new AbortController();

  constructor(options: TargetOptions) {
    this.#options = options;
    this.setting = options.setting;
  }

  tell(notice: Notice): void {
    if (this.#closing.signal.aborted) return;
    this.#queue.push(notice);
    if (this.#queue.length > this.#options.limits.queue) {
      this.#queue.shift();
      this.#lost++;
      this.#counters.dropped++;
    }
    if (!this.#running) this.#ran = this.#run();
  }

  counters(): NotifyTargetCounters {
    const { name, type, url } = this.setting;
    return {
      name,
      type,
      host: targetHost(url),
      waiting: this.#queue.length,
      ...this.#counters,
      failing: this.#failure,
    };
  }

  /** Sends what waits without a pause. @returns When nothing waits any more, which may never be: the caller bounds it. */
  async drain(): Promise<void> {
    this.#hurrying.abort();
    await this.#ran;
  }

  /** Ends at once; what waits is lost. */
  close(): void {
    this.#closing.abort();
    this.#queue = [];
  }

  async #run(): Promise<void> {
    this.#running = true;
    const { limits } = this.#options;
    const merged = merges(this.setting.type);
    // Alerts of one packet come one after the other: what comes at once is told at once.
    await Promise.resolve();
    while (this.#queue.length > 0 && !this.#closing.signal.aborted) {
      await this.#sleep(this.#nextMs - Date.now(), this.#hurrying.signal);
      const notices = this.#queue.splice(0, merged ? Infinity : 1);
      if (notices.length === 0) break;
      const dropped = this.#lost;
      this.#lost = 0;
      await this.#deliver(notices, dropped);
      this.#nextMs = Date.now() + (merged ? limits.mergedEveryMs : limits.singleEveryMs);
    }
    this.#running = false;
  }

  async #deliver(notices: Notice[], dropped: number): Promise<void> {
    const { limits, onState, from, version } = this.#options;
    const id = crypto.randomUUID();
    for (let attempt = 1;; attempt++) {
      const failure = await this.#send({ notices, dropped, from, id, version });
      if (this.#closing.signal.aborted) return;
      if (failure === null) {
        this.#counters.sent += notices.length;
        if (this.#failure !== "") onState(null);
        this.#failure = "";
        return;
      }
      this.#failure = failure.reason;
      onState(failure);
      if (!failure.passing || attempt >= limits.attempts) {
        this.#counters.failed += notices.length;
        return;
      }
      const pauseMs = Math.min(limits.longestPauseMs, limits.pauseMs * 2 ** (attempt - 1));
      await this.#sleep(Math.max(pauseMs / 2 * (1 + Math.random()), failure.waitMs));
      if (this.#closing.signal.aborted) return;
      this.#counters.retries++;
    }
  }

  async #send(message: Message): Promise<Failure | null> {
    const { limits } = this.#options;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), limits.timeoutMs);
    Deno.unrefTimer(timer);
    const signal = AbortSignal.any([late.signal, this.#closing.signal]);
    try {
      if (!isHttp(this.setting)) {
        await sendSyslog(this.setting, message, signal);
        return null;
      }
      const { url, headers, body } = shapeOf(this.setting, message, Date.now());
      const answer = await fetch(url, {
        method: "POST",
        headers,
        body,
        redirect: "manual", // a redirect could lead the secret elsewhere
        signal,
      });
      await answer.body?.cancel();
      if (answer.ok) return null;
      const { status } = answer;
      return {
        reason: `it answered ${status}`,
        passing: status >= 500 || TRY_AGAIN.includes(status),
        waitMs: Math.min(limits.longestPauseMs, 1000 * (Number(answer.headers.get("Retry-After")) || 0)),
      };
    } catch (error) {
      const reason = late.signal.aborted
        ? `it did not answer within ${limits.timeoutMs / 1000} s`
        : networkReason(error);
      return { reason, passing: true, waitMs: 0 };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Until `ms` have gone by, or it is closed, or woken. */
  #sleep(ms: number, woken?: AbortSignal): Promise<void> {
    const closing = this.#closing.signal;
    const signal = woken === undefined ? closing : AbortSignal.any([closing, woken]);
    if (!(ms > 0) || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      Deno.unrefTimer(timer);
      signal.addEventListener("abort", done);
    });
  }
}

/** Why a connection failed. The error's own words repeat the address, which may hold a secret. */
function networkReason(error: unknown): string {
  const text = error instanceof Error ? `${error.message} ${error.cause ?? ""}` : "";
  if (error instanceof Deno.errors.NotCapable) return "sending there was not granted";
  if (/refused/i.test(text)) return "the connection was refused";
  if (/dns|lookup|resolve|name or service/i.test(text)) return "its name was not found";
  if (/certificate|tls|ssl/i.test(text)) return "its certificate was not accepted";
  if (/unreachable|no route/i.test(text)) return "it cannot be reached";
  return "the connection failed";
}
