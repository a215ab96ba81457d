/**
 * Everything the playback worker does between `start-playback` and `stop`: reads a capture file and hands its
 * packets to the inspector at the pace of the file. It knows no Worker API.
 */
import { type PacketBatch, RECORD_HEADER_BYTES } from "../../model/batch.ts";
import type { PlaybackReport, StartPlayback } from "../../model/protocol.ts";
import { type CaptureFile, openCaptureFile } from "./capture_file.ts";
import { CaptureFileError } from "./errors.ts";
import { PlaybackPacer } from "./playback_pacer.ts";
import { SlotPool } from "./slot_pool.ts";

const REPORT_MS = 1_000;
/** A small file in a loop at full speed ends thousands of times a second: so often it is told at most. */
const SHORTEST_REPORT_MS = 100;
/** Packets that are due within this are handed on together: the shortest sleep. */
const STEP_MS = 25;
/** Files up to this size are counted before they are played, which takes half a second at most. */
const MAX_COUNTED_BYTES = 64 << 20;
/** Silence between the end of the file and its next round, so that the rounds can be told apart; whole seconds. */
const ROUND_GAP_SECONDS = 1;

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** One playback. */
export class PlaybackSession {
  #start: StartPlayback;
  #tell: (report: PlaybackReport) => void;
  #pool: SlotPool;
  #pacer: PlaybackPacer | null;
  #file: CaptureFile | null = null;
  #position = 0;
  /** Packets of one round; 0 where they were not counted beforehand. */
  #packetsInFile = 0;
  #size = 0;
  #loops = 0;
  #reportedMs = -Infinity;
  #finished = false;
  #problem: PlaybackReport["problem"];
  #stopped = false;
  #reporter: ReturnType<typeof setInterval>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Ends the sleep or the wait for a slot, whichever is on. */
  #wake: () => void = () => {};
  /** Added to the seconds of each packet, so that time goes on from round to round; whole, so fractions stay. */
  #shiftSeconds = 0;
  /** Of this round, in packet seconds without the shift. */
  #firstSecond = 0;
  #lastSecond = 0;
  #roundPackets = 0;

  /** Begins at once. @param tell Receives a report each second and at each end of the file. */
  constructor(start: StartPlayback, tell: (report: PlaybackReport) => void) {
    this.#start = start;
    this.#tell = tell;
    this.#pacer = start.speed > 0 && Number.isFinite(start.speed) ? new PlaybackPacer(start.speed) : null;
    this.#pool = new SlotPool(start.port);
    this.#pool.onRelease = () => this.#wake();
    this.#reporter = setInterval(() => this.#report(), REPORT_MS);
    this.#play().catch((error) => this.#fail(`Playing "${start.path}" failed: ${error}`, "Report this"));
  }

  /** Goes on with a new inspector at the other end of `port`. */
  connect(port: MessagePort): void {
    this.#pool.connect(port);
  }

  /** Closes everything. May be called twice. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#reporter);
    this.#file?.close();
    this.#wake();
    this.#pool.close();
  }

  async #play(): Promise<void> {
    do {
      if (!await this.#playOnce()) return;
      this.#loops++;
      // Time goes on: the next round begins where this one ended. A file without packets would be read for ever.
      this.#shiftSeconds += this.#lastSecond - this.#firstSecond + 1 + ROUND_GAP_SECONDS;
      this.#finished = !this.#start.loop || this.#roundPackets === 0;
      if (this.#finished || performance.now() - this.#reportedMs >= SHORTEST_REPORT_MS) this.#report();
    } while (!this.#finished);
    clearInterval(this.#reporter);
  }

  /** @returns False when it could not be opened, or on stop. */
  async #playOnce(): Promise<boolean> {
    try {
      this.#file = await openCaptureFile(this.#start.path);
    } catch (error) {
      if (!(error instanceof CaptureFileError)) throw error;
      this.#fail(error.message, error.hint);
      return false;
    }
    using file = this.#file;
    this.#size = file.size ?? 0;
    if (this.#packetsInFile === 0 && this.#size <= MAX_COUNTED_BYTES) {
      this.#packetsInFile = await countPackets(this.#start.path);
    }
    this.#roundPackets = 0;
    for (let batch; !this.#stopped && (batch = await file.next()) !== null;) await this.#hand(batch);
    if (this.#stopped) return false;
    this.#position = file.position;
    if (file.damage !== null) {
      this.#problem = {
        message: `"${this.#start.path}" is damaged at byte ${file.damage.byteOffset}: ${file.damage.message}`,
        hint: `The ${file.packets} packets before it were played; capture or copy the file again`,
      };
    }
    return true;
  }

