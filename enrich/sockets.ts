/**
 * The TCP and UDP sockets of one network namespace, from reading to reading.
 *
 * A *full* reading asks for everything, with `tcp_info`, and tells which sockets are gone since the last. A
 * *light* one only looks for sockets not seen before, so that one that lives shorter than a full interval still
 * gets its owner. A socket is told from another by its kernel cookie, which stays the same through all its
 * states (an inode does not: it is gone once the program has closed), so a known socket costs a map look-up and
 * no new strings.
 */
import { formatIpv4, formatIpv6, isIpv4Mapped } from "../model/address.ts";
import type { SocketInfo } from "../model/system.ts";
import { SystemError } from "./ffi/libc.ts";
import type { NetlinkSocket } from "./ffi/netlink_socket.ts";
import type { ProcFiles } from "./ffi/proc_files.ts";
import {
  AF_INET,
  AF_INET6,
  createDiagRow,
  inetDiagRequest,
  parseInetDiag,
  SOCK_DIAG_BY_FAMILY,
  TcpState,
  tcpStateName,
  udpStateName,
} from "./inet_diag.ts";
import type { NetlinkReader } from "./netlink.ts";
import { parseProcNetLine } from "./proc_net.ts";
import type { Process } from "./processes.ts";

/** Sockets kept of one namespace; those beyond are counted. About 1 KB each while told. */
export const MAX_SOCKETS = 65_536;
/** Of these, sockets in time_wait: a busy proxy has tens of thousands, and they must not crowd out the living. */
export const MAX_TIME_WAIT = 8_192;
/** Sockets that ended between two reports and are still told, of one namespace. */
export const MAX_CLOSED = 4_096;

/** What uid stands for in `SocketInfo` when the kernel no longer knows it. */
export const UNKNOWN_UID = -1;

const TCP = 6;
const UDP = 17;

// TcpState.CLOSE is left out: a socket neither connected nor listening has no place in a network monitor. time_wait is
// in: it says how a connection ended that was alive a moment ago, and who had it.
const TCP_STATES = 1 << TcpState.ESTABLISHED | 1 << TcpState.SYN_SENT | 1 << TcpState.SYN_RECV |
  1 << TcpState.FIN_WAIT1 | 1 << TcpState.FIN_WAIT2 | 1 << TcpState.TIME_WAIT | 1 << TcpState.CLOSE_WAIT |
  1 << TcpState.LAST_ACK | 1 << TcpState.LISTEN | 1 << TcpState.CLOSING | 1 << TcpState.NEW_SYN_RECV;
// Light: what a program may just have opened. A listener is there to stay: the next full reading finds it.
const OPENING = 1 << TcpState.ESTABLISHED | 1 << TcpState.SYN_SENT | 1 << TcpState.CLOSE_WAIT |
  1 << TcpState.FIN_WAIT1 | 1 << TcpState.FIN_WAIT2;
const UDP_STATES = 1 << TcpState.ESTABLISHED | 1 << TcpState.CLOSE;

/** Where the sockets of a namespace can be read. */
export interface SocketSource {
  /** Opened inside the namespace; `null` where that was refused. */
  netlink: NetlinkSocket | null;
  files: ProcFiles;
  /** Folder of "tcp", "tcp6" …: `/proc/PID/net` shows the namespace of that process. */
  procNet: string;
}

interface Dump {
  family: number;
  protocol: 6 | 17;
  states: number;
  /** Whether `tcp_info` is wanted. */
  tcpInfo: boolean;
}

const FULL_DUMPS: readonly Dump[] = [
  { family: AF_INET, protocol: TCP, states: TCP_STATES, tcpInfo: true },
  { family: AF_INET6, protocol: TCP, states: TCP_STATES, tcpInfo: true },
  { family: AF_INET, protocol: UDP, states: UDP_STATES, tcpInfo: false },
  { family: AF_INET6, protocol: UDP, states: UDP_STATES, tcpInfo: false },
];

const LIGHT_DUMPS: readonly Dump[] = [
  { family: AF_INET, protocol: TCP, states: OPENING, tcpInfo: false },
  { family: AF_INET6, protocol: TCP, states: OPENING, tcpInfo: false },
  { family: AF_INET, protocol: UDP, states: UDP_STATES, tcpInfo: false },
  { family: AF_INET6, protocol: UDP, states: UDP_STATES, tcpInfo: false },
];

