/**
 * What the API and the feed answer, in the names they have on the wire.
 *
 * Names follow Suricata's EVE where EVE has one (`src_ip`, `bytes_toserver`, `in_iface`), snake_case elsewhere.
 * `src` is the client of a connection (whoever spoke first, but for a server's answer), `dest` the server. Times are
 * milliseconds since 1970 unless a name says otherwise; rates are per second of packet time.
 */
import type { AlertCounts } from "./alerts.ts";
import type { AttributionMethod } from "./system.ts";
import type { CaptureProblem } from "./protocol.ts";
import type { DetectCounters } from "./detection.ts";
import type { DoorCounters } from "./door.ts";
import type { InventoryCounters } from "./inventory.ts";
import type { PayloadCounters, TrafficKind, UndecodedReason } from "./inspection.ts";
import type { PacketRecord } from "./packet.ts";
import type { WhoCounters } from "./who.ts";

/** The process at this machine's end of a connection, and how surely it is known. */
export interface ConnectionProcess {
  pid: number;
  name: string;
  path: string;
  user: string;
  /** Container or unit; empty where none is known. */
  container: string;
  /** Start of the process, ms since 1970; 0 where not known. With `pid` it names the process for ever. */
  started: number;
  /** Which end of the connection is its own. */
  end: "client" | "server";
  method: AttributionMethod;
  /** How sure that is, 0 to 1: `METHOD_CONFIDENCE`. */
  confidence: number;
  /** Further processes that hold the same socket. */
  others: number;
}

/** One row of the connections table: a flow, a socket, or both joined. */
export interface Connection {
  /** Stable while the connection lives: `f` + flow number, or `s` + socket five-tuple. */
  id: string;
  /** What it is known from. */
  source: "packets" | "socket" | "both";
  /** Lower case: `tcp`, `udp`, `icmp`, `ipv6-icmp`, `sctp` ... or the number. */
  proto: string;
  src_ip: string;
  src_port: number;
  dest_ip: string;
  dest_port: number;
  /** `out` from this machine (or private network), `in` to it, `local` both, `other` neither. */
  direction: "out" | "in" | "local" | "other";
  /** Application protocol told by its bytes, as EVE names it; "" while it is not known. */
  app_proto: string;
  /** Host name of the server, as seen in the traffic itself (SNI, Host, DNS answers); "" where none was seen. */
  server_name: string;
  /** Country of the other end (of strangers' traffic, the server's), ISO 3166-1 alpha-2; "" where not known. */
  country: string;
  /** Name of the other end by reverse DNS; "" unless that is on (`--reverse-dns`) and has been answered. */
  reverse_name: string;
  /** `new`, `syn_sent`, `syn_received`, `established`, `fin_wait`, `closed`, `reset`, or the socket's own. */
  state: string;
  /** At this machine's end; where both ends are on it, the one that called. */
  process: ConnectionProcess | null;
  /** The one at the other end, where that is on this machine too (over loopback, or in a container). */
  peer: ConnectionProcess | null;
  bytes_toserver: number;
  bytes_toclient: number;
  pkts_toserver: number;
  pkts_toclient: number;
  /** Both directions together, over the last tick. */
  bits_per_second: number;
  start: number;
  last: number;
  /** Round trip in milliseconds and where it comes from; null when not measured. */
  rtt_ms: number | null;
  rtt_from: "handshake" | "flow" | "exchange" | "tcp_info" | null;
  retransmissions: number;
  /** Share of bytes sent again, of the worse direction; null below 100 kB. */
  resent_share: number | null;
  /** Round trips from where packets were seen to the server, and to the client, and back; null without any. */
  rtt_server: RoundTripStats | null;
  rtt_client: RoundTripStats | null;
  /** From the client's data to the server's next, the way included, smoothed; null without any. */
  answer_ms: number | null;
  /** Where most of the delay is; "" where there is little, or it cannot be told. */
  slow: "" | "server" | "this machine" | "network" | "network to the server" | "network to the client";
  /** Interface it was seen on; empty for a socket no packet was seen of. */
  in_iface: string;
  /** Outer VLAN id first; empty without tags. */
  vlan: number[];
  /** Innermost tunnel, `none`, `gre`, `vxlan` ... */
  tunnel: string;
  /** Network namespace's inode where it is not ours, else 0. */
  netns: number;
}

/** Round trips of a connection, from data and acknowledgements; median and percentile of the last sixteen. */
export interface RoundTripStats {
  min_ms: number;
  median_ms: number;
  p95_ms: number;
  samples: number;
}

/** `GET /api/connections`. */
export interface ConnectionPage {
  ts: number;
  /** Rows that match, before `offset` and `limit`. */
  total: number;
  /** All rows there are, before the filter. */
  all: number;
  /** Live flows that were not sent to the monitor because its table is bounded. */
  left_out: number;
  offset: number;
  connections: Connection[];
}

