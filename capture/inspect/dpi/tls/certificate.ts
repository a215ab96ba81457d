/**
 * The server's certificate, where it goes by in clear (up to TLS 1.2): whose it is, who vouches, how long.
 *
 * Nothing is verified; what is written here is what the server showed.
 */
import { createHash } from "node:crypto";
import { Memo } from "../../../../model/memo.ts";
import { formatIpv4, formatIpv6 } from "../../../../model/address.ts";
import type { Cursor } from "../../../../model/cursor.ts";
import { type Element, readElement, readOid, readTagged, readText, readTime, Tag } from "./der.ts";

/** Attributes of a name that are shown, and bytes of each. RFC 5280 Appendix A: 64 to 128 characters. */
const MAX_ATTRIBUTES = 32;
const MAX_ATTRIBUTE_BYTES = 256;
/** Alternative names that are shown; shared hosting has about a hundred. */
const MAX_ALTERNATIVE_NAMES = 64;
const MAX_ALTERNATIVE_NAME_BYTES = 255;
/** RFC 5280 §4.1.2.2: 20 bytes. Longer ones occur, and are cut. */
const MAX_SERIAL_BYTES = 32;
/** Extensions walked through in search of the alternative names. */
const MAX_EXTENSIONS = 64;

const SUBJECT_ALT_NAME = "2.5.29.17";

/** Short names of attribute types, RFC 4519 §2 and RFC 5280 Appendix A. */
const ATTRIBUTES: Record<string, string> = {
  "2.5.4.3": "CN",
  "2.5.4.4": "SN",
  "2.5.4.5": "serialNumber",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "street",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.12": "title",
  "2.5.4.15": "businessCategory",
  "2.5.4.17": "postalCode",
  "2.5.4.42": "GN",
  "2.5.4.97": "organizationIdentifier",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "emailAddress",
  "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
  "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
  "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
};

export interface Certificate {
  /** `C=DE, O=Example, CN=example.org`, in the order of the certificate. */
  subject: string;
  issuer: string;
  /** `0A:1B:…`. */
  serial: string;
  /** Milliseconds since 1970; NaN where it could not be read. */
  notBefore: number;
  notAfter: number;
  /** DNS names, IP and mail addresses and URIs it is also for. */
  alternativeNames: string[];
  /** SHA-1 of the whole certificate, `aa:bb:…`; "" where it was cut short. */
  fingerprint: string;
  /** Subject and issuer are the same bytes. */
  selfSigned: boolean;
  /** `MD5 signature`, `SHA-1 signature` (of another than itself), `RSA key of 1024 bits`: what is weak about it. */
  weaknesses: string[];
}

/** Signatures by hashes for which collisions are made, RFC 8017 App. C, RFC 3279 §2.2. */
const WEAK_SIGNATURES: Record<string, string> = {
  "1.2.840.113549.1.1.2": "MD2 signature",
  "1.2.840.113549.1.1.3": "MD4 signature",
  "1.2.840.113549.1.1.4": "MD5 signature",
  "1.2.840.113549.1.1.5": "SHA-1 signature",
  "1.2.840.10040.4.3": "SHA-1 signature",
  "1.2.840.10045.4.1": "SHA-1 signature",
};
const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
/** NIST SP 800-131A Rev. 2, table 2: 112 bits of security. */
const MIN_RSA_BITS = 2048;

/** By SHA-256 of the whole: a server shows the same to everybody. Larger ones have more names than are worth keeping. */
const certificates = new Memo<Certificate | null>(256);
const MAX_REMEMBERED_BYTES = 8192;

/**
 * X.509 certificate, RFC 5280 §4.1. Who gets it must not change it: others get the same.
 *
 * @param c Over its DER, which may be cut short.
 * @param whole Whether it is all there.
 * @returns What could be read; null when not even the issuer could.
 */
export function parseCertificate(c: Cursor, whole: boolean): Certificate | null {
  if (!whole || c.remaining > MAX_REMEMBERED_BYTES) return readCertificate(c, whole);
  const digest = createHash("sha256").update(c.bytes.subarray(c.at, c.end)).digest("hex");
  return certificates.get(digest, () => readCertificate(c, whole));
}

