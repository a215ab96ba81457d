/**
 * NetBIOS name service over UDP, RFC 1002 §4.2: which Windows names a segment looks for, claims and has.
 *
 * It has DNS's form, but names are sixteen bytes in half-octets, and its answers have types of their own. Told as
 * `nbns` with the fields of EVE's `dns`, names as `WORKSTATION<00>`. No state.
 */
import { Cursor } from "../../../model/cursor.ts";
import { scanDatagram } from "./clear_text.ts";
import { formatIpv4 } from "../../../model/address.ts";
import { type DatagramParser, type DatagramProtocol, type FlowHandle, Probe } from "./contract.ts";
import { presentable } from "./presentable_text.ts";

const DNS_PORT = 53;
const NBNS_PORT = 137;
const HEADER_BYTES = 12;
const NAME_BYTES = 16;
/** Each byte in two letters. */
const LABEL_BYTES = 2 * NAME_BYTES;
const MAX_SCOPE_LABELS = 16;
const MAX_RECORDS = 16;
const MAX_ADDRESSES = 16;
const MAX_NAMES = 64;

const NB = 0x20;
const NBSTAT = 0x21;
const RESPONSE = 0x8000;

const OPCODES: Record<number, string> = {
  0: "query",
  5: "registration",
  6: "release",
  7: "wack",
  8: "refresh",
  9: "refresh",
  15: "multihomed_registration",
};
const RCODES: Record<number, string> = {
  0: "NOERROR",
  1: "FORMERR",
  2: "SERVFAIL",
  3: "NXDOMAIN",
  4: "NOTIMP",
  5: "REFUSED",
  6: "ACTIVE",
  7: "CONFLICT",
};
/** Suffixes under which a machine, not a group, is known: workstation and file server. */
const HOST_SUFFIXES = [0x00, 0x20];
/** NB_FLAGS: the name is a group's, §4.2.1.3. */
const GROUP = 0x8000;

/** NetBIOS name service. */
export const nbnsDatagrams: DatagramProtocol = {
  name: "nbns",
  probe(c, _direction, clientPort, serverPort) {
    // A program that asks a name server for such a name speaks DNS.
    if (clientPort === DNS_PORT || serverPort === DNS_PORT) return Probe.no;
    const onPort = clientPort === NBNS_PORT || serverPort === NBNS_PORT;
    return isNameService(c, onPort) ? Probe.yes : Probe.no;
  },
  create: (flow) => new Nbns(flow),
};

/** A header as §4.2.1.1 has it, and a first name in half-octets; on the protocol's own port, a first name as long. */
function isNameService(c: Cursor, onPort: boolean): boolean {
  if (!c.has(HEADER_BYTES + LABEL_BYTES + 2)) return false;
  const flags = c.peek16(2);
  if (OPCODES[flags >> 11 & 15] === undefined || c.peek16(4) > 1 || c.peek16(6) > MAX_RECORDS) return false;
  if (c.peek8(HEADER_BYTES) !== LABEL_BYTES) return false;
  for (let i = 1; !onPort && i <= LABEL_BYTES; i++) {
    const letter = c.peek8(HEADER_BYTES + i);
    if (letter < 0x41 || letter > 0x50) return false;
  }
  return true;
}

interface NetbiosName {
  /** Without padding, the suffix behind it in hexadecimal. */
  text: string;
  /** Without the suffix. */
  host: string;
  suffix: number;
}

class Nbns implements DatagramParser {
  readonly #flow: FlowHandle;
  readonly #cursor = new Cursor(NOTHING);

  constructor(flow: FlowHandle) {
    this.#flow = flow;
  }