/** Something that is off or degraded, and the exact step that turns it on. Shown on every page. */
export interface Problem {
  /** Stable, so that a page can tell a new one from the old: `capture:eth0`, `sockets` ... */
  id: string;
  severity: "info" | "warning" | "error";
  message: string;
  hint: string;
}

/** `GET /api/interfaces`: counters of the kernel, rates, and what capture does there. */
export interface InterfaceStatus {
  index: number;
  name: string;
  /** Colon-separated, empty where there is none. */
  mac: string;
  mtu: number;
  up: boolean;
  running: boolean;
  loopback: boolean;
  addresses: { address: string; prefix_length: number }[];
  received_bytes: number;
  received_packets: number;
  received_errors: number;
  received_dropped: number;
  sent_bytes: number;
  sent_packets: number;
  sent_errors: number;
  sent_dropped: number;
  received_bits_per_second: number;
  sent_bits_per_second: number;
  received_packets_per_second: number;
  sent_packets_per_second: number;
  /** `off`: not asked for. */
  capture: "open" | "waiting" | "off";
  /** Null where packets are not counted for this interface alone: captured through `any`, or not at all. */
  captured_packets: number | null;
  kernel_dropped: number | null;
  problem: CaptureProblem | null;
}

/** A slice of a pie: bytes and share over the last minute. */
export interface Share {
  label: string;
  bytes: number;
  /** 0 to 1. */
  share: number;
}

/** `GET /api/pie_data`: shares over the last `window_s` seconds. */
export interface PieData {
  ts: number;
  window_s: number;
  /** By protocol, from every packet. */
  protocols: Share[];
  /** By program, from connections whose process is known; the rest is one slice named `unattributed`. */
  applications: Share[];
  /** By server port, which is a hint, not a finding. */
  services: Share[];
}

/** A host or program and what it moved over the last minute. */
export interface Talker {
  label: string;
  /** Hosts only: name and country, where known. */
  name?: string;
  country?: string;
  bytes: number;
  bits_per_second: number;
  connections: number;
  /** Programs only. */
  pid?: number;
}

/** One second of throughput, as charts draw it. */
export interface ThroughputPoint {
  /** Packet time, ms. */
  t: number;
  /** Bits per second to, from and between local ends, and of strangers. */
  in: number;
  out: number;
  local: number;
  other: number;
  packets: number;
  /** Packets lost in that second, kernel and Netpane together. */
  dropped: number;
}

/** What is being captured or played, for the status line. */
export interface CaptureStatus {
  mode: "live" | "playback" | "off";
  interfaces: string[];
  /** Playback only. */
  file: string;
  speed: number;
  /** 0 to 1, playback only. */
  progress: number;
  finished: boolean;
  filter: string;
  snaplen: number;
}

/** `GET /api/stats`: every counter Netpane has, most of all of what it did not see. */
export interface Stats {
  ts: number;
  version: string;
  /** Milliseconds since the start. */
  uptime_ms: number;
  /** Clock of the packets, ms; equals the wall clock when live. */
  packet_time: number;
  capture: {
    /** Packets the kernel handed to capture, or read from the file. */
    received: number;
    /** Lost in the kernel for want of buffer space. */
    kernel_dropped: number;
    /** Lost by network cards or drivers. */
    interface_dropped: number;
    /** Taken from the kernel, but not inspected. */
    app_dropped: number;
    /** Waits for a free slot. */
    stalls: number;
    slots: number;
    slots_free: number;
    status: CaptureStatus;
  };
  packets: {
    inspected: number;
    wire_bytes: number;
    captured_bytes: number;
    snapped: number;
    reassembled: number;
  };
  traffic: Record<TrafficKind, { packets: number; bytes: number }>;
  undecoded: Record<UndecodedReason, number>;
  flows: {
    active: number;
    capacity: number;
    tcp: number;
    udp: number;
    created: number;
    ended: number;
    timed_out: number;
    evicted: number;
    /** Ended flows not told one by one because they were too many. */
    ended_untold: number;
  };
  connections: { shown: number; left_out: number; with_process: number };
  /** Payload inspection: what it looked into, held back, refused. */
  payload: PayloadCounters & { observations_lost: number; packets_unlogged: number };
  detect: DetectCounters & {
    facts_lost: number;
    /** Alerts kept that an expected entry covers; alerts not taken in because their kind is off. */
    alerts_expected: number;
    alerts_off: number;
  };
  /** Each target of notifications. */
  notify: NotifyTargetCounters[];
  /** The EVE log; null without `--eve`. */
  eve: EveCounters | null;
  system: {
    sockets: number;
    sockets_lost: number;
    processes: number;
    reading_ms: number;
    cpu: number | null;
  };
  /** Places, names and echo requests: what was asked, kept, refused. */
  who: WhoCounters;
  /** Hosts, names, devices, programs: what is kept, and what had to go. */
  inventory: InventoryCounters;
  memory: { rss: number; heap_used: number; external: number; fragments: number; fragments_budget: number };
  feed: {
    clients: number;
    /** Different types and filters that clients ask for. */
    subscriptions: number;
    /** Events put on clients' streams at once or after a wait, and all bytes. */
    sent: number;
    bytes: number;
    /** Ticks and snapshots that a slow client never saw because a newer one took their place. */
    replaced: number;
    /** Packets, queries and alerts lost to full queues. */
    lost: number;
    /** Subscriptions turned away: too many clients, or too many different ones. */
    refused: number;
  };
  /** Requests turned away, sessions; null where no server stands in front. */
  door: DoorCounters | null;
  /** Workers that crashed and were started again. */
  restarts: { inspect: number; detect: number; capture: number; system: number };
  problems: Problem[];
}

