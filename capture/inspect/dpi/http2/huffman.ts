/**
 * The Huffman code of HPACK, RFC 7541 appendix B. The code is canonical: symbols of one length have consecutive
 * codes in the order of their values, so the lengths are the whole table.
 */

/** Code lengths in bits of the octets 0 to 255 and of the end of string (256). */
const LENGTHS =
  // deno-fmt-ignore
  [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
  ];
const END_OF_STRING = 256;
const MAX_BITS = 30;

/** For each length: the first code, how many codes there are, and where their symbols begin in `SYMBOLS`. */
const FIRST = new Int32Array(MAX_BITS + 2);
const COUNT = new Int32Array(MAX_BITS + 2);
const OFFSET = new Int32Array(MAX_BITS + 2);
const SYMBOLS = new Uint16Array(LENGTHS.length);

let code = 0;
let placed = 0;
for (let bits = 1; bits <= MAX_BITS; bits++) {
  code <<= 1;
  FIRST[bits] = code;
  OFFSET[bits] = placed;
  LENGTHS.forEach((length, symbol) => {
    if (length === bits) SYMBOLS[placed++] = symbol;
  });
  COUNT[bits] = placed - OFFSET[bits];
  code += COUNT[bits];
}

/** Whether the lengths make a complete code, for a test: a wrong one would. */
export function isComplete(): boolean {
  return code === 2 ** MAX_BITS;
}

/**
 * Decodes `bytes[at, end)` into `out`.
 *
 * @returns Octets written; -1 where the code is damaged, or `out` is full.
 */
export function decodeHuffman(bytes: Uint8Array, at: number, end: number, out: Uint8Array): number {
  let written = 0;
  let value = 0;
  let bits = 0;
  for (; at < end; at++) {
    const byte = bytes[at];
    for (let bit = 7; bit >= 0; bit--) {
      value = value << 1 | (byte >> bit & 1);
      bits++;
      const index = value - FIRST[bits];
      if (index < COUNT[bits] && index >= 0) {
        const symbol = SYMBOLS[OFFSET[bits] + index];
        if (symbol === END_OF_STRING || written === out.length) return -1;
        out[written++] = symbol;
        value = bits = 0;
      } else if (bits === MAX_BITS) {
        return -1;
      }
    }
  }
  // What is left is padding: at most seven bits, all ones, RFC 7541 §5.2.
  return bits <= 7 && value === (1 << bits) - 1 ? written : -1;
}
