/**
 * Domain names in DNS messages, RFC 1035 §3.1 and §4.1.4, as text: labels joined by dots, the case as sent.
 *
 * Pointers may only go backwards, each further than the one before, so a name can not loop; their number and the
 * length of the name have ceilings, so a name costs at most some hundred steps whatever the message holds.
 */
import type { Cursor } from "../../../../model/cursor.ts";
import { maskCards } from "../http/mask.ts";

/** Jumps of one name. A name that any server compresses has fewer than ten. */
const MAX_POINTERS = 32;
/** RFC 1035 §3.1 allows 255, but longer names are sent and read by others: tell them as they are. */
const MAX_NAME_BYTES = 1024;
/**
 * Stands for a name with a label whose type nobody knows, and so nobody's length either: the name ends there, and what
 * follows is read on as tshark does, which may be right or not.
 */
export const UNKNOWN_LABEL = "<Unknown extended label>";

const POINTER = 0xc0;
const EXTENDED_LABEL = 0x40; // RFC 2671 §3.1, withdrawn by RFC 6891 §5
const BIT_STRING_LABEL = 0x41; // RFC 2673 §3, historic

/** As many digits as the shortest card number has: fewer need no look at all. */
const MIN_CARD_DIGITS = 13;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads the names of one message after the other; reused, so that reading a name makes the string and no more. */
export class NameReader {
  /** Whether a name since `begin` was `UNKNOWN_LABEL`. */
  sawUnknownLabel = false;
  readonly #text = new Uint8Array(MAX_NAME_BYTES);
  /** What the last lone pointer pointed to: answers mostly repeat the question's name. */
  #lastTarget = -1;
  #lastName = "";
  /** Index of the message's first byte: pointers count from here. */
  #base = 0;

  /** A new message begins at index `base` of the cursor's bytes. */
  begin(base: number): void {
    this.#base = base;
    this.#lastTarget = -1;
    this.sawUnknownLabel = false;
  }

  /**
   * The name at the cursor, which steps over it. The cursor's end bounds where a pointer may lead as well.
   *
   * @returns "" for the root; `null` (and the cursor latched) when it is cut short, too long, or points forward.
   */
  read(c: Cursor): string | null {
    const bytes = c.bytes;
    const start = c.at;
    const end = c.end;
    let at = start;
    let after = -1; // where the cursor goes on: behind the first pointer
    let lone = -1; // where a name that is a pointer and nothing else leads
    let lowest = start; // a pointer must lead below this
    let pointers = 0;
    let length = 0;
    let digits = 0;
    let odd = 0;
    const text = this.#text;
    for (;;) {
      if (at >= end) return fail(c);
      const size = bytes[at++];
      if (size === 0) break;
      if (size >= POINTER) {
        if (at >= end || ++pointers > MAX_POINTERS) return fail(c);
        const target = this.#base + ((size & 0x3f) << 8 | bytes[at++]);
        if (after < 0) after = at;
        if (target >= lowest) return fail(c);
        if (length === 0 && pointers === 1) {
          if (target === this.#lastTarget) {
            c.at = after;
            return this.#lastName;
          }
          lone = target;
        }
        at = target;
        lowest = target;
        continue;
      }
      if (size === BIT_STRING_LABEL) {
        if (at >= end) return fail(c);
        const bits = bytes[at++] || 256;
        const count = (bits + 7) >> 3;
        if (at + count > end || length + 2 * count + MAX_BIT_STRING_FRAME > MAX_NAME_BYTES) return fail(c);
        length = putBitString(text, length, bytes, at, bits);
        at += count;
        continue;
      }
      if (isExtendedLabel(size)) {
        if (at === start + 1) return fail(c); // a name that begins so is none
        c.at = after < 0 ? at : after;
        this.sawUnknownLabel = true;
        return UNKNOWN_LABEL;
      }
      if (size > 63 || at + size > end || length + size >= MAX_NAME_BYTES) return fail(c);
      if (length > 0) text[length++] = 0x2e;
      for (const labelEnd = at + size; at < labelEnd; at++) {
        const byte = bytes[at];
        text[length++] = byte;
        if (byte < 0x20 || byte > 0x7e) odd = 1;
        else if (byte >= 0x30 && byte <= 0x39) digits++;
      }
    }
    const name = presentable(text, length, odd === 1, digits);
    c.at = after < 0 ? at : after;
    if (lone >= 0) {
      this.#lastTarget = lone;
      this.#lastName = name;
    }
    return name;
  }
}

/**
 * Text from bytes as Suricata writes it: as it is where it is valid UTF-8, else what is no printable ASCII as `\xHH`.
 * Card numbers are masked.
 */
export function presentableText(bytes: Uint8Array, at: number, end: number): string {
  let odd = false;
  let digits = 0;
  for (let i = at; i < end; i++) {
    const byte = bytes[i];
    if (byte < 0x20 || byte > 0x7e) odd = true;
    else if (byte >= 0x30 && byte <= 0x39) digits++;
  }
  return presentable(bytes.slice(at, end), end - at, odd, digits);
}

/** Whether a label's first byte is none of a label's length, but of a type long withdrawn. */
export function isExtendedLabel(size: number): boolean {
  return (size & POINTER) === EXTENDED_LABEL;
}

/** Dot, `\\[x`, `/256]`. */
const MAX_BIT_STRING_FRAME = 9;

/** Text of a bit string, RFC 2673 §3.2, put behind `length`; the length after it. */
function putBitString(text: Uint8Array, length: number, bytes: Uint8Array, at: number, bits: number): number {
  let shown = length > 0 ? ".\\[x" : "\\[x";
  for (let i = 0; i < bits; i += 8) shown += bytes[at++].toString(16).padStart(2, "0");
  shown += `/${bits}]`;
  for (let i = 0; i < shown.length; i++) text[length++] = shown.charCodeAt(i);
  return length;
}

/** `bytes` must be memory of our own: decoders refuse shared memory. */
function presentable(bytes: Uint8Array, length: number, odd: boolean, digits: number): string {
  const text = odd ? escaped(bytes, length) : plain(bytes, length);
  // Reverse names of IPv6 are digits with dots between, and never a card.
  return digits >= MIN_CARD_DIGITS && !/\.ip6\.arpa$/i.test(text) ? maskCards(text) : text;
}

function plain(bytes: Uint8Array, length: number): string {
  let text = "";
  for (let i = 0; i < length; i++) text += String.fromCharCode(bytes[i]);
  return text;
}

function escaped(bytes: Uint8Array, length: number): string {
  if (isUtf8(bytes, length)) return utf8.decode(bytes.subarray(0, length));
  let text = "";
  for (let i = 0; i < length; i++) {
    const byte = bytes[i];
    text += byte < 0x20 || byte > 0x7e
      ? `\\x${byte.toString(16).padStart(2, "0")}`
      : String.fromCharCode(byte);
  }
  return text;
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

function fail(c: Cursor): null {
  c.fail();
  return null;
}
