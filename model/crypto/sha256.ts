/**
 * SHA-256 (FIPS 180-4 §6.2) and HMAC with it (RFC 2104) in plain JavaScript, for fingerprints and for the keys of QUIC's
 * first packets, which everybody can derive: see block_hash.ts. It does not branch or look up by what is hashed, but the
 * engine promises no constant time: not for a secret whose use somebody can measure.
 */
import { createHash } from "node:crypto";
import {
  absorb,
  absorbBlock,
  BLOCK_BYTES,
  type BlockHash,
  digestOf,
  hashBytes,
  hexOfText,
} from "./block_hash.ts";

/** First 32 bits of the fractional parts of cube and square roots of the first primes, FIPS 180-4 §4.2.2, §5.3.3. */
const CONSTANTS = new Int32Array(64);
const INITIAL = new Int32Array(8);
for (let candidate = 2, found = 0; found < 64; candidate++) {
  let prime = true;
  for (let i = 2; i * i <= candidate; i++) if (candidate % i === 0) prime = false;
  if (!prime) continue;
  if (found < 8) INITIAL[found] = fraction(Math.sqrt(candidate));
  CONSTANTS[found++] = fraction(Math.cbrt(candidate));
}

function fraction(root: number): number {
  return Math.floor((root - Math.floor(root)) * 2 ** 32) | 0;
}

const schedule = new Int32Array(64);

const SHA256: BlockHash = {
  state: new Int32Array(8),
  initial: INITIAL,
  littleEndian: false,
  compress: compressSha256,
};

/** SHA-256 of `bytes[at..end)`: 32 bytes of one's own. */
export function sha256(bytes: Uint8Array, at = 0, end: number = bytes.length): Uint8Array<ArrayBuffer> {
  return hashBytes(SHA256, bytes, at, end);
}

/** SHA-256 of text as UTF-8, in lower-case hexadecimal. */
export function sha256OfText(text: string): string {
  return hexOfText(SHA256, text) ?? createHash("sha256").update(text).digest("hex");
}

/** A key of HMAC-SHA-256, with the two blocks that depend on the key alone already worked in. */
export class HmacSha256 {
  readonly #inner = new Int32Array(8);
  readonly #outer = new Int32Array(8);

  /** @param key At most `BLOCK_BYTES` bytes are supported. */
  constructor(key: Uint8Array) {
    this.rekey(key);
  }

  /** Another key: every small array is memory outside of the heap, which costs more than a hash. */
  rekey(key: Uint8Array): void {
    if (key.length > BLOCK_BYTES) {
      throw new RangeError(`HMAC key of ${key.length} bytes, at most ${BLOCK_BYTES}`);
    }
    padded(key, 0x36, this.#inner);
    padded(key, 0x5c, this.#outer);
  }

  /** 32 bytes of one's own, or `into`, which may be the message. */
  sign(message: Uint8Array, into: Uint8Array<ArrayBuffer> = new Uint8Array(32)): Uint8Array<ArrayBuffer> {
    SHA256.state.set(this.#inner);
    absorb(SHA256, message, 0, message.length, BLOCK_BYTES);
    digestOf(SHA256, innerDigest);
    SHA256.state.set(this.#outer);
    absorb(SHA256, innerDigest, 0, innerDigest.length, BLOCK_BYTES);
    return digestOf(SHA256, into);
  }
}

const innerDigest = new Uint8Array(32);
const pad = new Uint8Array(BLOCK_BYTES);

function padded(key: Uint8Array, byte: number, into: Int32Array): void {
  pad.fill(byte);
  for (let i = 0; i < key.length; i++) pad[i] ^= key[i];
  SHA256.state.set(INITIAL);
  absorbBlock(SHA256, pad, 0);
  into.set(SHA256.state);
}

function compressSha256(state: Int32Array, block: Int32Array): void {
  const w = schedule;
  for (let i = 0; i < 16; i++) w[i] = block[i];
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15];
    const y = w[i - 2];
    w[i] = w[i - 16] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) + w[i - 7] +
        ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10) | 0;
  }
  let a = state[0], b = state[1], c = state[2], d = state[3];
  let e = state[4], f = state[5], g = state[6], h = state[7];
  for (let i = 0; i < 64; i++) {
    const t = h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (e & f ^ ~e & g) +
        CONSTANTS[i] + w[i] | 0;
    const u = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c) |
      0;
    h = g, g = f, f = e, e = d + t | 0;
    d = c, c = b, b = a, a = t + u | 0;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d;
  state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}
