/**
 * A socket for echo requests to one address, without waiting: datagram ICMP where the kernel lets everybody
 * (net.ipv4.ping_group_range), raw where the process may.
 */
import { Errno, errnoName, isRefusal, type Libc, SystemError } from "./libc.ts";

const AF_INET = 2; // linux/socket.h
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000; // asm-generic/fcntl.h
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const SOL_RAW = 255;
const ICMP_FILTER = 1; // linux/icmp.h: bit n set, type n is not wanted
const ICMP6_FILTER = 1; // linux/icmpv6.h: likewise, 256 bits
const SIOCGSTAMPNS = 0x8907; // asm-generic/sockios.h: when the last packet read had come in, struct timespec

const HINT = "Run as root, give the Deno binary cap_net_raw, or let everybody ping: " +
  'sysctl -w net.ipv4.ping_group_range="0 2147483647"';

/** What was read. */
export interface Received {
  bytes: Uint8Array;
  /** When the kernel took it in, ms since 1970 with fractions; 0 where it does not say. */
  atMs: number;
}

export class IcmpSocket {
  readonly kind: "datagram" | "raw";
  /** Whether what is read begins with the IP header. */
  readonly hasIpHeader: boolean;
  #libc: Libc;
  #fd: number;
  #buffer = new Uint8Array(2048);
  #time = new Uint8Array(16); // struct timespec: seconds, nanoseconds; 64 bits each

  private constructor(libc: Libc, fd: number, kind: "datagram" | "raw", version: 4 | 6) {
    this.#libc = libc;
    this.#fd = fd;
    this.kind = kind;
    this.hasIpHeader = kind === "raw" && version === 4; // raw(7)
  }

  /**
   * Opens a socket that sends to, and receives from, one address only.
   *
   * @param address 4 or 16 bytes.
   * @param scope Index of the interface for link-local IPv6 addresses, else 0.
   * @throws {SystemError} `refused` where neither kind is permitted; `failed` where there is no way there.
   */
  static open(libc: Libc, address: Uint8Array, scope: number): IcmpSocket {
    const version = address.length === 4 ? 4 : 6;
    let errno = 0;
    for (const kind of ["datagram", "raw"] as const) {
      const type = (kind === "datagram" ? SOCK_DGRAM : SOCK_RAW) | SOCK_NONBLOCK | SOCK_CLOEXEC;
      const [domain, protocol] = version === 4 ? [AF_INET, IPPROTO_ICMP] : [AF_INET6, IPPROTO_ICMPV6];
      const fd = libc.socket(domain, type, protocol);
      if (fd < 0) {
        errno = -fd;
        continue;
      }
      const socket = new IcmpSocket(libc, fd, kind, version);
      if (kind === "raw") socket.#wantAnswersOnly(version);
      const connected = libc.connect(fd, socketAddress(address, scope));
      if (connected < 0) {
        socket.close();
        throw new SystemError(
          "failed",
          `There is no way to that address: ${errnoName(-connected)}`,
          "Check the network, and for link-local IPv6 addresses name the interface: fe80::1%eth0",
        );
      }
      libc.ioctl(fd, SIOCGSTAMPNS, socket.#time); // the first call fails, and makes the kernel take times
      return socket;
    }
    throw new SystemError(
      isRefusal(errno) ? "refused" : "failed",
      isRefusal(errno) ? "Sending ICMP is not permitted" : `ICMP cannot be sent: ${errnoName(errno)}`,
      HINT,
    );
  }

  /** @returns 0, or the error's number, below 0: also that of an ICMP error that had come in. */
  send(message: Uint8Array<ArrayBuffer>): number {
    const result = this.#libc.send(this.#fd, message);
    return result < 0 ? result : 0;
  }

  /** The next packet, its bytes overwritten by the next call; null when there is none; an error's number below 0. */
  receive(): Received | number | null {
    const length = this.#libc.recv(this.#fd, this.#buffer, 0);
    if (length === -Errno.EAGAIN || length === -Errno.EINTR) return null;
    if (length < 0) return length;
    const known = this.#libc.ioctl(this.#fd, SIOCGSTAMPNS, this.#time) >= 0;
    return { bytes: this.#buffer.subarray(0, length), atMs: known ? timeMs(this.#time) : 0 };
  }

  /** May be called twice. */
  close(): void {
    if (this.#fd >= 0) this.#libc.close(this.#fd);
    this.#fd = -1;
  }

  /** A raw socket gets a copy of every ICMP packet there is, but for those that it does not want. */
  #wantAnswersOnly(version: 4 | 6): void {
    if (version === 4) {
      const filter = new Uint8Array(4);
      // echo reply (0), destination unreachable (3), time exceeded (11): the latter become errors of the socket
      new DataView(filter.buffer).setUint32(0, ~(1 << 0 | 1 << 3 | 1 << 11) >>> 0, true);
      this.#libc.setsockopt(this.#fd, SOL_RAW, ICMP_FILTER, filter);
    } else {
      const filter = new Uint8Array(32).fill(0xff);
      filter[129 >> 3] &= ~(1 << (129 & 7)); // echo reply, on little-endian machines
      this.#libc.setsockopt(this.#fd, IPPROTO_ICMPV6, ICMP6_FILTER, filter);
    }
  }
}

/** struct sockaddr_in or sockaddr_in6, netinet/in.h; family in host order, which is little-endian here. */
function socketAddress(address: Uint8Array, scope: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(address.length === 4 ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, address.length === 4 ? AF_INET : AF_INET6, true);
  bytes.set(address, address.length === 4 ? 4 : 8);
  if (address.length !== 4) view.setUint32(24, scope, true);
  return bytes;
}

function timeMs(time: Uint8Array<ArrayBuffer>): number {
  const view = new DataView(time.buffer);
  return Number(view.getBigInt64(0, true)) * 1000 + Number(view.getBigInt64(8, true)) / 1e6;
}
