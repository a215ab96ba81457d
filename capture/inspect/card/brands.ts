/**
 * Which brand a card number belongs to, by issuer range and length; how that brand prints its groups.
 *
 * Ranges as of 2024-06, written down from what is publicly known (ISO/IEC 7812-1: first digit = industry, at most 19
 * digits; the issuer identification numbers that encyclopaedias list; Mastercard's 2-series, 222100-272099, of 2016),
 * and in 2026-11 compared with braintree/credit-card-type, src/lib/card-types.ts, for the brands that it has: ours
 * name the same brand for all of its 16-digit ranges but 3538 (JCB there, RuPay's and JCB's here). Lengths of 12 digits
 * (Maestro) are left out: PCI DSS speaks of 13 to 19, and 12 digits are phone numbers far more often.
 */
export const MIN_PAN_DIGITS = 13;
export const MAX_PAN_DIGITS = 19;

/** A range of first digits that one brand issues. */
export interface IssuerRange {
  readonly brand: string;
  /** First six digits, inclusive at both ends. */
  readonly from: number;
  readonly to: number;
  /** Bit n set: n digits are issued. */
  readonly lengths: number;
  /**
   * What a number of this range without any hint around it is worth, 0..1: how many of the numbers met that look so
   * are cards. Low where ids, article numbers or time stamps of that shape are common, or where hardly a card is left.
   */
  readonly weight: number;
}

/** Bare number of a brand in wide use: more likely a card than not. */
export const COMMON = 0.6;
/** Needs a hint: rare brand, wide range, or a length that database keys and article numbers have. */
const RARE = 0.4;
/**
 * Needs a plain word: numbers that begin so are, outside of the brand's home, nearly always something else (15 digits
 * from 1: IMEI, time stamps; 81, 82, 9792: account and order numbers).
 */
const SCARCE = 0.2;

const only = (...lengths: number[]) => lengths.reduce((bits, length) => bits | 1 << length, 0);
const L16 = only(16);
const L16_19 = only(16, 17, 18, 19);
const LONG = only(17, 18, 19);

