/**
 * Whether an address or a name is on any of the user's lists. Addresses are looked up as numbers: first whether any
 * list has something in their /16, then by binary search.
 */
import { isGlobal } from "../../model/address.ts";
import { formatIpv4, formatIpv6 } from "../../model/address.ts";
import type { Blocklist } from "../../model/blocklist.ts";
import { compareWords } from "./list_builder.ts";
import { hashName, nameHash } from "./name_hash.ts";

/** Labels of a name that are tried: more than any listed name has. */
const MAX_LABELS = 10;

/** What was found. */
export interface Listing {
  list: string;
  /** `192.0.2.7`, `192.0.2.0/24`, `192.0.2.1-192.0.2.9`, `bad.example`. */
  entry: string;
}

export class Listed {
  readonly #lists: readonly Blocklist[];
  /** A bit for each /16 of IPv4 in which there is something. */
  readonly #blocks = new Uint8Array(8_192);
  readonly hasAddresses: boolean;
  readonly hasNames: boolean;
  readonly #hasIpv6: boolean;
  readonly #words = new Uint32Array(4);

  constructor(lists: readonly Blocklist[] = []) {
    this.#lists = lists;
    this.#hasIpv6 = lists.some(({ ipv6 }) => ipv6.length > 0);
    this.hasNames = lists.some(({ names }) => names.length > 0);
    this.hasAddresses = this.#hasIpv6 || lists.some(({ ipv4 }) => ipv4.length > 0);
    for (const { ipv4 } of lists) {
      for (let at = 0; at < ipv4.length; at += 2) {
        for (let block = ipv4[at] >>> 16; block <= ipv4[at + 1] >>> 16; block++) {
          this.#blocks[block >> 3] |= 1 << (block & 7);
        }
      }
    }
  }

  /**
   * The address at `at`. Private and other special addresses are found only where they are listed one by one: lists of
   * what should not come from outside (bogons) have them all.
   */
  address(bytes: Uint8Array, at: number, version: number): Listing | null {
    if (version === 4) {
      const block = bytes[at] << 8 | bytes[at + 1];
      if ((this.#blocks[block >> 3] & 1 << (block & 7)) === 0) return null;
    } else if (version !== 6 || !this.#hasIpv6) return null;
    const size = version === 4 ? 1 : 4;
    const words = this.#words;
    for (let i = 0; i < size; i++) {
      const from = at + 4 * i;
      words[i] = bytes[from] << 24 | bytes[from + 1] << 16 | bytes[from + 2] << 8 | bytes[from + 3];
    }
    for (const list of this.#lists) {
      const ranges = size === 1 ? list.ipv4 : list.ipv6;
      const found = rangeOf(ranges, words, size);
      if (found < 0) continue;
      const single = compareWords(ranges, found, ranges, found + size, size) === 0;
      if (single || isGlobal(bytes, at, version)) {
        return { list: list.name, entry: rangeText(ranges, found, size) };
      }
    }
    return null;
  }

  /** A name, or one above it. @param name Lower case. */
  name(name: string): Listing | null {
    let at = name.endsWith(".") ? -1 : 0;
    if (at < 0) name = name.slice(0, -1);
    at = 0;
    for (let labels = 1; labels <= MAX_LABELS; labels++) {
      const next = name.indexOf(".", at);
      if (next < 0) return null; // top level domains are not listed
      hashName(name, at);
      for (const list of this.#lists) {
        if (list.names.length > 0 && hasHash(list.names)) return { list: list.name, entry: name.slice(at) };
      }
      at = next + 1;
    }
    return null;
  }
}

/** Where the range lies that holds the address; -1 for none. */
function rangeOf(ranges: Uint32Array, address: Uint32Array, size: number): number {
  let low = 0;
  let high = ranges.length / (2 * size) - 1;
  while (low <= high) {
    const middle = low + high >>> 1;
    const at = middle * 2 * size;
    if (compareWords(address, 0, ranges, at, size) < 0) high = middle - 1;
    else if (compareWords(address, 0, ranges, at + size, size) > 0) low = middle + 1;
    else return at;
  }
  return -1;
}

/** Whether the table holds `nameHash`. */
function hasHash(slots: Uint32Array): boolean {
  const mask = slots.length / 2 - 1;
  for (let slot = nameHash[0] & mask; slots[2 * slot + 1] !== 0; slot = slot + 1 & mask) {
    if (slots[2 * slot] === nameHash[0] && slots[2 * slot + 1] === nameHash[1]) return true;
  }
  return false;
}

function rangeText(ranges: Uint32Array, at: number, size: number): string {
  const bytes = new Uint8Array(8 * size);
  for (let i = 0; i < 2 * size; i++) new DataView(bytes.buffer).setUint32(4 * i, ranges[at + i]);
  const half = 4 * size;
  const text = (from: number) => size === 1 ? formatIpv4(bytes, from) : formatIpv6(bytes, from);
  let same = 0;
  while (same < 8 * half && bit(bytes, same) === bit(bytes, 8 * half + same)) same++;
  if (same === 8 * half) return text(0);
  for (let i = same; i < 8 * half; i++) {
    if (bit(bytes, i) !== 0 || bit(bytes, 8 * half + i) !== 1) return `${text(0)}-${text(half)}`;
  }
  return `${text(0)}/${same}`;
}

function bit(bytes: Uint8Array, i: number): number {
  return bytes[i >> 3] >> 7 - (i & 7) & 1;
}
