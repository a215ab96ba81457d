/**
 * Logins by SASL as mail protocols carry them (RFC 4422): in base64, in one answer or two. Only which mechanism and
 * how long the user name is come out.
 */
import { decodeBase64 } from "./base64.ts";

/** Mechanisms whose secret, or a weak hash of it, can be read on the path. Others show nothing of use. */
const READABLE = new Set([
  "PLAIN",
  "LOGIN",
  "CRAM-MD5",
  "DIGEST-MD5",
  "NTLM",
  "XOAUTH2",
  "OAUTHBEARER",
]);

/** One login going on. */
export class SaslLogin {
  /** Characters of the user name, as far as it is known. */
  userLength = 0;
  /** Answers of the client's that still belong to it. */
  #answers: number;
  readonly #mechanism: string;

  constructor(mechanism: string) {
    this.#mechanism = mechanism.toUpperCase();
    this.#answers = this.#mechanism === "LOGIN" ? 2 : 1;
  }

  /** How it is told; "" where nothing can be read. */
  get kind(): string {
    return READABLE.has(this.#mechanism) ? this.#mechanism.toLowerCase().replace("-", "_") : "";
  }

  /** Whether the secret has been sent. */
  get sent(): boolean {
    return this.#answers <= 0;
  }

  /** An answer of the client's, in base64. */
  answer(coded: string): void {
    this.#answers--;
    const text = decodeBase64(coded);
    if (this.#mechanism === "LOGIN") {
      if (this.#answers === 1) this.userLength = text.length;
    } else {
      this.userLength = userLength(this.#mechanism, text);
    }
  }
}

function userLength(mechanism: string, text: string): number {
  switch (mechanism) {
    case "PLAIN": // RFC 4616: authorization, user, password
      return text.split("\0", 2)[1]?.length ?? 0;
    case "CRAM-MD5": // RFC 2195: user and digest
      return Math.max(0, text.lastIndexOf(" "));
    case "DIGEST-MD5": // RFC 2831 §2.1.2
      return /username="([^"]*)"/.exec(text)?.[1].length ?? 0;
    case "XOAUTH2":
      return /user=(\P{Cc}*)/u.exec(text)?.[1].length ?? 0;
    case "OAUTHBEARER": // RFC 7628 §3.1
      return /,a=([^,]*)/.exec(text)?.[1].length ?? 0;
    default:
      return 0;
  }
}
