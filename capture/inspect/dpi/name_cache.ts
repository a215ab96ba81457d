/**
 * Names that addresses were seen to stand for: passive DNS, bounded.
 *
 * An answer to anyone on the wire names the address for everyone, which is a hint, not a finding: several names
 * share an address, and the last one told is kept.
 */
const MAX_NAMES = 16_384;
/** An answer names later connections longer than its TTL says: programs keep addresses. */
const LEAST_SECONDS = 600;
const MOST_SECONDS = 86_400;

interface Named {
  name: string;
  untilUs: number;
}

export class NameCache {
  #names = new Map<string, Named>();
  /** Names that had to go before their time. */
  evicted = 0;

  get size(): number {
    return this.#names.size;
  }

  learn(address: string, name: string, ttlSeconds: number, timeUs: number): void {
    const seconds = Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, ttlSeconds));
    this.#names.delete(address); // so that the order of the map is that of learning
    this.#names.set(address, { name, untilUs: timeUs + seconds * 1e6 });
    if (this.#names.size <= MAX_NAMES) return;
    this.#names.delete(this.#names.keys().next().value!);
    this.evicted++;
  }

  /** The name last told for an address; "" where there is none, or it is too old. */
  nameOf(address: string, timeUs: number): string {
    const named = this.#names.get(address);
    if (named === undefined) return "";
    if (named.untilUs >= timeUs) return named.name;
    this.#names.delete(address);
    return "";
  }
}
