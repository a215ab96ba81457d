/**
 * What the words around a number say about it: `cardNumber":"` makes it a card, `order_id=` makes it something else.
 *
 * A number that passes issuer range and Luhn by chance is one in fifty, so on a page of a thousand order numbers
 * twenty would. Words decide between them as a reader would: what stands right before the number counts most.
 */
import { IS_DIGIT, IS_LETTER } from "./byte_classes.ts";

/** Bytes before a number in which words are looked for. */
export const CONTEXT_BEFORE = 64;
/** Bytes after a number, looked at only where those before it were not enough. */
export const CONTEXT_AFTER = 40;

const CARD = 0.3;
const PAYMENT = 0.2;
const HINT = 0.1;
const OTHER_NUMBER = -0.35;
const SOME_KEY = -0.2;

const WORDS: Map<string, number> = new Map();
const enter = (weight: number, words: string) => {
  for (const word of words.trim().split(/\s+/)) WORDS.set(word, weight);
};
enter(
  CARD,
  `card cards pan pans cc ccn ccnum ccnumber ccno cardno cardnum cardnumber creditcard debitcard credit debit visa
  mastercard amex discover diners jcb unionpay maestro rupay troy verve elo hipercard dankort cvv cvc cvv2 cvc2
  track1 track2 trk1 trk2 magstripe primaryaccountnumber fpan dpan mpan karte kreditkarte kartennummer tarjeta
  carte cartao carta kaart kort karta kredit cardholder`,
);
enter(
  PAYMENT,
  `pay payment payments payer paid charge charged checkout billing acquirer merchant expiry expiration
  expires exp expdate expmonth expyear validthru authorize authorization refund purchase terminal pos`,
);
enter(HINT, `funding wallet valid thru debitor holder mir`);
enter(
  OTHER_NUMBER,
  `imei imeisv imsi iccid msisdn meid esn iban bban bic swift isbn issn ean gtin upc sscc barcode asin phone tel
  telephone mobile fax cell tracking trackingnumber usps fedex ups dhl parcel shipment waybill order orders orderid
  orderno invoice inv sku serial sn serialno timestamp ts time nanos micros usec msec epoch uuid guid urn sha sha1
  sha256 md5 crc hash digest etag checksum hex bignum modulus random pi lat lon lng latitude longitude px width
  height matrix translate rgba transform snowflake tweet fbclid gclid utm sessionid requestid traceid spanid
  vat tax ssn siren siret nonce seq offset checkout_token build version commit revision`,
);
enter(
  SOME_KEY,
  `id ids ref reference key token session request trace span txid transactionid no nr ticket case
  batch job msg message item product article user userid device deviceid uid pid rid oid docid postid data-id row`,
);

/** What `number`, `no` or `id` right behind it makes the number of something else: `customer_number`, `ticket id`. */
const NUMBERED = new Set(
  (`article booking case claim client confirmation consignment contract customer delivery document employee file ` +
    `item job lot member membership meter model part patient po policy quote receipt reference reservation sales ` +
    `student subscriber supplier support ticket transaction user vehicle vendor voucher`).split(" "),
);
const NUMBER_WORDS = new Set("number numbers num nbr no nr id ids code ref reference".split(" "));
/** What right behind a word of payment tells of something else about it: `payment_id`, `charged at`, `expires_on`. */
const ASPECTS = new Set("id ids ref reference key token at on ts time date url session intent".split(" "));

/** Words that hold "card" and mean no payment card. */
const NO_CARDS =
  /^(?:discard|wildcard|postcard|scorecard|vcard|jcard|simcard|flashcard|soundcard|cardi|cardboard)/;

/** What a word is worth, -1..1; 0 for unknown ones. `word` in lower case. */
export function wordWeight(word: string): number {
  const known = WORDS.get(word);
  if (known !== undefined) return known;
  if (word.length > 4 && word.includes("card") && !NO_CARDS.test(word)) return CARD;
  if (word.length > 5 && word.endsWith("id")) return SOME_KEY;
  return 0;
}

/** Whether letters that touch a number without a gap (`PAN4111...`) may do so. */
export function mayTouch(word: string): boolean {
  return (WORDS.get(word) ?? 0) >= CARD;
}

/** Weights found; reused, one evaluation at a time. */
export class ContextScore {
  /** The best word for a card, 0 or more. */
  positive = 0;
  /** The worst word against, 0 or less. */
  negative = 0;

  reset(): void {
    this.positive = 0;
    this.negative = 0;
  }

  add(weight: number): void {
    if (weight > this.positive) this.positive = weight;
    if (weight < this.negative) this.negative = weight;
  }

  get sum(): number {
    return this.positive + this.negative;
  }
}

/**
 * Adds the words of `bytes[from, to)`, weighed by their distance to the number, which lies after them
 * (`numberAt` = `to`) or before (`numberAt` = `from`).
 *
 * Only letters become text: digits before a number may be those of another card.
 */
