/**
 * Being told by the kernel who opens connections, through `perf_event_open(2)` tracepoints: rings of memory that the
 * kernel fills and we empty. Needs root (or CAP_PERFMON and readable tracefs). No program is loaded into the kernel.
 */
import { Cursor } from "../../model/cursor.ts";
import {
  isUsable,
  parseTraceFormat,
  parseTraceRecord,
  TRACE_EVENT_NAMES,
  TRACE_EVENTS,
  type TraceEventName,
  type TraceFormat,
  type TraceRecord,
} from "../trace_events.ts";
import { Errno, errnoName, isRefusal, type Libc, type MappedMemory, SystemError } from "./libc.ts";
import type { ProcFiles } from "./proc_files.ts";

// linux/perf_event.h
const PERF_TYPE_TRACEPOINT = 2;
const PERF_ATTR_BYTES = 112; // PERF_ATTR_SIZE_VER5: the kernel takes older sizes
const PERF_SAMPLE = 1 << 1 /* TID */ | 1 << 2 /* TIME */ | 1 << 10 /* RAW */;
const FLAG_DISABLED = 1 << 0;
const FLAG_SAMPLE_ID_ALL = 1 << 18; // names carry their time too, so that they can be put in order with the rest
const FLAG_COMM = 1 << 9; // names of programs as they start: those of the shortest lives are known by nothing else
const PERF_FLAG_FD_CLOEXEC = 8;
const IOC_ENABLE = 0x2400; // _IO('$', 0)
const IOC_DISABLE = 0x2401;
const IOC_SET_OUTPUT = 0x2405;
const IOC_SET_FILTER = 0x40082406; // _IOW('$', 6, char *)
// struct perf_event_mmap_page: u64 each.
const DATA_HEAD = 0x400;
const DATA_TAIL = 0x408;
const RECORD_HEADER_BYTES = 8; // struct perf_event_header: u32 type, u16 misc, u16 size

const PAGE_BYTES = Deno.build.arch === "x86_64" ? 4096 : 65_536; // the ring wants whole pages, of whatever size
/** A record has about 100 bytes: room for 1,300 connections begun on one processor between two looks. */
const RING_BYTES = 128 * 1024;
/** Processors beyond are not watched: 32 MiB of rings are enough. */
const MAX_CPUS = 256;
/** Records taken at one look from all processors, each of which has its share; the rest at the next. */
const MAX_RECORDS = 4_096;
const LEAST_SHARE = 64;
/** Records that wait for the next look at most. */
const MAX_EARLY = 16_384;
/** More UDP look-ups than this a second are too many to follow: then UDP is not watched for a while. */
const UDP_A_SECOND = 2_000;
const UDP_PAUSE_MS = 10_000;

const NO_ARGUMENT = new Uint8Array(0);

interface Ring {
  fd: number;
  memory: MappedMemory;
  /** Index 0: data_head, written by the kernel; 1: data_tail, written by us. */
  positions: BigInt64Array;
  data: Uint8Array;
}

/** Watches connections being opened on the whole machine, in all network namespaces. */
export class ConnectionTrace {
  #libc: Libc;
  #rings: Ring[] = [];
  /** Descriptors of the UDP events, to be switched off and on. */
  #udp: number[] = [];
  #others: number[] = [];
  #formats: Map<TraceEventName, TraceFormat>;
  #poll: MappedMemory;
  #record = new Uint8Array(65_536); // a record's size is a u16
  /** Taken from the rings, and to be told at the next call: what came before may not have been taken yet. */
  #early: TraceRecord[] = [];
  #udpPausedUntilMs = 0;
  #udpSecondMs = 0;
  #udpThisSecond = 0;
  #waiting = false;
  #closed = false;
  /** Records that found no room, since the beginning. */
  lost = 0;

  private constructor(libc: Libc, formats: Map<TraceEventName, TraceFormat>, poll: MappedMemory) {
    this.#libc = libc;
    this.#formats = formats;
    this.#poll = poll;
  }

