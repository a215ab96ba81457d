/**
 * What was found, in words: a kind, a grade, how sure it is and why.
 *
 * Pure functions. What comes from the server is not taken on trust where a secret could be in it: of a card number
 * no more than first six and last four digits are ever shown, whatever it was sent as.
 */
import type { Anomaly } from "../model/api.ts";
import type { IconName } from "./Icon.tsx";

/** A grade: its word, and the colour that stands beside it. */
export interface Grade {
  word: string;
  tone: "error" | "warning" | "info";
}

/** Severities as EVE counts them: 1 is the gravest; from 3 on it is a note. */
export function gradeOf(severity: number): Grade {
  if (severity <= 1) return { word: "High", tone: "error" };
  if (severity === 2) return { word: "Medium", tone: "warning" };
  return { word: "Note", tone: "info" };
}

/** Whether it is good to know, or too unsure, rather than an alert. */
export function isNote({ severity }: { severity: number }): boolean {
  return severity >= 3;
}

/** A kind: one, several, and its sign. */
interface Kind {
  one: string;
  many: string;
  icon: IconName;
}

const KINDS: Record<string, Kind> = {
  cardholder_data: { one: "Card number in clear text", many: "card numbers", icon: "card" },
  cleartext_credentials: { one: "Login in clear text", many: "logins", icon: "key" },
};

/** Signs of other kinds, by a word in their name; the first that fits. */
const SIGNS: [RegExp, IconName][] = [
  [/scan|sweep/, "radar"],
  [/flood|saturat|cpu|loss|latency|capture/, "gauge"],
  [/beacon|periodic|long_connection/, "pulse"],
  [/dns|dga|name/, "globe"],
  [/exfil|upload/, "out"],
  [/brute|login|password/, "key"],
  [/tls|certificate|blocklist/, "shield"],
  [/arp|dhcp|gateway|listen|service|protocol|flags/, "wire"],
  [/country|first_use|program/, "globe"],
];

const ACRONYMS: [RegExp, string][] = ["dns", "dhcp", "arp", "tls", "cpu", "syn", "dga", "icmp", "udp", "tcp"]
  .map((word) => [new RegExp(`\\b${word}\\b`), word.toUpperCase()]);

/** What a kind is called; one that is not known here goes by its own name. */
export function kindOf(kind: string): Kind {
  if (Object.hasOwn(KINDS, kind)) return KINDS[kind];
  const words = kind.replaceAll("_", " ");
  const icon = SIGNS.find(([word]) => word.test(kind))?.[1] ?? "warning";
  const one = ACRONYMS.reduce((text, [word, written]) => text.replace(word, written), words);
  return { one: one.slice(0, 1).toUpperCase() + one.slice(1), many: one, icon };
}

/** The head of a finding. Kinds without words here bring their own in `signature`. */
export function titleOf({ kind, signature }: Pick<Anomaly, "kind" | "signature">): string {
  return Object.hasOwn(KINDS, kind) || signature === "" ? kindOf(kind).one : signature;
}

/** Who did what to whom; of what the inspector found a sentence is made here. */
export function messageOf(alert: Anomaly): string {
  const { kind, message, details, src_ip, dest_ip, server_name, count } = alert;
  if (message !== "" || !Object.hasOwn(KINDS, kind)) return message;
  const fromServer = details.direction === "toclient";
  const source = fromServer && server_name !== "" ? server_name : src_ip;
  const target = !fromServer && server_name !== "" ? server_name : dest_ip;
  const often = count > 1 ? `, ${count} times` : "";
  const way = `from ${source} to ${target}${often}, readable to anyone between`;
  if (kind === "cleartext_credentials") {
    const protocol = textDetail(details, "protocol").toUpperCase();
    const named = protocol === "" ? "" : ` (${protocol})`;
    // Of a note it was the password's digest: it gives nobody away by itself.
    return isNote(alert)
      ? `A login by digest${named} went ${way}, who can guess the password from it`
      : `A login${named} went ${way}`;
  }
  const brand = brandOf(textDetail(details, "brand"));
  return `A card number${brand === "" ? "" : ` (${brand})`} went ${way}`;
}

const BRANDS: Record<string, string> = {
  amex: "American Express",
  dankort: "Dankort",
  diners: "Diners Club",
  discover: "Discover",
  elo: "Elo",
  hipercard: "Hipercard",
  interpayment: "InterPayment",
  jcb: "JCB",
  maestro: "Maestro",
  mastercard: "Mastercard",
  mir: "Mir",
  rupay: "RuPay",
  troy: "Troy",
  uatp: "UATP",
  unionpay: "UnionPay",
  verve: "Verve",
  visa: "Visa",
};

/** A brand as its cards write it. */
export function brandOf(brand: string): string {
  return Object.hasOwn(BRANDS, brand) ? BRANDS[brand] : brand;
}

/** What stands for a digit that is not shown. */
const HIDDEN = "•";
/** Digits of a card number that may be shown, PCI DSS 4.0.1 §3.4.1. */
const SHOWN_FIRST = 6;
const SHOWN_LAST = 4;
/** How numbers of some lengths are set on cards; the others in groups of four. */
const GROUPS: Record<number, number[]> = { 14: [4, 6, 4], 15: [4, 6, 5] };

