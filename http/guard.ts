/**
 * The doorkeeper: who may ask at all, how much, and the headers that every answer carries.
 *
 * - Host must be an address, `localhost` or a name given with `--allow-host`: a name that a hostile page points at
 *   this machine (DNS rebinding) never is.
 * - Pages of other sites may link here and nothing else (Fetch Metadata); a request that writes must come from our own
 *   page (Origin), or from no page at all.
 * - Served beyond this machine, a token is needed: `Authorization: Bearer`, or the session that `/login` begins. The
 *   read-only one does not write.
 * - Addresses, headers and bodies have ceilings, and other machines a rate.
 */
import { parseAddress } from "../model/address.ts";
import type { DoorCounters } from "../model/door.ts";
import {
  type Access,
  currentAccess,
  EVERYBODY,
  knownVisitor,
  setVisitor,
  type Visitor,
  visitorOf,
} from "./access.ts";
import type { AccessLog } from "./access_log.ts";
import { problem } from "./answers.ts";
import { BodyError, readBody } from "./body.ts";
import { clientKey, isThisMachine } from "../model/client_address.ts";
import { safeNext } from "./next_page.ts";
import { withHeaders } from "./security_headers.ts";
import { sessionIdOf } from "./session_cookie.ts";
import { RateLimit } from "./throttle.ts";

/** Characters of a request's address, and of all its header fields together; hyper itself stops at 64 and 400 KiB. */
const MAX_URL = 8192;
const MAX_HEADERS = 64;
const MAX_HEADER_CHARACTERS = 16_384;
/**
 * Requests from one other machine: a dashboard with every page open makes about five a second. This machine is not
 * counted: who is on it has shorter ways to keep it busy, and a proxy on it speaks for many.
 */
const REQUESTS = { perSecond: 100, burst: 1000 };
/** Methods that routes may have. Fresh fails on any other, and a request with a body cannot be handed on as TRACE. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
/** What the login page needs before anybody is known; the files are the same in every installation. */
const PUBLIC = /^\/(?:login$|css\/[\w-]+\.css$|theme\.js$|favicon\.svg$)/;
/** Requests that carry a question in their body and write nothing. */
const READING_POSTS: ReadonlySet<string> = new Set(["/api/connections/filter", "/login", "/logout"]);

/** A server's answer to a request. */
export type Handler = (request: Request, info: Deno.ServeHandlerInfo) => Response | Promise<Response>;

export interface GuardOptions {
  /** Names that this machine is asked by, besides its addresses and `localhost`; lower case. */
  hosts?: readonly string[];
  /** Whether answers go out over TLS. */
  tls?: boolean;
  accessLog?: AccessLog | null;
  /** Wall clock of rates, ms. @default {Date.now} */
  now?: () => number;
}

const counts = { host: 0, foreign_page: 0, too_large: 0, too_many: 0, no_token: 0, role: 0, stale: 0 };

/** What was turned away, since the start. */
export function doorCounters(accessLog: AccessLog | null = null): DoorCounters {
  return {
    refused: { ...counts },
    access: currentAccess()?.counters ?? null,
    log_lines_lost: accessLog?.lost ?? null,
  };
}

/** Connections have been ended because they did nothing. */
export function countStale(connections: number): void {
  counts.stale += connections;
}

/**
 * `handler` behind the door. It stands outside of the app, so that what the app answers when a route is missing or
 * fails carries the headers too.
 */
export function guarded(handler: Handler, options: GuardOptions = {}): Handler {
  const hosts = new Set(options.hosts ?? []);
  const limit = new RateLimit(REQUESTS);
  const now = options.now ?? Date.now;

  const answer = async (request: Request, url: URL, info: Deno.ServeHandlerInfo): Promise<Response> => {
    const address = addressOf(info);
    const refused = refuseLarge(request) ?? refuseMethod(request) ?? refuseUnreadable(url) ??
      refuseHost(request, url, hosts) ??
      refuseRate(limit, address, now()) ??
      refuseForeignPage(request, url) ?? admit(request, url, address) ?? refuseRole(request, url);
    if (refused !== null) return refused;
    let whole: Request;
    try {
      whole = await readBody(request);
    } catch (error) {
      if (!(error instanceof BodyError)) throw error;
      counts.too_large++;
      return problem(error.status, error.message);
    }
    const visitor = knownVisitor(request);
    if (visitor !== null) setVisitor(whole, visitor);
    return await handler(whole, info);
  };

  return async (request, info) => {
    const startedMs = performance.now();
    const url = new URL(request.url);
    const answered = sized(request, withHeaders(url, await answer(request, url, info), options.tls ?? false));
    options.accessLog?.write({
      client: addressOf(info),
      role: knownVisitor(request)?.role ?? null,
      method: request.method,
      path: url.pathname,
      status: answered.status,
      ms: performance.now() - startedMs,
    });
    return answered;
  };
}

