/**
 * Syslog over UDP (RFC 5426) and TCP (RFC 6587), in the old form (RFC 3164) and the new one (RFC 5424).
 *
 * Only recognised: what machines log is not told on, but looked at for card numbers. A message with its length before it
 * (RFC 6587 §3.4.1) needs no line's end: it is a text of its own, and its length is none of it. After a gap lengths are
 * believed again where a segment begins with one. State: a length a direction.
 */
import type { Cursor } from "../../../model/cursor.ts";
import { scanDatagram } from "./clear_text.ts";
import {
  type DatagramParser,
  type DatagramProtocol,
  type FlowHandle,
  Probe,
  type StreamParser,
  type StreamProtocol,
} from "./contract.ts";

/** Facility 23, severity 7: RFC 5424 §6.2.1. */
const MAX_PRIORITY = 191;
/** `<191>` and one more. */
const LONGEST_START = 6;
/** Digits of a message's length before it, RFC 6587 §3.4.1. */
const MAX_LENGTH_DIGITS = 6;
/** How much of what follows the priority must be text. */
const TEXT_BYTES = 16;

/** Syslog over UDP. */
export const syslogDatagrams: DatagramProtocol = {
  name: "syslog",
  probe: (c) => startsMessage(c) === Probe.yes ? Probe.yes : Probe.no,
  create: (flow) => new SyslogDatagrams(flow),
};

/** Syslog over TCP. */
export const syslogStream: StreamProtocol = {
  name: "syslog",
  probe(c) {
    let digits = 0;
    while (digits < MAX_LENGTH_DIGITS && isDigit(c.peek8(digits))) digits++;
    if (digits > 0) {
      if (c.remaining === digits) return Probe.more;
      if (c.peek8() === 0x30 || c.peek8(digits) !== 0x20) return Probe.no;
      c.skip(digits + 1);
    }
    return startsMessage(c);
  },
  create: (flow) => new SyslogStream(flow),
};

/** Whether a priority stands here, and text behind it. */
function startsMessage(c: Cursor): number {
  if (c.remaining > 0 && c.peek8() !== 0x3c) return Probe.no;
  let at = 1;
  let priority = 0;
  while (at < LONGEST_START - 1 && isDigit(c.peek8(at))) priority = priority * 10 + c.peek8(at++) - 0x30;
  if (c.remaining <= at) return Probe.more;
  if (at === 1 || c.peek8(at) !== 0x3e || priority > MAX_PRIORITY) return Probe.no;
  at++;
  if (!c.has(at + TEXT_BYTES)) return Probe.more;
  for (const end = at + TEXT_BYTES; at < end; at++) {
    const byte = c.peek8(at);
    if (byte < 0x20 && byte !== 0x09 || byte === 0x7f) return Probe.no;
  }
  return Probe.yes;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

class SyslogDatagrams implements DatagramParser {
  constructor(readonly flow: FlowHandle) {}

  datagram(direction: number, bytes: Uint8Array, at: number, end: number): void {
    scanDatagram(this.flow, direction, bytes, at, end);
  }

  close(): void {}
}

/** One direction. */
class Framing {
  /** Messages have their lengths before them; null before the first one. */
  isCounted: boolean | null = null;
  /** Bytes were lost, or a length was wrong: where the next message begins is not known. */
  isLost = false;
  /** Bytes of the message at hand still to come. */
  left = 0;
  /** What has come of a length, its blank and the message's first byte: as text, in case it is none. */
  readonly head = new Uint8Array(MAX_LENGTH_DIGITS + 1);
  headBytes = 0;
  length = 0;
}

class SyslogStream implements StreamParser {
  readonly #sides = [new Framing(), new Framing()];

  constructor(readonly flow: FlowHandle) {}

  data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    const side = this.#sides[direction];
    if (side.isLost && beginsCounted(bytes, at, end)) {
      side.isLost = false;
      this.flow.scanEnd(direction, 0);
    }
    while (at < end) {
      if (side.isLost || side.isCounted === false) {
        this.flow.scan(direction, 0, bytes, at, end, "plain");
        return;
      }
      if (side.left === 0) {
        at = this.#head(direction, side, bytes, at);
        continue;
      }
      const stop = Math.min(end, at + side.left);
      this.flow.scan(direction, 0, bytes, at, stop, "plain");
      side.left -= stop - at;
      if (side.left === 0) this.flow.scanEnd(direction, 0);
      at = stop;
    }
  }

  gap(direction: number): void {
    const side = this.#sides[direction];
    side.isLost = side.isCounted !== false;
    side.left = side.headBytes = side.length = 0;
    this.flow.scanEnd(direction, 0);
  }

  close(): void {}

  /** A byte of a length, or what shows that there is none. @returns Index of the first byte not taken. */
  #head(direction: number, side: Framing, bytes: Uint8Array, at: number): number {
    const byte = bytes[at];
    const hasBlank = side.headBytes > 0 && side.head[side.headBytes - 1] === BLANK;
    if (hasBlank && byte === LESS) {
      side.isCounted = true;
      side.left = side.length;
      side.headBytes = side.length = 0;
      return at;
    }
    // Some end a message with a line feed all the same.
    if (side.isCounted && side.headBytes === 0 && (byte === LF || byte === CR)) return at + 1;
    const isLength = isDigit(byte) && !hasBlank && side.headBytes < MAX_LENGTH_DIGITS &&
      (byte !== 0x30 || side.headBytes > 0);
    if (isLength || byte === BLANK && side.headBytes > 0 && !hasBlank) {
      if (isLength) side.length = side.length * 10 + byte - 0x30;
      side.head[side.headBytes++] = byte;
      return at + 1;
    }
    this.flow.scan(direction, 0, side.head, 0, side.headBytes, "plain");
    side.headBytes = side.length = 0;
    if (side.isCounted === null) side.isCounted = false;
    else side.isLost = true;
    return at;
  }
}

/** Whether a length, a blank and a priority stand here. */
function beginsCounted(bytes: Uint8Array, at: number, end: number): boolean {
  const first = at;
  while (at < end && at - first < MAX_LENGTH_DIGITS && isDigit(bytes[at])) at++;
  return at > first && bytes[first] !== 0x30 && end - at > 2 && bytes[at] === BLANK &&
    bytes[at + 1] === LESS &&
    isDigit(bytes[at + 2]);
}

const BLANK = 0x20;
const LESS = 0x3c;
const LF = 0x0a;
const CR = 0x0d;
