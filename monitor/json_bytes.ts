/**
 * Lines of JSON put together as bytes.
 *
 * An event is some forty short pieces. Joined as text they are a chain of as many objects, which is walked, copied and
 * turned into bytes when it is written: 5 ns a byte. Put into one buffer piece by piece it is 1 ns a byte, and nothing is
 * left for the collector.
 */

/** Bytes that one character (two of UTF-16's for what takes four) can become in UTF-8. */
const MOST_BYTES = 3;
/** Digits of the largest number that `number` writes by itself, and sign, point and exponent of any other. */
const MAX_NUMBER_BYTES = 32;
const FIRST_BYTES = 64 << 10;
/** The largest whole number written digit by digit. */
const MAX_PLAIN = 999_999_999_999_999;
const BILLION = 1_000_000_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** 1 for ASCII that stands in a JSON text as it is, RFC 8259 §7. */
const PLAIN = new Uint8Array(128).fill(1, 0x20);
PLAIN[0x22] = PLAIN[0x5c] = 0;
/** Two digits a number from 0 to 99. */
const PAIRS = new Uint8Array(200);
for (let n = 0; n < 100; n++) {
  PAIRS[2 * n] = 0x30 + Math.floor(n / 10);
  PAIRS[2 * n + 1] = 0x30 + n % 10;
}

/** A buffer that grows; everything is put behind what was put before. */
export class JsonBytes {
  /** What was put is `bytes[0, length)`. Another array when it has grown. */
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;

  constructor(firstBytes: number = FIRST_BYTES) {
    this.bytes = new Uint8Array(firstBytes);
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

  /** Text as it is, without quotes: punctuation, words of our own, JSON made elsewhere. */
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

  /**
   * Makes an object of the members put since `from`, each with a comma before it: `opening` comes in place of the first
   * comma, a brace behind the last.
   */
  wrap(from: number, opening: string): void {
    const end = this.length;
    this.text(opening); // for its room
    this.bytes.copyWithin(from + opening.length, from + 1, end);
    this.length = from;
    this.text(opening);
    this.length = end + opening.length - 1;
    this.byte(0x7d);
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
      this.#threeDigits(upper);
      this.sixDigits(low - upper * 1000_000 | 0);
    } else this.text(Number.isFinite(value) ? String(value) : "null");
  }

  /** Six digits, zeros in front, of a whole number below a million. */
  sixDigits(value: number): void {
    const high = value / 10_000 | 0;
    const rest = value - 10_000 * high;
    const middle = rest / 100 | 0;
    this.twoDigits(high);
    this.twoDigits(middle);
    this.twoDigits(rest - 100 * middle);
  }

  /** Two digits of a whole number below a hundred. */
  twoDigits(value: number): void {
    if (this.length + 2 > this.bytes.length) this.#grow(2);
    const { bytes, length } = this;
    bytes[length] = PAIRS[2 * value];
    bytes[length + 1] = PAIRS[2 * value + 1];
    this.length = length + 2;
  }

  /** Any value of JSON, exactly as `JSON.stringify` writes it; what has a `toJSON` of its own does not occur. */
  value(value: unknown): void {
    switch (typeof value) {
      case "string":
        return this.string(value);
      case "number":
        return this.number(value);
      case "boolean":
        return this.text(value ? "true" : "false");
      case "object":
        if (value === null) return this.text("null");
        if (Array.isArray(value)) return this.#list(value);
        this.byte(0x7b);
        this.members(value as Record<string, unknown>, false);
        return this.byte(0x7d);
      default:
        this.text("null");
    }
  }

  /** The members of an object without its braces. @param follows Others stand before: a comma comes first. */
  members(object: Record<string, unknown>, follows: boolean): void {
    const keys = Object.keys(object);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      const value = object[key];
      if (value === undefined) continue;
      this.#name(key, follows);
      follows = true;
      if (typeof value === "string") this.string(value);
      else this.value(value);
    }
  }

  /** A member's name with its quotes and colon, and a comma before it where others stand before. */
  #name(name: string, follows: boolean): void {
    const count = name.length;
    if (this.length + count + 4 > this.bytes.length) this.#grow(count + 4);
    const { bytes } = this;
    let at = this.length;
    if (follows) bytes[at++] = 0x2c;
    bytes[at++] = 0x22;
    for (let i = 0; i < count; i++) {
      const code = name.charCodeAt(i);
      if (code > 0x7f || PLAIN[code] === 0) return this.text(`${follows ? "," : ""}${JSON.stringify(name)}:`);
      bytes[at++] = code;
    }
    bytes[at++] = 0x22;
    bytes[at++] = 0x3a;
    this.length = at;
  }

  #list(list: unknown[]): void {
    this.byte(0x5b);
    for (let i = 0; i < list.length; i++) {
      if (i > 0) this.byte(0x2c);
      this.value(list[i]);
    }
    this.byte(0x5d);
  }

  #digits(value: number): void {
    const { bytes } = this;
    const from = this.length;
    let at = from + digitsOf(value);
    this.length = at;
    while (value >= 10) {
      const rest = value / 10 | 0;
      bytes[--at] = 0x30 + value - 10 * rest;
      value = rest;
    }
    bytes[from] = 0x30 + value;
  }

  #threeDigits(value: number): void {
    const high = value / 100 | 0;
    this.bytes[this.length++] = 0x30 + high;
    this.twoDigits(value - 100 * high);
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
  }
}

function digitsOf(value: number): number {
  if (value < 10_000) return value < 100 ? value < 10 ? 1 : 2 : value < 1000 ? 3 : 4;
  if (value < 1000_000) return value < 100_000 ? 5 : 6;
  return value < 10_000_000 ? 7 : value < 100_000_000 ? 8 : value < BILLION ? 9 : 10;
}