/** Whether a `Host` header names this machine by address, as `localhost`, or by one of the names in `hosts`. */
export function isOwnHost(host: string | null, hosts: ReadonlySet<string> = new Set()): boolean {
  if (host === null) return false;
  const name = host.replace(/:\d{1,5}$/, "").replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "").toLowerCase();
  return name === "localhost" || name.endsWith(".localhost") || parseAddress(name) !== null ||
    hosts.has(name);
}

/** Whether `name` can be one for `GuardOptions.hosts`: of letters, digits, hyphens and dots, without a port. */
export function isHostName(name: string): boolean {
  return name.length <= 253 && /^(?!-)[\w-]{1,63}(?:\.[\w-]{1,63})*$/.test(name);
}

function refuseLarge(request: Request): Response | null {
  if (request.url.length > MAX_URL) {
    counts.too_large++;
    return problem(414, `An address has at most ${MAX_URL} characters`);
  }
  let fields = 0;
  let characters = 0;
  for (const [name, value] of request.headers) {
    fields++;
    characters += name.length + value.length;
  }
  if (fields <= MAX_HEADERS && characters <= MAX_HEADER_CHARACTERS) return null;
  counts.too_large++;
  return problem(431, `At most ${MAX_HEADERS} header fields with ${MAX_HEADER_CHARACTERS} characters in all`);
}

/** 501 is for methods that the server knows nowhere; those that a route lacks are 405 (RFC 9110 §9.1). */
function refuseMethod({ method }: Request): Response | null {
  return METHODS.has(method) ? null : problem(501, `The method is not one of ${[...METHODS].join(", ")}`);
}

/** Routes decode their parts of a path, which Fresh does not guard: it would be our error, not the client's. */
function refuseUnreadable({ pathname }: URL): Response | null {
  try {
    decodeURIComponent(pathname);
    return null;
  } catch {
    return problem(400, "The path holds an escape that stands for nothing");
  }
}

function refuseHost(request: Request, url: URL, hosts: ReadonlySet<string>): Response | null {
  // HTTP/2 has the name in the address alone, HTTP/1.1 may have one there too: neither may be another's.
  if (isOwnHost(request.headers.get("host") ?? url.host, hosts) && isOwnHost(url.host, hosts)) return null;
  counts.host++;
  return problem(
    421,
    "Ask by address or as localhost: this Host is not served, so that no other site's name leads here; " +
      "a name of this machine is allowed with --allow-host",
  );
}

function refuseRate(limit: RateLimit, address: string, nowMs: number): Response | null {
  if (isThisMachine(address)) return null;
  const waitSeconds = limit.take(clientKey(address), nowMs);
  if (waitSeconds === 0) return null;
  counts.too_many++;
  return retryLater(`More than ${REQUESTS.perSecond} requests a second from one address`, waitSeconds);
}

/**
 * Pages of other sites may link to our pages. They may not embed them, nor ask the API behind the reader's back: an
 * answer they cannot read would still cost us, and what is slow or large would tell them something.
 */
function refuseForeignPage(request: Request, url: URL): Response | null {
  const { headers } = request;
  const writes = isWriting(request);
  const site = headers.get("sec-fetch-site") ?? "none";
  const isOwn = site === "none" || site === "same-origin";
  const isLink = !writes && headers.get("sec-fetch-mode") === "navigate" &&
    headers.get("sec-fetch-dest") === "document";
  if (!isOwn && !isLink) {
    counts.foreign_page++;
    return problem(403, `Another site's page may link to ${url.pathname}, but not ask it`);
  }
  const origin = headers.get("origin");
  if (!writes || origin === null) return null;
  if (URL.canParse(origin) && new URL(origin).host === (headers.get("host") ?? url.host)) return null;
  counts.foreign_page++;
  return problem(403, "Writing needs our own page as Origin");
}

