/** All kinds of addresses, for tables: `AddressKind` as a list. */
import type { AddressKind } from "../special_ranges.ts";

const KINDS: Record<AddressKind, true> = {
  "global": true,
  "unspecified": true,
  "this-network": true,
  "private": true,
  "shared": true,
  "loopback": true,
  "link-local": true,
  "documentation": true,
  "benchmarking": true,
  "multicast": true,
  "broadcast": true,
  "reserved": true,
  "protocol": true,
  "anycast": true,
  "translation": true,
  "tunnel": true,
  "identifier": true,
  "discard": true,
};

export const SPECIAL_KINDS = Object.keys(KINDS) as AddressKind[];
