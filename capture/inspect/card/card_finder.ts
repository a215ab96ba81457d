/**
 * Judges the place where a probe hit: is there a card number, and how sure is it?
 *
 * In this order, cheapest first: digit boundaries, layout (no separators, or one separator in a card's groups), length,
 * issuer range, Luhn, then the words around. What a probe sees depends on the text alone and never on how it was cut:
 * a look past the bytes that have come answers `NEEDS_MORE`, and the same probe is judged again when they are there.
 */
import {
  cardLayout,
  COMMON,
  issuerRange,
  Layout,
  MAX_PAN_DIGITS,
  mayBeIssued,
  MIN_PAN_DIGITS,
} from "./brands.ts";
import { passesLuhn } from "../../../model/luhn.ts";
import {
  FIRST,
  HEX_VALUE,
  IS_DIGIT,
  IS_EBCDIC_DIGIT,
  IS_LETTER,
  IS_SEPARATOR,
  PAIR_BASE64,
  PAIR_DIGIT,
  PAIR_EBCDIC,
  PAIR_LINE_END,
  PAIR_SEPARATOR,
  SECOND,
} from "./byte_classes.ts";
import { CONTEXT_AFTER, CONTEXT_BEFORE, ContextScore, mayTouch, weighWords } from "./context_words.ts";
import { isPublishedTestNumber } from "./test_numbers.ts";
import { AHEAD, BEHIND, looksLikeBase64Digits, NEEDS_MORE, Unwrapped, type Window } from "./unwrap.ts";

export { AHEAD, BEHIND, NEEDS_MORE };

/** From this confidence on a number found is an alert; below it is a note. */
export const ALERT_CONFIDENCE = 0.5;
/** What a card's grouping, or a length told before it, adds. */
const LAYOUT_BONUS = 0.1;
/** Below this confidence it is only counted. */
export const NOTE_CONFIDENCE = 0.25;

/** Digits in a row from which on they are no card number, whatever is before them. */
const LONG_RUN = 24;

/** Numbers of French establishments: each has 14 digits and passes Luhn, as cards of Diners Club do. */
const SIRET_DIGITS = 14;

/** Groups of a number, and a word of digits before and after it. */
const MOST_GROUPS = 7;
/** Groups after a number between blanks: month, year and check value. */
const MOST_TRAILING = 3;
/** Four and more groups of digits in a row are mostly a list: without a word beside them they are a note. */
const EXPIRY_COST = 0.3;
/** Bytes of a number's groups, and of a word before it, that can stand before one of its groups. */
const MOST_BEFORE = 34;

/** What a direction of a flow has shown so far: where most numbers of that shape fail Luhn, or no brand issues them, they are no cards. */
export interface Ledger {
  passed: number;
  failed: number;
  /** Numbers of 14 digits that pass Luhn and begin as hardly a card does: a list of them follows another scheme of Luhn's. */
  foreign: number;
}

/** The text that is searched. */
export interface Searched {
  /** Judged up to here (offset in the text): what begins before was counted already. */
  settledTo: number;
  /** From the parser: content type, names of columns. */
  readonly hints: ContextScore;
  readonly ledger: Ledger;
}

/** A number that is one by all rules. Its digits are wiped after the call. */
export interface Found {
  /** Values 0..9. */
  digits: Uint8Array;
  length: number;
  brand: string;
  confidence: number;
  reasons: string[];
  /** How it was wrapped inside the text; "" where it was not. */
  wrapping: string;
  track: 0 | 1 | 2;
}

export interface FinderSink {
  /** Whether this number is known in this flow and need not be weighed again (it is counted by the call). */
  seenAgain(digits: Uint8Array, length: number): boolean;
  found(found: Found): void;
}

