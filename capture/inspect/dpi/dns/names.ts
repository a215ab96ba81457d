/**
 * Domain names in DNS messages, RFC 1035 §3.1 and §4.1.4, as text: labels joined by dots, the case as sent.
 *
 * Pointers may only go backwards, each further than the one before, so a name can not loop; their number and the
 * length of the name have ceilings, so a name costs at most some hundred steps whatever the message holds.
 */
import type { Cursor } from "../../../../model/cursor.ts";
import { presentable } from "../presentable_text.ts";

/** Jumps of one name. A name that any server compresses has fewer than ten. */
const MAX_POINTERS = 32;
/** RFC 1035 §3.1 allows 255, but longer names are sent and read by others: tell them as they are. */
const MAX_NAME_BYTES = 512;
/**
 * Stands for a name with a label whose type nobody knows, and so nobody's length either: the name ends there, and what
 * follows is read on as tshark does, which may be right or not.
 */
export const UNKNOWN_LABEL = "<Unknown extended label>";

const POINTER = 0xc0;
const EXTENDED_LABEL = 0x40; // RFC 2671 §3.1, withdrawn by RFC 6891 §5
const BIT_STRING_LABEL = 0x41; // RFC 2673 §3, historic

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
        // A name that begins so is none, and a pointer leads to names that could be read before.
        if (at === start + 1 || after >= 0) return fail(c);
        c.at = at;
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

function fail(c: Cursor): null {
  c.fail();
  return null;
}
