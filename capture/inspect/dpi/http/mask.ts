/**
 * What must not be in an event is masked here: card numbers, and the values of secrets in URLs.
 *
 * Everything else of a URL stays as it was sent, so that it can be searched for and compared.
 */
import { isPasswordName, mayNameSecret, plainName } from "./secret_names.ts";

/** What stands for a secret. */
const MASK = "***";

/** A value this short is a name of the program that asks, and not an issued key: those have 20 characters and more. */
const MIN_API_KEY_CHARS = 16;

/**
 * Names of what opens an account. A bare `token` is not among them: it mostly signs one download link, and the same
 * word names counters and cursors.
 */
const TOKEN_NAMES = new Set([
  "accesstoken",
  "apitoken",
  "authtoken",
  "authenticationtoken",
  "bearertoken",
  "idtoken",
  "jwt",
  "logintoken",
  "oauthtoken",
  "refreshtoken",
  "securitytoken",
  "sessiontoken",
  "usertoken",
  "xamzsecuritytoken",
  "secret",
  "clientsecret",
  "appsecret",
  "apisecret",
  "secretkey",
  "privatekey",
]);
const KEY_NAMES = new Set(["apikey", "accesskey", "subscriptionkey", "xapikey"]);

/**
 * A URL or request target without its secrets: user information, values of parameters that hold passwords or
 * tokens (query and fragment), card numbers.
 */
export function maskUrl(url: string): string {
  return maskCards(maskParameters(maskUserInfo(url)));
}

/** `https://user:password@host/` without user and password, RFC 3986 §3.2.1. */
function maskUserInfo(url: string): string {
  const authority = url.indexOf("//");
  if (authority < 0 || (authority > 0 && url[authority - 1] !== ":")) return url;
  let end = authority + 2;
  while (end < url.length && !"/?#".includes(url[end])) end++;
  const at = url.lastIndexOf("@", end - 1);
  return at < authority + 2 ? url : url.slice(0, authority + 2) + MASK + url.slice(at);
}

