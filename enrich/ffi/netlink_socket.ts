/** A netlink socket: a request goes out, the kernel's answers come in as messages. */
import { Netlink, NetlinkReader, netlinkRequest } from "../netlink.ts";
import { Errno, errnoName, isRefusal, type Libc, SystemError } from "./libc.ts";

/** Netlink families, linux/netlink.h. */
export const NETLINK_ROUTE = 0;
export const NETLINK_SOCK_DIAG = 4;

const AF_NETLINK = 16; // linux/socket.h
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000; // asm-generic/fcntl.h, O_CLOEXEC
const SOL_SOCKET = 1; // asm-generic/socket.h
const SO_RCVBUF = 8;
const SO_RCVTIMEO = 20;
const MSG_TRUNC = 0x20; // linux/socket.h
const MSG_DONTWAIT = 0x40;

/** The kernel fills at most 32 KiB (NLMSG_GOODSIZE cap in netlink_dump) of a dump into one datagram. */
const RECEIVE_BYTES = 64 * 1024;
/** A dump that hangs for this long is given up: the thread has other things to do. */
const RECEIVE_TIMEOUT_SECONDS = 2;
/** A dump during which the table changed is asked for again this many times; then the last one counts. */
const MAX_RETRIES = 2;

// One buffer for all sockets of a thread: a dump is read to its end before another begins.
const received = new Uint8Array(RECEIVE_BYTES);

/** What came of a dump, apart from its messages. */
export interface DumpResult {
  /** The table changed while it was read, and did so again on each retry: some rows may be missing or twice. */
  interrupted: boolean;
  /** Datagrams that were cut or could not be understood to their end. */
  damaged: number;
}

/** One netlink socket, in the network namespace in which it was opened, wherever its thread goes later. */
export class NetlinkSocket {
  #libc: Libc;
  #fd: number;
  #sequence = 0;
  #reader: NetlinkReader = new NetlinkReader();

  private constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
  }

  /**
   * @param groups Multicast groups to join, a bit each; then messages are read by `poll()`.
   * @throws {SystemError}
   */
  static open(libc: Libc, protocol: number, { groups = 0, bufferBytes = 0 } = {}): NetlinkSocket {
    const fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (fd < 0) throw netlinkError(-fd, protocol);
    const timeout = new Uint8Array(16); // struct timeval: seconds, microseconds; 64 bits each
    new DataView(timeout.buffer).setBigInt64(0, BigInt(RECEIVE_TIMEOUT_SECONDS), true);
    libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout);
    if (bufferBytes > 0) {
      const size = new Uint8Array(4);
      new DataView(size.buffer).setUint32(0, bufferBytes, true);
      libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, size); // the kernel draws it in to rmem_max by itself
    }
    const address = new Uint8Array(12); // struct sockaddr_nl: family, pad, port id (0: the kernel picks), groups
    const view = new DataView(address.buffer);
    view.setUint16(0, AF_NETLINK, true);
    view.setUint32(8, groups, true);
    const bound = libc.bind(fd, address);
    if (bound < 0) {
      libc.close(fd);
      throw netlinkError(-bound, protocol);
    }
    return new NetlinkSocket(libc, fd);
  }

  /**
   * Asks for a table and hands each message of the answer to `visit`; the bytes are overwritten afterwards.
   *
   * @param restart Called before the table is read again from its beginning (it changed meanwhile).
   * @throws {SystemError} When the kernel refuses or does not answer.
   */
  dump(
    { type, body, visit, restart }: {
      type: number;
      body: Uint8Array;
      visit: (message: NetlinkReader) => void;
      restart: () => void;
    },
  ): DumpResult {
    const result: DumpResult = { interrupted: false, damaged: 0 };
    for (let attempt = 0; attempt <= MAX_RETRIES; attempt++) {
      if (attempt > 0) restart();
      result.interrupted = this.#dumpOnce(type, body, visit, result);
      if (!result.interrupted) break;
    }
    return result;
  }

  /**
   * Reads what multicast groups have to tell, without waiting; at most `maxDatagrams`.
   *
   * @returns Whether messages were lost because the socket's buffer was full.
   */
  poll(visit: (message: NetlinkReader) => void, maxDatagrams: number): boolean {
    let lost = false;
    for (let i = 0; i < maxDatagrams; i++) {
      const length = this.#libc.recv(this.#fd, received, MSG_DONTWAIT | MSG_TRUNC);
      if (length === -Errno.ENOBUFS) {
        lost = true;
        continue;
      }
      if (length <= 0) break;
      this.#reader.reset(received, length);
      while (this.#reader.next()) visit(this.#reader);
    }
    return lost;
  }

  /** May be called twice. */
  close(): void {
    if (this.#fd >= 0) this.#libc.close(this.#fd);
    this.#fd = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #dumpOnce(
    type: number,
    body: Uint8Array,
    visit: (message: NetlinkReader) => void,
    result: DumpResult,
  ): boolean {
    this.#sequence = (this.#sequence + 1) >>> 0;
    const request = netlinkRequest({ type, flags: Netlink.F_DUMP, sequence: this.#sequence, body });
    const sent = this.#libc.send(this.#fd, request);
    if (sent < 0) throw netlinkError(-sent, type);
    let interrupted = false;
    const reader = this.#reader;
    while (true) {
      const length = this.#libc.recv(this.#fd, received, MSG_TRUNC);
      if (length === -Errno.EINTR) continue;
      if (length <= 0) throw netlinkError(-length, type);
      reader.reset(received, length);
      if (length > received.length) result.damaged++;
      while (reader.next()) {
        if (reader.sequence !== this.#sequence) continue; // the tail of a dump that was given up
        if ((reader.flags & Netlink.F_DUMP_INTR) !== 0) interrupted = true;
        if (reader.type === Netlink.DONE) return interrupted;
        if (reader.type === Netlink.ERROR) {
          const error = reader.error();
          throw netlinkError(error, type);
        }
        visit(reader);
      }
      if (reader.damaged) result.damaged++;
    }
  }
}

function netlinkError(errno: number, what: number): SystemError {
  const message = errno === Errno.EAGAIN
    ? `The kernel did not answer a netlink request (${what}) in ${RECEIVE_TIMEOUT_SECONDS} seconds`
    : `The kernel refused a netlink request (${what}): ${errnoName(errno)}`;
  return new SystemError(isRefusal(errno) ? "refused" : "failed", message, "");
}
