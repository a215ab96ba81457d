/**
 * One request with its answer as an event, with the field names of Suricata 7 (`http`); what it has no name for
 * stands under `netpane.http`. Secrets are masked here, once.
 */
import { type FlowHandle, TO_SERVER } from "../contract.ts";
import type { Head } from "./head.ts";
import { maskCards, maskCutEnd, maskUrl } from "./mask.ts";

/** A host, and the port where one was named. */
export interface Authority {
  host: string;
  port: number;
}

/** A host name has at most 253 characters (RFC 1035 §2.3.4); what claims to be longer is cut. */
const MAX_HOST_CHARS = 255;

/** Takes `host:port`, `[::1]:port`, `user@host` apart. */
export function parseAuthority(text: string): Authority {
  const host = text.slice(text.lastIndexOf("@") + 1).trim();
  const found = /^(\[[^\]]*\]|[^:]*):(\d{1,5})?$/.exec(host);
  const whole = found === null ? host : found[1];
  const name = whole.length > MAX_HOST_CHARS ? maskCutEnd(whole.slice(0, MAX_HOST_CHARS)) : whole;
  const port = Number(found?.[2] ?? 0);
  return { host: name, port: port <= 65_535 ? port : 0 };
}

/** Where a request goes: `Host`, else the authority of its target, RFC 9112 §3.2. */
export function authorityOf(head: Head): Authority {
  if (head.host !== "") return parseAuthority(head.host);
  if (head.method === "CONNECT") return parseAuthority(head.target);
  const absolute = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(head.target);
  return parseAuthority(absolute?.[1] ?? "");
}

/**
 * Tells of a transaction. At least one of the two is there.
 *
 * @param direction The request's.
 * @param first Fields of `http` that stand before the others.
 */
export function tellTransaction(
  flow: FlowHandle,
  direction: number,
  request: Head | null,
  response: Head | null,
  first: Record<string, unknown> = {},
): void {
  const http: Record<string, unknown> = { ...first };
  const more: Record<string, unknown> = {};
  if (request !== null) {
    const { host, port } = authorityOf(request);
    if (host !== "") http.hostname = maskCards(host);
    if (port > 0) http.http_port = port;
    http.url = maskUrl(request.target);
    if (request.userAgent !== "") http.http_user_agent = maskCards(request.userAgent);
  }
  if (response !== null && response.contentType !== "") {
    http.http_content_type = maskCards(response.contentType.replace(/\s*;.*$/s, ""));
  }
  if (request !== null) {
    if (request.referer !== "") http.http_refer = maskUrl(request.referer);
    http.http_method = request.method;
    if (request.contentType !== "") {
      more.request_content_type = maskCards(request.contentType.replace(/\s*;.*$/s, ""));
    }
    if (request.contentLength > 0) more.request_length = request.contentLength;
    if (request.credentials !== "") more.credentials = request.credentials;
    else if (request.method === "POST" && request.hasNoSecret) more.credentials = "none";
    if (request.hasOtherSecret) more.credentials_changed = true;
  }
  // HTTP/2 has said so among the first fields; its request may have come in HTTP/1.1 (RFC 7540 §3.2).
  const version = request?.version || response?.version;
  if (version && first.version === undefined) http.protocol = version;
  if (response !== null) {
    http.status = response.status;
    if (response.location !== "") http.redirect = maskUrl(response.location);
    if (response.contentLength >= 0) http.length = response.contentLength;
    if (request !== null && request.credentials !== "" && response.setsCookie) more.sets_cookie = true;
    if (response.reason !== "") more.reason = maskCards(response.reason);
    if (response.server !== "") more.server = maskCards(response.server);
  }
  flow.tell("http", direction, Object.keys(more).length === 0 ? { http } : { http, netpane: { http: more } });
}

/** The name in `Host` is the flow's server, unless a proxy was asked, or it is only an address. */
export function nameServer(flow: FlowHandle, direction: number, request: Head): void {
  if (direction !== TO_SERVER || request.target[0] !== "/" || request.host === "") return;
  const { host } = parseAuthority(request.host);
  if (/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.-])?$/i.test(host) && /[a-z]/i.test(host)) flow.serverName(host);
}
