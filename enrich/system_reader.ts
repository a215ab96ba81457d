/**
 * One reading of the machine after another: sockets, their processes, interfaces, CPU.
 *
 * Knows no Worker API: `system_worker.ts` gives it a thread, tests and benchmarks call it directly. Each part that
 * fails leaves the others standing and is told in `problems`.
 */
import type { ProcessInfo, SocketInfo, SystemReport } from "../model/system.ts";
import { BusyProcesses } from "./busy_processes.ts";
import { cpuShare, type CpuTimes, parseCpuTimes } from "./cpu.ts";
import { ConnectionTrace } from "./ffi/connection_trace.ts";
import { errnoName, isRefusal, type Libc, openLibc, SystemError } from "./ffi/libc.ts";
import { NETLINK_ROUTE, NETLINK_SOCK_DIAG, NetlinkSocket } from "./ffi/netlink_socket.ts";
import { HomeNamespace, NamespaceLostError } from "./ffi/network_namespace.ts";
import { ProcFiles } from "./ffi/proc_files.ts";
import { readInterfaces } from "./interfaces.ts";
import { LinkSpeeds } from "./link_speed.ts";
import { readNeighbours } from "./neighbours.ts";
import { Openings } from "./openings.ts";
import { type Process, ProcessTable } from "./processes.ts";
import { NamespaceSockets, type SocketRecord, type SocketSource } from "./sockets.ts";

/** Network namespaces besides our own that are read; those beyond are counted in a problem. */
export const MAX_NAMESPACES = 64;
/** Time for other namespaces in one full reading; those not reached go first at the next. */
const NAMESPACES_MS = 200;
/** Time for looking through open files in one full and one light reading. */
const RESOLVE_MS = 150;
const LIGHT_RESOLVE_MS = 30;
const SWEEP_BUDGET_MS = 20;
/** Neighbours come and go slowly. */
const NEIGHBOURS_MS = 5_000;

const HINT_PROCESSES = "Run with sudo, or grant cap_sys_ptrace,cap_dac_read_search";
const HINT_TRACE = "Run with sudo, or grant cap_perfmon,cap_sys_admin";
const HINT_NAMESPACES = "Run with sudo, or grant cap_sys_admin,cap_sys_ptrace, to see containers";

interface Problem {
  message: string;
  hint: string;
}

/** Readings of this machine. Belongs to one thread. */
export class SystemReader {
  #libc: Libc;
  #files: ProcFiles;
  #processes: ProcessTable;
  #home: HomeNamespace | null = null;
  #homeInode = 0;
  #trace: ConnectionTrace | null = null;
  #openings: Openings;
  #diag: NetlinkSocket | null = null;
  #route: NetlinkSocket | null = null;
  #own: NamespaceSockets = new NamespaceSockets(0);
  #others: Map<number, NamespaceSockets> = new Map();
  /** Where the next reading of other namespaces begins, so that a deadline starves none. */
  #nextNamespace = 0;
  #cpu: CpuTimes | null = null;
  #busy: BusyProcesses;
  #speeds: LinkSpeeds;
  #lastMs = 0;
  #neighboursMs = -Infinity;
  #clock: () => number;
  #closed = false;
  /** What hinders a part for good; shown with each report. */
  #standing: Map<string, Problem> = new Map();

