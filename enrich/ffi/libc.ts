/**
 * The C library, fenced: the only `Deno.dlopen` of this room, behind functions that take numbers and bytes.
 *
 * Deno refuses `/proc` and `/sys` to a program without every permission, and it has no netlink. The system
 * worker holds the permission `ffi` and nothing else, so it asks the kernel itself. Linux only; elsewhere
 * `openLibc()` says so and the rest of the program stays up.
 */

/** Why the kernel cannot be asked here, in words a person can act on. */
export class SystemError extends Error {
  /** `unsupported`: not this operating system; `refused`: a permission is missing; `failed`: the rest. */
  code: "unsupported" | "refused" | "failed";
  /** The next step. */
  hint: string;

  constructor(code: SystemError["code"], message: string, hint: string, cause?: unknown) {
    super(message, { cause });
    this.name = "SystemError";
    this.code = code;
    this.hint = hint;
  }
}

/** Error numbers, asm-generic/errno-base.h and errno.h: the same on x86_64 and aarch64. */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EBADF: 9,
  EAGAIN: 11,
  EACCES: 13,
  EINVAL: 22,
  EMFILE: 24,
  ENOSYS: 38,
  EPROTONOSUPPORT: 93,
  ENETUNREACH: 101,
  ENOBUFS: 105,
  ECONNREFUSED: 111,
  EHOSTDOWN: 112,
  EHOSTUNREACH: 113,
} as const;

const ERRNO_NAMES = new Map<number, string>(Object.entries(Errno).map(([name, number]) => [number, name]));

/** "EPERM" or "error 71". */
export function errnoName(errno: number): string {
  return ERRNO_NAMES.get(errno) ?? `error ${errno}`;
}

/** Whether `errno` says that a permission is missing. */
export function isRefusal(errno: number): boolean {
  return errno === Errno.EPERM || errno === Errno.EACCES;
}

// ssize_t and long results that fit in 31 bits are declared i32: the calling conventions of x86_64 and aarch64
// return them in one register, -1 included, and an i64 would cost a BigInt for each call. For the same reason sizes are u32: an argument goes in a 64-bit
// register whose upper half both Deno's stubs and libffi clear, and no buffer here comes near 4 GiB.
const SYMBOLS = {
  socket: { parameters: ["i32", /* domain */ "i32", /* type */ "i32" /* protocol */], result: "i32" },
  bind: { parameters: ["i32", /* fd */ "buffer", /* sockaddr* */ "u32" /* socklen_t */], result: "i32" },
  connect: { parameters: ["i32", /* fd */ "buffer", /* sockaddr* */ "u32" /* socklen_t */], result: "i32" },
  setsockopt: {
    parameters: [
      "i32", /* fd */
      "i32", /* level */
      "i32", /* name */
      "buffer", /* void* */
      "u32", /* socklen_t */
    ],
    result: "i32",
  },
  send: { parameters: ["i32", "buffer", /* void* */ "u32", /* size_t */ "i32" /* flags */], result: "i32" },
  recv: { parameters: ["i32", "buffer", /* void* */ "u32", /* size_t */ "i32" /* flags */], result: "i32" },
  shutdown: { parameters: ["i32", /* fd */ "i32" /* how */], result: "i32" },
  openat: { parameters: ["i32", /* dirfd */ "buffer", /* char* */ "i32" /* flags */], result: "i32" },
  read: { parameters: ["i32", "buffer", /* void* */ "u32" /* size_t */], result: "i32" },
  readlinkat: {
    parameters: ["i32", /* dirfd */ "buffer", /* char* */ "buffer", /* char* */ "u32" /* size_t */],
    result: "i32",
  },
  close: { parameters: ["i32"], result: "i32" },
  setns: { parameters: ["i32", /* fd */ "i32" /* nstype */], result: "i32" },
  sysconf: { parameters: ["i32"], result: "i32" },
  syscall3: {
    // getdents64 has a wrapper only since glibc 2.30, and musl dropped the name: so by number.
    name: "syscall",
    parameters: ["u32", /* long number */ "u32", /* long */ "buffer", /* linux_dirent64* */ "u32" /* long */],
    result: "i32",
  },
  perfEventOpen: {
    name: "syscall",
    parameters: [
      "u32", /* long number */
      "buffer", /* struct perf_event_attr* */
      "i32", /* pid */
      "i32", /* cpu */
      "i32", /* group fd */
      "u32", /* unsigned long flags */
    ],
    result: "i32",
  },
  fsopen: {
    name: "syscall",
    parameters: ["u32", /* long number */ "buffer", /* char* */ "u32" /* flags */],
    result: "i32",
  },
  fsconfig: {
    name: "syscall",
    parameters: [
      "u32", /* long number */
      "i32", /* fd */
      "u32", /* command */
      "pointer", /* char* */
      "pointer", /* void* */
      "i32", /* aux */
    ],
    result: "i32",
  },
  fsmount: {
    name: "syscall",
    parameters: ["u32", /* long number */ "i32", /* fd */ "u32", /* flags */ "u32" /* attributes */],
    result: "i32",
  },
  ioctlNumber: {
    name: "ioctl",
    parameters: ["i32", "u32", /* unsigned long */ "i32" /* long */],
    result: "i32",
  },
  ioctl: { parameters: ["i32", "u32", /* unsigned long */ "buffer" /* void* */], result: "i32" },
  mmap: {
    parameters: [
      "pointer", /* void* */
      "u32", /* size_t */
      "i32", /* prot */
      "i32", /* flags */
      "i32", /* fd */
      "u32", /* off_t */
    ],
    result: "pointer",
  },
  munmap: { parameters: ["pointer", /* void* */ "u32" /* size_t */], result: "i32" },
  poll: {
    parameters: ["pointer", /* struct pollfd* */ "u32", /* nfds_t */ "i32" /* ms */],
    result: "i32",
    nonblocking: true, // waits on another thread
  },
  clock_gettime: { parameters: ["i32", /* clockid_t */ "buffer" /* timespec* */], result: "i32" },
  errnoLocation: { name: "__errno_location", parameters: [], result: "pointer" /* int* */ },
} as const satisfies Deno.ForeignLibraryInterface;

