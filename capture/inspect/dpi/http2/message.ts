/** One header block of HTTP/2 as the head of a message. */
import { Head } from "../http/head.ts";
import { MAX_FIELDS, MAX_URL_CHARS, MAX_VALUE_CHARS } from "../http/limits.ts";
import { maskCutEnd } from "../http/mask.ts";

/** Fields of a block that matter, by name, RFC 9113 §8.3. */
export class BlockFields {
  readonly values = new Map<string, string>();
  #count = 0;

  add(name: string, value: string): void {
    if (++this.#count > MAX_FIELDS || !WANTED.has(name) || this.values.has(name)) return;
    const most = LONG.has(name) ? MAX_URL_CHARS : MAX_VALUE_CHARS;
    this.values.set(name, value.length > most ? maskCutEnd(value.slice(0, most)) : value);
  }

  get request(): boolean {
    return this.values.has(":method") || this.values.has(":path");
  }

  get status(): number {
    const status = this.values.get(":status") ?? "";
    return /^[1-9]\d\d$/.test(status) ? Number(status) : 0;
  }

  toHead(): Head {
    const of = (name: string) => this.values.get(name) ?? "";
    const request = this.request;
    const head = new Head({
      method: of(":method") || (request ? "GET" : ""),
      target: of(":path"),
      version: "",
      status: this.status,
      reason: "",
    });
    head.host = of(":authority") || of("host");
    head.userAgent = of("user-agent");
    head.contentType = of("content-type");
    head.contentEncoding = of("content-encoding");
    head.referer = of("referer");
    head.location = of("location");
    head.setsCookie = this.values.has("set-cookie");
    head.server = of("server");
    head.authorization = of("authorization");
    head.proxyAuthorization = of("proxy-authorization");
    if (/^\d{1,15}$/.test(of("content-length"))) head.contentLength = Number(of("content-length"));
    return head;
  }
}

const LONG = new Set([":path", "referer", "location"]);
const WANTED = new Set([
  ":method",
  ":path",
  ":authority",
  ":status",
  "host",
  "user-agent",
  "content-type",
  "content-encoding",
  "content-length",
  "referer",
  "location",
  "set-cookie",
  "server",
  "authorization",
  "proxy-authorization",
]);