/** First match wins: narrow ranges stand before the wide ones that hold them. */
const TABLE: readonly [brand: string, from: number, to: number, lengths: number, weight: number][] = [
  ["uatp", 100000, 199999, only(15), SCARCE],
  ["jcb", 180000, 180099, only(15), SCARCE],
  ["mir", 220000, 220499, L16, COMMON],
  ["mir", 220000, 220499, LONG, RARE],
  ["mastercard", 222100, 272099, L16, COMMON],
  ["jcb", 213100, 213199, only(15), SCARCE],
  ["diners", 300000, 305999, only(14), COMMON],
  ["diners", 309500, 309599, only(14), COMMON],
  ["diners", 300000, 305999, L16_19, RARE],
  ["amex", 340000, 349999, only(15), COMMON],
  ["rupay", 353800, 353899, L16, COMMON],
  ["jcb", 352800, 358999, L16, COMMON],
  ["jcb", 352800, 358999, LONG, RARE],
  ["diners", 360000, 369999, only(14), COMMON],
  ["diners", 360000, 369999, only(15, 16, 17, 18, 19), RARE],
  ["amex", 370000, 379999, only(15), COMMON],
  ["hipercard", 384100, 384100, L16, COMMON],
  ["hipercard", 384140, 384140, L16, COMMON],
  ["hipercard", 384160, 384160, L16, COMMON],
  ["diners", 380000, 399999, only(14), COMMON],
  ["diners", 380000, 399999, L16_19, RARE],
  ["elo", 401178, 401179, L16, COMMON],
  ["elo", 431274, 431274, L16, COMMON],
  ["elo", 438935, 438935, L16, COMMON],
  ["elo", 451416, 451416, L16, COMMON],
  ["elo", 457393, 457393, L16, COMMON],
  ["elo", 457631, 457632, L16, COMMON],
  ["visa", 400000, 499999, L16, COMMON],
  ["visa", 400000, 499999, only(13), RARE], // Withdrawn; German EAN-13 codes start with 4 as well.
  ["visa", 400000, 499999, only(18, 19), RARE], // 64-bit ids have 19 digits.
  ["dankort", 501900, 501999, L16, COMMON],
  ["elo", 504175, 504175, L16, COMMON],
  ["verve", 506099, 506198, only(16, 18, 19), COMMON],
  ["elo", 506699, 506778, L16, COMMON],
  ["verve", 507865, 507964, only(16, 18, 19), COMMON],
  ["rupay", 508500, 508999, L16, COMMON],
  ["elo", 509000, 509999, L16, COMMON],
  ["maestro", 501800, 501899, only(13, 14, 15, 16, 17, 18, 19), COMMON],
  ["maestro", 502000, 502099, only(13, 14, 15, 16, 17, 18, 19), COMMON],
  ["maestro", 503800, 503899, only(13, 14, 15, 16, 17, 18, 19), COMMON],
  ["maestro", 500000, 509999, only(13, 14, 15, 16, 17, 18, 19), RARE],
  ["mastercard", 510000, 559999, L16, COMMON],
  ["maestro", 561200, 561299, L16, COMMON],
  ["maestro", 589300, 589399, only(13, 14, 15, 16, 17, 18, 19), COMMON],
  ["maestro", 560000, 589999, only(13, 14, 15, 16, 17, 18, 19), RARE],
  ["discover", 601100, 601199, L16, COMMON],
  ["discover", 601100, 601199, LONG, RARE],
  ["hipercard", 606282, 606282, L16, COMMON],
  ["rupay", 600000, 608999, L16, RARE],
  ["discover", 622126, 622925, L16, COMMON], // UnionPay's, accepted by Discover; named UnionPay below.
  ["elo", 627780, 627780, L16, COMMON],
  ["unionpay", 620000, 629999, L16, COMMON],
  ["unionpay", 620000, 629999, LONG, RARE + 0.05],
  ["maestro", 630400, 630499, only(13, 14, 15, 16, 17, 18, 19), COMMON],
  ["elo", 636297, 636297, L16, COMMON],
  ["elo", 636368, 636369, L16, COMMON],
  ["hipercard", 637095, 637095, L16, COMMON],
  ["hipercard", 637568, 637568, L16, COMMON],
  ["hipercard", 637599, 637599, L16, COMMON],
  ["hipercard", 637609, 637609, L16, COMMON],
  ["hipercard", 637612, 637612, L16, COMMON],
  ["interpayment", 636000, 636999, L16_19, RARE],
  ["maestro", 639000, 639099, only(13, 14, 15, 16, 17, 18, 19), COMMON],
  ["elo", 650031, 650033, L16, COMMON],
  ["verve", 650002, 650027, only(16, 18, 19), COMMON],
  ["elo", 650035, 650051, L16, COMMON],
  ["elo", 650405, 650439, L16, COMMON],
  ["elo", 650485, 650538, L16, COMMON],
  ["elo", 650541, 650598, L16, COMMON],
  ["elo", 650700, 650718, L16, COMMON],
  ["elo", 650720, 650727, L16, COMMON],
  ["elo", 650901, 650978, L16, COMMON],
  ["elo", 651652, 651679, L16, COMMON],
  ["elo", 655000, 655019, L16, COMMON],
  ["elo", 655021, 655058, L16, COMMON],
  ["rupay", 652100, 652299, L16, COMMON],
  ["troy", 654000, 654999, L16, RARE],
  ["discover", 644000, 659999, L16, COMMON],
  ["discover", 644000, 659999, LONG, RARE],
  ["maestro", 670000, 679999, only(16, 18, 19), COMMON],
  ["maestro", 600000, 699999, only(13, 14, 15, 16, 17, 18, 19), RARE],
  ["unionpay", 810000, 817199, L16_19, SCARCE],
  ["rupay", 817200, 829999, L16, SCARCE],
  ["troy", 979200, 979289, L16, SCARCE],
];

const RANGES: readonly IssuerRange[] = TABLE.map(([brand, from, to, lengths, weight]) => ({
  // 622126-622925 is issued by UnionPay and only routed by Discover: the issuer's name is the useful one.
  brand: brand === "discover" && from === 622126 ? "unionpay" : brand,
  from,
  to,
  lengths,
  weight,
}));

