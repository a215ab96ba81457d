/**
 * DER, the encoding of certificates (X.690): just enough to walk through one, forwards, without recursion.
 *
 * Strict where it costs nothing: no indefinite lengths, no lengths beyond four bytes, no tags above 30.
 */
import { Cursor } from "../../../../model/cursor.ts";

/** Identifier octets of the types that occur in certificates. */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Arcs of an object identifier that are read; longer ones name nothing that is known here. */
const MAX_ARCS = 20;

/** One element: its identifier octet and a cursor over its content. */
export interface Element {
  tag: number;
  body: Cursor;
}

/** The next element; null (and `c` latched) where it is cut short or not DER. */
export function readElement(c: Cursor): Element | null {
  const tag = c.u8();
  let length = c.u8();
  if (length >= 0x80) {
    const bytes = length & 0x7f;
    if (bytes === 0 || bytes > 4) c.fail();
    length = 0;
    for (let i = 0; i < bytes; i++) length = length * 256 + c.u8();
  }
  if ((tag & 0x1f) === 0x1f || !c.has(length)) c.fail();
  return c.failed ? null : { tag, body: c.sub(length) };
}

/** The content of the next element if it has this tag; else null, and `c` stays where it is. */
export function readTagged(c: Cursor, tag: number): Cursor | null {
  if (c.remaining === 0 || c.peek8() !== tag) return null;
  return readElement(c)?.body ?? null;
}

/** An object identifier as `2.5.4.3`; "" where it is damaged. */
export function readOid(c: Cursor): string {
  const arcs: number[] = [];
  let value = 0;
  while (c.remaining > 0 && arcs.length < MAX_ARCS) {
    const byte = c.u8();
    value = value * 128 + (byte & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER) return "";
    if (byte & 0x80) continue;
    if (arcs.length === 0) {
      const first = Math.min(2, Math.floor(value / 40));
      arcs.push(first, value - 40 * first);
    } else arcs.push(value);
    value = 0;
  }
  return arcs.join(".");
}

const UTF8 = new TextDecoder();

/** A character string of any type that names use. At most `maxBytes` of it. */
export function readText({ tag, body }: Element, maxBytes: number): string {
  body.limit(maxBytes);
  if (tag === Tag.bmpString) return wide(body, 2);
  if (tag === Tag.universalString) return wide(body, 4);
  if (tag === Tag.utf8String) return UTF8.decode(body.copy(body.remaining));
  return body.ascii(body.remaining);
}

function wide(c: Cursor, width: 2 | 4): string {
  let text = "";
  while (c.remaining >= width) {
    const code = width === 2 ? c.u16() : c.u32();
    text += code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
  }
  return text;
}

/** UTCTime or GeneralizedTime (RFC 5280 §4.1.2.5) in milliseconds since 1970; NaN where it is not one in UTC. */
export function readTime({ tag, body }: Element): number {
  const text = body.ascii(Math.min(body.remaining, 20));
  const parts = tag === Tag.utcTime
    ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?Z$/.exec(text)
    : tag === Tag.generalizedTime
    ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?Z$/.exec(text)
    : null;
  if (parts === null) return NaN;
  const [year, month, day, hour, minute, second] = parts.slice(1).map((part) => Number(part ?? 0));
  const century = tag === Tag.generalizedTime ? 0 : year < 50 ? 2000 : 1900;
  // `Date.UTC` takes a year below 100 for one of the 20th century.
  const date = new Date(0);
  date.setUTCFullYear(century + year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  return date.getTime();
}
