/** What the fields of hosts, programs, listening sockets and devices mean. */
import type {
  AttributionWord,
  ByteCount,
  Device,
  DeviceAddress,
  DevicePage,
  HostDetail,
  HostPage,
  HostPoint,
  HostPort,
  HostProgram,
  HostSummary,
  Listener,
  ListenerPage,
  MergedLatency,
  NameSource,
  ProgramDetail,
  ProgramPage,
  ProgramSummary,
  SeenName,
} from "../inventory.ts";
import { CONNECTION } from "./connections.ts";
import { ALL, CAPACITY, describe, OFFSET, TOTAL, TS } from "./fields.ts";
import { SPECIAL_KINDS } from "./kinds.ts";
import { PLACE } from "./who.ts";

const FORGOTTEN = { is: "integer", help: "Those that had to go for newer ones" } as const;
const NAME_SOURCES: NameSource[] = [
  "dns",
  "mdns",
  "llmnr",
  "netbios",
  "sni",
  "http",
  "dhcp",
  "reverse_dns",
  "traffic",
];
const METHODS = ["inode", "shared-inode", "remembered", "none"] as const;
const FIRST = { is: "time", help: "First seen", title: "First seen", example: 1_795_000_000_000 } as const;
const LAST = { is: "time", help: "Last seen", title: "Last seen", example: 1_795_000_012_500 } as const;
const CONNECTIONS_NOW = { is: "integer", help: "Connections now", title: "Connections", example: 3 } as const;
const CONNECTIONS_SEEN = { is: "integer", help: "All connections that were seen", example: 41 } as const;
const RATE = {
  is: "number",
  help: "Both directions together, over the last second",
  title: "Rate",
  unit: "bit/s",
  example: 2_400_000,
} as const;
const RTT = {
  is: "number",
  help: "Median round trip; null where none was measured",
  title: "RTT",
  unit: "ms",
  nullable: true,
  example: 14.2,
} as const;
const ALERTS_OPEN = { is: "integer", help: "Alerts about it that go on", example: 0 } as const;
const ALERTS = { is: "integer", help: "All alerts kept about it", title: "Alerts", example: 1 } as const;
const ALERT_LIST = {
  is: "Anomaly",
  help: "Open ones first, then the latest; at most 20",
  list: true,
} as const;
const CONNECTION_LIST = { is: "Connection", help: "The busiest now, at most 50", list: true } as const;
const SERVICE = { is: "string", help: "What is usual on that port: a hint", example: "https" } as const;
const LATENCY = {
  is: "MergedLatency",
  help: "Over several connections; null where none was measured",
  nullable: true,
} as const;

export const SEEN_NAME = describe<SeenName>("A name, and where it was learnt", {
  name: { is: "string", help: "The name", example: "printer.local" },
  from: { is: "string", help: "Where it was learnt", values: NAME_SOURCES, example: "mdns" },
  first: FIRST,
  last: LAST,
});

export const MERGED_LATENCY = describe<MergedLatency>(
  "Latency over several connections: a mixture of theirs, each weighted by its round trips",
  {
    min_ms: { is: "number", help: "The shortest", unit: "ms", example: 11.9 },
    median_ms: { is: "number", help: "Half were shorter", unit: "ms", example: 14.2 },
    p95_ms: { is: "number", help: "95 of 100 were shorter", unit: "ms", example: 41 },
    connections: { is: "integer", help: "Connections, the latest 32 at most", example: 6 },
    samples: { is: "integer", help: "Round trips measured", example: 120 },
  },
);

