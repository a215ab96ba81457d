/**
 * What DNS records say, as Suricata 7 writes it: `rdata` is text, but SOA, SRV and SSHFP are objects of their own.
 * Types that Suricata leaves out are written as zone files have them (RFC 1035 §5.1 and each type's own).
 */
import type { Cursor } from "../../../../model/cursor.ts";
import { formatIpv4, formatIpv6 } from "../../../../model/address.ts";
import { maskCutEnd } from "../http/mask.ts";
import { presentablePart, presentableText } from "../presentable_text.ts";
import type { NameReader } from "./names.ts";
import { Type, typeName } from "./registry.ts";

/** Characters of one record's text; longer ones (keys, tunnels) are cut. */
const MAX_RDATA_CHARS = 1024;
/** Bytes of an unknown record that are shown. */
const MAX_OPAQUE_BYTES = 64;
/** Strings of a TXT record, parameters of SVCB, types of NSEC at most. */
const MAX_PARTS = 64;

/** One record's data: text, or the object under the key Suricata gives it. */
export type Rdata =
  | { rdata: string }
  | { soa: Soa }
  | { srv: Srv }
  | { sshfp: { fingerprint: string; algo: number; type: number } };

/** Start of a zone, RFC 1035 §3.3.13; times in seconds. */
export interface Soa {
  mname: string;
  rname: string;
  serial: number;
  refresh: number;
  retry: number;
  expire: number;
  minimum: number;
}

/** Where a service is, RFC 2782. */
export interface Srv {
  priority: number;
  weight: number;
  port: number;
  name: string;
}

/**
 * Reads record data.
 *
 * @param c Bounded to the data; names in it may point back into the message.
 * @returns `null` where it is malformed.
 */
export function readRdata(c: Cursor, type: number, names: NameReader): Rdata | null {
  switch (type) {
    case Type.SOA:
      return readSoa(c, names);
    case Type.SRV:
      return readSrv(c, names);
    case Type.SSHFP: {
      const algo = c.u8();
      const fpType = c.u8();
      return c.failed ? null : { sshfp: { fingerprint: hexOf(c, ":"), algo, type: fpType } };
    }
  }
  const text = readText(c, type, names);
  return text === null || c.failed ? null : { rdata: cut(text) };
}

/** The strings of a TXT record, RFC 1035 §3.3.14: Suricata tells each as an answer of its own. */
export function readStrings(c: Cursor): string[] {
  const strings: string[] = [];
  while (c.remaining > 0 && strings.length < MAX_PARTS) {
    const text = readString(c);
    if (c.failed) break;
    strings.push(cut(text));
  }
  return strings;
}

function readText(c: Cursor, type: number, names: NameReader): string | null {
  switch (type) {
    case Type.A:
      return c.remaining === 4 ? formatIpv4(c.bytes, c.at) : null;
    case Type.AAAA:
      return c.remaining === 16 ? formatIpv6(c.bytes, c.at) : null;
    case Type.NS:
    case Type.CNAME:
    case Type.PTR:
    case Type.DNAME:
    case Type.MB:
    case Type.MG:
    case Type.MR:
      return names.read(c);
    case Type.MX: // as Suricata: the exchange without its preference
      c.u16();
      return names.read(c);
    case Type.AFSDB:
    case Type.RT:
    case Type.KX:
      return `${c.u16()} ${names.read(c)}`;
    case Type.RP:
    case Type.MINFO:
      return `${names.read(c)} ${names.read(c)}`;
    case Type.SPF:
      return readStrings(c).join("");
    case Type.HINFO:
      return `${quoted(readString(c))} ${quoted(readString(c))}`;
    case Type.NULL:
      return presentablePart(c.bytes, c.at, c.end, MAX_RDATA_CHARS);
    case Type.NAPTR: // RFC 3403 §4.1
      return `${c.u16()} ${c.u16()} ${quoted(readString(c))} ${quoted(readString(c))} ${
        quoted(readString(c))
      } ${names.read(c)}`;
    case Type.DS: // RFC 4034 §5.3
    case Type.CDS:
      return `${c.u16()} ${c.u8()} ${c.u8()} ${hexOf(c)}`;
    case Type.DNSKEY: // RFC 4034 §2.2
    case Type.CDNSKEY:
      return `${c.u16()} ${c.u8()} ${c.u8()} ${base64Of(c)}`;
    case Type.RRSIG: // RFC 4034 §3.2
      return `${typeName(c.u16())} ${c.u8()} ${c.u8()} ${c.u32()} ${c.u32()} ${c.u32()} ${c.u16()} ${
        names.read(c)
      } ${base64Of(c)}`;
    case Type.NSEC: // RFC 4034 §4.2
      return `${names.read(c)} ${typesOf(c)}`;
    case Type.NSEC3: // RFC 5155 §3.3, hashes in hexadecimal
      return `${c.u8()} ${c.u8()} ${c.u16()} ${hexOf(c.sub(c.u8())) || "-"} ${hexOf(c.sub(c.u8()))} ${
        typesOf(c)
      }`;
    case Type.NSEC3PARAM:
      return `${c.u8()} ${c.u8()} ${c.u16()} ${hexOf(c.sub(c.u8())) || "-"}`;
    case Type.TLSA: // RFC 6698 §2.2
    case Type.SMIMEA:
      return `${c.u8()} ${c.u8()} ${c.u8()} ${hexOf(c)}`;
    case Type.CERT:
      return `${c.u16()} ${c.u16()} ${c.u8()} ${base64Of(c)}`;
    case Type.OPENPGPKEY:
    case Type.DHCID:
      return base64Of(c);
    case Type.CSYNC:
      return `${c.u32()} ${c.u16()} ${typesOf(c)}`;
    case Type.URI: // RFC 7553 §4.5
      return `${c.u16()} ${c.u16()} ${quoted(restOf(c))}`;
    case Type.CAA: // RFC 8659 §4.1.1
      return `${c.u8()} ${readString(c)} ${quoted(restOf(c))}`;
    case Type.SVCB:
    case Type.HTTPS:
      return readService(c, names);
    default: // RFC 3597 §5
      return `\\# ${c.remaining} ${hexOf(c, "", MAX_OPAQUE_BYTES)}`.trimEnd();
  }
}

