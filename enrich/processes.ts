/**
 * Which process holds which socket, and what there is to know about it.
 *
 * The only certain way is to look through the open files of processes, which costs a system call a file. So it is
 * done when a socket turns up whose inode nobody is known to hold: first processes that are new, then those that
 * have sockets already, then all others, within a budget. A steady system costs one listing of `/proc` a reading.
 * A slow sweep through everybody finds sockets that were handed from one process to another.
 */
import type { ProcessInfo } from "../model/system.ts";
import { maskCommandLine } from "./command_line.ts";
import { parseControlGroup } from "./control_group.ts";
import { Errno } from "./ffi/libc.ts";
import type { ProcFiles } from "./ffi/proc_files.ts";
import { UserNames } from "./users.ts";

/** Processes kept in mind; those beyond are counted. */
export const MAX_PROCESSES = 32_768;
/** A process this young may yet become another program (fork, then exec) or enter a namespace. */
const YOUNG_MS = 3_000;
/** How long what was read of an older process is believed. */
const DETAILS_MS = 10_000;
const YOUNG_DETAILS_MS = 150;
/** All processes are looked through again, slice by slice, in about this time. */
const SWEEP_MS = 30_000;
/** A process that may not be looked into is tried again after this. */
const DENIED_MS = 30_000;
/**
 * An inode nobody holds (the kernel's own sockets, those of processes out of sight) is looked for once more after this:
 * it may have been on its way from one process to another. Then it is left to the sweep.
 */
const RETRY_MS = 2_000;
const MAX_UNRESOLVED = 16_384;
/** Unresolved inodes that nobody asked about for so long are forgotten. */
const FORGET_MS = 60_000;
const MAX_CMDLINE_BYTES = 8_192;

/** One process as it was last seen. Sockets that remember it keep it after its end. */
export interface Process {
  pid: number;
  /** Inode of /proc/PID, which tells two processes of one number apart. */
  procInode: number;
  /** Clock ticks since boot when it started, /proc/PID/stat field 22; with `pid` names it for ever. */
  startTicks: number;
  startedMs: number;
  /** Inodes of the sockets it holds, as last seen. */
  sockets: number[];
  /** When its files were last looked through; -Infinity for never. */
  scannedMs: number;
  /** May not be looked into. */
  denied: boolean;
  details: ProcessInfo | null;
  detailsMs: number;
  /** Inode of its network namespace; below 0 when it may not be known, 0 when not yet looked. */
  netns: number;
  netnsMs: number;
  /** When it was found gone; 0 while alive. */
  diedMs: number;
  /** Number of the listing that saw it last. */
  listed: number;
}

/** The holders of one socket. */
export interface Owners {
  first: Process;
  /** Others than `first`; most sockets have none. */
  more: Process[] | null;
}

interface Unresolved {
  retryAtMs: number;
  askedMs: number;
}

/** What can be read of the fields of /proc/PID/stat; `null` when it makes no sense. */
export function parseStat(
  text: string,
): { name: string; parentPid: number; startTicks: number; cpuTicks: number } | null {
  // The name is in parentheses and may hold any character, parentheses and blanks included: proc_pid_stat(5).
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 0 || close < open) return null;
  const fields = text.slice(close + 2).split(" "); // fields[0] is field 3, the state
  const parentPid = Number(fields[1]);
  const startTicks = Number(fields[19]);
  if (!Number.isInteger(parentPid) || !Number.isFinite(startTicks) || fields.length < 20) return null;
  const cpuTicks = Number(fields[11]) + Number(fields[12]); // utime and stime, fields 14 and 15
  return { name: text.slice(open + 1, close), parentPid, startTicks, cpuTicks };
}

/** Effective uid in /proc/PID/status; -1 when it is not there. */
export function parseStatusUid(text: string): number {
  const uid = /^Uid:\t\d+\t(\d+)/m.exec(text);
  return uid === null ? -1 : Number(uid[1]);
}

/** All processes, and who holds which socket. */
export class ProcessTable {
  #files: ProcFiles;
  #users: UserNames;
  #tickMs: number;
  #bootClockMs: () => number;
  #bootMs = 0;
  #byPid: Map<number, Process> = new Map();
  #owners: Map<number, Owners> = new Map();
  #unresolved: Map<number, Unresolved> = new Map();
  #listing = 0;
  #sweepOrder: Process[] = [];
  #sweepAt = 0;
  #scanned: number[] = [];
  /** Processes that may not be looked into. */
  deniedCount = 0;
  /** Processes looked through since the beginning, and their open files: what attribution costs. */
  scans = 0;
  filesSeen = 0;
  /** Processes beyond `MAX_PROCESSES` at the last listing. */
  lost = 0;
  /** Why `/proc` could not be listed, a positive error number; 0 when it could. */
  listErrno = 0;

