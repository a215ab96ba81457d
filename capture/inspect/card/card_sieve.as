/**
 * Tells in which places of a text a card number can be at all, so that `CardFinder` looks at those alone. AssemblyScript
 * with SIMD; `deno task sieve` compiles it into card_sieve_bytes.ts.
 *
 * It decides nothing: what it marks is judged by `CardFinder`, and it may mark too much, never too little. Its cost is
 * bounded for each byte whatever the text says: bytes become bit masks, 64 to a word, and the masks are combined in a
 * fixed number of steps; what is wrapped (base64, escapes) is unwrapped once, front to back.
 *
 * 1. One pass asks three questions of 64 bytes at a time: are 13 neighbours such that a number can be made of them, are
 *    12 neighbours letters that base64 of digits has, are 13 neighbours EBCDIC digits? Nearly all text ends here.
 * 2. What is left becomes masks of digits and separators: as it is, from UTF-16, hexadecimal, EBCDIC (masks thinned out
 *    by two), and from escapes and base64 (unwrapped first).
 * 3. In such a pair of masks, numbers are runs of 13 to 19 digits, or groups laid out as a card's.
 */

// ------------------------------------------------------------ memory, bytes; card_sieve.ts knows the exported ones

/** Bytes of text at most, and mask words for them. */
const MAX_TEXT: i32 = 20480;
/** Bytes unwrapped at most before they are searched; what comes in one piece has fewer than `MAX_TEXT`. */
const FULL_PLAIN: i32 = MAX_TEXT;
const MAX_PLAIN: i32 = 2 * MAX_TEXT + 256;
const WORDS: i32 = MAX_PLAIN / 64 + 4;
/** Sets of bytes: 16 + 16 bytes each, by low half; bits by high half. */
const SET_NUMBER: usize = 1024;
const SET_BASE64: usize = 1056;
const SET_EBCDIC: usize = 1088;
const SET_SEPARATOR: usize = 1120;
const SET_ESCAPE: usize = 1152;
/** Letters at each place of base64 of digits, below 128: 16 bytes each. */
const SET_PLACES: usize = 1184;
/** For each two first digits, a bit for each length that a brand issues. */
const ISSUED: usize = 1280;
/** For each byte, bits 0..3: the places in base64 of digits it can have; value of a base64 letter. */
const PLACES: usize = 1792;
const BASE64: usize = 2048;
/** Value of a hexadecimal digit, 255 for others. */
const HEX: usize = 2304;
/** 1 for letters. */
const LETTER: usize = 2560;
/** For 16 bits (a byte's places, twice), four lanes of 16 bits: all ones where the letter fits. */
const LANES: usize = 3072;
const TEXT: usize = 4096;
const MARKS: usize = TEXT + MAX_TEXT + 256;
const FAILS: usize = MARKS + 8 * WORDS;
const NUMBER: usize = FAILS + 8 * WORDS;
const BASES: usize = NUMBER + 8 * WORDS;
/** Where a run of so many ends, or goes on. */
const NUMBER13: usize = BASES + 8 * WORDS;
const BASES12: usize = NUMBER13 + 8 * WORDS;
const EBCDIC: usize = BASES12 + 8 * WORDS;
const DIGIT: usize = EBCDIC + 8 * WORDS;
const SEPARATOR: usize = DIGIT + 8 * WORDS;
const NUL: usize = SEPARATOR + 8 * WORDS;
const ESCAPE: usize = NUL + 8 * WORDS;
const THREE: usize = ESCAPE + 8 * WORDS;
const BLANK: usize = THREE + 8 * WORDS;
const DIGIT2: usize = BLANK + 8 * WORDS;
const SEPARATOR2: usize = DIGIT2 + 8 * WORDS;
const BLANK2: usize = SEPARATOR2 + 8 * WORDS;
/** For each of the four ways in which fours of base64 letters may lie: letters that fit, and where twelve of them end. */
const FITS: usize = BLANK2 + 8 * WORDS;
const FITS12: usize = FITS + 32 * WORDS;
/** What was unwrapped, and where in the text each of its bytes begins. */
const PLAIN: usize = FITS12 + 32 * WORDS;
const SOURCE: usize = PLAIN + MAX_PLAIN;

export function text(): usize {
  return TEXT;
}
export function marks(): usize {
  return MARKS;
}
export function fails(): usize {
  return FAILS;
}

/** Bytes of the text at hand, and words that hold them. */
let size: i32 = 0;
let words: i32 = 0;

/** A pair of masks at hand: units, where unit i lies (`base + i * stride`), and where that is in the text. */
let units: i32 = 0;
let base: usize = 0;
let stride: i32 = 1;
let fold: i32 = 0;
let isMapped: bool = false;
let offset: i32 = 0;
/** Bytes of `PLAIN` that are not 0. */
let unwrapped: i32 = 0;
/** What was unwrapped ends with the text, perhaps in the midst of an escape. */
let isCut: bool = false;

// ------------------------------------------------------------ sets of bytes

/** Bits of the bytes in `v` that are NOT in a set. */
@inline function outside(low: v128, highA: v128, highB: v128, set: usize): i32 {
  return i8x16.bitmask(
    i8x16.eq(
      v128.or(
        v128.and(i8x16.swizzle(v128.load(set), low), highA),
        v128.and(i8x16.swizzle(v128.load(set, 16), low), highB),
      ),
      i8x16.splat(0),
    ),
  );
}

/** The same for a set of bytes below 128, or, with the other half of a set, above. */
@inline function outsideLow(low: v128, high: v128, set: usize): i32 {
  return i8x16.bitmask(i8x16.eq(v128.and(i8x16.swizzle(v128.load(set), low), high), i8x16.splat(0)));
}

@inline function four(a: i32, b: i32, c: i32, d: i32): u64 {
  return <u64> <u32> (a | b << 16) | <u64> <u32> (c | d << 16) << 32;
}

/** `x` moved down by `k` (1..63), filled up from the word after it. */
@inline function down(x: u64, next: u64, k: i32): u64 {
  return x >> k | next << (64 - k);
}

@inline function up(x: u64, last: u64, k: i32): u64 {
  return x << k | last >> (64 - k);
}

// ------------------------------------------------------------ the door

/**
 * Marks what is worth a look in the `n` bytes at `TEXT`.
 *
 * @returns The first byte that is marked, `n` when none is.
 */