  /** @throws {SystemError} Where it is not permitted or the kernel is built without. */
  static open(libc: Libc, files: ProcFiles): ConnectionTrace {
    const formats = readFormats(libc, files);
    if (!formats.has("tcp")) {
      throw new SystemError(
        "failed",
        "The kernel has no tracepoint sock:inet_sock_set_state",
        "Linux 4.16 has it",
      );
    }
    const poll = libc.map(-1, PAGE_BYTES);
    if (poll === null) throw new SystemError("failed", "No memory", "");
    const trace = new ConnectionTrace(libc, formats, poll);
    try {
      for (const cpu of parseCpuList(files.readText("/sys/devices/system/cpu/online", 4096) ?? "0")) {
        trace.#watch(cpu);
      }
      const view = new DataView(poll.bytes);
      trace.#rings.forEach((ring, i) => { // struct pollfd: int fd, short events, short revents
        view.setInt32(8 * i, ring.fd, true);
        view.setInt16(8 * i + 4, 1, true); // POLLIN
      });
    } catch (error) {
      trace.close();
      throw error;
    }
    return trace;
  }

  /** Whether UDP is left out for now because there is too much of it. */
  isUdpPaused(nowMs: number): boolean {
    return nowMs < this.#udpPausedUntilMs;
  }

  /** Waits until there is something to drain; false after `timeoutMs`. At most one may wait. */
  async wait(timeoutMs: number): Promise<boolean> {
    if (this.#closed || this.#waiting) return false;
    if (this.#early.length > 0) return true;
    this.#waiting = true;
    const ready = await this.#libc.poll(this.#poll, this.#rings.length, timeoutMs);
    this.#waiting = false;
    if (this.#closed) this.#release();
    return ready > 0 && !this.#closed;
  }

  /** Takes what the kernel told since the last call, in the order of time. */
  drain(nowMs: number): TraceRecord[] {
    if (this.#udpPausedUntilMs !== 0 && nowMs >= this.#udpPausedUntilMs) {
      this.#udpPausedUntilMs = 0;
      for (const fd of this.#udp) this.#libc.ioctl(fd, IOC_ENABLE, NO_ARGUMENT);
    }
    // A program is named on one processor and sends on another, a socket is connected on whatever processor its answer
    // came in: only time puts the rings in order. While a later ring was emptied an earlier one may have got what came
    // before; so all are emptied twice, and what is later than all of the first time waits for the next call. So does
    // what is later than the last that was taken of a ring with more in it than its share.
    const taken = this.#early;
    const heldBack = taken.length;
    let horizon = this.#drainRings(taken);
    let latest = 0;
    for (const { timeNs } of taken) if (timeNs > latest) latest = timeNs;
    horizon = Math.min(horizon, latest, this.#drainRings(taken));
    if (heldBack > MAX_EARLY) horizon = Infinity; // order is worth no more than this
    const records = taken.filter(({ timeNs }) => timeNs <= horizon);
    this.#early = taken.filter(({ timeNs }) => timeNs > horizon);
    records.sort((a, b) => a.timeNs - b.timeNs);
    let sends = 0;
    for (const record of records) {
      if (record.kind === "sending") sends++;
      else if (record.kind === "lost") this.lost += record.records;
    }
    if (nowMs - this.#udpSecondMs >= 1_000 || nowMs < this.#udpSecondMs) {
      this.#udpSecondMs = nowMs;
      this.#udpThisSecond = 0;
    }
    this.#udpThisSecond += sends;
    if (this.#udpThisSecond > UDP_A_SECOND && this.#udpPausedUntilMs === 0) {
      this.#udpPausedUntilMs = nowMs + UDP_PAUSE_MS;
      for (const fd of this.#udp) this.#libc.ioctl(fd, IOC_DISABLE, NO_ARGUMENT);
    }
    return records;
  }

  /** May be called twice. Memory that somebody still waits on is given back when they have done. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const fd of [...this.#udp, ...this.#others]) this.#libc.close(fd);
    if (!this.#waiting) this.#release();
  }

  #release(): void {
    for (const ring of this.#rings) ring.memory.unmap();
    this.#rings = [];
    this.#poll.unmap();
  }

  #watch(cpu: number): void {
    let ring: Ring | null = null;
    for (const [event, format] of this.#formats) {
      const fd = this.#libc.perfEventOpen(
        perfAttributes(format.id, event === "tcp"),
        cpu,
        PERF_FLAG_FD_CLOEXEC,
      );
      if (fd < 0) {
        if (fd === -19 /* ENODEV: the processor went to sleep meanwhile */) return;
        throw new SystemError(
          isRefusal(-fd) ? "refused" : "failed",
          `The kernel refused to tell of new connections: ${errnoName(-fd)}`,
          "Run with sudo, or grant cap_perfmon,cap_sys_admin",
        );
      }
      (event === "tcp" ? this.#others : this.#udp).push(fd);
      const filter = new TextEncoder().encode(`${TRACE_EVENTS[event].filter}\0`);
      const filtered = this.#libc.ioctl(fd, IOC_SET_FILTER, filter);
      if (filtered < 0) throw new SystemError("failed", `Trace filter refused: ${errnoName(-filtered)}`, "");
      if (ring === null) {
        const memory = this.#libc.map(fd, PAGE_BYTES + RING_BYTES);
        if (memory === null) throw new SystemError("failed", "No memory for the trace ring", "");
        ring = {
          fd,
          memory,
          positions: new BigInt64Array(memory.bytes, DATA_HEAD, 2),
          data: new Uint8Array(memory.bytes, PAGE_BYTES, RING_BYTES),
        };
        this.#rings.push(ring);
      } else {
        const target = ring.fd;
        // SET_OUTPUT takes the descriptor itself, not a pointer to it: nothing but a number fits there.
        const joined = this.#libc.ioctlNumber(fd, IOC_SET_OUTPUT, target);
        if (joined < 0) throw new SystemError("failed", `Trace ring refused: ${errnoName(-joined)}`, "");
      }
      this.#libc.ioctl(fd, IOC_ENABLE, NO_ARGUMENT);
    }
  }

  /**
   * Takes from each ring its share.
   *
   * @returns Time of the earliest of what was taken last of the rings that have more; Infinity where none has.
   */
  #drainRings(into: TraceRecord[]): number {
    const share = Math.max(LEAST_SHARE, Math.floor(MAX_RECORDS / this.#rings.length));
    let horizon = Infinity;
    for (const ring of this.#rings) {
      const before = into.length;
      if (this.#drainRing(ring, share, into) || into.length === before) continue;
      horizon = Math.min(horizon, into[into.length - 1].timeNs);
    }
    return horizon;
  }

  /** @returns Whether nothing is left in it. */
  #drainRing(ring: Ring, most: number, into: TraceRecord[]): boolean {
    // The kernel writes data_head after the records, and reads data_tail before it writes over old ones: the atomic
    // accesses keep our reads between the two.
    const head = Number(Atomics.load(ring.positions, 0));
    let tail = Number(Atomics.load(ring.positions, (DATA_TAIL - DATA_HEAD) / 8));
    for (let taken = 0; head - tail >= RECORD_HEADER_BYTES && taken < most; taken++) {
      this.#copy(ring, tail, RECORD_HEADER_BYTES);
      const size = this.#record[6] | this.#record[7] << 8;
      if (size < RECORD_HEADER_BYTES || size > head - tail) { // never from a sane kernel: begin anew behind it
        tail = head;
        break;
      }
      this.#copy(ring, tail, size);
      const record = parseTraceRecord(new Cursor(this.#record, 0, size), this.#formats);
      if (record !== null) into.push(record);
      tail += size;
    }
    Atomics.store(ring.positions, (DATA_TAIL - DATA_HEAD) / 8, BigInt(tail));
    return head - tail < RECORD_HEADER_BYTES;
  }

  /** `bytes` from position `at`, which may wrap round the ring's end, to the start of #record. */
  #copy(ring: Ring, at: number, bytes: number): void {
    const from = at % RING_BYTES;
    const first = Math.min(bytes, RING_BYTES - from);
    this.#record.set(ring.data.subarray(from, from + first));
    if (first < bytes) this.#record.set(ring.data.subarray(0, bytes - first), first);
  }
}

/** `struct perf_event_attr` for one tracepoint. */
function perfAttributes(id: number, names: boolean): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PERF_ATTR_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, PERF_TYPE_TRACEPOINT, true); // type
  view.setUint32(4, PERF_ATTR_BYTES, true); // size
  view.setUint32(8, id, true); // config
  view.setUint32(16, 1, true); // sample_period: each one
  view.setUint32(24, PERF_SAMPLE, true); // sample_type
  view.setUint32(40, FLAG_DISABLED | (names ? FLAG_COMM | FLAG_SAMPLE_ID_ALL : 0), true);
  view.setUint32(48, 1, true); // wakeup_events: poll() answers at the first
  return bytes;
}

/** Formats of the events that this kernel has, from where tracefs is mounted, else from a mount of our own. */
function readFormats(libc: Libc, files: ProcFiles): Map<TraceEventName, TraceFormat> {
  const formats = new Map<TraceEventName, TraceFormat>();
  const take = (read: (path: string) => string | null) => {
    for (const event of TRACE_EVENT_NAMES) {
      const text = read(`events/${TRACE_EVENTS[event].path}/format`);
      const format = text === null ? null : parseTraceFormat(text);
      if (format !== null && isUsable(event, format)) formats.set(event, format);
    }
  };
  for (const root of ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"]) {
    take((path) => files.readText(`${root}/${path}`, 16_384));
    if (formats.size > 0) return formats;
  }
  const mount = libc.mountDetached("tracefs");
  if (mount < 0) {
    const refused = isRefusal(-mount);
    throw new SystemError(
      refused || mount === -Errno.ENOSYS ? "refused" : "failed",
      `The kernel's tracepoints cannot be read: ${errnoName(-mount)}`,
      "Run with sudo, or mount tracefs: mount -t tracefs tracefs /sys/kernel/tracing",
    );
  }
  take((path) => files.readText(path, 16_384, mount));
  libc.close(mount);
  return formats;
}

/** "0-3,8" as numbers; at most `MAX_CPUS`. */
export function parseCpuList(text: string): number[] {
  const cpus: number[] = [];
  for (const part of text.trim().split(",")) {
    const range = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (range === null) continue;
    const last = Number(range[2] ?? range[1]);
    for (let cpu = Number(range[1]); cpu <= last && cpus.length < MAX_CPUS; cpu++) cpus.push(cpu);
  }
  return cpus;
}
