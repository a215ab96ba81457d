/** Sleeps until packets are there: so that a quiet network costs next to nothing and a packet is seen at once. */
import { type Libpcap, loadLibpcap } from "./libpcap.ts";

/** struct pollfd: int fd; short events; short revents. */
const POLLFD_BYTES = 8;
const POLLIN = 1;

/** Waits for several devices at once. */
export class PacketWait {
  #libpcap: Libpcap | null = null;
  #request = new Int32Array(0);

  /**
   * Blocks the thread until one of the descriptors has something, at most `timeoutMs`.
   *
   * @param descriptors From `LiveCapture.descriptor`.
   * @returns Whether one has (or has an error, which reading then tells).
   */
  until(descriptors: readonly number[], timeoutMs: number): boolean {
    this.#libpcap ??= loadLibpcap();
    const size = descriptors.length * POLLFD_BYTES / 4;
    if (this.#request.length !== size) this.#request = new Int32Array(size);
    for (let n = 0; n < descriptors.length; n++) {
      this.#request[2 * n] = descriptors[n];
      this.#request[2 * n + 1] = POLLIN; // and revents 0, in its upper half
    }
    return this.#libpcap.poll(this.#request, BigInt(descriptors.length), timeoutMs) > 0;
  }
}