export function sieve(n: i32): i32 {
  size = n;
  words = (n + 63) >> 6;
  // A byte that is in no set, so that every run ends with the text.
  memory.fill(TEXT + n, 0x7e, 128);
  memory.fill(MARKS, 0, 8 * (words + 2));
  memory.fill(FAILS, 0, 8 * (words + 2));

  const highsA = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
  const highsB = i8x16(0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, -128);
  const half = i8x16.splat(15);
  let number: u64 = 0, number2: u64 = 0, number4: u64 = 0, number8: u64 = 0, numbers: u64 = 0;
  let letter: u64 = 0, letter2: u64 = 0, letter4: u64 = 0, letter8: u64 = 0, letters: u64 = 0;
  let ebcdic: u64 = 0, ebcdic2: u64 = 0, ebcdic4: u64 = 0, ebcdic8: u64 = 0, ebcdics: u64 = 0;
  for (let w = 0; w < words; w++) {
    const at = TEXT + (w << 6);
    const v0 = v128.load(at), v1 = v128.load(at, 16), v2 = v128.load(at, 32), v3 = v128.load(at, 48);
    const l0 = v128.and(v0, half), l1 = v128.and(v1, half), l2 = v128.and(v2, half), l3 = v128.and(v3, half);
    const h0 = i8x16.shr_u(v0, 4), h1 = i8x16.shr_u(v1, 4), h2 = i8x16.shr_u(v2, 4), h3 = i8x16.shr_u(v3, 4);
    const a0 = i8x16.swizzle(highsA, h0), a1 = i8x16.swizzle(highsA, h1);
    const a2 = i8x16.swizzle(highsA, h2), a3 = i8x16.swizzle(highsA, h3);
    let q = ~four(
      outsideLow(l0, a0, SET_NUMBER),
      outsideLow(l1, a1, SET_NUMBER),
      outsideLow(l2, a2, SET_NUMBER),
      outsideLow(l3, a3, SET_NUMBER),
    );
    let e: u64 = 0;
    // EBCDIC digits and the bytes of UTF-8 are above 127; in the last word, separators may wait for them.
    if (w == words - 1 || v128.any_true(v128.and(v128.or(v128.or(v0, v1), v128.or(v2, v3)), i8x16.splat(-128)))) {
      const b0 = i8x16.swizzle(highsB, h0), b1 = i8x16.swizzle(highsB, h1);
      const b2 = i8x16.swizzle(highsB, h2), b3 = i8x16.swizzle(highsB, h3);
      q |= ~four(
        outsideLow(l0, b0, SET_NUMBER + 16),
        outsideLow(l1, b1, SET_NUMBER + 16),
        outsideLow(l2, b2, SET_NUMBER + 16),
        outsideLow(l3, b3, SET_NUMBER + 16),
      );
      e = ~four(
        outside(l0, a0, b0, SET_EBCDIC),
        outside(l1, a1, b1, SET_EBCDIC),
        outside(l2, a2, b2, SET_EBCDIC),
        outside(l3, a3, b3, SET_EBCDIC),
      );
      const e2 = e & up(e, ebcdic, 1);
      const e4 = e2 & up(e2, ebcdic2, 2);
      const e8 = e4 & up(e4, ebcdic4, 4);
      ebcdics |= e8 & up(e8, ebcdic8, 5);
      ebcdic = e, ebcdic2 = e2, ebcdic4 = e4, ebcdic8 = e8;
    } else ebcdic = 0, ebcdic2 = 0, ebcdic4 = 0, ebcdic8 = 0;
    store<u64>(EBCDIC + (w << 3), e);
    const q2 = q & up(q, number, 1);
    const q4 = q2 & up(q2, number2, 2);
    const q8 = q4 & up(q4, number4, 4);
    const q13 = q8 & up(q8, number8, 5);
    numbers |= q13;
    store<u64>(NUMBER13 + (w << 3), q13);
    number = q, number2 = q2, number4 = q4, number8 = q8;
    store<u64>(NUMBER + (w << 3), q);

    const p = ~four(
      outsideLow(l0, a0, SET_BASE64),
      outsideLow(l1, a1, SET_BASE64),
      outsideLow(l2, a2, SET_BASE64),
      outsideLow(l3, a3, SET_BASE64),
    );
    const p2 = p & up(p, letter, 1);
    const p4 = p2 & up(p2, letter2, 2);
    const p8 = p4 & up(p4, letter4, 4);
    const p12 = p8 & up(p8, letter8, 4);
    letters |= p12;
    store<u64>(BASES12 + (w << 3), p12);
    letter = p, letter2 = p2, letter4 = p4, letter8 = p8;
    store<u64>(BASES + (w << 3), p);
  }
  for (let k = 0; k < 2; k++) {
    store<u64>(NUMBER + ((words + k) << 3), 0);
    store<u64>(BASES + ((words + k) << 3), 0);
    store<u64>(EBCDIC + ((words + k) << 3), 0);
  }
  // What is at the text's end may go on in bytes that are still to come.
  if (numbers != 0) inNumbers();
  else markEnd(NUMBER);
  if (letters != 0) inBase64();
  else markEnd(BASES);
  if (ebcdics != 0) inEbcdic();
  else markEnd(EBCDIC);
  // Nothing of it stays.
  memory.fill(PLAIN, 0, unwrapped + 128);
  unwrapped = 0;
  failed = false;
  for (let w = 0; w < words; w++) failed = failed || load<u64>(FAILS + (w << 3)) != 0;
  for (let w = 0; w < words; w++) {
    const word = load<u64>(MARKS + (w << 3));
    if (word != 0) return (w << 6) + <i32> ctz(word);
  }
  return n;
}

/** Whether there is a bit in `FAILS`. */
export function hasFails(): i32 {
  return failed ? 1 : 0;
}

let failed: bool = false;

@inline function has(array: usize, i: i32): bool {
  return (load<u64>(array + (i >> 6 << 3)) >> (i & 63) & 1) != 0;
}

/** Marks the short run that ends with the text. */
function markEnd(array: usize): void {
  let i = size;
  while (i > 0 && size - i < 13 && has(array, i - 1)) i--;
  if (i < size) mark(i, size);
}

/** Marks bytes `[from, to)` of the text and three to either side, from where a probe may look at them too. */
function mark(from: i32, to: i32): void {
  from = max(0, from - 3);
  to = min(size, to + 3);
  if (from >= to) return;
  let w = from >> 6;
  const last = (to - 1) >> 6;
  let bits: u64 = <u64> -1 << (from & 63);
  for (; w < last; w++) {
    store<u64>(MARKS + (w << 3), load<u64>(MARKS + (w << 3)) | bits);
    bits = -1;
  }
  bits &= <u64> -1 >> (63 - (to - 1 & 63));
  store<u64>(MARKS + (w << 3), load<u64>(MARKS + (w << 3)) | bits);
}

@inline function sourceOf(unit: i32): i32 {
  return isMapped ? load<i32>(SOURCE + (unit << 2)) : offset + unit * stride;
}

function markUnits(from: i32, to: i32): void {
  mark(sourceOf(max(0, from)), sourceOf(min(to, units)));
}

// ------------------------------------------------------------ text of digits, separators, escapes

