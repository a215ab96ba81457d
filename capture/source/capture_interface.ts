/** One interface of a capture over its whole life: opened, lost, found again; its counters go on. */
import type { CaptureProblem, InterfaceCapture } from "../../model/protocol.ts";
import { CaptureError } from "./errors.ts";
import type { LinkStates } from "./ffi/link_state.ts";
import type { RecordWriter } from "./ffi/record_writer.ts";
import { LiveCapture, type LiveCaptureOptions, type LiveStatistics, type Reading } from "./live_capture.ts";

/** How long after a failure it is tried again. */
export const RETRY_MS = 2_000;

/** Captures from an interface whenever that is possible. Time is handed in, in milliseconds of any origin. */
export class CaptureInterface {
  readonly name: string;
  /** Link type and so on of what `readInto` gives. */
  readonly format: { linkType: number; nanosecond: boolean; interfaceIndex: number };
  #options: LiveCaptureOptions;
  #live: LiveCapture | null = null;
  #problem: CaptureProblem | undefined;
  #retryAtMs = 0;
  /** Whether the kernel knows it as a network interface: `any`, USB or D-Bus devices cannot be switched off. */
  #hasLink = false;
  /** Sums of handles that are closed, and the last reading of the open one. */
  #before: LiveStatistics = { received: 0, kernelDropped: 0, interfaceDropped: 0 };
  #now: LiveStatistics = { received: 0, kernelDropped: 0, interfaceDropped: 0 };

  constructor(options: LiveCaptureOptions, interfaceIndex: number) {
    this.name = options.device;
    this.format = { linkType: 1, nanosecond: false, interfaceIndex };
    this.#options = options;
  }

  /**
   * Opens it if that is due, and looks whether it is still there and up.
   *
   * @returns Whether its status has changed.
   */
  tend(nowMs: number, links: LinkStates): boolean {
    const before = this.#problem?.code ?? this.#live;
    if (this.#live === null && nowMs >= this.#retryAtMs) this.#open(nowMs, links);
    else if (this.#live !== null && this.#hasLink) this.#look(nowMs, links);
    return before !== (this.#problem?.code ?? this.#live);
  }

  /** What to wait on for packets (`PacketWait`); -1 where there is nothing to wait on. */
  get descriptor(): number {
    return this.#live?.descriptor ?? -1;
  }

  /** Whether packets can come. */
  get isOpen(): boolean {
    return this.#live !== null;
  }

  /** Writes what has come into `writer`; `null` where nothing can come. */
  readInto(writer: RecordWriter): Reading | null {
    return this.#live === null || this.#live.failure !== null ? null : this.#live.readInto(writer);
  }

  /**
   * To be called after `readInto`: closes it when it has failed.
   *
   * @returns Whether it has.
   */
  closeIfFailed(nowMs: number, links: LinkStates): boolean {
    if (this.#live === null || this.#live.failure === null) return false;
    const failure = this.#live.failure;
    const down = failure.code === "lost" && links.of(this.name) === "down";
    this.#close(nowMs, down ? this.#downProblem() : failure.toProblem());
    return true;
  }

  /** Reads the counters and tells how it stands. */
  report(): InterfaceCapture {
    if (this.#live !== null) this.#now = this.#live.statistics();
    return {
      name: this.name,
      status: this.#live !== null && this.#problem === undefined ? "open" : "waiting",
      linkType: this.format.linkType,
      nanosecond: this.format.nanosecond,
      received: this.#before.received + this.#now.received,
      kernelDropped: this.#before.kernelDropped + this.#now.kernelDropped,
      interfaceDropped: this.#before.interfaceDropped + this.#now.interfaceDropped,
      ...(this.#problem && { problem: this.#problem }),
    };
  }

  /** May be called twice. */
  close(): void {
    this.#live?.close();
    this.#live = null;
    this.#retryAtMs = Infinity;
  }

  #open(nowMs: number, links: LinkStates): void {
    try {
      this.#live = LiveCapture.open(this.#options);
      this.format.linkType = this.#live.linkType;
      this.format.nanosecond = this.#live.nanosecond;
      this.#hasLink = links.of(this.name) === "up";
      this.#problem = undefined;
    } catch (error) {
      const problem = error instanceof CaptureError
        ? error.toProblem()
        : new CaptureError("failed", `Cannot open "${this.name}": ${error}`, { hint: "Report this" })
          .toProblem();
      // Once it was there, "no such device" means that it has not come back yet.
      if (problem.code === "no-device" && this.#problem?.code === "lost") return this.#retry(nowMs);
      this.#problem = problem;
      this.#retry(nowMs);
    }
  }

  /** A filter that does not compile will not compile in two seconds either. */
  #retry(nowMs: number): void {
    this.#retryAtMs = this.#problem?.code === "bad-filter" ? Infinity : nowMs + RETRY_MS;
  }

  #look(nowMs: number, links: LinkStates): void {
    const state = links.of(this.name);
    if (state === "gone") {
      const hint = "Nothing to do: it is opened again as soon as it is back";
      return this.#close(nowMs, { code: "lost", message: `"${this.name}" has disappeared`, hint });
    }
    // One that is switched off keeps its handle: when it comes up, packets come at once and none is missed.
    this.#problem = state === "down" ? this.#downProblem() : undefined;
  }

  #downProblem(): CaptureProblem {
    const hint = `Switch it on: sudo ip link set dev ${this.name} up`;
    return { code: "device-down", message: `"${this.name}" is switched off`, hint };
  }

  #close(nowMs: number, problem: CaptureProblem): void {
    if (this.#live !== null) {
      const last = this.#live.statistics();
      this.#before.received += last.received;
      this.#before.kernelDropped += last.kernelDropped;
      this.#before.interfaceDropped += last.interfaceDropped;
      this.#now = { received: 0, kernelDropped: 0, interfaceDropped: 0 };
      this.#live.close();
      this.#live = null;
    }
    this.#problem = problem;
    this.#retry(nowMs);
  }
}
