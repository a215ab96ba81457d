/**
 * Which places of a text are worth a judgement: `CardFinder` looks at those alone where a text is full of what looks
 * like numbers. The work is done by card_sieve.as, compiled to WebAssembly; here its memory is filled and its marks read.
 */
import { mayBeIssued } from "./brands.ts";
import {
  BASE64_PLACES,
  BASE64_VALUE,
  FIRST,
  HEX_VALUE,
  IN_NUMBER,
  IS_EBCDIC_DIGIT,
  IS_LETTER,
  IS_SEPARATOR,
  SECOND,
  STRIDE,
} from "./byte_classes.ts";
import type { Searched } from "./card_finder.ts";
import { sieveBytes } from "./card_sieve_bytes.ts";

/** Bytes of text that the sieve takes at a time, `MAX_TEXT` there. */
export const SIEVE_TEXT = 20_480;

// Where tables lie, as in card_sieve.as.
const SET_NUMBER = 1024;
const SET_BASE64 = 1056;
const SET_EBCDIC = 1088;
const SET_SEPARATOR = 1120;
const SET_ESCAPE = 1152;
const SET_PLACES = 1184;
const ISSUED = 1280;
const PLACES = 1792;
const BASE64 = 2048;
const HEX = 2304;
const LETTER = 2560;
const LANES = 3072;

interface Kernel {
  memory: WebAssembly.Memory;
  text(): number;
  marks(): number;
  fails(): number;
  sieve(length: number): number;
  hasFails(): number;
}

/** The text in the sieve's memory and what is marked in it. One for the thread; calls do not nest. */
export class CardSieve {
  readonly #kernel: Kernel;
  /** The text, from index 0 on. Bytes after `length` mean nothing. */
  readonly text: Uint8Array;
  readonly #marks: Uint32Array;
  readonly #fails: Uint32Array;
  /** The first index that is marked; `length` when none is. */
  #first = 0;
  #hasFails = false;
  /** Failures before this index are counted, or are none of ours. */
  #countedTo = 0;
  length = 0;

  constructor() {
    const module = new WebAssembly.Module(sieveBytes());
    this.#kernel = new WebAssembly.Instance(module).exports as unknown as Kernel;
    const { buffer } = this.#kernel.memory;
    this.text = new Uint8Array(buffer, this.#kernel.text(), SIEVE_TEXT);
    const words = SIEVE_TEXT / 32 + 4;
    this.#marks = new Uint32Array(buffer, this.#kernel.marks(), words);
    this.#fails = new Uint32Array(buffer, this.#kernel.fails(), words);
    fillTables(buffer as ArrayBuffer);
  }

  /**
   * Marks what is worth a look in the first `length` bytes of `text`.
   *
   * @param at What ends before this index has been counted already.
   */
  run(length: number, at: number): void {
    this.length = length;
    this.#countedTo = at;
    this.#first = this.#kernel.sieve(length);
    this.#hasFails = this.#kernel.hasFails() !== 0;
  }

  /** The first probe from `at` on, in steps of `STRIDE`, that is marked and hits; the first one from `end` on if none. */
  next(at: number, end: number): number {
    const text = this.text;
    const marks = this.#marks;
    let i = at;
    const first = Math.min(this.#first, end);
    if (first > i) i += STRIDE * Math.ceil((first - i) / STRIDE);
    while (i < end) {
      const word = marks[i >> 5];
      if (word === 0) {
        i += STRIDE * Math.ceil((32 - (i & 31)) / STRIDE);
      } else {
        if ((word >>> (i & 31) & 1) === 1 && (FIRST[text[i]] & SECOND[text[i + 1]]) !== 0) return i;
        i += STRIDE;
      }
    }
    while (i - STRIDE >= end && i > at) i -= STRIDE;
    return i;
  }

  /** Wipes the text. */
  wipe(): void {
    if (this.length === 0) return;
    this.text.fill(0, 0, this.length);
    this.length = 0;
  }

  /**
   * Counts the numbers that end before `to` and have a card's shape and a wrong check digit.
   *
   * @param delta Offset in the searched text of index 0.
   */
  countFailures(to: number, delta: number, searched: Searched): void {
    if (!this.#hasFails) return;
    const fails = this.#fails;
    let at = this.#countedTo;
    while (at < to) {
      let word = fails[at >> 5] & -1 << (at & 31);
      const next = (at | 31) + 1;
      if (next > to) word &= (1 << (to & 31)) - 1;
      while (word !== 0) {
        const end = (at & ~31) + 32 - Math.clz32(word & -word) + delta;
        word &= word - 1;
        if (end <= searched.settledTo) continue;
        searched.settledTo = end;
        searched.ledger.failed++;
      }
      at = next;
    }
    if (to > this.#countedTo) this.#countedTo = to;
  }
}

function fillTables(buffer: ArrayBuffer): void {
  const memory = new Uint8Array(buffer);
  const set = (at: number, has: (byte: number) => boolean) => {
    for (let byte = 0; byte < 256; byte++) {
      if (has(byte)) memory[at + (byte >> 7) * 16 + (byte & 15)] |= 1 << (byte >> 4 & 7);
    }
  };
  set(SET_NUMBER, (byte) => IN_NUMBER[byte] === 1);
  set(SET_BASE64, (byte) => BASE64_PLACES[byte] !== 0 || byte === 10 || byte === 13);
  set(SET_EBCDIC, (byte) => IS_EBCDIC_DIGIT[byte] === 1 || byte === 0x40 || byte === 0x60);
  set(SET_SEPARATOR, (byte) => IS_SEPARATOR[byte] === 1 || byte === 0xa0);
  set(SET_ESCAPE, (byte) => [0x25, 0x5c, 0x26, 0x3d, 0xa0, 0xc2, 0xe2].includes(byte));
  // Letters alone: those of one place in 16 bytes.
  for (let place = 0; place < 4; place++) {
    for (let byte = 0; byte < 128; byte++) {
      if ((BASE64_PLACES[byte] & 4 << place) !== 0) {
        memory[SET_PLACES + 16 * place + (byte & 15)] |= 1 << (byte >> 4);
      }
    }
  }
  const issued = new Uint32Array(buffer, ISSUED, 100);
  for (let two = 0; two < 100; two++) {
    for (let length = 13; length <= 19; length++) {
      if (mayBeIssued(48 + Math.floor(two / 10), 48 + two % 10, length)) issued[two] |= 1 << length;
    }
  }
  memory.set(BASE64_PLACES.map((places) => places >> 2), PLACES);
  memory.set(BASE64_VALUE, BASE64);
  memory.set(HEX_VALUE, HEX);
  memory.set(IS_LETTER, LETTER);
  const lanes = new Uint16Array(buffer, LANES, 64);
  for (let places = 0; places < 16; places++) {
    for (let lane = 0; lane < 4; lane++) lanes[4 * places + lane] = (places >> lane & 1) * 0xffff;
  }
}