function readCertificate(c: Cursor, whole: boolean): Certificate | null {
  const der = c.bytes.subarray(c.at, c.end);
  const tbs = openSequence(openSequence(c));
  if (tbs === null) return null;
  readTagged(tbs, 0xa0); // version
  const serial = readTagged(tbs, Tag.integer);
  const algorithm = readTagged(tbs, Tag.sequence);
  const issuer = readTagged(tbs, Tag.sequence);
  if (serial === null || issuer === null) return null;
  const issuerBytes = issuer.bytes.subarray(issuer.at, issuer.end);
  const certificate: Certificate = {
    subject: "",
    issuer: readName(issuer),
    serial: colons(serial.view(Math.min(serial.remaining, MAX_SERIAL_BYTES))).toUpperCase(),
    notBefore: NaN,
    notAfter: NaN,
    alternativeNames: [],
    fingerprint: whole ? colons(createHash("sha1").update(der).digest()) : "",
    selfSigned: false,
    weaknesses: [],
  };
  const validity = readTagged(tbs, Tag.sequence);
  if (validity !== null) {
    const [from, to] = [readElement(validity), readElement(validity)];
    if (from !== null && to !== null) {
      certificate.notBefore = readTime(from);
      certificate.notAfter = readTime(to);
    }
  }
  const subject = readTagged(tbs, Tag.sequence);
  if (subject !== null) {
    certificate.selfSigned = sameBytes(issuerBytes, subject.bytes.subarray(subject.at, subject.end));
    certificate.subject = readName(subject);
  }
  const oid = algorithm && readTagged(algorithm, Tag.oid);
  const signature = oid && WEAK_SIGNATURES[readOid(oid)];
  // Nobody relies on what a root says of itself.
  if (signature && !certificate.selfSigned) certificate.weaknesses.push(signature);
  const key = readTagged(tbs, Tag.sequence);
  const bits = key === null ? 0 : rsaBits(key);
  if (bits > 0 && bits < MIN_RSA_BITS) certificate.weaknesses.push(`RSA key of ${bits} bits`);
  readTagged(tbs, 0xa1) ?? readTagged(tbs, 0x81); // issuer's unique id
  readTagged(tbs, 0xa2) ?? readTagged(tbs, 0x82); // subject's
  const extensions = readTagged(tbs, 0xa3);
  if (extensions !== null) certificate.alternativeNames = readAlternativeNames(extensions);
  return certificate;
}

/** Length of an RSA key, RFC 3279 §2.3.1; 0 for other keys. */
function rsaBits(info: Cursor): number {
  const algorithm = readTagged(info, Tag.sequence);
  const oid = algorithm && readTagged(algorithm, Tag.oid);
  if (!oid || readOid(oid) !== RSA_ENCRYPTION) return 0;
  const bits = readTagged(info, Tag.bitString);
  if (bits === null || bits.u8() !== 0) return 0;
  const pair = readTagged(bits, Tag.sequence);
  const modulus = pair && readTagged(pair, Tag.integer);
  if (!modulus || modulus.remaining === 0) return 0;
  while (modulus.remaining > 1 && modulus.peek8() === 0) modulus.skip(1);
  return 8 * modulus.remaining - Math.clz32(modulus.peek8()) + 24;
}

/** Content of a SEQUENCE that may reach beyond what is there: then it ends where the bytes do. */
function openSequence(c: Cursor | null): Cursor | null {
  if (c === null || c.u8() !== Tag.sequence) return null;
  let length = c.u8();
  if (length >= 0x80) {
    const bytes = length & 0x7f;
    if (bytes === 0 || bytes > 4) return null;
    length = 0;
    for (let i = 0; i < bytes; i++) length = length * 256 + c.u8();
  }
  return c.failed ? null : c.sub(Math.min(length, c.remaining));
}

/** Distinguished name as `C=DE, O=Example, CN=example.org`; parts of one RDN are joined by ` + `. */
function readName(c: Cursor): string {
  const rdns: string[] = [];
  let left = MAX_ATTRIBUTES;
  while (c.remaining > 0 && left > 0) {
    const set = readTagged(c, Tag.set);
    if (set === null) break;
    const parts: string[] = [];
    while (set.remaining > 0 && left-- > 0) {
      const attribute = readTagged(set, Tag.sequence);
      const type = attribute && readTagged(attribute, Tag.oid);
      const value = attribute && type && readElement(attribute);
      if (!type || !value) break;
      const oid = readOid(type);
      parts.push(`${ATTRIBUTES[oid] ?? oid}=${readText(value, MAX_ATTRIBUTE_BYTES)}`);
    }
    rdns.push(parts.join(" + "));
  }
  return rdns.join(", ");
}

function readAlternativeNames(wrapper: Cursor): string[] {
  const extensions = readTagged(wrapper, Tag.sequence);
  for (let i = 0; i < MAX_EXTENSIONS && extensions !== null; i++) {
    const extension = readTagged(extensions, Tag.sequence);
    const type = extension && readTagged(extension, Tag.oid);
    if (!extension || !type) break;
    if (readOid(type) !== SUBJECT_ALT_NAME) continue;
    readTagged(extension, Tag.boolean); // critical
    const octets = readTagged(extension, Tag.octetString);
    const names = octets && readTagged(octets, Tag.sequence);
    return names ? readGeneralNames(names) : [];
  }
  return [];
}

/** GeneralNames, RFC 5280 §4.2.1.6, of the kinds that are text or addresses. */
function readGeneralNames(c: Cursor): string[] {
  const names: string[] = [];
  while (c.remaining > 0 && names.length < MAX_ALTERNATIVE_NAMES) {
    const name = readElement(c);
    if (name === null) break;
    const text = generalName(name);
    if (text !== "") names.push(text);
  }
  return names;
}

function generalName({ tag, body }: Element): string {
  switch (tag) {
    case 0x81: // rfc822Name
    case 0x82: // dNSName
    case 0x86: // uniformResourceIdentifier
      return body.ascii(Math.min(body.remaining, MAX_ALTERNATIVE_NAME_BYTES));
    case 0x87: // iPAddress
      if (body.remaining === 4) return formatIpv4(body.view(4));
      return body.remaining === 16 ? formatIpv6(body.view(16)) : "";
    default:
      return "";
  }
}

function colons(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
