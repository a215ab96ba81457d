/** The headers that every answer carries, whoever made it. */
import { problem } from "./answers.ts";
import { methodsOf } from "./api.ts";
import { isThisMachine } from "../model/client_address.ts";

/** For pages that the app made outside of its middlewares (not found, failed): they need no script. */
const POLICY_WITHOUT_SCRIPTS = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/** For what is data: even opened as a page it can do nothing. */
const POLICY_OF_DATA = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** A month, and for this name alone: who stops using TLS is not locked out for a year. */
const STRICT_TRANSPORT = "max-age=2592000";

export function withHeaders(url: URL, answer: Response, tls: boolean): Response {
  const { headers } = answer;
  headers.set("X-Content-Type-Options", "nosniff");
  // Nothing goes to other sites. With "no-referrer" browsers would keep from us, too, where our own forms come from:
  // they then send `Origin: null`.
  headers.set("Referrer-Policy", "same-origin");
  headers.set("X-Frame-Options", "DENY");
  // Over plain http browsers heed it on this machine only, and complain of it elsewhere (HTML §7.1.3).
  if (tls || isThisMachineName(url.hostname)) headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  headers.set("Permissions-Policy", "geolocation=(), camera=(), microphone=()");
  // Of localhost it would hold for whatever else is served there, on any port.
  if (tls && !isLocalhost(url.hostname)) {
    headers.set("Strict-Transport-Security", STRICT_TRANSPORT);
  }
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
  headers.set("Content-Security-Policy", policyFor(headers));
  const isApiError = answer.status >= 400 && headers.get("Content-Type") !== "application/problem+json" &&
    (url.pathname.startsWith("/api/") || methodsOf(url.pathname).length > 0);
  return isApiError ? asProblem(url, answer) : answer;
}

function isLocalhost(hostname: string): boolean {
  return /(?:^|\.)localhost$/.test(hostname);
}

/** What browsers hold for trustworthy without TLS (Secure Contexts §3.1). */
function isThisMachineName(hostname: string): boolean {
  return isLocalhost(hostname) || isThisMachine(hostname.replace(/^\[|\]$/g, ""));
}

function policyFor(headers: Headers): string {
  const isPage = (headers.get("Content-Type") ?? "").startsWith("text/html");
  if (!isPage) return POLICY_OF_DATA;
  const policy = headers.get("Content-Security-Policy") ?? POLICY_WITHOUT_SCRIPTS;
  // On plain http over a LAN that directive breaks every link; without a nonce nothing inline is ours.
  return policy.replace(/;?\s*upgrade-insecure-requests/, "").replaceAll(" 'unsafe-inline'", "");
}

/** An API error that Fresh made (no such route, a crash) in the shape of all others. */
function asProblem(url: URL, answer: Response): Response {
  answer.body?.cancel();
  const { status, headers } = answer;
  const shaped = status === 404
    ? problem(404, `There is no ${url.pathname}; /api/docs lists what there is`)
    : status === 405
    ? problem(405, `${url.pathname} does not take that method`)
    : status < 500
    ? problem(400, "The address cannot be read")
    : problem(500, "Something went wrong here; the log has more");
  for (const [name, value] of headers) if (!shaped.headers.has(name)) shaped.headers.set(name, value);
  const methods = methodsOf(url.pathname);
  if (status === 405 && methods.length > 0) shaped.headers.set("Allow", methods.join(", "));
  return shaped;
}