export class CardFinder {
  sink: FinderSink;
  readonly #digits = new Uint8Array(MAX_PAN_DIGITS);
  readonly #window: Window = {
    bytes: new Uint8Array(0),
    low: 0,
    end: 0,
    open: false,
    beginsText: false,
    endsText: false,
  };
  readonly #unwrapped = new Unwrapped();
  readonly #context = new ContextScore();
  #searched!: Searched;
  /** Offset in the text of index 0. */
  #delta = 0;
  /** Whether the bytes at hand are `#unwrapped`. */
  #inside = false;
  #groups = new Int32Array(16);
  /** Index of the probe. */
  #probe = 0;
  /** Index up to which groups were found to be no number. */
  #groupSkip = 0;
  readonly #inner: Window = {
    bytes: this.#unwrapped.text,
    low: 0,
    end: 0,
    open: false,
    beginsText: false,
    endsText: false,
  };

  constructor(sink: FinderSink) {
    this.sink = sink;
  }

  /**
   * Judges the probe at `at`.
   *
   * @param low First index that may be read, `end` the one after the last.
   * @param open More of the text may come after `end`.
   * @param delta Offset in the text of index 0.
   * @returns The index from which on to probe again, or `NEEDS_MORE`.
   */
  inspect(
    bytes: Uint8Array,
    low: number,
    end: number,
    at: number,
    open: boolean,
    delta: number,
    searched: Searched,
  ): number {
    const window = this.#window;
    const isLowCut = low < at - BEHIND || low + delta > 0;
    const isEndCut = end > at + AHEAD;
    window.bytes = bytes;
    window.low = low < at - BEHIND ? at - BEHIND : low;
    window.end = isEndCut ? at + AHEAD : end;
    window.open = open && !isEndCut;
    window.beginsText = !isLowCut;
    window.endsText = !isEndCut;
    this.#delta = delta;
    this.#searched = searched;
    this.#probe = at;
    const pair = at + 1 < end ? FIRST[bytes[at]] & SECOND[bytes[at + 1]] : FIRST[bytes[at]];
    let next = at + 1;
    if ((pair & (PAIR_DIGIT | PAIR_SEPARATOR)) !== 0) {
      const digit = nearestDigit(bytes, at, window);
      if (digit === UNSEEN) return NEEDS_MORE;
      if (digit >= 0) {
        next = this.#digitsAt(window, digit);
        if (next === NEEDS_MORE) return NEEDS_MORE;
      }
    }
    if ((pair & PAIR_BASE64) !== 0 && !this.#base64At(window, at, pair)) return NEEDS_MORE;
    if ((pair & PAIR_LINE_END) !== 0 && !this.#lineEndAt(window, at)) return NEEDS_MORE;
    if ((pair & PAIR_EBCDIC) !== 0 && !this.#ebcdicAt(window, at)) return NEEDS_MORE;
    // What was judged need not be unwrapped again.
    const settled = searched.settledTo - delta - NEAR;
    return next > settled ? next : settled;
  }

  /**
   * A number that a message's own structure has shown: no boundaries or words are needed.
   *
   * @param digits Values; wiped by the caller.
   */
  judgeField(track: 0 | 1 | 2, digits: Uint8Array, length: number, searched: Searched): void {
    const range = issuerRange(digits, length);
    if (range === null) return;
    if (!passesLuhn(digits, length)) {
      searched.ledger.failed++;
      return;
    }
    searched.ledger.passed++;
    if (this.sink.seenAgain(digits, length)) return;
    const reasons = ["issuer_range", "luhn", "iso8583_field"];
    if (isPublishedTestNumber(digits, length)) reasons.push("published_test_number");
    if (track !== 0) reasons.push(`track${track}`);
    this.sink.found({
      digits,
      length,
      brand: range.brand,
      confidence: 0.95,
      reasons,
      wrapping: "iso8583",
      track,
    });
  }

  // ------------------------------------------------------------ digits as they are

  #digitsAt(window: Window, digit: number): number {
    const { bytes, low, end } = window;
    let from = digit;
    while (from > low && digit - from < LONG_RUN && IS_DIGIT[bytes[from - 1]] === 1) from--;
    let to = digit + 1;
    while (to < end && to - from < LONG_RUN && IS_DIGIT[bytes[to]] === 1) to++;
    const length = to - from;
    if (length >= LONG_RUN) return this.#longRun(window, digit);
    if (to === end && window.open) return NEEDS_MORE;
    if (length >= MIN_PAN_DIGITS) {
      const next = to < end ? bytes[to] : 0;
      if (next === 0x3d && to + 1 >= end && window.open) return NEEDS_MORE;
      const isBroken = isSoftBreakBefore(bytes, low, from) || (next === 0x3d && isLineEnd(bytes[to + 1]));
      if (!this.#inside && (isBroken || isEscapedBefore(bytes, low, from))) {
        return this.#escapesAt(window, digit) ? to : NEEDS_MORE;
      }
      const settledTo = this.#searched.settledTo;
      if (!this.#run(window, from, to)) return NEEDS_MORE;
      const last = from - 2 >= low && IS_DIGIT[bytes[from - 2]] === 1 ? bytes[from - 1] : 0;
      if (length > MIN_PAN_DIGITS || IS_SEPARATOR[last] !== 1 || this.#searched.settledTo !== settledTo) {
        return to;
      }
      // No number by itself, but perhaps the end of one: 6-13 digits.
      this.#groupSkip = to;
      const seen = this.#grouped(window, from, to, last);
      return seen === 0 ? to : seen;
    }
    return this.#shortRun(window, from, to);
  }

  /** Digits on and on are no number, but may be hexadecimal of one. */
  #longRun(window: Window, at: number): number {
    const { bytes, end } = window;
    if (this.#inside) {
      while (at < end && IS_DIGIT[bytes[at]] === 1) at++;
      return at;
    }
    if ((bytes[at] === 0x33 || bytes[at - 1] === 0x33) && !this.#hexAt(window, at)) return NEEDS_MORE;
    return at + 1;
  }

  /** Digits without separators; false for `NEEDS_MORE`. */
  #run(window: Window, from: number, to: number): boolean {
    const { bytes, low } = window;
    // Length-prefixed text (PostgreSQL, MySQL, Protocol Buffers, MessagePack): the next field's first byte may be a
    // digit or a letter as well.
    const prefix = from > low ? bytes[from - 1] : 0;
    const told = prefix >= 14 && prefix <= MAX_PAN_DIGITS
      ? prefix
      : prefix > 0xad && prefix < 0xb4
      ? prefix - 0xa0
      : 0;
    if (told !== 0 && told <= to - from) {
      const judged = this.#judge(window, from, from + told, told, 0, "length_prefixed", 0);
      if (judged === FAILED) this.#countFailure(from + told);
      return judged !== NEEDS_MORE;
    }
    if (to - from > MAX_PAN_DIGITS || !mayBeIssued(bytes[from], bytes[from + 1], to - from)) return true;
    const before = this.#before(window, from, to);
    if (before < 0) return true;
    const after = this.#after(window, to);
    if (after === NEEDS_MORE) return false;
    if (after < 0) return true;
    const track = this.#track(window, from, to);
    if (track === NEEDS_MORE) return false;
    const judged = this.#judge(window, from, to, to - from, before + after, "", track);
    if (judged === FAILED) this.#countFailure(to);
    return judged !== NEEDS_MORE;
  }

  /** Fewer digits than a number has: perhaps one group of it, or wrapped. Returns as `inspect`. */
  #shortRun(window: Window, from: number, to: number): number {
    const { bytes, low, end } = window;
    const next = to < end ? bytes[to] : -1;
    const last = from > low ? bytes[from - 1] : -1;
    this.#groupSkip = to;
    if (next >= 0 && IS_SEPARATOR[next] === 1) {
      if (to + 1 >= end && window.open) return NEEDS_MORE;
      if (to + 1 < end && IS_DIGIT[bytes[to + 1]] === 1) {
        const seen = this.#grouped(window, from, to, next);
        if (seen !== 0) return seen;
      }
    }
    if (
      last >= 0 && last !== next && IS_SEPARATOR[last] === 1 && from - 2 >= low &&
      IS_DIGIT[bytes[from - 2]] === 1
    ) {
      const seen = this.#grouped(window, from, to, last);
      if (seen !== 0) return seen;
    }
    if (this.#inside) return this.#groupSkip;
    const length = to - from;
    if ((next === 0 || last === 0) && length === 1) {
      return this.#utf16At(window, from) ? to : NEEDS_MORE;
    }
    if (length >= 7 && (HEX_VALUE[next < 0 ? 32 : next] < 16 || HEX_VALUE[last < 0 ? 32 : last] < 16)) {
      if (!this.#hexAt(window, from) || !this.#hexAt(window, from + 1)) return NEEDS_MORE;
      return to;
    }
    const escape = leadsIntoEscape(bytes, low, end, from, to);
    if (escape === NEEDS_MORE && window.open) return NEEDS_MORE;
    if (escape !== 1) return this.#groupSkip;
    return this.#escapesAt(window, from) ? from + 1 : NEEDS_MORE;
  }

  /**
   * The whole sequence of groups with one separator that `[from, to)` belongs to.
   *
   * @returns 0 where it is no candidate, the end of the sequence where it was judged, or `NEEDS_MORE`.
   */
  #grouped(window: Window, from: number, to: number, separator: number): number {
    const { bytes, low, end } = window;
    const groups = this.#groups;
    let start = from;
    while (start - 2 >= low && bytes[start - 1] === separator && IS_DIGIT[bytes[start - 2]] === 1) {
      if (from - start > MOST_BEFORE) {
        this.#stepOver(window, to, separator);
        return 0;
      }
      start -= 2;
      while (start > low && IS_DIGIT[bytes[start - 1]] === 1 && from - start <= MOST_BEFORE) start--;
    }
    if (from - start > MOST_BEFORE) {
      this.#stepOver(window, to, separator);
      return 0;
    }
    let count = 0;
    let total = 0;
    let at = start;
    for (;;) {
      const groupStart = at;
      while (at < end && IS_DIGIT[bytes[at]] === 1 && at - groupStart < LONG_RUN) at++;
      if (at >= end && window.open) return NEEDS_MORE;
      if (at - groupStart >= LONG_RUN) return 0;
      if (count >= MOST_GROUPS) {
        this.#stepOver(window, to, separator);
        return 0;
      }
      total += at - groupStart;
      groups[count++] = at - groupStart;
      if (at >= end || bytes[at] !== separator) break;
      if (at + 1 >= end) {
        if (window.open) return NEEDS_MORE;
        break;
      }
      if (IS_DIGIT[bytes[at + 1]] !== 1) break;
      at++;
    }
    // Cut windows do not show where a sequence begins and ends.
    if (this.#inside && ((start - 2 < low && !window.beginsText) || (at >= end && !window.endsText))) {
      return 0;
    }
    if (total < MIN_PAN_DIGITS) {
      this.#stepOver(window, to, separator);
      return 0;
    }
    let failed = false;
    // Groups 0..count-1 from `start` to `at`. Between blanks the first or last may be another word: `12/29`, `10:30`.
    const most = separator === 0x20 || separator === 0x2b ? 1 : 0;
    // Of coded text a window shows too little for more than one group behind the number.
    const mostTrailing = this.#inside ? most : most * MOST_TRAILING;
    for (let lead = 0; lead <= most; lead++) {
      // A Visa number and its check value are met a thousand times as often as one of 17 to 19 digits.
      const isVisa = count - lead === 5 && bytes[lead === 0 ? start : start + groups[0] + 1] === 0x34;
      for (let turn = 0; turn <= mostTrailing; turn++) {
        const trail = isVisa && turn < 2 ? 1 - turn : turn;
        const layout = cardLayout(groups, lead, count - lead - trail);
        if (layout === Layout.none) continue;
        const leadCost = lead === 0 ? 0 : this.#leadCost(window, start, groups[0]);
        const trailCost = trail === 0 ? 0 : this.#trailCost(window, at, count, trail);
        if (trailCost === NEEDS_MORE) return NEEDS_MORE;
        if (leadCost < 0 || trailCost < 0) continue;
        const first = lead === 0 ? start : start + groups[0] + 1;
        let last = at;
        for (let g = count - trail; g < count; g++) last -= groups[g] + 1;
        const before = lead === 0 ? this.#before(window, first, last) : leadCost;
        if (before < 0) continue;
        const after = trail === 0 ? this.#after(window, last) : trailCost;
        if (after === NEEDS_MORE) return NEEDS_MORE;
        if (after < 0) continue;
        let digits = 0;
        for (let g = lead; g < count - trail; g++) digits += groups[g];
        const cost = before + after + (separator === 0x2e ? 0.15 : 0) + (layout === Layout.typed ? 0.3 : 0);
        const judged = this.#judge(window, first, last, digits, cost, "card_grouping", 0);
        if (judged === NEEDS_MORE) return NEEDS_MORE;
        if (judged === PASSED) return at;
        failed ||= judged === FAILED;
      }
    }
    if (failed) {
      this.#countFailure(at);
      return at;
    }
    this.#stepOver(window, to, separator);
    return 0;
  }

  /**
   * Steps over a list of numbers: groups with one separator that are no card, to the last of them, which may begin
   * something else. A longer run of digits among them is looked at for itself.
   */
  #stepOver(window: Window, to: number, separator: number): void {
    const { bytes, end } = window;
    let last = 0;
    for (let at = to; at + 1 < end && bytes[at] === separator && IS_DIGIT[bytes[at + 1]] === 1;) {
      last = ++at;
      while (at < end && IS_DIGIT[bytes[at]] === 1) at++;
      if (at - last >= MIN_PAN_DIGITS) break;
    }
    if (last > this.#groupSkip) this.#groupSkip = last;
  }

  /** A group before the number that may be a word of its own; negative where it is not. */
  #leadCost(window: Window, start: number, length: number): number {
    const before = start > window.low ? window.bytes[start - 1] : 0x0a;
    if (IS_LETTER[before] === 1) return REJECTED; // DE12 4111 ...: an IBAN.
    if (isJoint(before)) return 0; // The end of a date or time.
    return length <= 3 ? 0.2 : REJECTED;
  }

  /**
   * The last `trail` of `count` groups, after the number, that may be words of their own: the end of a time, a check value,
   * or the month and year of expiry, with a check value or without; negative where they are not.
   *
   * @param at Index after the last.
   */
  #trailCost(window: Window, at: number, count: number, trail: number): number {
    if (at + 1 >= window.end && window.open) return NEEDS_MORE;
    const { bytes } = window;
    const after = at < window.end ? bytes[at] : 0x0a;
    const groups = this.#groups;
    const length = groups[count - 1];
    const isJoined = isJoint(after) && at + 1 < window.end && IS_DIGIT[bytes[at + 1]] === 1;
    if (trail === 1 && isJoined) return 0;
    if (IS_LETTER[after] === 1 || isJoined) return REJECTED;
    if (trail === 1 && length === 3) return 0.15;
    if (trail === 1 && length <= 2) return after === 0x20 ? 0.25 : REJECTED;
    // Expiry: 12 29, 12 2029, 1229; then perhaps the check value.
    let start = at;
    for (let g = count - trail; g < count; g++) start -= groups[g] + 1;
    const month = (bytes[start + 1] - 48) * 10 + bytes[start + 2] - 48;
    if (month < 1 || month > 12) return REJECTED;
    let g = count - trail;
    if (groups[g] === 2) {
      if (++g === count || (groups[g] !== 2 && groups[g] !== 4)) return REJECTED;
    } else if (groups[g] !== 4) return REJECTED;
    if (++g === count) return EXPIRY_COST;
    return g + 1 === count && (groups[g] === 3 || groups[g] === 4) ? EXPIRY_COST : REJECTED;
  }

  /** What stands before a number: 0 or a cost, or `REJECTED`. */
  #before(window: Window, from: number, to: number): number {
    const { bytes, low } = window;
    if (from <= low) return !this.#inside || window.beginsText ? 0 : REJECTED;
    const last = bytes[from - 1];
    const beforeLast = from - 2 >= low ? bytes[from - 2] : 0x20;
    if (IS_LETTER[last] === 1) {
      if (beforeLast === 0x5c) return 0; // \n, \t as two characters
      if (last === 0x42 && (beforeLast === 0x25 || (to < window.end && window.bytes[to] === 0x5e))) return 0; // %B: track 1
      let start = from - 1;
      while (start > low && from - start < 20 && IS_LETTER[bytes[start - 1]] === 1) start--;
      if (isFiller(bytes, start, from)) return 0.05;
      let word = "";
      for (let i = start; i < from; i++) word += String.fromCharCode(bytes[i] | 0x20);
      return mayTouch(word) ? 0 : REJECTED;
    }
    if (last === 0x2e) return IS_LETTER[beforeLast] === 1 ? 0.2 : REJECTED; // 0.4532..., .4532...
    if (last === 0x5f) return 0.2;
    if (last === 0x2d) return IS_DIGIT[beforeLast] === 1 ? 0.3 : IS_LETTER[beforeLast] === 1 ? 0.1 : 0.15;
    if (last === 0x2c && beforeLast === 0x30) { // 0,4532...: a fraction in half of Europe, or the second column
      const third = from - 3 >= low ? bytes[from - 3] : 0x20;
      const isColumn = third === 0x2c || (to < window.end && bytes[to] === 0x2c);
      return isColumn || IS_DIGIT[third] === 1 ? 0 : 0.2;
    }
    return 0;
  }

  /** What stands after a number: 0 or a cost, `REJECTED`, or `NEEDS_MORE`. */
  #after(window: Window, to: number): number {
    const { bytes, end } = window;
    if (to >= end) return this.#inside && !window.endsText ? REJECTED : 0;
    const next = bytes[to];
    if (IS_LETTER[next] === 1) {
      return (next | 0x20) === 0x64 ? 0 : REJECTED; // D parts track 2; `#track` decides.
    }
    if (next === 0x5f) return 0.2;
    if (next !== 0x2e && next !== 0x2d) return 0;
    if (to + 1 >= end) return window.open ? NEEDS_MORE : 0;
    if (next === 0x2e) {
      return IS_DIGIT[bytes[to + 1]] === 1 ? REJECTED : IS_LETTER[bytes[to + 1]] === 1 ? 0.2 : 0;
    }
    return IS_DIGIT[bytes[to + 1]] === 1 ? 0.3 : 0;
  }

  /** Whether `[from, to)` is the number of a magnetic stripe: 1, 2, 0 for none, -2 for not even a number. */
  #track(window: Window, from: number, to: number): number {
    const { bytes, low, end } = window;
    if (to >= end) return 0;
    const next = bytes[to];
    // ISO/IEC 7813: %B PAN ^ name ^ YYMM... ?  and  ; PAN = YYMM SSS ... ?
    if (next === 0x5e) return from > low && bytes[from - 1] === 0x42 ? 1 : 0;
    const isD = (next | 0x20) === 0x64;
    if (next !== 0x3d && !isD) return 0;
    for (let i = 1; i <= 7; i++) {
      if (to + i >= end) return window.open ? NEEDS_MORE : isD ? REJECTED : 0;
      if (IS_DIGIT[bytes[to + i]] !== 1) return isD ? REJECTED : 0;
    }
    const month = (bytes[to + 3] - 48) * 10 + bytes[to + 4] - 48;
    if (month < 1 || month > 12) return isD ? REJECTED : 0;
    return 2;
  }

  /** The last word on a candidate: `PASSED`, `FAILED` (Luhn), `UNKNOWN` (no brand), `NEEDS_MORE`. */
  #judge(
    window: Window,
    from: number,
    to: number,
    length: number,
    cost: number,
    layout: string,
    track: number,
  ): number {
    if (track < 0) return UNKNOWN;
    const { bytes } = window;
    const inside = this.#inside;
    const start = inside ? this.#unwrapped.source[from] : from;
    const stop = inside ? this.#unwrapped.source[to] : to;
    const searched = this.#searched;
    if (start + this.#delta < searched.settledTo) return PASSED; // Counted before.
    // Nine of ten stop here, before their digits are copied.
    if (!endsInCheckDigit(bytes, from, to, length)) {
      return mayBeIssued(bytes[from], bytes[from + 1], length) ? FAILED : UNKNOWN;
    }
    const digits = this.#digits;
    for (let i = from, n = 0; i < to && n < MAX_PAN_DIGITS; i++) {
      if (IS_DIGIT[bytes[i]] === 1) digits[n++] = bytes[i] - 48;
    }
    const range = issuerRange(digits, length);
    if (range === null) {
      digits.fill(0);
      return UNKNOWN;
    }
    const ledger = searched.ledger;
    if (this.sink.seenAgain(digits, length)) {
      searched.settledTo = stop + this.#delta;
      ledger.passed++;
      digits.fill(0);
      return PASSED;
    }
    let confidence = range.weight - cost;
    const reasons = ["issuer_range", "luhn"];
    if (layout !== "") {
      reasons.push(layout);
      confidence += LAYOUT_BONUS;
    }
    if (cost > 0) reasons.push("unusual_neighbours");
    const isTest = isPublishedTestNumber(digits, length);
    if (isTest) reasons.push("published_test_number");
    const context = this.#context;
    context.reset();
    weighWords(bytes, Math.max(window.low, from - CONTEXT_BEFORE), from, from, context);
    context.add(searched.hints.positive);
    context.add(searched.hints.negative);
    if (track !== 0) reasons.push(`track${track}`);
    // Without its start sentinel it may be a number before an equals sign: in quoted-printable `=20` is a blank.
    const isSure = track === 1 || (track === 2 && from > window.low && bytes[from - 1] === 0x3b);
    if (isSure) confidence = 0.95;
    else {
      if (track === 2) confidence += 0.2;
      if (confidence + context.sum < ALERT_CONFIDENCE) {
        if (window.open && window.end - to < CONTEXT_AFTER) {
          digits.fill(0);
          return NEEDS_MORE;
        }
        const positive = context.positive;
        const negative = context.negative;
        context.reset();
        weighWords(bytes, to, Math.min(window.end, to + CONTEXT_AFTER), to, context);
        // A word after the number speaks for a card (expiry, cvv) more often than against one: it may name the next.
        context.positive = Math.max(positive, context.positive * 0.75);
        context.negative = Math.min(negative, context.negative * 0.25);
      }
      confidence += context.sum;
      if (!isTest && hasFewDigits(digits, length)) {
        confidence -= 0.25;
        reasons.push("few_distinct_digits");
      }
      // What they are laid out like speaks for none of them then.
      const unlike = 0.2 + (layout === "" ? 0 : LAYOUT_BONUS);
      if (ledger.failed >= 4 && ledger.passed * 3 < ledger.failed) {
        confidence -= unlike;
        reasons.push("many_like_it_fail_luhn");
      } else if (length === SIRET_DIGITS && ledger.foreign >= 3) {
        confidence -= unlike;
        reasons.push("many_like_it_are_no_cards");
      }
    }
    searched.settledTo = stop + this.#delta;
    ledger.passed++;
    if (length === SIRET_DIGITS && range.weight < COMMON) ledger.foreign++;
    if (context.positive > 0) reasons.push("context_card");
    if (context.negative < 0) reasons.push("context_other");
    this.sink.found({
      digits,
      length,
      brand: range.brand,
      confidence: Math.round(Math.min(0.99, Math.max(0, confidence)) * 100) / 100,
      reasons,
      wrapping: inside && (stop - start !== to - from || this.#unwrapped.encoding === "ebcdic")
        ? this.#unwrapped.encoding
        : "",
      track: track as 0 | 1 | 2,
    });
    digits.fill(0);
    return PASSED;
  }

  /** A candidate up to `to` has the shape of a card but a wrong check digit. */
  #countFailure(to: number): void {
    const stop = (this.#inside ? this.#unwrapped.source[to] : to) + this.#delta;
    if (stop <= this.#searched.settledTo) return;
    this.#searched.settledTo = stop;
    this.#searched.ledger.failed++;
  }

  // ------------------------------------------------------------ digits that are wrapped; false for "needs more"

  #escapesAt(window: Window, at: number): boolean {
    this.#unwrapped.escapes(window, at);
    return this.#searchUnwrapped();
  }

  #utf16At(window: Window, at: number): boolean {
    const { bytes, low, end } = window;
    // Four of its neighbours must be digits or separators too: numbers are common in UTF-16 text, long ones are not.
    let near = 0;
    for (
      let i = at - 2;
      i >= low && i >= at - 10 && isDigitOrSeparator(bytes[i]) && bytes[i + 1] === 0;
      i -= 2
    ) near++;
    for (let i = at + 2; near < 4; i += 2) {
      if (i >= end) {
        if (window.open) return false;
        break;
      }
      if (!isDigitOrSeparator(bytes[i]) || bytes[i - 1] !== 0) break;
      near++;
    }
    if (near < 4) return true;
    this.#unwrapped.utf16(window, at);
    return this.#searchUnwrapped();
  }

  /** Hexadecimal of digits has a 3 at every other place (or a 2, at separators). */
  #hexAt(window: Window, at: number): boolean {
    if (this.#inside) return true;
    const { bytes, low, end } = window;
    for (let first = at; first <= at + 1; first++) {
      let count = 0;
      let i = first;
      while (i - 2 >= low && count < 12 && isHexOfDigit(bytes, i - 2)) i -= 2, count++;
      for (i = first; count < 12; i += 2) {
        if (i + 1 >= end) {
          if (window.open) return false;
          break;
        }
        if (!isHexOfDigit(bytes, i)) break;
        count++;
      }
      if (count < 12) continue;
      this.#unwrapped.hex(window, first);
      return this.#searchUnwrapped();
    }
    return true;
  }

  #ebcdicAt(window: Window, at: number): boolean {
    const { bytes, low, end } = window;
    let from = at;
    while (from > low && at - from < LONG_RUN && isEbcdicNumber(bytes[from - 1])) from--;
    let to = at + 1;
    while (to < end && to - from < LONG_RUN && isEbcdicNumber(bytes[to])) to++;
    if (to - from < MIN_PAN_DIGITS) return !(to === end && window.open);
    this.#unwrapped.ebcdic(window, at);
    return this.#searchUnwrapped();
  }

  #base64At(window: Window, at: number, pair: number): boolean {
    for (let place = 0; place < 4; place++) {
      if ((pair & 4 << place) === 0) continue;
      const answer = looksLikeBase64Digits(window, at, place);
      if (answer === NEEDS_MORE) return false;
      if (answer === 0) continue;
      this.#unwrapped.base64(window, at, place);
      if (!this.#searchUnwrapped()) return false;
    }
    return true;
  }

  /** A line's end inside a number: quoted-printable's soft break, or the lines of base64. */
  #lineEndAt(window: Window, at: number): boolean {
    const { bytes, low, end } = window;
    let before = at - 1;
    if (before >= low && bytes[at] === 10 && bytes[before] === 13) before--;
    let after = at + 1;
    if (after < end && bytes[at] === 13 && bytes[after] === 10) after++;
    if (before < low) return true;
    if (bytes[before] === 0x3d) {
      if (before - 1 < low || !isDigitOrSeparator(bytes[before - 1])) return true;
      if (after >= end) return !window.open;
      if (!isDigitOrSeparator(bytes[after])) return true;
      return this.#escapesAt(window, before - 1);
    }
    const places = base64Places(bytes, before - 1, low);
    return places === 0 || this.#base64At(window, before - 1, places);
  }

  #searchUnwrapped(): boolean {
    const unwrapped = this.#unwrapped;
    if (unwrapped.needsMore) {
      unwrapped.wipe();
      return false;
    }
    this.#inside = true;
    const inner = this.#inner;
    inner.end = unwrapped.length;
    inner.beginsText = unwrapped.beginsText;
    inner.endsText = unwrapped.endsText;
    // Only what the probe touches is its concern: what a probe finds must not depend on which others there were.
    const { source, length, text } = unwrapped;
    let i = 0;
    while (i < length && source[i + 1] < this.#probe - NEAR) i++;
    for (; i < length && source[i] <= this.#probe + NEAR;) {
      i = IS_DIGIT[text[i]] === 1 ? Math.max(i + 1, this.#digitsAt(inner, i)) : i + 1;
    }
    this.#inside = false;
    unwrapped.wipe();
    return true;
  }
}

