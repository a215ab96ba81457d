/** DNS messages as EVE tells them: Suricata 7's version 2 form, one event a question, one an answer. */
import type { DnsMessage, DnsRecord, Question } from "./message.ts";
import { Flag, Opcode, opcodeOf } from "./message.ts";
import { rcodeName, typeName } from "./registry.ts";

/** In mDNS a class's top bit is no part of it, RFC 6762 §5.4 and §10.2. */
const MDNS_TOP_BIT = 0x8000;
const CLASS_INTERNET = 1;
const CLASS_NAMES: Record<number, string> = { 3: "CH", 4: "HS", 254: "NONE", 255: "ANY" };

type Fields = Record<string, unknown>;

/** The `dns` object of one question. */
export function queryFields(message: DnsMessage, question: Question, transaction: number): Fields {
  return {
    type: "query",
    id: message.id,
    rrname: question.name,
    rrtype: typeName(question.type),
    tx_id: transaction,
    opcode: opcodeOf(message.flags),
  };
}

/** The `dns` object of a response, with the first question's name, as Suricata has it. */
export function answerFields(message: DnsMessage): Fields {
  const { flags } = message;
  const fields: Fields = { version: 2, type: "answer", id: message.id, flags: flags.toString(16), qr: true };
  if (flags & Flag.authoritative) fields.aa = true;
  if (flags & Flag.truncated) fields.tc = true;
  if (flags & Flag.recursionDesired) fields.rd = true;
  if (flags & Flag.recursionAvailable) fields.ra = true;
  fields.opcode = opcodeOf(flags);
  const question = message.questions[0];
  if (question !== undefined) {
    fields.rrname = question.name;
    fields.rrtype = typeName(question.type);
  }
  fields.rcode = rcodeName(message.rcode);
  if (message.answers.length > 0) {
    fields.answers = message.answers.map(recordFields);
    fields.grouped = grouped(message.answers);
  }
  if (message.authorities.length > 0) fields.authorities = message.authorities.map(recordFields);
  return fields;
}

/** What EVE has no field for: EDNS, classes other than IN, updates, further questions; `null` where there is nothing. */
export function extraFields(
  message: DnsMessage,
  question: Question | undefined,
  multicast: boolean,
): Fields | null {
  let fields: Fields | null = null;
  if (message.edns !== null) (fields ??= {}).edns = message.edns;
  if (question !== undefined) {
    const dnsClass = multicast ? question.class & ~MDNS_TOP_BIT : question.class;
    if (dnsClass !== CLASS_INTERNET) (fields ??= {}).class = CLASS_NAMES[dnsClass] ?? `CLASS${dnsClass}`;
  }
  const response = (message.flags & Flag.response) !== 0;
  if (response && message.questions.length > 1) {
    (fields ??= {}).questions = message.questions.map(({ name, type }) => ({
      rrname: name,
      rrtype: typeName(type),
    }));
  }
  // The sections of an update are its zone, what must hold, and what to change: RFC 2136 §2.
  if (!response && opcodeOf(message.flags) === Opcode.update && message.authorities.length > 0) {
    (fields ??= {}).updates = message.authorities.map(recordFields);
  }
  if (multicast && message.additionals.length > 0) {
    (fields ??= {}).additionals = message.additionals.map(recordFields);
  }
  if (!message.complete) (fields ??= {}).incomplete = true;
  return fields;
}

function recordFields(record: DnsRecord): Fields {
  return { rrname: record.name, rrtype: typeName(record.type), ttl: record.ttlSeconds, ...record.data };
}

/** Data by type. */
function grouped(records: DnsRecord[]): Fields {
  const groups: Record<string, unknown[]> = {};
  for (const { type, data } of records) {
    if (data === null) continue;
    const value = "rdata" in data
      ? data.rdata
      : "soa" in data
      ? data.soa
      : "srv" in data
      ? data.srv
      : data.sshfp;
    (groups[typeName(type)] ??= []).push(value);
  }
  return groups;
}
