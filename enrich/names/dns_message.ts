/**
 * DNS messages for a client: a question as bytes, and what a server answered. RFC 1035, RFC 6891 (EDNS).
 *
 * An answer comes from outside: it is read through the cursor, bounded in records, names and text.
 */
import { formatIpv4, formatIpv6 } from "../../model/address.ts";
import { Cursor } from "../../model/cursor.ts";
import type { DnsRecord } from "../../model/who.ts";

/** Types that are asked for, IANA DNS parameters. */
export const RecordType = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  CAA: 257,
} as const;
export type RecordTypeName = keyof typeof RecordType;

const TYPE_NAMES = new Map<number, string>(Object.entries(RecordType).map(([name, code]) => [code, name]));
const RCODES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];
const CLASS_IN = 1;
const OPT = 41;
/** What we can take by UDP without fragments, as DNS Flag Day 2020 has it. */
const UDP_PAYLOAD = 1232;
const MAX_LABEL = 63; // RFC 1035 §2.3.4
const MAX_NAME = 253; // as text, without the dot of the root
const MAX_POINTERS = 16;
const MAX_RECORDS = 256;
const MAX_DATA_TEXT = 4_096;

export interface DnsReply {
  id: number;
  /** `NOERROR`, `NXDOMAIN` ... or the number. */
  rcode: string;
  truncated: boolean;
  /** Name and type of the question it repeats. */
  question: { name: string; type: number };
  /** Answer section. */
  records: DnsRecord[];
  /** For how long "no such name or record" may be remembered, seconds; RFC 2308 §5. 0 where it does not say. */
  negativeTtl: number;
}

/**
 * A query with recursion desired.
 *
 * @param name In letters that DNS has, without a dot at the end.
 * @returns `null` when the name has an empty or too long label, or is too long.
 */
export function buildQuery(id: number, name: string, type: RecordTypeName): Uint8Array<ArrayBuffer> | null {
  const labels = name === "" ? [] : name.split(".");
  if (name.length > MAX_NAME || labels.some((label) => label === "" || label.length > MAX_LABEL)) return null;
  const bytes: number[] = [];
  const u16 = (value: number) => bytes.push(value >> 8, value & 0xff);
  for (const value of [id, 0x0100, 1, 0, 0, 1]) u16(value);
  for (const label of labels) {
    bytes.push(label.length);
    for (let i = 0; i < label.length; i++) {
      const code = label.charCodeAt(i);
      if (code > 0x7f) return null;
      bytes.push(code);
    }
  }
  bytes.push(0);
  u16(RecordType[type]);
  u16(CLASS_IN);
  bytes.push(0); // OPT record: root name
  u16(OPT);
  u16(UDP_PAYLOAD);
  bytes.push(0, 0, 0, 0, 0, 0); // extended rcode, version, flags, no options
  return Uint8Array.from(bytes);
}

/** A server's answer; `null` for what is none. Records after damage are not believed. */
export function parseReply(message: Uint8Array): DnsReply | null {
  const c = new Cursor(message);
  const id = c.u16();
  const flags = c.u16();
  const [questions, answers, authorities, additionals] = [c.u16(), c.u16(), c.u16(), c.u16()];
  if (c.failed || (flags & 0x8000) === 0 || questions !== 1) return null;
  const name = readName(c);
  const type = c.u16();
  c.u16();
  if (c.failed || name === null) return null;
  let rcode = flags & 0xf;
  const records: DnsRecord[] = [];
  let negativeTtl = 0;
  const total = Math.min(answers + authorities + additionals, MAX_RECORDS);
  for (let i = 0; i < total; i++) {
    const owner = readName(c);
    const [code, , ttl, length] = [c.u16(), c.u16(), c.u32(), c.u16()];
    const data = c.sub(length);
    if (c.failed || owner === null) break;
    if (code === OPT) rcode |= ttl >>> 24 << 4; // RFC 6891 §6.1.3
    const record = i < answers || code === RecordType.SOA
      ? {
        name: owner,
        type: TYPE_NAMES.get(code) ?? `TYPE${code}`,
        ttl: Math.min(ttl, 0x7fff_ffff),
        data: "",
      }
      : null;
    if (record === null) continue;
    const text = dataText(code, data);
    if (text === null) continue;
    if (i < answers) records.push({ ...record, data: text });
    else negativeTtl = Math.min(record.ttl, Number(text.split(" ")[6]));
  }
  return {
    id,
    rcode: RCODES[rcode] ?? `RCODE${rcode}`,
    truncated: (flags & 0x0200) !== 0,
    question: { name, type },
    records,
    negativeTtl,
  };
}

