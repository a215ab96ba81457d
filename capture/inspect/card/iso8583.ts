/**
 * Card numbers inside ISO 8583 messages, where they have no boundaries that a reader of text could see: ASCII, packed
 * BCD and EBCDIC, with the usual length prefixes, a TPDU or the header of BASE24.
 *
 * A text is a stream of such messages when it *begins* with one: message type, bitmap and all fields up to the last
 * one that can hold a card number must parse. From then on the length prefix leads from message to message. Fields:
 * ISO 8583:1987 and :1993 (message types 0xxx, 1xxx), DE 2 (PAN), DE 35 (track 2), DE 45 (track 1).
 */
import { HEX_VALUE } from "./byte_classes.ts";

/** The part of a message that is kept while it is read: header, bitmaps, and fields up to DE 45 at their longest. */
const MAX_HEAD_BYTES = 768;
/** Shortest and longest message believed. */
const MIN_MESSAGE = 14;
const MAX_MESSAGE = 8192;
/** The last field that holds a card number. */
const LAST_FIELD = 45;

/** What a text was found to be. */
export const IsoState = { undecided: 0, yes: 1, no: 2 } as const;

/** Told of a number in a field: digits as values, in a buffer that is wiped afterwards. */
export type IsoNumber = (track: 0 | 1 | 2, digits: Uint8Array, length: number) => void;

const NUMERIC = 0;
const TEXT = 1;
const SIGNED = 2;
const TRACK2 = 3;

interface Field {
  kind: number;
  /** Characters, or the most there may be. */
  size: number;
  /** Digits of the length indicator; 0 for fixed length. */
  indicator: number;
}

const FIELDS_1987 = fields(`
  2:n..19 3:n6 4:n12 5:n12 6:n12 7:n10 8:n8 9:n8 10:n8 11:n6 12:n6 13:n4 14:n4 15:n4 16:n4 17:n4 18:n4 19:n3 20:n3
  21:n3 22:n3 23:n3 24:n3 25:n2 26:n2 27:n1 28:x9 29:x9 30:x9 31:x9 32:n..11 33:n..11 34:a..28 35:z..37 36:n...104
  37:a12 38:a6 39:a2 40:a3 41:a8 42:a15 43:a40 44:a..25 45:a..76`);
const FIELDS_1993 = [...FIELDS_1987];
for (
  const [number, field] of fields(
    "12:n12 15:n6 22:a12 25:n4 26:n4 28:n6 29:n3 30:n24 31:a..99 39:n3 43:a..99 44:a..99",
  ).entries()
) {
  if (field !== undefined) FIELDS_1993[number] = field;
}

function fields(text: string): (Field | undefined)[] {
  const table: (Field | undefined)[] = [];
  for (const [, number, kind, dots, size] of text.matchAll(/(\d+):([naxz])(\.*)(\d+)/g)) {
    table[Number(number)] = {
      kind: { n: NUMERIC, a: TEXT, x: SIGNED, z: TRACK2 }[kind]!,
      size: Number(size),
      indicator: dots.length,
    };
  }
  return table;
}

const ASCII = 0;
const BCD = 1;
const EBCDIC = 2;

/** How messages are framed: bytes of the length prefix (which does not count itself), and whether it is text. */
interface Framing {
  prefix: number;
  isText: boolean;
}
const FRAMINGS: readonly Framing[] = [
  { prefix: 2, isText: false },
  { prefix: 4, isText: false },
  { prefix: 4, isText: true },
  { prefix: 0, isText: false },
];

const MORE = -1;
const WRONG = -2;
const STX = 2;
const BASE24_BYTES = 12;

/** The bit maps of the message at hand. */
const bitmapBytes = new Uint8Array(16);
/** Readers that wait for a text. One in thirty texts has a first byte for which it needs one, mostly for one call. */
const idle: Iso8583Reader[] = [];
const MAX_IDLE = 64;

export class Iso8583Reader {
  #bytes = new Uint8Array(128);
  #length = 0;
  #framing: Framing | null = null;
  /** Bytes of the message at hand that need not be looked at. */
  #skip = 0;
  /** Bytes of the last call that were not taken, once the state is `no`. */
  unread = 0;
  #digits = new Uint8Array(19);
  #found: IsoNumber | null = null;

  /** Whether a text with this first byte can be such a stream at all. Spares all others this object. */
  static mayBegin(first: number): boolean {
    return first <= 2 || first === 0x30 || first === 0x31 || first === 0x49 || first === 0x60 ||
      first === 0xf0 || first === 0xf1;
  }

  /** A reader for a new text, one that was used before where there is one. */
  static take(): Iso8583Reader {
    return idle.pop() ?? new Iso8583Reader();
  }

  /** The reader, of which nobody will ask anything any more, forgets all it held and is used again. */
  release(): void {
    this.wipe();
    this.#framing = null;
    this.#skip = 0;
    this.#found = null;
    this.unread = 0;
    if (idle.length < MAX_IDLE) idle.push(this);
  }

