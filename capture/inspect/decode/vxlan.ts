/**
 * VXLAN, RFC 7348: flags, network identifier, then an Ethernet frame.
 */
import { looksLikeFrame } from "./ip_shape.ts";
import type { PacketView } from "./packet_view.ts";

export const VXLAN_PORT = 4789;
/** Linux before the number was assigned. */
export const VXLAN_OLD_PORT = 8472;
export const VXLAN_HEADER = 8;
/** Only the I flag, §5. */
const FLAGS = 0x0800_0000;

const ETHERNET_HEADER = 14;

/**
 * Whether the UDP payload is VXLAN.
 *
 * @param strict Where no port says so: then the frame inside must hold an IP packet that is right in all that can be
 *   checked. With the port, the header's forty fixed bits are enough, and a damaged packet inside is counted as such.
 */
export function isVxlan(v: PacketView, strict: boolean): boolean {
  const c = v.cursor;
  if (c.peek32(0) !== FLAGS || c.peek8(7) !== 0) return false;
  if (!strict) return c.has(VXLAN_HEADER + ETHERNET_HEADER);
  return looksLikeFrame(c, VXLAN_HEADER, v.wireRemaining, strict);
}

/** The 24-bit network identifier. */
export function vxlanNetwork(v: PacketView): number {
  return v.cursor.peek32(4) >>> 8;
}
