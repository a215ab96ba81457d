/**
 * Whether a password is another than the one given before for the same account: a program logs in with its own again
 * and again, and whoever tries a second, a third, a tenth is guessing, also where the answer says nothing.
 *
 * Of a password no more is kept than 32 bits of a hash under a key of this process, in a place that the next account
 * may take over; which password it was does not follow from that, and nothing of it leaves but yes or no.
 */
const PLACES = 4_096;
/** Account's hash, password's hash. */
const WIDTH = 2;
/**
 * From here on it is no password that somebody typed but a digest of it or the password encrypted (MD5 in hexadecimal
 * has 32 characters), which may differ each time by itself.
 */
const MAX_PASSWORD_CHARS = 31;

/** How often an account's place was taken over by another. */
export const secretLimits = { secretsReplaced: 0 };

export class SecretMemory {
  readonly #places = new Uint32Array(WIDTH * PLACES);
  readonly #key = crypto.getRandomValues(new Uint32Array(4));

  /**
   * Notes the password.
   *
   * @param account Whose it is, and where: whatever names it.
   * @returns False where none was given before, as far as is remembered.
   */
  isOther(account: string, secret: string): boolean {
    if (secret.length > MAX_PASSWORD_CHARS) return false;
    const owner = this.#hash(account, 0);
    const hash = this.#hash(secret, 2);
    const at = WIDTH * (owner & (PLACES - 1));
    const isTaken = this.#places[at + 1] !== 0;
    const isKnown = isTaken && this.#places[at] === owner;
    if (isTaken && !isKnown) secretLimits.secretsReplaced++;
    const isOther = isKnown && this.#places[at + 1] !== hash;
    this.#places[at] = owner;
    this.#places[at + 1] = hash;
    return isOther;
  }

  /** Never 0. FNV-1a between two words of the key, mixed as MurmurHash3 does at its end. */
  #hash(text: string, key: number): number {
    let hash = this.#key[key];
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash ^= this.#key[key + 1];
    hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
    hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
    return (hash ^ hash >>> 16) >>> 0 || 1;
  }
}