  /**
   * @param clock Milliseconds that only go forward, for budgets.
   * @throws {SystemError} When the C library cannot be used: then nothing here can be read.
   */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
    const libc = this.#libc = openLibc();
    this.#files = new ProcFiles(libc);
    this.#processes = new ProcessTable({
      files: this.#files,
      clockTicks: libc.clockTicks(),
      bootClockMs: () => libc.bootClockMs(),
    });
    this.#busy = new BusyProcesses(this.#processes, libc.clockTicks());
    this.#speeds = new LinkSpeeds(this.#files);
    this.#attempt("namespaces", "Other network namespaces cannot be read", HINT_NAMESPACES, () => {
      this.#home = new HomeNamespace(libc);
      this.#homeInode = this.#threadNamespace();
    });
    this.#openings = new Openings(this.#processes, this.#homeInode);
    this.#attempt(
      "trace",
      "Connections shorter than a third of a second may have no process",
      HINT_TRACE,
      () => {
        this.#trace = ConnectionTrace.open(libc, this.#files);
      },
    );
  }

  /** Whether the kernel tells of connections as they are opened; if not, light readings should come often. */
  get isTracing(): boolean {
    return this.#trace !== null;
  }

  /** Waits until the kernel tells of new connections; false after `timeoutMs`. Then call `readTrace()`. */
  async waitForTrace(timeoutMs: number): Promise<boolean> {
    return this.#trace === null ? false : await this.#trace.wait(timeoutMs);
  }

  /** Takes notice of connections opened since the last call, to be told with the next full reading. */
  readTrace(nowMs: number): void {
    if (this.#trace !== null && !this.#closed) this.#openings.take(this.#trace.drain(nowMs), nowMs);
  }

  /** Network namespace the calling thread is in now, as its inode. */
  #threadNamespace(): number {
    return this.#files.readLinkNumber("/proc/thread-self/ns/net");
  }

  /**
   * Takes a full reading.
   *
   * @param nowMs Milliseconds since 1970.
   * @throws {NamespaceLostError} The thread must end.
   */
  read(nowMs: number): SystemReport {
    const began = this.#clock();
    const problems: Problem[] = [];
    const elapsedMs = this.#lastMs === 0 ? 0 : nowMs - this.#lastMs;
    this.#lastMs = nowMs;

    this.readTrace(nowMs); // before the tables: what they do not show is over
    this.#refreshProcesses(nowMs, problems);
    const spaces = [this.#own];
    this.#attempt(
      "sockets",
      "Sockets cannot be read",
      "Load the kernel modules tcp_diag and udp_diag",
      () => {
        this.#own.readFull(this.#ownSource());
      },
    );
    this.#eachNamespace(nowMs, NAMESPACES_MS, problems, (space, source) => space.readFull(source));
    spaces.push(...this.#others.values());

    this.#processes.resolve(unownedInodes(spaces), nowMs, RESOLVE_MS, this.#clock);
    this.#processes.sweep(nowMs, elapsedMs, SWEEP_BUDGET_MS, this.#clock);

    const told = this.#tell(spaces, nowMs);
    if (told.interrupted) {
      problems.push({
        message: "The kernel's socket tables changed while they were read; some sockets may be missing",
        hint: "Nothing to do: the next reading is complete again unless very many sockets come and go",
      });
    }
    if (this.#own.fallback !== "") {
      problems.push({
        message: `Sockets are read from /proc/net, without RTT and bytes: ${this.#own.fallback}`,
        hint: "Load the kernel modules tcp_diag and udp_diag, and permit NETLINK_SOCK_DIAG",
      });
    }
    if (this.#trace?.isUdpPaused(nowMs)) {
      problems.push({
        message: "Very short UDP exchanges may have no process: too many are sent to follow each",
        hint: "Nothing to do: they are followed again when there are fewer",
      });
    }
    if (this.#processes.deniedCount > 0) {
      problems.push({
        message: `${this.#processes.deniedCount} processes of other users may not be looked into`,
        hint: HINT_PROCESSES,
      });
    }
    const interfaces = this.#attempt(
      "interfaces",
      "Interfaces cannot be read",
      "Netlink (NETLINK_ROUTE) must be permitted: check the sandbox's list of system calls",
      () => readInterfaces(this.#route ??= NetlinkSocket.open(this.#libc, NETLINK_ROUTE)),
    ) ?? [];
    for (const link of interfaces) {
      if (link.running && !link.loopback) link.speedBitsPerSecond = this.#speeds.of(link.name, nowMs);
    }
    const neighbours = Math.abs(nowMs - this.#neighboursMs) < NEIGHBOURS_MS ? undefined : this.#attempt(
      "neighbours",
      "The table of neighbours cannot be read",
      "Netlink (NETLINK_ROUTE) must be permitted: check the sandbox's list of system calls",
      () => {
        this.#neighboursMs = nowMs;
        return readNeighbours(this.#route ??= NetlinkSocket.open(this.#libc, NETLINK_ROUTE));
      },
    );
    const cpu = this.#attempt("cpu", "CPU use cannot be read", "Mount /proc", () => this.#readCpu());
    problems.push(...this.#standing.values());
    const report: SystemReport = {
      type: "system-report",
      atMs: nowMs,
      tookMs: this.#clock() - began,
      sockets: told.sockets,
      socketsLost: told.lost,
      processes: told.processes,
      interfaces,
      busy: this.#busy.look(told.owners, nowMs),
      problems,
    };
    if (cpu !== undefined) report.cpu = cpu;
    if (neighbours !== undefined) report.neighbours = neighbours;
    return report;
  }

  /**
   * Looks for new sockets and who opened them, to be told with the next full reading.
   *
   * @throws {NamespaceLostError} The thread must end.
   */
  readLight(nowMs: number): void {
    this.readTrace(nowMs);
    const fresh: SocketRecord[] = [];
    this.#refreshProcesses(nowMs, []);
    this.#attempt(
      "sockets",
      "Sockets cannot be read",
      "Load the kernel modules tcp_diag and udp_diag",
      () => {
        fresh.push(...this.#own.readLight(this.#ownSource()));
      },
    );
    this.#eachNamespace(
      nowMs,
      NAMESPACES_MS / 4,
      [],
      (space, source) => {
        fresh.push(...space.readLight(source));
      },
    );
    this.#processes.resolve(fresh.map((record) => record.info.inode), nowMs, LIGHT_RESOLVE_MS, this.#clock);
    for (const record of fresh) {
      this.#attribute(record);
      if (record.owner !== null) this.#processes.describe(record.owner, nowMs); // while it is there to be asked
    }
  }

  /** What attribution has cost so far: processes looked through, open files seen. */
  get effort(): { scans: number; files: number } {
    return { scans: this.#processes.scans, files: this.#processes.filesSeen };
  }

  /** May be called twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#trace?.close();
    this.#diag?.close();
    this.#route?.close();
    this.#home?.close();
    this.#libc.dispose();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #refreshProcesses(nowMs: number, problems: Problem[]): void {
    this.#processes.refresh(nowMs);
    if (this.#processes.listErrno !== 0) {
      problems.push({
        message: `Processes cannot be listed: "/proc" gives ${errnoName(this.#processes.listErrno)}`,
        hint: "Mount /proc",
      });
    }
    if (this.#processes.lost > 0) {
      problems.push({
        message: `${this.#processes.lost} processes are too many to keep in mind`,
        hint: "Their sockets are shown without a process",
      });
    }
  }

  #ownSource(): SocketSource {
    this.#diag ??= this.#tryDiagSocket();
    return { netlink: this.#diag, files: this.#files, procNet: "/proc/thread-self/net" };
  }

  /** In the namespace where the thread is now; `null` where it is refused: the tables of /proc remain. */
  #tryDiagSocket(): NetlinkSocket | null {
    try {
      return NetlinkSocket.open(this.#libc, NETLINK_SOCK_DIAG);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      return null;
    }
  }

  /** Hands the sockets of each other network namespace, with a netlink socket in it, to `act`. */
  #eachNamespace(
    nowMs: number,
    budgetMs: number,
    problems: Problem[],
    act: (space: NamespaceSockets, source: SocketSource) => void,
  ): void {
    const home = this.#home;
    if (home === null) return;
    const found = new Map<number, Process>();
    let beyond = 0;
    for (const process of this.#processes.processes()) {
      const inode = this.#processes.netns(process, nowMs);
      if (inode <= 0 || inode === this.#homeInode || found.has(inode)) continue;
      if (found.size >= MAX_NAMESPACES) beyond++;
      else found.set(inode, process);
    }
    for (const [inode, space] of this.#others) {
      // Without a process nobody can send or receive there; what it had is over.
      if (found.has(inode)) continue;
      space.closeAll();
      if (!space.hasClosed) this.#others.delete(inode);
    }
    if (beyond > 0) {
      problems.push({
        message:
          `${beyond} processes in network namespaces beyond the first ${MAX_NAMESPACES} are not looked at`,
        hint: "Their sockets are not shown",
      });
    }
    const deadline = this.#clock() + budgetMs;
    const entries = [...found];
    const start = entries.length === 0 ? 0 : this.#nextNamespace % entries.length;
    for (let i = 0; i < entries.length; i++) {
      if (this.#clock() > deadline) {
        this.#nextNamespace = start + i;
        return;
      }
      const [inode, process] = entries[(start + i) % entries.length];
      let space = this.#others.get(inode);
      if (space === undefined) this.#others.set(inode, space = new NamespaceSockets(inode));
      const opened = home.visit(
        process.pid,
        inode,
        () => this.#threadNamespace(),
        () => ({ netlink: this.#tryDiagSocket() }),
      );
      const refused = typeof opened === "number" && isRefusal(-opened);
      if (typeof opened === "number" && !refused) continue; // the process is gone; another may be found next time
      if (refused) {
        this.#standing.set("namespaces", {
          message:
            "Other network namespaces may not be entered; their connections are shown without RTT and bytes",
          hint: HINT_NAMESPACES,
        });
      } else this.#standing.delete("namespaces");
      const netlink = typeof opened === "number" ? null : opened.netlink;
      try {
        act(space, { netlink, files: this.#files, procNet: `/proc/${process.pid}/net` });
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        problems.push({ message: error.message, hint: error.hint || HINT_NAMESPACES });
      } finally {
        netlink?.close(); // held any longer it would keep the namespace alive
      }
    }
  }

  /** Puts the owner on a socket, as far as it is known. */
  #attribute(record: SocketRecord): void {
    const info = record.info;
    const opening = this.#openings.size === 0 ? null : this.#openings.match(info);
    const owners = record.held ? this.#processes.owners(info.inode) : undefined;
    if (owners === undefined) {
      if (record.owner === null && opening !== null) record.owner = opening.process;
      if (record.owner !== null) remember(record, record.owner);
      return;
    }
    record.owner = owners.first;
    info.pid = owners.first.pid;
    info.others = owners.more === null ? 0 : owners.more.length;
    info.method = owners.more === null ? "inode" : "shared-inode";
  }

  #tell(spaces: NamespaceSockets[], nowMs: number) {
    const sockets: SocketInfo[] = [];
    const owners = new Map<number, Process>();
    let lost = 0;
    let interrupted = false;
    const tell = (record: SocketRecord) => {
      sockets.push(record.info);
      if (record.owner === null) return;
      const known = owners.get(record.owner.pid);
      // Should a number have been given away since, the living process has the better right to it.
      if (known === undefined || known.diedMs > record.owner.diedMs) {
        owners.set(record.owner.pid, record.owner);
      }
    };
    for (const space of spaces) {
      const ownerless: SocketRecord[] = [];
      for (const record of space.records.values()) {
        this.#attribute(record);
        if (record.owner === null && !record.held) ownerless.push(record);
      }
      const ended = space.takeClosed();
      for (const record of ended.closed) {
        if (record.owner === null) this.#attribute(record);
        if (record.owner === null) ownerless.push(record);
        else remember(record, record.owner); // whatever was certain, it is over
      }
      if (ownerless.length > 0) attributeToListeners(ownerless, space);
      for (const record of space.records.values()) tell(record);
      for (const record of ended.closed) {
        record.info.state = "closed";
        tell(record);
      }
      lost += space.lost + ended.lost;
      interrupted ||= space.interrupted;
    }
    const { unseen, lost: openingsLost } = this.#openings.takeUnseen();
    lost += openingsLost;
    for (const { info, owner } of unseen) tell({ info, owner, held: false, seen: 0 });
    const processes: ProcessInfo[] = [];
    for (const process of owners.values()) processes.push(this.#processes.describe(process, nowMs));
    return { sockets, processes, owners: owners.values(), lost, interrupted };
  }

  #readCpu(): number | undefined {
    const text = this.#files.readText("/proc/stat", 4096);
    const times = text === null ? null : parseCpuTimes(text);
    if (times === null) throw new SystemError("failed", '"/proc/stat" makes no sense', "Mount /proc");
    const before = this.#cpu;
    this.#cpu = times;
    return before === null ? undefined : cpuShare(before, times);
  }

  /** Runs one part; what goes wrong is kept under `part` until it goes right. */
  #attempt<T>(part: string, message: string, hint: string, act: () => T): T | undefined {
    try {
      const result = act();
      this.#standing.delete(part);
      return result;
    } catch (error) {
      if (error instanceof NamespaceLostError) throw error;
      const detail = error instanceof Error ? error.message : String(error);
      this.#standing.set(part, {
        message: `${message}: ${detail}`,
        hint: error instanceof SystemError && error.hint !== "" ? error.hint : hint,
      });
      return undefined;
    }
  }
}