/** `GET /api/packets`: the latest packets, newest first. Feed event `packets`: those of the last second. */
export interface PacketPage {
  ts: number;
  /** Rows that match, before `before`, `offset` and `limit`. */
  total: number;
  offset: number;
  packets: LoggedPacket[];
  /** For the next page of older packets: `before=`; null at the end. */
  next: number | null;
  /** Packets kept now and at most; those passed over because they came too fast for eyes. */
  kept: number;
  capacity: number;
  unlogged: number;
}

/** One packet with what the monitor knows of its flow. */
export interface LoggedPacket extends Omit<PacketRecord, "interface_index"> {
  in_iface: string;
  /** Name of the process at our end; "" where not known. */
  process: string;
}

/** `GET /api/dns_queries`: recent queries, newest first. */
export interface DnsQueryPage {
  ts: number;
  /** Rows that match, before `before`, `offset` and `limit`. */
  total: number;
  offset: number;
  queries: DnsQuery[];
  /** For the next page of older queries: `before=`; null at the end. */
  next: number | null;
  /** Queries kept now and at most. */
  kept: number;
  capacity: number;
  /** Observations that the inspector had no room for. */
  left_out: number;
}

/** A question, with its answer once that was seen. */
export interface DnsQuery {
  id: number;
  /** Packet time of the question (or of the answer, if only that was seen). */
  time: number;
  /** `dns`, `mdns`, `llmnr`. */
  kind: string;
  rrname: string;
  rrtype: string;
  client_ip: string;
  server_ip: string;
  /** `NOERROR`, `NXDOMAIN` ...; "" while there is no answer. */
  rcode: string;
  /** Answers as text, at most 8. */
  answers: string[];
  latency_ms: number | null;
  /** Name of the process that asked; "" where not known. */
  process: string;
  /** How often this name was asked for since the start (of the names still remembered). */
  count: number;
}

/** Something found that should not be there. `GET /api/anomalies`, newest first; feed event `alert`. */
export interface Anomaly {
  id: string;
  /** `cardholder_data`, `cleartext_credentials` ... */
  kind: string;
  /** 1 high to 3 low. */
  severity: number;
  signature: string;
  /** Who did what to whom, how often, since when; "" where the signature says it all. */
  message: string;
  /** Packet time of the first and the last sighting, ms. */
  first: number;
  last: number;
  count: number;
  /** Whether it goes on. */
  open: boolean;
  proto: string;
  src_ip: string;
  src_port: number;
  dest_ip: string;
  dest_port: number;
  app_proto: string;
  server_name: string;
  in_iface: string;
  process: string;
  /** EVE's `netpane` object: the evidence. Never a full card number, never a secret. */
  details: Record<string, unknown>;
  /** What the user has said to expect, where it covers this alert: then it is no alarm. */
  expected?: Expected | null;
}

/** What is expected: every field that is there must match. */
export interface Expected {
  /** Made from what it says, so that it stays the same while the file changes around it. */
  id: string;
  comment: string;
  /** Address, network (`10.0.0.0/8`), or host name, which its subdomains match too. */
  source?: string;
  destination?: string;
  /** Of the server; a range is `"8000-8010"`. */
  port?: number | string;
  /** Name, or with a slash in front the whole path. */
  program?: string;
  kind?: string;
  /** Last day it holds, `YYYY-MM-DD`; absent for no end. */
  until?: string;
}

/** Body of `POST /api/anomalies/:id/expect`; `true` stands for the alert's own. */
export interface ExpectRequest {
  source?: string | true;
  destination?: string | true;
  port?: number | string | true;
  program?: string | true;
  kind?: string | true;
  comment: string;
  until?: string;
}

