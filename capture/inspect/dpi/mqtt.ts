/**
 * MQTT 3.1, 3.1.1 and 5.0: logins, and what is published for the card search: a topic is a text, so is its payload,
 * near which the topic stands. Nothing is told but credentials.
 *
 * Lane 0 has everything that is no payload, lane 1 payloads. State: `MAX_LOGIN_BYTES` of a CONNECT, and a direction
 * `MAX_TOPIC_BYTES` of a topic.
 */
import { Cursor } from "../../../model/cursor.ts";
import { latin1 } from "../../../model/latin1.ts";
import { type FlowHandle, Probe, type StreamParser, type StreamProtocol, TO_SERVER } from "./contract.ts";

/** First bytes of a CONNECT within which a login must lie. */
const MAX_LOGIN_BYTES = 1024;
/** Of a topic, as the words near a payload. */
const MAX_TOPIC_BYTES = 64;
/** The shortest card number: near less nothing needs to stand. */
const MIN_CARD_BYTES = 13;
/** Bytes of a length, MQTT 5.0 §2.1.4. */
const MAX_LENGTH_BYTES = 4;
const PAYLOAD_LANE = 1;

// Types of packets, MQTT 5.0 §2.1.2.
const CONNECT = 1;
const PUBLISH = 3;
/** Types whose flags are 2: PUBREL, SUBSCRIBE, UNSUBSCRIBE; §2.1.3. */
const FLAGGED = 1 << 6 | 1 << 8 | 1 << 10;
const VERSION_5 = 5;

/** The protocol for the registry. */
export const mqtt: StreamProtocol = { name: "mqtt", probe, create: (flow) => new MqttParser(flow) };

/** CONNECT, MQTT 5.0 §3.1: length, protocol name. */
function probe(c: Cursor): number {
  if (c.remaining === 0 || c.peek8() !== CONNECT << 4) return Probe.no;
  if (c.remaining < 12) return c.remaining < 2 || c.peek8(1) >= 10 ? Probe.more : Probe.no;
  const body = new Cursor(c.bytes, c.at, c.end);
  body.skip(1);
  for (let i = 0; i < MAX_LENGTH_BYTES && body.u8() >= 0x80; i++);
  return skipName(body) ? Probe.yes : Probe.no;
}

/** Steps over the protocol's name; false where it is another. */
function skipName(c: Cursor): boolean {
  const name = c.ascii(Math.min(c.u16(), 8));
  return name === "MQTT" || name === "MQIsdp";
}

/** What the next byte of a packet belongs to. */
const Part = {
  /** Of a packet that is searched as it is. */
  other: 0,
  topicLength: 1,
  topic: 2,
  number: 3,
  propertiesLength: 4,
  properties: 5,
  payload: 6,
} as const;

/** One direction. */
class Side {
  /** First byte of the packet at hand: type and flags. */
  first = 0;
  /** Bytes of its header that came. */
  headerBytes = 0;
  /** Bytes of it still to come. */
  left = 0;
  part: number = Part.other;
  /** A number as far as it came, in so many bytes; then bytes of the field at hand still to come. */
  value = 0;
  valueBytes = 0;
  readonly topic = new Uint8Array(MAX_TOPIC_BYTES);
  topicBytes = 0;
  lost = false;
  /** Bytes were missing: a segment may begin with a packet. Not so where what came was none, wherever it was cut. */
  mayResume = false;
}

class MqttParser implements StreamParser {
  readonly #flow: FlowHandle;
  readonly #sides = [new Side(), new Side()];
  #version = 0;
  /** A CONNECT, as far as it came; null once it was read. */
  #login: Uint8Array | null = new Uint8Array(0);

  constructor(flow: FlowHandle) {
    this.#flow = flow;
  }

