/** What payload inspection raises alerts for: their words, grades and numbers. */
import { ALERT_CONFIDENCE } from "../card/card_finder.ts";
import type { CardHit } from "../card/card_lanes.ts";
import type { Finding } from "./alert_book.ts";

/** Suricata keeps 1,000,000 to 1,999,999 for local rules; ours begin here. */
const CARDHOLDER_ID = 1_900_001;
const CREDENTIALS_ID = 1_900_002;

/** Brands as they write themselves, where a capital first letter is not all. */
const BRAND_NAMES: Record<string, string> = {
  amex: "American Express",
  diners: "Diners Club",
  discover: "Discover",
  jcb: "JCB",
  maestro: "Maestro",
  mastercard: "Mastercard",
  mir: "Mir",
  rupay: "RuPay",
  troy: "Troy",
  unionpay: "UnionPay",
  visa: "Visa",
};

/**
 * Logins that show no password but its digest with the server's challenge: HTTP and SIP Digest (RFC 7616, RFC 3261
 * §22), APOP, CRAM-MD5, NTLM, PostgreSQL's salted MD5. Whoever reads one cannot log in with it, but can try passwords
 * against it at leisure, with nobody to count them.
 */
const DIGESTS = new Set(["digest", "apop", "cram_md5", "digest_md5", "ntlm", "md5"]);
/** Where a digest is how everybody logs in, every few minutes: true, and nothing that could be done without. */
const ALL_DIGEST = new Set(["sip"]);

/**
 * A login that anyone on the path could read, or guess.
 *
 * @param kind How it was sent: `basic`, `user_pass`, `form` ...
 * @param userLength Characters of the user name, which is all that is told of it.
 */
export function credentialsFinding(protocol: string, kind: string, userLength: number): Finding {
  const isDigest = DIGESTS.has(kind);
  const what = isDigest ? "Digest of a password" : "Credentials";
  return {
    key: `credentials:${kind}`,
    signature: `${what} in clear text over ${protocol.toUpperCase()}`,
    category: "Sensitive Data",
    severity: isDigest ? 3 : 1,
    note: isDigest && ALL_DIGEST.has(protocol),
    signatureId: CREDENTIALS_ID,
    details: { kind: "cleartext_credentials", protocol, method: kind, user_length: userLength },
  };
}

/** A card number that went by in clear text; the hit is masked already. */
export function cardFinding(hit: CardHit): Finding {
  const note = hit.confidence < ALERT_CONFIDENCE;
  const { brand, masked, length, encoding, confidence, reasons, fingerprint, track } = hit;
  const name = BRAND_NAMES[brand] ?? brand;
  return {
    key: `card:${fingerprint}`,
    signature: note ? `Perhaps a ${name} card number in clear text` : `${name} card number in clear text`,
    category: "Cardholder Data",
    severity: note ? 3 : 1,
    note,
    signatureId: CARDHOLDER_ID,
    details: {
      kind: "cardholder_data",
      brand,
      masked,
      length,
      encoding,
      confidence: Math.round(confidence * 100) / 100,
      reasons: [...reasons],
      fingerprint,
      ...(track === undefined ? {} : { track }),
    },
  };
}
