/**
 * How a login over SSH went, from what encryption leaves to be seen: who spoke, and how much.
 *
 * With cipher and MAC known, so is the length of every message (RFC 4253 §6): padding is the least there may be in
 * every server that was looked at. SSH_MSG_USERAUTH_SUCCESS is a single byte, so nothing of a login is as short
 * (RFC 4252 §5.1); failures list the methods left, and are all of one length. Zeek infers logins alike.
 *
 * An answer is all the server says until the client speaks again, in however many segments: a long banner is one.
 */

/** Payload of SSH_MSG_USERAUTH_SUCCESS: its number. */
const SUCCESS_PAYLOAD = 1;
/** RFC 4253 §6. */
const MIN_PACKET_BYTES = 16;
/** Failures of one connection that are told; OpenSSH closes after six (MaxAuthTries). */
const MAX_FAILURES = 10;
/** Lengths of answers that are told apart. */
const MAX_LENGTHS = 8;
/** The least payload of a question whether a public key would do (RFC 4252 §7): that of an Ed25519 key, for user "a". */
const KEY_PAYLOAD = 108;
/** What the client says before it asks to be let in: that it wants the service (RFC 4253 §10). */
const TURNS_BEFORE_LOGIN = 1;
/** Turns of the client's after which nobody waits for an outcome any more. */
const MAX_TURNS = 48;
/** Bytes of the server's after its last refusal that no login takes: the session has begun, unnoticed. */
const SESSION_BYTES = 4_096;
/** Turns of the client's that go with it: a long greeting alone is no session. */
const SESSION_TURNS = 4;

const MAC_BYTES: Record<string, number> = {
  "hmac-md5": 16,
  "hmac-md5-96": 12,
  "hmac-sha1": 20,
  "hmac-sha1-96": 12,
  "hmac-sha2-256": 32,
  "hmac-sha2-512": 64,
  "umac-64": 8,
  "umac-128": 16,
};

export type LoginOutcome = "" | "failed" | "succeeded";

/**
 * Bytes on the wire of a message; 0 where the algorithms are not known.
 *
 * @param least Length and what it counts together have at least so many: 16 after RFC 4253 §6, to which Dropbear keeps
 * and OpenSSH, with chacha20-poly1305, does not.
 */
export function sealedBytes(payload: number, cipher: string, mac: string, least = 0): number {
  const isChacha = cipher === "chacha20-poly1305@openssh.com";
  const isGcm = /^aes(?:128|256)-gcm@openssh\.com$|^AEAD_AES_(?:128|256)_GCM$/.test(cipher);
  const isBlock16 = isGcm || /^(?:aes|rijndael|twofish|serpent|camellia)/.test(cipher);
  if (!isChacha && !isBlock16 && !/^(?:3des|blowfish|cast128|arcfour)/.test(cipher)) return 0;
  const etm = mac.endsWith("-etm@openssh.com");
  const tag = isChacha || isGcm ? 16 : MAC_BYTES[mac.replace(/(?:-etm)?@openssh\.com$/, "")] ?? 0;
  if (tag === 0) return 0;
  const block = isBlock16 ? 16 : 8;
  // Length counts for the alignment only where it is encrypted with the rest.
  const clear = isChacha || isGcm || etm ? 0 : 4;
  let padding = block - (clear + 1 + payload) % block;
  if (padding < 4) padding += block;
  while (4 + 1 + payload + padding < least) padding += block;
  return 4 + 1 + payload + padding + tag;
}

/** Watches one connection from the moment on when both sides encrypt. */
export class SshLogin {
  /** As OpenSSH has it, and as the RFC has it: the same but for ciphers of small blocks. */
  readonly #success: number;
  readonly #successPadded: number;
  /** How often answers had each length. */
  readonly #lengths = new Map<number, number>();
  #clientTurns = 0;
  #isClientsTurn = false;
  /** What the server has said since. */
  #answerBytes = 0;
  /** It has refused: whatever else it says until the client speaks is no answer. */
  #isAnswered = false;
  #lastWasFull = false;
  #answers = 0;
  #failures = 0;
  #sessionBytes = 0;
  #sessionTurns = 0;
  /** Too little for the offer of a key: what failed was a password. */
  wasPassword = false;
  readonly #keyBytes: number;
  #turnBytes = 0;
  /** Bytes of the longest segment of the server's so far: one as long may be cut. */
  longestSegment = 0;
  /** Nothing more will be told. */
  over = false;

