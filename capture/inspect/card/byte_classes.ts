/**
 * What a byte can be part of when a card number is near, and the probe that needs to look at two of thirteen bytes only.
 *
 * The shortest card number has 13 digits, so a probe every 13 bytes meets each one that is written without gaps. To
 * meet the wrapped ones as well, a probe looks at a *pair* of neighbours: each way of writing leaves pairs that
 * ordinary text seldom has, and 13 has no divisor in common with the period of any of them (2, 3, 4, 5, 6, 7), so
 * probes walk through all their phases:
 *
 * | written as | bytes a digit | pairs a probe finds |
 * |---|---|---|
 * | `4111`, `4111 1111`, `4111-1111` | 1 | digit digit, digit separator, separator digit |
 * | UTF-16, both byte orders | 2 | digit NUL (each second probe stands on a digit) |
 * | `%34%31` | 3 | digit digit inside each escape |
 * | `\u0034` | 6 | digit digit inside each escape |
 * | `&#52;` `&#x34;` | 5, 6 | digit digit |
 * | groups parted by `%20`, `\u00a0`, NBSP, en dash | | digit and first byte of the parting, and inside it |
 * | quoted-printable soft break | 1 | digit `=`, `=` CR, CR and LF with anything |
 * | base64 | 4/3 | two letters that neighbour each other in base64 of digits, see below |
 * | EBCDIC | 1 | F0-F9 twice |
 *
 * Base64 of digits: a digit is 0011xxxx, so three of them become sextets 0011aa aa0011 bbbb00 11cccc, and each of the
 * four places has few letters: MNO, DTjz, AEIMQUYcgk, wxyz0-5. With a blank (00100000) or dash (00101101) among them:
 * IL, CSiy, 0, gt in addition.
 */

/** Distance between probes, bytes. */
export const STRIDE = 13;

export const PAIR_DIGIT = 1;
export const PAIR_SEPARATOR = 2;
/** Base64 places 0..3 are bits 2..5. */
export const PAIR_BASE64 = 4 | 8 | 16 | 32;
export const PAIR_LINE_END = 64;
export const PAIR_EBCDIC = 128;

/** Bits a byte has as the first of a pair; the pair is a hit when `FIRST[a] & SECOND[b]` is not 0. */
export const FIRST = new Uint8Array(256);
/** Bits a byte has as the second of a pair. */
export const SECOND = new Uint8Array(256);
/** 1 for ASCII digits. */
export const IS_DIGIT = new Uint8Array(256);
/** 1 for ASCII letters. */
export const IS_LETTER = new Uint8Array(256);
/** 1 for what may part the groups of a number: blank, dash, plus (a blank in a form), dot. */
export const IS_SEPARATOR = new Uint8Array(256);
/** Bits 2..5: places in base64 of digits and separators that a letter can have. */
export const BASE64_PLACES = new Uint8Array(256);
/** Value of a base64 letter (both alphabets, RFC 4648 §4 and §5), 255 for others. */
export const BASE64_VALUE = new Uint8Array(256).fill(255);
/** Value of a hexadecimal digit, 255 for others. */
export const HEX_VALUE = new Uint8Array(256).fill(255);

const mark = (table: Uint8Array, bytes: string | number[], bits: number) => {
  for (const byte of typeof bytes === "string" ? [...bytes].map((c) => c.charCodeAt(0)) : bytes) {
    table[byte] |= bits;
  }
};

