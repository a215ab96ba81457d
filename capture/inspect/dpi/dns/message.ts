/**
 * A DNS message taken apart, RFC 1035 §4: header, questions, records, EDNS.
 *
 * What could be read before the damage is kept and `complete` says whether that is all. Counts on the wire are
 * claims: records read have a ceiling each section, and so has their text, so a message of 64 KiB of pointers costs
 * no more than an ordinary large one.
 */
import { Cursor } from "../../../../model/cursor.ts";
import { formatIpv4, formatIpv6 } from "../../../../model/address.ts";
import { presentablePart, presentableText } from "../presentable_text.ts";
import { NameReader } from "./names.ts";
import { type Rdata, readRdata, readStrings } from "./records.ts";
import { Type } from "./registry.ts";

/** Bytes before the first question, RFC 1035 §4.1.1. */
export const HEADER_BYTES = 12;
/** Root name, type, class. */
export const MIN_QUESTION_BYTES = 5;
/** Root name, type, class, time to live, length. */
export const MIN_RECORD_BYTES = 11;

/** Questions read of one message; a browser's mDNS query has some twenty. */
export const MAX_QUESTIONS = 128;
/** Records read of each section. A zone transfer has more: its first ones are told. */
export const MAX_RECORDS = 128;
/** Characters of the records of one message: answers are told twice, and an event may have 64 KiB. */
const MAX_TEXT = 16_384;
/** What a record adds to an event besides its name and data. */
const RECORD_TEXT = 50;
const MAX_EDNS_OPTIONS = 16;

export const Flag = {
  response: 0x8000,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  /** Must be zero, RFC 1035 §4.1.1 without RFC 4035's two. */
  reserved: 0x0040,
} as const;

export const Opcode = { query: 0, inverse: 1, status: 2, notify: 4, update: 5, stateful: 6 } as const;

export interface Question {
  name: string;
  type: number;
  /** As sent: in mDNS the top bit asks for an answer to the asker alone, RFC 6762 §5.4. */
  class: number;
}

export interface DnsRecord {
  name: string;
  type: number;
  class: number;
  ttlSeconds: number;
  /** `null` where there is none (dynamic update deletes so) or it is malformed. */
  data: Rdata | null;
}

/** Extension mechanism, RFC 6891 §6.1. */
export interface Edns {
  version: number;
  udp_payload: number;
  do: boolean;
  /** Options by number that have no field here. */
  options?: number[];
  /** Name server identifier, RFC 5001: text where it is one, else hexadecimal. */
  nsid?: string;
  /** Network the client is in, RFC 7871. */
  client_subnet?: string;
  /** Extended error, RFC 8914: code and text. */
  extended_error?: { code: number; text: string };
}

export interface DnsMessage {
  id: number;
  flags: number;
  /** As the header claims. */
  questionCount: number;
  answerCount: number;
  authorityCount: number;
  additionalCount: number;
  questions: Question[];
  answers: DnsRecord[];
  authorities: DnsRecord[];
  /** Without OPT. */
  additionals: DnsRecord[];
  edns: Edns | null;
  /** With the upper bits of EDNS. */
  rcode: number;
  /** Whether every question and record of the header was there and well formed. */
  complete: boolean;
  /** Bytes after the message's end; meaningful when `complete`. */
  rest: number;
}

/** Scratch of one message at a time: messages are never read inside one another. */
const names = new NameReader();
const data = new Cursor(new Uint8Array(0));

export function opcodeOf(flags: number): number {
  return flags >> 11 & 15;
}

/**
 * The message that begins at the cursor and ends at its end.
 *
 * @returns `null` when there are fewer bytes than a header has.
 */
