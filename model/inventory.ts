/**
 * Hosts, programs, listening sockets and devices as the API tells them (`GET /api/hosts`, `/api/processes`,
 * `/api/listeners`, `/api/devices`). Times are milliseconds since 1970, of packets where packets are meant.
 *
 * All text here may come from strangers: never trust it as HTML.
 */
import type { Anomaly, Connection } from "./api.ts";
import type { AddressKind } from "./special_ranges.ts";
import type { AttributionMethod } from "./system.ts";
import type { Place, PlaceSource } from "./who.ts";

/** Where a name was learnt. */
export type NameSource =
  /** An answer of a name server, to whomever. */
  | "dns"
  /** Multicast DNS, LLMNR and NetBIOS: a device told its own name, or one answered for it. */
  | "mdns"
  | "llmnr"
  | "netbios"
  /** TLS or QUIC: the name a client asked for at that address. */
  | "sni"
  /** HTTP: likewise, as `Host`. */
  | "http"
  /** DHCP: what a device calls itself. */
  | "dhcp"
  /** Reverse DNS, where it was asked for. */
  | "reverse_dns"
  /** The traffic itself, which of the above is not known any more. */
  | "traffic";

/** A name, where it was learnt, and when it was seen first and last. */
export interface SeenName {
  name: string;
  from: NameSource;
  first: number;
  last: number;
}

/** Latency over several connections: a mixture of theirs, each weighted by its round trips. */
export interface MergedLatency {
  min_ms: number;
  median_ms: number;
  p95_ms: number;
  /** Connections, the latest 32 at most, and round trips measured in them. */
  connections: number;
  samples: number;
}

/** One row of `GET /api/hosts`. */
export interface HostSummary {
  ip: string;
  kind: AddressKind;
  /** An address of this machine. */
  own: boolean;
  /** The best of its names; "" where none is known. */
  name: string;
  name_from: NameSource | "";
  /** ISO 3166-1 alpha-2; "" where not known. */
  country: string;
  country_name: string;
  asn: number | null;
  organisation: string;
  /** On the local network; "" where not known. */
  mac: string;
  vendor: string;
  /** Bytes on the wire to and from it since `first`. */
  bytes_to: number;
  bytes_from: number;
  bits_per_second: number;
  /** Now; and all that were seen. */
  connections: number;
  connections_seen: number;
  /** Median round trip; null where none was measured. */
  rtt_ms: number | null;
  /** Share of bytes that were sent again; null below 100 kB. */
  resent_share: number | null;
  /** Where most of the delay is, in most of its slow connections. */
  slow: Connection["slow"];
  /** Names of our programs that talk to it, and ports it serves; the first few. */
  programs: string[];
  ports: number[];
  alerts_open: number;
  alerts: number;
  /** Null: it was named, but no packet from or to it was seen (or its traffic had to be forgotten). */
  first: number | null;
  last: number | null;
}

/** `GET /api/hosts`. */
export interface HostPage {
  ts: number;
  /** Hosts that match, before `offset` and `limit`. */
  total: number;
  /** Hosts kept, the ceiling, and those that had to go for newer ones. */
  all: number;
  capacity: number;
  forgotten: number;
  offset: number;
  hosts: HostSummary[];
}

/** A port of a host, or one that it used elsewhere. */
export interface HostPort {
  proto: string;
  port: number;
  /** Told by the bytes; "" where not known. */
  app_proto: string;
  /** Usual on that port: a hint. */
  service: string;
  bytes: number;
  last: number;
}

/** A program of this machine that talks to a host. */
export interface HostProgram {
  name: string;
  path: string;
  /** The latest process of that name. */
  pid: number;
  bytes: number;
  connections: number;
  last: number;
}

/** Traffic of ten seconds. */
export interface HostPoint {
  /** Its beginning. */
  t: number;
  bytes_to: number;
  bytes_from: number;
}

/** A device of the local network. */
export interface Device {
  /** Colon-separated, lower case. */
  mac: string;
  /** From the IEEE's registry; "" where not known. */
  vendor: string;
  /** Locally administered (IEEE 802, bit 1 of the first byte): made up by the device, as phones do for privacy. */
  random: boolean;
  /** An interface of this machine. */
  own: boolean;
  /** Says that it is a router (router advertisements), or DHCP names it as one. */
  router: boolean;
  /** The latest first. */
  addresses: DeviceAddress[];
  names: SeenName[];
  /** What it says of itself: DHCP vendor class, SSDP server. */
  says: string[];
  /** Interface of this machine that it was seen on; "" where not known. */
  in_iface: string;
  first: number;
  last: number;
}

export interface DeviceAddress {
  ip: string;
  /** The kernel's neighbour table, ARP, IPv6 neighbour or router discovery, DHCP, an interface of ours. */
  from: "kernel" | "arp" | "nd" | "dhcp" | "interface";
  last: number;
}

