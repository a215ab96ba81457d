/**
 * The hash of a flow's key: multilinear hashing with secret random coefficients.
 *
 * Whoever sends packets chooses the keys, so with a hash known beforehand they could make every flow fall into one
 * chain. Multilinear hashing is strongly universal (D. Lemire, O. Kaser, "Strongly universal string hashing is
 * fast", 2012): for keys chosen without knowing the coefficients, two differ in their hash as often as chance
 * allows. 16-bit pieces times 32-bit coefficients, summed modulo 2^32, of which the high half is kept; twice, for 32
 * bits. Pieces that are zero add nothing, so what is absent (VLAN, tunnel) costs nothing.
 */
import type { PacketView } from "../decode/packet_view.ts";

/** Addresses 16, ports 2, protocol 1, VLANs 2, tunnel network 2, and the constant term. */
const PIECES = 24;

/** Words of randomness that `hashOfFlow` and its kin need. */
export const SECRET_WORDS = 2 * PIECES;

/** @returns Random words from the system, which no packet can know. */
export function createSecret(): Int32Array {
  return crypto.getRandomValues(new Int32Array(SECRET_WORDS));
}

/**
 * Hash of the view's flow key, the same for both directions.
 *
 * @param k `SECRET_WORDS` words.
 */
export function hashOfFlow(v: PacketView, k: Int32Array): number {
  const a = v.address;
  const sourcePort = v.sourcePort;
  const destinationPort = v.destinationPort;
  // The lower end first; which is lower does not matter, only that both directions agree.
  let order = a[0] - a[4];
  if (order === 0 && v.ipVersion === 6) {
    order = a[1] - a[5];
    if (order === 0) order = a[2] - a[6];
    if (order === 0) order = a[3] - a[7];
  }
  if (order === 0) order = sourcePort - destinationPort;
  const first = order <= 0 ? 0 : 4;
  const second = 4 - first;
  const firstPort = order <= 0 ? sourcePort : destinationPort;
  const secondPort = order <= 0 ? destinationPort : sourcePort;
  const p = v.protocol | v.tunnel << 8;

  let w = a[first];
  let low = w & 0xffff;
  let high = w >>> 16;
  let h = k[0] + Math.imul(k[2], low) + Math.imul(k[4], high);
  let g = k[1] + Math.imul(k[3], low) + Math.imul(k[5], high);
  w = a[second];
  low = w & 0xffff;
  high = w >>> 16;
  h += Math.imul(k[6], low) + Math.imul(k[8], high) + Math.imul(k[10], firstPort) +
    Math.imul(k[12], secondPort);
  g += Math.imul(k[7], low) + Math.imul(k[9], high) + Math.imul(k[11], firstPort) +
    Math.imul(k[13], secondPort);
  h = (h + Math.imul(k[14], p)) | 0;
  g = (g + Math.imul(k[15], p)) | 0;
  if (v.vlan !== 0) {
    low = v.vlan & 0xffff;
    high = v.vlan >>> 16;
    h = (h + Math.imul(k[16], low) + Math.imul(k[18], high)) | 0;
    g = (g + Math.imul(k[17], low) + Math.imul(k[19], high)) | 0;
  }
  if (v.tunnelId !== 0) {
    low = v.tunnelId & 0xffff;
    high = v.tunnelId >>> 16;
    h = (h + Math.imul(k[20], low) + Math.imul(k[22], high)) | 0;
    g = (g + Math.imul(k[21], low) + Math.imul(k[23], high)) | 0;
  }
  if (v.ipVersion === 6) {
    for (let i = 1; i < 4; i++) {
      const x = a[first + i];
      const y = a[second + i];
      const at = 16 + 8 * i;
      h = (h + Math.imul(k[at], x & 0xffff) + Math.imul(k[at + 2], x >>> 16)) | 0;
      g = (g + Math.imul(k[at + 1], x & 0xffff) + Math.imul(k[at + 3], x >>> 16)) | 0;
      h = (h + Math.imul(k[at + 4], y & 0xffff) + Math.imul(k[at + 6], y >>> 16)) | 0;
      g = (g + Math.imul(k[at + 5], y & 0xffff) + Math.imul(k[at + 7], y >>> 16)) | 0;
    }
  }
  return (h & 0xffff0000) | (g >>> 16);
}