/** Puts an owner on a socket that no open file leads to. */
function remember(record: SocketRecord, owner: Process): void {
  record.owner = owner;
  record.info.pid = owner.pid;
  record.info.others = 0;
  record.info.method = "remembered";
}

/**
 * A server's connection that was over before anybody looked at its process came in through a listening socket: whoever
 * holds that one answered.
 */
function attributeToListeners(ownerless: SocketRecord[], space: NamespaceSockets): void {
  const listeners = new Map<number, SocketRecord>();
  for (const record of space.records.values()) {
    if (record.info.state === "listen" && record.owner !== null) listeners.set(record.info.localPort, record);
  }
  for (const record of ownerless) {
    const { protocol, localPort, localAddress, remotePort } = record.info;
    const listener = protocol === 6 && remotePort !== 0 ? listeners.get(localPort) : undefined;
    if (listener === undefined || listener.owner === null) continue;
    const bound = listener.info.localAddress;
    if (bound === localAddress || bound === "0.0.0.0" || bound === "::") remember(record, listener.owner);
  }
}

/** Inodes whose holder is not known, is only remembered, or has ended. */
function unownedInodes(spaces: NamespaceSockets[]): number[] {
  const inodes: number[] = [];
  for (const space of spaces) {
    for (const { info, owner, held } of space.records.values()) {
      const isOwned = owner !== null && owner.diedMs === 0 && info.method !== "remembered";
      if (held && !isOwned) inodes.push(info.inode);
    }
  }
  return inodes;
}
