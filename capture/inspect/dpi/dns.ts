/**
 * DNS over UDP and TCP (RFC 1035), multicast DNS (RFC 6762) and LLMNR (RFC 4795).
 *
 * On their own ports whatever can be read is told: questions of a message cut short or malformed were asked all the
 * same. On any other port a message must be well formed from its first byte to its last.
 *
 * State of a flow: 64 questions that wait for an answer, over TCP 8 KiB of an unfinished message each direction.
 */
import { Cursor } from "../../../model/cursor.ts";
import { scanDatagram } from "./clear_text.ts";
import {
  type DatagramParser,
  type DatagramProtocol,
  type FlowHandle,
  Probe,
  type StreamParser,
  type StreamProtocol,
} from "./contract.ts";
import { answerFields, extraFields, queryFields } from "./dns/eve.ts";
import {
  type DnsMessage,
  type DnsRecord,
  Flag,
  HEADER_BYTES,
  MIN_QUESTION_BYTES,
  MIN_RECORD_BYTES,
  opcodeOf,
  parseMessage,
  type Question,
} from "./dns/message.ts";
import { isExtendedLabel } from "./dns/names.ts";
import { findMessage } from "./dns/message_search.ts";
import { isKnownType, Type } from "./dns/registry.ts";

const DNS_PORT = 53;
const MDNS_PORT = 5353;
const LLMNR_PORT = 5355;

/** Questions of a flow that wait for their answers; the oldest makes room. */
const MAX_PENDING = 64;
/** An answer later than this belongs to another question with the same number. */
const MAX_LATENCY_US = 60e6;
/** Length before each message over TCP, RFC 1035 §4.2.2. */
const PREFIX_BYTES = 2;
/** Of a message that comes in several segments; what is beyond is not read. Most answers have less than 1 KiB. */
const MAX_KEPT_BYTES = 8192;

/** DNS, multicast DNS and LLMNR over UDP. */
export const dnsDatagrams: DatagramProtocol = {
  name: "dns",
  probe(c, _direction, clientPort, serverPort) {
    if (namedPort(clientPort, serverPort) !== 0) return passesLoosely(c) ? Probe.yes : Probe.no;
    return passesStrictly(c) ? Probe.yes : Probe.no;
  },
  create: (flow) => new DnsDatagrams(flow),
};

/** DNS over TCP: each message after its length, several in a segment and one over several. */
export const dnsStream: StreamProtocol = {
  name: "dns",
  probe(c, _direction, serverPort) {
    const length = c.peek16();
    if (c.has(PREFIX_BYTES) && length < HEADER_BYTES + MIN_QUESTION_BYTES) return Probe.no;
    if (!c.has(PREFIX_BYTES + HEADER_BYTES)) return Probe.more;
    c.skip(PREFIX_BYTES);
    if (!hasSaneHeader(c, length)) return Probe.no;
    if (serverPort === DNS_PORT) return Probe.yes;
    if (!c.has(length)) return Probe.more;
    c.limit(length);
    return passesStrictly(c) ? Probe.yes : Probe.no;
  },
  create: (flow) => new DnsStream(flow),
};

/** 53, 5353 or 5355 where one of the ports is; else 0. */
function namedPort(clientPort: number, serverPort: number): number {
  if (serverPort === MDNS_PORT || clientPort === MDNS_PORT) return MDNS_PORT;
  if (serverPort === LLMNR_PORT || clientPort === LLMNR_PORT) return LLMNR_PORT;
  return serverPort === DNS_PORT || clientPort === DNS_PORT ? DNS_PORT : 0;
}

/** Operations there are, by bit: query, inverse, status, notify, update, stateful (RFC 8490). */
const OPCODES = 0b111_0111;

/**
 * Whether the header is one that programs send: known operation, counts that the bytes can hold, a query without an
 * error.
 */
