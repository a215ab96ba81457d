/** Reading `/proc` with the C library: small files, links, and the sockets among a process's open files. */
import { Errno, type Libc } from "./libc.ts";

/** Longest file read here; /proc/PID/status has about 1.5 KB, a command line may have megabytes: it is cut. */
const FILE_BYTES = 256 * 1024;
const LINK_BYTES = 4096; // PATH_MAX, linux/limits.h
const DIRECTORY_BYTES = 32 * 1024;
/** Open files looked at in one process. */
export const MAX_FILES_PER_PROCESS = 65_536;

// struct linux_dirent64, include/linux/dirent.h: u64 inode, s64 offset, u16 record length, u8 type, name.
const DIRENT_INODE = 0;
const DIRENT_LENGTH = 16;
const DIRENT_NAME = 19;

const ZERO = 0x30; // "0"
const NINE = 0x39;
/** "socket:[" as readlink(2) gives it for an open socket, net/socket.c sockfs_dname. */
const SOCKET_PREFIX = new TextEncoder().encode("socket:[");

/** What `listPids()` found: `count` of each are used. Reused by the next call. */
export interface PidList {
  count: number;
  pid: Int32Array;
  /** Inode number of /proc/PID: changes when the number was given to another process. Exact up to 2^53. */
  inode: Float64Array;
}

/** `/proc` through one pair of buffers. Results below 0 are `-errno`. */
export class ProcFiles {
  #libc: Libc;
  #file = new Uint8Array(FILE_BYTES);
  #link = new Uint8Array(LINK_BYTES);
  #directory = new Uint8Array(DIRECTORY_BYTES);
  #entries = new DataView(this.#directory.buffer);
  #name = new Uint8Array(24); // digits of a number and a NUL
  #pids: PidList = { count: 0, pid: new Int32Array(1024), inode: new Float64Array(1024) };
  #decoder = new TextDecoder();

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Why the last `readText` or `readLink` gave `null`: a positive error number. */
  errno = 0;

  /**
   * Up to `maxBytes` of a file as text (UTF-8, bad bytes replaced); `null` with `errno` set.
   *
   * @param directory Descriptor that a relative path starts from.
   */
  readText(path: string, maxBytes: number = FILE_BYTES, directory?: number): string | null {
    const fd = this.#libc.open(path, directory);
    if (fd < 0) {
      this.errno = -fd;
      return null;
    }
    let length = 0;
    const most = Math.min(maxBytes, FILE_BYTES);
    while (length < most) { // /proc hands out a page or so at a time
      const got = this.#libc.read(fd, length === 0 ? this.#file : this.#file.subarray(length));
      if (got === -Errno.EINTR) continue;
      if (got < 0 && length === 0) {
        this.#libc.close(fd);
        this.errno = -got;
        return null;
      }
      if (got <= 0) break;
      length += got;
    }
    this.#libc.close(fd);
    return this.#decoder.decode(this.#file.subarray(0, Math.min(length, most)));
  }

