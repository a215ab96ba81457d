/**
 * SHA-1 (FIPS 180-4 §6.1) in plain JavaScript, for Community IDs: see block_hash.ts. Names things, protects nothing.
 */
import { absorb, type BlockHash, hashBytes } from "./block_hash.ts";

const schedule = new Int32Array(80);

const SHA1: BlockHash = {
  state: new Int32Array(5),
  initial: Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0),
  littleEndian: false,
  compress: compressSha1,
};

/** SHA-1 of `bytes[at..end)`: 20 bytes of one's own. */
export function sha1(bytes: Uint8Array, at = 0, end: number = bytes.length): Uint8Array<ArrayBuffer> {
  return hashBytes(SHA1, bytes, at, end);
}

/** As `sha1`, in five words that hold until the next call. */
export function sha1Words(bytes: Uint8Array, at: number, end: number): Int32Array {
  SHA1.state.set(SHA1.initial);
  absorb(SHA1, bytes, at, end, 0);
  return SHA1.state;
}

function compressSha1(state: Int32Array, block: Int32Array): void {
  const w = schedule;
  for (let i = 0; i < 16; i++) w[i] = block[i];
  for (let i = 16; i < 80; i++) {
    const x = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16];
    w[i] = x << 1 | x >>> 31;
  }
  let a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
  for (let i = 0; i < 20; i++) {
    const t = (a << 5 | a >>> 27) + (b & c | ~b & d) + e + 0x5a827999 + w[i] | 0;
    e = d, d = c, c = b << 30 | b >>> 2, b = a, a = t;
  }
  for (let i = 20; i < 40; i++) {
    const t = (a << 5 | a >>> 27) + (b ^ c ^ d) + e + 0x6ed9eba1 + w[i] | 0;
    e = d, d = c, c = b << 30 | b >>> 2, b = a, a = t;
  }
  for (let i = 40; i < 60; i++) {
    const t = (a << 5 | a >>> 27) + (b & c | b & d | c & d) + e + (0x8f1bbcdc | 0) + w[i] | 0;
    e = d, d = c, c = b << 30 | b >>> 2, b = a, a = t;
  }
  for (let i = 60; i < 80; i++) {
    const t = (a << 5 | a >>> 27) + (b ^ c ^ d) + e + (0xca62c1d6 | 0) + w[i] | 0;
    e = d, d = c, c = b << 30 | b >>> 2, b = a, a = t;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}
