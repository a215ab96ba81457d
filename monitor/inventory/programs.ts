/**
 * Programs: every process that has sockets or had, and what it moved since Netpane began, also after its end. What no
 * process could be found for is counted beside, so that the sum is all there was; what two programs of this machine say
 * to each other counts for both.
 */
import type { Connection, ConnectionProcess } from "../../model/api.ts";
import type { ByteCount } from "../../model/inventory.ts";
import type { ProcessInfo, SystemReport } from "../../model/system.ts";
import type { Movement } from "../connections.ts";
import { Recent } from "./recent.ts";
import { Trips, tripsTo } from "./trips.ts";

/** Processes kept; the one that was active least recently goes. */
export const MAX_PROGRAMS = 4_096;

/** Programs of which processes had to go; then the one that had one least recently goes. */
export const MAX_EARLIER_PROGRAMS = 1_024;

/** Of each, processes that are known again. */
const MAX_LATEST = 8;

/** States of sockets that no process holds any more. */
const OVER = new Set(["time_wait", "closed", "fin_wait2", "new_syn_recv"]);

export interface ProgramRecord {
  /** As last told; of a process only seen in a connection the rest is empty. */
  info: ProcessInfo;
  bytesIn: number;
  bytesOut: number;
  connections: number;
  trips: Trips | null;
  /** Wall clock or packet time, ms, when it last had sockets or traffic. */
  last: number;
  /** Number of the report that told of it last. */
  report: number;
  /** Second in which it was last made the youngest. */
  tick: number;
}

/** Processes of one program that had to go, in one: so a program's sums stay, however often it was started. */
export interface EarlierProcesses {
  /** Of the latest. */
  info: ProcessInfo;
  processes: number;
  bytesIn: number;
  bytesOut: number;
  connections: number;
  /** 0 where not known of any. */
  firstStartedMs: number;
  last: number;
  /** Keys of the latest of them: one that comes back is no other process. */
  latest: string[];
}

export class Programs {
  readonly table: Recent<ProgramRecord>;
  /** Of processes that had to go. */
  readonly forgottenBytes: ByteCount = { bytes_in: 0, bytes_out: 0 };
  readonly earlier: Recent<EarlierProcesses>;
  /** Of processes whose program is no longer among `earlier`. */
  readonly lost: ByteCount & { processes: number } = { processes: 0, bytes_in: 0, bytes_out: 0 };
  readonly unattributed: ByteCount = { bytes_in: 0, bytes_out: 0 };
  strangersBytes = 0;
  #report = 0;
  /** Processes that held a socket at the latest reading. */
  #holders = new Set<number>();
  #tick = 0;

  constructor(capacity = MAX_PROGRAMS) {
    this.table = new Recent(capacity, (record) => {
      this.forgottenBytes.bytes_in += record.bytesIn;
      this.forgottenBytes.bytes_out += record.bytesOut;
      this.#addEarlier(record);
    });
    this.earlier = new Recent(MAX_EARLIER_PROGRAMS, ({ processes, bytesIn, bytesOut }) => {
      this.lost.processes += processes;
      this.lost.bytes_in += bytesIn;
      this.lost.bytes_out += bytesOut;
    });
  }

  /** Processes behind `earlier`. */
  get earlierProcesses(): number {
    let sum = 0;
    for (const { processes } of this.earlier.values()) sum += processes;
    return sum;
  }

