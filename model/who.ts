/**
 * Who an address is: where it is, what it is called, how far away. What the rooms say to each other about it, and
 * what the API answers. Names on the wire are those of the API (snake_case), times milliseconds since 1970.
 */
import type { CacheCounters } from "./lru.ts";
import type { AddressKind } from "./special_ranges.ts";

/** Where an address is and whose it is, as far as the data has it. Data, not truth: addresses move. */
export interface Place {
  /** ISO 3166-1 alpha-2, upper case; "" where not known. */
  country: string;
  /** In English; "" where not known. */
  country_name: string;
  region: string;
  city: string;
  /** Degrees; null where not known. Both or neither. */
  latitude: number | null;
  longitude: number | null;
  /** Autonomous system number; null where not known. */
  asn: number | null;
  /** Who runs that autonomous system; "" where not known. */
  organisation: string;
  /** Names of the sources that gave any of this, in the order in which they were asked. */
  source: string[];
}

/** One source of places. */
export interface PlaceSource {
  /** File name, or `ipinfo`. */
  name: string;
  /** As the data calls itself: `GeoLite2-City`. */
  type: string;
  /** When the data was made; 0 where it does not say. Old data is wrong oftener. */
  built: number;
  /** Bytes. */
  size: number;
  /** Whom its licence wants to be named where it is shown; "" where that is not known. */
  credit: string;
}

/** `GET /api/geoip`. */
export interface GeoIpAnswer {
  ts: number;
  ip: string;
  kind: AddressKind;
  /** The special range it is in: never looked up. Null for global addresses. */
  special: { prefix: string; name: string; source: string } | null;
  /** Null where no source knows it. */
  place: Place | null;
  /** Sources at hand. */
  databases: PlaceSource[];
}

/** Counters of places, in `/api/stats`. */
export interface GeoIpCounters {
  databases: PlaceSource[];
  cache: CacheCounters;
  /** Addresses of special ranges that were not looked up; entries of the data that made no sense. */
  special: number;
  damaged: number;
  /** Null while it is off. */
  ipinfo: IpinfoCounters | null;
}

export interface IpinfoCounters {
  /** Places kept on disk. */
  kept: CacheCounters;
  /** Addresses waiting to be asked about, and those for which there was no room. */
  waiting: number;
  refused: number;
  /** Requests sent, addresses in them, answers that failed. */
  requests: number;
  asked: number;
  failed: number;
  /** Since when nothing is asked because it failed, and until when; 0 while all is well. */
  paused_until: number;
}

/** One resource record, its data as text in the form of RFC 1035 master files. */
export interface DnsRecord {
  name: string;
  type: string;
  /** Seconds. */
  ttl: number;
  data: string;
}

/** The answer to one question. */
export interface DnsAnswer {
  type: string;
  /** `NOERROR`, `NXDOMAIN`, `SERVFAIL` ...; "" with an `error`. */
  rcode: string;
  records: DnsRecord[];
  /** Why there is no answer, for this type alone: `timeout`, `unreachable`, `malformed`. */
  error?: string;
}

/** `GET /api/resolve`. */
export interface ResolveAnswer {
  ts: number;
  /** As asked, in the letters that DNS has (IDN as xn--...), without a dot at the end. */
  domain: string;
  /** `NXDOMAIN` where the name does not exist; otherwise `NOERROR` when any type was answered. */
  rcode: string;
  records: DnsRecord[];
  /** Types that could not be asked, and why; the others are complete. */
  errors: { type: string; error: string }[];
  /** Server that answered. */
  server: string;
  took_ms: number;
  cached: boolean;
}

/** Counters of look-ups of names, in `/api/stats`. */
export interface NamesCounters {
  /** Whether names are looked up without being asked for: `--reverse-dns`. */
  reverse_dns: boolean;
  cache: CacheCounters;
  /** Look-ups now under way and waiting. */
  running: number;
  waiting: number;
  /** Questions sent; those that no answer came to; look-ups for which there was no room. */
  queries: number;
  failed: number;
  refused: number;
}

/** One echo request of a run. */
export interface PingReply {
  sequence: number;
  /** Null when no answer came in time. */
  rtt_ms: number | null;
  /** What came instead: `unreachable`, `refused`, `timeout` ...; "" with an answer. */
  error: string;
}

/** Which kind of socket probes went through. */
export type PingSocket = "datagram" | "raw";

/** `GET /api/ping`. */
export interface PingAnswer {
  ts: number;
  ip: string;
  sent: number;
  received: number;
  /** Answers that came a second time. */
  duplicates: number;
  /** Share of requests without an answer, 0 to 1. */
  loss: number;
  /** Milliseconds; null where nothing was received. p95 is the nearest rank. */
  rtt_ms: { min: number; median: number; mean: number; p95: number; max: number } | null;
  /** Mean absolute difference of successive round trips, ms; null with fewer than two. */
  jitter_ms: number | null;
  socket: PingSocket;
  replies: PingReply[];
}

/** Counters of probes, in `/api/stats`. */
export interface PingCounters {
  running: number;
  runs: number;
  sent: number;
  received: number;
  refused: number;
}

/** What is known of who is at the other end; part of `GET /api/stats`. */
export interface WhoCounters {
  geoip: GeoIpCounters;
  names: NamesCounters;
  ping: PingCounters;
}
