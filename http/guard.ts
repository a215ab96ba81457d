/**
 * The doorkeeper: who may ask at all, and the headers that every answer carries.
 *
 * - Host must be an address or `localhost`: a name that a hostile page points at this machine (DNS rebinding)
 *   never is.
 * - A request that writes must come from our own page (Origin).
 * - Served beyond this machine, a token is needed: `Authorization: Bearer`, or the cookie that opening
 *   `/?token=…` once sets.
 */
import { getCookies, setCookie } from "@std/http/cookie";
import { timingSafeEqual } from "node:crypto";
import { parseAddress } from "../model/address.ts";
import { problem } from "./answers.ts";

const COOKIE = "netpane_token";

let requiredToken: string | null = null;

/** From now on every request needs `token`; null for none. */
export function requireToken(token: string | null): void {
  requiredToken = token;
}

/** A server's answer to a request. */
export type Handler = (request: Request, info: Deno.ServeHandlerInfo) => Response | Promise<Response>;

/**
 * `handler` behind the door. It stands outside of the app, so that what the app answers when a route is missing or
 * fails carries the headers too.
 */
export function guarded(handler: Handler): Handler {
  return async (request, info) => {
    const url = new URL(request.url);
    return withHeaders(url, refuse(request, url) ?? await handler(request, info));
  };
}

/** Whether a `Host` header names this machine by address or as `localhost`. */
export function isOwnHost(host: string | null): boolean {
  if (host === null) return false;
  const name = host.replace(/:\d{1,5}$/, "").replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return name === "localhost" || name.endsWith(".localhost") || parseAddress(name) !== null;
}

function refuse(req: Request, url: URL): Response | null {
  const host = req.headers.get("host");
  if (!isOwnHost(host)) {
    return problem(
      421,
      "Ask by address or as localhost: this Host is not served, so that no other site's name leads here",
    );
  }
  const origin = req.headers.get("origin");
  const writes = req.method !== "GET" && req.method !== "HEAD";
  if (writes && origin !== null && !URL.canParse(origin)) {
    return problem(403, "Writing needs our own page as Origin");
  }
  if (writes && origin !== null && new URL(origin).host !== host) {
    return problem(403, "Writing needs our own page as Origin");
  }
  return requiredToken === null ? null : refuseStranger(req, url, requiredToken);
}

function refuseStranger(req: Request, url: URL, token: string): Response | null {
  const offered = url.searchParams.get("token");
  if (offered !== null && isSame(offered, token)) {
    const clean = new URL(url);
    clean.searchParams.delete("token");
    const headers = new Headers({ Location: clean.pathname + clean.search });
    setCookie(headers, { name: COOKIE, value: token, httpOnly: true, sameSite: "Strict", path: "/" });
    return new Response(null, { status: 303, headers });
  }
  const bearer = /^Bearer (.+)$/i.exec(req.headers.get("authorization") ?? "")?.[1];
  const known = bearer ?? getCookies(req.headers)[COOKIE];
  if (known !== undefined && isSame(known, token)) return null;
  const refused = problem(
    401,
    "A token is needed: open the address printed at the start, or send Authorization: Bearer",
  );
  refused.headers.set("WWW-Authenticate", "Bearer");
  return refused;
}

/** In time that does not tell how much was right. */
function isSame(a: string, b: string): boolean {
  const [left, right] = [new TextEncoder().encode(a), new TextEncoder().encode(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** For pages that the app made outside of its middlewares (not found, failed): they need no script. */
const POLICY_WITHOUT_SCRIPTS = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

function withHeaders(url: URL, answer: Response): Response {
  const { headers } = answer;
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("Referrer-Policy", "no-referrer");
  headers.set("X-Frame-Options", "DENY");
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  headers.set("Permissions-Policy", "geolocation=(), camera=(), microphone=()");
  const policy = headers.get("Content-Security-Policy") ?? POLICY_WITHOUT_SCRIPTS;
  // On plain http over a LAN that directive breaks every link; without a nonce nothing inline is ours.
  headers.set(
    "Content-Security-Policy",
    policy.replace(/;?\s*upgrade-insecure-requests/, "").replaceAll(" 'unsafe-inline'", ""),
  );
  const isApiError = url.pathname.startsWith("/api/") && answer.status >= 400 &&
    headers.get("Content-Type") !== "application/problem+json";
  return isApiError ? asProblem(url, answer) : answer;
}

/** An API error that Fresh made (no such route, a crash) in the shape of all others. */
function asProblem(url: URL, answer: Response): Response {
  answer.body?.cancel();
  const shaped = answer.status === 404
    ? problem(404, `There is no ${url.pathname}; the README lists what there is`)
    : problem(500, "Something went wrong here; the log has more");
  for (const [name, value] of answer.headers) if (!shaped.headers.has(name)) shaped.headers.set(name, value);
  return shaped;
}
