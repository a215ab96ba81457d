/**
 * TLS over TCP, from SSLv3 to 1.3, and SSLv2-compatible hellos: reads the part of the handshake that is in clear,
 * tells one event, and is done: what follows is encrypted.
 *
 * Either side may be missing, the capture may begin in the middle, and the client may be the flow's server: roles
 * come from the messages. State: one handshake message a direction, `MAX_MESSAGE_BYTES` each.
 */
import type { Cursor } from "../../../model/cursor.ts";
import { type FlowHandle, Probe, type StreamParser, type StreamProtocol } from "./contract.ts";
import { Handshake } from "./tls/handshake.ts";
import { HandshakeStream } from "./tls/handshake_stream.ts";
import { ContentType, HandshakeType } from "./tls/registry.ts";
import { isSslv2Hello, parseSslv2Hello, SSLV2_HEADER_BYTES } from "./tls/sslv2.ts";

const RECORD_HEADER_BYTES = 5;
/** RFC 5246 §6.2.3: 2^14 of content and 2048 more for compression and encryption. */
const MAX_RECORD_BYTES = 16_384 + 2048;
/** Records of a side that is alone, other than handshake, after which nobody waits for the other side's hello. */
const MAX_RECORDS_ALONE = 32;
/** The same of both sides, after which a connection that was joined in the middle is left alone. */
const MAX_RECORDS_WITHOUT_HELLO = 8;
/** Chunks after a gap in which a record's beginning is looked for. */
const MAX_RESYNC_CHUNKS = 16;

/** The protocol for the registry: EVE's `tls`. */
export const tls: StreamProtocol = { name: "tls", probe, create: (flow) => new TlsParser(flow) };

function probe(c: Cursor): number {
  if (isRecordHeader(c.bytes, c.at, c.end)) {
    if (c.remaining < RECORD_HEADER_BYTES) return Probe.more;
    const type = c.peek8();
    const length = c.peek16(3);
    if (c.peek8(1) === 1 && type !== ContentType.handshake) return Probe.no;
    if (type === ContentType.alert) {
      // In clear: two bytes, level and description; encrypted ones are longer.
      if (length !== 2) return length >= 18 && length <= 64 ? Probe.yes : Probe.no;
      if (c.remaining < RECORD_HEADER_BYTES + 1) return Probe.more;
      return c.peek8(5) === 1 || c.peek8(5) === 2 ? Probe.yes : Probe.no;
    }
    if (type === ContentType.changeCipherSpec) return length === 1 ? Probe.yes : Probe.no;
    return length > 0 ? Probe.yes : Probe.no;
  }
  return isSslv2Hello(c.bytes, c.at, c.end);
}

/** Whether bytes begin a record as far as they go: type, version and length are possible ones. */
function isRecordHeader(bytes: Uint8Array, at: number, end: number): boolean {
  const n = end - at;
  if (n < 1 || bytes[at] < ContentType.changeCipherSpec || bytes[at] > ContentType.heartbeat) return false;
  if (n >= 2 && bytes[at + 1] !== 3 && bytes[at + 1] !== 1) return false;
  // 3.0 to 3.4; 1.1 is TLCP (GB/T 38636), TLS with China's ciphers.
  if (n >= 3 && bytes[at + 2] > (bytes[at + 1] === 3 ? 4 : 1)) return false;
  return n < 4 || (bytes[at + 3] << 8 | (n < 5 ? 0 : bytes[at + 4])) <= MAX_RECORD_BYTES;
}

/** Printable ASCII and blanks. */
function isText(bytes: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) {
    const byte = bytes[i];
    if ((byte < 0x20 || byte > 0x7e) && byte !== 0x0d && byte !== 0x0a && byte !== 0x09) return false;
  }
  return length > 0;
}

/**
 * Whether bytes begin a ClientHello in a TLS record: eleven bytes that nothing else begins with. For whoever
 * suspects that a flow goes over to TLS (STARTTLS, proxies, RDP, databases).
 *
 * @returns False also when there are fewer than eleven.
 */
export function beginsClientHello(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < 11 || bytes[at] !== ContentType.handshake || !isRecordHeader(bytes, at, end)) return false;
  return bytes[at + 5] === HandshakeType.clientHello && bytes[at + 6] === 0 && bytes[at + 9] === 3 &&
    bytes[at + 10] <= 4;
}

const NOTHING = new Uint8Array(0);

