/**
 * The start of a payload for `--show-payload`, made harmless: every digit is masked, and so is every long run that
 * could be a number or secret in another coat (base64, hex, percent-encoding), and whatever follows a word such as
 * `password`. A number cut over two packets stays hidden, because no digit of either part is shown.
 */

/** Payload bytes looked at. */
const MAX_BYTES = 256;
/** Runs of letters, digits and base64's signs this long are masked whole: few words are longer. */
const LONGEST_WORD = 20;

/** Words after which the rest of the line is masked; FTP, mail and Redis logins, HTTP headers, form fields. */
const SECRET_WORDS =
  /(pass(word|wd|phrase)?|pwd|secret|token|api[-_]?key|authorization|cookie|auth|login|user|session|pin|cvv2?|cvc)\b.*/gi;

/** Printable text of at most `MAX_BYTES` bytes; other bytes are dots. */
export function maskedPayload(bytes: Uint8Array, at: number, end: number): string {
  let text = "";
  for (let i = at; i < end && i < at + MAX_BYTES; i++) {
    const byte = bytes[i];
    text += byte === 10 ? "\n" : byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
  }
  return text
    .replaceAll(SECRET_WORDS, "$1 …")
    .replaceAll(new RegExp(`[A-Za-z0-9+/=_-]{${LONGEST_WORD + 1},}`, "g"), "…")
    .replaceAll(/(%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|&#[0-9xXA-Fa-f]+;)/g, "…")
    .replaceAll(/\d/g, "#");
}
