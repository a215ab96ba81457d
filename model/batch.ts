/**
 * A batch of packets: how bytes travel from wherever they come in to the inspector.
 *
 * A batch is the body of a pcap file: records of a 16-byte header and the captured bytes, back to back. So a
 * file and a network card are the same thing to everyone after `capture/source`.
 */

/** Bytes in front of each packet: seconds, fraction, caplen, wire length; four uint32 in host byte order. */
export const RECORD_HEADER_BYTES = 16;

/** What the records of one batch have in common. */
export interface BatchFormat {
  /** LINKTYPE_ value, https://www.tcpdump.org/linktypes.html; 1 is Ethernet. */
  linkType: number;
  /** Whether the header's fraction counts nanoseconds (else microseconds). */
  nanosecond: boolean;
  /** Which interface the packets were seen on: index into the source's list of interfaces, 0 to 255. */
  interfaceIndex: number;
}

/** A batch lying in memory, ready to be inspected. Whoever hands it over may reuse the bytes afterwards. */
export interface PacketBatch extends BatchFormat {
  /** Whole pcap records in host byte order, from offset 0 to `length`. May lie in shared memory. */
  bytes: Uint8Array;
  /** Bytes used; the rest of `bytes` is not looked at. */
  length: number;
}