export const HOST = describe<HostSummary>("A host that was seen or named", {
  ip: { is: "string", help: "Its address", title: "Address", example: "198.51.100.7" },
  kind: { is: "string", help: "What kind of address it is", values: SPECIAL_KINDS, example: "global" },
  own: { is: "boolean", help: "An address of this machine", example: false },
  name: {
    is: "string",
    help: "The best of its names; empty where none is known",
    title: "Host",
    example: "www.example.org",
  },
  name_from: {
    is: "string",
    help: "Where that name was learnt",
    values: ["", ...NAME_SOURCES],
    example: "sni",
  },
  country: PLACE.fields.country,
  country_name: PLACE.fields.country_name,
  asn: PLACE.fields.asn,
  organisation: PLACE.fields.organisation,
  mac: {
    is: "string",
    help: "Hardware address, on the local network; empty where not known",
    example: "02:00:5e:10:00:01",
  },
  vendor: {
    is: "string",
    help: "Maker of its network card; empty where not known",
    example: "Example Devices",
  },
  bytes_to: { is: "integer", help: "Bytes on the wire to it", title: "Bytes to", unit: "B", example: 18_204 },
  bytes_from: {
    is: "integer",
    help: "Bytes on the wire from it",
    title: "Bytes from",
    unit: "B",
    example: 1_204_882,
  },
  bits_per_second: RATE,
  connections: CONNECTIONS_NOW,
  connections_seen: CONNECTIONS_SEEN,
  rtt_ms: RTT,
  resent_share: CONNECTION.fields.resent_share,
  slow: CONNECTION.fields.slow,
  programs: {
    is: "string",
    help: "Our programs that talk to it; the first few",
    title: "Programs",
    list: true,
    example: ["firefox"],
  },
  ports: {
    is: "integer",
    help: "Ports it serves; the first few",
    title: "Ports",
    list: true,
    example: [443],
  },
  alerts_open: ALERTS_OPEN,
  alerts: ALERTS,
  first: {
    is: "time",
    help: "First packet from or to it; null where it was only named",
    title: "First seen",
    nullable: true,
    example: 1_795_000_000_000,
  },
  last: {
    is: "time",
    help: "Last packet from or to it; null likewise",
    title: "Last seen",
    nullable: true,
    example: 1_795_000_012_500,
  },
});

export const HOST_PAGE = describe<HostPage>("Hosts: a part of the list", {
  ts: TS,
  total: TOTAL,
  all: ALL,
  capacity: CAPACITY,
  forgotten: FORGOTTEN,
  offset: OFFSET,
  hosts: { is: "Host", help: "The rows, in the order asked for", list: true },
});

export const HOST_DETAIL = describe<HostDetail>("Everything known of one address", {
  ...HOST.fields,
  ts: TS,
  special: {
    is: "SpecialRange",
    help: "The special range it is in; null for global addresses",
    nullable: true,
  },
  place: { is: "Place", help: "Where it is; null where not known", nullable: true },
  databases: { is: "PlaceSource", help: "Whom to name where places are shown", list: true },
  names: { is: "SeenName", help: "All its names", list: true },
  reverse_dns: {
    is: "ReverseDns",
    help: "With resolve=1: what reverse DNS said, or why it said nothing",
    nullable: true,
  },
  device: {
    is: "Device",
    help: "The device behind it, on the local network; null where not known",
    nullable: true,
  },
  serves: { is: "HostPort", help: "Ports that it serves, the busiest first", list: true },
  uses: { is: "HostPort", help: "Ports that it uses elsewhere, as a client", list: true },
  talked_to_by: { is: "HostProgram", help: "Programs of this machine that talk to it", list: true },
  latency: LATENCY,
  slow_connections: { is: "integer", help: "Connections that were slow because of slow", example: 0 },
  history: { is: "HostPoint", help: "Up to ten minutes, oldest first; nothing is left out", list: true },
  alert_list: ALERT_LIST,
  connection_list: CONNECTION_LIST,
});