  datagram(direction: number, bytes: Uint8Array, at: number, end: number): void {
    scanDatagram(this.#flow, direction, bytes, at, end);
    const c = this.#cursor;
    c.reset(bytes, at, end);
    if (!isNameService(c, true)) return;
    const fields = this.#read(c, at);
    if (fields !== null) this.#flow.tell("nbns", direction, { nbns: fields });
  }

  close(): void {}

  #read(c: Cursor, base: number): Record<string, unknown> | null {
    const id = c.u16();
    const flags = c.u16();
    const questions = c.u16();
    const records = [c.u16(), c.u16(), c.u16()].reduce((sum, count) => sum + count);
    const response = (flags & RESPONSE) !== 0;
    const fields: Record<string, unknown> = {
      type: response ? "answer" : "query",
      id,
      operation: OPCODES[flags >> 11 & 15],
      opcode: flags >> 11 & 15,
    };
    if (response) fields.rcode = RCODES[flags & 15] ?? `${flags & 15}`;
    if (questions > 0) {
      const name = readName(c, base);
      const type = c.u16();
      c.u16();
      if (name === null || c.failed) return null;
      fields.rrname = name.text;
      fields.rrtype = typeName(type);
    }
    const answers: Record<string, unknown>[] = [];
    for (let i = 0; i < Math.min(records, MAX_RECORDS); i++) {
      const answer = this.#readRecord(c, base);
      if (answer === null) break;
      answers.push(answer);
    }
    if (fields.rrname === undefined) {
      if (answers.length === 0) return null;
      fields.rrname = answers[0].rrname;
      fields.rrtype = answers[0].rrtype;
    }
    if (answers.length > 0) fields.answers = answers;
    return fields;
  }

  #readRecord(c: Cursor, base: number): Record<string, unknown> | null {
    const name = readName(c, base);
    const type = c.u16();
    c.u16();
    const ttl = c.u32();
    const data = c.sub(c.u16());
    if (name === null || c.failed) return null;
    const answer: Record<string, unknown> = { rrname: name.text, rrtype: typeName(type), ttl };
    if (type === NB) {
      const addresses: string[] = [];
      while (data.has(6) && addresses.length < MAX_ADDRESSES) {
        const group = (data.u16() & GROUP) !== 0;
        if (group) answer.group = true;
        const address = formatIpv4(data.bytes, data.at);
        data.skip(4);
        addresses.push(address);
        if (!group && HOST_SUFFIXES.includes(name.suffix) && address !== "0.0.0.0" && name.host !== "") {
          this.#flow.learnName(address, name.host, ttl);
        }
      }
      answer.rdata = addresses.join(",");
    } else if (type === NBSTAT) {
      answer.names = readNodeNames(data);
    }
    return answer;
  }
}

/** Names of a node, §4.2.18. */
function readNodeNames(c: Cursor): string[] {
  const names: string[] = [];
  for (let count = Math.min(c.u8(), MAX_NAMES); count > 0; count--) {
    const raw = c.copy(NAME_BYTES);
    c.u16();
    if (c.failed) break;
    names.push(named(raw).text);
  }
  return names;
}

/** A name or a pointer to one, RFC 1001 §14.1; a scope behind it is stepped over. */
function readName(c: Cursor, base: number): NetbiosName | null {
  if (c.peek8() >= 0xc0) {
    const target = base + (c.u16() & 0x3fff);
    // Only the first name of a message is ever pointed to.
    return target === base + HEADER_BYTES ? readName(new Cursor(c.bytes, target, c.at), -1) : null;
  }
  if (c.u8() !== LABEL_BYTES) return null;
  for (let i = 0; i < NAME_BYTES; i++) {
    const high = c.u8() - 0x41;
    const low = c.u8() - 0x41;
    if ((high | low) & ~15) return null;
    raw[i] = high << 4 | low;
  }
  for (let labels = 0; labels < MAX_SCOPE_LABELS; labels++) {
    const size = c.u8();
    if (size === 0) break;
    if (size >= 0xc0) c.skip(1);
    else c.skip(size);
    if (size >= 0xc0) break;
  }
  return c.failed ? null : named(raw);
}

/** The name at hand. */
const raw = new Uint8Array(NAME_BYTES);
const NOTHING = new Uint8Array(0);

function named(raw: Uint8Array): NetbiosName {
  const suffix = raw[NAME_BYTES - 1];
  let length = NAME_BYTES - 1;
  while (length > 0 && (raw[length - 1] === 0x20 || raw[length - 1] === 0)) length--;
  let odd = false;
  let digits = 0;
  for (let i = 0; i < length; i++) {
    odd ||= raw[i] < 0x20 || raw[i] > 0x7e;
    if (raw[i] >= 0x30 && raw[i] <= 0x39) digits++;
  }
  const host = presentable(raw, length, odd, digits);
  return { text: `${host}<${suffix.toString(16).padStart(2, "0")}>`, host, suffix };
}

function typeName(type: number): string {
  return type === NB ? "NB" : type === NBSTAT ? "NBSTAT" : `TYPE${type}`;
}
