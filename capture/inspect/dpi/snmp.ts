/**
 * SNMP version 1, 2c and 3, RFC 1157, 3416 and 3412: what is asked of devices.
 *
 * Told as Suricata 7's `snmp`, but for the community and the user, which are secrets here: that a community went by
 * in clear text is told by `credentials`, once a direction. Communities that everybody tries ("public") are no secret
 * until a device answers to them: a sweep over a network is not a login at each of its addresses.
 */
import { Cursor } from "../../../model/cursor.ts";
import { formatIpv4 } from "../../../model/address.ts";
import { scanDatagram } from "./clear_text.ts";
import { type DatagramParser, type DatagramProtocol, type FlowHandle, Probe } from "./contract.ts";

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const OCTETS = 0x04;
const OID = 0x06;
const IP_ADDRESS = 0x40;

const MAX_COMMUNITY_BYTES = 255;
const MAX_VARIABLES = 32;
/** RFC 2578 §3.5: an object identifier has at most 128 numbers. */
const MAX_OID_NUMBERS = 128;
/** Requests told of a flow: a station that walks through a device asks thousands. */
const MAX_TOLD = 64;

/** By the low bits of the tag, RFC 1157 §4.1 and RFC 3416 §3. */
const PDU_TYPES = [
  "get_request",
  "get_next_request",
  "response",
  "set_request",
  "trap_v1",
  "get_bulk_request",
  "inform_request",
  "trap_v2",
  "report",
];
const PDU_TAG = 0xa0;
const TRAP_V1 = 4;
/** Types that only who knows the community sends. */
const KNOWING = new Set(["response", "trap_v1", "trap_v2"]);
/** What devices come with, and so what is tried first. */
const DEFAULT_COMMUNITIES = new Set(["public", "private", "community", "snmp", "default", ""]);
const GENERIC_TRAPS = [
  "cold_start",
  "warm_start",
  "link_down",
  "link_up",
  "authentication_failure",
  "egp_neighbor_loss",
  "enterprise_specific",
];

/** SNMP over UDP. */
export const snmpDatagrams: DatagramProtocol = {
  name: "snmp",
  probe: (c) => readMessage(c) === null ? Probe.no : Probe.yes,
  create: (flow) => new Snmp(flow),
};

class Snmp implements DatagramParser {
  readonly #flow: FlowHandle;
  #told = 0;
  /** Directions in which a community went by, by bit. */
  #communities = 0;

  constructor(flow: FlowHandle) {
    this.#flow = flow;
  }