/** Finds out who it is. @returns The answer to strangers. */
function admit(request: Request, url: URL, address: string): Response | null {
  const access = currentAccess();
  if (access === null) {
    setVisitor(request, EVERYBODY);
    return refuseProxied(request);
  }
  const bearer = /^Bearer +(.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  const known = bearer === undefined ? ofSession(access, request) : ofToken(access, bearer, address);
  if (known instanceof Response) return PUBLIC.test(url.pathname) ? null : known;
  if (known !== null) {
    setVisitor(request, known);
    if (known.session === null || !isWriting(request) || request.headers.has("origin")) return null;
    // Browsers always say where a write comes from; where they do not, the cookie alone is not enough.
    counts.foreign_page++;
    return problem(403, "Writing with a session needs an Origin; programs send Authorization: Bearer");
  }
  if (PUBLIC.test(url.pathname) || url.pathname === "/logout") return null;
  counts.no_token++;
  return isPage(request, url) ? toLogin(url) : unauthorized();
}

/** Through a proxy everybody comes from this machine, so what lets only those on it in would let in all. */
function refuseProxied({ headers }: Request): Response | null {
  const sign = ["x-forwarded-for", "forwarded", "x-real-ip", "via"].find((name) => headers.has(name));
  if (sign === undefined) return null;
  counts.no_token++;
  return problem(403, `A proxy asks (${sign}), and no token is set: start with --allow-host NAME`);
}

function ofSession(access: Access, request: Request): Visitor | null {
  const id = sessionIdOf(request.headers);
  return id === null ? null : access.session(id);
}

function ofToken(access: Access, token: string, address: string): Visitor | Response {
  const verdict = access.judge(token, clientKey(address));
  if (typeof verdict === "string") return { role: verdict, session: null };
  if (verdict === null) {
    counts.no_token++;
    return unauthorized("This token is not the right one", 'Bearer realm="Netpane", error="invalid_token"');
  }
  counts.too_many++;
  return retryLater("Too many wrong tokens", verdict.waitSeconds);
}

function refuseRole(request: Request, url: URL): Response | null {
  if (!isWriting(request) || READING_POSTS.has(url.pathname)) return null;
  if (currentAccess() === null || visitorOf(request).role === "admin") return null;
  counts.role++;
  return problem(403, "The read-only token does not write: this needs the admin token");
}

function isWriting(request: Request): boolean {
  return request.method !== "GET" && request.method !== "HEAD";
}

/** Whether a person waits for a page, who can be asked to sign in. */
function isPage(request: Request, url: URL): boolean {
  return !isWriting(request) && !url.pathname.startsWith("/api/") &&
    (request.headers.get("accept") ?? "").includes("text/html");
}

function toLogin(url: URL): Response {
  const next = safeNext(url.pathname + url.search);
  const location = next === "/" ? "/login" : `/login?next=${encodeURIComponent(next)}`;
  return new Response(null, { status: 303, headers: { Location: location } });
}

function unauthorized(
  detail = "A token is needed: sign in at /login, or send Authorization: Bearer",
  challenge = 'Bearer realm="Netpane"',
): Response {
  const refused = problem(401, detail);
  refused.headers.set("WWW-Authenticate", challenge);
  return refused;
}

function retryLater(detail: string, waitSeconds: number): Response {
  const refused = problem(429, detail);
  refused.headers.set("Retry-After", String(waitSeconds));
  return refused;
}

function addressOf({ remoteAddr }: Deno.ServeHandlerInfo): string {
  return "hostname" in remoteAddr ? remoteAddr.hostname : "";
}

/**
 * An answer to HEAD without a body would be sent with a length of 0, where that of GET belongs or none: RFC 9110 §8.6.
 */
function sized(request: Request, answer: Response): Response {
  const mayHaveBody = answer.status >= 200 && ![204, 205, 304].includes(answer.status);
  if (request.method !== "HEAD" || answer.body !== null || !mayHaveBody) return answer;
  if (answer.headers.has("content-length")) return answer;
  return new Response(new ReadableStream({ start: (body) => body.close() }), answer);
}