/** A probe touches what begins or ends so many bytes from it. */
const NEAR = 3;

const REJECTED = -2;
const UNKNOWN = 0;
const FAILED = 1;
const PASSED = 2;

/** Records of fixed width are filled up with one letter, up to the next field: `XXXXXX4111...`. */
function isFiller(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from + 1; i < to; i++) if (bytes[i] !== bytes[from]) return false;
  return to - from >= 4;
}

/** `passesLuhn` over ASCII digits, with separators or without. */
function endsInCheckDigit(bytes: Uint8Array, from: number, to: number, length: number): boolean {
  let sum = 0;
  if (to - from === length) {
    let i = to - 1;
    for (; i > from; i -= 2) sum += bytes[i] - 48 + CROSS_SUM_OF_DOUBLE[bytes[i - 1] - 48];
    if (i === from) sum += bytes[i] - 48;
    return sum % 10 === 0;
  }
  let isSecond = false;
  for (let i = to - 1; i >= from; i--) {
    const digit = bytes[i] - 48;
    if (digit < 0 || digit > 9) continue;
    sum += isSecond ? CROSS_SUM_OF_DOUBLE[digit] : digit;
    isSecond = !isSecond;
  }
  return sum % 10 === 0;
}

const CROSS_SUM_OF_DOUBLE = Uint8Array.of(0, 2, 4, 6, 8, 1, 3, 5, 7, 9);