function inNumbers(): void {
  const highsA = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
  const highsB = i8x16(0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, -128);
  const half = i8x16.splat(15);
  let escapes: u64 = 0;
  let wide: bool = false;
  let threes: bool = false;
  let lastThree: u64 = 0, lastPair: u64 = 0, lastPairs: u64 = 0;
  for (let w = 0; w < words; w++) {
    const at = TEXT + (w << 6);
    const v0 = v128.load(at), v1 = v128.load(at, 16), v2 = v128.load(at, 32), v3 = v128.load(at, 48);
    const digit = four(isDigit(v0), isDigit(v1), isDigit(v2), isDigit(v3));
    store<u64>(DIGIT + (w << 3), digit);
    store<u64>(BLANK + (w << 3), four(isByte(v0, 0x20), isByte(v1, 0x20), isByte(v2, 0x20), isByte(v3, 0x20)));
    if (digit == 0) {
      store<u64>(SEPARATOR + (w << 3), ~four(
        outside(v128.and(v0, half), i8x16.swizzle(highsA, i8x16.shr_u(v0, 4)), i8x16.splat(0), SET_SEPARATOR),
        0xffff, 0xffff,
        outside(v128.and(v3, half), i8x16.swizzle(highsA, i8x16.shr_u(v3, 4)), i8x16.splat(0), SET_SEPARATOR),
      ));
      store<u64>(NUL + (w << 3), <u64> isByte(v0, 0) | <u64> isByte(v3, 0) << 48);
      store<u64>(ESCAPE + (w << 3), ~four(
        outside(v128.and(v0, half), i8x16.swizzle(highsA, i8x16.shr_u(v0, 4)), i8x16.swizzle(highsB, i8x16.shr_u(v0, 4)), SET_ESCAPE),
        outside(v128.and(v1, half), i8x16.swizzle(highsA, i8x16.shr_u(v1, 4)), i8x16.swizzle(highsB, i8x16.shr_u(v1, 4)), SET_ESCAPE),
        outside(v128.and(v2, half), i8x16.swizzle(highsA, i8x16.shr_u(v2, 4)), i8x16.swizzle(highsB, i8x16.shr_u(v2, 4)), SET_ESCAPE),
        outside(v128.and(v3, half), i8x16.swizzle(highsA, i8x16.shr_u(v3, 4)), i8x16.swizzle(highsB, i8x16.shr_u(v3, 4)), SET_ESCAPE),
      ));
      store<u64>(THREE + (w << 3), 0);
      lastThree = 0, lastPair = 0, lastPairs = 0;
      continue;
    }
    const l0 = v128.and(v0, half), l1 = v128.and(v1, half), l2 = v128.and(v2, half), l3 = v128.and(v3, half);
    const h0 = i8x16.shr_u(v0, 4), h1 = i8x16.shr_u(v1, 4), h2 = i8x16.shr_u(v2, 4), h3 = i8x16.shr_u(v3, 4);
    const a0 = i8x16.swizzle(highsA, h0), a1 = i8x16.swizzle(highsA, h1);
    const a2 = i8x16.swizzle(highsA, h2), a3 = i8x16.swizzle(highsA, h3);
    const b0 = i8x16.swizzle(highsB, h0), b1 = i8x16.swizzle(highsB, h1);
    const b2 = i8x16.swizzle(highsB, h2), b3 = i8x16.swizzle(highsB, h3);
    store<u64>(SEPARATOR + (w << 3), ~four(
      outside(l0, a0, b0, SET_SEPARATOR),
      outside(l1, a1, b1, SET_SEPARATOR),
      outside(l2, a2, b2, SET_SEPARATOR),
      outside(l3, a3, b3, SET_SEPARATOR),
    ));
    const escape = ~four(
      outside(l0, a0, b0, SET_ESCAPE),
      outside(l1, a1, b1, SET_ESCAPE),
      outside(l2, a2, b2, SET_ESCAPE),
      outside(l3, a3, b3, SET_ESCAPE),
    );
    store<u64>(ESCAPE + (w << 3), escape);
    escapes |= escape;
    const nul = four(isByte(v0, 0), isByte(v1, 0), isByte(v2, 0), isByte(v3, 0));
    store<u64>(NUL + (w << 3), nul);
    wide = wide || popcnt(nul & (digit << 1 | digit >> 1)) >= 4;
    const three = four(isByte(v0, 0x33), isByte(v1, 0x33), isByte(v2, 0x33), isByte(v3, 0x33));
    store<u64>(THREE + (w << 3), three);
    // Four digits in hexadecimal in a row, told by the second letter of each.
    const pair = digit & (three << 1 | lastThree >> 63);
    const pairs = pair & up(pair, lastPair, 2);
    threes = threes || (pairs & up(pairs, lastPairs, 4)) != 0;
    lastThree = three, lastPair = pair, lastPairs = pairs;
  }
  // The masks of the bytes after the text hold nothing.
  const over: u64 = (size & 63) == 0 ? <u64> -1 : ~(<u64> -1 << (size & 63));
  endMask(DIGIT, over);
  endMask(SEPARATOR, over);
  endMask(BLANK, over);
  endMask(ESCAPE, over);
  endMask(NUL, over);
  endMask(THREE, over);

  base = TEXT, stride = 1, fold = 0, isMapped = false, offset = 0, units = size;
  inMasks(DIGIT, SEPARATOR, BLANK, true);
  if (escapes != 0) inEscapes();
  if (wide) {
    inUtf16(0, false);
    inUtf16(1, false);
    inUtf16(0, true);
    inUtf16(1, true);
  } else if (size > 1 && (has(NUL, size - 1) || has(NUL, size - 2))) {
    // The beginning of a number in UTF-16.
    let i = size;
    while (i > 0 && size - i < 28 && (has(NUL, i - 1) || has(DIGIT, i - 1) || has(SEPARATOR, i - 1))) i--;
    mark(i, size);
  }
  if (threes) {
    inHex(0);
    inHex(1);
  } else {
    markHexEnd(size);
    markHexEnd(size - 1);
  }
}

/** Marks pairs of hexadecimal digits before `end` that can begin a number. */
function markHexEnd(end: i32): void {
  let i = end;
  while (i > 1 && end - i < 64) {
    const high = load<u8>(TEXT + i - 2);
    if (high != 0x33 && high != 0x32 || load<u8>(HEX + load<u8>(TEXT + i - 1)) > 15) break;
    i -= 2;
  }
  if (end - i >= 8) mark(i, size);
}

@inline function isDigit(v: v128): i32 {
  return i8x16.bitmask(i8x16.lt_u(i8x16.sub(v, i8x16.splat(0x30)), i8x16.splat(10)));
}

@inline function isByte(v: v128, byte: i8): i32 {
  return i8x16.bitmask(i8x16.eq(v, i8x16.splat(byte)));
}

function endMask(array: usize, over: u64): void {
  const last = array + ((words - 1) << 3);
  store<u64>(last, load<u64>(last) & over);
  store<u64>(last, 0, 8);
  store<u64>(last, 0, 16);
}

/** Every second bit, from bit 0 on, as 32 bits. */
@inline function evenBits(x: u64): u64 {
  x &= 0x5555555555555555;
  x = (x | x >> 1) & 0x3333333333333333;
  x = (x | x >> 2) & 0x0f0f0f0f0f0f0f0f;
  x = (x | x >> 4) & 0x00ff00ff00ff00ff;
  x = (x | x >> 8) & 0x0000ffff0000ffff;
  return (x | x >> 16) & 0xffffffff;
}

/** UTF-16, whose characters begin at even places or at odd ones, with a NUL before each or after each. */
function inUtf16(parity: i32, isBigEndian: bool): void {
  let lastNul: u64 = 0;
  let any: u64 = 0;
  for (let w = 0; w < words; w += 2) {
    let digits: u64 = 0;
    let separators: u64 = 0;
    for (let k = 0; k < 2; k++) {
      const at = (w + k) << 3;
      const nul = load<u64>(NUL + at);
      const beside = isBigEndian ? nul << 1 | lastNul >> 63 : down(nul, load<u64>(NUL + at, 8), 1);
      lastNul = nul;
      digits |= evenBits((load<u64>(DIGIT + at) & beside) >> parity) << (32 * k);
      separators |= evenBits((load<u64>(SEPARATOR + at) & beside) >> parity) << (32 * k);
    }
    any |= digits;
    store<u64>(DIGIT2 + (w << 2), digits);
    store<u64>(SEPARATOR2 + (w << 2), separators);
  }
  if (any != 0) half2(parity, 0, 0);
}

/** Pairs of hexadecimal digits, which begin at even places, or at odd ones. */
function inHex(parity: i32): void {
  for (let w = 0; w < words; w += 2) {
    let digits: u64 = 0;
    let separators: u64 = 0;
    for (let k = 0; k < 2; k++) {
      const at = (w + k) << 3;
      const three = load<u64>(THREE + at);
      const digit = load<u64>(DIGIT + at);
      const next = down(digit, load<u64>(DIGIT + at, 8), 1);
      digits |= evenBits((three & next) >> parity) << (32 * k);
      if (three != 0) {
        // 2 and one of 0 b d e: separators, in either case.
        const text = TEXT + ((w + k) << 6);
        const two = four(
          isHexSeparator(text),
          isHexSeparator(text + 16),
          isHexSeparator(text + 32),
          isHexSeparator(text + 48),
        );
        separators |= evenBits(two >> parity) << (32 * k);
      }
    }
    store<u64>(DIGIT2 + (w << 2), digits);
    store<u64>(SEPARATOR2 + (w << 2), separators);
  }
  half2(parity, 1, 0x20);
}

