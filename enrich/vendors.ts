/**
 * Who made a network card: the first bytes of its hardware address, in the registry of the IEEE as `oui-data` has it
 * (npm; BSD-2-Clause). Addresses that a device made up for itself have no maker, and say so by a bit.
 */

/** Relative to this file it is found in the project and inside a compiled program alike. */
const REGISTRY = new URL("../node_modules/oui-data/index.json", import.meta.url);
/** Lengths of prefixes that the IEEE gives out, in hexadecimal digits: MA-S, MA-M, MA-L. */
const LENGTHS = [9, 7, 6];
/** Longest name told. */
const MAX_NAME = 80;
/** Addresses that are no card's but a protocol's, RFC 9542 §2.1 and IEEE 802.1: they would name the wrong maker. */
const VIRTUAL: [RegExp, string][] = [
  [/^00005e0001/, "VRRP virtual router"],
  [/^00005e0002/, "VRRP virtual router (IPv6)"],
  [/^00000c07ac/, "HSRP virtual router"],
  [/^00000c9ff/, "HSRP virtual router"],
];

export class Vendors {
  /** Name by prefix in upper-case hexadecimal digits. */
  #names = new Map<string, string>();

  /** Prefixes known. */
  get size(): number {
    return this.#names.size;
  }

  /** Reads the registry that comes with Netpane. @throws When it cannot be read, or makes no sense. */
  async load(url: URL = REGISTRY): Promise<void> {
    this.use(JSON.parse(await Deno.readTextFile(url)));
  }

  /** Takes a registry: prefixes with what the IEEE has of each, of which the first line is the name. */
  use(registry: Record<string, string>): void {
    const once = new Map<string, string>();
    const names = new Map<string, string>();
    for (const [prefix, text] of Object.entries(registry)) {
      const name = text.split("\n", 1)[0].trim().slice(0, MAX_NAME);
      let kept = once.get(name);
      if (kept === undefined) once.set(name, kept = name);
      names.set(prefix, kept);
    }
    this.#names = names;
  }

  /**
   * The maker of a card.
   *
   * @param mac Colon-separated.
   * @returns "" where it is not known, and for addresses that were made up.
   */
  of(mac: string): string {
    const digits = mac.replaceAll(":", "").toLowerCase();
    if (digits.length !== 12 || isMadeUp(mac)) return "";
    const virtual = VIRTUAL.find(([pattern]) => pattern.test(digits));
    if (virtual !== undefined) return virtual[1];
    const upper = digits.toUpperCase();
    for (const length of LENGTHS) {
      const name = this.#names.get(upper.slice(0, length));
      if (name !== undefined) return name;
    }
    return "";
  }
}

/** Whether an address is locally administered: bit 1 of the first byte, IEEE 802-2014 §8.2. */
export function isMadeUp(mac: string): boolean {
  return (parseInt(mac.slice(0, 2), 16) & 2) !== 0;
}
