/** Short hashes of addresses and ports, for tables that may err: a collision costs a little attention, nothing else. */

/** 32 bits of the address at `at`; `version` 4 or 6. */
export function hashOfAddress(bytes: Uint8Array, at: number, version: number): number {
  let h = bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
  if (version === 6) {
    for (let i = at + 4; i < at + 16; i += 4) {
      h = Math.imul(h, 0x9e3779b1) ^ (bytes[i] << 24 | bytes[i + 1] << 16 | bytes[i + 2] << 8 | bytes[i + 3]);
    }
  }
  return mix(h);
}

/** Mixes a number into a hash. */
export function hashWith(hash: number, value: number): number {
  return mix(hash ^ Math.imul(value + 1, 0x85ebca6b));
}

/** The finish of MurmurHash3. */
function mix(h: number): number {
  h = Math.imul(h ^ h >>> 16, 0x85ebca6b);
  h = Math.imul(h ^ h >>> 13, 0xc2b2ae35);
  return h ^ h >>> 16;
}