@inline function isHexSeparator(at: usize): i32 {
  const next = v128.or(v128.load(at, 1), i8x16.splat(0x20));
  return i8x16.bitmask(
    v128.and(
      i8x16.eq(v128.load(at), i8x16.splat(0x32)),
      v128.or(
        v128.or(i8x16.eq(next, i8x16.splat(0x30)), i8x16.eq(next, i8x16.splat(0x62))),
        v128.or(i8x16.eq(next, i8x16.splat(0x64)), i8x16.eq(next, i8x16.splat(0x65))),
      ),
    ),
  );
}

/** Searches masks of pairs of bytes. `low` is the byte of a pair that tells digits apart. */
function half2(parity: i32, low: i32, folded: i32): void {
  const count = ((words + 1) >> 1) << 3;
  store<u64>(DIGIT2 + count, 0);
  store<u64>(DIGIT2 + count, 0, 8);
  store<u64>(SEPARATOR2 + count, 0);
  store<u64>(SEPARATOR2 + count, 0, 8);
  base = TEXT + parity + low, stride = 2, fold = folded, isMapped = false, offset = parity;
  units = (size - parity + 1) >> 1;
  // The second half of the last pair has not come yet.
  if (units > 0 && !has(DIGIT2, units - 1) && !has(SEPARATOR2, units - 1)) units--;
  inMasks(DIGIT2, SEPARATOR2, 0, false);
}

function inEbcdic(): void {
  for (let w = 0; w < words; w++) {
    const at = TEXT + (w << 6);
    const digit = four(
      isEbcdicDigit(at),
      isEbcdicDigit(at + 16),
      isEbcdicDigit(at + 32),
      isEbcdicDigit(at + 48),
    );
    store<u64>(DIGIT2 + (w << 3), digit);
    store<u64>(SEPARATOR2 + (w << 3), load<u64>(EBCDIC + (w << 3)) & ~digit);
  }
  const over: u64 = (size & 63) == 0 ? <u64> -1 : ~(<u64> -1 << (size & 63));
  endMask(DIGIT2, over);
  endMask(SEPARATOR2, over);
  base = TEXT, stride = 1, fold = 0, isMapped = false, offset = 0, units = size;
  inMasks(DIGIT2, SEPARATOR2, 0, false);
}

@inline function isEbcdicDigit(at: usize): i32 {
  return i8x16.bitmask(i8x16.lt_u(i8x16.sub(v128.load(at), i8x16.splat(<i8> 0xf0)), i8x16.splat(10)));
}

// ------------------------------------------------------------ escapes

/** Unwraps each run of bytes that a number can be made of, if there is an escape in it. */
function inEscapes(): void {
  let length = 0;
  let done = 0;
  for (let w = 0; w < words; w++) {
    let ends = load<u64>(NUMBER13 + (w << 3));
    if (done > w << 6) ends = done >= (w + 1) << 6 ? 0 : ends & <u64> -1 << (done & 63);
    while (ends != 0) {
      const end = (w << 6) + <i32> ctz(ends);
      const from = runStart(NUMBER, end);
      done = runEnd(NUMBER, end);
      ends = done >= (w + 1) << 6 ? 0 : ends & <u64> -1 << (done & 63);
      if (!hasEscape(from, done)) continue;
      isCut = done == size;
      length = unescape(from, done, length);
      if (isCut || length > FULL_PLAIN) {
        inPlain(length, isCut);
        length = 0;
      }
    }
  }
  if (length > 0) inPlain(length, false);
  // Less of one at the text's end.
  if (done < size) markEnd(NUMBER);
}

function hasEscape(from: i32, to: i32): bool {
  const last = (to - 1) >> 6;
  let w = from >> 6;
  let bits: u64 = <u64> -1 << (from & 63);
  for (; w < last; w++) {
    if ((load<u64>(ESCAPE + (w << 3)) & bits) != 0) return true;
    bits = -1;
  }
  return (load<u64>(ESCAPE + (w << 3)) & bits & <u64> -1 >> (63 - (to - 1 & 63))) != 0;
}

/** The next byte from `i` on that may begin an escape. */
@inline function nextEscape(i: i32): i32 {
  while (i < size) {
    const rest = load<u64>(ESCAPE + (i >> 6 << 3)) >> (i & 63);
    if (rest != 0) return i + <i32> ctz(rest);
    i = (i | 63) + 1;
  }
  return size;
}

@inline function put(value: i32, from: i32, length: i32): void {
  store<u8>(PLAIN + length, <u8> value);
  store<i32>(SOURCE + (length << 2), from);
}

/** Unwraps the escapes of `[from, to)` behind `length` bytes that are unwrapped already; their number then. */
function unescape(from: i32, to: i32, length: i32): i32 {
  put(0x7c, from, length++);
  const iota = i32x4(0, 1, 2, 3);
  for (let i = from; i < to;) {
    const at = TEXT + i;
    const c = <i32> load<u8>(at);
    if (!has(ESCAPE, i)) {
      if (has(ESCAPE, i + 1)) {
        put(c, i++, length++);
        continue;
      }
      // What is as it is, up to the next escape. More than that is written, and overwritten.
      const literal = min(to, nextEscape(i)) - i;
      for (let k = 0; k < literal; k += 8) {
        store<u64>(PLAIN + length + k, load<u64>(TEXT + i + k));
        const source = SOURCE + (length + k << 2);
        const first = i32x4.add(i32x4.splat(i + k), iota);
        v128.store(source, first);
        v128.store(source, i32x4.add(first, i32x4.splat(4)), 16);
      }
      i += literal;
      length += literal;
      continue;
    }
    // The usual ways to write a digit come first.
    if (i + 8 <= size) {
      const next = load<u32>(at, 1);
      if (c == 0x25) {
        if ((next & 0xff) == 0x33 && (next >> 8 & 0xff) - 48 < 10) {
          put(next >> 8 & 0xff, i, length++);
          i += 3;
          continue;
        }
      } else if (c == 0x3d) {
        if ((next & 0xffff) == 0x0a0d) {
          i += 3;
          continue;
        }
      } else if (c == 0x5c) {
        const digit = <u32> load<u8>(at, 5);
        if (next == 0x33303075 && digit - 48 < 10) {
          put(digit, i, length++);
          i += 6;
          continue;
        }
      } else if (c == 0x26) {
        // &#48; to &#57;
        const sum = (next >> 8 & 0xff) * 10 + (next >> 16 & 0xff) - 528;
        if ((next & 0xff0000ff) == 0x3b000023 && sum - 48 < 10 && (next >> 16 & 0xff) - 48 < 10) {
          put(sum, i, length++);
          i += 5;
          continue;
        }
      }
    }
    // Half of an escape is not its letters.
    if (i + 8 > size) {
      isCut = true;
      to = i;
      break;
    }
    const c1 = <i32> load<u8>(at, 1);
    let value = c;
    let width = 1;
    if (c == 0x25) {
      const high = <i32> load<u8>(HEX + c1);
      const low = <i32> load<u8>(HEX + load<u8>(at, 2));
      if (high < 16 && low < 16) {
        value = high << 4 | low;
        width = 3;
      }
    } else if (c == 0x5c) {
      if (c1 == 0x75) {
        const a = <i32> load<u8>(HEX + load<u8>(at, 2));
        const b = <i32> load<u8>(HEX + load<u8>(at, 3));
        const d = <i32> load<u8>(HEX + load<u8>(at, 4));
        const e = <i32> load<u8>(HEX + load<u8>(at, 5));
        if ((a | b | d | e) < 16) {
          value = ours(a << 12 | b << 8 | d << 4 | e);
          width = 6;
        }
      } else if (c1 == 0x78) {
        const high = <i32> load<u8>(HEX + load<u8>(at, 2));
        const low = <i32> load<u8>(HEX + load<u8>(at, 3));
        if (high < 16 && low < 16) {
          value = high << 4 | low;
          width = 4;
        }
      } else if (c1 == 0x5c) value = -1;
      else if (c1 == 0x6e || c1 == 0x72 || c1 == 0x74) {
        value = 0x0a;
        width = 2;
      }
    } else if (c == 0x26) {
      if (c1 == 0x6e) {
        if (load<u8>(at, 2) == 0x62 && load<u8>(at, 3) == 0x73) {
          value = 0x20;
          width = 6;
        }
      } else if (c1 == 0x23) {
        const isHex = (load<u8>(at, 2) | 0x20) == 0x78;
        const first = isHex ? 3 : 2;
        let k = first;
        let sum = 0;
        for (; k < first + 5; k++) {
          const digit = <i32> load<u8>(HEX + load<u8>(at + k));
          if (digit > (isHex ? 15 : 9)) break;
          sum = isHex ? sum << 4 | digit : sum * 10 + digit;
        }
        if (k > first && i + k < size && load<u8>(at + k) == 0x3b) {
          value = ours(sum);
          width = k + 1;
        }
      }
    } else if (c == 0x3d) {
      if (c1 == 10) {
        value = -1;
        width = 2;
      } else if (c1 == 13 && load<u8>(at, 2) == 10) {
        value = -1;
        width = 3;
      } else if (c1 == 0x33 && load<u8>(at, 2) == 0x44) width = 3;
    } else if (c == 0xa0) value = 0x20;
    else if (c == 0xc2) {
      if (c1 == 0xa0) {
        value = 0x20;
        width = 2;
      }
    } else if (c == 0xe2 && c1 == 0x80) {
      const other = ours(0x2000 | <i32> load<u8>(at, 2) & 0x3f);
      if (other < 0x80) {
        value = other;
        width = 3;
      }
    }
    if (value >= 0) put(value, i, length++);
    i += width;
  }
  // What a number ends with may be an escape.
  store<i32>(SOURCE + (length << 2), to);
  return length;
}

