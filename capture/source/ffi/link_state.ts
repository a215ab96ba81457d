/**
 * Whether a network interface is there and up. libpcap keeps silent about one that is merely down: its handle
 * stays open and gives nothing, until the interface comes up again.
 */
import { loadLibpcap } from "./libpcap.ts";

/** `unknown` where this system cannot be asked; libpcap's own errors have to do there. */
export type LinkState = "up" | "down" | "gone" | "unknown";

const AF_INET = 2, SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const SIOCGIFFLAGS = 0x8913n; // linux/sockios.h
/** struct ifreq: char ifr_name[16], then a union of which ifr_flags is an i16. */
const IFREQ_BYTES = 40, IFREQ_FLAGS = 16;
const IFF_UP = 1;

/** Asks the kernel about interfaces by name; costs about a microsecond each. */
export class LinkStates {
  #socket = -1;
  #request = new Uint8Array(IFREQ_BYTES);

  /** State of the interface called `name`. To be asked only where libpcap is loaded. */
  of(name: string): LinkState {
    if (Deno.build.os !== "linux") return "unknown";
    const libc = loadLibpcap();
    if (this.#socket < 0) this.#socket = libc.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0);
    if (this.#socket < 0) return "unknown";
    const bytes = new TextEncoder().encode(name);
    if (bytes.length >= IFREQ_FLAGS) return "gone"; // IFNAMSIZ: no interface has so long a name
    this.#request.fill(0);
    this.#request.set(bytes);
    if (libc.ioctl(this.#socket, SIOCGIFFLAGS, this.#request) !== 0) return "gone";
    const flags = new DataView(this.#request.buffer).getUint16(IFREQ_FLAGS, true); // Deno's targets are little-endian
    return flags & IFF_UP ? "up" : "down";
  }

  /** May be called twice. */
  close(): void {
    if (this.#socket >= 0) loadLibpcap().close(this.#socket);
    this.#socket = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