  data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    const side = this.#sides[direction];
    if (side.lost && side.mayResume && beginsPackets(bytes, at, end)) side.lost = side.mayResume = false;
    while (at < end) {
      if (side.lost) {
        this.#flow.scan(direction, 0, bytes, at, end, "plain");
        return;
      }
      if (side.left === 0) {
        this.#header(direction, side, bytes[at++]);
        continue;
      }
      const stop = this.#body(direction, side, bytes, at, Math.min(end, at + side.left));
      side.left -= stop - at;
      at = stop;
      if (side.left === 0) this.#done(direction, side);
    }
  }

  gap(direction: number): void {
    this.#lose(direction, this.#sides[direction]);
    this.#sides[direction].mayResume = true;
  }

  close(): void {}

  #header(direction: number, side: Side, byte: number): void {
    if (side.headerBytes++ === 0) {
      side.first = byte;
      side.value = 0;
      if (!isFirst(byte)) this.#lose(direction, side);
      return;
    }
    side.value |= (byte & 0x7f) << 7 * (side.headerBytes - 2);
    if (byte >= 0x80) {
      if (side.headerBytes > MAX_LENGTH_BYTES) this.#lose(direction, side);
      return;
    }
    side.left = side.value;
    side.part = side.first >> 4 === PUBLISH ? Part.topicLength : Part.other;
    side.headerBytes = side.value = side.valueBytes = 0;
  }

  /** @param end Not behind the packet's. @returns Index of the first byte not taken, at least one. */
  #body(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): number {
    switch (side.part) {
      case Part.topicLength:
        side.value = side.value << 8 | bytes[at];
        if (++side.valueBytes === 2) this.#begin(side, Part.topic, side.value);
        return at + 1;
      case Part.number:
        if (--side.value === 0) this.#next(side);
        return at + 1;
      case Part.propertiesLength:
        side.value |= (bytes[at] & 0x7f) << 7 * side.valueBytes++;
        if (bytes[at] < 0x80 || side.valueBytes === MAX_LENGTH_BYTES) {
          this.#begin(side, Part.properties, side.value);
        }
        return at + 1;
      case Part.topic:
      case Part.properties: {
        const stop = Math.min(end, at + side.value);
        if (side.part === Part.topic) {
          const kept = Math.min(stop, at + MAX_TOPIC_BYTES - side.topicBytes);
          for (let i = at; i < kept; i++) side.topic[side.topicBytes++] = bytes[i];
        }
        this.#flow.scan(direction, 0, bytes, at, stop, "plain");
        side.value -= stop - at;
        if (side.value === 0) {
          this.#flow.scanEnd(direction, 0);
          this.#next(side);
        }
        return stop;
      }
      case Part.payload:
        if (side.topicBytes > 0 && side.left >= MIN_CARD_BYTES) {
          this.#flow.scanContext(direction, PAYLOAD_LANE, latin1(side.topic, 0, side.topicBytes));
        }
        side.topicBytes = 0;
        this.#flow.scan(direction, PAYLOAD_LANE, bytes, at, end, "plain");
        return end;
      default:
        this.#flow.scan(direction, 0, bytes, at, end, "plain");
        if (side.first >> 4 === CONNECT && direction === TO_SERVER) this.#keepLogin(bytes, at, end);
        return end;
    }
  }

  /** Goes on with a field of so many bytes, or after it where it has none. */
  #begin(side: Side, part: number, bytes: number): void {
    side.part = part;
    side.value = bytes;
    if (bytes === 0) this.#next(side);
  }

  /** What follows the part of a PUBLISH that is over, MQTT 5.0 §3.3. */
  #next(side: Side): void {
    const hasNumber = (side.first & 6) !== 0; // Of a quality of service above 0.
    side.value = side.valueBytes = 0;
    if (side.part === Part.topic && hasNumber) {
      side.part = Part.number;
      side.value = 2;
    } else if (side.part < Part.propertiesLength && this.#version === VERSION_5) {
      side.part = Part.propertiesLength;
    } else side.part = Part.payload;
  }

  #done(direction: number, side: Side): void {
    this.#flow.scanEnd(direction, 0);
    if (side.part === Part.payload) this.#flow.scanEnd(direction, PAYLOAD_LANE);
    side.topicBytes = 0;
    if (side.first >> 4 === CONNECT) this.#login = null;
  }

  #lose(direction: number, side: Side): void {
    side.lost = true;
    side.left = side.headerBytes = side.topicBytes = 0;
    this.#flow.scanEnd(direction, 0);
    this.#flow.scanEnd(direction, PAYLOAD_LANE);
  }

  // ------------------------------------------------------------ logins

  #keepLogin(bytes: Uint8Array, at: number, end: number): void {
    const kept = this.#login;
    if (kept === null) return;
    const more = bytes.subarray(at, Math.min(end, at + MAX_LOGIN_BYTES - kept.length));
    const login = new Uint8Array(kept.length + more.length);
    login.set(kept);
    login.set(more, kept.length);
    const isRead = this.#readLogin(new Cursor(login)) || login.length === MAX_LOGIN_BYTES;
    this.#login = isRead ? null : login;
  }

  /** CONNECT without its header, MQTT 5.0 §3.1. @returns False where more bytes are needed. */
  #readLogin(c: Cursor): boolean {
    if (!skipName(c)) return !c.failed;
    this.#version = c.u8();
    const flags = c.u8();
    c.skip(2); // Seconds to keep alive.
    this.#skipProperties(c);
    c.skip(c.u16()); // The client's name.
    if ((flags & 4) !== 0) { // Its last will.
      this.#skipProperties(c);
      c.skip(c.u16());
      c.skip(c.u16());
    }
    const userLength = (flags & 0x80) !== 0 ? c.u16() : 0;
    if (c.failed) return false;
    if ((flags & 0x40) !== 0) this.#flow.credentials(TO_SERVER, "user_pass", userLength);
    return true;
  }

  #skipProperties(c: Cursor): void {
    if (this.#version !== VERSION_5) return;
    let length = 0;
    for (let shift = 0, byte = 0x80; shift < 28 && byte >= 0x80; shift += 7) {
      byte = c.u8();
      length |= (byte & 0x7f) << shift;
    }
    c.skip(length);
  }
}

/** Whether a packet may begin so: its flags are those of its type, MQTT 5.0 §2.1.3. */
function isFirst(byte: number): boolean {
  const type = byte >> 4;
  if (type === PUBLISH) return (byte & 6) !== 6;
  return type !== 0 && (byte & 15) === ((FLAGGED >> type & 1) === 0 ? 0 : 2);
}

/** Whether a segment is one packet or several, as most are: where a gap was, they are believed again. */
function beginsPackets(bytes: Uint8Array, at: number, end: number): boolean {
  while (at < end) {
    if (!isFirst(bytes[at++])) return false;
    let length = 0;
    let shift = 0;
    let byte = 0x80;
    while (byte >= 0x80 && shift < 7 * MAX_LENGTH_BYTES && at < end) {
      byte = bytes[at++];
      length |= (byte & 0x7f) << shift;
      shift += 7;
    }
    if (byte >= 0x80) return false;
    at += length;
  }
  return at === end;
}
