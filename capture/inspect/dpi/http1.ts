/**
 * HTTP/1.0 and 1.1, RFC 9112: requests and responses in either direction, matched in order; an `http` event when a
 * response's head is known, and bodies in clear text for the card scanner.
 *
 * A capture may begin or lose bytes anywhere. Where a body's end is not known, the next line that is a start line,
 * at the beginning of a segment or after a line feed, is where the parser believes again.
 *
 * Lanes of the card scanner: 0 has heads and what is not understood, 1 bodies. State: see `http/limits.ts`.
 */
import type { Cursor } from "../../../model/cursor.ts";
import { type FlowHandle, Probe, type StreamParser, type StreamProtocol } from "./contract.ts";
import { Body } from "./http/body.ts";
import { Chunks } from "./http/chunks.ts";
import { tellCredentials } from "./http/credentials.ts";
import { Head } from "./http/head.ts";
import { TextBudget } from "./http/inflater.ts";
import { RequestQueue } from "./http/request_queue.ts";
import { httpLimits, MAX_LINE_BYTES, UNANSWERED_AFTER_US } from "./http/limits.ts";
import {
  beginsLikeRequest,
  createStartLineParts,
  isKnownMethod,
  mayBeStartLine,
  parseStartLine,
  proxyLine,
  StartLine,
} from "./http/start_line.ts";
import { lineFeed } from "./http/text.ts";
import { createUpgraded, http2 } from "./http2.ts";
import { nameServer, tellTransaction } from "./http/transaction.ts";

/** Blank lines before a start line that are forgiven, RFC 9112 §2.2. */
const MAX_BLANK_BYTES = 8;
const BODY_LANE = 1;

export const http1: StreamProtocol = {
  name: "http",

  probe(c: Cursor): number {
    const { bytes, end } = c;
    let at = c.at;
    while (at < end && at - c.at < MAX_BLANK_BYTES && (bytes[at] === CR || bytes[at] === LF)) at++;
    if (at === end) return Probe.more;
    const proxied = proxyLine(bytes, at, end);
    if (proxied < 0) return Probe.more;
    at += proxied;
    if (at === end) return Probe.more;
    if (beginsLikeRequest(bytes, at, end)) return Probe.yes;
    const feed = lineFeed(bytes, at, Math.min(end, at + MAX_LINE_BYTES));
    const lineEnd = feed < 0 ? end : feed - (bytes[feed - 1] === CR ? 1 : 0);
    const found = parseStartLine(bytes, at, lineEnd, parts);
    if (found === StartLine.response || (found === StartLine.request && feed >= 0)) return Probe.yes;
    return feed < 0 && mayBeStartLine(bytes, at, end) ? Probe.more : Probe.no;
  },

  create(flow: FlowHandle): StreamParser {
    return new Http1Parser(flow);
  },
};

/** What the next byte of a direction belongs to. */
const State = {
  /** At the beginning of a line that should be a start line. */
  start: 0,
  fields: 1,
  /** A body of so many bytes. */
  length: 2,
  chunks: 3,
  /** A body without a known end. */
  untilClose: 4,
  /** Somewhere: a start line is looked for. */
  lost: 5,
} as const;

/** One direction. */
class Side {
  state: number = State.start;
  /** The unfinished line at the end of what came so far. */
  line = NO_LINE;
  lineLength = 0;
  /** Bytes were lost, or made no sense, since the last start line. */
  strayed = false;
  /** The line at hand began with a segment, as messages do. */
  withSegment = false;
  head: Head | null = null;
  headTooLong = false;
  /** A first line came. */
  begun = false;
  body: Body | null = null;
  bodyLeft = 0;
  /** A request's body, nothing of it yet. */
  announced = false;
  chunks: Chunks | null = null;
  /** The body's framing hangs on a request that was not seen. */
  unmatched = false;
  /** Requests of this direction that were not answered yet. */
  readonly waiting = new RequestQueue();
}

const NO_LINE: Uint8Array = new Uint8Array(0);
const FIRST_LINE_BYTES = 256;
const parts = createStartLineParts();

class Http1Parser implements StreamParser {
  readonly #flow: FlowHandle;
  readonly #sides = [new Side(), new Side()];
  readonly #budget = new TextBudget();
  /** The flow was handed to another protocol. */
  #gone = false;
  /** HTTP/2 after an upgrade: it goes on with the request that asked for it. */
  #next: StreamParser | null = null;
  #lastHost = "";

  constructor(flow: FlowHandle) {
    this.#flow = flow;
  }

