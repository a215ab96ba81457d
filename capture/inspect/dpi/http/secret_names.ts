/** Names of form fields and parameters that hold a password, or the user's name beside it. */

/** Longer names are some text, and not a field's. */
const MAX_NAME_CHARS = 64;

/** A field's name without case, signs and percent-encoding: `user%5BPassword%5D` is `userpassword`. */
export function plainName(name: string): string {
  if (name.length > MAX_NAME_CHARS) name = name.slice(-MAX_NAME_CHARS);
  if (/^[a-z0-9]*$/.test(name)) return name;
  if (name.includes("%")) {
    name = name.replaceAll(/%([0-9a-f]{2})/gi, (_, code) => String.fromCharCode(parseInt(code, 16)));
  }
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

/** Whether names in `text` may hold a password or a token: nearly all text is ruled out by this alone. */
export function mayNameSecret(text: string): boolean {
  return /pass|pw|psw|pswd|kennwort|contrasena|senha|mdp|token|secret|key|jwt|%[4-7]/i.test(text);
}

const PASSWORD_ENDS =
  /(password|passwd|passwort|passphrase|passcode|passwrd|pswd|pwd|motdepasse|contrasena|senha)\d?$/;
const PASSWORD_NAMES = new Set([
  "pass",
  "pw",
  "psw",
  "userpass",
  "loginpass",
  "userpw",
  "passw",
  "mdp",
  "kennwort",
]);
const USER_ENDS = /(user|username|userid|login|loginid|loginname|email|emailaddress|nickname)$/;
const USER_NAMES = new Set([
  "usr",
  "uname",
  "uid",
  "mail",
  "log",
  "account",
  "accountname",
  "name",
  "id",
  "benutzer",
]);

/** Whether a field of that name holds a password. @param plain As `plainName` gives it. */
export function isPasswordName(plain: string): boolean {
  return PASSWORD_NAMES.has(plain) || PASSWORD_ENDS.test(plain);
}

/** Whether text of `name=value&…` or JSON has a field for a password, whatever is in it: a number, nothing, a switch. */
export function namesPassword(text: string): boolean {
  if (!mayNameSecret(text)) return false;
  for (const [, name] of text.matchAll(FIELD_NAME)) if (isPasswordName(plainName(name))) return true;
  return false;
}

const FIELD_NAME = /(?:^|[&;"])([^"&;=:]{1,64})(?:=|"\s{0,8}:)/g;

/** How surely a field of that name holds the user's name: 2, 1 perhaps, 0 no. @param plain As `plainName` gives it. */
export function userNameRank(plain: string): number {
  return USER_ENDS.test(plain) ? 2 : USER_NAMES.has(plain) ? 1 : 0;
}

/** Whether a value can be a password: `forgot_password=1` is a switch. */
export function isPasswordValue(value: string): boolean {
  return value.length > 1 && !/^(true|false|on|off|yes|no|null|undefined)$/i.test(value);
}