/** One socket over its life. `info` is filled in place and is what gets told. */
export interface SocketRecord {
  info: SocketInfo;
  /** Who holds it, or held it last; `null` when that was never known. */
  owner: Process | null;
  /** Whether a program still has it open; not so in time_wait, nor before it is accepted. */
  held: boolean;
  /** Number of the full reading that saw it last. */
  seen: number;
}

/** The sockets of one network namespace. */
export class NamespaceSockets {
  /** By cookie. */
  readonly records: Map<number | string, SocketRecord> = new Map();
  /** Sockets that ended since `takeClosed()`. */
  #closed: SocketRecord[] = [];
  #closedLost = 0;
  #netns: number;
  #capacity: number;
  #generation = 0;
  #row = createDiagRow();
  #addresses = new Uint8Array(32);
  /** Sockets beyond the ceiling at the last full reading. */
  lost = 0;
  /** Whether the kernel's tables kept changing while the last full reading was made. */
  interrupted = false;

  /** Why the last full reading had to do without netlink, in the kernel's words; "" when it had not. */
  fallback = "";

  /**
   * @param netns Inode of the namespace; 0 for our own.
   * @param capacity Sockets kept at most.
   */
  constructor(netns: number, capacity: number = MAX_SOCKETS) {
    this.#netns = netns;
    this.#capacity = capacity;
  }

