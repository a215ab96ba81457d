/**
 * Connections as they are opened: who did it, remembered until the socket tables show them, or show that they were
 * over before anybody looked.
 */
import type { SocketInfo } from "../model/system.ts";
import type { Process, ProcessTable } from "./processes.ts";
import { UNKNOWN_UID } from "./sockets.ts";
import type { TraceEnds, TraceRecord } from "./trace_events.ts";

/** Openings kept until the next full reading; those beyond are counted. */
export const MAX_OPENINGS = 4_096;
/** Sockets that have begun to connect and are neither connected nor refused; the oldest go first. */
export const MAX_CONNECTING = 4_096;
/** Peers remembered of one UDP port of one process: a server answers thousands, its socket is found anyway. */
const MAX_UDP_PEERS = 8;
/** Names of programs as they started, for those that are gone when we look; the oldest go first. */
const MAX_NAMES = 4_096;

/** One connection and who opened it. */
export interface Opening extends TraceEnds {
  protocol: 6 | 17;
  process: Process;
  /** Network namespace (0: our own); -1 when the process was gone before it could be asked. */
  netns: number;
  /** Whether a socket of the tables was found to be this. */
  matched: boolean;
}

const UDP_KEY = 2 ** 32;

/** Openings since the last full reading. */
export class Openings {
  #processes: ProcessTable;
  #homeInode: number;
  #connecting: Map<number, { process: Process; netns: number }> = new Map();
  #names: Map<number, string> = new Map();
  /** By ports (TCP: local and remote; UDP: local): few share them. */
  #byPorts: Map<number, Opening[]> = new Map();
  #count = 0;
  #lost = 0;

  /** @param homeInode Network namespace that is told as 0. */
  constructor(processes: ProcessTable, homeInode: number) {
    this.#processes = processes;
    this.#homeInode = homeInode;
  }

  /** Openings kept now. */
  get size(): number {
    return this.#count;
  }

  /** Takes notice of what the kernel told, and looks at the processes while they are there. */
  take(records: readonly TraceRecord[], nowMs: number): void {
    for (const record of records) {
      switch (record.kind) {
        case "named":
          evictOldest(this.#names, MAX_NAMES - 1);
          this.#names.delete(record.pid);
          this.#names.set(record.pid, record.name);
          this.#processes.renamed(record.pid, record.name);
          break;
        case "connecting":
          evictOldest(this.#connecting, MAX_CONNECTING - 1);
          this.#connecting.set(record.socket, this.#who(record.pid, nowMs));
          break;
        case "connected": {
          const who = this.#connecting.get(record.socket);
          this.#connecting.delete(record.socket);
          if (who !== undefined) this.#add(6, record, who);
          break;
        }
        case "sending":
          if (!this.#isKnownSender(record)) this.#add(17, record, this.#who(record.pid, nowMs));
          break;
        case "lost":
          break; // counted where they are read
      }
    }
  }

  /** The opening that led to this socket; marks it as found. */
  match(info: SocketInfo): Opening | null {
    const candidates = this.#byPorts.get(keyOf(info.protocol, info.localPort, info.remotePort));
    if (candidates === undefined) return null;
    let found: Opening | null = null;
    for (const opening of candidates) {
      const sameSpace = opening.netns < 0 || opening.netns === info.netns;
      const samePeer = info.remotePort === 0 ||
        (opening.remotePort === info.remotePort && opening.remoteAddress === info.remoteAddress);
      if (!sameSpace || !samePeer) continue;
      opening.matched = true; // of UDP all that went out of this port
      found = opening;
    }
    return found;
  }

  /**
   * Ends the interval: sockets that nobody saw, told as closed, with the process they belonged to.
   *
   * @returns Also how many openings were too many to be kept.
   */
  takeUnseen(): { unseen: { info: SocketInfo; owner: Process }[]; lost: number } {
    const unseen: { info: SocketInfo; owner: Process }[] = [];
    for (const openings of this.#byPorts.values()) {
      for (const opening of openings) {
        if (opening.matched) continue;
        unseen.push({
          owner: opening.process,
          info: {
            protocol: opening.protocol,
            localAddress: opening.localAddress,
            localPort: opening.localPort,
            remoteAddress: opening.remoteAddress,
            remotePort: opening.remotePort,
            state: "closed",
            uid: opening.process.details?.uid ?? UNKNOWN_UID,
            inode: 0,
            netns: Math.max(0, opening.netns),
            pid: opening.process.pid,
            method: "remembered",
            others: 0,
          },
        });
      }
    }
    const lost = this.#lost;
    this.#byPorts.clear();
    this.#count = 0;
    this.#lost = 0;
    return { unseen, lost };
  }

  #add(protocol: 6 | 17, ends: TraceEnds, who: { process: Process; netns: number }): void {
    if (this.#count >= MAX_OPENINGS) {
      this.#lost++;
      return;
    }
    const key = keyOf(protocol, ends.localPort, ends.remotePort);
    let openings = this.#byPorts.get(key);
    if (openings === undefined) this.#byPorts.set(key, openings = []);
    openings.push({
      protocol,
      localAddress: ends.localAddress,
      localPort: ends.localPort,
      remoteAddress: ends.remoteAddress,
      remotePort: ends.remotePort,
      process: who.process,
      netns: who.netns,
      matched: false,
    });
    this.#count++;
  }

  /** Whether this UDP conversation is remembered already, or enough others of the same port are. */
  #isKnownSender(record: TraceEnds & { pid: number }): boolean {
    const openings = this.#byPorts.get(keyOf(17, record.localPort, record.remotePort));
    if (openings === undefined) return false;
    let peers = 0;
    for (const opening of openings) {
      if (opening.process.pid !== record.pid) continue;
      if (opening.remotePort === record.remotePort && opening.remoteAddress === record.remoteAddress) {
        // The first look-up is made before the local address is chosen, a later one with it.
        opening.localAddress = record.localAddress;
        return true;
      }
      if (++peers >= MAX_UDP_PEERS) return true;
    }
    return false;
  }

  #who(pid: number, nowMs: number): { process: Process; netns: number } {
    const living = this.#processes.notice(pid, nowMs);
    if (living !== null) this.#processes.describe(living, nowMs); // while it is there to be asked
    // Or it ended between those two looks: then its name is all there is, as if it had never been met.
    const process = living?.details != null
      ? living
      : this.#processes.remember(pid, this.#names.get(pid) ?? "", nowMs);
    const inode = process.diedMs === 0 ? this.#processes.netns(process, nowMs) : -1;
    return { process, netns: inode <= 0 ? -1 : inode === this.#homeInode ? 0 : inode };
  }
}

function keyOf(protocol: number, localPort: number, remotePort: number): number {
  return protocol === 17 ? UDP_KEY + localPort : localPort * 65_536 + remotePort;
}

/** Maps keep the order of insertion: the first key is the oldest. */
function evictOldest<K, V>(map: Map<K, V>, most: number): void {
  while (map.size > most) {
    const oldest = map.keys().next();
    if (oldest.done) return;
    map.delete(oldest.value);
  }
}