  data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    if (this.#gone) return this.#next?.data(direction, bytes, at, end);
    const side = this.#sides[direction];
    this.#atSegment(direction, side, bytes, at, end);
    while (at < end && !this.#gone) {
      switch (side.state) {
        case State.start:
        case State.fields:
          at = this.#headBytes(direction, side, bytes, at, end);
          break;
        case State.length: {
          const stop = Math.min(end, at + side.bodyLeft);
          side.bodyLeft -= stop - at;
          side.body!.push(bytes, at, stop);
          at = stop;
          if (side.bodyLeft === 0) this.#bodyDone(side, State.start);
          break;
        }
        case State.chunks: {
          const chunks = side.chunks!;
          at = chunks.push(bytes, at, end, side.body!);
          if (chunks.done) this.#bodyDone(side, State.start);
          else if (chunks.broken) this.#bodyDone(side, State.lost);
          break;
        }
        case State.untilClose:
          side.body!.push(bytes, at, end);
          at = end;
          break;
        default:
          at = this.#lost(direction, side, bytes, at, end);
      }
    }
  }

  gap(direction: number): void {
    if (this.#gone) return this.#next?.gap(direction);
    const side = this.#sides[direction];
    this.#headTorn(direction, side);
    if (this.#gone) return;
    this.#bodyDone(side, State.lost);
    side.strayed = true;
    side.lineLength = 0;
    this.#flow.scanEnd(direction, 0);
  }

  close(): void {
    if (this.#gone) return this.#next?.close();
    for (const direction of [0, 1]) {
      const side = this.#sides[direction];
      this.#headTorn(direction, side);
      if (this.#gone) return;
      this.#bodyDone(side, State.lost);
    }
    this.#tellWaiting();
  }

  // ------------------------------------------------------------ heads

  /** Lines of a head, as many as are there. @returns Index after the last byte taken. */
  #headBytes(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): number {
    const from = at;
    let complete = false;
    while (at < end && !complete) {
      const feed = lineFeed(bytes, at, end);
      const stop = feed < 0 ? end : feed + 1;
      if (feed < 0 || side.lineLength > 0) {
        this.#keep(side, bytes, at, feed < 0 ? end : feed);
        if (feed >= 0) {
          const isCut = side.lineLength === MAX_LINE_BYTES;
          complete = this.#line(direction, side, side.line, 0, side.lineLength, isCut);
          side.lineLength = 0;
          if (side.line.length > 4 * FIRST_LINE_BYTES) side.line = NO_LINE;
        } else if (
          side.state === State.start && !mayBeStartLine(side.line, skipEnds(side), side.lineLength)
        ) {
          side.state = State.lost;
          side.lineLength = 0;
        }
      } else {
        const isCut = feed - at > MAX_LINE_BYTES;
        if (isCut) httpLimits.longLines++;
        complete = this.#line(direction, side, bytes, at, isCut ? at + MAX_LINE_BYTES : feed, isCut);
      }
      if (side.state === State.lost) {
        if (this.#tunnelled(direction, side, bytes, from, end)) return end;
        side.strayed = true;
        side.withSegment = false;
        complete = true;
        if (feed >= 0 && stop < end && mayBeStartLine(bytes, stop, end)) side.state = State.start;
      }
      at = stop;
    }
    this.#flow.scan(direction, 0, bytes, from, at, "plain");
    if (complete && side.state === State.fields) {
      this.#flow.scanEnd(direction, 0);
      this.#headDone(direction, side, false, bytes, at, end);
      if (this.#gone) return end;
    }
    return at;
  }

  #keep(side: Side, bytes: Uint8Array, at: number, end: number): void {
    const room = MAX_LINE_BYTES - side.lineLength;
    if (end - at > room) {
      if (room > 0) httpLimits.longLines++;
      end = at + room;
    }
    const length = side.lineLength + end - at;
    if (length > side.line.length) {
      const grown = new Uint8Array(Math.max(FIRST_LINE_BYTES, Math.min(MAX_LINE_BYTES, 2 * length)));
      grown.set(side.line.subarray(0, side.lineLength));
      side.line = grown;
    }
    for (let i = at, to = side.lineLength; i < end; i++, to++) side.line[to] = bytes[i];
    side.lineLength = length;
  }

  /** A whole line without its line feed, or (cut) the beginning of one. @returns Whether it ends the head. */
  #line(
    direction: number,
    side: Side,
    bytes: Uint8Array,
    at: number,
    end: number,
    isCut: boolean,
  ): boolean {
    if (end > at && bytes[end - 1] === CR) end--;
    if (side.state === State.start) {
      this.#startLine(direction, side, bytes, at, end, isCut);
      return false;
    }
    if (end === at) return true;
    if (!side.headTooLong && !side.head!.line(bytes, at, end, isCut)) {
      side.headTooLong = true;
      httpLimits.longHeads++;
    }
    return false;
  }

  #startLine(
    direction: number,
    side: Side,
    bytes: Uint8Array,
    at: number,
    end: number,
    isCut: boolean,
  ): void {
    while (at < end && bytes[at] === CR) at++;
    if (!side.begun) {
      side.begun = true;
      // Told by its first word: what is probed has seen the whole of it.
      if (proxyLine(bytes, at, end) !== 0) return;
    }
    if (end === at) return; // blank lines between messages, RFC 9112 §2.2
    const found = mayBeStartLine(bytes, at, end)
      ? parseStartLine(bytes, at, end, parts, isCut)
      : StartLine.none;
    // In the middle of something unknown only methods known by name are believed, and cut lines only where they
    // cannot be a line of some text.
    const believed = found === StartLine.response ||
      (found === StartLine.request &&
        (!side.strayed || (isKnownMethod(parts.method) && (parts.version !== "" || side.withSegment))));
    if (!believed) {
      side.state = State.lost;
      return;
    }
    side.head = new Head(parts);
    side.headTooLong = false;
    side.strayed = false;
    side.state = State.fields;
    if (found === StartLine.request) this.#tellOverdue(direction);
  }

  /**
   * A head is complete, or all that will come of it is here.
   *
   * @param torn Bytes of it are missing.
   * @param bytes What follows it, for a protocol that takes over.
   */
  #headDone(direction: number, side: Side, torn: boolean, bytes = NO_LINE, at = 0, end = 0): void {
    const head = side.head!;
    side.head = null;
    head.finish();
    if (head.request) this.#request(direction, side, head, end - at);
    else this.#response(direction, side, head, bytes, at, end);
    if (!torn) return;
    head.hasNoSecret = false;
    if (!this.#gone) this.#bodyDone(side, State.lost);
  }

  /** No more of a head will come: what was understood of it is kept. */
  #headTorn(direction: number, side: Side): void {
    if (side.lineLength > 0 && (side.state === State.start || side.state === State.fields)) {
      this.#line(direction, side, side.line, 0, side.lineLength, true);
      side.lineLength = 0;
    }
    if (side.state === State.fields) this.#headDone(direction, side, true);
  }

  /** @param more Bytes that follow the head in its segment. */
  #request(direction: number, side: Side, head: Head, more: number): void {
    side.waiting.push(head, this.#flow.timeUs);
    while (side.waiting.isOverfull) {
      httpLimits.pipelines++;
      tellTransaction(this.#flow, direction, side.waiting.shift()!.head, null);
    }
    if (head.host !== this.#lastHost) {
      this.#lastHost = head.host;
      nameServer(this.#flow, direction, head);
    }
    tellCredentials(this.#flow, direction, head);
    side.unmatched = false;
    if (head.chunked) this.#bodyBegin(direction, side, head, State.chunks);
    else if (head.contentLength > 0) {
      this.#bodyBegin(direction, side, head, State.length);
      side.announced = more === 0;
    } else {
      side.state = State.start;
      head.hasNoSecret = !side.headTooLong;
    }
  }

  #response(direction: number, side: Side, head: Head, bytes: Uint8Array, at: number, end: number): void {
    const asked = this.#sides[1 - direction].waiting;
    // 100 Continue, 102, 103: the real answer is still to come, RFC 9110 §15.2.
    if (head.status < 200 && head.status !== 101) {
      side.state = State.start;
      return;
    }
    const request = asked.shift()?.head ?? null;
    tellTransaction(this.#flow, 1 - direction, request, head);
    if (head.status === 101) {
      const protocol = head.upgrade.split(/[\s,/]/)[0];
      if (protocol === "h2c") return this.#upgrade(request, direction, bytes, at, end);
      return this.#switch(protocol === "websocket" ? protocol : null, direction, bytes, at, end);
    }
    if (request?.method === "CONNECT" && head.status < 300) {
      return this.#switch(null, direction, bytes, at, end);
    }
    side.unmatched = request === null;
    // RFC 9112 §6.3
    if (request?.method === "HEAD" || head.status === 204 || head.status === 304) side.state = State.start;
    else if (head.chunked) this.#bodyBegin(direction, side, head, State.chunks);
    else if (head.contentLength === 0) side.state = State.start;
    else if (head.contentLength > 0) this.#bodyBegin(direction, side, head, State.length);
    else this.#bodyBegin(direction, side, head, State.untilClose);
  }

  #upgrade(request: Head | null, direction: number, bytes: Uint8Array, at: number, end: number): void {
    this.#leave();
    this.#flow.name(http2.name);
    this.#next = createUpgraded(this.#flow, 1 - direction, request);
    this.#next.data(direction, bytes, at, end);
  }

  #switch(protocol: string | null, direction: number, bytes: Uint8Array, at: number, end: number): void {
    this.#leave();
    this.#flow.switchTo(protocol, direction, bytes, at, end);
  }

  #leave(): void {
    for (const side of this.#sides) this.#bodyDone(side, State.lost);
    this.#tellWaiting();
    this.#gone = true;
  }

  // ------------------------------------------------------------ bodies

  #bodyBegin(direction: number, side: Side, head: Head, state: number): void {
    side.state = state;
    side.bodyLeft = head.contentLength;
    side.announced = false;
    side.chunks = state === State.chunks ? new Chunks() : null;
    side.body = new Body({
      flow: this.#flow,
      direction,
      lane: BODY_LANE,
      budget: this.#budget,
      contentType: head.contentType,
      contentEncoding: head.contentEncoding,
      transferEncoding: head.transferEncoding,
      request: head.request,
      head,
    });
  }

  #bodyDone(side: Side, next: number): void {
    side.body?.end(next === State.start);
    side.body = null;
    side.chunks = null;
    side.state = next;
  }

