/**
 * Fingerprints of TLS programs: the way a client says hello tells what it is, whatever it says it is.
 *
 * JA3 and JA3S after salesforce/ja3 (BSD 3-Clause). JA4 is the TLS client fingerprint of FoxIO-LLC/ja4, which is
 * BSD 3-Clause; the other members of that family are licensed otherwise and are not computed here.
 */
import { latin1 } from "../../../../model/latin1.ts";
import { Memo } from "../../../../model/memo.ts";
import { md5OfText } from "../../../../model/crypto/md5.ts";
import { sha256OfText } from "../../../../model/crypto/sha256.ts";
import { type ClientHello, highestOffered } from "./client_hello.ts";
import { Extension, isGrease } from "./registry.ts";
import type { ServerHello } from "./server_hello.ts";

/** As EVE has it: `hash` is the MD5 of `string`. */
export interface Ja3 {
  hash: string;
  string: string;
}

/** How the hello was carried, as JA4 writes it. */
export type Ja4Transport = "t" | "d" | "q";

/** Longest JA3 string that is shown; the hash is of the whole one. */
const MAX_JA3_STRING = 4096;

/** Hashes of texts seen: the lists of one program are the same in most of its hellos. Each text some 300 bytes. */
const MAX_HASHES = 1024;
const md5s = new Memo<string>(MAX_HASHES);
const sha256s = new Memo<string>(MAX_HASHES);

/** JA3: version, ciphers, extensions, groups and point formats in the order sent, without GREASE. */
export function ja3(hello: ClientHello): Ja3 {
  let at = putNumber(0, hello.version);
  at = putMeant(at, hello.ciphers);
  at = putMeant(at, hello.extensions);
  at = putMeant(at, hello.groups);
  line[at++] = COMMA;
  const { pointFormats } = hello;
  for (let i = 0; i < pointFormats.length; i++) {
    if (i > 0) line[at++] = DASH;
    at = putNumber(at, pointFormats[i]);
  }
  const text = latin1(line, 0, at);
  return { hash: hashOf(text), string: text.slice(0, MAX_JA3_STRING) };
}

/** JA3S: version, cipher and extensions of the server's answer. */
export function ja3s(hello: ServerHello): Ja3 {
  const text = `${hello.legacyVersion},${hello.cipher},${hello.extensions.join("-")}`;
  return { hash: hashOf(text), string: text.slice(0, MAX_JA3_STRING) };
}

function hashOf(text: string): string {
  return text.length > MAX_JA3_STRING ? md5OfText(text) : md5s.get(text, md5OfText);
}

/** JA4, as `t13d1516h2_8daaf6152771_e5627efa2ab1`. */
export function ja4(hello: ClientHello, transport: Ja4Transport): string {
  const extensions = countMeant(hello.extensions);
  const named = hello.extensions.includes(Extension.serverName);
  const head = transport + ja4Version(highestOffered(hello)) + (named ? "d" : "i") +
    count(countMeant(hello.ciphers)) + count(extensions) + ja4Alpn(hello.alpns[0] ?? "");
  const ciphers = shortHash(latin1(line, 0, putSorted(0, hello.ciphers, false)));
  if (extensions === 0) return `${head}_${ciphers}_${NONE}`;

  let at = putSorted(0, hello.extensions, true);
  if (countMeant(hello.signatureAlgorithms) > 0) {
    line[at++] = UNDERSCORE;
    at = putHex(at, sorted, takeMeant(hello.signatureAlgorithms, false));
  }
  return `${head}_${ciphers}_${shortHash(latin1(line, 0, at))}`;
}

const NONE = "000000000000";

const JA4_VERSIONS: Record<number, string> = {
  0x0002: "s2",
  0x0300: "s3",
  0x0301: "10",
  0x0302: "11",
  0x0303: "12",
  0x0304: "13",
  0xfeff: "d1",
  0xfefd: "d2",
  0xfefc: "d3",
};

function ja4Version(version: number): string {
  return JA4_VERSIONS[version] ?? "00";
}

