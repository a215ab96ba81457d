/** The cookie of a session: a random id that scripts cannot read and that goes along from our own pages only. */
import { deleteCookie, getCookies, setCookie } from "@std/http/cookie";
import { SESSION_MS } from "./access.ts";

/** A browser takes a name with this prefix over TLS only, and only from this very host (RFC 6265bis §4.1.3.2). */
const SECURE_NAME = "__Host-netpane";
const NAME = "netpane";

/** The session that a request claims; null for none. */
export function sessionIdOf(headers: Headers): string | null {
  try {
    const cookies = getCookies(headers);
    return cookies[SECURE_NAME] ?? cookies[NAME] ?? null;
  } catch {
    return null; // what cannot be read claims nothing
  }
}

/** Whether the browser came by TLS: to us, or to a proxy in front of us (its form says so as `Origin`). */
export function isSecure(request: Request): boolean {
  return new URL(request.url).protocol === "https:" ||
    (request.headers.get("origin")?.startsWith("https://") ?? false);
}

export function setSession(headers: Headers, id: string, secure: boolean): void {
  setCookie(headers, {
    name: secure ? SECURE_NAME : NAME,
    value: id,
    httpOnly: true,
    sameSite: "Strict",
    secure,
    path: "/",
    maxAge: SESSION_MS / 1000,
  });
}

export function clearSession(headers: Headers): void {
  const attributes = { path: "/", httpOnly: true, sameSite: "Strict" } as const;
  deleteCookie(headers, NAME, attributes);
  deleteCookie(headers, SECURE_NAME, { ...attributes, secure: true });
}
