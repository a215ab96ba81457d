/**
 * Cookies (RFC 6265): read from a request, written to a response. Names and values are taken as they are,
 * and refused if they could break out of the header; encode free text before.
 *
 * @module
 */

/** One cookie. */
export interface Cookie {
  name: string;
  value: string;
  /** When it ends: a date, or milliseconds since 1970. */
  expires?: Date | number;
  /** Seconds until it ends; 0 or more. */
  maxAge?: number;
  /** Host it is sent to, with those below it. */
  domain?: string;
  /** Path below which it is sent. */
  path?: string;
  /** Only over HTTPS. */
  secure?: boolean;
  /** Out of reach of scripts. */
  httpOnly?: boolean;
  /** Kept apart for each top-level site. */
  partitioned?: boolean;
  sameSite?: "Strict" | "Lax" | "None";
  /** Other attributes, as they are. */
  unparsed?: string[];
}

const NAME = /^[!#$%&'*+\-./^_`|~0-9A-Za-z]+$/; // a token of RFC 9110 §5.6.2, and "/"
const VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e\x80]*$/; // cookie-octet, RFC 6265 §4.1.1
const ATTRIBUTE = /^[\x20-\x3a\x3c-\x7e]*$/;

/**
 * The cookies of a request, by name; the object has no prototype.
 *
 * @throws {SyntaxError} When a name is missing, as behind a semicolon at the end.
 */
export function getCookies(headers: Headers): Partial<Record<string, string>> {
  const cookies: Partial<Record<string, string>> = Object.create(null);
  for (const pair of headers.get("cookie")?.split(";") ?? []) {
    const [name, ...value] = pair.split("=");
    if (name === "") throw new SyntaxError("A cookie without a name cannot be read");
    cookies[name.trim()] = value.join("=");
  }
  return cookies;
}

/**
 * Adds a `Set-Cookie` header.
 *
 * @throws {SyntaxError} When a part holds characters that would break the header.
 * @throws {RangeError} When `maxAge` is negative.
 */
export function setCookie(headers: Headers, cookie: Cookie): void {
  if (cookie.name) headers.append("set-cookie", write(cookie));
}

/** Adds a `Set-Cookie` header that ends a cookie; path and domain must be those it was set with. */
export function deleteCookie(
  headers: Headers,
  name: string,
  attributes?: Pick<Cookie, "path" | "domain" | "secure" | "httpOnly" | "partitioned">,
): void {
  setCookie(headers, { name, value: "", expires: new Date(0), ...attributes });
}

/** The cookies that a response sets, without those that a browser would not take. */
export function getSetCookies(headers: Headers): Cookie[] {
  return headers.getSetCookie().map(read).filter(isTaken);
}

/** RFC 6265bis §4.1.3, on the prefixes of names. */
function isTaken({ name, maxAge, secure, domain, path }: Cookie): boolean {
  if (maxAge !== undefined && maxAge < 0) return false;
  if (name.startsWith("__Secure-")) return secure === true;
  return !name.startsWith("__Host-") || secure === true && domain === undefined && path === "/";
}

function write(cookie: Cookie): string {
  const { name, value, maxAge, sameSite, expires } = cookie;
  let { path, domain, secure } = cookie;
  // Prefixes that browsers enforce (RFC 6265bis §4.1.3): without these attributes the cookie would be dropped.
  if (name.startsWith("__Secure")) secure = true;
  if (name.startsWith("__Host")) [path, domain, secure] = ["/", undefined, true];
  check("name", name, NAME);
  check("value", value, VALUE);
  check("path", path ?? "", ATTRIBUTE);
  check("domain", domain ?? "", /^(?!-)[^;\s]*(?<![.-])$/);
  if (Number.isInteger(maxAge) && maxAge! < 0) {
    throw new RangeError(`The cookie's maxAge must be 0 or more: ${maxAge}`);
  }

  const parts = [`${name}=${value}`];
  if (secure) parts.push("Secure");
  if (cookie.httpOnly) parts.push("HttpOnly");
  if (cookie.partitioned) parts.push("Partitioned");
  if (Number.isInteger(maxAge)) parts.push(`Max-Age=${maxAge}`);
  if (domain) parts.push(`Domain=${domain}`);
  if (sameSite) parts.push(`SameSite=${sameSite}`);
  if (path) parts.push(`Path=${path}`);
  if (expires) parts.push(`Expires=${new Date(expires).toUTCString()}`);
  return [...parts, ...cookie.unparsed ?? []].join("; ");
}

function check(what: string, text: string, pattern: RegExp): void {
  if (!pattern.test(text)) {
    throw new SyntaxError(`The cookie ${what} holds a character that is not allowed: "${text}"`);
  }
}

function read(header: string): Cookie {
  const [[name, value], ...attributes] = header.split(";").map((part) => {
    const [key, ...rest] = part.trim().split("=");
    return [key, rest.join("=")];
  });
  const cookie: Cookie = { name, value };
  for (const [key, text] of attributes) {
    const known = key.toLowerCase();
    if (known === "expires") cookie.expires = new Date(text);
    else if (known === "max-age") cookie.maxAge = Number(text);
    else if (known === "domain") cookie.domain = text;
    else if (known === "path") cookie.path = text;
    else if (known === "secure") cookie.secure = true;
    else if (known === "httponly") cookie.httpOnly = true;
    else if (known === "samesite") cookie.sameSite = text as Cookie["sameSite"];
    else (cookie.unparsed ??= []).push(`${key}=${text}`);
  }
  return cookie;
}