/** Two different digits at most, as in 4444444444444448: fillers and masks rather than cards. */
function hasFewDigits(digits: Uint8Array, length: number): boolean {
  let seen = 0;
  for (let i = 0; i < length; i++) seen |= 1 << digits[i];
  seen &= seen - 1; // without the lowest bit
  return (seen & (seen - 1)) === 0;
}

const UNSEEN = -2;

/** The digit at or next to a probe; -1 where there is none, `UNSEEN` where it has not come yet. */
function nearestDigit(bytes: Uint8Array, at: number, window: Window): number {
  if (IS_DIGIT[bytes[at]] === 1) return at;
  if (at > window.low && IS_DIGIT[bytes[at - 1]] === 1) return at - 1;
  for (let i = at + 1; i <= at + 2; i++) {
    if (i >= window.end) return window.open ? UNSEEN : -1;
    if (IS_DIGIT[bytes[i]] === 1) return i;
  }
  for (let i = at - 2; i >= window.low && i >= at - 3; i--) if (IS_DIGIT[bytes[i]] === 1) return i;
  return -1;
}

/** Base64 places that two neighbours can have, as bits 2..5. */
function base64Places(bytes: Uint8Array, at: number, low: number): number {
  return at < low ? 0 : FIRST[bytes[at]] & SECOND[bytes[at + 1]] & PAIR_BASE64;
}