function hasSaneHeader(c: Cursor, length: number): boolean {
  const flags = c.peek16(2);
  if (!hasSaneFlags(flags)) return false;
  const questions = c.peek16(4);
  const records = c.peek16(6) + c.peek16(8) + c.peek16(10);
  if (questions * MIN_QUESTION_BYTES + records * MIN_RECORD_BYTES > length - HEADER_BYTES) return false;
  if ((flags & Flag.response) === 0) return (flags & 15) === 0 && questions + records > 0;
  return questions + records > 0 || (flags & 15) !== 0;
}

function hasSaneFlags(flags: number): boolean {
  return (flags & Flag.reserved) === 0 && (OPCODES >> opcodeOf(flags) & 1) !== 0;
}

/** Questions of a message whose first one is cut short, at most. */
const MAX_CUT_QUESTIONS = 32;

/** On DNS's own ports: a header, and a first question or record that begins with a name. */
function passesLoosely(c: Cursor): boolean {
  if (!c.has(HEADER_BYTES)) return false;
  const questions = c.peek16(4);
  if (questions === 0) return hasSaneHeader(c, c.remaining);
  let at = HEADER_BYTES;
  while (c.has(at + MIN_QUESTION_BYTES)) {
    const size = c.peek8(at);
    if (size === 0 || size >= 0xc0 || isExtendedLabel(size)) return true;
    if (size > 63) return false;
    at += 1 + size;
  }
  return questions <= MAX_CUT_QUESTIONS && hasSaneFlags(c.peek16(2));
}

/** On any port: one message, well formed from the first byte to the last. */
function passesStrictly(c: Cursor): boolean {
  if (!c.has(HEADER_BYTES + MIN_QUESTION_BYTES) || !hasSaneHeader(c, c.remaining)) return false;
  if (c.peek16(4) !== 1) return false;
  const message = parseMessage(c);
  if (message === null || !message.complete || message.rest !== 0) return false;
  const { name, type, class: dnsClass } = message.questions[0];
  const knownClass = dnsClass === 1 || dnsClass === 3 || dnsClass === 4 || dnsClass === 255;
  return knownClass && isKnownType(type) && !isNetbiosName(name, type);
}

const NB = 32; // RFC 1002 §4.2.1.2: the number is NIMLOC's in DNS
const NBSTAT = 33;

/** Whether a question is one of the NetBIOS name service, which has DNS's form: sixteen bytes in 32 letters. */
function isNetbiosName(name: string, type: number): boolean {
  return (type === NB || type === NBSTAT) && /^[A-Z]{32}(\.|$)/.test(name);
}

const NOTHING = new Uint8Array(0);
/** Messages are read one at a time: one reader for all flows. */
const reader = new Cursor(NOTHING);

/** What both transports have in common: messages to events, and how long answers took. */
class DnsFlow {
  readonly #flow: FlowHandle;
  readonly #eventType: string;
  readonly #multicast: boolean;
  /** By message number; made with the first question. */
  #pending: Map<number, { question: Question; timeUs: number }> | null = null;
  #transactions = 0;