/** `GET /api/devices`. */
export interface DevicePage {
  ts: number;
  total: number;
  all: number;
  capacity: number;
  forgotten: number;
  offset: number;
  devices: Device[];
}

/** `GET /api/hosts/:ip`: everything known of one address. */
export interface HostDetail extends HostSummary {
  ts: number;
  /** The special range it is in; null for global addresses. */
  special: { prefix: string; name: string; source: string } | null;
  place: Place | null;
  /** Whom to name where places are shown. */
  databases: PlaceSource[];
  names: SeenName[];
  /** With `?resolve=1`: what reverse DNS said, or why it said nothing. */
  reverse_dns: { names: string[]; error: string } | null;
  device: Device | null;
  /** Ports that it serves, and those it uses as a client elsewhere; the busiest first. */
  serves: HostPort[];
  uses: HostPort[];
  talked_to_by: HostProgram[];
  latency: MergedLatency | null;
  /** Connections that were slow because of `slow`. */
  slow_connections: number;
  /** Up to ten minutes, oldest first; seconds of nothing are left out. */
  history: HostPoint[];
  /** Open ones first, then the latest; at most 20. */
  alert_list: Anomaly[];
  /** The busiest now, at most 50 of `connections`. */
  connection_list: Connection[];
}

/** How a program was found for its traffic, and how far that can be trusted. */
export interface AttributionWord {
  method: AttributionMethod;
  /** 0 to 1. */
  confidence: number;
  meaning: string;
}

/** A program that has sockets, or had. */
export interface ProgramSummary {
  pid: number;
  name: string;
  path: string;
  /** Secrets masked. */
  command_line: string;
  user: string;
  parent_pid: number;
  /** "" where not known. */
  parent: string;
  /** Container or unit. */
  container: string;
  /** Start of the process; 0 where not known. */
  started: number;
  /** Whether it holds sockets now. */
  active: boolean;
  /** Connections now; and all that were seen. */
  connections: number;
  connections_seen: number;
  /** `443/tcp`, at most 32. */
  listens: string[];
  /** Since the start of Netpane. */
  bytes_in: number;
  bytes_out: number;
  bits_per_second: number;
  rtt_ms: number | null;
  alerts_open: number;
  alerts: number;
  /** Last seen with sockets or traffic. */
  last: number;
  /** Processes that this row is about: 1, or of ended ones that are told together how many; the others say the latest. */
  processes: number;
  /** Of them, those that can be asked for by their numbers; the others had to go for newer ones. */
  kept: number;
}

/** Bytes since the start of Netpane. */
export interface ByteCount {
  bytes_in: number;
  bytes_out: number;
}

/** `GET /api/processes`. */
export interface ProgramPage {
  ts: number;
  total: number;
  all: number;
  capacity: number;
  /** Programs that had to go for newer ones, and what they had moved. */
  forgotten: number;
  forgotten_bytes: ByteCount;
  offset: number;
  processes: ProgramSummary[];
  /** Processes of all rows that match; `total` counts rows. */
  matching: number;
  /** Traffic of this machine that no program could be found for. */
  unattributed: ByteCount & { connections: number };
  /** Traffic between others, seen in passing. */
  strangers: { bytes: number };
  attribution: AttributionWord[];
}

/** `GET /api/processes/:pid`. */
export interface ProgramDetail extends ProgramSummary {
  ts: number;
  /** Command lines and such of earlier processes that had the same number. */
  earlier: ProgramSummary[];
  listeners: Listener[];
  latency: MergedLatency | null;
  /** Hosts it talks to now, by bytes, at most 20. */
  hosts: { ip: string; name: string; country: string; bytes: number; connections: number }[];
  alert_list: Anomaly[];
  /** The busiest now, at most 50 of `connections`. */
  connection_list: Connection[];
}

/** A socket that waits for others. */
export interface Listener {
  proto: "tcp" | "udp";
  address: string;
  port: number;
  /** `loopback`: this machine alone; `one`: whoever reaches that address; `all`: whoever reaches any. */
  reach: "loopback" | "one" | "all";
  /** Usual on that port: a hint. */
  service: string;
  /** 0 where not known. */
  pid: number;
  process: string;
  path: string;
  user: string;
  container: string;
  method: AttributionMethod;
  /** First seen; `since_start`: it was there when Netpane began, and may be older. */
  since: number;
  since_start: boolean;
  /** Network namespace's inode where it is not ours, else 0. */
  netns: number;
}

/** `GET /api/listeners`. */
export interface ListenerPage {
  ts: number;
  total: number;
  listeners: Listener[];
  /** UDP sockets of clients on ports that the kernel gave them, which wait for answers only: not listed. */
  udp_clients: number;
}

/** Counters of all that, in `/api/stats`. */
export interface InventoryCounters {
  hosts: { size: number; capacity: number; forgotten: number };
  names: { size: number; capacity: number; forgotten: number };
  devices: { size: number; capacity: number; forgotten: number; vendors: number };
  programs: { size: number; capacity: number; forgotten: number };
  listeners: number;
}
