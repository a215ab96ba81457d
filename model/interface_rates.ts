/** The last minute of each interface, for its sparkline: the server keeps it for pages to come, each page goes on. */
import type { InterfaceStatus } from "./api.ts";

/** A rate a second each, bits per second, oldest first; at most `RATE_POINTS`. */
export interface RateHistory {
  in: number[];
  out: number[];
}

/** A minute. */
export const RATE_POINTS = 60;
/** Interfaces that have one: container hosts have hundreds. */
const MAX_INTERFACES = 64;

/** By name. */
export type InterfaceRates = ReadonlyMap<string, RateHistory>;

/** As they are shown: captured ones first, those that are up, loopback last. */
export function inOrder(faces: readonly InterfaceStatus[]): InterfaceStatus[] {
  const rank = (f: InterfaceStatus) => (f.capture === "off" ? 4 : 0) + (f.up ? 0 : 2) + (f.loopback ? 1 : 0);
  return [...faces].sort((a, b) => rank(a) - rank(b) || a.index - b.index);
}

/** `before`, going on with `after`. */
export function joinRates(before: InterfaceRates, after: InterfaceRates): InterfaceRates {
  const joined = new Map(before);
  for (const [name, rates] of after) {
    const old = before.get(name);
    joined.set(name, {
      in: [...old?.in ?? [], ...rates.in].slice(-RATE_POINTS),
      out: [...old?.out ?? [], ...rates.out].slice(-RATE_POINTS),
    });
  }
  return joined;
}

/** With one more second; what is no interface any more is left out. */
export function withRates(before: InterfaceRates, faces: readonly InterfaceStatus[]): InterfaceRates {
  const after = new Map<string, RateHistory>();
  for (
    const { name, received_bits_per_second, sent_bits_per_second } of inOrder(faces).slice(0, MAX_INTERFACES)
  ) {
    const old = before.get(name);
    after.set(name, {
      in: [...old?.in ?? [], Math.round(received_bits_per_second)].slice(-RATE_POINTS),
      out: [...old?.out ?? [], Math.round(sent_bits_per_second)].slice(-RATE_POINTS),
    });
  }
  return after;
}
