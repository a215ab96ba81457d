/**
 * What an HTTP request with its answer says about a login: nothing, that it failed, or that it succeeded.
 *
 * The inspector tells that a request gave a password (`netpane.http.credentials`); how the answer looks is judged here,
 * as web applications have no common word for "no".
 */
import type { Observation } from "../model/observation.ts";

/** Where applications take passwords, for bodies that could not be read (packed, cut short, of no form's type). */
const LOGIN_PATH =
  /(?:^|[/_.-])(?:log[_-]?in|log[_-]?on|sign[_-]?in|auth(?:enticate)?|sessions?|wp-login\.php|xmlrpc\.php|j_security_check|token)(?:$|[/?._-])/i;
/** Where applications send back whom they do not let in. */
const BACK = /log[_-]?[io]n|sign[_-]?in|error|fail|denied|invalid|incorrect/i;
const MAX_PATH_CHARS = 120;

export interface HttpLogin {
  outcome: "failed" | "succeeded";
  path: string;
  /** Bytes of a page that was shown instead of a clear answer; -1 where the answer was clear, or has no length. */
  pageBytes: number;
}

export function httpLogin(observation: Observation): HttpLogin | null {
  const http = observation.fields.http as {
    http_method?: string;
    url?: string;
    status?: number;
    redirect?: string;
    length?: number;
    http_content_type?: string;
  };
  const told = observation.fields.netpane as { http?: { credentials?: string } } | undefined;
  const given = told?.http?.credentials ?? "";
  const { status = 0, url = "" } = http;
  // Read, and no password in it: a client whose token ran out, or that waits to be admitted (RFC 8628 §3.5).
  if (given === "none") return null;
  if (given === "bearer" || (given === "" && http.http_method !== "POST") || status === 0) return null;
  const question = url.indexOf("?");
  const path = (question < 0 ? url : url.slice(0, question)).slice(0, MAX_PATH_CHARS);
  if (given === "" && !LOGIN_PATH.test(path)) return null;
  const login = (outcome: HttpLogin["outcome"], pageBytes = -1): HttpLogin => ({ outcome, path, pageBytes });
  // Too many, locked, not allowed, unknown.
  if (status === 401 || status === 403 || status === 407 || status === 423 || status === 429) {
    return login("failed");
  }
  const isHeader = given === "basic" || given === "digest";
  if (isHeader) return status < 400 ? login("succeeded") : null;
  if (status === 400 || status === 422) return login("failed");
  if (status >= 300 && status < 400 && status !== 304) {
    const to = (http.redirect ?? "").replace(/^https?:\/\/[^/]*/i, "");
    return login(to.startsWith(path) || BACK.test(to) ? "failed" : "succeeded");
  }
  if (status < 200 || status >= 300) return null;
  // A page in answer to a password is the form again, as a rule; programs that are let in get data.
  if (given === "" || !/html/i.test(http.http_content_type ?? "")) return login("succeeded");
  return login("failed", http.length ?? -1);
}
