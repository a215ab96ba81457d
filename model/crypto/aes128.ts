/**
 * One block of AES-128 (FIPS 197), encryption only, for the mask of QUIC's headers: a block of sixteen bytes is done many
 * times over before node:crypto has made a cipher (bench/hashes.ts). Keys of QUIC's first packets are public, so that
 * look-ups in tables give nothing away; not for secrets.
 */

const SBOX = new Uint8Array(256);
/** The S-box and MixColumns in one, for the first row; the others are rotations. */
const MIX = new Int32Array(256);
const ROUNDS = 10;

// FIPS 197 §5.1.1: inverses in GF(2^8) by powers of the generator 3, then the affine map.
{
  let p = 1;
  let q = 1;
  do {
    p = (p ^ p << 1 ^ (p & 0x80 ? 0x11b : 0)) & 0xff;
    q ^= q << 1;
    q ^= q << 2;
    q ^= q << 4;
    q &= 0xff;
    if (q & 0x80) q ^= 0x09;
    SBOX[p] = q ^ rotate8(q, 1) ^ rotate8(q, 2) ^ rotate8(q, 3) ^ rotate8(q, 4) ^ 0x63;
  } while (p !== 1);
  SBOX[0] = 0x63;
  for (let i = 0; i < 256; i++) {
    const s = SBOX[i];
    const twice = (s << 1 ^ (s & 0x80 ? 0x11b : 0)) & 0xff;
    MIX[i] = twice << 24 | s << 16 | s << 8 | twice ^ s;
  }
}

const keys = new Int32Array(4 * (ROUNDS + 1));

/**
 * Encrypts one block under a key that is used once.
 *
 * @param key 16 bytes.
 * @param at Where in `bytes` the block begins.
 * @param block Takes the 16 bytes. @default {memory of one's own}
 */
export function encryptBlock(
  key: Uint8Array,
  bytes: Uint8Array,
  at: number,
  block: Uint8Array<ArrayBuffer> = new Uint8Array(16),
): Uint8Array<ArrayBuffer> {
  const k = keys;
  expandKey(key);
  let a = word(bytes, at) ^ k[0], b = word(bytes, at + 4) ^ k[1];
  let c = word(bytes, at + 8) ^ k[2], d = word(bytes, at + 12) ^ k[3];
  for (let i = 4; i < 4 * ROUNDS; i += 4) {
    const e = mixed(a, b, c, d) ^ k[i];
    const f = mixed(b, c, d, a) ^ k[i + 1];
    const g = mixed(c, d, a, b) ^ k[i + 2];
    d = mixed(d, a, b, c) ^ k[i + 3];
    a = e, b = f, c = g;
  }
  put(block, 0, last(a, b, c, d) ^ k[40]);
  put(block, 4, last(b, c, d, a) ^ k[41]);
  put(block, 8, last(c, d, a, b) ^ k[42]);
  put(block, 12, last(d, a, b, c) ^ k[43]);
  return block;
}

function expandKey(key: Uint8Array): void {
  const k = keys;
  for (let i = 0; i < 4; i++) k[i] = word(key, 4 * i);
  let constant = 1;
  for (let i = 4; i < k.length; i++) {
    let x = k[i - 1];
    if (i % 4 === 0) {
      x = last(x << 8 | x >>> 24, x << 8 | x >>> 24, x << 8 | x >>> 24, x << 8 | x >>> 24) ^ constant << 24;
      constant = (constant << 1 ^ (constant & 0x80 ? 0x11b : 0)) & 0xff;
    }
    k[i] = k[i - 4] ^ x;
  }
}

/** SubBytes, ShiftRows and MixColumns of one column. */
function mixed(a: number, b: number, c: number, d: number): number {
  const y = MIX[b >>> 16 & 0xff], z = MIX[c >>> 8 & 0xff], w = MIX[d & 0xff];
  return MIX[a >>> 24] ^ (y >>> 8 | y << 24) ^ (z >>> 16 | z << 16) ^ (w >>> 24 | w << 8);
}

/** SubBytes and ShiftRows of one column. */
function last(a: number, b: number, c: number, d: number): number {
  return SBOX[a >>> 24] << 24 | SBOX[b >>> 16 & 0xff] << 16 | SBOX[c >>> 8 & 0xff] << 8 | SBOX[d & 0xff];
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
}

function put(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = value >>> (24 - 8 * i);
}

function rotate8(value: number, by: number): number {
  return (value << by | value >>> (8 - by)) & 0xff;
}
