/**
 * DHCP for IPv6, RFC 8415: who asks, by what identifier and name, and what it is given.
 *
 * Suricata has no event for it; ours is `dhcpv6`, in the words of its `dhcp`. No state. Recognised by options that
 * fill the message to its last byte and hold a client or server identifier.
 */
import { Cursor } from "../../../model/cursor.ts";
import { scanDatagram } from "./clear_text.ts";
import { formatIpv6 } from "../../../model/address.ts";
import { type DatagramParser, type DatagramProtocol, type FlowHandle, Probe } from "./contract.ts";
import { presentableText } from "./presentable_text.ts";

/** RFC 8415 §7.3 */
const MESSAGE_TYPES = [
  "",
  "solicit",
  "advertise",
  "request",
  "confirm",
  "renew",
  "rebind",
  "reply",
  "release",
  "decline",
  "reconfigure",
  "information_request",
  "relay_forward",
  "relay_reply",
];
const RELAY_FORWARD = 12;
const RELAY_REPLY = 13;
/** Type, hop count, two addresses, RFC 8415 §9. */
const RELAY_HEADER_BYTES = 34;
const HEADER_BYTES = 4;

const MAX_OPTIONS = 64;
const MAX_ADDRESSES = 16;
/** Relays within relays, and options within options. */
const MAX_DEPTH = 4;
/** Highest option number that is plausible; IANA has given out 148 by 2026. */
const MAX_OPTION_CODE = 256;

const Option = {
  clientId: 1,
  serverId: 2,
  nonTemporary: 3,
  temporary: 4,
  address: 5,
  parameters: 6,
  relayMessage: 9,
  status: 13,
  vendorClass: 16,
  dnsServers: 23,
  domainList: 24,
  delegation: 25,
  prefix: 26,
  clientFqdn: 39,
} as const;

/** DHCPv6 over UDP. */
export const dhcpv6Datagrams: DatagramProtocol = {
  name: "dhcpv6",
  probe: (c) => isDhcpv6(c) ? Probe.yes : Probe.no,
  create: (flow) => new Dhcpv6(flow),
};

function isDhcpv6(c: Cursor): boolean {
  const type = c.u8();
  if (type === 0 || type >= MESSAGE_TYPES.length) return false;
  const relayed = type === RELAY_FORWARD || type === RELAY_REPLY;
  c.skip(relayed ? RELAY_HEADER_BYTES - 1 : HEADER_BYTES - 1);
  let identified = false;
  for (let i = 0; c.remaining > 0; i++) {
    const code = c.u16();
    const length = c.u16();
    if (code === 0 || code > MAX_OPTION_CODE || i >= MAX_OPTIONS) return false;
    // RFC 8415 §11.1: an identifier begins with its type, 1 to 4
    const duidType = c.peek16();
    if (code <= Option.serverId) identified ||= length >= 3 && duidType >= 1 && duidType <= 4;
    if (code === Option.relayMessage) identified ||= relayed && length >= HEADER_BYTES;
    c.skip(length);
  }
  return !c.failed && identified;
}

type Fields = Record<string, unknown>;

class Dhcpv6 implements DatagramParser {
  readonly #flow: FlowHandle;

  constructor(flow: FlowHandle) {
    this.#flow = flow;
  }

