/**
 * Fingerprints of TLS programs: the way a client says hello tells what it is, whatever it says it is.
 *
 * JA3 and JA3S after salesforce/ja3 (BSD 3-Clause). JA4 is the TLS client fingerprint of FoxIO-LLC/ja4, which is
 * BSD 3-Clause; the other members of that family are licensed otherwise and are not computed here.
 */
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
  const text = [
    String(hello.version),
    dashed(hello.ciphers),
    dashed(hello.extensions),
    dashed(hello.groups),
    hello.pointFormats.join("-"),
  ].join(",");
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
  const ciphers = hello.ciphers.filter(isMeant);
  const extensions = hello.extensions.filter(isMeant);
  const named = extensions.includes(Extension.serverName);
  const head = transport + ja4Version(highestOffered(hello)) + (named ? "d" : "i") +
    count(ciphers.length) + count(extensions.length) + ja4Alpn(hello.alpns[0] ?? "");

  const rest = extensions.filter((type) => type !== Extension.serverName && type !== Extension.alpn);
  let tail = hexList(rest.sort(byNumber));
  const algorithms = hello.signatureAlgorithms.filter(isMeant);
  if (algorithms.length > 0) tail += `_${hexList(algorithms)}`;
  return `${head}_${shortHash(hexList(ciphers.sort(byNumber)))}_${
    extensions.length === 0 ? NONE : shortHash(tail)
  }`;
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

function isMeant(value: number): boolean {
  return !isGrease(value);
}

function byNumber(a: number, b: number): number {
  return a - b;
}

/** Two digits, 99 at most. */
function count(n: number): string {
  return String(Math.min(n, 99)).padStart(2, "0");
}

function dashed(values: number[]): string {
  return values.filter(isMeant).join("-");
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function hexList(values: number[]): string {
  let list = "";
  for (let i = 0; i < values.length; i++) {
    list += (i === 0 ? "" : ",") + HEX[values[i] >> 8] + HEX[values[i] & 0xff];
  }
  return list;
}

function shortHash(text: string): string {
  if (text === "") return NONE;
  const hash = text.length > MAX_JA3_STRING ? sha256OfText(text) : sha256s.get(text, sha256OfText);
  return hash.slice(0, 12);
}
