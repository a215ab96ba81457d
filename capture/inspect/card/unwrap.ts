/**
 * The text around a place as it was before it was wrapped: escapes of JSON, URLs, HTML and mail, UTF-16, base64,
 * hexadecimal, EBCDIC. Only a window is unwrapped, and only where a probe has met what such a wrapping leaves.
 */
import {
  BASE64_PLACES,
  BASE64_VALUE,
  HEX_VALUE,
  IS_DIGIT,
  IS_EBCDIC_DIGIT,
  IS_SEPARATOR,
} from "./byte_classes.ts";

/** Bytes before a probe that may be looked at: the longest wrapped beginning of a number, and words before it. */
export const BEHIND = 144;
/** Bytes after a probe that may be looked at: the rest of 19 digits at six bytes each, and what ends them. */
export const AHEAD = 208;
/** Bytes in clear before a base64 text: `"card": "NDEx...`. */
const OUTER_WORDS = 48;
/** Characters that are neither digit nor separator after which a window needs no more. */
const ENOUGH_AFTER = 3;

/** A view into a text: `bytes[low, end)` may be read; `open` when more bytes of the text may still come after `end`. */
export interface Window {
  bytes: Uint8Array;
  low: number;
  end: number;
  open: boolean;
  /** Whether `low` is where the text begins, and `end` where it ends; else the window was cut there. */
  beginsText: boolean;
  endsText: boolean;
}

/** An unwrapped window. One is reused; `wipe()` after use. */
export class Unwrapped {
  readonly text = new Uint8Array(512);
  /** Where in the wrapped text each character begins; one more for the end. */
  readonly source = new Int32Array(513);
  length = 0;
  /** How it was wrapped. */
  encoding = "";
  beginsText = false;
  endsText = false;
  /** The window ended before it was clear that it holds enough. */
  needsMore = false;

  wipe(): void {
    this.text.fill(0, 0, this.length);
    this.length = 0;
  }

  /** Escapes of JSON and scripts, percent, HTML entities, quoted-printable; all at once, as they come mixed. */
  escapes(window: Window, at: number): void {
    const { bytes, low, end } = window;
    this.#begin("escaped", window);
    let after = 0;
    let i = low;
    while (i < end) {
      const { value, size } = this.#escape(bytes, i, window);
      if (size === 0) break;
      if (value >= 0) {
        if (i > at && !isNumberByte(value) && ++after >= ENOUGH_AFTER) {
          this.#put(value, i);
          i += size;
          this.#finish(i, false, false);
          return;
        }
        this.#put(value, i);
      }
      i += size;
    }
    this.#atEnd(i, window);
  }

  /** Characters two bytes apart with NUL between them. */
  utf16(window: Window, at: number): void {
    const { bytes, low, end } = window;
    this.#begin("utf16", window);
    let start = at;
    while (start - 2 >= low && bytes[start - 1] === 0 && bytes[start - 2] !== 0) start -= 2;
    this.beginsText = start - 2 >= low || window.beginsText;
    let after = 0;
    let i = start;
    for (; i < end; i += 2) {
      if (bytes[i] === 0 || (i + 1 < end && bytes[i + 1] !== 0)) {
        // The last character of big-endian text has no NUL after it.
        if (bytes[i] !== 0 && i > start && bytes[i - 1] === 0) this.#put(bytes[i], i++);
        this.#finish(i, false, true);
        return;
      }
      this.#put(bytes[i] === 0xa0 ? 0x20 : bytes[i], i);
      if (i > at && !isNumberByte(bytes[i]) && ++after >= ENOUGH_AFTER) {
        this.#finish(i + 1, false, false);
        return;
      }
    }
    this.#atEnd(Math.min(i, end), window);
  }

  /** Pairs of hexadecimal digits; `at` is the first of a pair. */
  hex(window: Window, at: number): void {
    const { bytes, low, end } = window;
    this.#begin("hex", window);
    let start = at;
    while (start - 2 >= low && HEX_VALUE[bytes[start - 1]] < 16 && HEX_VALUE[bytes[start - 2]] < 16) {
      start -= 2;
    }
    this.beginsText = start - 2 >= low || window.beginsText;
    let after = 0;
    let i = start;
    for (; i + 1 < end; i += 2) {
      const value = HEX_VALUE[bytes[i]] << 4 | HEX_VALUE[bytes[i + 1]];
      if (HEX_VALUE[bytes[i]] > 15 || HEX_VALUE[bytes[i + 1]] > 15) {
        this.#finish(i, false, true);
        return;
      }
      this.#put(value, i);
      if (i > at && !isNumberByte(value) && ++after >= ENOUGH_AFTER) {
        this.#finish(i + 2, false, false);
        return;
      }
    }
    this.#atEnd(i, window);
  }

