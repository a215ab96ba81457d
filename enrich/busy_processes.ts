/**
 * Which of the processes that hold sockets use much CPU: from two readings of /proc/PID/stat some seconds apart. A few
 * processes each time, so that a thousand of them cost no more than some dozens.
 */
import type { Process, ProcessTable } from "./processes.ts";

/** A process is looked at after this, and no more than so many of them in one reading. */
const EVERY_MS = 5_000;
const MAX_LOOKS = 48;
/** Share of a core from which on a process is told. */
const BUSY = 0.25;
/** Processes told at most. */
const MAX_BUSY = 64;

export interface BusyProcess {
  pid: number;
  /** Share of one core since the look before: 2 for two cores. */
  cpu: number;
}

interface Look {
  atMs: number;
  ticks: number;
  cpu: number;
}

export class BusyProcesses {
  readonly #table: ProcessTable;
  readonly #ticksASecond: number;
  readonly #looks = new WeakMap<Process, Look>();

  /** @param ticksASecond Of /proc/PID/stat. */
  constructor(table: ProcessTable, ticksASecond: number) {
    this.#table = table;
    this.#ticksASecond = ticksASecond;
  }

  /** The busy ones of `processes`, the busiest first; what was not looked at now is as it was at the last look. */
  look(processes: Iterable<Process>, nowMs: number): BusyProcess[] {
    const due: Process[] = [];
    const busy: BusyProcess[] = [];
    for (const process of processes) {
      if (process.diedMs !== 0) continue;
      const look = this.#looks.get(process);
      if (look === undefined || nowMs - look.atMs >= EVERY_MS || nowMs < look.atMs) due.push(process);
      else if (look.cpu >= BUSY) busy.push({ pid: process.pid, cpu: look.cpu });
    }
    const atMs = (process: Process) => this.#looks.get(process)?.atMs ?? -Infinity;
    if (due.length > MAX_LOOKS) due.sort((a, b) => atMs(a) - atMs(b));
    for (const [i, process] of due.entries()) {
      const cpu = i < MAX_LOOKS ? this.#look(process, nowMs) : this.#looks.get(process)?.cpu ?? 0;
      if (cpu >= BUSY) busy.push({ pid: process.pid, cpu });
    }
    busy.sort((a, b) => b.cpu - a.cpu);
    return busy.slice(0, MAX_BUSY);
  }

  #look(process: Process, nowMs: number): number {
    const ticks = this.#table.cpuTicks(process);
    const before = this.#looks.get(process);
    const seconds = before === undefined ? 0 : (nowMs - before.atMs) / 1000;
    const cpu = ticks < 0 || before === undefined || seconds <= 0
      ? 0
      : Math.max(0, ticks - before.ticks) / this.#ticksASecond / seconds;
    if (ticks >= 0) this.#looks.set(process, { atMs: nowMs, ticks, cpu });
    return cpu;
  }
}
