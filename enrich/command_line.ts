/**
 * Command lines without the secrets that people type into them.
 *
 * Anyone on the machine can read arguments, but a dashboard shows them to more people and keeps them longer. The
 * shape decides: names that speak of secrets, credentials in URLs and headers, options of well-known programs,
 * and the shapes of well-known tokens. What looks innocent is left: this lowers the risk, it cannot end it.
 */

import { passesLuhn } from "../model/luhn.ts";

/** Longest command line told, in characters. */
export const MAX_COMMAND_LINE = 1_024;
/** Arguments looked at; more cannot be seen in 1,024 characters anyway. */
const MAX_ARGUMENTS = 512;
/** Characters of one argument looked at, so that no pattern meets a megabyte. */
const MAX_ARGUMENT = 4_096;

/** What stands in a secret's place. */
export const MASK = "***";

/**
 * Names whose value is a secret; words are parted by "-", "_" or ".". `key` alone is too common: only with what kind
 * of key. `pass` needs a beginning, or "compass" had one.
 */
const SECRET_NAME = new RegExp(
  [
    "password|passwd|passphrase|passcode|secret|token|credential|bearer|cookie|apikey",
    "(?:^|[-_.]|db|user|root|admin|key|store)pass(?:es)?$",
    "(?:^|[-_.])(?:pw|psk|otp|pin|auth|authorization|jwt|dsn|signature)$",
    "pwd$",
    "(?:api|access|auth|private|encryption|signing|session|account|shared|master|license|subscription)[-_.]?key$",
    "connection[-_.]?string$",
    "(?:card|pan|cc)[-_.]?(?:number|num|no|nr)$|(?:^|[-_.])(?:cvv|cvc|cvn|csc)2?$",
  ].join("|"),
  "i",
);
/** Names that match the above and say where a secret lies or whether there is one, not what it is. */
const HARMLESS_NAME =
  /(?:file|path|dir|url|uri|endpoint|type|name|id|ttl|expiry|expires|timeout|length|len|size|count|policy|prompt|stdin|helper|manager|store|provider|class|jar|hash-algo|limit)s?$/i;
/** Options that speak of secrets and take no value: `--no-password`. */
const FLAG_NAME = /^(?:no|without|disable|enable|skip|use|with|allow|require|ask|prompt)[-_]/i;

/** Programs whose short options carry a password: attached (`-pXXX`), or in the next argument (`-p XXX`). */
const PASSWORD_OPTIONS: Record<string, { attached?: string[]; next?: string[] }> = {
  mysql: { attached: ["-p"] },
  mysqldump: { attached: ["-p"] },
  mysqladmin: { attached: ["-p"] },
  mysqlimport: { attached: ["-p"] },
  mysqlshow: { attached: ["-p"] },
  mysqlcheck: { attached: ["-p"] },
  mysqlslap: { attached: ["-p"] },
  mariadb: { attached: ["-p"] },
  "mariadb-dump": { attached: ["-p"] },
  "mariadb-admin": { attached: ["-p"] },
  mytop: { attached: ["-p"], next: ["-p"] },
  mongo: { attached: ["-p"], next: ["-p"] },
  mongosh: { attached: ["-p"], next: ["-p"] },
  mongodump: { attached: ["-p"], next: ["-p"] },
  mongorestore: { attached: ["-p"], next: ["-p"] },
  "redis-cli": { attached: ["-a"], next: ["-a"] },
  sshpass: { attached: ["-p"], next: ["-p"] },
  curl: { attached: ["-u", "-U"], next: ["-u", "-U", "--user", "--proxy-user"] },
  ldapsearch: { attached: ["-w"], next: ["-w"] },
  ldapmodify: { attached: ["-w"], next: ["-w"] },
  ldapadd: { attached: ["-w"], next: ["-w"] },
  ldappasswd: { attached: ["-w", "-s", "-a"], next: ["-w", "-s", "-a"] },
  sqlcmd: { attached: ["-P"], next: ["-P"] },
  bcp: { attached: ["-P"], next: ["-P"] },
  isql: { attached: ["-P"], next: ["-P"] },
  tsql: { attached: ["-P"], next: ["-P"] },
  rdesktop: { attached: ["-p"], next: ["-p"] },
  smbclient: { attached: ["-U"], next: ["-U"] },
  rpcclient: { attached: ["-U"], next: ["-U"] },
  net: { attached: ["-U"], next: ["-U"] },
  hydra: { attached: ["-p"], next: ["-p"] },
  snmpwalk: { attached: ["-c", "-A", "-X"], next: ["-c", "-A", "-X"] },
  snmpget: { attached: ["-c", "-A", "-X"], next: ["-c", "-A", "-X"] },
  ipmitool: { attached: ["-P"], next: ["-P"] },
  mosquitto_pub: { next: ["-P"] },
  mosquitto_sub: { next: ["-P"] },
  openssl: { next: ["-passin", "-passout", "-k", "-K", "-pass"] },
  zip: { attached: ["-P"], next: ["-P"] },
  unzip: { attached: ["-P"], next: ["-P"] },
  "7z": { attached: ["-p"] },
  "7za": { attached: ["-p"] },
};