  /** EBCDIC (code page 037): digits, letters, and blanks; all else becomes a full stop of no meaning. */
  ebcdic(window: Window, at: number): void {
    const { bytes, low, end } = window;
    this.#begin("ebcdic", window);
    const start = Math.max(low, at - 48);
    this.beginsText = start > low ? false : window.beginsText;
    let i = start;
    let after = 0;
    for (; i < end; i++) {
      const value = fromEbcdic(bytes[i]);
      this.#put(value, i);
      if (i > at && !isNumberByte(value) && ++after >= ENOUGH_AFTER) {
        this.#finish(i + 1, false, false);
        return;
      }
    }
    this.#atEnd(i, window);
  }

  /**
   * Base64, line breaks left out, with words before it in front. `at` is a letter at `place` 0..3 of its four.
   */
  base64(window: Window, at: number, place: number): void {
    const { bytes, low, end } = window;
    this.#begin("base64", window);
    let start = at; // A letter at place 0.
    let back = place;
    let i = at;
    for (;;) {
      const before = skipBreakBack(bytes, i, low);
      if (before < low || BASE64_VALUE[bytes[before]] > 63) break;
      i = before;
      back = (back + 3) & 3;
      if (back === 0) start = i;
      if (at - i >= OUTER_WORDS * 2) break;
    }
    if (place !== 0 && start === at) {
      this.#finish(at, false, false);
      return;
    }
    if (i <= start && start < at - OUTER_WORDS * 2 + 8) this.beginsText = false;
    else {
      this.beginsText = true;
      for (let k = Math.max(low, start - OUTER_WORDS); k < start; k++) {
        this.#put(IS_DIGIT[bytes[k]] === 1 ? 0x20 : bytes[k], k);
      }
      if (start > low) this.#put(0x22, start); // Base64 begins where something else ends.
    }
    let bits = 0;
    let count = 0;
    let after = 0;
    let breaks = 0;
    for (i = start; i < end; i++) {
      const value = BASE64_VALUE[bytes[i]];
      if (value > 63) {
        if ((bytes[i] === 10 || bytes[i] === 13) && ++breaks <= 8) continue;
        this.#finish(i, false, true);
        return;
      }
      bits = (bits << 6 | value) & 0xffffff;
      count++;
      if ((count & 3) === 1) continue;
      const character = bits >> (6 - 2 * ((count + 3) & 3)) & 0xff;
      this.#put(character, i);
      if (i > at && !isNumberByte(character) && ++after >= ENOUGH_AFTER) {
        this.#finish(i + 1, false, false);
        return;
      }
    }
    this.#atEnd(i, window);
  }

  #begin(encoding: string, window: Window): void {
    this.length = 0;
    this.encoding = encoding;
    this.beginsText = window.beginsText;
    this.needsMore = false;
  }

  #put(value: number, source: number): void {
    if (this.length >= 512) return;
    this.source[this.length] = source;
    this.text[this.length++] = value;
  }

  #finish(source: number, needsMore: boolean, endsText: boolean): void {
    this.source[this.length] = source;
    this.needsMore = needsMore;
    this.endsText = endsText;
  }

  /** The window is all used up. */
  #atEnd(source: number, window: Window): void {
    this.#finish(source, window.open, window.endsText);
  }

  /** One character; `value` -1 stands for nothing, `size` 0 for an escape that the window cuts. */
  #escape(bytes: Uint8Array, i: number, window: Window): { value: number; size: number } {
    const c = bytes[i];
    switch (c) {
      case 0x25: // %
      case 0x5c: // \
      case 0x26: // &
      case 0x3d: // =
      case 0xc2:
      case 0xe2:
      case 0xa0:
        break;
      default:
        STEP.value = c;
        STEP.size = 1;
        return STEP;
    }
    const left = window.end - i;
    // The window's end may cut an escape, of 8 bytes at most: half of one is not its letters.
    if (left < 8 && (window.open || !window.endsText)) {
      STEP.size = 0;
      return STEP;
    }
    STEP.value = c;
    STEP.size = 1;
    if (c === 0x25) {
      const value = hexAt(bytes, i + 1, 2, window.end);
      if (value >= 0) this.#is("percent", value, 3);
    } else if (c === 0x5c && left > 1) {
      const next = bytes[i + 1];
      if (next === 0x75) {
        const value = hexAt(bytes, i + 2, 4, window.end);
        if (value >= 0) this.#is("json_escape", unicode(value), 6);
      } else if (next === 0x78) {
        const value = hexAt(bytes, i + 2, 2, window.end);
        if (value >= 0) this.#is("json_escape", value, 4);
      } else if (next === 0x5c) STEP.value = -1; // Escaped twice.
      else if (next === 0x6e || next === 0x72 || next === 0x74) { // n r t
        STEP.value = 0x0a;
        STEP.size = 2;
      }
    } else if (c === 0x26) this.#entity(bytes, i, window.end);
    else if (c === 0x3d) {
      if (left > 1 && bytes[i + 1] === 10) this.#is("quoted_printable", -1, 2);
      else if (left > 2 && bytes[i + 1] === 13 && bytes[i + 2] === 10) this.#is("quoted_printable", -1, 3);
      else if (left > 2 && bytes[i + 1] === 0x33 && bytes[i + 2] === 0x44) {
        this.#is("quoted_printable", 0x3d, 3);
      }
    } else if (c === 0xa0) STEP.value = 0x20;
    else if (c === 0xc2) {
      if (left > 1 && bytes[i + 1] === 0xa0) this.#is("", 0x20, 2);
    } else if (left > 2 && bytes[i + 1] === 0x80) {
      const value = unicode(0x2000 | bytes[i + 2] & 0x3f);
      if (value < 0x80) this.#is("", value, 3);
    }
    return STEP;
  }

  #entity(bytes: Uint8Array, i: number, end: number): void {
    if (i + 5 < end && bytes[i + 1] === 0x6e && bytes[i + 2] === 0x62 && bytes[i + 3] === 0x73) { // &nbsp;
      this.#is("entity", 0x20, 6);
      return;
    }
    if (i + 2 >= end || bytes[i + 1] !== 0x23) return;
    const isHex = (bytes[i + 2] | 0x20) === 0x78;
    let k = isHex ? i + 3 : i + 2;
    let value = 0;
    const first = k;
    for (; k < end && k < first + 5; k++) {
      const digit = HEX_VALUE[bytes[k]];
      if (digit > (isHex ? 15 : 9)) break;
      value = value * (isHex ? 16 : 10) + digit;
    }
    if (k > first && k < end && bytes[k] === 0x3b) this.#is("entity", unicode(value), k + 1 - i);
  }

  #is(encoding: string, value: number, size: number): void {
    if (encoding !== "") this.encoding = encoding;
    STEP.value = value;
    STEP.size = size;
  }
}