  constructor(flow: FlowHandle) {
    this.#flow = flow;
    const port = namedPort(flow.clientPort, flow.serverPort);
    this.#multicast = port === MDNS_PORT;
    this.#eventType = this.#multicast ? "mdns" : port === LLMNR_PORT ? "llmnr" : "dns";
    if (this.#eventType !== "dns") flow.name(this.#eventType);
  }

  message(direction: number, bytes: Uint8Array, at: number, end: number): void {
    reader.reset(bytes, at, end);
    const message = parseMessage(reader);
    if (message === null) return;
    if ((message.flags & Flag.response) === 0) this.#tellQuestions(direction, message);
    else if (message.complete || message.questions.length + message.answers.length > 0) {
      this.#tellAnswer(direction, message);
    }
  }

  #tellQuestions(direction: number, message: DnsMessage): void {
    const { questions } = message;
    if (questions.length === 0) return;
    const transaction = this.#transactions++;
    for (const question of questions) {
      const fields: Record<string, unknown> = {
        [this.#eventType]: queryFields(message, question, transaction),
      };
      const extra = extraFields(message, question, this.#multicast);
      if (extra !== null) fields.netpane = extra;
      this.#flow.tell(this.#eventType, direction, fields);
    }
    if (!this.#multicast) this.#ask(message.id, questions[0]);
  }

  #tellAnswer(direction: number, message: DnsMessage): void {
    this.#transactions++;
    const question: Question | undefined = message.questions[0];
    const fields: Record<string, unknown> = { [this.#eventType]: answerFields(message) };
    const extra = extraFields(message, question, this.#multicast);
    const latencyUs = this.#answered(message.id, question);
    if (latencyUs >= 0) fields.netpane = { latency_us: latencyUs, ...extra };
    else if (extra !== null) fields.netpane = extra;
    this.#flow.tell(this.#eventType, direction, fields);
    this.#learn(message.answers, question);
    if (this.#multicast) this.#learn(message.additionals, undefined);
  }

  /** A question sent again counts from the first time. */
  #ask(id: number, question: Question): void {
    const pending = this.#pending ??= new Map();
    const timeUs = this.#flow.timeUs;
    const before = pending.get(id);
    if (
      before !== undefined && isSame(before.question, question) && timeUs - before.timeUs < MAX_LATENCY_US
    ) return;
    pending.delete(id); // so that it goes to the end: the oldest is the first
    if (pending.size >= MAX_PENDING) pending.delete(pending.keys().next().value!);
    pending.set(id, { question, timeUs });
  }

  /** Microseconds since the question; -1 when it was not seen. */
  #answered(id: number, question: Question | undefined): number {
    const asked = this.#pending?.get(id);
    if (asked === undefined || question !== undefined && !isSame(asked.question, question)) return -1;
    this.#pending!.delete(id);
    const latencyUs = this.#flow.timeUs - asked.timeUs;
    return latencyUs >= 0 && latencyUs <= MAX_LATENCY_US ? latencyUs : -1;
  }

  /** Addresses go by the name that was asked for, through all its aliases; unasked ones by their own. */
  #learn(records: DnsRecord[], question: Question | undefined): void {
    for (const { name, type, ttlSeconds, data } of records) {
      if (type !== Type.A && type !== Type.AAAA || data === null || !("rdata" in data)) continue;
      const known = question?.name ?? name;
      if (known !== "") this.#flow.learnName(data.rdata, known, ttlSeconds);
    }
  }
}

/** Servers may answer in another case than they were asked in. */
function isSame(a: Question, b: Question): boolean {
  return a.type === b.type && (a.name === b.name || a.name.toLowerCase() === b.name.toLowerCase());
}

class DnsDatagrams implements DatagramParser {
  readonly #flow: FlowHandle;
  readonly #dns: DnsFlow;
  readonly #strict: boolean;

  constructor(flow: FlowHandle) {
    this.#flow = flow;
    this.#dns = new DnsFlow(flow);
    this.#strict = namedPort(flow.clientPort, flow.serverPort) === 0;
  }

  datagram(direction: number, bytes: Uint8Array, at: number, end: number): void {
    scanDatagram(this.#flow, direction, bytes, at, end);
    if (this.#strict) {
      reader.reset(bytes, at, end);
      if (!hasSaneHeader(reader, end - at)) return;
    }
    this.#dns.message(direction, bytes, at, end);
  }

  close(): void {}
}

/** One direction: the message that has begun. */
interface Half {
  /** Its first bytes, length included. */
  kept: Uint8Array;
  keptBytes: number;
  /** Bytes of it that still come and are not kept. */
  skip: number;
  /** Where messages begin is not known; kept is what may begin one, at most `MAX_UNDECIDED_BYTES`. */
  lost: boolean;
}

class DnsStream implements StreamParser {
  readonly #flow: FlowHandle;
  readonly #dns: DnsFlow;
  readonly #halves: [Half, Half];

  constructor(flow: FlowHandle) {
    this.#flow = flow;
    this.#dns = new DnsFlow(flow);
    this.#halves = [newHalf(), newHalf()];
  }

  data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    this.#flow.scan(direction, 0, bytes, at, end, "plain");
    const half = this.#halves[direction];
    if (half.lost) this.#search(half, direction, bytes, at, end);
    else this.#read(half, direction, bytes, at, end);
  }

  gap(direction: number): void {
    const half = this.#halves[direction];
    this.#flow.scanEnd(direction, 0);
    // What was cut off may have held no more than the end of the last answer.
    if (!half.lost && half.keptBytes > PREFIX_BYTES) {
      this.#dns.message(direction, half.kept, PREFIX_BYTES, half.keptBytes);
    }
    this.#halves[direction] = { ...newHalf(), lost: true };
  }

  close(): void {}

  /** Messages one after the other, from a place where one begins or goes on. */
  #read(half: Half, direction: number, bytes: Uint8Array, at: number, end: number): void {
    while (at < end) {
      if (half.skip > 0) {
        const skipped = Math.min(half.skip, end - at);
        half.skip -= skipped;
        at += skipped;
      } else if (
        half.keptBytes === 0 && end - at >= PREFIX_BYTES && lengthAt(bytes, at) <= end - at - PREFIX_BYTES
      ) {
        const next = at + PREFIX_BYTES + lengthAt(bytes, at);
        this.#dns.message(direction, bytes, at + PREFIX_BYTES, next);
        at = next;
      } else {
        at = this.#keep(half, direction, bytes, at, end);
      }
    }
  }

  /** Adds to the message that has begun, and tells it when it is whole. Returns where it stopped. */
  #keep(half: Half, direction: number, bytes: Uint8Array, at: number, end: number): number {
    while (half.keptBytes < PREFIX_BYTES && at < end) this.#append(half, bytes, at, ++at);
    if (half.keptBytes < PREFIX_BYTES) return at;
    const whole = PREFIX_BYTES + lengthAt(half.kept, 0);
    const wanted = Math.min(whole, MAX_KEPT_BYTES);
    const upTo = Math.min(end, at + wanted - half.keptBytes);
    this.#append(half, bytes, at, upTo);
    if (half.keptBytes === wanted) {
      this.#dns.message(direction, half.kept, PREFIX_BYTES, wanted);
      half.keptBytes = 0;
      half.skip = whole - wanted;
      if (half.kept.length > 0) half.kept = NOTHING;
    }
    return upTo;
  }

  /** Room doubles: a length alone must not cost memory. */
  #append(half: Half, bytes: Uint8Array, at: number, end: number): void {
    const needed = half.keptBytes + end - at;
    if (needed > half.kept.length) {
      const room = new Uint8Array(Math.max(64, Math.min(MAX_KEPT_BYTES, 2 * needed)));
      room.set(half.kept.subarray(0, half.keptBytes));
      half.kept = room;
    }
    half.kept.set(bytes.subarray(at, end), half.keptBytes);
    half.keptBytes = needed;
  }

  /** After a gap: goes on where a message begins, with what could be the beginning of one kept back. */
  #search(half: Half, direction: number, bytes: Uint8Array, at: number, end: number): void {
    if (half.keptBytes > 0) {
      const joined = new Uint8Array(half.keptBytes + end - at);
      joined.set(half.kept.subarray(0, half.keptBytes));
      joined.set(bytes.subarray(at, end), half.keptBytes);
      bytes = joined;
      at = 0;
      end = joined.length;
    }
    const found = findMessage(bytes, at, end);
    half.keptBytes = 0;
    if (found.begins) {
      half.lost = false;
      this.#read(half, direction, bytes, found.at, end);
    } else this.#append(half, bytes, found.at, end);
  }
}

function newHalf(): Half {
  return { kept: NOTHING, keptBytes: 0, skip: 0, lost: false };
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return bytes[at] << 8 | bytes[at + 1];
}
