/** ICMP echo requests and their answers as bytes: RFC 792, RFC 4443 §4. */

/** Bytes of an echo request: eight of header, eight that nobody can guess, the rest zeros, as ping(8) has 64 in all. */
const ECHO_BYTES = 64;
const NONCE_BYTES = 8;
const HEADER_BYTES = 8;

const TYPES = { 4: { request: 8, reply: 0 }, 6: { request: 128, reply: 129 } } as const;

/**
 * An echo request.
 *
 * @param nonce 8 bytes by which the answer is known as ours.
 */
export function echoRequest(
  version: 4 | 6,
  { identifier, sequence, nonce }: { identifier: number; sequence: number; nonce: Uint8Array },
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(ECHO_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, TYPES[version].request);
  view.setUint16(4, identifier); // the kernel puts in its own for datagram sockets
  view.setUint16(6, sequence);
  bytes.set(nonce.subarray(0, NONCE_BYTES), HEADER_BYTES);
  if (version === 4) view.setUint16(2, checksum(bytes)); // ICMPv6 sums are the kernel's work, RFC 3542 §3.1
  return bytes;
}

/**
 * The sequence number of an answer to one of our requests; null for anything else.
 *
 * @param bytes As received; of raw IPv4 sockets with the IP header in front.
 * @param hasIpHeader Whether that is so.
 */
export function replySequence(
  version: 4 | 6,
  bytes: Uint8Array,
  nonce: Uint8Array,
  hasIpHeader: boolean,
): number | null {
  const at = hasIpHeader ? 4 * (bytes[0] & 0xf) : 0;
  if (bytes.length < at + HEADER_BYTES + NONCE_BYTES || bytes[at] !== TYPES[version].reply) return null;
  for (let i = 0; i < NONCE_BYTES; i++) if (bytes[at + HEADER_BYTES + i] !== nonce[i]) return null;
  return bytes[at + 6] << 8 | bytes[at + 7];
}

/** The internet checksum, RFC 1071, of an even number of bytes. */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i + 1 < bytes.length; i += 2) sum += bytes[i] << 8 | bytes[i + 1];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
