/**
 * Syslog over UDP (RFC 5426) and TCP (RFC 6587), in the old form (RFC 3164) and the new one (RFC 5424).
 *
 * Only recognised: what machines log is not told on, but looked at for card numbers.
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

class SyslogStream implements StreamParser {
  constructor(readonly flow: FlowHandle) {}

  data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    this.flow.scan(direction, 0, bytes, at, end, "plain");
  }

  gap(direction: number): void {
    this.flow.scanEnd(direction, 0);
  }

  close(): void {}
}
