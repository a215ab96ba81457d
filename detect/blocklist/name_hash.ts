/**
 * Names as 64 bits, so that a million of them take 16 MB and not a hundred. Two names with the same 64 bits among a
 * million are expected once in 10^13 questions.
 */

/** [0] and [1]: the hash of the name at hand. Never both nought. */
export const nameHash = new Uint32Array(2);

/**
 * Hashes the end of `name` from `at` on into `nameHash`: two FNV-1a of 32 bits with different beginnings, each stirred
 * at the end (the finalizer of MurmurHash3).
 */
export function hashName(name: string, at = 0): void {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = at; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b);
    b ^= b >>> 15;
  }
  nameHash[0] = stir(a);
  nameHash[1] = stir(b) || 1;
}

function stir(hash: number): number {
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return hash ^ hash >>> 16;
}
