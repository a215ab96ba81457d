/**
 * WebSocket, RFC 6455, with permessage-deflate, RFC 7692: messages unmasked, put together from fragments and
 * inflated, each a text for the card scanner. It speaks after an HTTP/1.1 upgrade.
 *
 * What was negotiated need not be known: a compressed message says so (RSV1), a window of full size reads what any
 * smaller one wrote, and what was written without context takeover does not look back. State: a frame's header and
 * a decompressor a direction.
 */
import type { Cursor } from "../../../model/cursor.ts";
import { type FlowHandle, Probe, type StreamParser, type StreamProtocol } from "./contract.ts";
import { type ByteSink, Inflater, type MessageBudget, TextBudget } from "./http/inflater.ts";

/** Bytes of the longest header: two, a 64-bit length, a mask, RFC 6455 §5.2. */
const MAX_HEADER_BYTES = 14;
/** Frames beyond this are nonsense (RFC 6455 allows 2^63). */
const MAX_FRAME_BYTES = 0x1_0000_0000_0000;
/** Control frames carry this at most, RFC 6455 §5.5. */
const MAX_CONTROL_BYTES = 125;
const LANE = 1;
const FINAL_TEXT = 0x81;
/** Shorter text may be chance. */
const MIN_PROBED_TEXT = 6;

export const websocket: StreamProtocol = {
  name: "websocket",
  /** Without its upgrade: a whole final frame of text, unmasked or masked, that is text indeed. */
  probe(c: Cursor): number {
    const { bytes, at, end } = c;
    if (end === at) return Probe.more;
    if (bytes[at] !== FINAL_TEXT) return Probe.no;
    if (end - at < 2) return Probe.more;
    const length = bytes[at + 1] & 0x7f;
    if (length < MIN_PROBED_TEXT || length > 125) return Probe.no;
    const from = at + headerLength(bytes, at);
    if (end < from + length) return Probe.more;
    const masked = (bytes[at + 1] & 0x80) !== 0;
    for (let i = 0; i < length; i++) {
      const byte = masked ? bytes[from + i] ^ bytes[from - 4 + (i & 3)] : bytes[from + i];
      if (byte >= 0x7f || (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)) return Probe.no;
    }
    return Probe.yes;
  },
  create: (flow: FlowHandle): StreamParser => new WebSocketParser(flow),
};

/** One direction. */
class Side {
  readonly header = new Uint8Array(MAX_HEADER_BYTES);
  headerBytes = 0;
  /** Bytes of the frame's payload still to come; -1 while its header is read. */
  left = -1;
  control = false;
  final = false;
  masked = false;
  /** Index of the next payload byte, modulo 4: which byte of the mask it takes. */
  phase = 0;
  /** A message was begun and not ended. */
  open = false;
  compressed = false;
  inflater: Inflater | null = null;
  budget: MessageBudget | null = null;
  /** Where the next frame begins is not known. */
  lost = false;
}

class WebSocketParser implements StreamParser {
  readonly #flow: FlowHandle;
  readonly #sides = [new Side(), new Side()];
  readonly #sinks: ByteSink[];
  readonly #budget = new TextBudget();

