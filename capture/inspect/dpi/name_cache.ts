/**
 * Names that addresses were seen to stand for: passive DNS, bounded.
 *
 * An answer to anyone on the wire names the address for everyone, which is a hint, not a finding: several names
 * share an address, and the last one told is kept.
 */
import { formatAddress } from "../../../model/address.ts";

const MAX_NAMES = 16_384;
/** An answer names later connections longer than its TTL says: programs keep addresses. */
const LEAST_SECONDS = 600;
const MOST_SECONDS = 86_400;

interface Named {
  name: string;
  untilUs: number;
}

export class NameCache {
  /** By address: IPv4 as its 32 bits, so that flows need no text to ask; any other as text. */
  #names = new Map<number | string, Named>();
  /** Names of addresses that are no IPv4 ones: while there are none, nobody's text is needed. */
  #others = 0;
  /** Names that had to go before their time. */
  evicted = 0;

  get size(): number {
    return this.#names.size;
  }

  /** @param address As `formatAddress` writes it. */
  learn(address: string, name: string, ttlSeconds: number, timeUs: number): void {
    const seconds = Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, ttlSeconds));
    const key = keyOf(address);
    this.#forget(key); // so that the order of the map is that of learning
    this.#names.set(key, { name, untilUs: timeUs + seconds * 1e6 });
    if (typeof key === "string") this.#others++;
    if (this.#names.size <= MAX_NAMES) return;
    this.#forget(this.#names.keys().next().value!);
    this.evicted++;
  }

  /** The name last told for the address at `at`; "" where there is none, or it is too old. */
  nameOf(bytes: Uint8Array, at: number, ipVersion: number, timeUs: number): string {
    let key: number | string;
    if (ipVersion === 4) key = bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
    else if (this.#others > 0) key = formatAddress(bytes, at, ipVersion);
    else return "";
    const named = this.#names.get(key);
    if (named === undefined) return "";
    if (named.untilUs >= timeUs) return named.name;
    this.#forget(key);
    return "";
  }

  #forget(key: number | string): void {
    if (this.#names.delete(key) && typeof key === "string") this.#others--;
  }
}

/** The 32 bits of an IPv4 address, signed; any other text as it is. */
function keyOf(address: string): number | string {
  let bits = 0;
  let part = 0;
  let dots = 0;
  for (let i = 0; i < address.length; i++) {
    const code = address.charCodeAt(i);
    if (code === 0x2e && part < 256) {
      bits = bits << 8 | part;
      part = 0;
      dots++;
    } else if (code >= 0x30 && code <= 0x39 && part < 100) part = part * 10 + code - 0x30;
    else return address;
  }
  return dots === 3 && part < 256 ? bits << 8 | part : address;
}