// Numbers of getdents64: arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h.
const SYS_GETDENTS64 = Deno.build.arch === "x86_64" ? 217 : 61;

const SYS_PERF_EVENT_OPEN = Deno.build.arch === "x86_64" ? 298 : 241;
const SYS_FSOPEN = 430; // these three have one number everywhere
const SYS_FSCONFIG = 431;
const SYS_FSMOUNT = 432;
const FSCONFIG_CMD_CREATE = 6; // linux/mount.h
const FS_CLOEXEC = 1; // FSOPEN_CLOEXEC and FSMOUNT_CLOEXEC, linux/mount.h

const PROT_READ_WRITE = 3; // asm-generic/mman-common.h
const MAP_SHARED = 1;
const MAP_PRIVATE_ANONYMOUS = 0x22;

const SHUT_RDWR = 2; // sys/socket.h
const AT_FDCWD = -100; // fcntl.h
const O_RDONLY = 0;
const O_DIRECTORY = Deno.build.arch === "x86_64" ? 0o200000 : 0o40000; // asm/fcntl.h; differs on arm
const O_CLOEXEC = 0o2000000;
const CLOCK_REALTIME = 0;
const CLOCK_BOOTTIME = 7; // linux/time.h: goes on during suspend, as starttime in /proc/PID/stat does
const SC_CLK_TCK = 2; // bits/confname.h

/** Longest path handed to the kernel here; paths are made of `/proc`, numbers and short names. */
const MAX_PATH_BYTES = 4096;

const encoder = new TextEncoder();

/** Memory that is not JavaScript's. `bytes` must not be touched after `unmap()`. */
export class MappedMemory {
  readonly pointer: Deno.PointerObject;
  readonly bytes: ArrayBuffer;
  #unmap: ((at: Deno.PointerObject) => void) | null;

  constructor(pointer: Deno.PointerObject, bytes: number, unmap: (at: Deno.PointerObject) => void) {
    this.pointer = pointer;
    this.bytes = Deno.UnsafePointerView.getArrayBuffer(pointer, bytes);
    this.#unmap = unmap;
  }

  /** May be called twice. */
  unmap(): void {
    this.#unmap?.(this.pointer);
    this.#unmap = null;
  }
}

/** A loaded C library. Results below 0 are `-errno`, as system calls themselves give them. Not for sharing. */
export class Libc {
  #library: Deno.DynamicLibrary<typeof SYMBOLS>;
  #call: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
  #errno: Deno.UnsafePointerView;
  #path = new Uint8Array(MAX_PATH_BYTES);
  #closed = false;

