/**
 * ARP (RFC 826) and its kin: told apart as traffic, not followed. Who claims which address is a rule's business.
 */
import { Layer } from "./layer.ts";
import { Kind, type PacketView, Reason } from "./packet_view.ts";

/** Hardware and protocol type, two lengths, operation. */
const FIXED_PART = 8;

export function parseArp(v: PacketView): number {
  const c = v.cursor;
  v.kind = Kind.arp;
  if (!c.has(FIXED_PART)) return v.stop(Reason.truncated_link_header);
  const addresses = 2 * (c.peek8(4) + c.peek8(5));
  return c.has(FIXED_PART + addresses) ? Layer.done : v.stop(Reason.truncated_link_header);
}
