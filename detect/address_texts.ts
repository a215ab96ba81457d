/** Texts of addresses, remembered each in the one place its hash says: most facts are about the same few hosts. */
import { formatAddress } from "../model/address.ts";

const PLACES = 16_384;

class AddressTexts {
  readonly #texts: string[] = new Array(PLACES).fill("");
  /** The bytes of each, and the IP version. */
  readonly #words = new Int32Array(5 * PLACES);

  /** Text of the address at `at`; "" where `version` is neither 4 nor 6. @param hash `hashOfAddress` of it. */
  of(bytes: Uint8Array, at: number, version: number, hash: number): string {
    if (version === 0) return "";
    const place = hash & (PLACES - 1);
    const words = this.#words;
    const size = version === 4 ? 1 : 4;
    let isKnown = words[5 * place + 4] === version;
    for (let i = 0; i < size; i++) {
      const from = at + 4 * i;
      const word = bytes[from] << 24 | bytes[from + 1] << 16 | bytes[from + 2] << 8 | bytes[from + 3];
      if (words[5 * place + i] === word) continue;
      words[5 * place + i] = word;
      isKnown = false;
    }
    if (isKnown) return this.#texts[place];
    words[5 * place + 4] = version;
    return this.#texts[place] = formatAddress(bytes, at, version);
  }
}

/** One for all rules: what is a text for one is the same for the others. */
export const addressTexts = new AddressTexts();