export function weighWords(
  bytes: Uint8Array,
  from: number,
  to: number,
  numberAt: number,
  score: ContextScore,
): void {
  let wordEnd = -1;
  let hasLetter = false;
  let labelWeight = 0;
  /** The word behind the one at hand, and where it begins. */
  let next = "";
  let nextStart = Infinity;
  // From the end backwards: what stands next to the number is met first.
  for (let i = to - 1; i >= from - 1; i--) {
    const isLetter = i >= from && IS_LETTER[bytes[i]] === 1;
    const inWord = isLetter || (i >= from && IS_DIGIT[bytes[i]] === 1);
    if (inWord) {
      if (wordEnd < 0) {
        wordEnd = i + 1;
        hasLetter = false;
      }
      hasLetter ||= isLetter;
      // camelCase: a capital after which a small letter stands begins a word.
      if (!(isCapital(bytes[i]) && i + 1 < wordEnd && !isCapital(bytes[i + 1]))) continue;
    } else if (wordEnd < 0) continue;
    if (!hasLetter) { // Digits alone say nothing.
      wordEnd = -1;
      continue;
    }
    const start = inWord ? i : i + 1;
    const distance = numberAt === to ? to - wordEnd : start - from;
    const word = lowerLetters(bytes, start, wordEnd);
    let worth = wordWeight(word);
    if (nextStart - wordEnd <= 1) worth = compoundWeight(word, worth, next);
    if (worth > 0 && isMarkup(bytes, from, to, start, wordEnd)) worth = 0;
    next = word;
    nextStart = start;
    const weight = worth * nearness(distance);
    // A field called after a card says more than whatever stands before it: `order=7&card=4111...`.
    if (distance <= LABEL_BYTES && weight > labelWeight) labelWeight = weight;
    score.add(weight < 0 && labelWeight > 0 && distance > LABEL_BYTES ? weight / 2 : weight);
    wordEnd = -1;
  }
}

/** What a word is worth of which `next` is the second half: `orderId`, `customer_number`. */
function compoundWeight(word: string, worth: number, next: string): number {
  if (NUMBERED.has(word) && NUMBER_WORDS.has(next)) return OTHER_NUMBER;
  return worth > 0 && worth <= PAYMENT && ASPECTS.has(next) ? 0 : worth;
}

/** Whether a word says how a page looks and not what is on it: `class="card"`, `card-body`, `twitter:card`. */
function isMarkup(bytes: Uint8Array, from: number, to: number, start: number, end: number): boolean {
  if (end + 1 < to && (bytes[end] === 0x2d || bytes[end] === 0x5f)) {
    let part = end + 1;
    if (bytes[part] === 0x5f) return true; // card__title
    while (part < to && part - end < 12 && IS_LETTER[bytes[part]] === 1) part++;
    if (PARTS_OF_A_BOX.has(lowerLetters(bytes, end + 1, part))) return true;
  }
  if (start - 1 >= from && bytes[start - 1] === 0x3a) { // twitter:card
    return start - 8 >= from && lowerLetters(bytes, start - 8, start - 1) === "twitter";
  }
  // Back to the quotation mark of its attribute.
  for (let i = start - 1; i > from + 5; i--) {
    const byte = bytes[i];
    if (byte === 0x3e || byte === 0x3c || byte === 0x3d || byte === 0x0a) return false;
    if (byte !== 0x22 && byte !== 0x27) continue;
    return bytes[i - 1] === 0x3d && lowerLetters(bytes, i - 6, i - 1) === "class";
  }
  return false;
}

const PARTS_OF_A_BOX = new Set(
  "body title header footer img image text deck group columns link subtitle block content wrapper container list grid"
    .split(" "),
);

/** Between a field's name and its value: `": "`, `</b><td>`, `=`. */
const LABEL_BYTES = 10;
const MAX_WORD = 24;

function nearness(distance: number): number {
  return distance <= LABEL_BYTES ? 1 : distance <= 28 ? 0.75 : 0.5;
}

/** A word without card number: runs of digits longer than any known word has are left out. */
function lowerLetters(bytes: Uint8Array, from: number, to: number): string {
  if (to - from > MAX_WORD) return "";
  let word = "";
  let digits = 0;
  for (let i = from; i < to; i++) {
    if (IS_DIGIT[bytes[i]] === 1 && ++digits > 4) return "";
    word += String.fromCharCode(isCapital(bytes[i]) ? bytes[i] | 32 : bytes[i]);
  }
  return word;
}

function isCapital(byte: number): boolean {
  return byte >= 65 && byte <= 90;
}

/** The words of a text that a parser says of a lane: a field's name, a content type, columns of a table. */
export function weighText(text: string, score: ContextScore): void {
  for (
    const word of text.slice(0, 256).replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z0-9]+/)
  ) {
    score.add(LANE_WORDS.get(word) ?? wordWeight(word) * 0.75);
  }
}

/** Kinds of content in which long numbers are seldom cards. */
const LANE_WORDS = new Map([
  ["css", -0.25],
  ["javascript", -0.2],
  ["ecmascript", -0.2],
  ["svg", -0.3],
  ["image", -0.3],
  ["font", -0.3],
  ["video", -0.3],
  ["audio", -0.3],
]);