function maskParameters(url: string): string {
  const query = url.search(/[?#]/);
  if (query < 0 || !url.includes("=", query) || !mayNameSecret(url)) return url;
  let out = url.slice(0, query);
  for (let at = query; at < url.length;) {
    let end = at + 1;
    while (end < url.length && !SEPARATORS.includes(url[end])) end++;
    const equals = url.indexOf("=", at);
    if (equals > at && equals < end - 1 && isSecret(url.slice(at + 1, equals), end - equals - 1)) {
      out += url.slice(at, equals + 1) + MASK;
    } else {
      out += url.slice(at, end);
    }
    at = end;
  }
  return out;
}

const SEPARATORS = "&;?#";

function isSecret(name: string, valueChars: number): boolean {
  const plain = plainName(name);
  if (isPasswordName(plain) || TOKEN_NAMES.has(plain)) return true;
  return KEY_NAMES.has(plain) && valueChars >= MIN_API_KEY_CHARS;
}

/** Lengths of card numbers, ISO/IEC 7812-1. */
const MIN_CARD_DIGITS = 13;
const MAX_CARD_DIGITS = 19;
/** What stays visible of a card number. */
const SHOWN_DIGITS = 4;

/**
 * Text whose card numbers show their last four digits only: 13 to 19 digits, plain or percent-encoded, in one run
 * or in a card's groups with one separator between, that begin as payment cards do and pass the Luhn check. Digits
 * inside a word of hexadecimal letters (a hash) are none.
 */
export function maskCards(text: string): string {
  return maskCardKinds(text, cardKinds(text));
}

/** As `maskCards`, where the text was looked at already. @param kinds What `cardKinds` said of it. */
export function maskCardKinds(text: string, kinds: number): string {
  const masked = (kinds & PLAIN) === 0 ? text : maskPlainRuns(text);
  return (kinds & CODED) !== 0 || masked !== text ? maskCodedCards(masked) : text;
}

/**
 * Text whose rest is missing: the capture, a gap or a ceiling of ours has cut it. Digits at its end may begin a card number,
 * which no check can tell, and all but the last digit of one are as good as all: from seven on they are masked. (The first
 * six, the issuer's number, may be shown: PCI DSS 4.0.1 requirement 3.4.1.)
 */
export function maskCutEnd(text: string): string {
  // A coded digit may be cut itself: `%`, `%3`.
  const rest = /%[23]?$/.exec(text)?.[0] ?? "";
  let at = text.length - rest.length;
  let digits = 0;
  let masked = rest;
  for (let wasSeparator = false; at > 0;) {
    const width = at > 2 && unitWidth(text, at - 3) === 3 ? 3 : 1;
    const kind = width === 3 ? kindOfUnit(text, at - 3, 3) : KINDS[text.charCodeAt(at - 1) & 0xff];
    if (kind !== DIGIT && (kind !== SEPARATOR || wasSeparator)) break;
    wasSeparator = kind === SEPARATOR;
    if (!wasSeparator) digits++;
    masked = (wasSeparator ? text.slice(at - width, at) : "x") + masked;
    at -= width;
  }
  return digits <= ISSUER_DIGITS ? text : text.slice(0, at) + masked;
}

/** Of a card number, as many at its beginning say no more than who issued it. */
const ISSUER_DIGITS = 6;

/**
 * Which of the two kinds of card numbers, `plain` and `coded`, may be in a text, in one quick look at each character: too
 * much is taken for a card rather than too little. Bits of `CardKind`.
 *
 * Plain: enough digits with nothing but separators and percent-encoding between (`%20` counts as two of them). Coded:
 * what `CODED_DIGITS` finds, by an automaton of which each bit is a place in one of its two words.
 */
export function cardKinds(text: string): number {
  let most = 0;
  let digits = 0;
  let places = 0;
  let seen = 0;
  const { length } = text;
  // Without branches but for the percent sign: in hexadecimal text none could be foreseen.
  for (let i = 0; i < length; i++) {
    // Other alphabets are taken for the letters their lower byte is: too much, not too little.
    const traits = TRAITS[text.charCodeAt(i) & 0xff];
    places = (places << 1 | FIRST_PLACES) & traits;
    seen |= places;
    digits = (digits & traits >> 31) + (traits >> 12 & 1);
    if (digits > most) most = digits;
    if ((traits & IS_PERCENT) === 0) continue;
    // The two behind it end no number, whatever they are.
    for (let end = i + 2; i < end && i + 1 < length;) {
      const coded = TRAITS[text.charCodeAt(++i) & 0xff];
      places = (places << 1 | FIRST_PLACES) & coded;
      seen |= places;
      digits += coded >> 12 & 1;
      if ((coded & IS_PERCENT) !== 0) end = i + 2;
    }
    if (digits > most) most = digits;
  }
  return (most >= MIN_CARD_DIGITS ? PLAIN : 0) | ((seen & LAST_PLACES) !== 0 ? CODED : 0) |
    ((seen & THIRD_HEX_PLACE) !== 0 ? THREE_HEX_DIGITS : 0);
}

const PLAIN = 1;
const CODED = 2;
/** Three digits in hexadecimal side by side; by itself no sign of a card. */
const THREE_HEX_DIGITS = 4;
/** Bits of what `cardKinds` answers. */
export const CardKind = { plain: PLAIN, coded: CODED, threeHexDigits: THREE_HEX_DIGITS } as const;

const OTHER = 0;
const DIGIT = 1;
const SEPARATOR = 2;
const PERCENT = 3;
const PLAIN_SEPARATORS = " -+.";
const KINDS = new Uint8Array(256);
KINDS.fill(DIGIT, 0x30, 0x3a);
for (const separator of PLAIN_SEPARATORS) KINDS[separator.charCodeAt(0)] = SEPARATOR;
KINDS["%".charCodeAt(0)] = PERCENT;

/**
 * By the lower byte of a character: bits 0 to 3 base64 of three digits, 4 to 11 four digits in hexadecimal; bit 12 a
 * digit, 13 the percent sign, 31 all that ends no number.
 */
const TRAITS = new Int32Array(256);
const IS_DIGIT = 1 << 12;
const IS_PERCENT = 1 << 13;
const ENDS_NOTHING = 1 << 31;
const FIRST_PLACES = 1 | 1 << 4;
const LAST_PLACES = 1 << 3 | 1 << 11;
const THIRD_HEX_PLACE = 1 << 9;
["MNO", "DTjz", "AEIMQUYcgk", "wxyz012345", ..."3_3_3_3_"].forEach((letters, place) => {
  for (const letter of letters === "_" ? "0123456789" : letters) TRAITS[letter.charCodeAt(0)] |= 1 << place;
});
for (let code = 0; code < 256; code++) {
  if (KINDS[code] !== OTHER) TRAITS[code] |= ENDS_NOTHING;
  if (KINDS[code] === DIGIT) TRAITS[code] |= IS_DIGIT;
  if (KINDS[code] === PERCENT) TRAITS[code] |= IS_PERCENT;
}

/** Words that are base64 (of either alphabet) or hexadecimal text with a card number in it are masked as a whole. */
function maskCodedCards(text: string): string {
  if (text.length < MIN_CODED_CHARS || !CODED_DIGITS.test(text)) return text;
  return text.replaceAll(CODED_WORD, (word) => {
    if (!CODED_DIGITS.test(word)) return word; // they lie within the one word, and decoding is many times this
    const decoded = /^[0-9a-f]+$/i.test(word) ? unhex(word) : unbase64(word);
    return maskPlainCards(decoded) === decoded ? word : MASK;
  });
}

/** 13 digits in base64. */
const MIN_CODED_CHARS = 18;
/** Three digits in base64, wherever they stand to its groups of four digits one triple is whole; or four in hexadecimal. */
const CODED_DIGITS = /[MNO][DTjz][AEIMQUYcgk][w-z0-5]|(3\d){4}/;
const CODED_WORD = /[A-Za-z0-9+/_-]{18,}/g;

function unhex(word: string): string {
  let text = "";
  for (let i = 0; i + 1 < word.length; i += 2) {
    text += String.fromCharCode(parseInt(word.slice(i, i + 2), 16));
  }
  return text;
}

/** The word may be a path with base64 at its end, so each of four beginnings is tried. */
function unbase64(word: string): string {
  const plain = word.replaceAll("-", "+").replaceAll("_", "/");
  let text = "";
  for (let from = 0; from < 4; from++) {
    // Without padding any length but 4n + 1 is base64.
    const end = (plain.length - from) % 4 === 1 ? plain.length - 1 : plain.length;
    text += " " + atob(plain.slice(from, end));
  }
  return text;
}

function maskPlainCards(text: string): string {
  return (cardKinds(text) & PLAIN) === 0 ? text : maskPlainRuns(text);
}

function maskPlainRuns(text: string): string {
  let out = "";
  let copied = 0;
  let digits = 0;
  let groupCount = 0;
  let afterSeparator = false;
  const { length } = text;
  if (length > places.length) {
    places = new Int32Array(length);
    groups = new Int32Array(length + 1);
  }
  for (let at = 0; at <= length;) {
    let width = 1;
    let kind = RUN_END;
    if (at < length) {
      const code = text.charCodeAt(at);
      if (code === PERCENT_SIGN) {
        width = unitWidth(text, at);
        kind = kindOfUnit(text, at, width);
      } else if (code < 256) kind = KINDS[code];
    }
    if (kind === DIGIT) {
      if (digits === 0) {
        groups[0] = 0;
        groupCount = 1;
      } else if (afterSeparator) groups[groupCount++] = digits;
      places[digits++] = at;
      afterSeparator = false;
    } else if (kind === SEPARATOR && digits > 0 && !afterSeparator) {
      afterSeparator = true;
    } else if (digits > 0) {
      if (digits >= MIN_CARD_DIGITS) {
        groups[groupCount] = digits;
        const cards = cardsIn(text, groupCount);
        if (cards.length > 0) {
          out += withoutCards(text, copied, cards);
          const last = places[cards[cards.length - 1][1] - SHOWN_DIGITS - 1];
          copied = last + unitWidth(text, last);
        }
      }
      digits = 0;
      afterSeparator = false;
    }
    at += width;
  }
  return copied === 0 ? text : out + text.slice(copied);
}

/** The text from `copied` to the last digit that is masked of the run at hand. */
function withoutCards(text: string, copied: number, cards: [number, number][]): string {
  let out = "";
  for (const [from, to] of cards) {
    for (let i = from; i < to - SHOWN_DIGITS; i++) {
      out += text.slice(copied, places[i]) + "x";
      copied = places[i] + unitWidth(text, places[i]);
    }
  }
  return out;
}

const PERCENT_SIGN = 0x25;
/** What is neither a digit nor a separator. */
const RUN_END = OTHER;

// Digits with single separators between some of them, one such run at a time: where each digit stands in the text,
// and the indices of the digits that begin a group, with the number of digits behind the last.
let places = new Int32Array(1024);
let groups = new Int32Array(1025);

/** Characters that stand for one: 3 for `%34`, else 1. */
function unitWidth(text: string, at: number): number {
  return text.charCodeAt(at) === PERCENT_SIGN && isHex(text.charCodeAt(at + 1)) &&
      isHex(text.charCodeAt(at + 2))
    ? 3
    : 1;
}

function isHex(code: number): boolean {
  return code >= 0x30 && code <= 0x39 || (code | 0x20) >= 0x61 && (code | 0x20) <= 0x66;
}

/** What a percent sign and the two characters behind it, or it alone, stand for. */
function kindOfUnit(text: string, at: number, width: number): number {
  if (width === 1) return RUN_END;
  const high = text.charCodeAt(at + 1);
  const low = text.charCodeAt(at + 2);
  if (high === 0x33) return low <= 0x39 ? DIGIT : RUN_END;
  if (high !== 0x32) return RUN_END;
  // Blank, plus, minus, full stop.
  return low === 0x30 || CODED_SEPARATORS.includes(text[at + 2]) ? SEPARATOR : RUN_END;
}

const CODED_SEPARATORS = "bdeBDE";

/** Digits `[from, to)` of the run at hand. */
function digitsOf(text: string, from: number, to: number): string {
  let digits = "";
  for (let i = from; i < to; i++) digits += text[placeOfDigit(text, places[i])];
  return digits;
}

/** Index of the character that says which digit it is. */
function placeOfDigit(text: string, place: number): number {
  return text.charCodeAt(place) === PERCENT_SIGN ? place + 2 : place;
}

/** Which digits of the run at hand are card numbers, as `[from, to)`. */
function cardsIn(text: string, groupCount: number): [number, number][] {
  const found: [number, number][] = [];
  if (isIban(text, groupCount)) return found;
  for (let first = 0; first < groupCount; first++) {
    // One group that is a number, or the longest row of groups that is laid out like one.
    for (let last = Math.min(groupCount, first + MAX_CARD_GROUPS); last > first; last--) {
      const from = groups[first];
      const to = groups[last];
      if (to - from < MIN_CARD_DIGITS || to - from > MAX_CARD_DIGITS) continue;
      if (!passesLuhn(text, from, to) || !isCardShape(digitsOf(text, from, to))) continue;
      const several = last > first + 1;
      if (several ? !isCardLayout(groupCount, first, last) : isInHash(from, to, text)) continue;
      found.push([from, to]);
      first = last - 1;
      break;
    }
  }
  return found;
}

const MAX_CARD_GROUPS = 5;

/**
 * Whether groups are laid out like a card: fours with a last one that may differ, or 4-6-5 and 4-6-4 (American
 * Express, Diners). Fours among more fours are something longer, such as an IBAN.
 */
function isCardLayout(groupCount: number, first: number, last: number): boolean {
  const size = (group: number) => group < 0 || group >= groupCount ? 0 : groups[group + 1] - groups[group];
  if (size(first - 1) === 4 || size(last) === 4) return false;
  let sizes = "";
  for (let group = first; group < last; group++) sizes += `${size(group)} `;
  return /^4 (4 4 4 |4 4 4 [1-3] |4 4 [1-7] |6 [45] )$/.test(sizes);
}

/** An account number in groups, ISO 13616: two letters and two digits come first. */
function isIban(text: string, groupCount: number): boolean {
  return groupCount > 1 && groups[1] === 2 &&
    /(^|[^A-Z])[A-Z]{2}$/.test(text.slice(Math.max(0, places[0] - 3), places[0]));
}

/** Whether a run without separators is part of a hexadecimal word such as a hash. */
function isInHash(from: number, to: number, text: string): boolean {
  let left = places[from];
  let right = places[to - 1] + unitWidth(text, places[to - 1]);
  const start = left;
  const stop = right;
  while (left > 0 && start - left < MAX_WORD && /[0-9a-z]/i.test(text[left - 1])) left--;
  while (right < text.length && right - stop < MAX_WORD && /[0-9a-z]/i.test(text[right])) right++;
  const letters = text.slice(left, start) + text.slice(stop, right);
  return /[a-f]/i.test(letters) && !/[g-z]/i.test(letters);
}

const MAX_WORD = 64;

/** First digits and lengths of payment cards, ISO/IEC 7812-1 issuer ranges as the schemes publish them. */
const CARD_SHAPES = [
  /^4(\d{12}|\d{15}|\d{18})$/, // Visa
  /^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)\d+$/, // Mastercard, by length below
  /^3[47]\d{13}$/, // American Express
  /^3(0[0-59]|[689])\d{11,17}$/, // Diners Club
  /^35(2[89]|[3-8])\d{13,16}$/, // JCB
  /^(6011|64[4-9]|65|60|508|8[12])\d{12,17}$/, // Discover, RuPay, UnionPay
  /^62\d{14,17}$/, // UnionPay
  /^(50|5[6-9]|6[0-9])\d{11,17}$/, // Maestro
  /^(220[0-5]|9792)\d{12,15}$/, // Mir, Troy
];

function isCardShape(digits: string): boolean {
  const shape = CARD_SHAPES.findIndex((pattern) => pattern.test(digits));
  return shape >= 0 && (shape !== 1 || digits.length === 16);
}

/** The check of ISO/IEC 7812-1 annex B over digits `[from, to)` of the run at hand. */
function passesLuhn(text: string, from: number, to: number): boolean {
  let sum = 0;
  for (let i = to - 1, even = false; i >= from; i--, even = !even) {
    const digit = text.charCodeAt(placeOfDigit(text, places[i])) - 0x30;
    sum += even ? digit * 2 - (digit > 4 ? 9 : 0) : digit;
  }
  return sum % 10 === 0;
}
