/**
 * What addresses are called, and where each name was learnt: from traffic alone, nobody is asked.
 *
 * Names are kept apart from hosts: an answer of a name server comes before the first packet to the host it names.
 */
import type { NameSource, SeenName } from "../../model/inventory.ts";
import { Recent } from "./recent.ts";

/** Addresses whose names are kept; the one named longest ago goes. */
export const MAX_NAMED = 20_000;
/** Names of one address; the one seen longest ago goes. Big web hosts have thousands. */
const MAX_NAMES = 12;
/** Longest name, RFC 1035 §2.3.4. */
const MAX_LENGTH = 253;

/**
 * What is believed first as *the* name: what a device says of itself, what name servers answer and clients ask for in
 * TLS, what stands in a request (anybody can write anything there), what reverse DNS says.
 */
const RANKS: Record<NameSource, number> = {
  dhcp: 0,
  mdns: 1,
  netbios: 1,
  llmnr: 1,
  dns: 2,
  sni: 2,
  traffic: 3,
  http: 4,
  reverse_dns: 5,
};
/** Sources that name this machine truly: strangers may ask for any name here. */
const OWN_SOURCES: NameSource[] = ["dhcp", "mdns", "netbios", "llmnr", "dns"];

export class HostNames {
  readonly table: Recent<SeenName[]>;

  constructor(capacity = MAX_NAMED) {
    this.table = new Recent(capacity);
  }

  /** Notes a name of an address. @param atMs Packet time. */
  learn(address: string, name: string, from: NameSource, atMs: number): void {
    if (name === "" || name === address) return;
    const names = this.table.get(address) ?? [];
    this.table.touch(address, names);
    noteName(names, name, from, atMs);
  }

  /** Names of an address, the best first; empty where none is known. */
  of(address: string): SeenName[] {
    return sortedNames(this.table.get(address) ?? []);
  }

  /** The best of its names; null where there is none. */
  best(address: string, own: boolean): SeenName | null {
    let best: SeenName | null = null;
    for (const seen of this.table.get(address) ?? []) {
      if (own && !OWN_SOURCES.includes(seen.from)) continue;
      if (best === null || compareNames(seen, best) < 0) best = seen;
    }
    return best;
  }
}

/** Puts a name into a bounded list. */
export function noteName(names: SeenName[], name: string, from: NameSource, atMs: number): void {
  if (name === "") return;
  const cut = name.slice(0, MAX_LENGTH);
  const known = names.find((seen) => seen.from === from && seen.name === cut);
  if (known !== undefined) {
    known.last = Math.max(known.last, atMs);
    return;
  }
  if (names.length >= MAX_NAMES) {
    let oldest = 0;
    for (let i = 1; i < names.length; i++) if (names[i].last < names[oldest].last) oldest = i;
    names.splice(oldest, 1);
  }
  names.push({ name: cut, from, first: atMs, last: atMs });
}

/** The best first. */
export function sortedNames(names: readonly SeenName[]): SeenName[] {
  return [...names].sort(compareNames);
}

function compareNames(a: SeenName, b: SeenName): number {
  return RANKS[a.from] - RANKS[b.from] || b.last - a.last;
}