  datagram(direction: number, bytes: Uint8Array, at: number, end: number): void {
    scanDatagram(this.#flow, direction, bytes, at, end);
    const dhcpv6 = readMessage(new Cursor(bytes, at, end), 0);
    if (dhcpv6 === null) return;
    this.#flow.tell("dhcpv6", direction, { dhcpv6 });
    const { type, addresses, hostname } = dhcpv6 as { type: string; addresses?: string[]; hostname?: string };
    if (type !== "reply" || hostname === undefined || addresses === undefined) return;
    for (const address of addresses) this.#flow.learnName(address, hostname, 0);
  }

  close(): void {}
}

function readMessage(c: Cursor, depth: number): Fields | null {
  const type = c.u8();
  const typeName = MESSAGE_TYPES[type];
  if (!typeName || depth > MAX_DEPTH) return null;
  let fields: Fields = { type: typeName };
  if (type === RELAY_FORWARD || type === RELAY_REPLY) {
    c.skip(1);
    const link = c.at;
    if (!c.skip(RELAY_HEADER_BYTES - 2)) return null;
    // What is relayed says more than the relay: its fields, with the relay's beside them.
    fields = { ...relayed(c, depth), relay: typeName, link_ip: formatIpv6(c.bytes, link) };
    fields.type ??= typeName;
    return fields;
  }
  fields.id = c.u24();
  if (c.failed) return null;
  readOptions(c, fields, depth);
  return fields;
}

function relayed(c: Cursor, depth: number): Fields | null {
  for (let i = 0; c.remaining > 0 && i < MAX_OPTIONS; i++) {
    const code = c.u16();
    const data = c.sub(c.u16());
    if (code === Option.relayMessage) return readMessage(data, depth + 1);
  }
  return null;
}

function readOptions(c: Cursor, fields: Fields, depth: number): void {
  for (let i = 0; c.remaining > 0 && i < MAX_OPTIONS; i++) {
    const code = c.u16();
    const data = c.sub(c.u16());
    if (c.failed) return;
    readOption(code, data, fields, depth);
  }
}

function readOption(code: number, data: Cursor, fields: Fields, depth: number): void {
  switch (code) {
    case Option.clientId:
      return readDuid(data, fields, "client");
    case Option.serverId:
      return readDuid(data, fields, "server");
    case Option.nonTemporary:
    case Option.delegation:
      data.u32(); // which of the client's interfaces
      fields.renewal_time = data.u32();
      fields.rebinding_time = data.u32();
      if (depth < MAX_DEPTH) readOptions(data, fields, depth + 1);
      return;
    case Option.temporary:
      data.u32();
      if (depth < MAX_DEPTH) readOptions(data, fields, depth + 1);
      return;
    case Option.address: {
      const at = data.at;
      if (!data.skip(16)) return;
      add(fields, "addresses", formatIpv6(data.bytes, at));
      data.u32(); // preferred lifetime
      fields.lease_time = data.u32();
      return;
    }
    case Option.prefix: {
      data.u32(); // preferred lifetime
      fields.lease_time = data.u32();
      const length = data.u8();
      const at = data.at;
      if (data.skip(16)) add(fields, "prefixes", `${formatIpv6(data.bytes, at)}/${length}`);
      return;
    }
    case Option.dnsServers:
      for (let at = data.at; data.skip(16); at = data.at) {
        add(fields, "dns_servers", formatIpv6(data.bytes, at));
      }
      return;
    case Option.domainList:
      while (data.remaining > 0) {
        const name = readLabels(data);
        if (name !== "") add(fields, "domains", name);
      }
      return;
    case Option.clientFqdn:
      data.u8();
      fields.hostname = readLabels(data);
      return;
    case Option.vendorClass: {
      fields.vendor_enterprise = data.u32();
      const text = data.sub(data.u16());
      fields.vendor_class_identifier = presentableText(text.bytes, text.at, text.end);
      return;
    }
    case Option.status:
      fields.status = data.u16();
      return;
    case Option.parameters: {
      const codes: number[] = [];
      while (data.has(2) && codes.length < MAX_OPTIONS) codes.push(data.u16());
      fields.params = codes;
      return;
    }
  }
}

const LINK_LAYER_TIME = 1;
const LINK_LAYER = 3;
const ETHERNET = 1;
const MAX_DUID_BYTES = 130; // RFC 8415 §11.1

/** `client_duid` in hexadecimal, and `client_mac` where the identifier is made of one, RFC 8415 §11. */
function readDuid(data: Cursor, fields: Fields, whose: string): void {
  const length = Math.min(data.remaining, MAX_DUID_BYTES);
  fields[`${whose}_duid`] = hexOf(data.bytes, data.at, length, "");
  const type = data.u16();
  if ((type !== LINK_LAYER_TIME && type !== LINK_LAYER) || data.u16() !== ETHERNET) return;
  if (type === LINK_LAYER_TIME) data.skip(4);
  if (data.has(6)) fields[`${whose}_mac`] = hexOf(data.bytes, data.at, 6, ":");
}

/** A name in labels, RFC 8415 §10; not always ended by the root. */
function readLabels(data: Cursor): string {
  let text = "";
  while (data.remaining > 0) {
    const size = data.u8();
    if (size === 0) break;
    const at = data.at;
    if (size > 63 || !data.skip(size)) {
      data.fail();
      break;
    }
    text += (text === "" ? "" : ".") + presentableText(data.bytes, at, at + size);
  }
  return text;
}

function add(fields: Fields, key: string, value: string): void {
  const list = (fields[key] ??= []) as string[];
  if (list.length < MAX_ADDRESSES) list.push(value);
}

function hexOf(bytes: Uint8Array, at: number, length: number, separator: string): string {
  let text = "";
  for (let i = at; i < at + length; i++) {
    text += (text === "" ? "" : separator) + bytes[i].toString(16).padStart(2, "0");
  }
  return text;
}