/** First and last character of the first ALPN name; of its hex form where one of them is no letter or digit. */
function ja4Alpn(name: string): string {
  if (name === "") return "00";
  const first = name.charCodeAt(0);
  const last = name.charCodeAt(name.length - 1);
  if (isAlphanumeric(first) && isAlphanumeric(last)) return name[0] + name[name.length - 1];
  return (first >> 4).toString(16) + (last & 15).toString(16);
}

function isAlphanumeric(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

/** Two digits, 99 at most. */
function count(n: number): string {
  return String(Math.min(n, 99)).padStart(2, "0");
}

// ------------------------------------------------------------ lists as text

/** Entries of a list, `MAX_ENTRIES` of `client_hello.ts`. */
const MAX_ENTRIES = 1024;
/** The text at hand: three lists of five digits and a dash, 255 point formats. Put together as bytes, and made text once. */
const line = new Uint8Array(3 * 6 * MAX_ENTRIES + 4 * 256 + 16);
/** The list at hand without GREASE. */
const sorted = new Uint16Array(MAX_ENTRIES);
/** Up to here sorting by insertion is quicker than a call into the engine; beyond it would take too long. */
const MAX_INSERTED = 64;

const COMMA = 0x2c;
const DASH = 0x2d;
const UNDERSCORE = 0x5f;
const HEX_DIGITS = new TextEncoder().encode("0123456789abcdef");

/** Puts a number below 65,536 at `at` of the line. @returns Where the line goes on. */
function putNumber(at: number, value: number): number {
  let unit = value < 10 ? 1 : value < 100 ? 10 : value < 1000 ? 100 : value < 10_000 ? 1000 : 10_000;
  for (; unit >= 1; unit = unit / 10 | 0) line[at++] = 0x30 + (value / unit | 0) % 10;
  return at;
}

/** Puts a comma and a list with dashes between, without GREASE. */
function putMeant(at: number, values: readonly number[]): number {
  line[at++] = COMMA;
  const start = at;
  for (let i = 0; i < values.length; i++) {
    if (isGrease(values[i])) continue;
    if (at > start) line[at++] = DASH;
    at = putNumber(at, values[i]);
  }
  return at;
}

function countMeant(values: readonly number[]): number {
  let meant = 0;
  for (let i = 0; i < values.length; i++) if (!isGrease(values[i])) meant++;
  return meant;
}

/** Copies a list without GREASE into `sorted`, as it was sent. @returns How many there are. */
function takeMeant(values: readonly number[], asExtensions: boolean): number {
  let n = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (isGrease(value) || asExtensions && (value === Extension.serverName || value === Extension.alpn)) {
      continue;
    }
    sorted[n++] = value;
  }
  return n;
}

/** Puts a list in hexadecimal, sorted, with commas between; of extensions all but server name and ALPN. */
function putSorted(at: number, values: readonly number[], asExtensions: boolean): number {
  const n = takeMeant(values, asExtensions);
  if (n > MAX_INSERTED) sorted.subarray(0, n).sort();
  else {
    for (let i = 1; i < n; i++) {
      const value = sorted[i];
      let to = i;
      for (; to > 0 && sorted[to - 1] > value; to--) sorted[to] = sorted[to - 1];
      sorted[to] = value;
    }
  }
  return putHex(at, sorted, n);
}

function putHex(at: number, values: Uint16Array, n: number): number {
  for (let i = 0; i < n; i++) {
    const value = values[i];
    if (i > 0) line[at++] = COMMA;
    line[at++] = HEX_DIGITS[value >> 12];
    line[at++] = HEX_DIGITS[value >> 8 & 15];
    line[at++] = HEX_DIGITS[value >> 4 & 15];
    line[at++] = HEX_DIGITS[value & 15];
  }
  return at;
}

function shortHash(text: string): string {
  if (text === "") return NONE;
  const hash = text.length > MAX_JA3_STRING ? sha256OfText(text) : sha256s.get(text, sha256OfText);
  return hash.slice(0, 12);
}