function readSoa(c: Cursor, names: NameReader): Rdata | null {
  const mname = names.read(c);
  const rname = names.read(c);
  const soa = {
    serial: c.u32(),
    refresh: c.u32(),
    retry: c.u32(),
    expire: c.u32(),
    minimum: c.u32(),
  };
  return c.failed || mname === null || rname === null ? null : { soa: { mname, rname, ...soa } };
}

function readSrv(c: Cursor, names: NameReader): Rdata | null {
  const priority = c.u16();
  const weight = c.u16();
  const port = c.u16();
  const name = names.read(c);
  return name === null ? null : { srv: { priority, weight, port, name } };
}

const SERVICE_KEYS = [
  "mandatory",
  "alpn",
  "no-default-alpn",
  "port",
  "ipv4hint",
  "ech",
  "ipv6hint",
  "dohpath",
  "ohttp",
];

/** Service binding in presentation form, RFC 9460 §2.1 and §14.3.2. */
function readService(c: Cursor, names: NameReader): string | null {
  const priority = c.u16();
  const target = names.read(c);
  if (target === null) return null;
  let text = `${priority} ${target === "" ? "." : target}`;
  for (let count = 0; c.remaining > 0 && count < MAX_PARTS && text.length < MAX_RDATA_CHARS; count++) {
    const key = c.u16();
    const value = c.sub(c.u16());
    if (c.failed) break;
    const shown = serviceValue(key, value);
    text += ` ${SERVICE_KEYS[key] ?? `key${key}`}${shown === "" ? "" : `=${shown}`}`;
  }
  return text;
}

function serviceValue(key: number, c: Cursor): string {
  const parts: string[] = [];
  while (c.remaining > 0 && parts.length < MAX_PARTS) {
    switch (key) {
      case 0: {
        const named = c.u16();
        parts.push(SERVICE_KEYS[named] ?? `key${named}`);
        break;
      }
      case 1:
        parts.push(readString(c));
        break;
      case 3:
        parts.push(`${c.u16()}`);
        break;
      case 4:
        parts.push(c.has(4) ? formatIpv4(c.bytes, c.at) : "");
        c.skip(4);
        break;
      case 5:
        parts.push(base64Of(c));
        break;
      case 6:
        parts.push(c.has(16) ? formatIpv6(c.bytes, c.at) : "");
        c.skip(16);
        break;
      default:
        parts.push(restOf(c));
    }
  }
  return parts.join(",");
}

/** Types that exist, from the bit maps of NSEC, RFC 4034 §4.1.2. */
function typesOf(c: Cursor): string {
  const types: string[] = [];
  while (c.remaining > 2 && types.length < MAX_PARTS) {
    const window = c.u8();
    const length = c.u8();
    const map = c.sub(length);
    for (let byte = 0; map.remaining > 0; byte++) {
      const bits = map.u8();
      for (let bit = 0; bit < 8; bit++) {
        if (bits & 0x80 >> bit && types.length < MAX_PARTS) {
          types.push(typeName(window << 8 | byte << 3 | bit));
        }
      }
    }
  }
  return types.join(" ");
}

/** A `<character-string>`, RFC 1035 §3.3. */
function readString(c: Cursor): string {
  const length = c.u8();
  const at = c.at;
  return c.skip(length) ? presentableText(c.bytes, at, at + length) : "";
}

function restOf(c: Cursor): string {
  const at = c.at;
  c.skip(c.remaining);
  return presentablePart(c.bytes, at, c.end, MAX_RDATA_CHARS);
}

function quoted(text: string): string {
  return `"${text}"`;
}

function hexOf(c: Cursor, separator = "", max = MAX_RDATA_CHARS / 2): string {
  let text = "";
  for (let left = max; c.remaining > 0 && left > 0; left--) {
    if (text !== "") text += separator;
    text += c.u8().toString(16).padStart(2, "0");
  }
  c.skip(c.remaining);
  return text;
}

function base64Of(c: Cursor): string {
  const text = c.ascii(Math.min(c.remaining, MAX_RDATA_CHARS * 3 / 4));
  c.skip(c.remaining);
  return btoa(text);
}

function cut(text: string): string {
  return text.length > MAX_RDATA_CHARS ? maskCutEnd(text.slice(0, MAX_RDATA_CHARS)) : text;
}
