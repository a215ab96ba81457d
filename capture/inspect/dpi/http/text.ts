/** Bytes of a head as text. */
import { latin1 } from "../../../../model/latin1.ts";
import { maskCutEnd } from "./mask.ts";

/**
 * `bytes[at, end)` as text: UTF-8 where it is, else one character a byte (Latin-1).
 *
 * @param max Bytes at most; the rest is cut off.
 * @param isCut The text went on: see `maskCutEnd`.
 */
export function textOf(bytes: Uint8Array, at: number, end: number, max: number, isCut = false): string {
  if (end - at > max) return maskCutEnd(decoded(bytes, at, at + max));
  const text = decoded(bytes, at, end);
  return isCut ? maskCutEnd(text) : text;
}

function decoded(bytes: Uint8Array, at: number, end: number): string {
  if (end <= at) return "";
  let high = 0;
  for (let i = at; i < end; i++) high |= bytes[i];
  if (high >= 0x80) {
    // A copy, because the decoder refuses shared memory.
    const text = UTF8.decode(bytes.slice(at, end));
    if (!text.includes("\ufffd")) return text;
  }
  return latin1(bytes, at, end);
}

/** The end of `bytes[at, end)` before its first NUL: no server reads on there, RFC 9110 §5.5. */
export function beforeNul(bytes: Uint8Array, at: number, end: number): number {
  for (let i = at; i < end; i++) if (bytes[i] === 0) return i;
  return end;
}

const UTF8 = new TextDecoder();

/** Where `bytes[at, end)` has its next line feed; -1 where there is none. */
export function lineFeed(bytes: Uint8Array, at: number, end: number): number {
  // Short stretches are quicker without the call into the engine and the view it needs.
  const near = at + 96 < end ? at + 96 : end;
  for (; at < near; at++) if (bytes[at] === LF) return at;
  if (at >= end) return -1;
  const found = bytes.subarray(at, end).indexOf(LF);
  return found < 0 ? -1 : at + found;
}

const LF = 0x0a;