const DIGITS = "0123456789";
const PLACES = ["MNOIL", "DTjzCSiy", "AEIMQUYcgk0", "wxyz012345gt"];
mark(IS_DIGIT, DIGITS, 1);
mark(IS_LETTER, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", 1);
mark(IS_SEPARATOR, " -+.", 1);
[..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].forEach((letter, value) => {
  BASE64_VALUE[letter.charCodeAt(0)] = value;
});
BASE64_VALUE["-".charCodeAt(0)] = 62;
BASE64_VALUE["_".charCodeAt(0)] = 63;
[...DIGITS].forEach((digit, value) => HEX_VALUE[digit.charCodeAt(0)] = value);
[..."abcdef"].forEach((letter, value) => {
  HEX_VALUE[letter.charCodeAt(0)] = HEX_VALUE[letter.toUpperCase().charCodeAt(0)] = value + 10;
});

mark(FIRST, DIGITS, PAIR_DIGIT);
mark(SECOND, DIGITS + " -+.\0%\\&=", PAIR_DIGIT);
mark(SECOND, "dD", PAIR_DIGIT); // %2D
mark(SECOND, [0xa0, 0xc2, 0xe2], PAIR_DIGIT); // NBSP in Latin-1, in UTF-8; first byte of dashes and thin blanks

mark(FIRST, " -+.%=\\", PAIR_SEPARATOR);
mark(FIRST, [0xa0, 0xc2, 0xe2, 0x80, 0x89, 0x90, 0x91, 0x93, 0xaf], PAIR_SEPARATOR);
mark(SECOND, DIGITS + "\0\r\nu", PAIR_SEPARATOR);
mark(SECOND, [0x80, 0x89, 0x90, 0x91, 0x93, 0xa0, 0xaf], PAIR_SEPARATOR);

PLACES.forEach((letters, place) => {
  mark(BASE64_PLACES, letters, 4 << place);
  mark(FIRST, letters, 4 << place);
  mark(SECOND, letters, 4 << (place + 3) % 4);
});

mark(FIRST, "\r\n", PAIR_LINE_END);
for (let byte = 0; byte < 256; byte++) SECOND[byte] |= PAIR_LINE_END;

const EBCDIC_DIGITS = [0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9];
mark(FIRST, EBCDIC_DIGITS, PAIR_EBCDIC);
mark(SECOND, [...EBCDIC_DIGITS, 0x40, 0x60], PAIR_EBCDIC);
/** 1 for EBCDIC digits. */
export const IS_EBCDIC_DIGIT = new Uint8Array(256);
mark(IS_EBCDIC_DIGIT, EBCDIC_DIGITS, 1);

/**
 * 1 for what can stand inside a number however it is wrapped (but for base64): digits, separators, and every byte
 * that an escape of either is made of.
 */
export const IN_NUMBER = new Uint8Array(256);
mark(IN_NUMBER, DIGITS + " -+.%\\uUxX&#;=\r\n\0aAbBcCdDeEfFnsp\t", 1);
mark(IN_NUMBER, [0xa0, 0xc2, 0xe2, 0x80, 0x89, 0x90, 0x91, 0x93, 0xaf], 1);

/** A probe looks this far to either side before it calls for judgement: half of the shortest number. */
const GLANCE = 6;

/** How often `nextHit` had to look around a probe. The caller sets it back. */
export const glances = { count: 0 };

/**
 * The next probe that hits and is worth a judgement, or the first place at or after `end - 1`, where a pair is not
 * whole any more.
 *
 * This is the loop every payload byte passes. Four probes share a branch. Most hits are short numbers, so a glance at
 * half the length of a number on both sides comes before the judgement: a number around the probe fills one of them.
 *
 * @param low First index that may be read.
 */
export function nextHit(bytes: Uint8Array, at: number, end: number, low: number): number {
  const far = end - 1 - 3 * STRIDE;
  let i = at;
  for (;;) {
    while (i < far) {
      const hits = (FIRST[bytes[i]] & SECOND[bytes[i + 1]]) |
        (FIRST[bytes[i + STRIDE]] & SECOND[bytes[i + STRIDE + 1]]) |
        (FIRST[bytes[i + 2 * STRIDE]] & SECOND[bytes[i + 2 * STRIDE + 1]]) |
        (FIRST[bytes[i + 3 * STRIDE]] & SECOND[bytes[i + 3 * STRIDE + 1]]);
      if (hits !== 0) break;
      i += 4 * STRIDE;
    }
    while (i < end - 1 && (FIRST[bytes[i]] & SECOND[bytes[i + 1]]) === 0) i += STRIDE;
    glances.count++;
    if (i >= end - 1 || i - GLANCE < low || i + GLANCE >= end || isWorthAJudgement(bytes, i, low, end)) {
      return i;
    }
    i += STRIDE;
  }
}

/** Whether the probe at `i` of a text of `length` bytes can be part of a number. */
export function mayHit(bytes: Uint8Array, i: number, length: number): boolean {
  if (i + 1 >= length) return true;
  if ((FIRST[bytes[i]] & SECOND[bytes[i + 1]]) === 0) return false;
  return i < GLANCE || i + GLANCE >= length || isWorthAJudgement(bytes, i, 0, length);
}

/** Whether a hit at `i`, with `GLANCE` bytes around it there to read, can be part of a number. */
function isWorthAJudgement(bytes: Uint8Array, i: number, low: number, end: number): boolean {
  const pair = FIRST[bytes[i]] & SECOND[bytes[i + 1]];
  if (
    (pair & (PAIR_DIGIT | PAIR_SEPARATOR)) !== 0 &&
    ((IN_NUMBER[bytes[i + 1]] & IN_NUMBER[bytes[i + 2]] & IN_NUMBER[bytes[i + 3]] & IN_NUMBER[bytes[i + 4]] &
        IN_NUMBER[bytes[i + 5]] & IN_NUMBER[bytes[i + 6]]) |
        (IN_NUMBER[bytes[i - 1]] & IN_NUMBER[bytes[i - 2]] & IN_NUMBER[bytes[i - 3]] &
          IN_NUMBER[bytes[i - 4]] &
          IN_NUMBER[bytes[i - 5]] & IN_NUMBER[bytes[i - 6]])) !== 0
  ) {
    if (isLongEnough(bytes, i, low, end)) return true;
  }
  if ((pair & PAIR_BASE64) !== 0) {
    // Four neighbours in a row, or a line's end among them.
    const right = pair & turn(SECOND[bytes[i + 2]] & FIRST[bytes[i + 1]]);
    const left = pair & turnBack(FIRST[bytes[i - 1]] & SECOND[bytes[i]]);
    if (((right | left) & PAIR_BASE64) !== 0) return true;
    if (isLineEnd(bytes[i + 2]) || isLineEnd(bytes[i - 1])) return true;
  }
  if ((pair & PAIR_LINE_END) !== 0) {
    if (bytes[i - 1] === 0x3d || bytes[i - 2] === 0x3d) return true;
    const before = (FIRST[bytes[i - 2]] & SECOND[bytes[i - 1]]) |
      (FIRST[bytes[i - 3]] & SECOND[bytes[i - 2]]);
    if ((before & PAIR_BASE64) !== 0) return true;
  }
  return (pair & PAIR_EBCDIC) !== 0;
}

/** Whether the bytes around `i` that can stand in a number are as many as the shortest number has: a date is not. */
function isLongEnough(bytes: Uint8Array, i: number, low: number, end: number): boolean {
  let from = i;
  while (from > low && i - from < STRIDE && IN_NUMBER[bytes[from - 1]] === 1) from--;
  if (from === low) return true; // It may have begun before.
  let to = i + 1;
  while (to < end && to - from < STRIDE && IN_NUMBER[bytes[to]] === 1) to++;
  return to - from >= STRIDE || to === end;
}

/** Places of a pair one letter further on, as those of the pair before it; and the other way round. */
function turn(pair: number): number {
  return pair >> 1 | (pair & 4) << 3;
}

function turnBack(pair: number): number {
  return pair << 1 | (pair & 32) >> 3;
}

function isLineEnd(byte: number): boolean {
  return byte === 10 || byte === 13;
}
