/**
 * Request lines and status lines, RFC 9112 §3 and §4, and whether bytes could become one.
 */
import { beforeNul, lineFeed, textOf } from "./text.ts";
import { MAX_URL_CHARS, MAX_VALUE_CHARS } from "./limits.ts";

/** Methods known by name: IANA's registry of HTTP methods (2024), and what UPnP and Windows use. */
const METHODS = new Set(
  ("ACL BASELINE-CONTROL BCOPY BDELETE BIND BMOVE BPROPFIND BPROPPATCH CHECKIN CHECKOUT CONNECT COPY DELETE GET HEAD LABEL " +
    "LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE NOTIFY OPTIONS ORDERPATCH " +
    "PATCH POLL POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT RPC_IN_DATA RPC_OUT_DATA SEARCH SOURCE " +
    "SUBSCRIBE TRACE UNBIND UNCHECKOUT UNLINK UNLOCK UNSUBSCRIBE UPDATE UPDATEREDIRECTREF VERSION-CONTROL " +
    "CCM_POST BITS_POST SSTP_DUPLEX_POST").split(" "),
);
/** Longer than any method in use. */
const MAX_METHOD_CHARS = 24;

/** What a line turned out to be. */
export const StartLine = { none: 0, request: 1, response: 2 } as const;

/** The parts of a start line; reused, read it before the next one is parsed. */
export interface StartLineParts {
  method: string;
  /** As sent, cut at `MAX_URL_CHARS`. */
  target: string;
  /** `HTTP/1.1`; "" for a request without one (HTTP/0.9). */
  version: string;
  status: number;
  reason: string;
}

export function createStartLineParts(): StartLineParts {
  return { method: "", target: "", version: "", status: 0, reason: "" };
}

/** Whether `bytes[at, end)`, the beginning of a line, may become a start line: a few bytes are looked at. */
export function mayBeStartLine(bytes: Uint8Array, at: number, end: number): boolean {
  const limit = Math.min(end, at + MAX_METHOD_CHARS + 1);
  for (let i = at; i < limit; i++) {
    const byte = bytes[i];
    if (byte === SP || byte === TAB) return i > at && isStart(bytes, at, i);
    if (!isMethodByte(byte) && !isVersionByte(byte)) return false;
  }
  return limit < at + MAX_METHOD_CHARS + 1;
}

/** Whether the first word is a method or a version. */
function isStart(bytes: Uint8Array, at: number, end: number): boolean {
  return isVersion(bytes, at, end) || isIcy(bytes, at, end) || isMethod(bytes, at, end);
}

/**
 * Parses a line (without its end) into `parts`.
 *
 * A request line needs a version, except that a known method with a path goes without (HTTP/0.9, or a line that the
 * capture cut). As Wireshark and
 * Suricata do, the target ends at the first blank.
 *
 * @param isCut The line went on.
 * @returns A value of `StartLine`.
 */
export function parseStartLine(
  bytes: Uint8Array,
  at: number,
  end: number,
  parts: StartLineParts,
  isCut = false,
): number {
  while (end > at && isBlank(bytes[end - 1])) end--;
  const first = word(bytes, at, end);
  if (first === at || first === end) return StartLine.none;
  if (isVersion(bytes, at, first) || isIcy(bytes, at, first)) {
    return parseStatus(bytes, at, first, end, parts, isCut);
  }
  if (!isMethod(bytes, at, first)) return StartLine.none;
  const method = textOf(bytes, at, first, MAX_METHOD_CHARS);
  const known = METHODS.has(method);
  let versionAt = end;
  while (versionAt > first && !isBlank(bytes[versionAt - 1])) versionAt--;
  // A known method makes even a damaged version believable.
  const versioned = isVersion(bytes, versionAt, end) || (known && saysHttp(bytes, versionAt, end));
  if (!versioned && !known) return StartLine.none;
  const targetAt = skipBlanks(bytes, first, end);
  const targetEnd = targetAt < versionAt || !versioned ? word(bytes, targetAt, end) : targetAt;
  if (!versioned && !(beginsLikeRequest(bytes, at, end) && isCutVersion(bytes, targetEnd, end))) {
    return StartLine.none;
  }
  parts.method = method;
  const isTargetCut = isCut && targetEnd === end;
  parts.target = textOf(
    bytes,
    targetAt,
    beforeNul(bytes, targetAt, targetEnd),
    MAX_URL_CHARS,
    isTargetCut,
  );
  parts.version = versioned ? textOf(bytes, versionAt, end, 16) : "";
  parts.status = 0;
  parts.reason = "";
  return StartLine.request;
}

