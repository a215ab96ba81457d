/**
 * DHCP for IPv4, RFC 2131 and 2132: who asks for an address, what it calls itself, what it is given.
 *
 * Told as Suricata 7's `dhcp` with its extended fields; what it lacks is in `netpane`. No state.
 */
import { Cursor } from "../../../model/cursor.ts";
import { scanDatagram } from "./clear_text.ts";
import { formatIpv4 } from "../../../model/address.ts";
import { type DatagramParser, type DatagramProtocol, type FlowHandle, Probe } from "./contract.ts";
import { presentablePart, presentableText } from "./presentable_text.ts";

const REQUEST = 1;
const REPLY = 2;
const ETHERNET = 1;
/** Where the cookie lies, RFC 2131 §2, and what it is, RFC 2132 §2. */
const COOKIE_AT = 236;
const COOKIE = 0x63825363;
const MAX_HARDWARE_BYTES = 16;
const SERVER_NAME_AT = 44;
const FILE_AT = 108;
const MAX_OPTIONS = 128;
const MAX_ADDRESSES = 16;
const MAX_PARAMETERS = 255;
const MAX_TEXT_BYTES = 255;

/** Option 53, RFC 2132 §9.6. */
const MESSAGE_TYPES: Record<number, string> = {
  1: "discover",
  2: "offer",
  3: "request",
  4: "decline",
  5: "ack",
  6: "nak",
  7: "release",
  8: "inform",
};

/** The names Suricata has for what a client asks for. */
const PARAMETER_NAMES: Record<number, string> = {
  1: "subnet_mask",
  3: "router",
  6: "dns_server",
  15: "domain",
  35: "arp_timeout",
  42: "ntp_server",
  66: "tftp_server_name",
  150: "tftp_server_ip",
};

const Option = {
  pad: 0,
  subnetMask: 1,
  routers: 3,
  dnsServers: 6,
  hostName: 12,
  domain: 15,
  ntpServers: 42,
  requestedIp: 50,
  leaseTime: 51,
  overload: 52,
  messageType: 53,
  serverId: 54,
  parameters: 55,
  message: 56,
  renewalTime: 58,
  rebindingTime: 59,
  vendorClass: 60,
  clientId: 61,
  clientFqdn: 81,
  end: 255,
} as const;

/** DHCP over UDP. */
export const dhcpDatagrams: DatagramProtocol = {
  name: "dhcp",
  probe: (c) => isDhcp(c) ? Probe.yes : Probe.no,
  create: (flow) => new Dhcp(flow),
};

function isDhcp(c: Cursor): boolean {
  const operation = c.peek8();
  return (operation === REQUEST || operation === REPLY) && c.peek8(2) <= MAX_HARDWARE_BYTES &&
    c.peek32(COOKIE_AT) === COOKIE;
}

type Fields = Record<string, unknown>;

class Dhcp implements DatagramParser {
  readonly #flow: FlowHandle;

  constructor(flow: FlowHandle) {
    this.#flow = flow;
  }

