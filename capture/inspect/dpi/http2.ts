/**
 * HTTP/2 in clear text, RFC 9113: with prior knowledge, or after an upgrade from HTTP/1.1. Each stream is one
 * transaction, told when the response's fields are known; what DATA frames carry goes to the card scanner.
 *
 * Lanes: 0 has header values as they were written out, 1 to 6 one body each, 7 bodies for which none was free: there
 * each frame is a text of its own. State: `MAX_STREAMS` streams and, a direction, a header block and HPACK's table.
 */
import type { Cursor } from "../../../model/cursor.ts";
import { type FlowHandle, Probe, type StreamParser, type StreamProtocol } from "./contract.ts";
import { Body } from "./http/body.ts";
import { tellCredentials } from "./http/credentials.ts";
import type { Head } from "./http/head.ts";
import { TextBudget } from "./http/inflater.ts";
import { httpLimits, MAX_HEAD_BYTES } from "./http/limits.ts";
import { beginsLikeRequest, mayBeStartLine } from "./http/start_line.ts";
import { nameServer, tellTransaction } from "./http/transaction.ts";
import { type FieldSink, HpackDecoder } from "./http2/hpack.ts";
import { BlockFields } from "./http2/message.ts";

/** Streams known at once; beyond, the oldest is told as it is and forgotten. */
const MAX_STREAMS = 256;
const FRAME_HEADER_BYTES = 9;
/** Lane that bodies share, and the lanes before it that one body has for itself. */
const SHARED_LANE = 7;

/** The client's first bytes, RFC 9113 §3.4. */
const PREFACE = Uint8Array.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (character) => character.charCodeAt(0));

// Frame types, RFC 9113 §6.
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PUSH_PROMISE = 5;
const CONTINUATION = 9;
// Flags.
const END_STREAM = 0x1;
const END_HEADERS = 0x4;
const PADDED = 0x8;
const PRIORITY = 0x20;

export const http2: StreamProtocol = {
  name: "http2",

  probe(c: Cursor): number {
    const { bytes, at, end } = c;
    const length = Math.min(end - at, PREFACE.length);
    let same = 0;
    while (same < length && bytes[at + same] === PREFACE[same]) same++;
    if (same === length) return same === PREFACE.length ? Probe.yes : Probe.more;
    if (bytes[at] !== 0) return Probe.no;
    return isSettings(bytes, at, end);
  },

  create: (flow: FlowHandle): StreamParser => new Http2Parser(flow),
};

/**
 * A parser for what follows an upgrade from HTTP/1.1: its request is that of stream 1, RFC 7540 §3.2.
 *
 * @param direction The request's.
 * @param request Null where it was not captured.
 */
export function createUpgraded(flow: FlowHandle, direction: number, request: Head | null): StreamParser {
  const parser = new Http2Parser(flow);
  parser.upgraded(direction, request);
  return parser;
}

/** The server's first frame: SETTINGS of stream 0, whole entries of known settings, RFC 9113 §3.4 and §6.5. */
function isSettings(bytes: Uint8Array, at: number, end: number): number {
  const known = [0, 0, -1, SETTINGS, 0, 0, 0, 0, 0];
  const length = Math.min(end - at, FRAME_HEADER_BYTES);
  for (let i = 0; i < length; i++) if (known[i] >= 0 && bytes[at + i] !== known[i]) return Probe.no;
  if (length < FRAME_HEADER_BYTES) return Probe.more;
  const entries = bytes[at + 2];
  if (entries % 6 !== 0 || entries > 96) return Probe.no;
  if (end - at < FRAME_HEADER_BYTES + entries) return Probe.more;
  for (let i = at + FRAME_HEADER_BYTES; i < at + FRAME_HEADER_BYTES + entries; i += 6) {
    if (bytes[i] !== 0 || bytes[i + 1] === 0 || bytes[i + 1] > 9) return Probe.no;
  }
  return Probe.yes;
}