  constructor(flow: FlowHandle) {
    this.#flow = flow;
    this.#sinks = [0, 1].map((direction) => ({
      push: (bytes, at, end) => flow.scan(direction, LANE, bytes, at, end, "deflate"),
      end: () => {},
    }));
  }

  data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    const side = this.#sides[direction];
    if (side.lost && isWholeFrame(bytes, at, end, side.masked)) side.lost = false;
    while (at < end) {
      if (side.lost) {
        this.#flow.scan(direction, 0, bytes, at, end, "plain");
        return;
      }
      if (side.left >= 0) at = this.#payload(direction, side, bytes, at, end);
      else at = this.#headerByte(direction, side, bytes, at);
    }
  }

  gap(direction: number): void {
    const side = this.#sides[direction];
    this.#lose(direction, side);
    // What was compressed may look back at what is missing.
    side.inflater?.close();
  }

  close(): void {
    for (const direction of [0, 1]) {
      const side = this.#sides[direction];
      side.inflater?.close();
      if (side.open) this.#flow.scanEnd(direction, LANE);
    }
  }

  #headerByte(direction: number, side: Side, bytes: Uint8Array, at: number): number {
    const { header } = side;
    header[side.headerBytes++] = bytes[at];
    if (side.headerBytes < 2 || side.headerBytes < headerLength(header)) return at + 1;
    const length = payloadLength(header);
    const opcode = header[0] & 0x0f;
    side.headerBytes = 0;
    if (!isPlausible(header, length, side.open)) {
      this.#lose(direction, side);
      return at + 1;
    }
    side.left = length;
    side.masked = (header[1] & 0x80) !== 0;
    side.phase = 0;
    side.control = opcode >= 8;
    if (!side.control) {
      side.final = (header[0] & 0x80) !== 0;
      if (opcode !== 0) this.#begin(side, (header[0] & 0x40) !== 0);
    }
    if (length === 0) this.#frameDone(direction, side);
    return at + 1;
  }

  #begin(side: Side, compressed: boolean): void {
    side.open = true;
    side.compressed = compressed;
    // A message that ends its deflate stream (RFC 7692 §7.2.3.4) is followed by a new one.
    if (compressed && (side.inflater === null || side.inflater.ended)) {
      side.budget = this.#budget.message();
      side.inflater = new Inflater("raw", side.budget);
    }
  }

  #payload(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): number {
    const stop = Math.min(end, at + side.left);
    side.left -= stop - at;
    if (!side.control) {
      if (side.masked) this.#unmask(direction, side, bytes, at, stop);
      else this.#text(direction, side, bytes, at, stop);
    }
    if (side.left === 0) this.#frameDone(direction, side);
    return stop;
  }

  #unmask(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): void {
    const maskAt = headerLength(side.header) - 4;
    while (at < end) {
      const length = Math.min(end - at, unmasked.length);
      for (let i = 0; i < length; i++) {
        unmasked[i] = bytes[at + i] ^ side.header[maskAt + ((side.phase + i) & 3)];
      }
      side.phase = (side.phase + length) & 3;
      at += length;
      this.#text(direction, side, unmasked, 0, length);
    }
  }

  #text(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): void {
    if (side.compressed) {
      side.budget!.sent(end - at);
      side.inflater!.push(bytes, at, end, 0, this.#sinks[direction]);
    } else this.#flow.scan(direction, LANE, bytes, at, end, "plain");
  }

  #frameDone(direction: number, side: Side): void {
    side.left = -1;
    if (side.control || !side.final) return;
    // The tail that senders leave out, RFC 7692 §7.2.2.
    if (side.compressed) side.inflater!.push(DEFLATE_TAIL, 0, DEFLATE_TAIL.length, 0, this.#sinks[direction]);
    side.open = false;
    this.#flow.scanEnd(direction, LANE);
  }

  #lose(direction: number, side: Side): void {
    side.lost = true;
    side.left = -1;
    side.headerBytes = 0;
    side.open = false;
    this.#flow.scanEnd(direction, LANE);
    this.#flow.scanEnd(direction, 0);
  }
}

const unmasked = new Uint8Array(16_384);
const DEFLATE_TAIL = Uint8Array.of(0, 0, 0xff, 0xff);

/** Bytes of a header whose first two are known. */
function headerLength(header: Uint8Array, at = 0): number {
  const length = header[at + 1] & 0x7f;
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (header[at + 1] & 0x80 ? 4 : 0);
}

function payloadLength(header: Uint8Array, at = 0): number {
  const length = header[at + 1] & 0x7f;
  if (length < 126) return length;
  let long = 0;
  for (let i = at + 2; i < at + (length === 126 ? 4 : 10); i++) long = long * 256 + header[i];
  return long;
}

/** @param open A message waits for its next fragment. */
function isPlausible(header: Uint8Array, length: number, open: boolean, at = 0): boolean {
  const opcode = header[at] & 0x0f;
  const reserved = header[at] & 0x70;
  if (opcode >= 8) {
    return opcode <= 10 && reserved === 0 && (header[at] & 0x80) !== 0 && length <= MAX_CONTROL_BYTES;
  }
  if (opcode > 2 || length > MAX_FRAME_BYTES || (reserved & 0x30) !== 0) return false;
  return opcode === 0 ? open && reserved === 0 : !open;
}

/** Whether a segment is one frame from end to end: then frames can be told apart again. */
function isWholeFrame(bytes: Uint8Array, at: number, end: number, masked: boolean): boolean {
  if (end - at < 2 || ((bytes[at + 1] & 0x80) !== 0) !== masked) return false;
  const length = headerLength(bytes, at);
  if (length > end - at) return false;
  const payload = payloadLength(bytes, at);
  return payload === end - at - length && isPlausible(bytes, payload, false, at);
}
