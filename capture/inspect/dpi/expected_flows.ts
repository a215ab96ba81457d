/**
 * Flows that other ones announced, such as FTP's data connections: where they go, and what they will be.
 *
 * Every new flow is asked for while one is expected, so its port decides before any text is made of its address.
 */

/** Announcements that are kept; the oldest makes room. */
const MAX_EXPECTED = 1024;
/** An announcement holds for so long. */
const EXPECTED_US = 60e6;

interface Expected {
  port: number;
  protocol: string;
  untilUs: number;
}

export class ExpectedFlows {
  /** By address and port, the oldest first. */
  readonly #flows = new Map<string, Expected>();
  /** How many of them go to a port. */
  readonly #ports = new Map<number, number>();

  /** Whether one to this port is expected. */
  hasPort(port: number): boolean {
    return this.#ports.size > 0 && this.#ports.has(port);
  }

  /** @param address As `formatAddress` writes it. @param timeUs Of packets, now. */
  add(address: string, port: number, protocol: string, timeUs: number): void {
    const key = `${address} ${port}`;
    this.#remove(key);
    if (this.#flows.size >= MAX_EXPECTED) this.#remove(this.#flows.keys().next().value!);
    this.#flows.set(key, { port, protocol, untilUs: timeUs + EXPECTED_US });
    this.#ports.set(port, (this.#ports.get(port) ?? 0) + 1);
  }

  /** The protocol of the flow that has come; "" where none was announced, or too long ago. */
  take(address: string, port: number, timeUs: number): string {
    const expected = this.#remove(`${address} ${port}`);
    return expected !== undefined && expected.untilUs >= timeUs ? expected.protocol : "";
  }

  #remove(key: string): Expected | undefined {
    const expected = this.#flows.get(key);
    if (expected === undefined) return undefined;
    this.#flows.delete(key);
    const left = this.#ports.get(expected.port)! - 1;
    if (left === 0) this.#ports.delete(expected.port);
    else this.#ports.set(expected.port, left);
    return expected;
  }
}