const NOTHING: Uint8Array = new Uint8Array(0);

/** One direction. */
class Side {
  readonly header = new Uint8Array(FRAME_HEADER_BYTES);
  headerBytes = 0;
  preface = 0;
  /** First bytes that are none of HTTP/2, while they may become a request of HTTP/1. */
  opening = NOTHING;
  /** Bytes of the frame's payload still to come; -1 while its header is read. */
  left = -1;
  type = 0;
  flags = 0;
  stream = 0;
  /** Of the payload: bytes before what matters still to skip, padding at its end. */
  skip = 0;
  padding = 0;
  /** The byte that tells the padding is still to come. */
  padLength = false;
  /** A header block, as far as it came. */
  block = NOTHING;
  blockBytes = 0;
  blockTooLong = false;
  blockStream = 0;
  blockEnds = false;
  /** The block is a promise's. */
  blockPushed = false;
  /** For PUSH_PROMISE: bytes of the promised stream's number. */
  promised = 0;
  promisedLeft = 0;
  readonly hpack = new HpackDecoder();
  lost = false;
}

interface Stream {
  id: number;
  /** Direction of the request. */
  direction: number;
  request: Head | null;
  told: boolean;
  bodies: [Body | null, Body | null];
  lanes: [number, number];
  ended: [boolean, boolean];
}

class Http2Parser implements StreamParser {
  readonly #flow: FlowHandle;
  readonly #sides = [new Side(), new Side()];
  readonly #streams = new Map<number, Stream>();
  /** Bits of the lanes in use, by direction. */
  readonly #lanes = [0, 0];
  readonly #budget = new TextBudget();
  #lastHost = "";
  /** The flow was HTTP/1 and was handed to this one: there is no way back. */
  #isUpgraded = false;
  /** The flow was handed to another protocol. */
  #gone = false;

  constructor(flow: FlowHandle) {
    this.#flow = flow;
  }

  /** The request of stream 1 came before, whole: its credentials and its body have been looked at. */
  upgraded(direction: number, request: Head | null): void {
    this.#isUpgraded = true;
    if (request === null) return;
    const stream = this.#stream(1, direction);
    stream.request = request;
    stream.ended[direction] = true;
    this.#lastHost = request.host;
  }

  data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    if (this.#gone) return;
    const side = this.#sides[direction];
    if (side.lost && isFrameStart(bytes, at, end)) side.lost = false;
    if (side.opening.length > 0) return this.#opening(direction, side, bytes, at, end);
    while (at < end) {
      if (side.lost) {
        this.#flow.scan(direction, 0, bytes, at, end, "plain");
        return;
      }
      if (side.left >= 0) {
        const stop = Math.min(end, at + side.left);
        side.left -= stop - at;
        this.#payload(direction, side, bytes, at, stop);
        at = stop;
        if (side.left === 0) this.#frameDone(direction, side);
      } else if (side.headerBytes === 0 && side.preface >= 0 && bytes[at] === PREFACE[side.preface]) {
        at++;
        if (++side.preface === PREFACE.length) side.preface = -1;
      } else {
        if (side.headerBytes === 0 && this.#isNotHttp2(side, bytes[at])) {
          this.#opening(direction, side, bytes, at, end);
          return;
        }
        side.preface = -1;
        side.header[side.headerBytes++] = bytes[at++];
        if (side.headerBytes === FRAME_HEADER_BYTES) this.#frame(direction, side);
      }
    }
  }

  gap(direction: number): void {
    this.#lose(direction, this.#sides[direction]);
  }

