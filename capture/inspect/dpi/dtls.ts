/**
 * DTLS over UDP, 1.0 to 1.3: as TLS, but datagrams may be lost, come twice or out of order, and messages are cut
 * into fragments. Reads the part of the handshake that is in clear, tells one event, and is done.
 *
 * Other protocols may share the flow (STUN and SRTP in WebRTC, RFC 7983): their datagrams are stepped over.
 * State: the fragments of at most three messages a direction, `MAX_MESSAGE_BYTES` each.
 */
import { Cursor } from "../../../model/cursor.ts";
import { type DatagramParser, type DatagramProtocol, type FlowHandle, Probe } from "./contract.ts";
import { Handshake } from "./tls/handshake.ts";
import { Pieces } from "./tls/pieces.ts";
import { ContentType, HandshakeType, isHandshakeType } from "./tls/registry.ts";

/** RFC 6347 §4.1. */
const RECORD_HEADER_BYTES = 13;
/** RFC 6347 §4.2.2. */
const FRAGMENT_HEADER_BYTES = 12;
const MAX_RECORD_BYTES = 16_384 + 2048;
/** A hello has 100 bytes to 2 kB, a chain of certificates 1 to 8 kB. */
const MAX_MESSAGE_BYTES = 16_384;
/** Records looked at in one datagram. */
const MAX_RECORDS = 32;
/** Records other than handshake after which nobody waits for hellos. */
const MAX_MUTE_RECORDS = 32;

/** The protocol for the registry; its event is `dtls`, with the fields of EVE's `tls`. */
export const dtls: DatagramProtocol = { name: "dtls", probe, create: (flow) => new DtlsParser(flow) };

function probe(c: Cursor): number {
  const record = readRecord(c);
  if (record === null) return Probe.no;
  const { type, epoch, body } = record;
  if (epoch > 0) {
    // Sealed: a datagram that is records to its end is no accident.
    return type !== ContentType.changeCipherSpec && (c.remaining === 0 || readRecord(c) !== null)
      ? Probe.yes
      : Probe.no;
  }
  switch (type) {
    case ContentType.handshake:
      return readFragment(body) === null ? Probe.no : Probe.yes;
    case ContentType.alert:
      return body.remaining === 2 && (body.peek8() === 1 || body.peek8() === 2) ? Probe.yes : Probe.no;
    case ContentType.changeCipherSpec:
      return body.remaining === 1 && body.peek8() === 1 ? Probe.yes : Probe.no;
    default:
      return Probe.no;
  }
}

interface Record {
  type: number;
  epoch: number;
  body: Cursor;
}

/** The next record with a header in clear; null where there is none. A body may be cut short by the capture. */
function readRecord(c: Cursor): Record | null {
  if (!c.has(RECORD_HEADER_BYTES)) return null;
  const type = c.u8();
  const version = c.u16();
  const epoch = c.u16();
  c.skip(6); // sequence number
  const length = c.u16();
  if (type < ContentType.changeCipherSpec || type > ContentType.ack) return null;
  // 1.0, 1.2 (1.3 says 1.2 here), and what OpenSSL spoke before RFC 4347 and AnyConnect still does.
  if (version !== 0xfeff && version !== 0xfefd && version !== 0x0100) return null;
  if (length === 0 || length > MAX_RECORD_BYTES) return null;
  return { type, epoch, body: c.sub(Math.min(length, c.remaining)) };
}

interface Fragment {
  type: number;
  length: number;
  sequence: number;
  offset: number;
  body: Cursor;
  /** All that the fragment claims to hold was captured. */
  whole: boolean;
}

/** The next fragment of a handshake message; null where it is none, or sealed. */
function readFragment(c: Cursor): Fragment | null {
  if (!c.has(FRAGMENT_HEADER_BYTES)) return null;
  const type = c.u8();
  const length = c.u24();
  const sequence = c.u16();
  const offset = c.u24();
  const bytes = c.u24();
  if (!isHandshakeType(type) || offset + bytes > length) return null;
  const whole = c.has(bytes);
  return { type, length, sequence, offset, body: c.sub(Math.min(bytes, c.remaining)), whole };
}

/** A message of which fragments have come. */
interface Message {
  sequence: number;
  length: number;
  pieces: Pieces;
}

