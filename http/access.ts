/**
 * Who may come in, where a token is needed: two tokens, one for each role, and sessions for browsers.
 *
 * A session's cookie holds a random id and never the token; ids live in memory, so a restart signs everybody out.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { Attempts } from "./throttle.ts";

/** `reader` sees everything; `admin` also writes, and has packets sent (look-ups, echo requests). */
export type Role = "admin" | "reader";

/** Who asks. */
export interface Visitor {
  role: Role;
  /** Of a browser that signed in; null for programs, and where no token is needed. */
  session: string | null;
}

/** Everybody, where no token is needed: those on this machine. */
export const EVERYBODY: Visitor = { role: "admin", session: null };

/** What a token is worth: a role, nothing, or (for who was wrong too often) seconds to wait. */
export type Verdict = Role | null | { waitSeconds: number };

/** Sessions at once; then the one that was idle for longest ends. */
export const MAX_SESSIONS = 1000;
/** A session ends when nobody asked for so long ... */
export const IDLE_MS = 12 * 3_600_000;
/** ... and at the latest so long after its beginning. */
export const SESSION_MS = 7 * 24 * 3_600_000;
/** A link for one opening is good for so long. */
export const LINK_MS = 10 * 60_000;
const ID_BYTES = 32;

/** Counters since the start. */
export interface AccessCounters {
  sessions: number;
  signed_in: number;
  wrong_tokens: number;
  /** Tokens that were not looked at because there had been too many wrong ones. */
  slowed_down: number;
}

interface Session {
  role: Role;
  startedMs: number;
  lastMs: number;
}

export class Access {
  #tokens: { digest: Uint8Array; role: Role }[];
  #sessions = new Map<string, Session>();
  #attempts = new Attempts();
  #link: { digest: Uint8Array; untilMs: number } | null = null;
  #now: () => number;
  #counts = { signed_in: 0, wrong_tokens: 0, slowed_down: 0 };

  /** @param now Wall clock, ms. */
  constructor(tokens: Record<Role, string>, now: () => number = Date.now) {
    this.#tokens = (["admin", "reader"] as const).map((role) => ({ digest: digest(tokens[role]), role }));
    this.#now = now;
  }

  get counters(): AccessCounters {
    return { sessions: this.#sessions.size, ...this.#counts };
  }

  /** What `token` is worth when it comes from `client` (see `clientKey()`). */
  judge(token: string, client: string): Verdict {
    const waitSeconds = this.#attempts.wait(client, this.#now());
    if (waitSeconds > 0) {
      this.#counts.slowed_down++;
      return { waitSeconds };
    }
    const offered = digest(token);
    let role: Role | null = null;
    // All are compared, each in full: time tells neither which nor how much of it was right.
    for (const known of this.#tokens) if (timingSafeEqual(offered, known.digest)) role ??= known.role;
    if (role === null) {
      this.#counts.wrong_tokens++;
      this.#attempts.fail(client, this.#now());
    } else this.#attempts.succeed(client);
    return role;
  }

  /** Begins a session. @returns Its id, for the cookie. */
  signIn(role: Role): string {
    const now = this.#now();
    this.#forgetEnded(now);
    // Each use puts a session last, so the first is the one idle for longest.
    if (this.#sessions.size >= MAX_SESSIONS) this.#sessions.delete(this.#sessions.keys().next().value!);
    const id = randomBytes(ID_BYTES).toString("base64url");
    this.#sessions.set(id, { role, startedMs: now, lastMs: now });
    this.#counts.signed_in++;
    return id;
  }

  /** The visitor of a session; null when there is none, or it has ended. */
  session(id: string): Visitor | null {
    const session = this.#sessions.get(id);
    if (session === undefined) return null;
    this.#sessions.delete(id);
    const now = this.#now();
    if (hasEnded(session, now)) return null;
    session.lastMs = now;
    this.#sessions.set(id, session);
    return { role: session.role, session: id };
  }

  signOut(id: string): void {
    this.#sessions.delete(id);
  }

  /** A key that signs an admin in once, within `LINK_MS`: for the link that is printed or opened at the start. */
  createLink(): string {
    const key = randomBytes(ID_BYTES).toString("base64url");
    this.#link = { digest: digest(key), untilMs: this.#now() + LINK_MS };
    return key;
  }

  /** Takes the key of a link; it is worth nothing from then on. Slowed down as tokens are. */
  takeLink(key: string, client: string): Verdict {
    const waitSeconds = this.#attempts.wait(client, this.#now());
    if (waitSeconds > 0) return { waitSeconds };
    const link = this.#link;
    if (link !== null && this.#now() < link.untilMs && timingSafeEqual(digest(key), link.digest)) {
      this.#link = null;
      this.#attempts.succeed(client);
      return "admin";
    }
    this.#attempts.fail(client, this.#now());
    return null;
  }

  #forgetEnded(now: number): void {
    for (const [id, session] of this.#sessions) if (hasEnded(session, now)) this.#sessions.delete(id);
  }
}

function hasEnded({ startedMs, lastMs }: Session, now: number): boolean {
  return now - lastMs > IDLE_MS || now - startedMs > SESSION_MS;
}

/** Of one length, whatever was offered. */
function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

// ------------------------------------------------------------ of this server

let current: Access | null = null;
const visitors = new WeakMap<Request, Visitor>();

/** From now on every request needs a token; null for none. */
export function setAccess(access: Access | null): void {
  current = access;
}

/** Null where no token is needed. */
export function currentAccess(): Access | null {
  return current;
}

/** The guard says who makes a request. */
export function setVisitor(request: Request, visitor: Visitor): void {
  visitors.set(request, visitor);
}

/** Who the guard found to make a request; null for a stranger. */
export function knownVisitor(request: Request): Visitor | null {
  return visitors.get(request) ?? null;
}

/** Who makes a request; one the guard has not seen is nobody special. */
export function visitorOf(request: Request): Visitor {
  return visitors.get(request) ?? (current === null ? EVERYBODY : { role: "reader", session: null });
}