  // ------------------------------------------------------------ where bytes are missing

  /**
   * A segment begins. A body of unknown length, or one that only was expected because its request (a HEAD?) was not
   * seen, gives way to a status line.
   */
  #atSegment(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): void {
    if (side.state === State.lost) {
      if (mayBeStartLine(bytes, at, end)) side.state = State.start;
      side.withSegment = true;
      return;
    }
    if (side.announced) {
      // A request's body that was refused before it came, RFC 9110 §10.1.1.
      side.announced = false;
      if (beginsLikeRequest(bytes, at, end)) this.#bodyDone(side, State.start);
      return;
    }
    const doubtful = side.unmatched || this.#sides[1 - direction].waiting.length > 0;
    if (side.body === null || !doubtful || side.state === State.chunks || bytes[at] !== 0x48) return;
    if (side.state === State.length && !side.unmatched) return;
    const feed = lineFeed(bytes, at, Math.min(end, at + MAX_LINE_BYTES));
    if (feed >= 0 && parseStartLine(bytes, at, feed, parts) === StartLine.response) {
      this.#bodyDone(side, State.start);
    }
  }

  /** Text that belongs nowhere, up to where a start line may begin. */
  #lost(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): number {
    const from = at;
    side.withSegment = false;
    while (at < end) {
      const feed = lineFeed(bytes, at, end);
      at = feed < 0 ? end : feed + 1;
      if (at < end && mayBeStartLine(bytes, at, end)) {
        side.state = State.start;
        break;
      }
    }
    // A line may also begin with the next segment: `#atSegment` looks.
    this.#flow.scan(direction, 0, bytes, from, at, "plain");
    return at;
  }

  /**
   * After CONNECT, what is no request is what goes through the tunnel: the proxy's answer was not captured.
   *
   * @returns Whether it was so: then the flow is another protocol's.
   */
  #tunnelled(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): boolean {
    if (side.strayed || side.waiting.last()?.head.method !== "CONNECT") return false;
    this.#switch(null, direction, bytes, at, end);
    return true;
  }

  // ------------------------------------------------------------ requests without an answer

  #tellOverdue(direction: number): void {
    const { waiting } = this.#sides[direction];
    for (
      let first = waiting.first();
      first !== undefined && this.#flow.timeUs - first.timeUs > UNANSWERED_AFTER_US;
      first = waiting.first()
    ) {
      waiting.shift();
      tellTransaction(this.#flow, direction, first.head, null);
    }
  }

  #tellWaiting(): void {
    for (const direction of [0, 1]) {
      const { waiting } = this.#sides[direction];
      for (let first = waiting.shift(); first !== undefined; first = waiting.shift()) {
        tellTransaction(this.#flow, direction, first.head, null);
      }
    }
  }
}

/** Carriage returns before a start line. */
function skipEnds(side: Side): number {
  let at = 0;
  while (at < side.lineLength && side.line[at] === CR) at++;
  return at;
}

const LF = 0x0a;
const CR = 0x0d;
