/**
 * Lines of JSON put together as bytes.
 *
 * An event is some forty short pieces. Joined as text they are a chain of as many objects, which is walked, copied and
 * turned into bytes when it is written: 5 ns a byte. Put into one buffer piece by piece it is 0.5 ns a byte, and nothing
 * is left for the collector. What is our own wording is kept as words of four bytes; what a parser made is an object of
 * any shape, for which V8's own `JSON.stringify` and one copy are twice as fast as a walk over its members here.
 */

/** Bytes that one character (two of UTF-16's for what takes four) can become in UTF-8. */
const MOST_BYTES = 3;
/** Digits of the largest number that `number` writes by itself, and sign, point and exponent of any other. */
const MAX_NUMBER_BYTES = 32;
/** Pieces are written in words of four bytes: so much may be overwritten behind what is put. */
const SLACK_BYTES = 4;
const FIRST_BYTES = 64 << 10;
/** The largest whole number written digit by digit. */
const MAX_PLAIN = 999_999_999_999_999;
const BILLION = 1_000_000_000;
/** Up to here a loop over characters is faster than a call of the encoder, which takes some 200 ns. */
const MAX_SHORT_CHARS = 150;

const COMMA = 0x2c;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** 1 for ASCII that stands in a JSON text as it is, RFC 8259 §7. */
const PLAIN = new Uint8Array(128).fill(1, 0x20);
PLAIN[0x22] = PLAIN[0x5c] = 0;

// Of the numbers below a thousand, as words of four bytes: three digits; and as many as are needed, with points behind.
const THREE_DIGITS = new Int32Array(1000);
const DIGITS = new Int32Array(1000);
/** How many are needed. */
const DIGIT_COUNT = new Uint8Array(1000);
for (let n = 0; n < 1000; n++) {
  const hundreds = 0x30 + Math.floor(n / 100);
  const tens = 0x30 + Math.floor(n / 10) % 10;
  const ones = 0x30 + n % 10;
  THREE_DIGITS[n] = hundreds | tens << 8 | ones << 16;
  DIGIT_COUNT[n] = n < 10 ? 1 : n < 100 ? 2 : 3;
  DIGITS[n] = n < 10
    ? ones | 0x2e2e2e00
    : n < 100
    ? tens | ones << 8 | 0x2e2e0000
    : THREE_DIGITS[n] | 0x2e000000;
}

/** Text of our own, in ASCII, that is put again and again: as words of four bytes. */
export class JsonText {
  readonly length: number;
  /** Little-endian; the last one may have bytes to spare. */
  readonly words: Int32Array;

  constructor(text: string) {
    this.length = text.length;
    const bytes = new Uint8Array((text.length + 3) & ~3);
    encoder.encodeInto(text, bytes);
    this.words = new Int32Array(bytes.buffer);
  }
}

/** A buffer that grows; everything is put behind what was put before. */
export class JsonBytes {
  /** What was put is `bytes[0, length)`. Another array when it has grown. */
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;
  #view: DataView<ArrayBuffer>;

  constructor(firstBytes: number = FIRST_BYTES) {
    this.bytes = new Uint8Array(firstBytes);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Everything is gone from here on. */
  clear(): void {
    this.length = 0;
  }

  /** What was put, as text. */
  toString(): string {
    return decoder.decode(this.bytes.subarray(0, this.length));
  }

  /** A character of ASCII by its code. */
  byte(code: number): void {
    if (this.length + 1 > this.bytes.length) this.#grow(1);
    this.bytes[this.length++] = code;
  }

  /** Text of our own. */
  constant(text: JsonText): void {
    this.words(text.words, 0, text.length);
  }

  /** Bytes that lie in words of four, little-endian. @param length Bytes; the words may hold more. */
  words(words: Int32Array, from: number, length: number): void {
    let at = this.length;
    const end = at + length;
    if (end + SLACK_BYTES > this.bytes.length) this.#grow(length + SLACK_BYTES);
    const view = this.#view;
    this.length = end;
    for (; at < end; at += 4) view.setInt32(at, words[from++], true);
  }

  /** Text as it is, without quotes: words of our own that are not always the same, JSON made elsewhere. */
  text(text: string): void {
    const count = text.length;
    if (this.length + count > this.bytes.length) this.#grow(count);
    const { bytes, length } = this;
    let any = 0;
    for (let i = 0; i < count; i++) {
      const code = text.charCodeAt(i);
      any |= code;
      bytes[length + i] = code;
    }
    if (any < 0x80) this.length = length + count;
    else this.#encode(text);
  }

  /** Text as a JSON string, exactly as `JSON.stringify` writes it. */
  string(text: string): void {
    const count = text.length;
    if (count > MAX_SHORT_CHARS) return this.#encode(JSON.stringify(text));
    // Quotes and backslashes become two bytes; what becomes more goes another way.
    if (this.length + 2 * count + 2 > this.bytes.length) this.#grow(2 * count + 2);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = 0x22;
    for (let i = 0; i < count; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f || PLAIN[code] === 0) {
        if (code !== 0x22 && code !== 0x5c) return this.#encode(JSON.stringify(text));
        bytes[at++] = 0x5c;
      }
      bytes[at++] = code;
    }
    bytes[at] = 0x22;
    this.length = at + 1;
  }

