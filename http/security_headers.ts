/** The headers that every answer carries, whoever made it. */
import { problem } from "./answers.ts";

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
  headers.set("Referrer-Policy", "no-referrer");
  headers.set("X-Frame-Options", "DENY");
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  headers.set("Permissions-Policy", "geolocation=(), camera=(), microphone=()");
  // Of localhost it would hold for whatever else is served there, on any port.
  if (tls && !/(?:^|\.)localhost$/.test(url.hostname)) {
    headers.set("Strict-Transport-Security", STRICT_TRANSPORT);
  }
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
  headers.set("Content-Security-Policy", policyFor(headers));
  const isApiError = url.pathname.startsWith("/api/") && answer.status >= 400 &&
    headers.get("Content-Type") !== "application/problem+json";
  return isApiError ? asProblem(url, answer) : answer;
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
  const shaped = answer.status === 404
    ? problem(404, `There is no ${url.pathname}; the README lists what there is`)
    : problem(500, "Something went wrong here; the log has more");
  for (const [name, value] of answer.headers) if (!shaped.headers.has(name)) shaped.headers.set(name, value);
  return shaped;
}
