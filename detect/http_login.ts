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
/** Where programs fetch and renew tokens by themselves. */
const TOKEN_PATH = /token|refresh|oauth|device/i;
/** Where applications send back whom they do not let in. */
const BACK = /log[_-]?[io]n|sign[_-]?in|error|fail|denied|invalid|incorrect/i;
const MAX_PATH_CHARS = 120;
/** Pages in answer to a form are alike within a tenth, or this many bytes (names, tokens, times in them). */
const ALIKE_PAGE_BYTES = 128;
/** Data in answer to a password: a time, a number of tries left. A session's token has more (128 bits in base64: 22). */
const ALIKE_DATA_BYTES = 16;

export interface HttpLogin {
  outcome: "failed" | "succeeded";
  path: string;
  /** Bytes of what was answered instead of a clear yes or no; -1 where it was clear, or has no length. */
  pageBytes: number;
  /** What is shorter or longer by more than this is another answer. */
  alikeBytes: number;
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
  const told = observation.fields.netpane as { http?: Told } | undefined;
  const { credentials: given = "", credentials_changed: isOther, sets_cookie: setsCookie } = told?.http ?? {};
  const { request_length: bodyBytes = 0 } = told?.http ?? {};
  const { status = 0, url = "" } = http;
  const isUnknown = given === "" || given === "none";
  if (given === "bearer" || (isUnknown && http.http_method !== "POST") || status === 0) return null;
  const question = url.indexOf("?");
  const path = (question < 0 ? url : url.slice(0, question)).slice(0, MAX_PATH_CHARS);
  if (isUnknown && !LOGIN_PATH.test(path)) return null;
  // Read, and no field of a password's name in it: a client whose token ran out, or that waits to be admitted (RFC 8628
  // §3.5), or one that is only now told how to log in (RFC 4559 §4). It may be of a name that nobody knows, so a plain
  // refusal still counts where no tokens are dealt out.
  if (given === "none" && (bodyBytes === 0 || !isRefusal(status) || TOKEN_PATH.test(path))) return null;
  const login = (outcome: HttpLogin["outcome"], pageBytes = -1, alikeBytes = 0): HttpLogin => ({
    outcome,
    path,
    pageBytes,
    alikeBytes,
  });
  if (isRefusal(status)) return login("failed");
  const isHeader = given === "basic" || given === "digest";
  if (isHeader) return status < 400 ? login("succeeded") : null;
  if (status === 400 || status === 422) return login("failed");
  if (status >= 300 && status < 400 && status !== 304) {
    const to = (http.redirect ?? "").replace(/^https?:\/\/[^/]*/i, "");
    return login(to.startsWith(path) || BACK.test(to) ? "failed" : "succeeded");
  }
  if (status < 200 || status >= 300) return null;
  if (isUnknown) return login("succeeded");
  // A page in answer to a password is the form again, as a rule.
  const { length = -1 } = http;
  if (/html/i.test(http.http_content_type ?? "")) {
    return login("failed", length, Math.max(ALIKE_PAGE_BYTES, length / 10));
  }
  // Programs that are let in get data, and so do those that are not. An account has one password, so of different
  // ones one is right at most; it brings a cookie, or another answer than the others.
  return isOther && !setsCookie && length >= 0
    ? login("failed", length, ALIKE_DATA_BYTES)
    : login("succeeded");
}

/** Unknown, not allowed, locked, too many. */
function isRefusal(status: number): boolean {
  return status === 401 || status === 403 || status === 407 || status === 423 || status === 429;
}

/** What the inspector says of a transaction beyond EVE. */
interface Told {
  credentials?: string;
  credentials_changed?: boolean;
  sets_cookie?: boolean;
  request_length?: number;
}
