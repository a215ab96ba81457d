/**
 * Whether a label of a name reads like words or like chance: how much likelier its letters are as part of a word than
 * drawn from a hat, after the two before each (a Markov chain of second order over 25 languages).
 *
 * Chance scores about -2 bits a letter, words +1 to +2; with the length that is enough: of random labels of twelve
 * letters nineteen in twenty are told, of names that people chose about one in fifty (docs/DETECTION.md).
 */
import { LOWEST, STEP, TABLE } from "./letter_table.ts";

const LETTERS = 26;
const START = 26;
/** Bits for a change between letters and digits beyond the first two: "web2print" has two, "a9f0c3d1" seven. */
const MIX = -2.5;
/** Shorter labels say too little: abbreviations look like chance. */
export const MIN_JUDGED_LETTERS = 7;

const odds = decodeTable();

function decodeTable(): Float32Array {
  const bytes = atob(TABLE);
  const out = new Float32Array(27 * 27 * LETTERS);
  for (let i = 0; i < out.length; i++) {
    const byte = bytes.charCodeAt(i >> 1);
    out[i] = LOWEST + STEP * ((i & 1) === 0 ? byte >> 4 : byte & 15);
  }
  return out;
}

/**
 * Bits by which a label's letters are likelier in words than by chance; below nought it looks made by a machine.
 *
 * @param label Lower case. Digits, hyphens and all else part words; letters in between are judged.
 */
export function wordBits(label: string): number {
  let bits = 0;
  let [a, b] = [START, START];
  let changes = -2;
  let wasDigit = false;
  for (let i = 0; i < label.length; i++) {
    const c = label.charCodeAt(i) - 97;
    const isDigit = c >= -49 && c <= -40;
    if (i > 0 && isDigit !== wasDigit && ++changes > 0) bits += MIX;
    wasDigit = isDigit;
    if (c < 0 || c >= LETTERS) {
      a = b = START;
      continue;
    }
    bits += odds[(a * 27 + b) * LETTERS + c];
    a = b;
    b = c;
  }
  return bits;
}

/** Whether a label (lower case) looks drawn by chance: letters, or letters and digits mixed, of some length. */
export function looksGenerated(label: string): boolean {
  if (label.length < MIN_JUDGED_LETTERS || label.startsWith("xn--")) return false; // punycode has letters of its own
  return wordBits(label) < -0.5 * label.length;
}