/** Blanks and dashes of all kinds become ours, as in unwrap.ts. */
@inline function ours(value: i32): i32 {
  if (value < 0x80) return value;
  if (value == 0xa0 || (value >= 0x2000 && value <= 0x200a) || value == 0x202f) return 0x20;
  if (value >= 0x2010 && value <= 0x2015) return 0x2d;
  return 0x80 | value & 0x7f;
}

/** Searches `length` bytes that were unwrapped. `SOURCE` has one more entry, for their end. */
function inPlain(length: i32, isOpen: bool): void {
  if (length > unwrapped) unwrapped = length;
  memory.fill(PLAIN + length, 0x7e, 128);
  const highsA = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
  const half = i8x16.splat(15);
  const count = (length + 63) >> 6;
  for (let w = 0; w < count; w++) {
    const at = PLAIN + (w << 6);
    const v0 = v128.load(at), v1 = v128.load(at, 16), v2 = v128.load(at, 32), v3 = v128.load(at, 48);
    store<u64>(DIGIT2 + (w << 3), four(isDigit(v0), isDigit(v1), isDigit(v2), isDigit(v3)));
    store<u64>(BLANK2 + (w << 3), four(isByte(v0, 0x20), isByte(v1, 0x20), isByte(v2, 0x20), isByte(v3, 0x20)));
    store<u64>(SEPARATOR2 + (w << 3), ~four(
      outside(v128.and(v0, half), i8x16.swizzle(highsA, i8x16.shr_u(v0, 4)), i8x16.splat(0), SET_SEPARATOR),
      outside(v128.and(v1, half), i8x16.swizzle(highsA, i8x16.shr_u(v1, 4)), i8x16.splat(0), SET_SEPARATOR),
      outside(v128.and(v2, half), i8x16.swizzle(highsA, i8x16.shr_u(v2, 4)), i8x16.splat(0), SET_SEPARATOR),
      outside(v128.and(v3, half), i8x16.swizzle(highsA, i8x16.shr_u(v3, 4)), i8x16.splat(0), SET_SEPARATOR),
    ));
  }
  for (let k = 0; k < 2; k++) {
    store<u64>(DIGIT2 + ((count + k) << 3), 0);
    store<u64>(SEPARATOR2 + ((count + k) << 3), 0);
    store<u64>(BLANK2 + ((count + k) << 3), 0);
  }
  base = PLAIN, stride = 1, fold = 0, isMapped = true;
  units = isOpen ? length : length + 1;
  if (!isOpen) store<i32>(SOURCE + (units << 2), load<i32>(SOURCE + (length << 2)));
  inMasks(DIGIT2, SEPARATOR2, BLANK2, false);
}

// ------------------------------------------------------------ base64

/** The first bit from `i` on where `array` has none. */
function runEnd(array: usize, i: i32): i32 {
  while (i < size) {
    const more = <i32> ctz(~(load<u64>(array + (i >> 6 << 3)) >> (i & 63)));
    if ((i & 63) + more < 64) return i + more;
    i = (i | 63) + 1;
  }
  return size;
}

/** The first bit of the run that bit `i` belongs to. */
function runStart(array: usize, i: i32): i32 {
  while (i >= 0) {
    const less = <i32> clz(~(load<u64>(array + (i >> 6 << 3)) << (63 - (i & 63))));
    if (less <= (i & 63)) return i - less + 1;
    i = (i & ~63) - 1;
  }
  return 0;
}

/** Unwraps what is base64 of digits twelve letters long or more, in each of the four ways its fours may lie. */
function inBase64(): void {
  isCut = false;
  let length = 0;
  let done = 0;
  for (let w = 0; w < words; w++) {
    let ends = load<u64>(BASES12 + (w << 3));
    if (done > w << 6) ends = done >= (w + 1) << 6 ? 0 : ends & <u64> -1 << (done & 63);
    while (ends != 0) {
      const end = (w << 6) + <i32> ctz(ends);
      done = runEnd(BASES, end);
      length = letters(runStart(BASES, end), done, length);
      ends = done >= (w + 1) << 6 ? 0 : ends & <u64> -1 << (done & 63);
    }
  }
  if (done < size) markEnd(BASES);
  if (length > 0) inPlain(length, false);
}

const ONES: u64 = 0x0001000100010001;

/** Bits 0, 4, 8 ... */
const FIRSTS: u64 = 0x1111111111111111;