export const INVENTORY_PARTS = {
  ReverseDns: describe<NonNullable<HostDetail["reverse_dns"]>>("What reverse DNS said", {
    names: { is: "string", help: "Names", list: true, example: ["host7.example.org"] },
    error: { is: "string", help: "Why it said nothing; empty where it did", example: "" },
  }),
  HostPort: describe<HostPort>("A port of a host, or one that it used elsewhere", {
    proto: { is: "string", help: "Transport protocol", example: "tcp" },
    port: { is: "integer", help: "The port", example: 443 },
    app_proto: { is: "string", help: "Told by the bytes; empty where not known", example: "tls" },
    service: SERVICE,
    bytes: { is: "integer", help: "Moved", unit: "B", example: 1_204_882 },
    last: LAST,
  }),
  HostProgram: describe<HostProgram>("A program of this machine that talks to a host", {
    name: { is: "string", help: "Name of the program", example: "firefox" },
    path: { is: "string", help: "Its file", example: "/usr/lib/firefox/firefox" },
    pid: { is: "integer", help: "The latest process of that name", example: 4711 },
    bytes: { is: "integer", help: "Moved", unit: "B", example: 1_204_882 },
    connections: CONNECTIONS_NOW,
    last: LAST,
  }),
  HostPoint: describe<HostPoint>("Traffic of ten seconds", {
    t: { is: "time", help: "Its beginning", example: 1_795_000_000_000 },
    bytes_to: { is: "integer", help: "To the host", unit: "B", example: 1_204 },
    bytes_from: { is: "integer", help: "From the host", unit: "B", example: 88_120 },
  }),
  DeviceAddress: describe<DeviceAddress>("An address of a device", {
    ip: { is: "string", help: "The address", example: "192.168.1.66" },
    from: {
      is: "string",
      help: "Where it was learnt",
      values: ["kernel", "arp", "nd", "dhcp", "interface"],
      example: "arp",
    },
    last: LAST,
  }),
  AttributionWord: describe<AttributionWord>("How a program was found for its traffic", {
    method: { is: "string", help: "The way", values: METHODS, example: "inode" },
    confidence: { is: "number", help: "How far that can be trusted", unit: "share 0 to 1", example: 1 },
    meaning: { is: "string", help: "In words" },
  }),
  ByteCount: describe<ByteCount>("Bytes since the start", {
    bytes_in: { is: "integer", help: "In", unit: "B" },
    bytes_out: { is: "integer", help: "Out", unit: "B" },
  }),
  Unattributed: describe<ProgramPage["unattributed"]>("Traffic that no program could be found for", {
    bytes_in: { is: "integer", help: "In", unit: "B" },
    bytes_out: { is: "integer", help: "Out", unit: "B" },
    connections: CONNECTIONS_NOW,
  }),
  Strangers: describe<ProgramPage["strangers"]>("Traffic between others, seen in passing", {
    bytes: { is: "integer", help: "All of it", unit: "B" },
  }),
  ProgramHost: describe<ProgramDetail["hosts"][number]>("A host that a program talks to", {
    ip: HOST.fields.ip,
    name: HOST.fields.name,
    country: PLACE.fields.country,
    bytes: { is: "integer", help: "Moved", unit: "B", example: 1_204_882 },
    connections: CONNECTIONS_NOW,
  }),
};

export const DEVICE = describe<Device>("A device of the local network", {
  mac: { is: "string", help: "Hardware address", title: "Hardware address", example: "02:00:5e:10:00:01" },
  vendor: {
    is: "string",
    help: "Maker, from the IEEE's registry; empty where not known",
    title: "Maker",
    example: "Example Devices",
  },
  random: {
    is: "boolean",
    help: "An address that the device made up (locally administered), as phones do for privacy",
    example: false,
  },
  own: { is: "boolean", help: "An interface of this machine", example: false },
  router: { is: "boolean", help: "It says that it is a router, or DHCP names it as one", example: false },
  addresses: { is: "DeviceAddress", help: "Its addresses, the latest first", title: "Addresses", list: true },
  names: { is: "SeenName", help: "What it is called", title: "Names", list: true },
  says: {
    is: "string",
    help: "What it says of itself: DHCP vendor class, SSDP server",
    list: true,
    example: ["android-dhcp-14"],
  },
  in_iface: {
    is: "string",
    help: "Interface of this machine that it was seen on; empty where not known",
    example: "eth0",
  },
  first: FIRST,
  last: LAST,
});

export const DEVICE_PAGE = describe<DevicePage>("Devices: a part of the list", {
  ts: TS,
  total: TOTAL,
  all: ALL,
  capacity: CAPACITY,
  forgotten: FORGOTTEN,
  offset: OFFSET,
  devices: { is: "Device", help: "The rows", list: true },
});

