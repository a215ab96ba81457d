/** Requests of one direction that wait for their answers, bounded by number and by what they hold in memory. */
import type { Head } from "./head.ts";
import { MAX_PIPELINE, MAX_PIPELINE_CHARS, MAX_WAITING_CHARS } from "./limits.ts";

/** Characters that wait in all queues. */
let waitingChars = 0;

export interface Waiting {
  head: Head;
  /** Packet time, microseconds. */
  timeUs: number;
  chars: number;
}

export class RequestQueue {
  readonly #queue: Waiting[] = [];
  #chars = 0;

  get length(): number {
    return this.#queue.length;
  }

  /** Whether the oldest has to go, so that there is room for others. */
  get isOverfull(): boolean {
    const { length } = this.#queue;
    return length > MAX_PIPELINE || length > 1 && this.#chars > MAX_PIPELINE_CHARS ||
      length > 0 && waitingChars > MAX_WAITING_CHARS;
  }

  push(head: Head, timeUs: number): void {
    const { chars } = head;
    this.#queue.push({ head, timeUs, chars });
    this.#chars += chars;
    waitingChars += chars;
  }

  first(): Waiting | undefined {
    return this.#queue[0];
  }

  last(): Waiting | undefined {
    return this.#queue.at(-1);
  }

  shift(): Waiting | undefined {
    const first = this.#queue.shift();
    if (first !== undefined) {
      this.#chars -= first.chars;
      waitingChars -= first.chars;
    }
    return first;
  }
}
