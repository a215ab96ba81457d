/**
 * Every kind of alert there is, in words: those of the rules, and those that payload inspection raises by itself while
 * it reads, for which there is no rule to run. Settings, documentation and API know both alike.
 */
import type { RuleSpec } from "./contract.ts";
import { RULES } from "./registry.ts";

/** A rule's words and thresholds, without what makes it run. */
export type KindSpec = Omit<RuleSpec, "create" | "observes">;

/** Kinds that the inspector raises. Switched off, their alerts are counted and go no further. */
export const INSPECTED_KINDS: readonly KindSpec[] = [
  {
    kind: "cardholder_data",
    title: "Card number in clear text",
    category: "Cardholder Data",
    severity: 1,
    signatureId: 1_900_001,
    attack: { id: "T1040", name: "Network Sniffing" },
    notices:
      "A payment-card number (PAN) in bytes that are not encrypted: 13 to 19 digits of a known issuer range with the " +
      "right check digit and enough around them that speaks for a card. Too unsure ones are notes of severity 3.",
    why:
      "Whoever is on the path can read it. PCI DSS 4.0.1, 4.2.1 asks for strong cryptography on open networks, and " +
      "12.10.7 for a response wherever a PAN turns up unexpectedly.",
    fooled:
      "Numbers that only look like cards (tracking numbers, test numbers that vendors publish). What is encrypted, " +
      "lost by the capture or beyond the budgets for decompression is not seen.",
    options: {},
  },
  {
    kind: "cleartext_credentials",
    title: "Credentials in clear text",
    category: "Sensitive Data",
    severity: 1,
    signatureId: 1_900_002,
    attack: { id: "T1040", name: "Network Sniffing" },
    notices:
      "A login that is not encrypted: HTTP Basic, Digest and forms, FTP, Telnet, SMTP, IMAP, POP3, Redis, PostgreSQL, " +
      "MySQL in clear text, SNMP communities. Only the protocol, the method and the length of the user name are kept. " +
      "Where only a digest of the password with the server's challenge went by (Digest, APOP, CRAM-MD5, NTLM, " +
      "PostgreSQL's MD5) it is of severity 3, and for SIP, where every telephone logs in so, a note.",
    why:
      "Whoever is on the path can log in as that user, and people use passwords more than once. From a digest the " +
      "password can be guessed without asking the server.",
    fooled:
      "Forms whose fields do not say that they hold a password, and logins of protocols it does not read. Anonymous " +
      "FTP and public SNMP communities are logins too.",
    options: {},
  },
];

/** All, rules first. */
export const KINDS: readonly KindSpec[] = [...RULES, ...INSPECTED_KINDS];

/** Those of `INSPECTED_KINDS` that settings switch off. */
export function inspectedOff(rules: Record<string, { enabled?: boolean }>): Set<string> {
  return new Set(INSPECTED_KINDS.map(({ kind }) => kind).filter((kind) => rules[kind]?.enabled === false));
}
