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
 * A login that anyone on the path could read.
 *
 * @param kind How it was sent: `basic`, `user_pass`, `form` ...
 * @param userLength Characters of the user name, which is all that is told of it.
 */
export function credentialsFinding(protocol: string, kind: string, userLength: number): Finding {
  return {
    key: `credentials:${kind}`,
    signature: `Credentials in clear text over ${protocol.toUpperCase()}`,
    category: "Sensitive Data",
    severity: 1,
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