  close(): void {
    if (this.#gone) return;
    this.#sides.forEach((side, direction) => this.#scanOpening(direction, side));
    for (const stream of this.#streams.values()) this.#forget(stream);
    this.#streams.clear();
  }

  /** A side that begins with neither the preface nor a frame. */
  #isNotHttp2(side: Side, byte: number): boolean {
    if (this.#isUpgraded) return false;
    return side.preface > 0 || side.preface === 0 && byte > MAX_FRAME_BYTES >> 16;
  }

  /** A request of HTTP/1 to a server that greets everyone in HTTP/2: then the flow is that protocol's. */
  #opening(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): void {
    const kept = side.opening.length > 0 ? side.opening : PREFACE.subarray(0, side.preface);
    const whole = new Uint8Array(kept.length + end - at);
    whole.set(kept);
    whole.set(bytes.subarray(at, end), kept.length);
    if (beginsLikeRequest(whole, 0, whole.length)) {
      side.opening = NOTHING;
      this.close();
      this.#gone = true;
      this.#flow.switchTo("http", direction, whole, 0, whole.length);
      return;
    }
    side.opening = whole;
    const isOpen = whole.length < MAX_OPENING_BYTES && mayBeStartLine(whole, 0, whole.length);
    if (!isOpen) this.#lose(direction, side);
  }

  // ------------------------------------------------------------ frames

  #frame(direction: number, side: Side): void {
    const { header } = side;
    side.headerBytes = 0;
    if (!isFrameHeader(header, 0)) return this.#lose(direction, side);
    side.left = header[0] << 16 | header[1] << 8 | header[2];
    side.type = header[3];
    side.flags = header[4];
    side.stream = (header[5] & 0x7f) << 24 | header[6] << 16 | header[7] << 8 | header[8];
    const padded = side.type === DATA || side.type === HEADERS || side.type === PUSH_PROMISE;
    side.padLength = padded && (side.flags & PADDED) !== 0;
    side.padding = 0;
    side.skip = side.type === HEADERS && side.flags & PRIORITY ? 5 : 0;
    side.promised = 0;
    side.promisedLeft = side.type === PUSH_PROMISE ? 4 : 0;
    if (side.type === HEADERS || side.type === PUSH_PROMISE) {
      side.blockBytes = 0;
      side.blockTooLong = false;
      side.blockStream = side.stream;
      side.blockPushed = side.type === PUSH_PROMISE;
      side.blockEnds = (side.flags & END_STREAM) !== 0;
    }
    if (side.left === 0) this.#frameDone(direction, side);
  }