  constructor(
    { files, clockTicks, bootClockMs }: {
      files: ProcFiles;
      /** Ticks a second of /proc/PID/stat. */
      clockTicks: number;
      /** Milliseconds since boot. */
      bootClockMs: () => number;
    },
  ) {
    this.#files = files;
    this.#tickMs = 1000 / clockTicks;
    this.#bootClockMs = bootClockMs;
    this.#users = new UserNames(() => files.readText("/etc/passwd"));
  }

  /** Living processes. */
  processes(): IterableIterator<Process> {
    return this.#byPid.values();
  }

  /** Takes notice of processes that came and went. */
  refresh(nowMs: number): void {
    const list = this.#files.listPids();
    if (list === null) {
      this.listErrno = this.#files.errno;
      return;
    }
    this.listErrno = 0;
    this.#setBoot(nowMs);
    const listing = ++this.#listing;
    let lost = 0;
    for (let i = 0; i < list.count; i++) {
      const pid = list.pid[i];
      const procInode = list.inode[i];
      let process = this.#byPid.get(pid);
      if (process !== undefined && process.procInode !== procInode) {
        // Another inode: most often another process, sometimes the kernel just forgot the old one.
        if (this.#startTicks(pid) === process.startTicks) process.procInode = procInode;
        else {
          this.#bury(process, nowMs);
          process = undefined;
        }
      }
      if (process === undefined) {
        if (this.#byPid.size >= MAX_PROCESSES) {
          lost++;
          continue;
        }
        const startTicks = this.#startTicks(pid);
        if (startTicks < 0) continue; // gone already
        process = createProcess(pid, procInode, startTicks, this.#bootMs + startTicks * this.#tickMs);
        this.#byPid.set(pid, process);
      }
      process.listed = listing;
    }
    this.lost = lost;
    for (const process of this.#byPid.values()) if (process.listed !== listing) this.#bury(process, nowMs);
  }

  /** A living process by number, known from the last listing or looked at now; `null` when it is gone. */
  notice(pid: number, nowMs: number): Process | null {
    const known = this.#byPid.get(pid);
    const startTicks = this.#startTicks(pid);
    if (known !== undefined && known.startTicks === startTicks) return known;
    if (startTicks < 0 || this.#byPid.size >= MAX_PROCESSES) return null;
    if (known !== undefined) this.#bury(known, nowMs);
    this.#setBoot(nowMs);
    // The number of its directory is not known yet: the next listing brings it, and compares the start.
    const process = createProcess(pid, 0, startTicks, this.#bootMs + startTicks * this.#tickMs);
    process.listed = this.#listing;
    this.#byPid.set(pid, process);
    return process;
  }

  /**
   * A process has become another program (exec). What was read of the one before is not believed any more; should it be
   * gone before it is read anew, its name is right at least.
   */
  renamed(pid: number, name: string): void {
    const known = this.#byPid.get(pid);
    if (known?.details == null || known.details.name === name) return;
    known.details = { ...known.details, name, path: "", commandLine: "" };
    known.detailsMs = -Infinity;
  }

  /** A process that is gone, of which no more is known than a number and perhaps a name. */
  remember(pid: number, name: string, nowMs: number): Process {
    const known = this.#byPid.get(pid);
    if (known?.details != null && (name === "" || known.details.name === name)) return known;
    const process = createProcess(pid, 0, -1, nowMs);
    process.diedMs = nowMs;
    process.details = { ...unknownProcess(process), name };
    return process;
  }

  /**
   * Looks for the holders of `inodes`, as far as `budgetMs` reaches; `owner()` tells what came of it.
   *
   * @param clock Milliseconds, for the budget.
   */
  resolve(inodes: Iterable<number>, nowMs: number, budgetMs: number, clock: () => number): void {
    const wanted = new Set<number>();
    for (const inode of inodes) {
      if (inode === 0 || this.#owners.has(inode)) continue;
      const unresolved = this.#unresolved.get(inode);
      if (unresolved !== undefined) unresolved.askedMs = nowMs;
      if (unresolved === undefined || unresolved.retryAtMs <= nowMs) wanted.add(inode);
    }
    if (wanted.size === 0) return;
    const deadline = clock() + budgetMs;
    // Who most likely opened a new socket: a new process, then one that has others.
    const rank = (process: Process) =>
      process.scannedMs === -Infinity
        ? 0
        : process.sockets.length > 0
        ? 1
        : nowMs - process.startedMs < YOUNG_MS
        ? 0
        : 2;
    const queues: Process[][] = [[], [], []];
    for (const process of this.#byPid.values()) {
      if (process.denied && nowMs - process.scannedMs < DENIED_MS) continue;
      queues[rank(process)].push(process);
    }
    queues[0].sort((a, b) => b.startTicks - a.startTicks);
    for (const queue of queues) {
      for (const process of queue) {
        if (process.scannedMs === nowMs) continue; // in this reading already
        this.#scan(process, nowMs);
        for (const inode of process.sockets) wanted.delete(inode);
        if (wanted.size === 0) return;
        if (clock() >= deadline) return; // not looked for everywhere: tried again at the next reading
      }
    }
    for (const inode of wanted) this.#giveUp(inode, nowMs);
  }

  /** Goes on with the slow sweep through all processes: a share of them as large as the time gone by. */
  sweep(nowMs: number, elapsedMs: number, budgetMs: number, clock: () => number): void {
    if (this.#sweepAt >= this.#sweepOrder.length) {
      this.#sweepOrder = [...this.#byPid.values()];
      this.#sweepAt = 0;
      for (const [inode, { askedMs }] of this.#unresolved) {
        if (askedMs < nowMs - FORGET_MS) this.#unresolved.delete(inode);
      }
    }
    const share = Math.ceil(this.#sweepOrder.length * Math.min(1, elapsedMs / SWEEP_MS));
    const end = Math.min(this.#sweepOrder.length, this.#sweepAt + share);
    const deadline = clock() + budgetMs;
    while (this.#sweepAt < end && clock() < deadline) {
      const process = this.#sweepOrder[this.#sweepAt++];
      if (process.diedMs === 0 && nowMs - process.scannedMs > SWEEP_MS / 2) this.#scan(process, nowMs);
    }
  }

  /** Who holds the socket; `undefined` when that is not known. */
  owners(inode: number): Readonly<Owners> | undefined {
    return this.#owners.get(inode);
  }

  /** What there is to know of a process, read anew when it is young or was read long ago. */
  describe(process: Process, nowMs: number): ProcessInfo {
    if (process.details !== null) {
      const young = nowMs - process.startedMs < YOUNG_MS + 1_000;
      const fresh = nowMs - process.detailsMs < (young ? YOUNG_DETAILS_MS : DETAILS_MS + spread(process));
      if (process.diedMs !== 0 || fresh) return process.details;
    }
    const details = this.#read(process, nowMs);
    if (details !== null) {
      process.details = details;
      process.detailsMs = nowMs;
    }
    return process.details ?? unknownProcess(process);
  }

  /** Inode of the network namespace a process is in; below 0 `-errno`. */
  netns(process: Process, nowMs: number): number {
    const young = nowMs - process.startedMs < YOUNG_MS;
    // Older processes may move too (setns), just hardly ever do.
    if (process.netns === 0 || young || nowMs - process.netnsMs > DETAILS_MS + spread(process)) {
      process.netns = this.#files.readLinkNumber(`/proc/${process.pid}/ns/net`);
      process.netnsMs = nowMs;
    }
    return process.netns;
  }

  /** Clock ticks it has used of all CPUs; -1 when it is gone, or another has its number. */
  cpuTicks({ pid, startTicks }: Process): number {
    const stat = parseStat(this.#files.readText(`/proc/${pid}/stat`, 1024) ?? "");
    return stat === null || stat.startTicks !== startTicks || !(stat.cpuTicks >= 0) ? -1 : stat.cpuTicks;
  }

  #setBoot(nowMs: number): void {
    // The clock may be set while we run; half a second of slack keeps start times from dancing.
    const bootMs = nowMs - this.#bootClockMs();
    if (Math.abs(bootMs - this.#bootMs) > 500) this.#bootMs = bootMs;
  }

  #startTicks(pid: number): number {
    const text = this.#files.readText(`/proc/${pid}/stat`, 1024);
    return text === null ? -1 : parseStat(text)?.startTicks ?? -1;
  }

  #read(process: Process, nowMs: number): ProcessInfo | null {
    const at = `/proc/${process.pid}`;
    const stat = parseStat(this.#files.readText(`${at}/stat`, 1024) ?? "");
    if (stat === null || stat.startTicks !== process.startTicks) return null; // gone, or another by now
    const uid = parseStatusUid(this.#files.readText(`${at}/status`, 4096) ?? "");
    const cmdline = this.#files.readText(`${at}/cmdline`, MAX_CMDLINE_BYTES) ?? "";
    return {
      pid: process.pid,
      parentPid: stat.parentPid,
      parentName: this.#nameOf(stat.parentPid),
      name: stat.name,
      path: this.#files.readLink(`${at}/exe`) ?? "",
      commandLine: maskCommandLine(cmdline.replace(/\0+$/, "").split("\0")),
      uid,
      user: uid < 0 ? "" : this.#users.name(uid, nowMs),
      startedMs: Math.round(process.startedMs),
      container: parseControlGroup(this.#files.readText(`${at}/cgroup`, 8192) ?? ""),
    };
  }

  /** Short name of a process; "" where there is none. */
  #nameOf(pid: number): string {
    if (pid === 0) return ""; // the kernel's, or one outside of this PID namespace
    return parseStat(this.#files.readText(`/proc/${pid}/stat`, 1024) ?? "")?.name ?? "";
  }

  /** Looks through the open files of one process. */
  #scan(process: Process, nowMs: number): void {
    const found = this.#scanned;
    found.length = 0;
    const files = this.#files.socketInodes(process.pid, found);
    this.scans++;
    process.scannedMs = nowMs;
    const denied = files === -Errno.EACCES || files === -Errno.EPERM;
    if (denied !== process.denied) {
      process.denied = denied;
      this.deniedCount += denied ? 1 : -1;
    }
    if (files >= 0) this.filesSeen += files;
    else if (!denied && files !== -Errno.ENOENT && files !== -Errno.ESRCH) return; // out of descriptors: keep all
    const before = process.sockets;
    if (before.length === found.length && before.every((inode, i) => inode === found[i])) return;
    const now = [...new Set(found)];
    const kept = new Set(now);
    for (const inode of before) if (!kept.has(inode)) this.#disown(inode, process);
    const had = new Set(before);
    for (const inode of now) if (!had.has(inode)) this.#own(inode, process);
    process.sockets = now;
  }

  #own(inode: number, process: Process): void {
    this.#unresolved.delete(inode);
    const owners = this.#owners.get(inode);
    if (owners === undefined) this.#owners.set(inode, { first: process, more: null });
    else {
      const all = [owners.first, ...owners.more ?? [], process].sort(byClaim);
      owners.first = all[0];
      owners.more = all.slice(1);
    }
  }

  #disown(inode: number, process: Process): void {
    const owners = this.#owners.get(inode);
    if (owners === undefined) return;
    const left = [owners.first, ...owners.more ?? []].filter((other) => other !== process);
    if (left.length === 0) this.#owners.delete(inode);
    else {
      owners.first = left[0];
      owners.more = left.length > 1 ? left.slice(1) : null;
    }
  }

  #giveUp(inode: number, nowMs: number): void {
    const again = this.#unresolved.get(inode);
    if (again !== undefined) again.retryAtMs = Infinity;
    else if (this.#unresolved.size < MAX_UNRESOLVED) {
      this.#unresolved.set(inode, { retryAtMs: nowMs + RETRY_MS, askedMs: nowMs });
    }
  }

  #bury(process: Process, nowMs: number): void {
    this.#byPid.delete(process.pid);
    for (const inode of process.sockets) this.#disown(inode, process);
    process.sockets = [];
    if (process.denied) this.deniedCount--;
    process.denied = false;
    process.diedMs = nowMs;
  }
}

/**
 * Whose name stands for a shared socket: the one that started first, since it opened what its children inherited;
 * but init comes last, since it holds sockets for the services it starts (systemd.socket(5)).
 */
function byClaim(a: Process, b: Process): number {
  if ((a.pid === 1) !== (b.pid === 1)) return a.pid === 1 ? 1 : -1;
  return a.startTicks - b.startTicks || a.pid - b.pid;
}

/** Up to eight seconds by pid, so that not all processes are read anew in the same reading. */
function spread(process: Process): number {
  return (process.pid & 31) * 250;
}

function createProcess(pid: number, procInode: number, startTicks: number, startedMs: number): Process {
  return {
    pid,
    procInode,
    startTicks,
    startedMs,
    sockets: [],
    scannedMs: -Infinity,
    denied: false,
    details: null,
    detailsMs: 0,
    netns: 0,
    netnsMs: 0,
    diedMs: 0,
    listed: 0,
  };
}

function unknownProcess(process: Process): ProcessInfo {
  return {
    pid: process.pid,
    parentPid: 0,
    name: "",
    path: "",
    commandLine: "",
    uid: -1,
    user: "",
    startedMs: Math.round(process.startedMs),
    container: "",
  };
}