/** Ranges by the first two digits, so that a number meets a handful of rows and not all. */
const BY_FIRST_TWO: readonly (readonly IssuerRange[])[] = Array.from({ length: 100 }, (_, two) => {
  return RANGES.filter(({ from, to }) => Math.floor(from / 10_000) <= two && two <= Math.floor(to / 10_000));
});

/** The same by the first three, of which nearly all have one to four rows. */
const BY_FIRST_THREE: readonly (readonly IssuerRange[])[] = Array.from({ length: 1000 }, (_, three) => {
  return BY_FIRST_TWO[Math.floor(three / 10)].filter(({ from, to }) =>
    Math.floor(from / 1000) <= three && three <= Math.floor(to / 1000)
  );
});

/** 1 where some brand issues `length` digits that begin with these two: `[first two * 20 + length]`. */
const POSSIBLE = new Uint8Array(100 * 20);
BY_FIRST_TWO.forEach((ranges, two) => {
  for (const { lengths } of ranges) {
    for (let n = MIN_PAN_DIGITS; n <= MAX_PAN_DIGITS; n++) {
      if ((lengths & 1 << n) !== 0) POSSIBLE[two * 20 + n] = 1;
    }
  }
});

/** Whether any brand issues numbers of `length` digits whose first two are these ASCII digits. */
export function mayBeIssued(first: number, second: number, length: number): boolean {
  return POSSIBLE[((first - 48) * 10 + second - 48) * 20 + length] === 1;
}

/**
 * The issuer range of a number, or null where no brand issues it in that length.
 *
 * @param digits Values 0..9, not characters.
 */
export function issuerRange(digits: Uint8Array, length: number): IssuerRange | null {
  if (length < MIN_PAN_DIGITS || length > MAX_PAN_DIGITS) return null;
  const ranges = BY_FIRST_THREE[digits[0] * 100 + digits[1] * 10 + digits[2]];
  if (ranges.length === 0) return null;
  let first6 = 0;
  for (let i = 0; i < 6; i++) first6 = first6 * 10 + digits[i];
  const bit = 1 << length;
  for (const range of ranges) {
    if (first6 >= range.from && first6 <= range.to && (range.lengths & bit) !== 0) return range;
  }
  return null;
}

/**
 * Groups as they are embossed and printed, by number of digits: 4-4-4-4, Amex 4-6-5, Diners 4-6-4, UATP 4-5-6, long
 * UnionPay numbers 6-13, old Visa 4-3-3-3; 17 to 19 digits in fours with a rest.
 */
const OWN_LAYOUTS: readonly (readonly number[])[] = [
  [4, 3, 3, 3],
  [4, 6, 4],
  [4, 6, 5],
  [4, 5, 6],
  [4, 4, 4, 4],
  [4, 4, 4, 4, 1],
  [4, 4, 4, 4, 2],
  [4, 4, 4, 4, 3],
  [6, 13],
];
/** Groups as some type them, against the card's own. */
const TYPED_LAYOUTS: readonly (readonly number[])[] = [[4, 4, 4, 2], [4, 4, 4, 3]];

export const Layout = { none: 0, own: 1, typed: 2 } as const;

/** Layouts by their groups as hexadecimal digits: 4-6-5 is 0x465. */
const LAYOUTS: ReadonlyMap<number, number> = new Map([
  ...TYPED_LAYOUTS.map((layout) => [layoutKey(layout, 0, layout.length), Layout.typed] as const),
  ...OWN_LAYOUTS.map((layout) => [layoutKey(layout, 0, layout.length), Layout.own] as const),
]);

/** Whether groups of digits `lengths[at, at + count)` are laid out as a card number is: one of `Layout`. */
export function cardLayout(lengths: ArrayLike<number>, at: number, count: number): number {
  return count < 2 || count > 5 ? Layout.none : LAYOUTS.get(layoutKey(lengths, at, count)) ?? Layout.none;
}

function layoutKey(lengths: ArrayLike<number>, at: number, count: number): number {
  let key = 0;
  for (let i = at; i < at + count; i++) key = key << 4 | Math.min(lengths[i], 15);
  return key;
}
