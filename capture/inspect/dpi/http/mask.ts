/**
 * What must not be in an event is masked here: card numbers, and the values of secrets in URLs.
 *
 * Everything else of a URL stays as it was sent, so that it can be searched for and compared.
 */
import { isPasswordName, plainName } from "./secret_names.ts";

/** What stands for a secret. */
const MASK = "***";

/** A value this short is a name of the program that asks, and not an issued key: those have 20 characters and more. */
const MIN_API_KEY_CHARS = 16;

const TOKEN_NAMES = new Set([
  "token",
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
  if (query < 0 || !url.includes("=", query)) return url;
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

/**
 * Text whose card numbers show their last four digits only: runs of 13 to 19 digits, plain or percent-encoded, or groups
 * of them with one separator between, that begin like a payment card and pass the Luhn check.
 */
export function maskCards(text: string): string {
  if (!mayHoldCard(text)) return text;
  const digits: number[] = []; // of the run, where each stands in `text`
  let values = "";
  let out = "";
  let copied = 0;
  const close = () => {
    for (const [from, to] of cardsIn(digits, values, text)) {
      for (let i = from; i < to - 4; i++) {
        out += text.slice(copied, digits[i]) + "x";
        copied = digits[i] + digitWidth(text, digits[i]);
      }
    }
    digits.length = 0;
    values = "";
  };
  let separators = 0;
  for (let at = 0; at < text.length;) {
    const width = digitWidth(text, at);
    if (width > 0) {
      digits.push(at);
      values += text[at + width - 1];
      separators = 0;
      at += width;
      continue;
    }
    const gap = separatorWidth(text, at);
    if (gap === 0 || ++separators > 1) {
      close();
      separators = 0;
    }
    at += gap || 1;
  }
  close();
  return out + text.slice(copied);
}

/** Whether there are digits enough at all: nearly all text has not. */
function mayHoldCard(text: string): boolean {
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x30 && code <= 0x39 && ++digits >= MIN_CARD_DIGITS) return true;
  }
  return false;
}

/** Characters of the digit at `at`: 1, 3 where it is percent-encoded (`%34`), 0 where there is none. */
function digitWidth(text: string, at: number): number {
  if (isDigit(text.charCodeAt(at))) return 1;
  return text[at] === "%" && text[at + 1] === "3" && isDigit(text.charCodeAt(at + 2)) ? 3 : 0;
}

function separatorWidth(text: string, at: number): number {
  if (" -+._".includes(text[at])) return 1;
  return /^%(20|2d|2b|2e)/i.test(text.slice(at, at + 3)) ? 3 : 0;
}

/** Which digits of a run are card numbers: stretches without a separator first, then groups together. */
function cardsIn(digits: number[], values: string, text: string): [number, number][] {
  if (digits.length < MIN_CARD_DIGITS) return [];
  const groups = [0];
  for (let i = 1; i < digits.length; i++) {
    if (digits[i] !== digits[i - 1] + digitWidth(text, digits[i - 1])) groups.push(i);
  }
  groups.push(digits.length);
  const found: [number, number][] = [];
  for (let first = 0; first + 1 < groups.length; first++) {
    // The longest stretch of whole groups that begins here and is a card number.
    let last = first + 1;
    while (last + 1 < groups.length && groups[last + 1] - groups[first] <= MAX_CARD_DIGITS) last++;
    for (; last > first; last--) {
      if (!isCard(values.slice(groups[first], groups[last]))) continue;
      found.push([groups[first], groups[last]]);
      first = last - 1;
      break;
    }
  }
  return found;
}

/** First digits of payment cards: Mir and Mastercard 22–27, then 3 to 6, RuPay and Troy 81, 82, 9792. */
const CARD_START = /^(2[2-7]|[3456]|81|82|9792)/;

function isCard(digits: string): boolean {
  if (digits.length < MIN_CARD_DIGITS || digits.length > MAX_CARD_DIGITS || !CARD_START.test(digits)) {
    return false;
  }
  let sum = 0;
  for (let i = digits.length - 1, even = false; i >= 0; i--, even = !even) {
    const digit = digits.charCodeAt(i) - 0x30;
    sum += even ? digit * 2 - (digit > 4 ? 9 : 0) : digit;
  }
  return sum % 10 === 0;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
