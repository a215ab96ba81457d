/**
 * The filter language that page, API, feed and command line share: what it consists of, once it is understood.
 *
 * ```
 * port:443 and not host:10.0.0.0/8 and (app:firefox or process:curl) bytes>1M
 * ```
 *
 * Terms stand side by side or with `and`, `or`, `not` and brackets between them. A term is a field with a value, a
 * number compared, or a bare word that is looked for everywhere.
 */

/** How the values of a field are read and compared. */
export type FieldKind =
  /** An address, a network (CIDR), or part of a host name. */
  | "host"
  /** Number, range `80-90`, or several with commas. */
  | "port"
  /** A whole word, in any case; several with commas. */
  | "word"
  /** A part of a text, in any case. */
  | "part"
  /** Compared by size; the unit tells what may follow the number. */
  | "bytes"
  | "bits"
  | "ms"
  | "count"
  /** A moment: ISO 8601, or milliseconds since 1970. Compared as "since" (>=) or "until" (<=). */
  | "since"
  | "until"
  /** A moment likewise, compared by size. */
  | "moment";

export interface FieldSpec {
  kind: FieldKind;
  help: string;
  example: string;
}

/** Every field of the language. Which of them a list knows is the list's own business. */
export const FIELDS = {
  host: {
    kind: "host",
    help: "Either end: address, network, or part of a host name",
    example: "host:10.0.0.0/8",
  },
  ip: { kind: "host", help: "The same as host", example: "ip:192.0.2.1" },
  src: { kind: "host", help: "The client: whoever spoke first", example: "src:192.168.1.20" },
  dst: { kind: "host", help: "The server", example: "dst:example.org" },
  name: { kind: "part", help: "Part of the name of the server, host or device", example: "name:cdn" },
  port: {
    kind: "port",
    help: "Either port, or one that is served: number, range, or several",
    example: "port:80,8000-8100",
  },
  sport: { kind: "port", help: "The client's port", example: "sport:1024-65535" },
  dport: { kind: "port", help: "The server's port", example: "dport:443" },
  proto: { kind: "word", help: "Transport protocol", example: "proto:udp" },
  app: {
    kind: "part",
    help: "Application protocol (whole), or part of the program's name",
    example: "app:firefox",
  },
  process: { kind: "part", help: "Part of the program's name; unknown for none", example: "process:curl" },
  pid: { kind: "word", help: "Process number", example: "pid:4711" },
  user: { kind: "word", help: "User the program runs as", example: "user:www-data" },
  container: { kind: "part", help: "Part of the container or unit", example: "container:nginx" },
  path: { kind: "part", help: "Part of the program's path or arguments", example: "path:/usr/sbin" },
  parent: { kind: "part", help: "Part of the name of who started the program", example: "parent:systemd" },
  country: {
    kind: "word",
    help: "Country of the other end, or of the host: ISO 3166",
    example: "country:nl",
  },
  network: { kind: "part", help: "Part of the name of who runs the network", example: "network:telekom" },
  asn: { kind: "word", help: "Number of the autonomous system", example: "asn:64496" },
  mac: { kind: "part", help: "Part of the network card's address", example: "mac:b8:27:eb" },
  vendor: { kind: "part", help: "Part of the name of the card's maker", example: "vendor:intel" },
  direction: { kind: "word", help: "out, in, local or other", example: "direction:out" },
  state: {
    kind: "word",
    help: "State of the connection; of programs active or ended",
    example: "state:established",
  },
  reach: { kind: "word", help: "Who can reach a listening socket: loopback, one, all", example: "reach:all" },
  is: { kind: "word", help: "What a host or device is: own, router, random", example: "is:own" },
  iface: { kind: "word", help: "Interface", example: "iface:eth0" },
  slow: { kind: "part", help: "Where the delay is", example: "slow:server" },
  kind: {
    kind: "word",
    help: "Kind of alert; of hosts that of the address: global, private ...",
    example: "kind:port_scan",
  },
  type: { kind: "word", help: "Type of event or of DNS record", example: "type:dns" },
  rcode: { kind: "word", help: "How a DNS query ended", example: "rcode:nxdomain" },
  severity: { kind: "count", help: "Severity of an alert: 1 is the worst", example: "severity<=2" },
  bytes: { kind: "bytes", help: "Both directions; k, M, G", example: "bytes>1M" },
  packets: { kind: "count", help: "Both directions", example: "packets>=1000" },
  connections: { kind: "count", help: "Connections now", example: "connections>10" },
  alerts: { kind: "count", help: "Alerts about it, open or over", example: "alerts>0" },
  alerts_open: { kind: "count", help: "Open alerts about it", example: "alerts_open>0" },
  rate: { kind: "bits", help: "Bits a second now; k, M, G", example: "rate>10M" },
  rtt: { kind: "ms", help: "Round trip; ms or s", example: "rtt>100ms" },
  since: { kind: "since", help: "Active at or after this time", example: "since:2026-11-22T10:00Z" },
  until: { kind: "until", help: "Begun at or before this time", example: "until:2026-11-22T11:00Z" },
  first: { kind: "moment", help: "When it was seen first, or began", example: "first>2026-11-22T10:00Z" },
  last: { kind: "moment", help: "When it was seen last", example: "last<2026-11-22T10:00Z" },
} as const satisfies Record<string, FieldSpec>;

export type FieldName = keyof typeof FIELDS;
export const FIELD_NAMES = Object.keys(FIELDS) as FieldName[];

export type Comparison = ":" | "=" | "<" | "<=" | ">" | ">=";

/**
 * A filter that was understood. `at` is where in its text a term begins, counted from 0; `path` where in a filter given
 * as JSON.
 */
export type Filter =
  | { and: Filter[] }
  | { or: Filter[] }
  | { not: Filter }
  | { word: string; at: number }
  | { field: FieldName; compare: Comparison; value: string; at: number; path?: string };

/** Everything passes. */
export const EVERYTHING: Filter = { and: [] };

/** Characters of a filter's text at most, and how deep it may be nested. */
export const MAX_FILTER_LENGTH = 500;
export const MAX_DEPTH = 20;

/** What is wrong with a filter, and where. */
export class FilterError extends Error {
  override name = "FilterError";
  /**
   * @param at Where in the text, counted from 0.
   * @param path Where in a filter given as JSON, such as `and[1].port`; "" for text.
   */
  constructor(message: string, readonly at: number, readonly path = "") {
    super(message);
  }
}