export function parseMessage(c: Cursor): DnsMessage | null {
  if (c.remaining < HEADER_BYTES) return null;
  names.begin(c.at);
  const message: DnsMessage = {
    id: c.u16(),
    flags: c.u16(),
    questionCount: c.u16(),
    answerCount: c.u16(),
    authorityCount: c.u16(),
    additionalCount: c.u16(),
    questions: [],
    answers: [],
    authorities: [],
    additionals: [],
    edns: null,
    rcode: 0,
    complete: false,
    rest: 0,
  };
  message.rcode = message.flags & 15;
  readQuestions(c, message);
  let room = MAX_TEXT;
  room = readRecords(c, message.answers, message.answerCount, message, room);
  room = readRecords(c, message.authorities, message.authorityCount, message, room);
  readRecords(c, message.additionals, message.additionalCount, message, room);
  message.complete = !c.failed && !names.sawUnknownLabel;
  message.rest = c.remaining;
  return message;
}

function readQuestions(c: Cursor, message: DnsMessage): void {
  const count = message.questionCount;
  for (let i = 0; i < count && !c.failed; i++) {
    if (i === MAX_QUESTIONS) return c.fail();
    const name = names.read(c);
    const type = c.u16();
    const dnsClass = c.u16();
    if (name === null || c.failed) return;
    message.questions.push({ name, type, class: dnsClass });
  }
}

/** Reads a section into `records`; returns how many characters of `room` are left. */
function readRecords(
  c: Cursor,
  records: DnsRecord[],
  count: number,
  message: DnsMessage,
  room: number,
): number {
  for (let i = 0; i < count && !c.failed; i++) {
    if (records.length >= MAX_RECORDS || room < 0) {
      c.fail();
      break;
    }
    const name = names.read(c);
    const type = c.u16();
    const dnsClass = c.u16();
    const ttlSeconds = c.u32();
    const length = c.u16();
    if (name === null || c.failed) break;
    const at = c.at;
    data.reset(c.bytes, at, at + Math.min(length, c.remaining));
    if (!c.skip(length)) break;
    if (type === Type.OPT) {
      message.edns = readEdns(data, dnsClass, ttlSeconds);
      message.rcode |= ttlSeconds >>> 20 & 0xff0;
    } else if (type === Type.TXT) {
      for (const rdata of readStrings(data)) {
        records.push({ name, type, class: dnsClass, ttlSeconds, data: { rdata } });
        room -= RECORD_TEXT + name.length + rdata.length;
      }
    } else {
      const rdata = length === 0 ? null : readRdata(data, type, names);
      room -= RECORD_TEXT + name.length + (rdata !== null && "rdata" in rdata ? rdata.rdata.length : length);
      records.push({ name, type, class: dnsClass, ttlSeconds, data: rdata });
    }
  }
  return room;
}

const NSID = 3; // RFC 5001
const CLIENT_SUBNET = 8; // RFC 7871
const EXTENDED_ERROR = 15; // RFC 8914
const DO = 0x8000;

function readEdns(c: Cursor, payload: number, ttl: number): Edns {
  const edns: Edns = {
    version: ttl >>> 16 & 0xff,
    udp_payload: payload,
    do: (ttl & DO) !== 0,
  };
  for (let i = 0; c.remaining > 0 && i < MAX_EDNS_OPTIONS; i++) {
    const code = c.u16();
    const length = c.u16();
    const at = c.at;
    if (!c.skip(length)) break;
    const end = at + length;
    if (code === NSID && length > 0) edns.nsid = presentableText(c.bytes, at, end);
    else if (code === CLIENT_SUBNET) edns.client_subnet = subnetOf(c.bytes, at, end) ?? undefined;
    else if (code === EXTENDED_ERROR && length >= 2) {
      const text = presentablePart(c.bytes, at + 2, end, 256);
      edns.extended_error = { code: c.bytes[at] << 8 | c.bytes[at + 1], text };
    } else (edns.options ??= []).push(code);
  }
  return edns;
}

/** Address and prefix length of the option's source network, RFC 7871 §6. */
function subnetOf(bytes: Uint8Array, at: number, end: number): string | null {
  if (end - at < 4 || end - at > 20) return null;
  const family = bytes[at] << 8 | bytes[at + 1];
  const address = new Uint8Array(16);
  address.set(bytes.subarray(at + 4, end));
  if (family === 1 && end - at <= 8) return `${formatIpv4(address)}/${bytes[at + 2]}`;
  return family === 2 ? `${formatIpv6(address)}/${bytes[at + 2]}` : null;
}