/** `GET /api/anomalies`: the latest change first. */
export interface AnomalyPage {
  ts: number;
  /** Those that match, before `offset` and `limit`. */
  total: number;
  /** Alerts kept, before any filter. */
  all: number;
  offset: number;
  anomalies: Anomaly[];
  /** `cursor` of the next page; null at the end. */
  next: string | null;
  counts: AlertCounts;
  /** Alerts that had to go for newer ones. */
  forgotten: number;
}

/** `GET /api/expected`; `POST /api/anomalies/:id/expect` answers 201 with one of them. */
export interface ExpectedPage {
  ts: number;
  /** The settings file they are in; "" where there is none. */
  file: string;
  /** In the order of the file, each with the alerts kept that it covers, and whether its last day is over. */
  expected: (Expected & { alerts: number; over: boolean })[];
}

/** `GET /api/rules`: all kinds of alerts, what they mean, and how they are set. */
export interface RulesPage {
  ts: number;
  rules: RuleStatus[];
}

export interface RuleStatus {
  kind: string;
  title: string;
  category: string;
  /** Unless an alert says otherwise. */
  severity: number;
  signature_id: number;
  /** ATT&CK technique. */
  attack: { id: string; name: string } | null;
  notices: string;
  why: string;
  fooled: string;
  /** Who raises it: rules of the detector have thresholds. */
  from: "detector" | "inspector";
  enabled: boolean;
  enabled_by_default: boolean;
  /** Seconds without anything new after which an alert is over; null: with its flow. */
  quiet_s: number | null;
  options: RuleOptionStatus[];
  counters: {
    /** Alerts since the start; of them, expected from the beginning; not taken in while the kind was off. */
    alerts: number;
    expected: number;
    off: number;
    /** What the rule holds, its ceiling, and what had to go for want of room. */
    entries: number;
    capacity: number;
    evicted: number;
    /** Times it failed: each a defect. */
    failures: number;
  };
}

export interface RuleOptionStatus {
  name: string;
  value: number;
  default: number;
  min: number;
  max: number;
  unit: string;
  help: string;
}

/** The EVE log, in `/api/stats`. */
export interface EveCounters {
  file: string;
  /** Lines made, bytes in files, lines lost for want of room, files begun because the one before was full or old. */
  lines: number;
  bytes: number;
  lost: number;
  rotations: number;
  /** Bytes waiting for the disk. */
  waiting_bytes: number;
  /** Why it cannot be written now; "" while all is well. */
  failing: string;
}

/** A target of notifications, in `/api/stats`. */
export interface NotifyTargetCounters {
  name: string;
  type: string;
  /** Without path and secret. */
  host: string;
  /** Notices waiting; told; given up on; lost for want of room; attempts after a failed one. */
  waiting: number;
  sent: number;
  failed: number;
  dropped: number;
  retries: number;
  /** Why it fails now; "" while all is well. */
  failing: string;
}

/** Feed event `tick`, each second; also the head of the first page. At most 64 KiB. */
export interface Tick {
  /** Wall clock when it was made. */
  ts: number;
  packet_time: number;
  throughput: ThroughputPoint;
  /** `counters` while no packets can be captured: then `in` and `out` are the interfaces' own counters. */
  throughput_from: "packets" | "counters";
  totals: {
    packets: number;
    bytes: number;
    kernel_dropped: number;
    app_dropped: number;
    undecoded: number;
    /** What rules never saw: there was too much at once. */
    facts_lost: number;
  };
  flows: { active: number; capacity: number; evicted: number };
  connections: { shown: number; left_out: number; with_process: number };
  cpu: number | null;
  /**
   * Alerts kept that nobody expects: all, by kind, how many of them are mere notes (severity 3), and how many go on
   * that are more than notes; and how many are expected beside.
   */
  anomalies: {
    total: number;
    open: number;
    kinds: Record<string, number>;
    notes: number;
    expected: number;
  };
  interfaces: InterfaceStatus[];
  pie: PieData;
  top_talkers: Talker[];
  top_apps: Talker[];
  capture: CaptureStatus;
  problems: Problem[];
}

/** Feed event `snapshot`: on connecting and every 5 s; all that a page needs to begin. At most 64 KiB. */
export interface PageSnapshot {
  ts: number;
  tick: Tick;
  /** Oldest first, at most 300. */
  history: ThroughputPoint[];
  /** The busiest connections, as many as fit. */
  connections: Connection[];
}

/** RFC 9457, the body of every error answer of the API. */
export interface ProblemDetails {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** The query parameter or field at fault. */
  field?: string;
  /** Where in its text, counted from 0, where that can be told. */
  at?: number;
}