/** The name under which an address has its PTR record, RFC 1035 §3.5, RFC 3596 §2.5. */
export function reverseName(address: Uint8Array): string {
  if (address.length === 4) return `${Array.from(address).reverse().join(".")}.in-addr.arpa`;
  const nibbles = Array.from(address, (byte) => [byte >> 4, byte & 0xf]).flat().reverse();
  return `${nibbles.map((nibble) => nibble.toString(16)).join(".")}.ip6.arpa`;
}

/** Record data as text; `null` where it makes no sense. What is not known is written as RFC 3597 §5 has it. */
function dataText(type: number, c: Cursor): string | null {
  const text = knownData(type, c);
  return text === null || c.failed ? null : text.slice(0, MAX_DATA_TEXT);
}

function knownData(type: number, c: Cursor): string | null {
  switch (type) {
    case RecordType.A:
      return c.remaining === 4 ? formatIpv4(c.view(4)) : null;
    case RecordType.AAAA:
      return c.remaining === 16 ? formatIpv6(c.view(16)) : null;
    case RecordType.NS:
    case RecordType.CNAME:
    case RecordType.PTR:
      return readName(c);
    case RecordType.MX: {
      const preference = c.u16();
      const exchange = readName(c);
      return exchange === null ? null : `${preference} ${exchange || "."}`;
    }
    case RecordType.SRV: {
      const numbers = [c.u16(), c.u16(), c.u16()].join(" ");
      const target = readName(c);
      return target === null ? null : `${numbers} ${target || "."}`;
    }
    case RecordType.SOA: {
      const [server, mailbox] = [readName(c), readName(c)];
      const numbers = [c.u32(), c.u32(), c.u32(), c.u32(), c.u32()].join(" ");
      return server === null || mailbox === null ? null : `${server || "."} ${mailbox || "."} ${numbers}`;
    }
    case RecordType.TXT: {
      const strings: string[] = [];
      while (c.remaining > 0) strings.push(`"${escaped(c.view(c.u8()), '"')}"`);
      return strings.join(" ");
    }
    case RecordType.CAA: { // RFC 8659 §4.1
      const flags = c.u8();
      const tag = escaped(c.view(c.u8()), " ");
      return `${flags} ${tag} "${escaped(c.view(c.remaining), '"')}"`;
    }
    default:
      return `\\# ${c.remaining} ${Array.from(c.view(c.remaining), hex).join("")}`;
  }
}

/**
 * A name as text, lower case, without the dot at the end; "" is the root. Bytes that are no letters, digits, hyphens
 * or underscores come as `\DDD`, RFC 4343 §2.1.
 */
function readName(c: Cursor): string | null {
  const labels: string[] = [];
  let length = 0;
  let jumps = 0;
  let reader = c;
  while (true) {
    const size = reader.u8();
    if (reader.failed) break;
    if (size === 0) return labels.join(".");
    if (size >= 0xc0) {
      // The pointer must lead backwards: so it ends.
      const at = (size & 0x3f) << 8 | reader.u8();
      if (reader.failed || ++jumps > MAX_POINTERS || at >= reader.at - 2) break;
      reader = new Cursor(c.bytes, at);
      continue;
    }
    if (size > MAX_LABEL) break;
    const label = reader.view(size);
    length += size + 1;
    if (reader.failed || length > MAX_NAME + 1) break;
    labels.push(Array.from(label, labelCharacter).join(""));
  }
  c.fail();
  return null;
}

function labelCharacter(byte: number): string {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9_-]/.test(character) ? character.toLowerCase() : `\\${String(byte).padStart(3, "0")}`;
}

/** Printable ASCII as it is, all else, the backslash and `also` as `\DDD`. */
function escaped(bytes: Uint8Array, also: string): string {
  return Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    const plain = byte >= 0x20 && byte < 0x7f && character !== "\\" && character !== also;
    return plain ? character : `\\${String(byte).padStart(3, "0")}`;
  }).join("");
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