  constructor(library: Deno.DynamicLibrary<typeof SYMBOLS>) {
    this.#library = library;
    this.#call = library.symbols;
    // errno lives as long as its thread, and an isolate never changes its thread: one look-up is enough.
    const location = library.symbols.errnoLocation();
    if (location === null) throw new SystemError("failed", "The C library has no errno", "Report this");
    this.#errno = new Deno.UnsafePointerView(location);
  }

  socket(domain: number, type: number, protocol: number): number {
    return this.#result(this.#call.socket(domain, type, protocol));
  }

  bind(fd: number, address: Uint8Array<ArrayBuffer>): number {
    return this.#result(this.#call.bind(fd, address, address.length));
  }

  connect(fd: number, address: Uint8Array<ArrayBuffer>): number {
    return this.#result(this.#call.connect(fd, address, address.length));
  }

  setsockopt(fd: number, level: number, name: number, value: Uint8Array<ArrayBuffer>): number {
    return this.#result(this.#call.setsockopt(fd, level, name, value, value.length));
  }

  send(fd: number, bytes: Uint8Array<ArrayBuffer>): number {
    return this.#result(this.#call.send(fd, bytes, bytes.length, 0));
  }

  /** @returns Bytes received; with MSG_TRUNC among `flags` the message's length, even beyond `into`. */
  recv(fd: number, into: Uint8Array<ArrayBuffer>, flags: number): number {
    return this.#result(this.#call.recv(fd, into, into.length, flags));
  }

  /** Ends a connection in both directions; its descriptor stays with whoever holds it. */
  shutdown(fd: number): number {
    return this.#result(this.#call.shutdown(fd, SHUT_RDWR));
  }