  /** Hands on one batch, as its packets come due. */
  async #hand(batch: PacketBatch): Promise<void> {
    const view = new DataView(batch.bytes.buffer, batch.bytes.byteOffset, batch.length);
    for (let at = 0; at < batch.length && !this.#stopped;) {
      const slot = this.#pool.peek();
      if (slot === null) {
        await new Promise<void>((resolve) => this.#wake = resolve);
        continue;
      }
      const memory = this.#pool.memory(slot);
      const run = this.#due(view, batch.nanosecond, at, memory.byteLength);
      if (run.packets > 0) {
        memory.set(batch.bytes.subarray(at, run.end));
        if (this.#shiftSeconds > 0) this.#shift(memory, run.end - at);
        this.#pool.send(batch, run.packets, run.end - at);
        this.#position = this.#file?.position ?? this.#position;
        at = run.end;
      }
      if (run.waitMs > 0) await this.#sleep(Math.max(STEP_MS, run.waitMs));
    }
  }

  /** How many packets from `at` on are due and fit into `room`, where they end, and how long to wait for the next. */
  #due(view: DataView, nanosecond: boolean, at: number, room: number) {
    const nowMs = performance.now();
    const perMs = nanosecond ? 1e6 : 1e3;
    let end = at;
    let packets = 0;
    let waitMs = 0;
    while (end < view.byteLength) {
      const next = end + RECORD_HEADER_BYTES + view.getUint32(end + 8, LITTLE_ENDIAN);
      if (next - at > room) break;
      const second = view.getUint32(end, LITTLE_ENDIAN);
      if (this.#pacer !== null) {
        const packetMs = (second + this.#shiftSeconds) * 1e3 + view.getUint32(end + 4, LITTLE_ENDIAN) / perMs;
        waitMs = this.#pacer.dueMs(packetMs, nowMs) - nowMs;
        if (waitMs > 0) break;
      }
      if (this.#roundPackets++ === 0) this.#firstSecond = this.#lastSecond = second;
      if (second > this.#lastSecond) this.#lastSecond = second;
      end = next;
      packets++;
    }
    return { end, packets, waitMs: Math.max(0, waitMs) };
  }

  #shift(memory: Uint8Array<SharedArrayBuffer>, length: number): void {
    const view = new DataView(memory.buffer, memory.byteOffset, length);
    for (let at = 0; at < length;) {
      view.setUint32(at, view.getUint32(at, LITTLE_ENDIAN) + this.#shiftSeconds, LITTLE_ENDIAN); // modulo 2^32
      at += RECORD_HEADER_BYTES + view.getUint32(at + 8, LITTLE_ENDIAN);
    }
  }

  /** Sleeps, unless stopped. */
  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = () => {
        if (!this.#stopped) return; // a slot that comes back does not make packets due
        clearTimeout(this.#timer);
        resolve();
      };
      this.#timer = setTimeout(resolve, ms);
    });
  }

  #fail(message: string, hint: string): void {
    this.#problem = { message, hint };
    this.#finished = true;
    clearInterval(this.#reporter);
    this.#report();
  }

  /** By packets where they were counted: a file is read far ahead of what is played, a small one at once. */
  #progress(): number {
    if (this.#finished) return 1;
    if (this.#packetsInFile > 0) return Math.min(1, this.#roundPackets / this.#packetsInFile);
    return this.#size > 0 ? Math.min(1, this.#position / this.#size) : 0;
  }

  #clock(): PlaybackReport["clock"] {
    const packetMs = this.#pacer?.packetMsAt(performance.now()) ?? NaN;
    return Number.isNaN(packetMs) || this.#finished ? null : { packetMs, wallMs: Date.now() };
  }

  #report(): void {
    if (this.#stopped) return;
    this.#reportedMs = performance.now();
    this.#tell({
      type: "playback-report",
      path: this.#start.path,
      delivered: this.#pool.delivered,
      deliveredBytes: this.#pool.deliveredBytes,
      lost: this.#pool.lost,
      position: this.#position,
      size: this.#size,
      loops: this.#loops,
      finished: this.#finished,
      progress: this.#progress(),
      clock: this.#clock(),
      ...(this.#problem && { problem: this.#problem }),
    });
  }
}

/** Packets of a file, up to its first damage. */
async function countPackets(path: string): Promise<number> {
  using file = await openCaptureFile(path);
  while (await file.next() !== null);
  return file.packets;
}
