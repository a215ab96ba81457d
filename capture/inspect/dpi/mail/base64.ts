/** Base64 (RFC 4648 §4) undone as it comes: line breaks and other foreign bytes are left out, RFC 2045 §6.8. */

/** Text that is undone at one call; the caller goes on from where it stopped. */
export const MAX_CODED_AT_ONCE = 8192;

const SKIP = 64;
const PAD = 65;

const VALUE = new Uint8Array(256).fill(SKIP);
for (let i = 0; i < 64; i++) {
  VALUE["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".charCodeAt(i)] = i;
}
VALUE[0x3d] = PAD;

/** Undoes base64 over any number of calls. State: less than four letters. */
export class Base64Bytes {
  /** What came of the last call. Overwritten by the next one of any reader. */
  static readonly out = new Uint8Array(MAX_CODED_AT_ONCE);
  #bits = 0;
  #letters = 0;

  /**
   * Undoes `bytes[at, end)`, at most `MAX_CODED_AT_ONCE` of it.
   *
   * @returns Bytes in `Base64Bytes.out`.
   */
  push(bytes: Uint8Array, at: number, end: number): number {
    const out = Base64Bytes.out;
    let length = 0;
    let bits = this.#bits;
    let letters = this.#letters;
    for (let i = at; i < end; i++) {
      const value = VALUE[bytes[i]];
      if (value < 64) {
        bits = bits << 6 | value;
        if (++letters === 4) {
          out[length++] = bits >> 16;
          out[length++] = bits >> 8;
          out[length++] = bits;
          bits = letters = 0;
        }
      } else if (value === PAD && letters > 1) {
        length = tail(out, length, bits, letters);
        bits = letters = 0;
      }
    }
    this.#bits = bits;
    this.#letters = letters;
    return length;
  }

  /** What is left of a text without its padding. @returns As `push`. */
  end(): number {
    const length = tail(Base64Bytes.out, 0, this.#bits, this.#letters);
    this.#bits = this.#letters = 0;
    return length;
  }
}

/** The one or two bytes of the last two or three letters. */
function tail(out: Uint8Array, length: number, bits: number, letters: number): number {
  if (letters >= 2) out[length++] = bits >> (letters === 2 ? 4 : 10);
  if (letters === 3) out[length++] = bits >> 2;
  return length;
}

/** A short text undone as characters of one byte each; longer than `MAX_CODED_AT_ONCE` is cut. */
export function decodeBase64(text: string): string {
  const coded = new Uint8Array(Math.min(text.length, MAX_CODED_AT_ONCE));
  for (let i = 0; i < coded.length; i++) coded[i] = text.charCodeAt(i);
  const reader = new Base64Bytes();
  let out = "";
  for (let turn = 0; turn < 2; turn++) {
    const length = turn === 0 ? reader.push(coded, 0, coded.length) : reader.end();
    for (let i = 0; i < length; i++) out += String.fromCharCode(Base64Bytes.out[i]);
    Base64Bytes.out.fill(0, 0, length); // It may hold a password.
  }
  return out;
}