/** What is known of one direction. */
class Side {
  /** What came of a header that is in pieces, or of something else; made when there is one. */
  header: Uint8Array<ArrayBuffer> = NOTHING;
  headerBytes = 0;
  /** Bytes of the record at hand still to come. */
  left = 0;
  type = 0;
  /** Length of the record at hand. */
  length = 0;
  records = 0;
  /** Records so far that could not bring a hello. */
  mute = 0;
  /** After ChangeCipherSpec. */
  encrypted = false;
  /** What comes is no TLS: it is left alone. */
  lost = false;
  /** What comes is no TLS, and never was: it reads like text. */
  clear = false;
  /** Chunks that may still be looked at for the beginning of a record; 0: in step. */
  resync = 0;
  /** First byte of an alert whose second is still to come; -1: none. */
  alertLevel = -1;
  /** Collects an SSLv2 hello. */
  sslv2: Uint8Array | null = null;

  constructor(readonly handshake: HandshakeStream) {}
}

class TlsParser implements StreamParser {
  readonly #flow: FlowHandle;
  readonly #sides: [Side, Side];
  #handshake = new Handshake("t");
  #over = false;

  constructor(flow: FlowHandle) {
    this.#flow = flow;
    this.#sides = [this.#side(0), this.#side(1)];
  }

  #side(direction: number): Side {
    return new Side(
      new HandshakeStream((type, body, whole) => this.#message(direction, type, body, whole)),
    );
  }