class Side {
  /** By type: only the three that tell something are put together. */
  messages = new Map<number, Message>();
  /** This side has gone on after its hello. */
  answered = false;
  encrypted = false;
}

class DtlsParser implements DatagramParser {
  readonly #flow: FlowHandle;
  readonly #sides: [Side, Side] = [new Side(), new Side()];
  #handshake = new Handshake("d");
  #mute = 0;
  #over = false;

  constructor(flow: FlowHandle) {
    this.#flow = flow;
  }

  datagram(direction: number, bytes: Uint8Array, at: number, end: number, _whole: boolean): void {
    if (this.#over) return;
    const c = new Cursor(bytes, at, end);
    for (let i = 0; i < MAX_RECORDS && c.remaining > 0; i++) {
      const record = readRecord(c);
      if (record === null) break;
      this.#record(direction, record);
    }
    if (this.#isEnough()) this.#finish();
  }

  close(): void {
    if (!this.#over) this.#finish();
  }

  #record(direction: number, { type, epoch, body }: Record): void {
    const side = this.#sides[direction];
    if (epoch > 0) {
      side.encrypted = true;
      this.#mute++;
    } else if (type === ContentType.handshake) {
      while (body.remaining > 0) {
        const fragment = readFragment(body);
        if (fragment === null) return;
        this.#fragment(direction, side, fragment);
      }
    } else if (type === ContentType.alert && body.remaining === 2) {
      this.#handshake.alert(direction, body.u8(), body.u8());
      side.answered = true;
    } else if (type === ContentType.changeCipherSpec) side.encrypted = true;
    else this.#mute++;
  }

  #fragment(direction: number, side: Side, fragment: Fragment): void {
    const { type, length, sequence, offset, body, whole } = fragment;
    if (type !== HandshakeType.clientHello && type !== HandshakeType.serverHello) side.answered = true;
    if (!isWanted(type)) return;
    if (offset === 0 && whole && body.remaining === length) {
      this.#message(direction, type, body, true);
      return;
    }
    if (length > MAX_MESSAGE_BYTES) return;
    let message = side.messages.get(type);
    if (message !== undefined && (message.sequence !== sequence || message.length !== length)) {
      message.pieces.drop();
      message = undefined;
    }
    if (message === undefined) {
      message = { sequence, length, pieces: new Pieces() };
      side.messages.set(type, message);
    }
    message.pieces.add(offset, body.view(body.remaining));
    const head = message.pieces.head();
    if (head.length < length) return;
    message.pieces.drop();
    side.messages.delete(type);
    this.#message(direction, type, new Cursor(head), true);
  }

  #message(direction: number, type: number, body: Cursor, whole: boolean): void {
    const at = body.at;
    if (this.#handshake.message(direction, type, body, whole)) return;
    // A hello that names another server: another connection on the same ports.
    this.#handshake.tell(this.#flow);
    this.#handshake = new Handshake("d");
    for (const side of this.#sides) side.answered = side.encrypted = false;
    body.at = at;
    body.failed = false;
    this.#handshake.message(direction, type, body, whole);
  }

  #isEnough(): boolean {
    const handshake = this.#handshake;
    if (this.#mute >= MAX_MUTE_RECORDS) return true;
    if (handshake.begun && handshake.fatal) return true;
    if (handshake.server === null || handshake.client === null) return false;
    const client = this.#sides[handshake.clientDirection];
    const server = this.#sides[1 - handshake.clientDirection];
    // Up to 1.2 the server seals without a certificate when it goes on with an earlier session.
    if (server.encrypted && handshake.certificate === null && !handshake.hidden) {
      handshake.resumed = handshake.client.sessionId !== "";
    }
    // The client has answered the server's flight: an alert about the certificate would be among it.
    return handshake.hidden || server.encrypted || client.encrypted || client.answered;
  }

  #finish(): void {
    this.#over = true;
    for (const [direction, side] of this.#sides.entries()) {
      for (const [type, { pieces }] of side.messages) {
        const head = pieces.head();
        pieces.drop();
        if (head.length > 0) this.#handshake.message(direction, type, new Cursor(head), false);
      }
      side.messages.clear();
    }
    if (this.#handshake.begun) this.#handshake.tell(this.#flow);
    this.#flow.done();
  }
}

function isWanted(type: number): boolean {
  return type === HandshakeType.clientHello || type === HandshakeType.serverHello ||
    type === HandshakeType.certificate;
}
