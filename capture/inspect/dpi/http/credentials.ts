/**
 * Whether a head or a form carries a password, how long the user's name is, and whether the password is another than
 * before. Nothing else of it is given away.
 */
import type { FlowHandle } from "../contract.ts";
import type { Head } from "./head.ts";
import { isPasswordName, isPasswordValue, mayNameSecret, plainName, userNameRank } from "./secret_names.ts";

export interface Credentials {
  /** `basic`, `digest`, `bearer` or `form`. */
  kind: string;
  /** Characters of the user name; 0 where there is none. */
  userLength: number;
  /** Of a form, for `FlowHandle.isOtherSecret` alone. */
  user?: string;
  secret?: string;
}

/**
 * Credentials in the value of `Authorization` or `Proxy-Authorization`, RFC 7617, 7616 and 6750; null where there
 * are none that a listener could use (Negotiate, NTLM) or where they are malformed.
 */
export function readAuthorization(value: string): Credentials | null {
  const blank = value.search(/[ \t]/);
  if (blank < 0) return null;
  const rest = value.slice(blank).trim();
  switch (value.slice(0, blank).toLowerCase()) {
    case "basic": {
      const pair = decodeBase64(rest);
      const colon = pair.indexOf(":");
      return colon < 0 ? null : { kind: "basic", userLength: colon };
    }
    case "digest": {
      const user = /(?:^|[\s,])username\*?\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/i.exec(rest);
      return user === null ? null : { kind: "digest", userLength: (user[1] ?? user[2]).length };
    }
    // Whoever reads a bearer token can use it just like a password.
    case "bearer":
      return rest === "" ? null : { kind: "bearer", userLength: 0 };
    default:
      return null;
  }
}

/** Tells of the credentials in a request's head: its fields and its query. */
export function tellCredentials(flow: FlowHandle, direction: number, head: Head): void {
  const query = head.target.indexOf("?");
  for (
    const found of [
      head.authorization === "" ? null : readAuthorization(head.authorization),
      head.proxyAuthorization === "" ? null : readAuthorization(head.proxyAuthorization),
      query < 0 ? null : readUrlEncoded(head.target.slice(query + 1)),
    ]
  ) {
    if (found !== null) giveAway(flow, direction, head, found);
  }
}

/** Where a request takes what is known of its credentials. */
export type Giver = Pick<Head, "host" | "target" | "credentials" | "hasNoSecret" | "hasOtherSecret">;

/** Notes in the head that it gives credentials, and raises an alert. */
export function giveAway(flow: FlowHandle, direction: number, head: Giver, found: Credentials): void {
  const { kind, userLength, user = "", secret = "" } = found;
  head.credentials ||= kind;
  if (user !== "" && secret !== "") {
    const question = head.target.indexOf("?");
    const path = question < 0 ? head.target : head.target.slice(0, question);
    if (flow.isOtherSecret(`${head.host} ${path} ${user}`, secret)) head.hasOtherSecret = true;
  }
  flow.credentials(direction, kind, userLength);
}

function decodeBase64(text: string): string {
  try {
    return atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return "";
  }
}

/** Collects the fields of one form until it is known whether it logs somebody in. */
export class LoginForm {
  /** A field for one, whatever is in it. */
  hasPassword = false;
  #password = "";
  #isCode = false;
  #userRank = 0;
  #user = "";

  /** @param value Decoded; only its length and whether it is a mere switch count. */
  field(name: string, value: string): void {
    const plain = plainName(name);
    if (isPasswordName(plain)) {
      this.hasPassword = true;
      if (this.#password === "" && isPasswordValue(value)) {
        this.#password = value;
        // Codes for one use are others each time.
        this.#isCode = plain.includes("code");
      }
      return;
    }
    const rank = value === "" ? 0 : userNameRank(plain);
    if (rank <= this.#userRank) return;
    this.#userRank = rank;
    this.#user = value;
  }

  /** Null where no password was among the fields. */
  get credentials(): Credentials | null {
    if (this.#password === "") return null;
    return {
      kind: "form",
      userLength: this.#user.length,
      user: this.#user,
      secret: this.#isCode ? "" : this.#password,
    };
  }
}

/** Credentials among `name=value&…` (a query string or a form's body). */
export function readUrlEncoded(text: string): Credentials | null {
  if (!text.includes("=") || !mayNameSecret(text)) return null;
  const form = new LoginForm();
  for (const pair of text.split(/[&;]/)) {
    const equals = pair.indexOf("=");
    if (equals > 0) form.field(pair.slice(0, equals), unescapePercent(pair.slice(equals + 1)));
  }
  return form.credentials;
}

function unescapePercent(value: string): string {
  return value.replaceAll(/%[0-9a-f]{2}/gi, "?").trim();
}

/** Credentials among the string members of JSON text, which may be cut short. Numbers do not count. */
export function readJson(text: string): Credentials | null {
  if (!mayNameSecret(text)) return null;
  const form = new LoginForm();
  for (const [, name, value] of text.matchAll(JSON_MEMBER)) form.field(name, value);
  return form.credentials;
}

const JSON_MEMBER = /"([^"\\]{1,64})"\s{0,8}:\s{0,8}"((?:[^"\\]|\\.){0,1024})"/g;