/** Whether letters around `at`, which is at `place`, go on as base64 of digits do, long enough for a number. */
export function looksLikeBase64Digits(window: Window, at: number, place: number): number {
  const { bytes, low, end } = window;
  let count = 1;
  for (let i = at, p = place; count < ENOUGH_BASE64;) {
    i = skipBreakBack(bytes, i, low);
    p = (p + 3) & 3;
    if (i < low || (BASE64_PLACES[bytes[i]] & 4 << p) === 0) break;
    count++;
  }
  for (let i = at, p = place; count < ENOUGH_BASE64;) {
    i++;
    for (let breaks = 0; breaks < 2 && i < end && (bytes[i] === 13 || bytes[i] === 10); breaks++) i++;
    if (i >= end) return window.open ? NEEDS_MORE : 0;
    p = (p + 1) & 3;
    if ((BASE64_PLACES[bytes[i]] & 4 << p) === 0) break;
    count++;
  }
  return count >= ENOUGH_BASE64 ? 1 : 0;
}

export const NEEDS_MORE = -1;
/** Letters in a row: 13 digits give at least 16 with those at the edges, and noise gives 12 once in 10^10 letters. */
const ENOUGH_BASE64 = 12;

/** The place before `i`, over one line break; `low - 1` where there is none. */
function skipBreakBack(bytes: Uint8Array, i: number, low: number): number {
  i--;
  for (let breaks = 0; breaks < 2 && i >= low && (bytes[i] === 10 || bytes[i] === 13); breaks++) i--;
  return i;
}

function isNumberByte(value: number): boolean {
  return value < 256 && (IS_DIGIT[value] === 1 || IS_SEPARATOR[value] === 1);
}

const STEP = { value: 0, size: 0 };

function hexAt(bytes: Uint8Array, at: number, count: number, end: number): number {
  if (at + count > end) return -1;
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const digit = HEX_VALUE[bytes[i]];
    if (digit > 15) return -1;
    value = value << 4 | digit;
  }
  return value;
}

/** Blanks and dashes of all kinds become ours; what is not one byte becomes a letter, so that it ends nothing. */
function unicode(value: number): number {
  if (value === 0xa0 || (value >= 0x2000 && value <= 0x200a) || value === 0x202f) return 0x20;
  if (value >= 0x2010 && value <= 0x2015) return 0x2d;
  return value < 0x80 ? value : 0x80 | value & 0x7f;
}

function fromEbcdic(byte: number): number {
  if (IS_EBCDIC_DIGIT[byte] === 1) return byte & 0x0f | 0x30;
  if (byte === 0x40) return 0x20;
  if (byte === 0x60) return 0x2d;
  if (byte === 0x7e) return 0x3d;
  const low = byte & 0x0f;
  const high = byte & 0xb0; // Small and capital letters differ in bit 6.
  if (low >= 1 && low <= 9 && high === 0x80) return 0x60 + low;
  if (low >= 1 && low <= 9 && high === 0x90) return 0x69 + low;
  if (low >= 2 && low <= 9 && high === 0xa0) return 0x71 + low;
  return 0x7c; // A mark of no meaning: |
}