  /** The next bytes of the text. */
  read(bytes: Uint8Array, at: number, end: number, found: IsoNumber): number {
    this.#found = found;
    while (at < end || this.#length > 0) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, end - at);
        this.#skip -= skipped;
        at += skipped;
        if (this.#skip > 0 || at >= end) return IsoState.yes;
      }
      const taken = Math.min(end - at, MAX_HEAD_BYTES - this.#length);
      this.#put(bytes, at, at + taken);
      at += taken;
      const size = this.#framing === null ? this.#first() : this.#message(this.#framing);
      if (size === MORE) {
        if (this.#length < MAX_HEAD_BYTES) return this.#framing === null ? IsoState.undecided : IsoState.yes;
        // A head cannot be that long.
      }
      if (size < 0) {
        this.unread = end - at;
        return IsoState.no;
      }
      // What belongs to the message and is held goes; what is not here yet is skipped when it comes.
      this.#skip = Math.max(0, size - this.#length);
      this.#drop(Math.min(size, this.#length));
    }
    return IsoState.yes;
  }

  /** How many bytes `held` has. */
  get pending(): number {
    return this.#length;
  }

  /** Bytes taken that turned out to be no message. */
  held(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  wipe(): void {
    this.#bytes.fill(0);
    this.#length = 0;
    this.#digits.fill(0);
  }

  #put(bytes: Uint8Array, at: number, end: number): void {
    if (this.#length + end - at > this.#bytes.length) {
      const larger = new Uint8Array(MAX_HEAD_BYTES);
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes.fill(0);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes.subarray(at, end), this.#length);
    this.#length += end - at;
  }

  #drop(count: number): void {
    this.#bytes.copyWithin(0, count, this.#length);
    this.#bytes.fill(0, this.#length - count, this.#length);
    this.#length -= count;
  }

  /** The first message: finds out how messages are framed. */
  #first(): number {
    for (const framing of FRAMINGS) {
      const size = this.#message(framing);
      if (size > 0) {
        this.#framing = framing;
        return size;
      }
      // Wait, rather than let a later framing win because fewer bytes have come: cuts must not decide.
      if (size === MORE) return MORE;
    }
    return WRONG;
  }

  /**
   * A message at the beginning of what is held; tells of its numbers when all of it has parsed.
   *
   * @returns Bytes of the whole message with its prefix (without prefix: up to the last field read), `MORE`, `WRONG`.
   */
  #message(framing: Framing): number {
    const { prefix } = framing;
    const b = this.#bytes;
    if (this.#length < prefix) return MORE;
    let told = 0;
    for (let i = 0; i < prefix; i++) {
      const digit = framing.isText ? b[i] - 48 : b[i];
      if (framing.isText && (digit < 0 || digit > 9)) return WRONG;
      told = told * (framing.isText ? 10 : 256) + digit;
    }
    const size = told + prefix;
    if (prefix > 0 && (size < MIN_MESSAGE + prefix || size > MAX_MESSAGE)) return WRONG;
    const end = prefix > 0 ? Math.min(size, this.#length) : this.#length;
    const isCut = prefix === 0 || end < size;
    const parsed = this.#fields(prefix, end, isCut, false);
    if (parsed < 0) return parsed;
    this.#fields(prefix, end, isCut, true);
    return prefix > 0 ? size : parsed;
  }

  /** Header and fields up to `LAST_FIELD`; `isCut` when bytes after `end` may come. Where they end, or as `#message`. */
  #fields(at: number, end: number, isCut: boolean, tell: boolean): number {
    const b = this.#bytes;
    const short = isCut ? MORE : WRONG;
    if (at === 0 && end > 0 && b[0] === STX) at++; // serial lines know no lengths
    // BASE24: "ISO", product, release, status, who made it and who answered.
    if (at + 3 <= end && b[at] === 0x49 && b[at + 1] === 0x53 && b[at + 2] === 0x4f) at += BASE24_BYTES;
    // TPDU: 60 and four bytes of addresses.
    if (at < end && (b[at] === 0x60 || b[at] === 0x68)) at += 5;
    if (at + 4 > end) return short;
    let coding: number;
    let version: number;
    if (isMessageType(b[at] - 48, b[at + 1] - 48, b[at + 2] - 48, b[at + 3] - 48)) {
      coding = ASCII;
      version = b[at] - 48;
      at += 4;
    } else if (isMessageType(b[at] >> 4, b[at] & 15, b[at + 1] >> 4, b[at + 1] & 15)) {
      coding = BCD;
      version = b[at] >> 4;
      at += 2;
    } else if (isMessageType(b[at] - 240, b[at + 1] - 240, b[at + 2] - 240, b[at + 3] - 240)) {
      coding = EBCDIC;
      version = b[at] - 240;
      at += 4;
    } else return WRONG;
    const zero = coding === EBCDIC ? 0xf0 : 0x30;
    const bits = bitmapBytes.fill(0);
    let bitmaps = 1;
    // Text messages carry the bitmap as text or as it is.
    const isTextBitmap = coding !== BCD && at < end && isHex(b[at], coding) &&
      (at + 1 >= end || isHex(b[at + 1], coding)) &&
      (at + 2 >= end || isHex(b[at + 2], coding));
    for (let map = 0; map < bitmaps; map++) {
      const width = isTextBitmap ? 16 : 8;
      if (at + width > end) return short;
      for (let i = 0; i < 8; i++) {
        if (!isTextBitmap) bits[map * 8 + i] = b[at + i];
        else {
          if (!isHex(b[at + 2 * i], coding) || !isHex(b[at + 2 * i + 1], coding)) return WRONG;
          bits[map * 8 + i] = hexValue(b[at + 2 * i], coding) << 4 | hexValue(b[at + 2 * i + 1], coding);
        }
      }
      at += width;
      if (map === 0 && (bits[0] & 0x80) !== 0) bitmaps = 2;
    }
    const has = (field: number) => (bits[(field - 1) >> 3] & 0x80 >> ((field - 1) & 7)) !== 0;
    // The system trace number is in every message there is.
    if (!has(11)) return WRONG;
    const table = version === 1 ? FIELDS_1993 : FIELDS_1987;
    for (let number = 2; number <= LAST_FIELD; number++) {
      if (!has(number)) continue;
      const field = table[number]!;
      let size = field.size;
      if (field.indicator > 0) {
        const width = coding === BCD ? (field.indicator + 1) >> 1 : field.indicator;
        if (at + width > end) return short;
        size = 0;
        for (let i = 0; i < width; i++) {
          if (coding === BCD) {
            if ((b[at + i] >> 4) > 9 || (b[at + i] & 15) > 9) return WRONG;
            size = size * 100 + (b[at + i] >> 4) * 10 + (b[at + i] & 15);
          } else {
            if (b[at + i] < zero || b[at + i] > zero + 9) return WRONG;
            size = size * 10 + b[at + i] - zero;
          }
        }
        at += width;
        if (size > field.size) return WRONG;
      }
      const isPacked = coding === BCD && field.kind !== TEXT;
      const width = !isPacked ? size : field.kind === SIGNED ? 1 + (size >> 1) : (size + 1) >> 1;
      if (at + width > end) return short;
      if (field.kind === NUMERIC || field.kind === TRACK2) {
        for (let i = 0; i < size; i++) {
          const value = isPacked ? nibble(b, at, i + (size & 1), field.kind, size) : b[at + i] - zero;
          if (value >= 0 && value <= 9) continue;
          if (field.kind === NUMERIC || !isTrackMark(isPacked ? value : b[at + i], isPacked)) return WRONG;
        }
      }
      if (tell && (number === 2 || number === 35 || number === 45)) {
        this.#number(number, at, size, isPacked, field.kind, zero);
      }
      at += width;
    }
    return at;
  }

  #number(number: number, at: number, size: number, isPacked: boolean, kind: number, zero: number): void {
    const digits = this.#digits;
    let from = 0;
    // Track 1 begins with its format code, B.
    if (number === 45 && size > 0 && (this.#bytes[at] === 0x42 || this.#bytes[at] === 0xc2)) from = 1;
    let length = 0;
    for (let i = from; i < size && length < digits.length; i++) {
      const value = isPacked
        ? nibble(this.#bytes, at, i + (size & 1), kind, size)
        : this.#bytes[at + i] - zero;
      if (value < 0 || value > 9) break;
      digits[length++] = value;
    }
    this.#found!(number === 2 ? 0 : number === 35 ? 2 : 1, digits, length);
    digits.fill(0);
  }
}

/**
 * A packed digit, counted in nibbles. Numbers with an odd count of digits begin in the second nibble; track 2 in the
 * first.
 */
function nibble(bytes: Uint8Array, at: number, i: number, kind: number, size: number): number {
  if (kind === TRACK2) i -= size & 1;
  else if ((size & 1) === 1 && (bytes[at] >> 4) !== 0) i -= 1; // Some pad at the end.
  const byte = bytes[at + (i >> 1)];
  return (i & 1) === 0 ? byte >> 4 : byte & 15;
}

function isTrackMark(value: number, isPacked: boolean): boolean {
  return isPacked
    ? value === 13 || value === 15
    : value === 0x3d || value === 0x44 || value === 0x7e || value === 0xc4;
}

/** ISO 8583 §6: version 0-2, class 1-8, function 0-4 or 9, origin 0-5. */
function isMessageType(version: number, kind: number, purpose: number, origin: number): boolean {
  return version >= 0 && version <= 2 && kind >= 1 && kind <= 8 &&
    (purpose >= 0 && purpose <= 4 || purpose === 9) &&
    origin >= 0 && origin <= 5;
}

function isHex(byte: number, coding: number): boolean {
  return coding === EBCDIC
    ? (byte >= 0xf0 && byte <= 0xf9) || (byte >= 0xc1 && byte <= 0xc6)
    : HEX_VALUE[byte] < 16;
}

function hexValue(byte: number, coding: number): number {
  return coding === EBCDIC ? byte >= 0xf0 ? byte - 0xf0 : byte - 0xc1 + 10 : HEX_VALUE[byte];
}