/** A run of letters that base64 of digits can have: bit by bit where no line ends are among them. */
function letters(from: i32, to: i32, length: i32): i32 {
  const highsA = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
  const half = i8x16.splat(15);
  const w0 = from >> 6;
  const w1 = (to - 1) >> 6;
  let any = 0;
  for (let w = w0; w <= w1; w++) {
    const at = TEXT + (w << 6);
    const v0 = v128.load(at), v1 = v128.load(at, 16), v2 = v128.load(at, 32), v3 = v128.load(at, 48);
    let region: u64 = w == w0 ? <u64> -1 << (from & 63) : -1;
    if (w == w1) region &= <u64> -1 >> (63 - (to - 1 & 63));
    if ((four(isLineEnd(v0), isLineEnd(v1), isLineEnd(v2), isLineEnd(v3)) & region) != 0) {
      return lettersInLines(from, to, length);
    }
    const l0 = v128.and(v0, half), l1 = v128.and(v1, half), l2 = v128.and(v2, half), l3 = v128.and(v3, half);
    const a0 = i8x16.swizzle(highsA, i8x16.shr_u(v0, 4)), a1 = i8x16.swizzle(highsA, i8x16.shr_u(v1, 4));
    const a2 = i8x16.swizzle(highsA, i8x16.shr_u(v2, 4)), a3 = i8x16.swizzle(highsA, i8x16.shr_u(v3, 4));
    const p0 = region & ~placed(l0, a0, l1, a1, l2, a2, l3, a3, SET_PLACES);
    const p1 = region & ~placed(l0, a0, l1, a1, l2, a2, l3, a3, SET_PLACES + 16);
    const p2 = region & ~placed(l0, a0, l1, a1, l2, a2, l3, a3, SET_PLACES + 32);
    const p3 = region & ~placed(l0, a0, l1, a1, l2, a2, l3, a3, SET_PLACES + 48);
    any |= fitting(0, w, w == w0, p0 & FIRSTS | p1 & FIRSTS << 1 | p2 & FIRSTS << 2 | p3 & FIRSTS << 3);
    any |= fitting(1, w, w == w0, p1 & FIRSTS | p2 & FIRSTS << 1 | p3 & FIRSTS << 2 | p0 & FIRSTS << 3);
    any |= fitting(2, w, w == w0, p2 & FIRSTS | p3 & FIRSTS << 1 | p0 & FIRSTS << 2 | p1 & FIRSTS << 3);
    any |= fitting(3, w, w == w0, p3 & FIRSTS | p0 & FIRSTS << 1 | p1 & FIRSTS << 2 | p2 & FIRSTS << 3);
  }
  let most = 0;
  for (let turn = 0; turn < 4; turn++) {
    const fits = FITS + turn * 8 * WORDS;
    const ends12 = FITS12 + turn * 8 * WORDS;
    store<u64>(fits + (w1 << 3), 0, 8);
    if (w0 > 0) store<u64>(fits + (w0 - 1 << 3), 0);
    if (to == size && has(fits, size - 1)) {
      const count = size - runStart(fits, size - 1);
      if (count < 12) most = max(most, count);
    }
    if ((any >> turn & 1) == 0) continue;
    let done = 0;
    for (let w = w0; w <= w1; w++) {
      let ends = load<u64>(ends12 + (w << 3));
      if (done > w << 6) ends = done >= (w + 1) << 6 ? 0 : ends & <u64> -1 << (done & 63);
      while (ends != 0) {
        const end = (w << 6) + <i32> ctz(ends);
        const start = runStart(fits, end);
        done = runEnd(fits, end);
        length = unwrap(start, done, start + turn, length);
        ends = done >= (w + 1) << 6 ? 0 : ends & <u64> -1 << (done & 63);
      }
    }
  }
  if (most > 1) mark(size - most - 1, size);
  return length;
}

@inline function isLineEnd(v: v128): i32 {
  return isByte(v, 10) | isByte(v, 13);
}

@inline function placed(
  l0: v128, a0: v128, l1: v128, a1: v128, l2: v128, a2: v128, l3: v128, a3: v128, set: usize,
): u64 {
  return four(outsideLow(l0, a0, set), outsideLow(l1, a1, set), outsideLow(l2, a2, set), outsideLow(l3, a3, set));
}

/** Keeps the letters of a word that fit; a bit for `turn` if twelve of them end in it. */
@inline function fitting(turn: i32, w: i32, isFirst: bool, r: u64): i32 {
  const at = FITS + turn * 8 * WORDS + (w << 3);
  store<u64>(at, r);
  const last = isFirst ? 0 : load<u64>(at - 8);
  // Up to eleven letters of the word before: its highest bits suffice.
  const r2 = r & up(r, last, 1);
  const last2 = last & last << 1;
  const r4 = r2 & up(r2, last2, 2);
  const last4 = last2 & last2 << 2;
  const r8 = r4 & up(r4, last4, 4);
  const last8 = last4 & last4 << 4;
  const r12 = r8 & up(r8, last8, 4);
  store<u64>(FITS12 + turn * 8 * WORDS + (w << 3), r12);
  return r12 != 0 ? 1 << turn : 0;
}

/** A run of letters that base64 of digits can have, and line ends. */
/** The same letter by letter, line ends left out. */
function lettersInLines(from: i32, to: i32, length: i32): i32 {
  // Four counters of 16 bits: how many letters up to here fit, for each way the fours may lie.
  let counts: u64 = 0;
  let phase = 0;
  for (let i = from; i < to; i++) {
    const places = <u32> load<u8>(PLACES + load<u8>(TEXT + i));
    if (places == 0) continue; // A line's end.
    const turned = (places | places << 4) >> phase & 15;
    const fits = load<u64>(LANES + (turned << 3));
    const ended = counts & ~fits;
    if (ended != 0 && (ended + ONES * 0x7ff4 & ONES << 15) != 0) length = ends(ended, i, phase, length);
    counts = (counts + ONES) & fits;
    phase = phase + 1 & 3;
  }
  if ((counts + ONES * 0x7ff4 & ONES << 15) != 0) length = ends(counts, to, phase, length);
  if (to == size) {
    // The beginning of one at the end of the text.
    let most = 0;
    for (let lane = 0; lane < 4; lane++) {
      const count = <i32> (counts >> (16 * lane) & 0xffff);
      if (count < 12) most = max(most, count);
    }
    if (most > 1) {
      let i = size;
      for (; i > 0 && most >= 0; i--) {
        const c = load<u8>(TEXT + i - 1);
        if (c != 10 && c != 13) most--;
      }
      mark(i, size);
    }
  }
  return length;
}

/** The letters before `to` whose counters say that they are long enough are unwrapped. */
function ends(counts: u64, to: i32, phase: i32, length: i32): i32 {
  for (let lane = 0; lane < 4; lane++) {
    const count = <i32> (counts >> (16 * lane) & 0xffff);
    if (count < 12) continue;
    // The letter before `to` is at this place of its four.
    let place = phase + 4 + lane & 3;
    let from = to;
    for (let left = count; left > 0 && from > 0; from--) {
      const c = load<u8>(TEXT + from - 1);
      if (c == 10 || c == 13) continue;
      left--;
      place--;
    }
    length = unwrap(from, to, place, length);
  }
  return length;
}

