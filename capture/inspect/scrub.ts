/**
 * The last line of defence: card numbers are masked in every text of an event as it leaves the inspector, whatever
 * the parser that made it has forgotten. Parsers still mask what they know to be secret; this knows only digits.
 *
 * It costs a look at each character of strings long enough; ids, times and counts are numbers, and stay as they are.
 */
import { maskCards } from "./dpi/http/mask.ts";
import { REVERSE_IPV6 } from "./dpi/presentable_text.ts";

/** Digits of the shortest card number; coded ones take more. */
const MIN_CARD_CHARS = 13;
/** Objects within objects; parsers nest three or four. */
const MAX_DEPTH = 8;
/** Lists of numbers of our own making, in groups that may look like a card's. */
const COMPUTED = new Set(["ja3", "ja3s"]);
/** Masks card numbers in all texts of `fields`, in place. */
export function scrubFields(fields: Record<string, unknown>): void {
  scrubWithin(fields, 0);
}

/** Text from the wire with its card numbers masked. */
export function scrubText(text: string): string {
  if (text.length < MIN_CARD_CHARS) return text;
  const masked = maskHexDigits(maskCards(text));
  return masked === text || REVERSE_IPV6.test(text) ? text : masked;
}

function scrubWithin(holder: Record<string, unknown>, depth: number): void {
  for (const key in holder) {
    const value = holder[key];
    if (typeof value === "string") {
      const scrubbed = scrubText(value);
      if (scrubbed !== value) holder[key] = scrubbed;
    } else if (typeof value === "object" && value !== null && !COMPUTED.has(key)) {
      // Deeper than parsers go nothing is known, so nothing is told.
      if (depth >= MAX_DEPTH) holder[key] = null;
      else scrubWithin(value as Record<string, unknown>, depth + 1);
    }
  }
}

/**
 * Digits in hexadecimal, `343131` or `34:31:31` in an identifier, that hold a card number are masked as a whole. What
 * else is hexadecimal (hashes, serial numbers) has no such rows of threes.
 */
function maskHexDigits(text: string): string {
  if (text.length < 2 * MIN_CARD_CHARS || !text.includes("3")) return text;
  return text.replaceAll(HEX_DIGITS, (coded) => {
    const pairs = coded.replaceAll(":", "").match(/../g)!;
    const plain = pairs.map((pair) => String.fromCharCode(parseInt(pair, 16))).join("");
    return maskCards(plain) === plain ? coded : "***";
  });
}

/** As many digits as a card number has at least, with blanks, dashes, dots or plus signs between. */
const HEX_DIGITS = /3\d(?::?(?:2[0bde]:?)?3\d){12,}/gi;
