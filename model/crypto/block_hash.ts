/**
 * What MD5, SHA-1 and SHA-256 have in common (all after Merkle and Damgård): blocks of 64 bytes, then one to two blocks
 * of padding with the length.
 *
 * For short inputs only. In a loop that does nothing else a block costs what it costs in node:crypto, half a microsecond
 * (bench/hashes.ts); but there each hash is an object outside of the heap that the collector has to finalize, and over
 * a capture that made three times as much. From some 200 bytes on node:crypto wins.
 */

/** Bytes of a block. */
export const BLOCK_BYTES = 64;

/** One hash function. Its state is shared: a hash is begun and finished within one call. */
export interface BlockHash {
  readonly state: Int32Array;
  readonly initial: Int32Array;
  /** Order of bytes in words: MD5 has them the other way round. */
  readonly littleEndian: boolean;
  /** Works the 16 words of a block into the state. */
  readonly compress: (state: Int32Array, block: Int32Array) => void;
}

/** Longest text hashed here: beyond, node:crypto is faster. */
const MAX_TEXT = 512;

const block = new Int32Array(16);
const letters = new Uint8Array(MAX_TEXT);
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** The hash of `bytes[at..end)`, in memory of its own. */
export function hashBytes(
  hash: BlockHash,
  bytes: Uint8Array,
  at: number,
  end: number,
): Uint8Array<ArrayBuffer> {
  hash.state.set(hash.initial);
  absorb(hash, bytes, at, end, 0);
  return digestOf(hash);
}

/**
 * Works `bytes[at..end)` and the padding into the state: no more may follow.
 *
 * @param before Bytes worked in before, a multiple of `BLOCK_BYTES`.
 */
export function absorb(hash: BlockHash, bytes: Uint8Array, at: number, end: number, before: number): void {
  const { state, compress, littleEndian } = hash;
  const total = before + end - at;
  for (; end - at >= BLOCK_BYTES; at += BLOCK_BYTES) {
    load(bytes, at, littleEndian);
    compress(state, block);
  }
  block.fill(0);
  const rest = end - at;
  for (let i = 0; i < rest; i++) put(i, bytes[at + i], littleEndian);
  put(rest, 0x80, littleEndian);
  if (rest >= BLOCK_BYTES - 8) {
    compress(state, block);
    block.fill(0);
  }
  const high = Math.floor(total / 0x2000_0000);
  block[littleEndian ? 15 : 14] = high;
  block[littleEndian ? 14 : 15] = total << 3;
  compress(state, block);
}

/** Works a whole block into the state. */
export function absorbBlock(hash: BlockHash, bytes: Uint8Array, at: number): void {
  load(bytes, at, hash.littleEndian);
  hash.compress(hash.state, block);
}

/** The state as bytes: in memory of one's own, or in `digest`, which is large enough. */
export function digestOf(
  { state, littleEndian }: BlockHash,
  digest: Uint8Array<ArrayBuffer> = new Uint8Array(4 * state.length),
): Uint8Array<ArrayBuffer> {
  for (let i = 0; i < state.length; i++) {
    const word = state[i];
    for (let k = 0; k < 4; k++) digest[4 * i + k] = word >>> (littleEndian ? 8 * k : 24 - 8 * k);
  }
  return digest;
}

/**
 * The hash of ASCII text of at most `MAX_TEXT` characters, in lower-case hexadecimal; null where it is longer, or no
 * ASCII: that is for node:crypto.
 */
export function hexOfText(hash: BlockHash, text: string): string | null {
  if (text.length > MAX_TEXT) return null;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return null;
    letters[i] = code;
  }
  hash.state.set(hash.initial);
  absorb(hash, letters, 0, text.length, 0);
  let digest = "";
  for (const word of hash.state) {
    for (let k = 0; k < 32; k += 8) digest += hex[word >>> (hash.littleEndian ? k : 24 - k) & 0xff];
  }
  return digest;
}

/** Lower-case hexadecimal. */
export function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += hex[bytes[i]];
  return text;
}

function load(bytes: Uint8Array, at: number, littleEndian: boolean): void {
  if (littleEndian) {
    for (let i = 0; i < 16; i++, at += 4) {
      block[i] = bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24;
    }
    return;
  }
  for (let i = 0; i < 16; i++, at += 4) {
    block[i] = bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
  }
}

function put(i: number, byte: number, littleEndian: boolean): void {
  block[i >> 2] |= byte << (littleEndian ? 8 * (i & 3) : 24 - 8 * (i & 3));
}
