/**
 * Text from the wire as events have it: as Suricata writes it, and without card numbers.
 *
 * It stays untrusted text: whoever shows it escapes it.
 */
import { latin1 } from "../../../model/latin1.ts";
import { maskCards, maskCutEnd } from "./http/mask.ts";

/** As many digits as the shortest card number has: fewer need no look at all. */
const MIN_CARD_DIGITS = 13;

/** Reverse names of IPv6, RFC 3596 §2.5: a dot after each digit, which no card number has. */
export const REVERSE_IPV6 = /^(?:[0-9a-f]\.){1,32}ip6\.arpa$/i;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Text from bytes as Suricata writes it: as it is where it is valid UTF-8, else what is no printable ASCII as `\xHH`;
 * control characters as `\xHH` always. Card numbers are masked.
 */
export function presentableText(bytes: Uint8Array, at: number, end: number): string {
  let odd = false;
  let digits = 0;
  const length = end - at;
  // One piece of memory serves all texts but the longest: an array for each would cost more than its text.
  const own = length <= scratch.length ? scratch : new Uint8Array(length);
  for (let i = at; i < end; i++) {
    const byte = bytes[i];
    own[i - at] = byte;
    if (byte < 0x20 || byte > 0x7e) odd = true;
    else if (byte >= 0x30 && byte <= 0x39) digits++;
  }
  return presentable(own, length, odd, digits);
}

/** As `presentableText`, of the first `max` bytes at most: a number that is cut there is masked as well. */
export function presentablePart(bytes: Uint8Array, at: number, end: number, max: number): string {
  return end - at > max ? maskCutEnd(presentableText(bytes, at, at + max)) : presentableText(bytes, at, end);
}

const scratch = new Uint8Array(4096);

/**
 * As `presentableText`, where the caller has looked at the bytes already.
 *
 * @param bytes Memory of our own from its beginning: decoders refuse shared memory.
 * @param odd Whether one of them is no printable ASCII.
 * @param digits How many of them are digits.
 */
export function presentable(bytes: Uint8Array, length: number, odd: boolean, digits: number): string {
  const text = odd ? escaped(bytes, length) : plain(bytes, length);
  return digits >= MIN_CARD_DIGITS && !REVERSE_IPV6.test(text) ? maskCards(text) : text;
}

function plain(bytes: Uint8Array, length: number): string {
  return latin1(bytes, 0, length);
}

function escaped(bytes: Uint8Array, length: number): string {
  // Suricata leaves control characters of valid UTF-8 alone; escaped, no terminal and no table is upset by them.
  if (isUtf8(bytes, length)) {
    return utf8.decode(bytes.subarray(0, length)).replaceAll(CONTROLS, escapedCharacter);
  }
  // Four bytes for each at most. Put together as bytes, as a text that grows by a character is a long chain.
  const out = 4 * length <= escapes.length ? escapes : new Uint8Array(4 * length);
  let at = 0;
  for (let i = 0; i < length; i++) {
    const byte = bytes[i];
    if (byte < 0x20 || byte > 0x7e) {
      out[at++] = 0x5c;
      out[at++] = 0x78;
      out[at++] = HEX_DIGITS.charCodeAt(byte >> 4);
      out[at++] = HEX_DIGITS.charCodeAt(byte & 15);
    } else out[at++] = byte;
  }
  return latin1(out, 0, at);
}

/** C0, delete, C1. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\0-\x1f\x7f-\x9f]/g;

function escapedCharacter(character: string): string {
  return hexEscape(character.charCodeAt(0));
}

const HEX_DIGITS = "0123456789abcdef";
const escapes = new Uint8Array(4096);
const HEX_ESCAPES = Array.from({ length: 256 }, (_, code) => `\\x${code.toString(16).padStart(2, "0")}`);

function hexEscape(code: number): string {
  return HEX_ESCAPES[code];
}

/** RFC 3629 §4. A decoder that throws would cost many times the name. */
function isUtf8(bytes: Uint8Array, length: number): boolean {
  for (let i = 0; i < length;) {
    const lead = bytes[i++];
    if (lead < 0x80) continue;
    const more = lead >= 0xc2 && lead <= 0xdf
      ? 1
      : lead >= 0xe0 && lead <= 0xef
      ? 2
      : lead >= 0xf0 && lead <= 0xf4
      ? 3
      : 0;
    if (more === 0 || i + more > length) return false;
    const next = bytes[i];
    if (lead === 0xe0 && next < 0xa0 || lead === 0xed && next > 0x9f) return false;
    if (lead === 0xf0 && next < 0x90 || lead === 0xf4 && next > 0x8f) return false;
    for (let k = 0; k < more; k++) if ((bytes[i++] & 0xc0) !== 0x80) return false;
  }
  return true;
}