  #addEarlier({ info, bytesIn, bytesOut, connections, last }: ProgramRecord): void {
    const key = programOf(info);
    const known = this.earlier.get(key);
    this.earlier.touch(key, {
      info,
      processes: (known?.processes ?? 0) + 1,
      bytesIn: (known?.bytesIn ?? 0) + bytesIn,
      bytesOut: (known?.bytesOut ?? 0) + bytesOut,
      connections: (known?.connections ?? 0) + connections,
      firstStartedMs: earlierOf(known?.firstStartedMs ?? 0, info.startedMs),
      last: Math.max(known?.last ?? 0, last),
      latest: [...known?.latest ?? [], keyOf(info.pid, info.startedMs)].slice(-MAX_LATEST),
    });
  }

  /** A process that had to go is there again: it takes back what it had moved, where that is told apart. */
  #comesBack(key: string, record: ProgramRecord): void {
    const program = programOf(record.info);
    const known = this.earlier.get(program);
    if (known === undefined || !known.latest.includes(key)) return;
    known.latest = known.latest.filter((one) => one !== key);
    if (--known.processes > 0) return;
    this.earlier.delete(program);
    record.bytesIn = known.bytesIn;
    record.bytesOut = known.bytesOut;
    record.connections = known.connections;
    this.forgottenBytes.bytes_in -= known.bytesIn;
    this.forgottenBytes.bytes_out -= known.bytesOut;
  }

  nextTick(): void {
    this.#tick++;
  }

  /** Whether it had sockets at the latest reading. */
  isActive({ report, info }: ProgramRecord): boolean {
    return report === this.#report && this.#holders.has(info.pid);
  }

  /** Takes the processes of a report: all that have sockets, or had some that the kernel still waits out. */
  applySystem({ processes, sockets, atMs }: SystemReport): void {
    this.#report++;
    this.#holders = new Set();
    for (const { pid, state } of sockets) if (pid !== undefined && !OVER.has(state)) this.#holders.add(pid);
    for (const info of processes) {
      const record = this.#record(info, atMs);
      record.info = info;
      record.last = Math.max(record.last, atMs);
      record.report = this.#report;
    }
  }

  /** Takes what a connection moved. */
  take(connection: Connection, movement: Movement): void {
    const { toServer, toClient, attributedToServer, attributedToClient } = movement;
    const { process, direction } = connection;
    if (process === null && direction === "other") {
      this.strangersBytes += movement.bytes;
      return;
    }
    // What is charged to a process is taken from what nobody could be found for, as it was put there.
    const [owedIn, owedOut] = direction === "in"
      ? [toServer - attributedToServer, toClient - attributedToClient]
      : [toClient - attributedToClient, toServer - attributedToServer];
    if (direction === "other") this.strangersBytes += owedIn + owedOut;
    else {
      this.unattributed.bytes_in += owedIn;
      this.unattributed.bytes_out += owedOut;
    }
    if (process === null) return;
    this.#charge(process, connection, {
      toServer: attributedToServer,
      toClient: attributedToClient,
      isFirst: movement.isFirstAttributed,
    });
    const { peer } = connection;
    if (peer === null) return;
    const { peerToServer, peerToClient, isFirstPeer } = movement;
    this.#charge(peer, connection, { toServer: peerToServer, toClient: peerToClient, isFirst: isFirstPeer });
  }

  #charge(
    process: ConnectionProcess,
    connection: Connection,
    { toServer, toClient, isFirst }: { toServer: number; toClient: number; isFirst: boolean },
  ): void {
    const record = this.#recordOf(process, connection.last);
    const isServer = process.end === "server";
    record.bytesIn += isServer ? toServer : toClient;
    record.bytesOut += isServer ? toClient : toServer;
    if (isFirst) record.connections++;
    if (connection.last > record.last) record.last = connection.last;
    const trips = tripsTo(isServer ? "client" : "server", connection);
    if (Trips.isTelling(connection, trips)) {
      (record.trips ??= new Trips()).take(connection, trips, connection.slow);
    }
  }

  #recordOf({ pid, name, path, user, container, started }: ConnectionProcess, last: number): ProgramRecord {
    const known = this.table.get(keyOf(pid, started));
    if (known !== undefined) return this.#touched(keyOf(pid, started), known);
    const info: ProcessInfo = {
      pid,
      parentPid: 0,
      name,
      path,
      commandLine: "",
      uid: -1,
      user,
      startedMs: started,
      container,
    };
    return this.#record(info, last);
  }

  #record(info: ProcessInfo, atMs: number): ProgramRecord {
    const key = keyOf(info.pid, info.startedMs);
    let record = this.table.get(key);
    if (record === undefined) {
      record = {
        info,
        bytesIn: 0,
        bytesOut: 0,
        connections: 0,
        trips: null,
        last: atMs,
        report: 0,
        tick: -1,
      };
      this.#comesBack(key, record);
    }
    return this.#touched(key, record);
  }

  #touched(key: string, record: ProgramRecord): ProgramRecord {
    if (record.tick !== this.#tick) {
      record.tick = this.#tick;
      this.table.touch(key, record);
    }
    return record;
  }
}

/** The earlier of two times; 0 is not known. */
export function earlierOf(a: number, b: number): number {
  return a === 0 || b === 0 ? a || b : Math.min(a, b);
}

/** What makes processes those of one program: another user, or a file of the same name elsewhere, is another. */
export function programOf(
  { name, path, user, container }: Pick<ProcessInfo, "name" | "path" | "user" | "container">,
): string {
  return `${name}\0${path}\0${user}\0${container}`;
}

/** Numbers of processes are given away again; with its start a process has a name of its own. */
export function keyOf(pid: number, startedMs: number): string {
  return `${pid} ${startedMs}`;
}