/** Unwraps letters `[from, to)`, and some to either side; the first of them is at `place` of its four. */
function unwrap(from: i32, to: i32, place: i32, length: i32): i32 {
  let i = from;
  for (let left = 4; i > 0 && (left > 0 || (place & 3) != 0); i--) {
    const c = load<u8>(TEXT + i - 1);
    if (c == 10 || c == 13) continue;
    if (load<u8>(BASE64 + c) > 63) break;
    left--;
    place--;
  }
  put(0x7c, i, length++);
  // From the first letter that begins a four.
  const iota = i32x4(1, 2, 3, 4);
  let bits: u32 = 0;
  let p = place & 3;
  let isBegun = p == 0;
  let more = 4;
  while (i < size) {
    if (p == 0 && i + 4 <= to) {
      const v0 = <u32> load<u8>(BASE64 + load<u8>(TEXT + i)), v1 = <u32> load<u8>(BASE64 + load<u8>(TEXT + i, 1));
      const v2 = <u32> load<u8>(BASE64 + load<u8>(TEXT + i, 2)), v3 = <u32> load<u8>(BASE64 + load<u8>(TEXT + i, 3));
      if ((v0 | v1 | v2 | v3) < 64) {
        const at = PLAIN + length;
        store<u8>(at, <u8> (v0 << 2 | v1 >> 4));
        store<u8>(at, <u8> (v1 << 4 | v2 >> 2), 1);
        store<u8>(at, <u8> (v2 << 6 | v3), 2);
        v128.store(SOURCE + (length << 2), i32x4.add(i32x4.splat(i), iota));
        length += 3;
        i += 4;
        isBegun = true;
        continue;
      }
    }
    const c = load<u8>(TEXT + i);
    if (c == 10 || c == 13) {
      i++;
      continue;
    }
    const value = <u32> load<u8>(BASE64 + c);
    if (value > 63 || (i >= to && --more < 0)) break;
    bits = bits << 6 | value;
    if (p != 0) {
      if (isBegun) put(<i32> (bits >> (6 - 2 * p) & 0xff), i, length++);
    } else isBegun = true;
    p = p + 1 & 3;
    i++;
  }
  if (i == size) {
    // It may go on: what it ends with is no end.
    store<i32>(SOURCE + (length << 2), i);
    inPlain(length, true);
    return 0;
  }
  put(0x7c, i, length++);
  store<i32>(SOURCE + (length << 2), i);
  if (length <= FULL_PLAIN) return length;
  inPlain(length, false);
  return 0;
}

// ------------------------------------------------------------ masks

@inline function byteAt(unit: i32): i32 {
  return load<u8>(base + unit * stride);
}

@inline function isIssued(unit: i32, length: i32): bool {
  const two = (byteAt(unit) & 15) * 10 + (byteAt(unit + 1) & 15);
  return (load<u32>(ISSUED + (two << 2)) >> length & 1) != 0;
}

/** Marks runs of 13 to 19 digits and groups like a card's, in `units` bits of digits and separators. */
function inMasks(digits: usize, separators: usize, blanks: usize, isText: bool): void {
  const count = (units + 63) >> 6;
  // Of the word at hand, and of the one after it (n).
  let d: u64 = 0, dn: u64 = load<u64>(digits);
  let startn: u64 = 0, x2n: u64 = 0, x3n: u64 = 0, x4n: u64 = 0, x6n: u64 = 0;
  let e3n: u64 = 0, e4n: u64 = 0, e5n: u64 = 0, e6n: u64 = 0;
  // Of the word before.
  let e4b: u64 = 0;
  for (let w = -1; w < count; w++) {
    const start = startn, x2 = x2n, x3 = x3n, x4 = x4n, x6 = x6n;
    const e3 = e3n, e4 = e4n, e5 = e5n, e6 = e6n;
    const next = digits + ((w + 2) << 3);
    const dnn = w + 2 <= count ? load<u64>(next) : 0;
    // Runs that begin at a bit and have so many digits; groups of so many with a separator and a digit behind them.
    if (dn == 0) {
      startn = 0, x2n = 0, x3n = 0, x4n = 0, x6n = 0, e3n = 0, e4n = 0, e5n = 0, e6n = 0;
    } else {
      const d1 = down(dn, dnn, 1);
      const before = dn << 1 | d >> 63;
      const s = load<u64>(separators + ((w + 1) << 3)) & d1 & before;
      const snext = w + 2 <= count ? load<u64>(separators + ((w + 2) << 3)) & (dnn << 1 | dn >> 63) & dnn >> 1 : 0;
      startn = dn & ~before;
      x2n = dn & d1;
      x3n = x2n & down(dn, dnn, 2);
      x4n = x3n & down(dn, dnn, 3);
      const x5n = x4n & down(dn, dnn, 4);
      x6n = x5n & down(dn, dnn, 5);
      e3n = startn & x3n & down(s, snext, 3);
      e4n = startn & x4n & down(s, snext, 4);
      e5n = startn & x5n & down(s, snext, 5);
      e6n = startn & x6n & down(s, snext, 6);
    }
    if (w >= 0 && x4 != 0) {
      let runs = start & x6 & down(x6, x6n, 6) & down(d, dn, 12);
      while (runs != 0) {
        runAt((w << 6) + <i32> ctz(runs), d, dn, isText);
        runs &= runs - 1;
      }
      let fours = e4 & down(e4, e4n, 5) & down(e4, e4n, 10) & down(x2, x2n, 15);
      if (fours != 0 && blanks != 0) {
        // A blank between all of them, or none; not so where two groups of four are before them.
        const at = blanks + (w << 3);
        const b = load<u64>(at), bn = load<u64>(at, 8);
        const between = down(b, bn, 4);
        fours &= ~((between ^ down(b, bn, 9)) | (between ^ down(b, bn, 14)));
        const bb = w > 0 ? load<u64>(at - 8) : 0;
        fours &= ~(between & up(b, bb, 1) & up(b, bb, 6) & up(e4, e4b, 5) & up(e4, e4b, 10));
      }
      let groups = fours | e4 & (
              down(e3, e3n, 5) & down(e3, e3n, 9) & down(x3, x3n, 13) |
              down(e6, e6n, 5) & down(x4, x4n, 12) |
              down(e5, e5n, 5) & down(x6, x6n, 11)
            ) | e6 & down(x6, x6n, 7) & down(x6, x6n, 13);
      while (groups != 0) {
        const bit = groups & -groups;
        const unit = (w << 6) + <i32> ctz(groups);
        groups &= groups - 1;
        if ((fours & bit) != 0 && isNoCard(unit)) continue;
        groupsAt(unit, digits, separators, isText);
      }
    }
    e4b = e4;
    d = dn;
    dn = dnn;
  }
  // What is at the end may go on: digits, or groups with the same separator between them.
  let i = units;
  while (i > 0 && units - i < 24 && has(digits, i - 1)) i--;
  const last = i;
  if (units - last >= 24) return;
  let separator = -1;
  let groups = 0;
  while (i > 1 && has(separators, i - 1) && has(digits, i - 2)) {
    const s = byteAt(i - 1) | fold;
    if (separator < 0) separator = s;
    if (s != separator) break;
    if (++groups > 7) {
      // A list: only its last one can begin something.
      i = last - 1;
      break;
    }
    i--;
    const from = i;
    while (i > 0 && from - i < 24 && has(digits, i - 1)) i--;
    if (from - i >= 24) break;
  }
  if (i == units && i > 0 && has(separators, i - 1)) i--;
  if (i < units || (isMapped && sourceOf(units) < size && isCut)) mark(sourceOf(max(i, 0)), size);
}

/** Whether groups of four have other separators between them, or two groups before them. The quick ones to tell. */
@inline function isNoCard(unit: i32): bool {
  const s = byteAt(unit + 4) | fold;
  if ((byteAt(unit + 9) | fold) != s || (byteAt(unit + 14) | fold) != s) return true;
  return unit >= 6 && (byteAt(unit - 1) | fold) == s && (byteAt(unit - 6) | fold) == s &&
    isNumeral(unit - 2) && isNumeral(unit - 3) && isNumeral(unit - 4) && isNumeral(unit - 5) && isNumeral(unit - 7);
}

/** Whether a unit is a digit for sure. */
@inline function isNumeral(unit: i32): bool {
  return stride == 1 && <u32> (byteAt(unit) - 48) < 10;
}