function isDigitOrSeparator(byte: number): boolean {
  return IS_DIGIT[byte] === 1 || IS_SEPARATOR[byte] === 1;
}

function isEbcdicNumber(byte: number): boolean {
  return IS_EBCDIC_DIGIT[byte] === 1 || byte === 0x40 || byte === 0x60;
}

function isHexOfDigit(bytes: Uint8Array, i: number): boolean {
  const value = HEX_VALUE[bytes[i]] << 4 | HEX_VALUE[bytes[i + 1]];
  return value < 256 && isDigitOrSeparator(value);
}

/** Joins the parts of a date, a time, an amount. */
function isJoint(byte: number): boolean {
  return byte === 0x3a || byte === 0x2f || byte === 0x2e || byte === 0x2c || byte === 0x2d;
}

/** `&nbsp;`, `&#160;` and the like, which may part groups. */
function isEntityBefore(bytes: Uint8Array, low: number, from: number): boolean {
  for (let i = from - 5; i >= low && i >= from - 7; i--) if (bytes[i] === 0x26) return true;
  return false;
}

/** Quoted-printable goes on in the next line after `=`. */
function isSoftBreakBefore(bytes: Uint8Array, low: number, from: number): boolean {
  if (from - 2 < low || bytes[from - 1] !== 10) return false;
  return bytes[from - 2] === 0x3d || (from - 3 >= low && bytes[from - 2] === 13 && bytes[from - 3] === 0x3d);
}

