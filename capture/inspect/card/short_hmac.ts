/**
 * HMAC-SHA256 of short messages under one key, RFC 2104 and FIPS 180-4. A flow may show a thousand cards in one packet,
 * and `node:crypto` takes longer to set up a hash than to compute it: what depends on the key alone is computed once here.
 */

/** Bytes of a message at most: with padding and length it is one block. */
export const MAX_SHORT_MESSAGE = 55;

const BLOCK = 64;
const ROUNDS = 64;

/** FIPS 180-4 §4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const K = new Int32Array(ROUNDS);
/** §5.3.3: the same of the square roots of the first eight. */
const START = new Int32Array(8);
for (let n = 2, found = 0; found < ROUNDS; n++) {
  let isPrime = true;
  for (let d = 2; d * d <= n; d++) isPrime &&= n % d !== 0;
  if (!isPrime) continue;
  if (found < 8) START[found] = fraction(n, 2);
  K[found++] = fraction(n, 3);
}

/** The first 32 bits of the fractional part of a root: whole numbers, as a double holds too few digits. */
function fraction(n: number, root: number): number {
  const power = (x: bigint) => root === 2 ? x * x : x * x * x;
  const scaled = BigInt(n) << BigInt(32 * root);
  let low = 0n;
  let high = BigInt(n) << 32n;
  while (high - low > 1n) {
    const middle = low + high >> 1n;
    if (power(middle) <= scaled) low = middle;
    else high = middle;
  }
  return Number(low & 0xffffffffn) | 0;
}

/** Words of the block at hand and its schedule; wiped after use. */
const W = new Int32Array(ROUNDS);
/** Every byte as two hexadecimal digits. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export class ShortHmac {
  /** State after the block that the key makes, inside and outside. */
  readonly #inner = new Int32Array(8);
  readonly #outer = new Int32Array(8);
  readonly #state = new Int32Array(8);

  /** @param key 64 bytes at most. */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK) throw new RangeError("A key has at most 64 bytes");
    for (const [state, pad] of [[this.#inner, 0x36363636], [this.#outer, 0x5c5c5c5c]] as const) {
      W.fill(pad, 0, 16);
      for (let i = 0; i < key.length; i++) W[i >> 2] ^= key[i] << 24 - 8 * (i & 3);
      state.set(START);
      compress(state);
    }
  }

  /** The first `bytes` bytes, 32 at most, of the code of `message[0, length)`, as hexadecimal digits. */
  hex(message: Uint8Array, length: number, bytes: number): string {
    if (length > MAX_SHORT_MESSAGE) throw new RangeError(`A message has at most ${MAX_SHORT_MESSAGE} bytes`);
    const state = this.#state;
    W.fill(0, 0, 16);
    for (let i = 0; i < length; i++) W[i >> 2] |= message[i] << 24 - 8 * (i & 3);
    W[length >> 2] |= 0x80 << 24 - 8 * (length & 3);
    W[15] = 8 * (BLOCK + length);
    state.set(this.#inner);
    compress(state);
    W.fill(0, 8, 16);
    W.set(state);
    W[8] = 0x80000000;
    W[15] = 8 * (BLOCK + 32);
    state.set(this.#outer);
    compress(state);
    let text = "";
    for (let i = 0; i < bytes; i++) text += HEX[state[i >> 2] >>> 24 - 8 * (i & 3) & 255];
    state.fill(0);
    W.fill(0);
    return text;
  }
}

/** FIPS 180-4 §6.2.2, over the block in the first 16 words of `W`. */
function compress(state: Int32Array): void {
  for (let t = 16; t < ROUNDS; t++) {
    const x = W[t - 15];
    const y = W[t - 2];
    const s0 = (x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3;
    const s1 = (y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10;
    W[t] = W[t - 16] + s0 + W[t - 7] + s1 | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < ROUNDS; t++) {
    const s1 = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
    const t1 = h + s1 + (e & f ^ ~e & g) + K[t] + W[t] | 0;
    const s0 = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
    const t2 = s0 + (a & b ^ a & c ^ b & c) | 0;
    h = g;
    g = f;
    f = e;
    e = d + t1 | 0;
    d = c;
    c = b;
    b = a;
    a = t1 + t2 | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}