  private constructor(success: number, successPadded: number, keyBytes: number) {
    this.#success = success;
    this.#successPadded = successPadded;
    this.#keyBytes = keyBytes;
  }

  /** By the server's algorithms. @returns Null where they are not known, or compression hides lengths. */
  static of(cipher: string, mac: string, compression: string): SshLogin | null {
    const success = compression === "zlib" ? 0 : sealedBytes(SUCCESS_PAYLOAD, cipher, mac);
    if (success === 0) return null;
    const padded = sealedBytes(SUCCESS_PAYLOAD, cipher, mac, MIN_PACKET_BYTES);
    return new SshLogin(success, padded, sealedBytes(KEY_PAYLOAD, cipher, mac));
  }

  /** A segment's bytes that are encrypted. */
  take(isClient: boolean, bytes: number): LoginOutcome {
    if (this.over || bytes === 0) return "";
    if (!isClient) return this.#fromServer(bytes);
    let outcome: LoginOutcome = "";
    if (!this.#isClientsTurn) {
      outcome = this.answered();
      this.#isAnswered = false;
      this.#turnBytes = 0;
      this.#sessionTurns++;
      if (++this.#clientTurns > MAX_TURNS) this.over = true;
    }
    this.#isClientsTurn = true;
    this.#turnBytes += bytes;
    return outcome;
  }

  /** The server has said all it will before the client speaks again. */
  answered(): LoginOutcome {
    const bytes = this.#answerBytes;
    this.#answerBytes = 0;
    this.#lastWasFull = false;
    if (this.over || bytes < this.#success) return ""; // nothing, or a part of a message
    if (this.#isSuccess(bytes)) return this.#succeed();
    // The first answer may have a banner before it (RFC 4252 §5.4), of any length.
    if (this.#answers++ > 0) this.#sessionBytes += bytes;
    if (this.#sessionBytes > SESSION_BYTES && this.#sessionTurns >= SESSION_TURNS) return this.#succeed();
    const times = this.#lengths.get(bytes) ?? 0;
    if (times === 0 && this.#lengths.size >= MAX_LENGTHS) return "";
    this.#lengths.set(bytes, times + 1);
    // The first of a length is the answer to "which methods are there?" (RFC 4252 §5.2), or it cannot be told.
    if (times <= this.#failures) return "";
    this.#sessionBytes = this.#sessionTurns = 0;
    this.wasPassword = this.#turnBytes < this.#keyBytes;
    if (++this.#failures >= MAX_FAILURES) this.over = true;
    return "failed";
  }

  /** The connection is over. */
  close(): LoginOutcome {
    const outcome = this.answered();
    if (this.over || outcome !== "") {
      this.over = true;
      return outcome;
    }
    this.over = true;
    return this.#answers > 0 && this.#failures === 0 ? "failed" : "";
  }

  #fromServer(bytes: number): LoginOutcome {
    this.#isClientsTurn = false;
    // A segment of its own, whatever comes before or after it: nothing that was cut, nor what is left of that.
    const isAlone = bytes < this.longestSegment && !this.#lastWasFull;
    this.#lastWasFull = bytes === this.longestSegment;
    this.longestSegment = Math.max(this.longestSegment, bytes);
    if (this.#clientTurns <= TURNS_BEFORE_LOGIN || this.#isAnswered) return "";
    this.#answerBytes += bytes;
    if (!isAlone) return "";
    if (this.#isSuccess(bytes)) return this.#succeed();
    // A refusal as those before: the last one is told now, not when the connection has been over for long.
    this.#isAnswered = this.#answerBytes === bytes && (this.#lengths.get(bytes) ?? 0) > this.#failures;
    return this.#isAnswered ? this.answered() : "";
  }

  #isSuccess(bytes: number): boolean {
    return bytes === this.#success || bytes === this.#successPadded;
  }

  #succeed(): LoginOutcome {
    this.over = true;
    return "succeeded";
  }
}