  data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    const side = this.#sides[direction];
    if (side.resync > 0 && !this.#over) {
      if (!isRecordHeader(bytes, at, end) || end - at < RECORD_HEADER_BYTES) {
        if (--side.resync === 0) this.#lose(direction);
        return;
      }
      side.resync = 0;
    }
    while (at < end && !this.#over) {
      if (side.lost) {
        if (side.clear) this.#flow.scan(direction, 0, bytes, at, end, "plain");
        return;
      }
      if (side.resync > 0) return;
      if (side.left === 0) {
        at = this.#header(direction, side, bytes, at, end);
        continue;
      }
      const n = Math.min(side.left, end - at);
      this.#content(direction, side, bytes, at, at + n);
      at += n;
      side.left -= n;
      if (side.left === 0) this.#recordEnd(direction, side);
    }
  }

  gap(direction: number): void {
    if (this.#over) return;
    const side = this.#sides[direction];
    side.handshake.flush();
    side.headerBytes = 0;
    side.left = 0;
    side.alertLevel = -1;
    side.sslv2 = null;
    side.resync = MAX_RESYNC_CHUNKS;
  }

  close(): void {
    if (this.#over) return;
    for (const side of this.#sides) side.handshake.flush();
    this.#finish();
  }

  /** Reads a record's header, which may come in pieces. @returns Index after it. */
  #header(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): number {
    if (
      side.headerBytes === 0 && end - at >= RECORD_HEADER_BYTES &&
      isRecordHeader(bytes, at, at + RECORD_HEADER_BYTES)
    ) {
      side.type = bytes[at];
      side.length = side.left = bytes[at + 3] << 8 | bytes[at + 4];
      if (side.left === 0) this.#recordEnd(direction, side);
      return at + RECORD_HEADER_BYTES;
    }
    if (side.header === NOTHING) side.header = new Uint8Array(SSLV2_HEADER_BYTES);
    const header = side.header;
    while (at < end && side.headerBytes < RECORD_HEADER_BYTES) header[side.headerBytes++] = bytes[at++];
    if (!isRecordHeader(header, 0, side.headerBytes)) {
      return this.#sslv2Header(direction, side, bytes, at, end);
    }
    if (side.headerBytes < RECORD_HEADER_BYTES) return at;
    side.headerBytes = 0;
    side.type = header[0];
    side.length = side.left = header[3] << 8 | header[4];
    if (side.left === 0) this.#recordEnd(direction, side);
    return at;
  }

  /** No TLS record begins here: an SSLv2 hello, as the first thing of a direction, or nothing that is known. */
  #sslv2Header(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): number {
    const header = side.header;
    if (side.records === 0) {
      while (at < end && side.headerBytes < SSLV2_HEADER_BYTES) header[side.headerBytes++] = bytes[at++];
      const verdict = isSslv2Hello(header, 0, side.headerBytes);
      if (verdict === Probe.more) return at;
      if (verdict === Probe.yes) {
        side.type = SSLV2;
        side.length = ((header[0] & 0x7f) << 8 | header[1]) + 2;
        side.left = side.length - SSLV2_HEADER_BYTES;
        side.sslv2 = new Uint8Array(side.length);
        side.sslv2.set(header);
        side.headerBytes = 0;
        return at;
      }
      // An answer in clear text to a hello, perhaps.
      if (isText(header, side.headerBytes)) {
        side.clear = true;
        this.#flow.scan(direction, 0, header.slice(0, side.headerBytes), 0, side.headerBytes, "plain");
        this.#lose(direction);
        return at;
      }
    }
    // The middle of a record: the capture began there, or lost what was before.
    this.gap(direction);
    return at;
  }

  #content(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): void {
    if (side.type === SSLV2) side.sslv2!.set(bytes.subarray(at, end), side.length - side.left);
    else if (side.encrypted) return;
    else if (side.type === ContentType.handshake) side.handshake.data(bytes, at, end);
    else if (side.type === ContentType.alert && side.length === 2) {
      for (let i = at; i < end; i++) {
        if (side.alertLevel < 0) side.alertLevel = bytes[i];
        else {
          this.#handshake.alert(direction, side.alertLevel, bytes[i]);
          side.alertLevel = -1;
        }
      }
    }
  }

  #message(direction: number, type: number, body: Cursor, whole: boolean): void {
    const at = body.at;
    if (this.#handshake.message(direction, type, body, whole)) return;
    // A hello that names another server: another connection on the same ports. What is known of the first is told.
    this.#handshake.tell(this.#flow);
    this.#handshake = new Handshake("t");
    body.at = at;
    body.failed = false;
    this.#handshake.message(direction, type, body, whole);
  }

  #recordEnd(direction: number, side: Side): void {
    side.records++;
    if (side.type !== ContentType.handshake || side.encrypted || side.handshake.lost) side.mute++;
    if (side.type === SSLV2) {
      const hello = parseSslv2Hello(side.sslv2!);
      side.sslv2 = null;
      if (hello.client !== null) this.#handshake.client ??= hello.client;
      if (hello.server !== null) this.#handshake.server ??= hello.server;
      this.#handshake.clientDirection = hello.server === null ? direction : 1 - direction;
    } else if (side.type === ContentType.changeCipherSpec) {
      this.#changeCipherSpec(direction, side);
    }
    if (this.#isEnough(direction, side)) this.#finish();
  }

  #changeCipherSpec(direction: number, side: Side): void {
    const { client, server, certificate, clientDirection } = this.#handshake;
    // Up to TLS 1.2 the server changes ciphers without a certificate when it goes on with an earlier session. In 1.3
    // this record means nothing, RFC 8446 §D.4, and may even come before the second ClientHello.
    if (server === null || this.#handshake.hidden) return;
    side.encrypted = true;
    if (direction === clientDirection || certificate !== null) return;
    if (client !== null && client.sessionId === "" && server.sessionId === "") return;
    this.#handshake.resumed = true;
  }

  /** Whether the handshake has nothing more to show, after a record of this direction. */
  #isEnough(direction: number, side: Side): boolean {
    const handshake = this.#handshake;
    if (!handshake.begun) return this.#sides[0].mute + this.#sides[1].mute >= MAX_RECORDS_WITHOUT_HELLO;
    if (handshake.fatal) return true;
    if (handshake.server === null || handshake.client === null) return side.mute >= MAX_RECORDS_ALONE;
    if (handshake.hidden) return true;
    if (direction !== handshake.clientDirection) {
      return side.encrypted || side.type === ContentType.applicationData;
    }
    // The client has answered the server's hello: its alert about the certificate would have come by now. A record
    // of its own hello, seen after the server's only because the capture turned them round, is no answer.
    return side.type !== ContentType.handshake || side.records > 1;
  }

  #lose(direction: number): void {
    const side = this.#sides[direction];
    side.lost = true;
    side.handshake.flush();
    if (this.#sides[1 - direction].lost && side.records > 0) this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    for (const side of this.#sides) side.handshake.reset();
    if (this.#handshake.begun) this.#handshake.tell(this.#flow);
    if (this.#sides[0].records + this.#sides[1].records > 0) this.#flow.done();
  }
}

/** Stands for an SSLv2 record in `Side.type`. */
const SSLV2 = -1;