  /**
   * Calls `visit` with each line of a file of any length, until it says no.
   *
   * @returns 0; below 0 `-errno`.
   */
  eachLine(path: string, visit: (line: string) => boolean): number {
    const fd = this.#libc.open(path);
    if (fd < 0) return fd;
    let rest = "";
    let more = true;
    while (more) {
      const got = this.#libc.read(fd, this.#file);
      if (got === -Errno.EINTR) continue;
      if (got <= 0) break;
      const lines = (rest + this.#decoder.decode(this.#file.subarray(0, got))).split("\n");
      rest = (lines.pop() ?? "").slice(0, LINK_BYTES);
      more = lines.every((line) => visit(line));
    }
    if (more && rest !== "") visit(rest);
    this.#libc.close(fd);
    return 0;
  }

  /** Target of a symbolic link; `null` with `errno` set. */
  readLink(path: string): string | null {
    const length = this.#libc.readLink(path, this.#link);
    if (length < 0) {
      this.errno = -length;
      return null;
    }
    return this.#decoder.decode(this.#link.subarray(0, length));
  }

  /** Number in a link such as "net:[4026531840]"; below 0 `-errno`. */
  readLinkNumber(path: string): number {
    const length = this.#libc.readLink(path, this.#link);
    return length < 0 ? length : bracketedNumber(this.#link, length);
  }

  /** All processes there are, ascending. */
  listPids(): PidList | null {
    const fd = this.#libc.openDirectory("/proc");
    if (fd < 0) {
      this.errno = -fd;
      return null;
    }
    const list = this.#pids;
    list.count = 0;
    this.#eachNumber(fd, (pid, at) => {
      if (list.count === list.pid.length) growPids(list);
      list.pid[list.count] = pid;
      list.inode[list.count] = Number(this.#entries.getBigUint64(at + DIRENT_INODE, true));
      list.count++;
      return true;
    });
    this.#libc.close(fd);
    return list;
  }

  /**
   * Appends the inodes of all sockets that a process holds open.
   *
   * @returns Open files looked at; below 0 `-errno` (EACCES: another user's process).
   */
  socketInodes(pid: number, into: number[]): number {
    return this.eachSocket(pid, (_descriptor, inode) => into.push(inode));
  }

  /**
   * Calls `visit` with descriptor and inode of each socket that a process holds open; the descriptor means something
   * in that process only.
   *
   * @returns As `socketInodes()`.
   */
  eachSocket(pid: number, visit: (descriptor: number, inode: number) => void): number {
    const fd = this.#libc.openDirectory(`/proc/${pid}/fd`);
    if (fd < 0) return fd;
    let files = 0;
    const name = this.#name;
    this.#eachNumber(fd, (number, at) => {
      let n = 0;
      const nameAt = at + DIRENT_NAME;
      while (n < name.length - 1 && this.#directory[nameAt + n] !== 0) {
        name[n] = this.#directory[nameAt + n];
        n++;
      }
      name[n] = 0;
      const length = this.#libc.readLinkAt(fd, name, this.#link);
      if (length > SOCKET_PREFIX.length && isSocket(this.#link)) {
        const inode = bracketedNumber(this.#link, length);
        if (inode > 0) visit(number, inode);
      }
      return ++files < MAX_FILES_PER_PROCESS;
    });
    this.#libc.close(fd);
    return files;
  }

  /** Calls `visit` for each entry whose name is a number, until it says no; `at` is the record in #directory. */
  #eachNumber(fd: number, visit: (number: number, at: number) => boolean): void {
    while (true) {
      const length = this.#libc.getdents(fd, this.#directory);
      if (length <= 0) return;
      let at = 0;
      while (at + DIRENT_NAME < length) {
        const recordLength = this.#entries.getUint16(at + DIRENT_LENGTH, true);
        if (recordLength <= DIRENT_NAME) return; // never from a sane kernel; would not end
        const number = leadingNumber(this.#directory, at + DIRENT_NAME, Math.min(at + recordLength, length));
        if (number >= 0 && !visit(number, at)) return;
        at += recordLength;
      }
    }
  }
}

function growPids(list: PidList): void {
  const pid = new Int32Array(list.pid.length * 2);
  const inode = new Float64Array(list.pid.length * 2);
  pid.set(list.pid);
  inode.set(list.inode);
  list.pid = pid;
  list.inode = inode;
}

/** A NUL-ended name made of digits alone; else -1. */
function leadingNumber(bytes: Uint8Array, at: number, end: number): number {
  let number = 0;
  let i = at;
  for (; i < end && bytes[i] !== 0; i++) {
    if (bytes[i] < ZERO || bytes[i] > NINE) return -1;
    number = number * 10 + (bytes[i] - ZERO);
  }
  return i > at ? number : -1;
}

function isSocket(link: Uint8Array): boolean {
  for (let i = 0; i < SOCKET_PREFIX.length; i++) if (link[i] !== SOCKET_PREFIX[i]) return false;
  return true;
}

/** The number between "[" and "]" at the end of a link's target; 0 where there is none. */
function bracketedNumber(link: Uint8Array, length: number): number {
  let i = length - 2; // before "]"
  let number = 0;
  let scale = 1;
  for (; i >= 0 && link[i] >= ZERO && link[i] <= NINE; i--) {
    number += (link[i] - ZERO) * scale;
    scale *= 10;
  }
  return number;
}
