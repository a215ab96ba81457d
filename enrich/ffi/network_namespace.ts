/**
 * Looking into another network namespace without getting lost there.
 *
 * setns(2) moves the calling thread alone. A netlink socket belongs for ever to the namespace it was opened in, so
 * the thread is away just for the moment it takes to open one, in one synchronous call, and always goes home.
 */
import { type Libc, SystemError } from "./libc.ts";
import { isRefusal } from "./libc.ts";

const CLONE_NEWNET = 0x40000000; // linux/sched.h

/** The thread is in a foreign namespace and cannot come back: nothing it reads can be believed any more. */
export class NamespaceLostError extends Error {
  constructor(errno: number) {
    super(`The thread could not return to its own network namespace (error ${errno}); it must end now`);
    this.name = "NamespaceLostError";
  }
}

/** The namespace this thread was born in, held open. */
export class HomeNamespace {
  #libc: Libc;
  #home: number;

  /** @throws {SystemError} Where the kernel has no namespaces or /proc is not there. */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#home = libc.open("/proc/thread-self/ns/net");
    if (this.#home < 0) {
      throw new SystemError(
        isRefusal(-this.#home) ? "refused" : "failed",
        "The thread's own network namespace cannot be opened",
        "Mount /proc; containers' connections are not shown until then",
      );
    }
  }

  /**
   * Runs `act`, which must not wait, inside the network namespace of process `pid`.
   *
   * @param expected The namespace's inode: the process may have ended and its number been given away since.
   * @returns What `act` returned; a negative error number when the namespace could not be entered.
   * @throws {NamespaceLostError} When there is no way home. Let it end the thread.
   */
  visit<T extends object>(pid: number, expected: number, readInode: () => number, act: () => T): T | number {
    const target = this.#libc.open(`/proc/${pid}/ns/net`);
    if (target < 0) return target;
    try {
      const entered = this.#libc.setns(target, CLONE_NEWNET);
      if (entered < 0) return entered;
      try {
        return readInode() === expected ? act() : -3; // ESRCH: it is another's by now
      } finally {
        const restored = this.#libc.setns(this.#home, CLONE_NEWNET);
        // deno-lint-ignore no-unsafe-finally -- worse than whatever went wrong above
        if (restored < 0) throw new NamespaceLostError(-restored);
      }
    } finally {
      this.#libc.close(target);
    }
  }

  /** May be called twice. */
  close(): void {
    if (this.#home >= 0) this.#libc.close(this.#home);
    this.#home = -1;
  }
}
