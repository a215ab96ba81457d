/**
 * The last line of defence: card numbers are masked in every text of an event as it leaves the inspector, whatever
 * the parser that made it has forgotten. Parsers still mask what they know to be secret; this knows only digits.
 *
 * It costs a look at each character of strings long enough; ids, times and counts are numbers, and stay as they are.
 */
import { CardKind, cardKinds, maskCardKinds, maskCards } from "./dpi/http/mask.ts";
import { REVERSE_IPV6 } from "./dpi/presentable_text.ts";

/** Digits of the shortest card number; coded ones take more. */
const MIN_CARD_CHARS = 13;
/** Objects within objects; parsers nest three or four. Deeper nothing is known, so nothing is told. */
const MAX_DEPTH = 8;
/** Lists of numbers of our own making, in groups that may look like a card's. */
const COMPUTED = new Set(["ja3", "ja3s"]);

/** What is still to be looked through, and how deep it lies. A list and not recursion, which V8 would inline in itself. */
const holders: (Record<string, unknown> | unknown[] | null)[] = [];
const depths: number[] = [];
let waiting = 0;

/** Masks card numbers in all texts of `fields`, in place. */
export function scrubFields(fields: Record<string, unknown>): void {
  scrubMembers(fields, 0);
  while (waiting > 0) {
    const holder = holders[--waiting]!;
    holders[waiting] = null;
    if (Array.isArray(holder)) scrubElements(holder, depths[waiting]);
    else scrubMembers(holder, depths[waiting]);
  }
}

/**
 * The members of an object. Its keys are fetched as a list and not walked with `for in`, for which V8 compiles a
 * version for each of the many shapes that events have.
 */
function scrubMembers(holder: Record<string, unknown>, depth: number): void {
  const keys = Object.keys(holder);
  for (let i = 0; i < keys.length; i++) {
    const value = holder[keys[i]];
    if (typeof value === "string") {
      if (hasCardLikePart(value)) holder[keys[i]] = scrubSuspicious(value);
    } else if (typeof value === "object" && value !== null && !COMPUTED.has(keys[i])) {
      if (depth >= MAX_DEPTH) holder[keys[i]] = null;
      else wait(value, depth + 1);
    }
  }
}

function scrubElements(list: unknown[], depth: number): void {
  for (let i = 0; i < list.length; i++) {
    const value = list[i];
    if (typeof value === "string") {
      if (hasCardLikePart(value)) list[i] = scrubSuspicious(value);
    } else if (typeof value === "object" && value !== null) {
      if (depth >= MAX_DEPTH) list[i] = null;
      else wait(value, depth + 1);
    }
  }
}

function wait(holder: object, depth: number): void {
  holders[waiting] = holder as Record<string, unknown>;
  depths[waiting++] = depth;
}

/** Text from the wire with its card numbers masked. */
export function scrubText(text: string): string {
  return hasCardLikePart(text) ? scrubSuspicious(text) : text;
}

/** A look at each character, as hashes and versions pass the one at a quarter of them; and what it calls for. */
function scrubSuspicious(text: string): string {
  const kinds = cardKinds(text);
  // Of the digits of a card in hexadecimal some three stand side by side, with colons or without.
  const mayBeHex = (kinds & CardKind.threeHexDigits) !== 0 || text.includes(":") && COLON_DIGITS.test(text);
  let masked = maskCardKinds(text, kinds);
  if (mayBeHex) masked = maskHexDigits(masked);
  return masked === text || REVERSE_IPV6.test(text) ? text : masked;
}

const COLON_DIGITS = /3\d:?3\d:?3\d/;

/**
 * Whether of every fourth character three on end are what a card number has there: digits, separators, or one of the
 * four places of its base64. 13 characters cannot be passed by, and nearly all text is ruled out by a quarter of it.
 */
function hasCardLikePart(text: string): boolean {
  const { length } = text;
  if (length < MIN_CARD_CHARS) return false;
  let before = 0;
  let last = 0;
  for (let i = 0; i < length; i += 4) {
    const code = text.charCodeAt(i);
    const kind = code < 128 ? CARD_KINDS[code] : 0;
    if ((kind & last & before) !== 0) return true;
    before = last;
    last = kind;
  }
  return false;
}

/** By ASCII code, bit 0: digits, separators, and percent-encoded ones; bits 1 to 4: places in base64 of digits. */
const CARD_KINDS = new Uint8Array(128);
["0123456789 +,-.:%2BbDdEe", "MNO", "DTjz", "AEIMQUYcgk", "wxyz012345"].forEach((characters, bit) => {
  for (const character of characters) CARD_KINDS[character.charCodeAt(0)] |= 1 << bit;
});

/**
 * Digits in hexadecimal, `343131` or `34:31:31` in an identifier, that hold a card number are masked as a whole. What
 * else is hexadecimal (hashes, serial numbers) has no such rows of threes.
 */
function maskHexDigits(text: string): string {
  if (text.length < 2 * MIN_CARD_CHARS) return text;
  return text.replaceAll(HEX_DIGITS, (coded) => {
    const pairs = coded.replaceAll(":", "").match(/../g)!;
    const plain = pairs.map((pair) => String.fromCharCode(parseInt(pair, 16))).join("");
    return maskCards(plain) === plain ? coded : "***";
  });
}

/** As many digits as a card number has at least, with blanks between. */
const HEX_DIGITS = /3\d(?::?(?:20:?)?3\d){12,}/g;