/** The last digits of a masked number, at most `SHOWN_LAST`; "" where there are none to show. */
export function lastDigits(masked: string): string {
  return /\d*$/.exec(masked)![0].slice(-SHOWN_LAST);
}

/**
 * A card number for the screen: `•••• 1111`, or with its issuer's digits `4111 11•• •••• 1111`.
 *
 * @param masked First six and last four digits with signs between, one for each digit of the number.
 */
export function cardText(masked: string, withFirst: boolean): string {
  const last = lastDigits(masked);
  if (!withFirst || masked.length < SHOWN_FIRST + SHOWN_LAST) return `${HIDDEN.repeat(4)} ${last}`.trim();
  const first = /^\d*/.exec(masked)![0].slice(0, SHOWN_FIRST);
  const digits = first + HIDDEN.repeat(masked.length - first.length - last.length) + last;
  const groups = GROUPS[digits.length] ?? Array.from({ length: Math.ceil(digits.length / 4) }, () => 4);
  let at = 0;
  return groups.map((size) => digits.slice(at, at += size)).join(" ");
}

const ENCODINGS: Record<string, string> = {
  plain: "plain text",
  base64: "Base64",
  quoted_printable: "quoted-printable",
  escaped: "percent or backslash escapes",
  utf16: "UTF-16",
  hex: "hexadecimal",
  ebcdic: "EBCDIC",
  hpack: "HPACK",
  iso8583: "ISO 8583 message",
  br: "Brotli",
};

/** How it was wrapped, from the outside in: `gzip+base64` is `gzip, in it Base64`. */
export function encodingOf(encoding: string): string {
  return encoding.split("+").map((part) => Object.hasOwn(ENCODINGS, part) ? ENCODINGS[part] : part)
    .join(", in it ");
}

/** A reason, and whether it speaks for (1), against (-1) or neither way (0). */
export interface Reason {
  text: string;
  weight: 1 | 0 | -1;
}

const REASONS: Record<string, Reason> = {
  issuer_range: { text: "first digits are an issuer’s", weight: 1 },
  luhn: { text: "check digit is right", weight: 1 },
  card_grouping: { text: "set in groups as on a card", weight: 1 },
  context_card: { text: "words about cards beside it", weight: 1 },
  iso8583_field: { text: "stands in a payment message", weight: 1 },
  track1: { text: "magnetic stripe, track 1", weight: 1 },
  track2: { text: "magnetic stripe, track 2", weight: 1 },
  published_test_number: { text: "a published test number", weight: 0 },
  context_other: { text: "words beside it speak of something else", weight: -1 },
  unusual_neighbours: { text: "unusual signs around it", weight: -1 },
  few_distinct_digits: { text: "few different digits", weight: -1 },
  many_like_it_fail_luhn: { text: "many like it have a wrong check digit", weight: -1 },
};

/** Most reasons shown. */
const MAX_REASONS = 12;

/** Reasons of a finding in words; `details.reasons` is a list of short names. */
export function reasonsOf(reasons: unknown): Reason[] {
  if (!Array.isArray(reasons)) return [];
  return reasons.slice(0, MAX_REASONS).map((reason) => {
    const name = String(reason);
    return Object.hasOwn(REASONS, name) ? REASONS[name] : { text: name.replaceAll("_", " "), weight: 0 };
  });
}

const METHODS: Record<string, string> = {
  basic: "Basic: user and password readable as they are",
  digest: "Digest: the password as a hash that can be guessed at",
  bearer: "bearer token: who has it is logged in",
  form: "a form with a password field",
  user_pass: "user and password as typed",
  plain: "PLAIN: user and password readable as they are",
  login: "LOGIN: user and password readable as they are",
  apop: "APOP: the password as a hash that can be guessed at",
  cram_md5: "CRAM-MD5: the password as a hash that can be guessed at",
  md5: "MD5: the password as a hash that can be guessed at",
  community: "the community, which is SNMP’s password",
};

/** How a login was sent. */
export function methodOf(method: string): string {
  return Object.hasOwn(METHODS, method) ? METHODS[method] : method.replaceAll("_", " ");
}

/** Details that have a place of their own on the page, or are of use to programs only. */
const PLACED = new Set([
  "brand",
  "masked",
  "length",
  "encoding",
  "confidence",
  "reasons",
  "fingerprint",
  "track",
  "direction",
  "protocol",
  "method",
  "user_length",
  "evidence",
  "server_name",
  "source_name",
  "program",
]);

/** Evidence that has no place of its own: of a rule what it brings, of the inspector what else it says. */
export function otherEvidence(details: Record<string, unknown>): Record<string, unknown> {
  const { evidence } = details;
  const others = Object.fromEntries(Object.entries(details).filter(([name]) => !PLACED.has(name)));
  if (typeof evidence !== "object" || evidence === null || Array.isArray(evidence)) {
    return evidence === undefined || evidence === null ? others : { ...others, evidence };
  }
  return { ...others, ...evidence };
}

/** A detail that must be a text; "" where it is none. */
export function textDetail(details: Record<string, unknown>, name: string): string {
  const value = details[name];
  return typeof value === "string" ? value : "";
}

/** A detail that must be a number; null where it is none. */
export function numberDetail(details: Record<string, unknown>, name: string): number | null {
  const value = details[name];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