  /**
   * Reads all sockets.
   *
   * @throws {SystemError} When the kernel refuses; what was known stays.
   */
  readFull(source: SocketSource): void {
    const generation = ++this.#generation;
    let lost = 0;
    let timeWait = 0;
    this.interrupted = false;
    this.fallback = "";
    for (const dump of FULL_DUMPS) {
      let lostHere = 0;
      let timeWaitHere = 0;
      const interrupted = this.#dump(source, dump, (record, known, state) => {
        const isTimeWait = dump.protocol === TCP && state === TcpState.TIME_WAIT;
        if (record === null || (isTimeWait && !known && timeWait + timeWaitHere >= MAX_TIME_WAIT)) {
          lostHere++;
          return false;
        }
        if (isTimeWait) timeWaitHere++;
        record.seen = generation;
        return true;
      }, () => lostHere = timeWaitHere = 0);
      timeWait += timeWaitHere;
      lost += lostHere;
      if (interrupted) this.interrupted = true;
    }
    this.lost = lost;
    // Only a reading that came to its end may say that a socket is gone.
    for (const [cookie, record] of this.records) {
      if (record.seen === generation) continue;
      this.records.delete(cookie);
      this.#close(record);
    }
  }

  /**
   * Looks for sockets not seen before.
   *
   * @returns The new ones.
   * @throws {SystemError} When the kernel refuses.
   */
  readLight(source: SocketSource): SocketRecord[] {
    const fresh: SocketRecord[] = [];
    for (const dump of LIGHT_DUMPS) {
      this.#dump(source, dump, (record, known) => {
        if (record !== null && !known) {
          record.seen = this.#generation;
          fresh.push(record);
        }
        return true;
      }, () => {});
    }
    return fresh;
  }

  /** Whether `takeClosed()` has something to give. */
  get hasClosed(): boolean {
    return this.#closed.length > 0;
  }

  /** Sockets that ended since the last call, and how many more were not kept. */
  takeClosed(): { closed: SocketRecord[]; lost: number } {
    const taken = { closed: this.#closed, lost: this.#closedLost };
    this.#closed = [];
    this.#closedLost = 0;
    return taken;
  }

  /** All sockets end at once: the namespace is gone. */
  closeAll(): void {
    for (const record of this.records.values()) this.#close(record);
    this.records.clear();
  }

  #close(record: SocketRecord): void {
    if (this.#closed.length >= MAX_CLOSED) {
      this.#closedLost++;
      return;
    }
    record.info.state = "closed";
    record.info.method = record.owner === null ? "none" : "remembered";
    this.#closed.push(record);
  }

  /** @returns Whether the kernel's table changed on each attempt. */
  #dump(
    source: SocketSource,
    dump: Dump,
    /** `record` is `null` beyond the ceiling. A `false` for an unknown one keeps it from being stored. */
    visit: (record: SocketRecord | null, known: boolean, state: number) => boolean,
    restart: () => void,
  ): boolean {
    const row = this.#row;
    const take = () => {
      let record = this.records.get(row.cookie);
      const known = record !== undefined;
      if (record === undefined) {
        if (this.records.size >= this.#capacity) {
          visit(null, false, row.state);
          return;
        }
        record = this.#createRecord(dump.protocol);
        if (!visit(record, false, row.state)) return;
        this.records.set(row.cookie, record);
      } else visit(record, true, row.state);
      if (!known || dump.tcpInfo || row.inode !== record.info.inode) this.#update(record);
      else if (dump.protocol === TCP) record.info.state = tcpStateName(row.state);
    };
    if (source.netlink !== null) {
      try {
        return source.netlink.dump({
          type: SOCK_DIAG_BY_FAMILY,
          body: inetDiagRequest(dump),
          restart,
          visit: (message: NetlinkReader) => {
            if (message.type === SOCK_DIAG_BY_FAMILY && parseInetDiag(message.body, row)) take();
          },
        }).interrupted;
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        this.fallback = error.message;
        restart();
      }
    } else this.fallback = "netlink may not be used there";
    this.#readProcNet(source, dump, take);
    return false;
  }

  /** As netlink would tell it, from a text file. */
  #readProcNet(source: SocketSource, dump: Dump, take: () => void): void {
    const row = this.#row;
    row.bytes = this.#addresses;
    const name = `${dump.protocol === TCP ? "tcp" : "udp"}${dump.family === AF_INET6 ? "6" : ""}`;
    const result = source.files.eachLine(`${source.procNet}/${name}`, (line) => {
      const wanted = parseProcNetLine(line, dump.family, row) && (dump.states & 1 << row.state) !== 0;
      if (wanted) {
        row.cookie = `${name} ${row.cookie}`;
        take();
      }
      return true;
    });
    // IPv6 may be switched off: then there is neither a table nor a socket.
    if (result < 0 && dump.family === AF_INET) {
      throw new SystemError(
        "failed",
        `"${source.procNet}/${name}" cannot be read (error ${-result})`,
        "Mount /proc",
      );
    }
  }

  #createRecord(protocol: 6 | 17): SocketRecord {
    const info: SocketInfo = {
      protocol,
      localAddress: "",
      localPort: 0,
      remoteAddress: "",
      remotePort: 0,
      state: "",
      uid: UNKNOWN_UID,
      inode: 0,
      netns: this.#netns,
      method: "none",
      others: 0,
    };
    this.#setAddresses(info);
    return { info, owner: null, held: false, seen: 0 };
  }

  #setAddresses(info: SocketInfo): void {
    const row = this.#row;
    info.localPort = row.localPort;
    info.remotePort = row.remotePort;
    info.localAddress = addressText(row.bytes, row.localAt, row.family);
    info.remoteAddress = addressText(row.bytes, row.remoteAt, row.family);
  }

  #update(record: SocketRecord): void {
    const row = this.#row;
    const info = record.info;
    info.state = info.protocol === TCP ? tcpStateName(row.state) : udpStateName(row.state);
    // A UDP socket may be connected elsewhere, and a TCP one gets its local end when it connects.
    if (row.localPort !== info.localPort || row.remotePort !== info.remotePort || info.protocol === UDP) {
      this.#setAddresses(info);
    }
    record.held = row.inode !== 0;
    if (record.held) { // 0 once the program has closed it: then what was known stays
      info.inode = row.inode;
      info.uid = row.uid;
    }
    if (row.hasInfo && row.state !== TcpState.LISTEN) { // a listener's tcp_info holds its queue instead
      info.rttUs = row.rttUs;
      info.rttVarUs = row.rttVarUs;
      info.retransmits = row.retransmits;
      info.bytesSent = row.bytesSent;
      info.bytesReceived = row.bytesReceived;
    }
  }
}

/** IPv4-mapped addresses of IPv6 sockets are written as IPv4, as their packets are. */
function addressText(bytes: Uint8Array, at: number, family: number): string {
  if (family === AF_INET) return formatIpv4(bytes, at);
  return isIpv4Mapped(bytes, at) ? formatIpv4(bytes, at + 12) : formatIpv6(bytes, at);
}
