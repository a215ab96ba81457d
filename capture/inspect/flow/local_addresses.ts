/**
 * Which addresses are "here": the machine's own where they are known, private networks where not (a file).
 *
 * Asked twice per packet, so the set is a small open-addressed table of words and allocates nothing when asked.
 */
import { isBroadcast, isMulticast, isPrivate, parseAddress } from "../../../model/address.ts";
import { isIpv4Mapped } from "../../../model/address.ts";

/** Addresses kept at most; a host with more containers than this shows the rest as strangers. */
export const MAX_LOCAL_ADDRESSES = 4096;

const WORDS = 5; // version, then the address

export class LocalAddresses {
  /** Whether no address was given, so that private ranges count as local. */
  byRange = true;
  #slots = 0;
  #table = new Int32Array(0);

  /** @param addresses Text; what is no address is left out. None: private ranges count. */
  constructor(addresses: readonly string[] = []) {
    this.set(addresses);
  }

  /** Replaces all addresses. */
  set(addresses: readonly string[]): void {
    const known = addresses.map(parseAddress).filter((bytes) => bytes !== null).slice(0, MAX_LOCAL_ADDRESSES);
    this.byRange = known.length === 0;
    let slots = 8;
    while (slots < 4 * known.length) slots *= 2; // at most a quarter full: a miss ends at once
    this.#slots = slots;
    this.#table = new Int32Array(slots * WORDS);
    const words = new Int32Array(4);
    const bytes = new Uint8Array(words.buffer);
    for (const address of known) {
      const mapped = address.length === 16 && isIpv4Mapped(address);
      words.fill(0);
      bytes.set(mapped ? address.subarray(12) : address);
      const version = address.length === 4 || mapped ? 4 : 6;
      const slot = this.#find(words, 0, version);
      this.#table[slot * WORDS] = version;
      this.#table.set(words, slot * WORDS + 1);
    }
  }

  /**
   * Whether the address whose words begin at `at` is local.
   *
   * @param bytes The memory of `words`; IPv4 uses its first word only.
   */
  has(words: Int32Array, bytes: Uint8Array, at: number, version: number): boolean {
    if (this.byRange) return isPrivate(bytes, 4 * at, version);
    return this.#table[this.#find(words, at, version) * WORDS] !== 0;
  }

  /**
   * Whether a packet to this address arrives here: as `has`, and groups. A group (multicast, broadcast) is heard by
   * this machine when a stranger speaks; of a file nothing is known but that groups stay near, so it is local.
   */
  hears(words: Int32Array, bytes: Uint8Array, at: number, version: number, fromLocal: boolean): boolean {
    if (isMulticast(bytes, 4 * at, version) || isBroadcast(bytes, 4 * at, version)) {
      return this.byRange || !fromLocal;
    }
    return this.has(words, bytes, at, version);
  }

  /** The slot that holds the address, or the free one where it would be. */
  #find(words: Int32Array, at: number, version: number): number {
    let hash = words[at];
    if (version === 6) {
      hash ^= Math.imul(words[at + 1] ^ Math.imul(words[at + 2] ^ words[at + 3], 0x2c1b3c6d), 3);
    }
    hash = Math.imul(hash, 0x9e3779b1 | 0);
    const mask = this.#slots - 1;
    for (let slot = (hash ^ hash >>> 15) & mask;; slot = (slot + 1) & mask) {
      const base = slot * WORDS;
      const table = this.#table;
      const found = table[base];
      if (found === 0) return slot;
      if (
        found === version && table[base + 1] === words[at] &&
        (version === 4 || (table[base + 2] === words[at + 1] && table[base + 3] === words[at + 2] &&
          table[base + 4] === words[at + 3]))
      ) return slot;
    }
  }
}