/** A run of 13 digits or more. */
function runAt(unit: i32, d: u64, dn: u64, isText: bool): void {
  const bit = unit & 63;
  const length = <i32> ctz(~(d >> bit | dn << 1 << (63 - bit)));
  if (length >= 24 || unit + length >= units) return;
  const before = unit > 0 ? byteAt(unit - 1) : 0;
  const isTold = (before >= 14 && before <= 19) || (before > 0xad && before < 0xb4);
  if (!isTold) {
    if (length > 19 || !isIssued(unit, length)) return;
    const after = byteAt(unit + length);
    if (isText) {
      if (load<u8>(LETTER + after) != 0 && (after | 0x20) != 0x64) return;
      if (
        unit > 3 && unit + length + 1 < size && load<u8>(LETTER + before) == 0 && before != 0x2e &&
        before != 0x25 && after != 0x2e && after != 0x3d && (after | 0x20) != 0x64 &&
        !(before == 10 && (byteAt(unit - 2) == 0x3d || (byteAt(unit - 2) == 13 && byteAt(unit - 3) == 0x3d))) &&
        !passesLuhn(TEXT + unit, length)
      ) {
        fail(unit + length - 1);
        return;
      }
    }
  }
  markUnits(unit, unit + length);
}

/** The check digit, ISO/IEC 7812-1 Annex B, of 13 to 19 ASCII digits. */
function passesLuhn(at: usize, length: i32): bool {
  // The last 16 bytes, without those before the number; what is left of longer ones is added one by one.
  let v = v128.load(at + length - 16);
  v = v128.and(v, i8x16.splat(15));
  if (length < 16) {
    const index = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    v = v128.and(v, i8x16.ge_s(index, i8x16.splat(<i8> (16 - length))));
  }
  const twice = i8x16.add(v, v);
  const crossed = i8x16.sub(twice, v128.and(i8x16.gt_s(twice, i8x16.splat(9)), i8x16.splat(9)));
  const mixed = v128.bitselect(crossed, v, i16x8.splat(0x00ff));
  const pairs = i16x8.extadd_pairwise_i8x16_u(mixed);
  const fours = i32x4.extadd_pairwise_i16x8_u(pairs);
  let sum = i32x4.extract_lane(fours, 0) + i32x4.extract_lane(fours, 1) + i32x4.extract_lane(fours, 2) +
    i32x4.extract_lane(fours, 3);
  for (let i = length - 17, isSecond = false; i >= 0; i--) {
    const digit = <i32> load<u8>(at + i) & 15;
    sum += isSecond ? digit * 2 - (digit > 4 ? 9 : 0) : digit;
    isSecond = !isSecond;
  }
  return sum % 10 == 0;
}

/** How many bits there are in a row from `i` on, 64 at most. */
@inline function runLength(array: usize, i: i32): i32 {
  const word = array + (i >> 6 << 3);
  return <i32> ctz(~(load<u64>(word) >> (i & 63) | load<u64>(word, 8) << 1 << (63 - (i & 63))));
}

/** Groups that begin like a card's. */
function groupsAt(unit: i32, digits: usize, separators: usize, isText: bool): void {
  if (load<u32>(ISSUED + (((byteAt(unit) & 15) * 10 + (byteAt(unit + 1) & 15)) << 2)) == 0) return;
  let at = unit;
  let count = 0;
  let total = 0;
  let key = 0;
  let last = 0;
  let separator = -1;
  for (;;) {
    const from = at;
    at += runLength(digits, at);
    if (at >= units || at - from >= 24 || ++count > 7) return;
    last = at - from;
    key = key << 4 | min(last, 15);
    total += last;
    const s = byteAt(at) | fold;
    if (separator < 0) separator = s;
    if (s != separator || !has(separators, at) || !has(digits, at + 1)) break;
    at++;
  }
  const isWhole = isLayout(key) && isIssued(unit, total);
  if (!isWhole) {
    if (isText && (separator == 0x2d || separator == 0x2e)) return;
    // What follows may be another word, of three digits at most, or the beginning of a date; or it is an expiry.
    const isWord = isLayout(key >> 4) && isIssued(unit, total - last) &&
      (!isText || last <= 3 || isJoint(byteAt(at)));
    if (!isWord && !(isText && hasExpiry(unit, at, key, total))) return;
  }
  if (unit > 1 && (byteAt(unit - 1) | fold) == separator && has(separators, unit - 1) && has(digits, unit - 2)) {
    // A group before it may be another word, of three digits at most or the end of a date.
    if (isText && (separator == 0x2d || separator == 0x2e)) return;
    let from = unit - 2;
    while (from > 0 && unit - from < 36 && has(digits, from - 1)) from--;
    if (unit - from >= 36) return;
    const before = from > 0 ? byteAt(from - 1) : 0;
    if (from > 1 && (before | fold) == separator && has(separators, from - 1) && has(digits, from - 2)) return;
    if (isText && unit - 1 - from > 3 && !isJoint(before)) return;
  }
  else if (
    isText && isWhole && unit > 3 && at + 1 < size && !passesLuhnApart(TEXT + unit, TEXT + at) &&
    (!isLayout(key >> 4) || !passesLuhnApart(TEXT + unit, TEXT + at - last - 1))
  ) {
    const before = byteAt(unit - 1);
    const after = byteAt(at);
    if (
      load<u8>(LETTER + before) == 0 && before != 0x2e && load<u8>(LETTER + after) == 0 && after != 0x2e &&
      before < 0x80 && after < 0x80
    ) {
      fail(at - 1);
      return;
    }
  }
  markUnits(unit, at);
}

/** Whether the last groups up to `at` are month and year, in one or two, with a check value or without, after a card's. */
function hasExpiry(unit: i32, at: i32, key: i32, total: i32): bool {
  for (let trail = 1, tail = 0; trail <= 3; trail++) {
    const size = key >> ((trail - 1) << 2) & 15;
    if (size > 4) return false;
    tail += size;
    if (!isLayout(key >> (trail << 2)) || !isIssued(unit, total - tail)) continue;
    const sizes = key & ((1 << (trail << 2)) - 1);
    if (
      sizes != 4 && sizes != 0x22 && sizes != 0x24 && sizes != 0x43 && sizes != 0x44 && (sizes & 0xf0f) != 0x203 &&
      (sizes & 0xf0f) != 0x204
    ) continue;
    const start = at - tail - trail + 1;
    const month = (byteAt(start) - 48) * 10 + byteAt(start + 1) - 48;
    if (month >= 1 && month <= 12) return true;
  }
  return false;
}

/** What joins the parts of a date, a time, an amount. */
@inline function isJoint(byte: i32): bool {
  return byte == 0x3a || (byte >= 0x2c && byte <= 0x2f);
}

/** `passesLuhn` of digits with separators between them. */
function passesLuhnApart(from: usize, to: usize): bool {
  let sum = 0;
  let isSecond = false;
  for (let at = to - 1; at >= from; at--) {
    const digit = <i32> load<u8>(at) - 48;
    if (digit < 0) continue;
    sum += isSecond ? digit * 2 - (digit > 4 ? 9 : 0) : digit;
    isSecond = !isSecond;
  }
  return sum % 10 == 0;
}

/** A number whose last digit is at `end` has a wrong check digit. */
@inline function fail(end: i32): void {
  const at = FAILS + (end >> 6 << 3);
  store<u64>(at, load<u64>(at) | <u64> 1 << (end & 63));
}

@inline function isLayout(key: i32): bool {
  return key == 0x4444 || key == 0x465 || key == 0x464 || key == 0x4333 || key == 0x456 || key == 0x6d ||
    key == 0x4442 || key == 0x4443 || key == 0x44441 || key == 0x44442 || key == 0x44443;
}