function parseStatus(
  bytes: Uint8Array,
  at: number,
  first: number,
  end: number,
  parts: StartLineParts,
  isCut: boolean,
): number {
  const statusAt = skipBlanks(bytes, first, end);
  const statusEnd = word(bytes, statusAt, end);
  if (statusEnd - statusAt !== 3) return StartLine.none;
  let status = 0;
  for (let i = statusAt; i < statusEnd; i++) {
    if (!isDigit(bytes[i])) return StartLine.none;
    status = status * 10 + bytes[i] - 0x30;
  }
  if (status < 100) return StartLine.none;
  parts.method = parts.target = "";
  parts.version = textOf(bytes, at, first, 16);
  parts.status = status;
  parts.reason = textOf(bytes, skipBlanks(bytes, statusEnd, end), end, MAX_VALUE_CHARS, isCut);
  return StartLine.response;
}

/**
 * Whether `bytes[at, end)` begins with a known method and a path or an `http` URL: no other protocol does. So a
 * request whose first line was cut by the capture is known, too.
 */
export function beginsLikeRequest(bytes: Uint8Array, at: number, end: number): boolean {
  const blank = word(bytes, at, Math.min(end, at + MAX_METHOD_CHARS + 1));
  if (!isMethod(bytes, at, blank) || !METHODS.has(textOf(bytes, at, blank, MAX_METHOD_CHARS))) return false;
  const target = skipBlanks(bytes, blank, end);
  return bytes[target] === SLASH && target < end || textOf(bytes, target, end, 7).toLowerCase() === "http://";
}

/** Bytes of HAProxy's PROXY line with its end, version 1 of that protocol, §2.1. */
const MAX_PROXY_LINE_BYTES = 107;

/**
 * Whether a stream begins with the line in which a proxy names the real client.
 *
 * @returns Bytes of the line with its end; 0 where it is none, -1 where it is not all there.
 */
export function proxyLine(bytes: Uint8Array, at: number, end: number): number {
  for (let i = 0; i < PROXY.length && at + i < end; i++) if (bytes[at + i] !== PROXY.charCodeAt(i)) return 0;
  const feed = lineFeed(bytes, at, Math.min(end, at + MAX_PROXY_LINE_BYTES));
  if (feed >= 0) return feed + 1 - at;
  return end - at < MAX_PROXY_LINE_BYTES ? -1 : 0;
}

const PROXY = "PROXY ";

/** Whether a method is one known by name. */
export function isKnownMethod(method: string): boolean {
  return METHODS.has(method);
}

/** `HTTP/1.1`: "HTTP/", digit, dot, digit. Version 2 and above does not speak in lines. */
function isVersion(bytes: Uint8Array, at: number, end: number): boolean {
  return end - at === 8 && bytes[at] === 0x48 && bytes[at + 1] === 0x54 && bytes[at + 2] === 0x54 &&
    bytes[at + 3] === 0x50 && bytes[at + 4] === SLASH && (bytes[at + 5] === 0x31 || bytes[at + 5] === 0x30) &&
    bytes[at + 6] === 0x2e && isDigit(bytes[at + 7]);
}

/** Nothing, or as much of a version as the capture left. */
function isCutVersion(bytes: Uint8Array, at: number, end: number): boolean {
  at = skipBlanks(bytes, at, end);
  return "HTTP/1.".startsWith(textOf(bytes, at, end, 8));
}

/** `HTTP/` in any case, and something. */
function saysHttp(bytes: Uint8Array, at: number, end: number): boolean {
  return end - at > 5 && end - at <= 12 && bytes[at + 4] === SLASH && (bytes[at] | 0x20) === 0x68 &&
    (bytes[at + 1] | 0x20) === 0x74 && (bytes[at + 2] | 0x20) === 0x74 && (bytes[at + 3] | 0x20) === 0x70;
}

/** `ICY`, with which SHOUTcast answers instead of `HTTP/1.0`. */
function isIcy(bytes: Uint8Array, at: number, end: number): boolean {
  return end - at === 3 && bytes[at] === 0x49 && bytes[at + 1] === 0x43 && bytes[at + 2] === 0x59;
}

/** A method is a token (RFC 9110 §5.6.2); all in use are upper-case letters, `-` and `_`. */
function isMethod(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < 3 || end - at > MAX_METHOD_CHARS) return false;
  for (let i = at; i < end; i++) if (!isMethodByte(bytes[i])) return false;
  return true;
}

function isMethodByte(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || byte === 0x2d || byte === 0x5f;
}

function isVersionByte(byte: number): boolean {
  return byte === SLASH || byte === 0x2e || isDigit(byte);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === TAB;
}

function word(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && !isBlank(bytes[at])) at++;
  return at;
}

function skipBlanks(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && isBlank(bytes[at])) at++;
  return at;
}

const SP = 0x20;
const TAB = 0x09;
const SLASH = 0x2f;