  /** Bytes of a frame's payload, `side.left` already less by them. */
  #payload(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): void {
    if (side.padLength) {
      side.padding = bytes[at++];
      side.padLength = false;
    }
    const skipped = Math.min(side.skip, end - at);
    side.skip -= skipped;
    at += skipped;
    while (side.promisedLeft > 0 && at < end) {
      side.promised = side.promised << 8 | bytes[at++];
      side.promisedLeft--;
    }
    // Padding is what comes last.
    end = Math.min(end, end + side.left - side.padding);
    if (at >= end) return;
    if (side.type === DATA) this.#body(direction, side, bytes, at, end);
    else if (side.type === HEADERS || side.type === PUSH_PROMISE || side.type === CONTINUATION) {
      this.#keep(side, bytes, at, end);
    }
  }

  #frameDone(direction: number, side: Side): void {
    side.left = -1;
    switch (side.type) {
      case HEADERS:
      case PUSH_PROMISE:
      case CONTINUATION:
        if (side.type === PUSH_PROMISE) side.blockStream = side.promised & 0x7fff_ffff;
        if (side.flags & END_HEADERS) this.#block(direction, side);
        break;
      case DATA:
        if (side.flags & END_STREAM) this.#ended(direction, side.stream);
        break;
      case RST_STREAM: {
        const stream = this.#streams.get(side.stream);
        if (stream !== undefined) this.#drop(stream);
        break;
      }
    }
  }

  /** What was waited with: no request after all. */
  #scanOpening(direction: number, side: Side): void {
    const { opening } = side;
    side.opening = NOTHING;
    if (opening.length > 0) this.#flow.scan(direction, 0, opening, 0, opening.length, "plain");
  }

  #lose(direction: number, side: Side): void {
    side.lost = true;
    side.left = -1;
    side.headerBytes = 0;
    side.preface = -1;
    side.blockBytes = 0;
    side.hpack.tear();
    this.#scanOpening(direction, side);
    this.#flow.scanEnd(direction, 0);
    for (const stream of this.#streams.values()) this.#bodyDone(direction, stream);
  }

  // ------------------------------------------------------------ fields

  #keep(side: Side, bytes: Uint8Array, at: number, end: number): void {
    const length = side.blockBytes + end - at;
    if (length > MAX_HEAD_BYTES) {
      if (!side.blockTooLong) httpLimits.longHeads++;
      side.blockTooLong = true;
      return;
    }
    if (length > side.block.length) {
      const grown = new Uint8Array(Math.max(512, 2 * length));
      grown.set(side.block.subarray(0, side.blockBytes));
      side.block = grown;
    }
    side.block.set(bytes.subarray(at, end), side.blockBytes);
    side.blockBytes = length;
  }

  #block(direction: number, side: Side): void {
    const fields = new BlockFields();
    const sink: FieldSink = {
      field: (name, value) => fields.add(name, value),
      literal: (name, bytes, at, end) => {
        if (end - at < MIN_SCANNED_VALUE) return;
        this.#flow.scanContext(direction, 0, name);
        this.#flow.scan(direction, 0, bytes, at, end, "hpack");
        this.#flow.scanEnd(direction, 0);
      },
    };
    side.hpack.decode(side.block, 0, side.blockBytes, sink);
    if (side.blockTooLong) side.hpack.tear();
    side.blockBytes = 0;
    if (side.block.length > 8192) side.block = NOTHING;
    const id = side.blockStream;
    if (id === 0) return;
    const pushed = side.blockPushed;
    // What the server promises is a request of its client's.
    if (fields.request) {
      this.#request(pushed ? 1 - direction : direction, id, fields.toHead(), pushed || side.blockEnds);
    } else if (fields.status >= 200) {
      this.#response(direction, id, fields.toHead(), side.blockEnds);
    }
    if (pushed) this.#ended(1 - direction, id);
    else if (side.blockEnds) this.#ended(direction, id);
  }

  #request(direction: number, id: number, head: Head, bodiless: boolean): void {
    const stream = this.#stream(id, direction);
    if (stream.request !== null) return; // trailers have no method; a second head is nonsense
    stream.request = head;
    stream.direction = direction;
    if (head.host !== this.#lastHost) {
      this.#lastHost = head.host;
      nameServer(this.#flow, direction, head);
    }
    tellCredentials(this.#flow, direction, head);
    head.hasNoSecret = bodiless;
    if (!bodiless) stream.bodies[direction] = this.#bodyOf(direction, stream, head);
  }

  #response(direction: number, id: number, head: Head, bodiless: boolean): void {
    const stream = this.#stream(id, 1 - direction);
    if (stream.told) return;
    this.#tell(stream, head);
    if (!bodiless) stream.bodies[direction] = this.#bodyOf(direction, stream, head);
  }

  #tell(stream: Stream, response: Head | null): void {
    stream.told = true;
    tellTransaction(this.#flow, stream.direction, stream.request, response, {
      version: "2",
      http2: { stream_id: stream.id, request: {}, response: {} },
    });
  }

  #stream(id: number, direction: number): Stream {
    const known = this.#streams.get(id);
    if (known !== undefined) return known;
    if (this.#streams.size >= MAX_STREAMS) {
      httpLimits.streams++;
      this.#drop(this.#streams.values().next().value!);
    }
    const stream: Stream = {
      id,
      direction,
      request: null,
      told: false,
      bodies: [null, null],
      lanes: [0, 0],
      ended: [false, false],
    };
    this.#streams.set(id, stream);
    return stream;
  }

  /** A direction of a stream is over; with both, the stream. */
  #ended(direction: number, id: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#bodyDone(direction, stream, true);
    stream.ended[direction] = true;
    if (stream.ended[1 - direction]) this.#drop(stream);
  }

  #drop(stream: Stream): void {
    this.#streams.delete(stream.id);
    this.#forget(stream);
  }

  #forget(stream: Stream): void {
    for (const direction of [0, 1]) this.#bodyDone(direction, stream);
    if (!stream.told && stream.request !== null) this.#tell(stream, null);
  }

  // ------------------------------------------------------------ bodies

  #bodyOf(direction: number, stream: Stream, head: Head): Body {
    let lane = 1;
    while (lane < SHARED_LANE && this.#lanes[direction] & 1 << lane) lane++;
    if (lane < SHARED_LANE) this.#lanes[direction] |= 1 << lane;
    else httpLimits.streams++;
    stream.lanes[direction] = lane;
    return new Body({
      flow: this.#flow,
      direction,
      lane,
      budget: this.#budget,
      contentType: head.contentType,
      contentEncoding: head.contentEncoding,
      transferEncoding: "",
      request: head.request,
      head,
    });
  }

  #body(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): void {
    const stream = this.#streams.get(side.stream);
    const body = stream?.bodies[direction] ?? null;
    if (body === null) {
      // Its fields are missing, and so is how it is coded.
      this.#flow.scan(direction, 0, bytes, at, end, "plain");
      if (side.left <= side.padding) this.#flow.scanEnd(direction, 0);
      return;
    }
    body.push(bytes, at, end);
    if (stream!.lanes[direction] === SHARED_LANE && side.left <= side.padding) {
      this.#flow.scanEnd(direction, SHARED_LANE);
    }
  }

  #bodyDone(direction: number, stream: Stream, isWhole = false): void {
    const body = stream.bodies[direction];
    if (body === null) return;
    body.end(isWhole);
    stream.bodies[direction] = null;
    if (stream.lanes[direction] < SHARED_LANE) this.#lanes[direction] &= ~(1 << stream.lanes[direction]);
  }
}

