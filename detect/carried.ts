/**
 * How many bytes of data a DNS name or answer could carry: the weight of a name for the tunnel rule.
 *
 * What people chose (words) carries nothing; what looks drawn by chance carries its length times the bits of its
 * alphabet. Shapes that are known to be look-ups, and no letters to a server, are taken down.
 */
import { hasPublicSuffix, type NameParts, nameParts } from "./dns_names.ts";
import { wordBits } from "./letters.ts";

/** Labels shorter than this are judged together: a counter or a short host name says nothing alone. */
const SHORT_LABEL = 7;
/** Below this many bits a letter, text is data and no words. */
const DATA_BITS = -0.3;
/** Of names of a shape that is known to be harmless this share counts: who hides in it, is slowed by as much. */
const KNOWN_SHAPE = 0.25;

/** A name that carries no more than a number of 64 bits (a session, a machine) is no letter. Bytes. */
const FREE_BYTES = 8;

/**
 * Hexadecimal digests: MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512. In base32 hardly anybody asks for them but block
 * lists of mail addresses, which are known by name, while 20 bytes in 32 letters are what a tunnel sends.
 */
const HEX_DIGESTS = new Set([32, 40, 56, 64]);
/**
 * What a label holds of SHA-256 in hexadecimal, RFC 1035 §2.3.4. Data has two digits a byte, so an even number of them;
 * where it is cut every 63 digits, there are more labels.
 */
const CUT_DIGEST = 63;
/**
 * A digest counts no more than SHA-1's quarter, whatever its length, as the service it is sent to learns no more from a
 * longer one: 167 different ones an hour are a tunnel all the same. Bytes.
 */
const MAX_DIGEST_BYTES = 3;
/** Labels of hexadecimal digits side by side, the first of 16 or more: what is cut smaller is cut for no digest. */
const HEX_LABELS = /(?:^|\.)([0-9a-f]{16,63}(?:\.[0-9a-f]{1,63}){1,7})(?=\.|$)/;

/** An address written backwards, as block lists are asked: RFC 5782 §2.1 and §2.4. */
const REVERSED = /^(?:(?:\d{1,3}\.){3}\d{1,3}|(?:[0-9a-f]\.){31}[0-9a-f])(?:\.|$)/;

/**
 * Services that are asked by a hash, a path or an address in the name: of anti-virus and mail reputation. Nobody but
 * their owners gets what is sent there.
 */
const LOOKUP_SERVICES = new Set([
  "avast.com",
  "barracudabrts.com",
  "barracudacentral.org",
  "bitdefender.net",
  "cymru.com",
  "e5.sk",
  "mailshell.net",
  "mcafee.com",
  "msbl.org",
  "rspamd.com",
  "senderbase.org",
  "sophosxl.net",
  "spamhaus.net",
  "spamhaus.org",
  "spamhaus-dqs.net",
  "surbl.org",
  "trellix.com",
  "trendmicro.com",
  "uribl.com",
  "webcfs00.com",
  "abuse.ch",
  "dnswl.org",
]);

/**
 * Share of a name's weight, and of its answers', that counts: 0, a quarter or all.
 *
 * @param isAsked Whether the same client asked for a name. A search list puts whole names in front of its own suffix,
 * and hundreds of labels ("data", "app", "cloud") are suffixes as well. So what stands before such a label must read
 * as a site's name does; one drawn by chance must have been asked for by itself too, as resolvers do.
 */
export function shareOf(parts: NameParts, isAsked: (name: string) => boolean = () => false): number {
  const { domain, sub } = parts;
  if (domain === "" || domain.endsWith(".arpa") || domain === "arpa" || LOOKUP_SERVICES.has(domain)) return 0;
  if (REVERSED.test(sub)) return 0;
  // Services are told by an underscore (RFC 8552): DKIM, DMARC, ACME, SRV.
  if (sub.startsWith("_") || sub.includes("._")) return KNOWN_SHAPE;
  if (!hasPublicSuffix(sub)) return 1;
  return !nameParts(sub).isGenerated || isAsked(sub) ? KNOWN_SHAPE : 1;
}

/** Bytes that the labels in front of a registered domain can carry, less what every name may: 0 for words. */
export function bytesOfNames(sub: string): number {
  let bytes = 0;
  let short = "";
  let data = 0;
  let digest = false;
  for (const label of sub.split(".")) {
    if (label.startsWith("_") && label.length <= MAX_SERVICE_LABEL) continue;
    if (label.length < SHORT_LABEL) {
      short += label;
      continue;
    }
    const own = bytesOfText(label);
    if (own === 0) continue;
    data++;
    digest = isDigest(label);
    bytes += own;
  }
  // Data cut into many small labels.
  if (short.length >= 2 * SHORT_LABEL) bytes += bytesOfText(short);
  bytes = Math.max(0, bytes - FREE_BYTES);
  return data === 1 && digest ? bytesOfDigest(bytes) : bytes;
}

/** What of a digest's bytes counts. */
export function bytesOfDigest(bytes: number): number {
  return Math.min(KNOWN_SHAPE * bytes, MAX_DIGEST_BYTES);
}

/**
 * How a digest that is too long for a label (63 octets), or is told in pieces, is cut: into labels of
 * one length, the rest in the last.
 *
 * @returns Digits of a piece and in all, as one number; 0 where there is no such digest, or other data beside it.
 */
export function splitOfDigest(sub: string): number {
  const labels = HEX_LABELS.exec(sub)?.[1].split(".");
  if (labels === undefined) return 0;
  const piece = labels[0].length;
  let digits = piece;
  let found = 0;
  let count = 0;
  for (let i = 1; i < labels.length && labels[i].length <= piece; i++) {
    digits += labels[i].length;
    if (HEX_DIGESTS.has(digits)) [found, count] = [digits, i + 1];
    if (labels[i].length < piece) break;
  }
  if (found === 0) return 0;
  const rest = sub.replace(labels.slice(0, count).join("."), "");
  return bytesOfNames(rest) === 0 ? piece << 8 | found : 0;
}

/** Services and protocols, RFC 6335 §5.1: an underscore and fifteen characters. */
const MAX_SERVICE_LABEL = 16;

const ESCAPE = /\\x[0-9a-f]{2}/gi;

/** Bytes that one text can carry; 0 where it reads like words. */
export function bytesOfText(text: string): number {
  let octets = 0;
  let rest = text;
  if (text.includes("\\x")) {
    rest = text.replaceAll(ESCAPE, () => (octets++, ""));
    if (octets >= 2) return octets + rest.length * 6 / 8;
  }
  if (wordBits(rest) > DATA_BITS * rest.length && !isLongNumber(rest)) return 0;
  return rest.replaceAll("-", "").length * bitsOf(rest) / 8;
}

/** Bytes in a record's text, whatever they say. */
export function bytesOfRecord(rdata: string): number {
  return rdata.includes("\\x") ? rdata.replaceAll(ESCAPE, "x").length : rdata.length;
}

function isLongNumber(text: string): boolean {
  return text.length >= 16 && /^\d+$/.test(text);
}

/** Bits a character of the smallest usual alphabet that has them all: decimal, hexadecimal, base32. */
function bitsOf(text: string): number {
  return /^\d+$/.test(text) ? 3.32 : /^[0-9a-f]+$/.test(text) ? 4 : 5;
}

function isDigest(label: string): boolean {
  return (HEX_DIGESTS.has(label.length) || label.length === CUT_DIGEST) && /^[0-9a-f]+$/.test(label);
}