  datagram(direction: number, bytes: Uint8Array, at: number, end: number): void {
    scanDatagram(this.#flow, direction, bytes, at, end);
    const c = new Cursor(bytes, at, end);
    if (!isDhcp(c)) return;
    const dhcp = readHeader(c);
    const netpane: Fields = {};
    c.skip(COOKIE_AT + 4);
    const overload = readOptions(c, dhcp, netpane);
    // RFC 2131 §4.1: options may go on in the fields for the boot file, then for the server's name.
    if (overload & 1) readOptions(new Cursor(bytes, at + FILE_AT, at + COOKIE_AT), dhcp, netpane);
    if (overload & 2) readOptions(new Cursor(bytes, at + SERVER_NAME_AT, at + FILE_AT), dhcp, netpane);
    const fields: Fields = { dhcp };
    if (Object.keys(netpane).length > 0) fields.netpane = netpane;
    this.#flow.tell("dhcp", direction, fields);
    const host = dhcp.hostname ?? netpane.fqdn;
    if (
      dhcp.dhcp_type === "ack" && typeof host === "string" && host !== "" && dhcp.assigned_ip !== "0.0.0.0"
    ) {
      this.#flow.learnName(dhcp.assigned_ip as string, host, (dhcp.lease_time as number | undefined) ?? 0);
    }
  }

  close(): void {}
}

function readHeader(c: Cursor): Fields {
  const dhcp: Fields = { type: c.peek8() === REQUEST ? "request" : "reply", id: c.peek32(4) };
  const length = c.peek8(2);
  if (length > 0) dhcp.client_mac = hardware(c.bytes, c.at + 28, length);
  dhcp.assigned_ip = formatIpv4(c.bytes, c.at + 16);
  dhcp.client_ip = formatIpv4(c.bytes, c.at + 12);
  if (c.peek8() === REPLY) {
    dhcp.relay_ip = formatIpv4(c.bytes, c.at + 24);
    dhcp.next_server_ip = formatIpv4(c.bytes, c.at + 20);
  }
  return dhcp;
}

/** Reads options to their end; returns which fields of the header hold more of them (option 52). */
function readOptions(c: Cursor, dhcp: Fields, netpane: Fields): number {
  let overload = 0;
  for (let i = 0; c.remaining > 0 && i < MAX_OPTIONS; i++) {
    const code = c.u8();
    if (code === Option.pad) {
      i--; // padding is no option, and each of it is a byte
      continue;
    }
    if (code === Option.end) break;
    const data = c.sub(c.u8());
    if (c.failed) break; // cut short: what is left of it is not believed
    if (code === Option.overload) overload = data.u8();
    else readOption(code, data, dhcp, netpane);
  }
  return overload;
}

function readOption(code: number, data: Cursor, dhcp: Fields, netpane: Fields): void {
  const first = data.at;
  const last = Math.min(data.end, first + MAX_TEXT_BYTES);
  switch (code) {
    case Option.messageType: {
      const type = MESSAGE_TYPES[data.u8()];
      if (type !== undefined) dhcp.dhcp_type = type;
      return;
    }
    case Option.hostName:
      dhcp.hostname = presentablePart(data.bytes, first, data.end, MAX_TEXT_BYTES);
      return;
    case Option.vendorClass:
      dhcp.vendor_class_identifier = presentablePart(data.bytes, first, data.end, MAX_TEXT_BYTES);
      return;
    case Option.clientId:
      if (data.u8() === ETHERNET && data.remaining === 6) dhcp.client_id = hardware(data.bytes, data.at, 6);
      else if (data.end > first) dhcp.client_id = hardware(data.bytes, first, Math.min(last - first, 64));
      return;
    case Option.parameters: {
      const codes = [...data.copy(Math.min(data.remaining, MAX_PARAMETERS))];
      dhcp.params = codes.map((code) => PARAMETER_NAMES[code]).filter((name) => name !== undefined);
      netpane.params = codes;
      return;
    }
    case Option.requestedIp:
      return setAddress(dhcp, "requested_ip", data);
    case Option.subnetMask:
      return setAddress(dhcp, "subnet_mask", data);
    case Option.serverId:
      return setAddress(netpane, "server_id", data);
    case Option.routers:
      dhcp.routers = addresses(data);
      return;
    case Option.dnsServers:
      dhcp.dns_servers = addresses(data);
      return;
    case Option.ntpServers:
      netpane.ntp_servers = addresses(data);
      return;
    case Option.leaseTime:
      return setTime(dhcp, "lease_time", data);
    case Option.renewalTime:
      return setTime(dhcp, "renewal_time", data);
    case Option.rebindingTime:
      return setTime(dhcp, "rebinding_time", data);
    case Option.domain:
      netpane.domain = presentablePart(data.bytes, first, data.end, MAX_TEXT_BYTES);
      return;
    case Option.message:
      netpane.message = presentablePart(data.bytes, first, data.end, MAX_TEXT_BYTES);
      return;
    case Option.clientFqdn:
      if (data.skip(3)) netpane.fqdn = fullName(data);
      return;
  }
}

/** RFC 4702 §2.3: in labels, or as text by old clients. */
function fullName(data: Cursor): string {
  let text = "";
  const plain = presentablePart(data.bytes, data.at, data.end, MAX_TEXT_BYTES);
  while (data.remaining > 0) {
    const size = data.u8();
    if (size === 0) break;
    const at = data.at;
    if (size > 63 || !data.skip(size)) return plain;
    text += (text === "" ? "" : ".") + presentableText(data.bytes, at, at + size);
  }
  return text;
}

function setAddress(fields: Fields, key: string, data: Cursor): void {
  if (data.has(4)) fields[key] = formatIpv4(data.bytes, data.at);
}

function setTime(fields: Fields, key: string, data: Cursor): void {
  if (data.has(4)) fields[key] = data.u32();
}

function addresses(data: Cursor): string[] {
  const list: string[] = [];
  while (data.has(4) && list.length < MAX_ADDRESSES) {
    list.push(formatIpv4(data.bytes, data.at));
    data.skip(4);
  }
  return list;
}

/** `00:11:22:aa:bb:cc` */
function hardware(bytes: Uint8Array, at: number, length: number): string {
  let text = "";
  for (let i = at; i < at + length; i++) {
    text += (text === "" ? "" : ":") + bytes[i].toString(16).padStart(2, "0");
  }
  return text;
}
