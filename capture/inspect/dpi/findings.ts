/** What payload inspection raises alerts for: their words, grades and numbers. */
import type { Finding } from "./alert_book.ts";

/** Suricata keeps 1,000,000 to 1,999,999 for local rules; ours begin here. */
const CREDENTIALS_ID = 1_900_002;

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
