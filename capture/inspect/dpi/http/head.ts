/**
 * The head of one message: its start line and the header fields that matter here. Line by line, so that nothing
 * but a few values is kept.
 */
import { MAX_FIELDS, MAX_HEAD_BYTES, MAX_URL_CHARS, MAX_VALUE_CHARS } from "./limits.ts";
import { type StartLineParts } from "./start_line.ts";
import { beforeNul, textOf } from "./text.ts";

/** What a head takes besides its texts. */
const HEAD_CHARS = 256;

export class Head {
  readonly request: boolean;
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly status: number;
  readonly reason: string;

  host = "";
  userAgent = "";
  contentType = "";
  referer = "";
  location = "";
  /** It sets a cookie; which is nobody's business. */
  setsCookie = false;
  server = "";
  /** Lower case. */
  upgrade = "";
  contentEncoding = "";
  transferEncoding = "";
  authorization = "";
  proxyAuthorization = "";
  /** -1 where it is not given, or is no number. */
  contentLength = -1;
  /** How the request, its body included, gives a password: `basic`, `form` ...; "" where it gives none. */
  credentials = "";
  /** There is no body, or it was read to its end as a form, and no field of it can be a password. */
  hasNoSecret = false;
  /** The password is another than the one given before for the same account. */
  hasOtherSecret = false;

  #field: FieldName | null = null;
  #value = "";
  #fields = 0;
  #bytes = 0;

  constructor({ method, target, version, status, reason }: StartLineParts) {
    this.request = method !== "";
    this.method = method;
    this.target = target;
    this.version = version;
    this.status = status;
    this.reason = reason;
  }

  /** Characters that are kept of it, or little more. */
  get chars(): number {
    return HEAD_CHARS + this.target.length + this.host.length + this.userAgent.length + this.referer.length +
      this.contentType.length + this.authorization.length + this.proxyAuthorization.length;
  }

  /** The last transfer coding is `chunked`, RFC 9112 §6.1. */
  get chunked(): boolean {
    return /(^|[\s,])chunked\s*$/i.test(this.transferEncoding);
  }

  /**
   * One line after the start line, without its end, not empty.
   *
   * @param isCut It went on.
   * @returns False where the head is too long to be read on.
   */
  line(bytes: Uint8Array, at: number, end: number, isCut: boolean): boolean {
    this.#bytes += end - at + 2;
    if (this.#bytes > MAX_HEAD_BYTES || this.#fields >= MAX_FIELDS) return false;
    if (bytes[at] === 0x20 || bytes[at] === 0x09) {
      // A folded line goes on with the value before, RFC 9112 §5.2.
      if (this.#field !== null && this.#value.length < MAX_VALUE_CHARS) {
        this.#value += " " + trimmed(bytes, at, end, MAX_VALUE_CHARS, isCut);
      }
      return true;
    }
    this.#commit();
    this.#fields++;
    const limit = Math.min(end, at + MAX_NAME_BYTES);
    let colon = at;
    while (colon < limit && bytes[colon] !== 0x3a) colon++;
    if (colon === limit) return true;
    let nameEnd = colon;
    while (nameEnd > at && bytes[nameEnd - 1] === 0x20) nameEnd--;
    const field = fieldOf(bytes, at, nameEnd);
    if (field === null) return true;
    if (field === "setCookie") {
      this.setsCookie = true;
      return true;
    }
    this.#field = field;
    this.#value = trimmed(
      bytes,
      colon + 1,
      end,
      field === "referer" || field === "location" ? MAX_URL_CHARS : MAX_VALUE_CHARS,
      isCut,
    );
    return true;
  }

  /** The head ends, or what is known of it must do. */
  finish(): void {
    this.#commit();
  }

  #commit(): void {
    const field = this.#field;
    if (field === null) return;
    const value = this.#value;
    this.#field = null;
    if (field === "contentLength") {
      if (this.contentLength < 0 && /^\d{1,15}$/.test(value)) this.contentLength = Number(value);
    } else if (field === "transferEncoding" || field === "contentEncoding") {
      // Lists may come in several fields, RFC 9110 §5.3.
      const before = this[field];
      this[field] = before === "" ? value : (before + ", " + value).slice(0, MAX_VALUE_CHARS);
    } else if (this[field] === "") {
      this[field] = field === "upgrade" ? value.toLowerCase() : value;
    }
  }
}

type FieldName =
  | "host"
  | "userAgent"
  | "contentType"
  | "referer"
  | "location"
  | "server"
  | "upgrade"
  | "contentEncoding"
  | "transferEncoding"
  | "authorization"
  | "proxyAuthorization"
  | "contentLength";

const FIELDS: [string, FieldName | "setCookie"][] = [
  ["host", "host"],
  ["server", "server"],
  ["upgrade", "upgrade"],
  ["referer", "referer"],
  ["location", "location"],
  ["set-cookie", "setCookie"],
  ["user-agent", "userAgent"],
  ["content-type", "contentType"],
  ["authorization", "authorization"],
  ["content-length", "contentLength"],
  ["content-encoding", "contentEncoding"],
  ["transfer-encoding", "transferEncoding"],
  ["proxy-authorization", "proxyAuthorization"],
];
const MAX_NAME_BYTES = 128;

/** By length of the name: most fields are ruled out by that alone, without making text of them. */
const BY_LENGTH: { name: string; field: FieldName | "setCookie" }[][] = [];
for (const [name, field] of FIELDS) (BY_LENGTH[name.length] ??= []).push({ name, field });

function fieldOf(bytes: Uint8Array, at: number, end: number): FieldName | "setCookie" | null {
  const candidates = BY_LENGTH[end - at];
  if (candidates === undefined) return null;
  for (const { name, field } of candidates) {
    let i = 0;
    while (i < name.length && (bytes[at + i] | 0x20) === name.charCodeAt(i)) i++;
    if (i === name.length) return field;
  }
  return null;
}

/** A value up to its end, or to a carriage return alone, which no value has (RFC 9112 §2.2): another field may follow. */
function trimmed(bytes: Uint8Array, at: number, end: number, max: number, isCut: boolean): string {
  for (let i = at; i < end; i++) if (bytes[i] === CR) end = i;
  while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x09)) at++;
  while (end > at && (bytes[end - 1] === 0x20 || bytes[end - 1] === 0x09)) end--;
  return textOf(bytes, at, beforeNul(bytes, at, end), max, isCut);
}

const CR = 0x0d;
