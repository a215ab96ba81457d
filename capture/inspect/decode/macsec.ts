/**
 * MACsec, IEEE 802.1AE-2018 §9: a tag behind the addresses, then the frame's ethertype and what follows it, in clear
 * where only its integrity is protected. The check value at the end is beyond what IP says is its own.
 */
import { followEthertype } from "./ethernet.ts";
import { Layer } from "./layer.ts";
import { type PacketView, Reason } from "./packet_view.ts";

/** Tag control information and association number, short length, packet number. */
const TAG = 6;
/** Secure channel identifier, where there is one. */
const CHANNEL = 8;
const ETHERTYPE = 2;
const MIN_ETHERTYPE = 0x0600;

// Bits of tag control information.
const VERSION = 0x80;
const HAS_CHANNEL = 0x20;
const ENCRYPTED = 0x08;
const CHANGED = 0x04;

export function parseMacsec(v: PacketView): number {
  const c = v.cursor;
  if (!c.has(TAG)) return v.stop(Reason.truncated_link_header);
  const control = c.peek8();
  if ((control & VERSION) !== 0) return v.stop(Reason.unknown_ethertype);
  if ((control & (ENCRYPTED | CHANGED)) !== 0) return v.stop(Reason.encrypted_link);
  const size = TAG + ((control & HAS_CHANNEL) !== 0 ? CHANNEL : 0);
  if (!c.has(size + ETHERTYPE)) return v.stop(Reason.truncated_link_header);
  const type = c.peek16(size);
  c.skip(size + ETHERTYPE);
  return type < MIN_ETHERTYPE ? Layer.llc : followEthertype(v, type);
}