  /** A number as `JSON.stringify` writes it. */
  number(value: number): void {
    if (this.length + MAX_NUMBER_BYTES > this.bytes.length) this.#grow(MAX_NUMBER_BYTES);
    if (value >= 0 && value < BILLION && (value | 0) === value) this.#digits(value | 0);
    else if (value >= BILLION && value <= MAX_PLAIN && Math.floor(value) === value) {
      const high = Math.floor(value / BILLION);
      this.#digits(high);
      const low = value - high * BILLION;
      const upper = low / 1000_000 | 0;
      this.#view.setInt32(this.length, THREE_DIGITS[upper], true);
      this.length += 3;
      this.sixDigits(low - upper * 1000_000 | 0);
    } else this.text(Number.isFinite(value) ? String(value) : "null");
  }

  /** Six digits, zeros in front, of a whole number below a million. */
  sixDigits(value: number): void {
    if (this.length + 6 + SLACK_BYTES > this.bytes.length) this.#grow(6 + SLACK_BYTES);
    const high = value / 1000 | 0;
    this.#view.setInt32(this.length, THREE_DIGITS[high], true);
    this.#view.setInt32(this.length + 3, THREE_DIGITS[value - 1000 * high], true);
    this.length += 6;
  }

  /** The four bytes at `at` in decimal, with points between: an IPv4 address. */
  dotted(bytes: Uint8Array, at: number): void {
    if (this.length + MAX_NUMBER_BYTES > this.bytes.length) this.#grow(MAX_NUMBER_BYTES);
    const view = this.#view;
    let length = this.length;
    for (let i = 0; i < 4; i++) {
      const value = bytes[at + i];
      view.setInt32(length, DIGITS[value], true);
      length += DIGIT_COUNT[value] + 1;
    }
    this.length = length - 1;
  }

  /** Any value of JSON, exactly as `JSON.stringify` writes it. */
  value(value: unknown): void {
    if (typeof value === "string") this.string(value);
    else if (typeof value === "number") this.number(value);
    else this.#encode(JSON.stringify(value) ?? "null");
  }

  /** The members of an object without its braces. @param follows Others stand before: a comma comes first. */
  members(object: Record<string, unknown>, follows: boolean): void {
    const from = this.length;
    this.#encode(JSON.stringify(object));
    if (this.length === from + 2) this.length = from;
    else if (follows) {
      this.bytes[from] = COMMA; // in place of the brace
      this.length--;
    } else {
      this.bytes.copyWithin(from, from + 1, this.length - 1);
      this.length -= 2;
    }
  }

  /** Makes an object of the members put since `from`, each with a comma before it: braces come in place of the first. */
  object(from: number): void {
    this.bytes[from] = OPENING_BRACE;
    this.byte(CLOSING_BRACE);
  }

  /** A whole number below a billion. There is room. */
  #digits(value: number): void {
    const view = this.#view;
    let at = this.length;
    if (value >= 1000) {
      const thousands = value / 1000 | 0;
      if (thousands >= 1000) {
        const millions = thousands / 1000 | 0;
        view.setInt32(at, DIGITS[millions], true);
        at += DIGIT_COUNT[millions];
        view.setInt32(at, THREE_DIGITS[thousands - 1000 * millions], true);
        at += 3;
      } else {
        view.setInt32(at, DIGITS[thousands], true);
        at += DIGIT_COUNT[thousands];
      }
      view.setInt32(at, THREE_DIGITS[value - 1000 * thousands], true);
      this.length = at + 3;
    } else {
      view.setInt32(at, DIGITS[value], true);
      this.length = at + DIGIT_COUNT[value];
    }
  }

  #encode(text: string): void {
    const most = MOST_BYTES * text.length;
    if (this.length + most > this.bytes.length) this.#grow(most);
    this.length += encoder.encodeInto(text, this.bytes.subarray(this.length)).written;
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(2 * this.bytes.length, this.length + needed));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
