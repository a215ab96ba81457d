/** What an ARP packet says, RFC 826, as EVE's `arp` (Suricata 8's fields) and in a line. */
import type { Cursor } from "../../../model/cursor.ts";
import { formatIpv4 } from "../../../model/address.ts";

/** An event's fields, and what a human reads of it. */
export interface PacketEvent {
  fields: Record<string, unknown>;
  summary: string;
}

const ETHERNET = 1;
const IPV4 = 0x0800;
const MAC_BYTES = 6;
const IP_BYTES = 4;
const OPCODES: Record<number, string> = {
  1: "request",
  2: "reply",
  3: "request-reverse",
  4: "reply-reverse",
  8: "inverse-request",
  9: "inverse-reply",
};
const UNSPECIFIED = "0.0.0.0";

/**
 * The event of an ARP packet.
 *
 * @param c At the hardware type.
 * @returns `null` when it is cut short or not about IPv4 over Ethernet.
 */
export function arpEvent(c: Cursor): PacketEvent | null {
  if (c.u16() !== ETHERNET || c.u16() !== IPV4 || c.u8() !== MAC_BYTES || c.u8() !== IP_BYTES) return null;
  const opcode = c.u16();
  const sourceMac = mac(c);
  const sourceIp = ip(c);
  const targetMac = mac(c);
  const targetIp = ip(c);
  if (c.failed) return null;
  const operation = OPCODES[opcode] ?? `${opcode}`;
  return {
    fields: {
      arp: {
        hw_type: "ethernet",
        proto_type: "ipv4",
        opcode: operation,
        src_mac: sourceMac,
        src_ip: sourceIp,
        dest_mac: targetMac,
        dest_ip: targetIp,
      },
    },
    summary: summaryOf(operation, sourceMac, sourceIp, targetMac, targetIp),
  };
}

function summaryOf(
  operation: string,
  sourceMac: string,
  sourceIp: string,
  targetMac: string,
  targetIp: string,
): string {
  if (operation === "request-reverse") return `RARP who is ${targetMac}? tell ${sourceMac}`;
  if (operation === "reply-reverse") return `RARP ${targetMac} is ${targetIp}`;
  // RFC 5227 §1.1 and §3: a probe asks without an address of its own, an announcement asks for its own.
  if (operation === "request" && sourceIp === UNSPECIFIED) {
    return `ARP is ${targetIp} free? asks ${sourceMac}`;
  }
  if (sourceIp === targetIp) return `ARP ${sourceIp} is at ${sourceMac} (announced)`;
  if (operation === "request") return `ARP who has ${targetIp}? tell ${sourceIp}`;
  if (operation === "reply") return `ARP ${sourceIp} is at ${sourceMac}`;
  return `ARP ${operation} ${sourceIp} → ${targetIp}`;
}

function mac(c: Cursor): string {
  let text = "";
  for (let i = 0; i < MAC_BYTES; i++) text += (i > 0 ? ":" : "") + c.u8().toString(16).padStart(2, "0");
  return text;
}

function ip(c: Cursor): string {
  const at = c.at;
  return c.skip(IP_BYTES) ? formatIpv4(c.bytes, at) : "";
}
