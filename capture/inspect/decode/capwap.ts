/**
 * CAPWAP data, RFC 5415: frames between wireless access points and their controller, as 802.3 or 802.11.
 *
 * Frames that CAPWAP itself has cut into fragments are left alone: both ends avoid that by path MTU discovery.
 */
import { looksLikeFrame } from "./ip_shape.ts";
import { Layer } from "./layer.ts";
import type { PacketView } from "./packet_view.ts";
import { sizeOfWlan } from "./wlan.ts";

export const CAPWAP_DATA_PORT = 5247;
const MIN_HEADER = 8;

// Bits of the header's first word, §4.3.
const NATIVE = 0x100; // T: the payload is in the format of the wireless binding
const FRAGMENT = 0x80;
const KEEP_ALIVE = 0x08;
const BINDING_802_11 = 1;

/** Bytes in front of the frame; -1 when the UDP payload carries none. */
export function sizeOfCapwap(v: PacketView): number {
  const c = v.cursor;
  const word = c.peek32();
  const size = (word >>> 19 & 0x1f) * 4;
  if (word >>> 24 !== 0 || size < MIN_HEADER || !c.has(size) || (word & (FRAGMENT | KEEP_ALIVE)) !== 0) {
    return -1;
  }
  if ((word & NATIVE) === 0) return looksLikeFrame(c, size, v.wireRemaining, false) ? size : -1;
  const binding = word >>> 9 & 0x1f;
  return binding === BINDING_802_11 && sizeOfWlan(c, size) > 0 ? size : -1;
}

/** The layer that follows the header. */
export function layerOfCapwap(v: PacketView): number {
  return (v.cursor.peek32() & NATIVE) === 0 ? Layer.ethernet : Layer.wlan;
}
