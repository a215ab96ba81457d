/** Ceilings of the capture file reader: what a file may claim, and what is held of it at a time. */

/** Captured bytes of one packet; MAXIMUM_SNAPLEN of libpcap and WTAP_MAX_PACKET_SIZE_STANDARD of Wireshark. */
export const MAX_PACKET_BYTES = 262_144;

/** A longer wire length is taken for this: Wireshark does so, and a broken one must not spoil the sums. */
export const MAX_WIRE_LENGTH = 0x7fff_ffff;

/** A pcapng block that must be held whole: the largest packet and as much again for its options. */
export const MAX_BLOCK_BYTES = 2 * MAX_PACKET_BYTES;

/** Interfaces of one pcapng section; more is damage (or an attempt to fill memory). */
export const MAX_INTERFACES = 65_536;

/** Index given to packets of the 256th interface of a file and all after it, see `BatchFormat`. */
export const MAX_INTERFACE_INDEX = 255;

/**
 * Bytes of the file held at a time, and so the size of a batch at most. The largest block must fit. Reading and
 * walking a native pcap of 300-byte packets took 18 ns a packet with 0.75 and 1 MiB, 24 ns with 2 and 4 MiB, where
 * the bytes no longer stay in the second-level cache (AMD EPYC, Deno 2.9.6).
 */
export const WINDOW_BYTES = 1_048_576;