  /** Opens for reading, close-on-exec. `path` is absolute, or relative to `directory` (a descriptor). */
  open(path: string, directory: number = AT_FDCWD): number {
    if (!this.#setPath(path)) return -Errno.EINVAL;
    return this.#result(this.#call.openat(directory, this.#path, O_RDONLY | O_CLOEXEC));
  }

  openDirectory(path: string): number {
    if (!this.#setPath(path)) return -Errno.EINVAL;
    return this.#result(this.#call.openat(AT_FDCWD, this.#path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }

  read(fd: number, into: Uint8Array<ArrayBuffer>): number {
    return this.#result(this.#call.read(fd, into, into.length));
  }

  /** Target of a symbolic link, cut to `into`. */
  readLink(path: string, into: Uint8Array<ArrayBuffer>): number {
    if (!this.#setPath(path)) return -Errno.EINVAL;
    return this.#result(this.#call.readlinkat(AT_FDCWD, this.#path, into, into.length));
  }

  /** As `readLink`, for a name (bytes up to a NUL) in an open directory: no string is made. */
  readLinkAt(directory: number, name: Uint8Array<ArrayBuffer>, into: Uint8Array<ArrayBuffer>): number {
    return this.#result(this.#call.readlinkat(directory, name, into, into.length));
  }

  /** Records of `struct linux_dirent64`, as many as fit; 0 at the end. */
  getdents(fd: number, into: Uint8Array<ArrayBuffer>): number {
    return this.#result(this.#call.syscall3(SYS_GETDENTS64, fd, into, into.length));
  }

  close(fd: number): void {
    this.#call.close(fd);
  }

  /** Moves the calling thread, and no other, into the namespace behind `fd`. */
  setns(fd: number, kind: number): number {
    return this.#result(this.#call.setns(fd, kind));
  }

  /**
   * Mounts a pseudo file system where nobody else can see it: no path leads there, and it is gone once the
   * descriptor is closed. For tracefs on machines that have not mounted it.
   *
   * @returns A directory descriptor; needs CAP_SYS_ADMIN and Linux 5.2.
   */
  mountDetached(type: string): number {
    if (!this.#setPath(type)) return -Errno.EINVAL;
    const context = this.#result(this.#call.fsopen(SYS_FSOPEN, this.#path, FS_CLOEXEC));
    if (context < 0) return context;
    let result = this.#result(this.#call.fsconfig(SYS_FSCONFIG, context, FSCONFIG_CMD_CREATE, null, null, 0));
    if (result >= 0) result = this.#result(this.#call.fsmount(SYS_FSMOUNT, context, FS_CLOEXEC, 0));
    this.#call.close(context);
    return result;
  }

  /** @param attributes `struct perf_event_attr`. All processes on one processor. */
  perfEventOpen(attributes: Uint8Array<ArrayBuffer>, cpu: number, flags: number): number {
    return this.#result(this.#call.perfEventOpen(SYS_PERF_EVENT_OPEN, attributes, -1, cpu, -1, flags));
  }

  /** `argument` is what the request points to; empty for none. */
  ioctl(fd: number, request: number, argument: Uint8Array<ArrayBuffer>): number {
    return this.#result(this.#call.ioctl(fd, request, argument));
  }

  /** As `ioctl`, for requests that take a number in the pointer's place. */
  ioctlNumber(fd: number, request: number, argument: number): number {
    return this.#result(this.#call.ioctlNumber(fd, request, argument));
  }

  /** Memory shared with the kernel through `fd`, or of our own with -1; `null` when there is none to be had. */
  map(fd: number, bytes: number): MappedMemory | null {
    const flags = fd < 0 ? MAP_PRIVATE_ANONYMOUS : MAP_SHARED;
    const pointer = this.#call.mmap(null, bytes, PROT_READ_WRITE, flags, fd, 0);
    // MAP_FAILED is (void*) -1.
    if (pointer === null || BigInt.asIntN(64, Deno.UnsafePointer.value(pointer)) === -1n) return null;
    return new MappedMemory(pointer, bytes, (at) => this.#call.munmap(at, bytes));
  }

  /**
   * Waits, on another thread, until one of the `count` entries of `struct pollfd` in `memory` has something.
   * The memory must stay mapped until the answer: that is why it is not a JavaScript buffer, which would go with
   * its isolate.
   */
  poll(memory: MappedMemory, count: number, timeoutMs: number): Promise<number> {
    return this.#call.poll(memory.pointer, count, timeoutMs);
  }

  /** Ticks a second that /proc/PID/stat counts in. */
  clockTicks(): number {
    const ticks = this.#call.sysconf(SC_CLK_TCK);
    return ticks > 0 ? ticks : 100;
  }

  /** Milliseconds since the machine was switched on, suspend included; 0 when the kernel does not say. */
  bootClockMs(): number {
    return this.#clockMs(CLOCK_BOOTTIME);
  }

  /** Milliseconds since 1970 with fractions, on the clock that the kernel times packets by. */
  realClockMs(): number {
    return this.#clockMs(CLOCK_REALTIME);
  }

  /** May be called twice. */
  dispose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#library.close();
  }

  #clockMs(clock: number): number {
    const time = new BigInt64Array(2); // struct timespec: seconds, nanoseconds; both 64 bits on our platforms
    if (this.#call.clock_gettime(clock, time) !== 0) return 0;
    return Number(time[0]) * 1000 + Number(time[1]) / 1e6;
  }

  #result(value: number): number {
    return value >= 0 ? value : -this.#errno.getInt32(0);
  }

  #setPath(path: string): boolean {
    const { read, written } = encoder.encodeInto(path, this.#path.subarray(0, MAX_PATH_BYTES - 1));
    this.#path[written] = 0;
    return read === path.length && !path.includes("\0");
  }
}

/**
 * Loads the C library.
 *
 * @throws {SystemError} `unsupported` away from Linux on x86_64 and aarch64, `refused` without permission `ffi`.
 */
export function openLibc(): Libc {
  if (Deno.build.os !== "linux") {
    throw new SystemError(
      "unsupported",
      `Sockets and processes cannot be read on "${Deno.build.os}" yet`,
      "Packets are captured all the same; run Netpane on Linux to see the programs behind them",
    );
  }
  const causes: unknown[] = [];
  for (const name of ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`]) {
    try {
      return new Libc(Deno.dlopen(name, SYMBOLS));
    } catch (cause) {
      if (cause instanceof SystemError) throw cause;
      causes.push(cause);
    }
  }
  const refused = causes.some((cause) => cause instanceof Deno.errors.NotCapable);
  throw new SystemError(
    refused ? "refused" : "failed",
    refused ? "The C library may not be loaded" : 'The C library "libc.so.6" cannot be loaded',
    refused ? "Start Deno with --allow-ffi" : "Netpane needs glibc or musl; check the Deno installation",
    new AggregateError(causes),
  );
}
