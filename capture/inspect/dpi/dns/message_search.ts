/**
 * Where the next DNS message begins in a TCP stream of which a part is missing: at the first place where a length, a
 * header and a question stand one after the other that programs send. By chance that is one place in 2^40.
 */
import { Flag, HEADER_BYTES, MIN_QUESTION_BYTES, Opcode, opcodeOf } from "./message.ts";
import { isKnownType } from "./registry.ts";

const PREFIX_BYTES = 2;
const MAX_NAME_BYTES = 255; // RFC 1035 §3.1
/** More bytes than any question takes up to its end: what is undecided is never longer. */
export const MAX_UNDECIDED_BYTES = PREFIX_BYTES + HEADER_BYTES + MAX_NAME_BYTES + MIN_QUESTION_BYTES;

const OPCODES: readonly number[] = [Opcode.query, Opcode.notify, Opcode.update];

/** What was found. */
export interface Found {
  /** Whether a message begins at `at`; else none can begin before it, and the bytes from there are to be kept. */
  begins: boolean;
  at: number;
}

/** Looks for a message's beginning in `bytes[at, end)`. */
export function findMessage(bytes: Uint8Array, at: number, end: number): Found {
  for (; at < end; at++) {
    const verdict = verdictAt(bytes, at, end);
    if (verdict !== NO) return { begins: verdict === YES, at };
  }
  return { begins: false, at };
}

const NO = 0;
const YES = 1;
const MORE = 2;

function verdictAt(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < PREFIX_BYTES + HEADER_BYTES) return MORE;
  const length = u16(bytes, at);
  if (length < HEADER_BYTES + MIN_QUESTION_BYTES) return NO;
  const flags = u16(bytes, at + 4);
  if (u16(bytes, at + 6) !== 1 || (flags & Flag.reserved) !== 0 || !OPCODES.includes(opcodeOf(flags))) {
    return NO;
  }
  if ((flags & Flag.response) === 0 && u16(bytes, at + 8) !== 0) return NO;
  const name = at + PREFIX_BYTES + HEADER_BYTES;
  for (let label = name;;) {
    if (label >= end) return MORE;
    const size = bytes[label++];
    if (size > 63 || label + size - name > MAX_NAME_BYTES) return NO;
    if (size > 0) {
      label += size;
      continue;
    }
    if (label + 4 > end) return MORE;
    const dnsClass = u16(bytes, label + 2);
    const known = isKnownType(u16(bytes, label)) && (dnsClass === 1 || dnsClass === 255);
    return known && label + 4 - at - PREFIX_BYTES <= length ? YES : NO;
  }
}

function u16(bytes: Uint8Array, at: number): number {
  return bytes[at] << 8 | bytes[at + 1];
}
