/** MD5 (RFC 1321) in plain JavaScript, for JA3 and HASSH: see block_hash.ts. Names things, protects nothing. */
import { createHash } from "node:crypto";
import { type BlockHash, hashBytes, hexOfText } from "./block_hash.ts";

/** RFC 1321 §3.4: the integer part of 2^32 × abs(sin(i)). */
const SINES = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0);
const SHIFTS = Uint8Array.of(7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21);

const MD5: BlockHash = {
  state: new Int32Array(4),
  initial: Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476),
  littleEndian: true,
  compress: compressMd5,
};

/** MD5 of `bytes[at..end)`: 16 bytes of one's own. */
export function md5(bytes: Uint8Array, at = 0, end: number = bytes.length): Uint8Array<ArrayBuffer> {
  return hashBytes(MD5, bytes, at, end);
}

/** MD5 of text as UTF-8, in lower-case hexadecimal. */
export function md5OfText(text: string): string {
  return hexOfText(MD5, text) ?? createHash("md5").update(text).digest("hex");
}

function compressMd5(state: Int32Array, block: Int32Array): void {
  let a = state[0], b = state[1], c = state[2], d = state[3];
  for (let i = 0; i < 64; i++) {
    const round = i >> 4;
    const mixed = round === 0
      ? b & c | ~b & d
      : round === 1
      ? d & b | ~d & c
      : round === 2
      ? b ^ c ^ d
      : c ^ (b | ~d);
    const word = round === 0 ? i : round === 1 ? 5 * i + 1 : round === 2 ? 3 * i + 5 : 7 * i;
    const sum = a + mixed + SINES[i] + block[word & 15] | 0;
    const shift = SHIFTS[4 * round + (i & 3)];
    a = d, d = c, c = b;
    b = b + (sum << shift | sum >>> (32 - shift)) | 0;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d;
}