function isLineEnd(byte: number): boolean {
  return byte === 10 || byte === 13;
}

/** Whether the digits before a long run belong to an escape: `%224111...`, `%3D4111...`, `\u00224111...`. */
function isEscapedBefore(bytes: Uint8Array, low: number, from: number): boolean {
  if (from <= low) return false;
  const last = bytes[from - 1];
  if (last === 0x25) return true;
  if (last === 0x75 || last === 0x78) return from - 2 >= low && bytes[from - 2] === 0x5c; // \u, \x
  if (HEX_VALUE[last] > 15) return false;
  if (last === 0x42 && from - 4 >= low && bytes[from - 4] === 0x25) return true; // %25B: track 1
  const third = from - 3 >= low ? bytes[from - 3] : 0;
  if (third === 0x25 || third === 0x3d) return true;
  for (let i = from - 2; i >= low && i >= from - 5; i--) {
    if (bytes[i] === 0x75 && bytes[i - 1] === 0x5c) return true;
  }
  return false;
}

/**
 * Whether a short run of digits stands in or next to an escape that could go on with more digits: 1 or 0, or
 * `NEEDS_MORE` where the bytes after it have to be seen first.
 */
function leadsIntoEscape(bytes: Uint8Array, low: number, end: number, from: number, to: number): number {
  const length = to - from;
  const last = from > low ? bytes[from - 1] : 0;
  const next = to < end ? bytes[to] : 0;
  const second = to + 1 < end ? bytes[to + 1] : 0;
  if (
    to + 1 >= end && to < end && (
      next === 0x5c || next === 0x25 || next === 0x26 || next === 0x3d || next === 0x3b || last === 0x25
    )
  ) return NEEDS_MORE;
  if (next === 0x5c && length >= 2 && (second === 0x75 || second === 0x78 || second === 0x5c)) { // \u \x \\u
    if (second !== 0x75) return 1;
    if (to + 3 >= end) return NEEDS_MORE;
    // Of digits and blanks: \u00.. and \u20..; all other alphabets are text.
    return (bytes[to + 2] === 0x30 || bytes[to + 2] === 0x32) && bytes[to + 3] === 0x30 ? 1 : 0;
  }
  if (last === 0x25 && length === 1 && HEX_VALUE[next] < 16 && IS_DIGIT[second] === 1) return 1; // %2D1111
  if (next === 0x25 && length >= 2 && (second === 0x33 || second === 0x32)) return 1; // %3x %2x
  if (next === 0x26 && length >= 2 && (second === 0x23 || second === 0x6e)) return 1; // &# &n
  if (next === 0x3b && (last === 0x23 || last === 0x78) && second === 0x26) return 1; // &#52;&
  if (next === 0x3d && (second === 0x0a || second === 0x0d)) return 1; // soft break
  if (next === 0xc2 || next === 0xe2 || next === 0xa0) return length >= 4 ? 1 : 0;
  if (isSoftBreakBefore(bytes, low, from)) return 1;
  if (length < 4) return 0;
  if (last === 0x3b) return isEntityBefore(bytes, low, from) ? 1 : 0;
  if (last >= 0x80 || isEscapedBefore(bytes, low, from)) return 1; // &nbsp;1111 %201111 \u00a01111
  return 0;
}