/** A card number has 13 digits at least; Huffman may have made fewer bytes of them, but these are decoded. */
const MIN_SCANNED_VALUE = 8;

/** Longer ones are not believed: peers allow some megabytes at most. */
const MAX_FRAME_BYTES = 0x40_0000;

/** The longest method, a blank, and `http://`. */
const MAX_OPENING_BYTES = 32;

/** Frames are no longer unless a peer allows it, RFC 9113 §6.5.2. */
const DEFAULT_FRAME_BYTES = 16_384;

/** Frames that exist, with a length that nearly all implementations keep to, RFC 9113 §4. */
function isFrameHeader(bytes: Uint8Array, at: number): boolean {
  const length = bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2];
  const type = bytes[at + 3];
  if (type > 0x20 || length > MAX_FRAME_BYTES || (bytes[at + 5] & 0x80) !== 0) return false;
  const connection = bytes[at + 5] === 0 && bytes[at + 6] === 0 && bytes[at + 7] === 0 && bytes[at + 8] === 0;
  switch (type) {
    case DATA:
    case HEADERS:
    case PUSH_PROMISE:
    case CONTINUATION:
      return !connection;
    case RST_STREAM:
      return !connection && length === 4;
    case SETTINGS:
      return connection && length % 6 === 0;
    default:
      return true;
  }
}

/** Whether a segment begins with a frame: its header is one, and where it ends the segment does or the next begins. */
function isFrameStart(bytes: Uint8Array, at: number, end: number): boolean {
  for (let frames = 0; frames < 3; frames++) {
    if (end - at < FRAME_HEADER_BYTES || bytes[at + 3] > 9 || !isFrameHeader(bytes, at)) return false;
    const length = bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2];
    const usual = length <= DEFAULT_FRAME_BYTES && bytes[at + 5] === 0 && bytes[at + 6] === 0;
    at += FRAME_HEADER_BYTES + length;
    if (at === end) return true;
    if (at > end) return frames > 0 || usual;
  }
  return true;
}