export const PROGRAM = describe<ProgramSummary>("A process that has sockets, or had", {
  pid: { is: "integer", help: "Process number", title: "Process", example: 4711 },
  name: { is: "string", help: "Name of the program", title: "Program", example: "firefox" },
  path: {
    is: "string",
    help: "Its file; empty where not known",
    title: "File",
    example: "/usr/lib/firefox/firefox",
  },
  command_line: {
    is: "string",
    help: "Its command line; secrets are masked",
    example: "curl https://www.example.org/",
  },
  user: { is: "string", help: "User it runs as", title: "User", example: "alice" },
  parent_pid: { is: "integer", help: "Process that started it", example: 1200 },
  parent: { is: "string", help: "Name of that process; empty where not known", example: "bash" },
  container: {
    is: "string",
    help: "Container or unit; empty where none is known",
    title: "Container",
    example: "nginx.service",
  },
  started: {
    is: "time",
    help: "Start of the process; 0 where not known",
    title: "Started",
    example: 1_794_990_000_000,
  },
  active: { is: "boolean", help: "Whether it holds sockets now", example: true },
  connections: CONNECTIONS_NOW,
  connections_seen: CONNECTIONS_SEEN,
  listens: {
    is: "string",
    help: "Where it waits for others, at most 32",
    title: "Listens",
    list: true,
    example: ["443/tcp"],
  },
  bytes_in: {
    is: "integer",
    help: "Received since the start of Netpane",
    title: "Bytes in",
    unit: "B",
    example: 1_204_882,
  },
  bytes_out: {
    is: "integer",
    help: "Sent since the start of Netpane",
    title: "Bytes out",
    unit: "B",
    example: 18_204,
  },
  bits_per_second: RATE,
  rtt_ms: RTT,
  alerts_open: ALERTS_OPEN,
  alerts: ALERTS,
  last: {
    is: "time",
    help: "Last seen with sockets or traffic",
    title: "Last seen",
    example: 1_795_000_012_500,
  },
  processes: {
    is: "integer",
    help:
      "Processes that this row is about: more than 1 for ended ones told together, whose latest has the number",
    title: "Processes",
    example: 1,
  },
  kept: {
    is: "integer",
    help: "Of them, those that can be asked for by their numbers; the others had to go for newer ones",
    example: 1,
  },
});

export const PROGRAM_PAGE = describe<ProgramPage>("Processes: a part of the list", {
  ts: TS,
  total: TOTAL,
  all: ALL,
  capacity: CAPACITY,
  forgotten: FORGOTTEN,
  forgotten_bytes: { is: "ByteCount", help: "What those had moved" },
  offset: OFFSET,
  processes: { is: "Process", help: "The rows", list: true },
  matching: { is: "integer", help: "Processes of all rows that match; total counts rows", example: 214 },
  unattributed: { is: "Unattributed", help: "Traffic of this machine that no program could be found for" },
  strangers: { is: "Strangers", help: "Traffic between others, seen in passing" },
  attribution: { is: "AttributionWord", help: "The ways in which programs are found", list: true },
});

export const PROGRAM_DETAIL = describe<ProgramDetail>("Everything known of one process", {
  ...PROGRAM.fields,
  ts: TS,
  earlier: { is: "Process", help: "Earlier processes that had the same number", list: true },
  listeners: { is: "Listener", help: "Where it waits for others", list: true },
  latency: LATENCY,
  hosts: { is: "ProgramHost", help: "Hosts it talks to now, by bytes, at most 20", list: true },
  alert_list: ALERT_LIST,
  connection_list: CONNECTION_LIST,
});

export const LISTENER = describe<Listener>("A socket that waits for others", {
  proto: {
    is: "string",
    help: "Transport protocol",
    title: "Protocol",
    values: ["tcp", "udp"],
    example: "tcp",
  },
  address: { is: "string", help: "Address it waits on", title: "Address", example: "0.0.0.0" },
  port: { is: "integer", help: "Port it waits on", title: "Port", example: 443 },
  reach: {
    is: "string",
    help: "loopback: this machine alone; one: whoever reaches that address; all: whoever reaches any",
    title: "Reach",
    values: ["loopback", "one", "all"],
    example: "all",
  },
  service: SERVICE,
  pid: { is: "integer", help: "Process that holds it; 0 where not known", example: 812 },
  process: { is: "string", help: "Name of that program", title: "Program", example: "nginx" },
  path: { is: "string", help: "Its file", example: "/usr/sbin/nginx" },
  user: { is: "string", help: "User it runs as", title: "User", example: "www-data" },
  container: { is: "string", help: "Container or unit; empty where none is known", example: "nginx.service" },
  method: { is: "string", help: "How it was found", values: METHODS, example: "inode" },
  since: { is: "time", help: "First seen", title: "Since", example: 1_794_990_000_000 },
  since_start: { is: "boolean", help: "It was there when Netpane began, and may be older", example: true },
  netns: { is: "integer", help: "Inode of the network namespace where it is not ours, else 0", example: 0 },
});

export const LISTENER_PAGE = describe<ListenerPage>("Sockets that wait for others", {
  ts: TS,
  total: TOTAL,
  listeners: { is: "Listener", help: "The rows", list: true },
  udp_clients: { is: "integer", help: "UDP sockets of clients that wait for answers only: not listed" },
});
