/** The last minute of each interface, for its sparkline: the server keeps it for pages to come, each page goes on. */
import type { InterfaceStatus } from "./api.ts";

/** A rate a second each, bits per second, oldest first; at most `RATE_POINTS`. */
export interface RateHistory {
  in: number[];
  out: number[];
}

export const RATE_POINTS = 60;
/** Interfaces that have one: container hosts have hundreds. */
const MAX_INTERFACES = 64;

export type InterfaceRates = ReadonlyMap<string, RateHistory>;

/** With one more second; what is no interface any more is left out. */
export function withRates(before: InterfaceRates, faces: readonly InterfaceStatus[]): InterfaceRates {
  const after = new Map<string, RateHistory>();
  for (const { name, received_bits_per_second, sent_bits_per_second } of faces.slice(0, MAX_INTERFACES)) {
    const old = before.get(name);
    after.set(name, {
      in: [...old?.in ?? [], Math.round(received_bits_per_second)].slice(-RATE_POINTS),
      out: [...old?.out ?? [], Math.round(sent_bits_per_second)].slice(-RATE_POINTS),
    });
  }
  return after;
}
