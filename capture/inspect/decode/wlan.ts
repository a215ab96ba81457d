/**
 * IEEE 802.11 data frames: bare, behind a radiotap header (https://www.radiotap.org), or in CAPWAP. Management and
 * control frames carry no packets; protected ones cannot be read, which is counted.
 */
import type { Cursor } from "../../../model/cursor.ts";
import { Layer } from "./layer.ts";
import { type PacketView, Reason } from "./packet_view.ts";

const RADIOTAP_HEADER = 8;
/** Frame control, duration, three addresses, sequence control. */
const BASIC_HEADER = 24;
const LLC_SNAP = 0xaaaa;

// First byte of frame control, IEEE 802.11-2020 §9.2.4.1.
const VERSION_AND_TYPE = 0x0f;
const DATA = 0x08;
const NO_DATA = 0x40;
const QOS = 0x80;
// Second byte.
const TO_DS = 0x01;
const FROM_DS = 0x02;
const PROTECTED = 0x40;
const ORDER = 0x80;
/** First byte of QoS control: several packets in one frame. */
const AGGREGATE = 0x80;

/** Version, padding, length (little-endian), fields, then the frame. */
export function parseRadiotap(v: PacketView): number {
  const c = v.cursor;
  if (!c.has(RADIOTAP_HEADER)) return v.stop(Reason.truncated_link_header);
  const size = c.peek8(2) | c.peek8(3) << 8;
  if (size < RADIOTAP_HEADER || !c.skip(size)) return v.stop(Reason.truncated_link_header);
  return Layer.wlan;
}

export function parseWlan(v: PacketView): number {
  const c = v.cursor;
  if (!c.has(2)) return v.stop(Reason.truncated_link_header);
  const size = sizeOfWlan(c, 0);
  if (size === 0) return Layer.done;
  if (size === ENCRYPTED) return v.stop(Reason.encrypted_link);
  return size > 0 && c.skip(size) ? Layer.llc : v.stop(Reason.truncated_link_header);
}

/** What `sizeOfWlan` answers for a data frame that cannot be read. */
export const ENCRYPTED = -2;

/**
 * Bytes of the header of a data frame at `offset` that carries a readable packet; `ENCRYPTED` where it is protected, 0
 * for any other frame, -1 when it is cut.
 */
export function sizeOfWlan(c: Cursor, offset: number): number {
  let first = c.peek8(offset);
  let second = c.peek8(offset + 1);
  if ((first & VERSION_AND_TYPE) !== DATA && (second & VERSION_AND_TYPE) === DATA && (first & 3) !== 0) {
    // Some controllers hand frame control over with its bytes swapped.
    const swapped = first;
    first = second;
    second = swapped;
  }
  if ((first & VERSION_AND_TYPE) !== DATA || (first & NO_DATA) !== 0) return 0;
  if ((second & PROTECTED) !== 0) return ENCRYPTED;
  let size = BASIC_HEADER;
  if ((second & (TO_DS | FROM_DS)) === (TO_DS | FROM_DS)) size += 6;
  if ((first & QOS) !== 0) {
    if ((c.peek8(offset + size) & AGGREGATE) !== 0) return 0;
    size += (second & ORDER) !== 0 ? 6 : 2;
  }
  if (!c.has(offset + size + 2)) return -1;
  return c.peek16(offset + size) === LLC_SNAP ? size : 0;
}