/** `scheme://user:password@host`: everything between the first colon and the last @ of the authority. */
const URL_CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/[^\s/?#:@'"]*):([^\s/?#'"]*)@/gi;
/** A token alone as user: `https://ghp_…@github.com`. */
const URL_TOKEN = /([a-z][a-z0-9+.-]*:\/\/)([^\s/?#:@'"]{20,})@/gi;
/** `name=value` and `name: value` anywhere: environment, queries, JSON, libpq strings. */
const NAMED_VALUE = /(["']?)([A-Za-z_][\w.-]*)\1(\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s&;,'"}]+)/g;
/** HTTP authorization, whatever option it hangs on: RFC 9110 §11.6.2. */
const AUTHORIZATION =
  /\b(authorization\s*[:=]\s*)(?:(basic|bearer|digest|token|negotiate|aws4-hmac-sha256)\s+)?[^\r\n"']+/gi;
const BEARER = /\b(bearer|basic)(\s+)[A-Za-z0-9+/_.~=-]{8,}/gi;
const COOKIE = /\b((?:set-)?cookie\s*:\s*)[^\r\n"']+/gi;
/** What may be a card number: 13 to 19 digits, with one separator between any two, plain or percent-encoded. */
const CARD_DIGITS = /(?<![0-9A-Za-z_.])[2-6](?:(?:[ +-]|%20|%2[Dd])?\d){12,18}(?![0-9A-Za-z_])/g;
/** Tokens that can be told by their shape, as their makers document them. */
const TOKEN_SHAPES: readonly RegExp[] = [
  /\b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{20,}/g, // GitHub
  /\bgithub_pat_[A-Za-z0-9_]{20,}/g,
  /\bglpat-[A-Za-z0-9_-]{16,}/g, // GitLab
  /\bxox[abeprs]-[A-Za-z0-9-]{10,}/g, // Slack
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, // AWS access key id
  /\bsk[-_](?:live|test|ant|proj)[-_][A-Za-z0-9_-]{10,}/g, // Stripe and others
  /\bsk-[A-Za-z0-9]{20,}/g,
  /\bAIza[A-Za-z0-9_-]{30,}/g, // Google
  /\bnpm_[A-Za-z0-9]{30,}/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g, // JSON Web Token, RFC 7519
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*/g,
];

/**
 * Arguments joined by blanks, secrets replaced by `***`, control characters by blanks, cut at 1,024 characters.
 *
 * @param args As in /proc/PID/cmdline; the first is the program.
 */
export function maskCommandLine(args: readonly string[]): string {
  const program = programName(args[0] ?? "");
  const options = Object.hasOwn(PASSWORD_OPTIONS, program) ? PASSWORD_OPTIONS[program] : undefined;
  const out: string[] = [];
  let length = 0;
  let secretNext = false;
  for (let i = 0; i < args.length && i < MAX_ARGUMENTS && length <= MAX_COMMAND_LINE; i++) {
    const argument = args[i].slice(0, MAX_ARGUMENT);
    let text: string;
    if (secretNext && i > 0) {
      text = maskCredential(argument);
      secretNext = false;
    } else if (i === 0) {
      text = maskText(argument); // some programs write their whole title here
    } else {
      const attached = options?.attached?.find((option) =>
        argument.startsWith(option) && argument.length > option.length && !argument.startsWith("--")
      );
      if (attached !== undefined) text = attached + maskCredential(argument.slice(attached.length));
      else {
        text = maskText(argument);
        secretNext = (options?.next?.includes(argument) ?? false) || isSecretOption(argument);
      }
    }
    out.push(text);
    length += text.length + 1;
  }
  // deno-lint-ignore no-control-regex -- that is what is looked for
  return out.join(" ").replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").replace(CARD_DIGITS, maskCard)
    .slice(0, MAX_COMMAND_LINE);
}

/** A card number keeps its last four digits. */
function maskCard(text: string): string {
  const digits = text.replaceAll(/%2./g, "").replaceAll(/\D/g, "");
  return passesLuhn(Uint8Array.from(digits, Number), digits.length) ? `${MASK}${digits.slice(-4)}` : text;
}

/** Masks what is secret inside one piece of text. */
export function maskText(text: string): string {
  let masked = text.replace(CARD_DIGITS, maskCard);
  for (const shape of TOKEN_SHAPES) masked = masked.replace(shape, MASK);
  masked = masked.replace(
    AUTHORIZATION,
    (_, name: string, scheme?: string) => `${name}${scheme === undefined ? "" : `${scheme} `}${MASK}`,
  );
  masked = masked.replace(COOKIE, `$1${MASK}`);
  masked = masked.replace(BEARER, `$1$2${MASK}`);
  masked = masked.replace(URL_CREDENTIALS, `$1:${MASK}@`);
  masked = masked.replace(URL_TOKEN, `$1${MASK}@`);
  const before = masked;
  return before.replace(NAMED_VALUE, (whole, quote: string, name: string, between: string, _, at: number) => {
    const isDone = before.startsWith(` ${MASK}`, at + whole.length); // "authorization: Basic ***"
    return isSecretName(name) && !isDone ? `${quote}${name}${quote}${between}${MASK}` : whole;
  });
}

/** `user:password` keeps its user. */
function maskCredential(text: string): string {
  const colon = text.search(/[:%]/);
  return colon > 0 ? `${text.slice(0, colon + 1)}${MASK}` : MASK;
}

/** `--password`, `-password`, `/password`: its value is the next argument. */
function isSecretOption(argument: string): boolean {
  const option = /^(?:--?|\/)([A-Za-z][\w.-]*)$/.exec(argument);
  // One letter says nothing: those that do are listed by program.
  return option !== null && option[1].length > 1 && isSecretName(option[1]) &&
    !FLAG_NAME.test(option[1]);
}

function isSecretName(name: string): boolean {
  const parted = name.replace(/([a-z0-9])([A-Z])/g, "$1_$2"); // dbPass is db_Pass
  return SECRET_NAME.test(parted) && !HARMLESS_NAME.test(parted);
}

function programName(argument: string): string {
  return argument.slice(argument.lastIndexOf("/") + 1).replace(/^-/, "");
}