  datagram(direction: number, bytes: Uint8Array, at: number, end: number): void {
    scanDatagram(this.#flow, direction, bytes, at, end);
    if (this.#communities !== 0 && this.#told >= MAX_TOLD) return;
    const snmp = readMessage(new Cursor(bytes, at, end));
    if (snmp === null) return;
    if (snmp.version !== 3) this.#community(direction, String(snmp.pdu_type), new Cursor(bytes, at, end));
    if (this.#told++ < MAX_TOLD) this.#flow.tell("snmp", direction, { snmp });
  }

  close(): void {}

  /** An answer shows that whoever asked knows the community. */
  #community(direction: number, type: string, message: Cursor): void {
    if (!KNOWING.has(type) && hasDefaultCommunity(message)) return;
    const who = type === "response" ? 1 - direction : direction;
    if ((this.#communities >> who & 1) !== 0) return;
    this.#communities |= 1 << who;
    this.#flow.credentials(who, "community", 0);
  }
}

type Fields = Record<string, unknown>;

/** The fields of a message; `null` when it is none. */
function readMessage(c: Cursor): Fields | null {
  const message = element(c, SEQUENCE);
  if (message === null) return null;
  const version = integer(message);
  if (version === 3) return readVersion3(message);
  if (version !== 0 && version !== 1) return null;
  const community = element(message, OCTETS);
  if (community === null || community.remaining > MAX_COMMUNITY_BYTES) return null;
  const fields: Fields = { version: version + 1 };
  return readPdu(message, fields) ? fields : null;
}

function hasDefaultCommunity(c: Cursor): boolean {
  const message = element(c, SEQUENCE);
  if (message === null) return false;
  integer(message); // version
  const community = element(message, OCTETS);
  return community !== null && DEFAULT_COMMUNITIES.has(community.ascii(community.remaining).toLowerCase());
}

/** RFC 3412 §6: global data, security parameters, then the scoped PDU, in clear or encrypted. */
function readVersion3(message: Cursor): Fields | null {
  const global = element(message, SEQUENCE);
  if (global === null || integer(global) < 0) return null;
  integer(global); // largest message
  const flags = element(global, OCTETS);
  if (flags === null || flags.remaining !== 1) return null;
  const security = element(message, OCTETS);
  if (security === null) return null;
  const fields: Fields = { version: 3 };
  if (message.peek8() === OCTETS) return { ...fields, pdu_type: "encrypted" };
  const scoped = element(message, SEQUENCE);
  if (scoped === null || element(scoped, OCTETS) === null || element(scoped, OCTETS) === null) return null;
  return readPdu(scoped, fields) ? fields : null;
}

function readPdu(c: Cursor, fields: Fields): boolean {
  const type = c.peek8() - PDU_TAG;
  if (PDU_TYPES[type] === undefined) return false;
  const pdu = element(c, PDU_TAG + type);
  if (pdu === null) return false;
  fields.pdu_type = PDU_TYPES[type];
  if (type === TRAP_V1) readTrap(pdu, fields);
  else {
    integer(pdu); // request number
    const error = integer(pdu);
    const index = integer(pdu);
    if (index < 0 && error < 0) return true; // cut short by the capture
    if (type === 2 && error > 0) fields.error = error;
  }
  const list = element(pdu, SEQUENCE);
  const names: string[] = [];
  while (list !== null && list.remaining > 0 && names.length < MAX_VARIABLES) {
    const variable = element(list, SEQUENCE);
    const name = variable === null ? null : element(variable, OID);
    if (name === null) break;
    names.push(oidText(name));
  }
  if (names.length > 0) fields.vars = names;
  return true;
}

/** RFC 1157 §4.1.6 */
function readTrap(pdu: Cursor, fields: Fields): void {
  const enterprise = element(pdu, OID);
  if (enterprise !== null) fields.trap_oid = oidText(enterprise);
  const address = element(pdu, IP_ADDRESS);
  if (address?.remaining === 4) fields.trap_address = formatIpv4(address.bytes, address.at);
  const generic = integer(pdu);
  fields.trap_type = GENERIC_TRAPS[generic] ?? `${generic}`;
  integer(pdu);
  element(pdu, 0x43); // time stamp
}

/**
 * Contents of the next element, X.690 §8.1, when it has this tag; else `null`. Its length may claim more than was
 * captured: then what is there.
 */
function element(c: Cursor, tag: number): Cursor | null {
  if (c.u8() !== tag) return null;
  let length = c.u8();
  if (length & 0x80) {
    const bytes = length & 0x7f;
    if (bytes === 0 || bytes > 4) return null;
    length = 0;
    for (let i = 0; i < bytes; i++) length = length * 256 + c.u8();
  }
  return c.failed ? null : c.sub(length);
}

/** An integer of at most four bytes, as unsigned (none that is read here is negative); -1 when it is none. */
function integer(c: Cursor): number {
  const body = element(c, INTEGER);
  if (body === null || body.remaining === 0 || body.remaining > 5) return -1;
  let value = 0;
  while (body.remaining > 0) value = value * 256 + body.u8();
  return value;
}

/** X.690 §8.19 */
function oidText(c: Cursor): string {
  let text = "";
  let value = 0;
  for (let numbers = 0; c.remaining > 0 && numbers < MAX_OID_NUMBERS;) {
    const byte = c.u8();
    value = value * 128 + (byte & 0x7f);
    if (value > 0xffff_ffff) return text;
    if (byte & 0x80) continue;
    if (text === "") {
      const first = Math.min(2, Math.floor(value / 40));
      text = `${first}.${value - 40 * first}`;
    } else text += `.${value}`;
    value = 0;
    numbers++;
  }
  return text;
}
