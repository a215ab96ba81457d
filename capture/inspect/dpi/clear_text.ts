/** Datagrams whose bytes are in clear text: looked at for card numbers, each by itself. */
import type { FlowHandle } from "./contract.ts";

/** Hands a datagram to the card scanner: a text of its own, as the next may come in any order. */
export function scanDatagram(
  flow: FlowHandle,
  direction: number,
  bytes: Uint8Array,
  at: number,
  end: number,
): void {
  flow.scan(direction, 0, bytes, at, end, "plain");
  flow.scanEnd(direction, 0);
}
