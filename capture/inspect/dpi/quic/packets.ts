/** Headers of QUIC packets, as far as they are in clear: RFC 8999, RFC 9000 §17, and Google's of before. */
import type { Cursor } from "../../../../model/cursor.ts";
import { Family, type Version, versionOf } from "./versions.ts";

/** RFC 9000 §17.2: connection ids have 20 bytes at most in versions 1 and 2. */
export const MAX_ID_BYTES = 20;
/** Bits of the first byte. */
const LONG = 0x80;
const FIXED = 0x40;
/** Public flags of Google's versions up to Q043. */
const FLAG_VERSION = 0x01;
const FLAG_RESET = 0x02;
const FLAG_ID = 0x08;
const FLAG_RESERVED = 0x80;

/** A long header, or a public header of Google's with a version in it. */
export interface LongHeader {
  /** 0: a list of versions follows (version negotiation). */
  number: number;
  version: Version;
  /** The two type bits; meaning depends on the version. */
  type: number;
  /** Destination and source connection ids, hex. */
  destination: string;
  source: string;
}

/** Whether the next byte begins a long header. */
export function isLong(c: Cursor): boolean {
  return (c.peek8() & LONG) !== 0;
}

/**
 * A long header up to and including its connection ids, RFC 8999 §5.1; null where it can not be one.
 *
 * Versions of before draft 22 pack both lengths of the ids in one byte; of those only Google's are read.
 */
export function readLongHeader(c: Cursor): LongHeader | null {
  const first = c.u8();
  const number = c.u32();
  if (c.failed || (first & LONG) === 0) return null;
  const version = versionOf(number);
  const google = version.family === Family.clear;
  if (version.family === Family.publicHeader) return null;
  // Version negotiation may clear the fixed bit (RFC 8999 §6), and Q044 to Q046 had no such bit.
  if (number !== 0 && !google && (first & FIXED) === 0) return null;
  let lengths: [number, number] = [0, 0];
  if (google) {
    const packed = c.u8();
    lengths = [idLength(packed >> 4), idLength(packed & 15)];
  } else lengths[0] = c.u8();
  if (lengths[0] > MAX_ID_BYTES) return null;
  const destination = hexOf(c, lengths[0]);
  if (!google) lengths[1] = c.u8();
  if (lengths[1] > MAX_ID_BYTES) return null;
  const source = hexOf(c, lengths[1]);
  if (c.failed) return null;
  return {
    number,
    version,
    type: first >> 4 & 3,
    destination,
    source,
  };
}

function idLength(packed: number): number {
  return packed === 0 ? 0 : packed + 3;
}

/**
 * Google's public header with a version, up to Q043: flags, id, version.
 *
 * @returns The version; null where it is none of these.
 */
export function readPublicHeader(c: Cursor): Version | null {
  const flags = c.peek8();
  if ((flags & FLAG_VERSION) === 0 || (flags & (FLAG_RESET | FLAG_RESERVED)) !== 0) return null;
  // Eight bytes of id in all that still lived; older ones could leave it shorter (Q032 and before: 4, 1 or 0).
  const id = (flags & 0x0c) === 0x0c || (flags & FLAG_ID) !== 0 ? 8 : (flags & 0x04) !== 0 ? 1 : 0;
  if (!c.skip(1 + id)) return null;
  const version = versionOf(c.u32());
  return !c.failed && version.known && version.family === Family.publicHeader ? version : null;
}

/** Variable-length integer, RFC 9000 §16; exact up to 2^53. */
export function readVarint(c: Cursor): number {
  const first = c.peek8();
  switch (first >> 6) {
    case 0:
      return c.u8();
    case 1:
      return c.u16() & 0x3fff;
    case 2:
      return c.u32() & 0x3fff_ffff;
    default: {
      const high = c.u32() & 0x3fff_ffff;
      return high * 0x1_0000_0000 + c.u32();
    }
  }
}

/** The bytes of an id in hex, until the next call. */
export function bytesOfId(id: string): Uint8Array {
  const length = id.length >> 1;
  for (let i = 0; i < length; i++) idBytes[i] = parseInt(id.slice(2 * i, 2 * i + 2), 16);
  return idBytes.subarray(0, length);
}

const idBytes = new Uint8Array(MAX_ID_BYTES);
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function hexOf(c: Cursor, length: number): string {
  const { bytes, at } = c;
  if (!c.skip(length)) return "";
  let text = "";
  for (let i = at; i < at + length; i++) text += HEX[bytes[i]];
  return text;
}
