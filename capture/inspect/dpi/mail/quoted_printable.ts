/** Quoted-printable (RFC 2045 §6.7) undone as it comes, cut anywhere. */
import { MAX_CODED_AT_ONCE } from "./base64.ts";

const EQUALS = 0x3d;
const LF = 0x0a;
const CR = 0x0d;

/** Undoes quoted-printable over any number of calls. State: an equals sign and the byte after it. */
export class QuotedPrintableBytes {
  /** What came of the last call. Overwritten by the next one of any reader. */
  static readonly out = new Uint8Array(MAX_CODED_AT_ONCE + 2);
  /** 0: in the text; 1: after an equals sign; 2: after it and `#first`. */
  #state = 0;
  #first = 0;

  /**
   * Undoes `bytes[at, end)`, at most `MAX_CODED_AT_ONCE` of it.
   *
   * @returns Bytes in `QuotedPrintableBytes.out`.
   */
  push(bytes: Uint8Array, at: number, end: number): number {
    const out = QuotedPrintableBytes.out;
    let length = 0;
    for (let i = at; i < end; i++) {
      const byte = bytes[i];
      if (this.#state === 0) {
        if (byte === EQUALS) this.#state = 1;
        else out[length++] = byte;
      } else if (this.#state === 1) {
        this.#first = byte;
        this.#state = byte === LF ? 0 : 2; // A soft line break ends in LF, or in CR and LF.
      } else {
        this.#state = 0;
        if (this.#first === CR && byte === LF) continue;
        const value = hexValue(this.#first) << 4 | hexValue(byte);
        if (value >= 0) out[length++] = value;
        else {
          // Not coded after all: as it stands.
          out[length++] = EQUALS;
          out[length++] = this.#first;
          if (byte === EQUALS) this.#state = 1;
          else out[length++] = byte;
        }
      }
    }
    return length;
  }
}

/** Value of a hexadecimal digit, -1 for none. */
function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
