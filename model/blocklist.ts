/** A list of addresses and names that nothing here should talk to, as it travels to the detect worker. */

/** Entries of one list, and lists, at most. */
export const MAX_BLOCKLIST_ENTRIES = 2_000_000;
export const MAX_BLOCKLISTS = 32;
/** Bytes of one list's file. */
export const MAX_BLOCKLIST_BYTES = 128 << 20;

export interface Blocklist {
  name: string;
  /** First and last address of each range, by turns; sorted, without overlaps. */
  ipv4: Uint32Array;
  /** The same in four words an address. */
  ipv6: Uint32Array;
  /** Hashes of names (`nameHash`) in two words, in an open table whose size is a power of two; nought is free. */
  names: Uint32Array;
  /** Entries of the file, before joining. */
  entries: number;
}
