/** What the fields of interfaces, ticks, shares and the status of capture mean. */
import type {
  CaptureStatus,
  InterfaceStatus,
  PageSnapshot,
  PieData,
  Problem,
  Share,
  Talker,
  ThroughputPoint,
  Tick,
} from "../api.ts";
import type { CaptureProblem } from "../protocol.ts";
import { describe, TS } from "./fields.ts";

export const INTERFACE_STATUS = describe<InterfaceStatus>(
  "A network interface: counters of the kernel, rates, and what capture does there",
  {
    index: { is: "integer", help: "Number of the kernel", example: 2 },
    name: { is: "string", help: "Its name", title: "Interface", example: "eth0" },
    mac: { is: "string", help: "Hardware address; empty where there is none", example: "02:00:5e:10:00:01" },
    mtu: { is: "integer", help: "Largest packet it takes", unit: "B", example: 1500 },
    up: { is: "boolean", help: "Switched on", example: true },
    running: { is: "boolean", help: "The link stands", example: true },
    loopback: { is: "boolean", help: "Leads back to this machine", example: false },
    addresses: { is: "InterfaceAddress", help: "Its addresses", title: "Addresses", list: true },
    received_bytes: {
      is: "integer",
      help: "Bytes received since it was made",
      unit: "B",
      example: 73_204_118,
    },
    received_packets: { is: "integer", help: "Packets received", unit: "packets", example: 91_204 },
    received_errors: { is: "integer", help: "Damaged packets received", unit: "packets", example: 0 },
    received_dropped: { is: "integer", help: "Packets received and dropped", unit: "packets", example: 0 },
    sent_bytes: { is: "integer", help: "Bytes sent", unit: "B", example: 8_120_443 },
    sent_packets: { is: "integer", help: "Packets sent", unit: "packets", example: 40_123 },
    sent_errors: { is: "integer", help: "Packets that could not be sent", unit: "packets", example: 0 },
    sent_dropped: {
      is: "integer",
      help: "Packets dropped before they were sent",
      unit: "packets",
      example: 0,
    },
    received_bits_per_second: {
      is: "number",
      help: "Received, over the last second",
      title: "In",
      unit: "bit/s",
      example: 2_400_000,
    },
    sent_bits_per_second: {
      is: "number",
      help: "Sent, over the last second",
      title: "Out",
      unit: "bit/s",
      example: 180_000,
    },
    received_packets_per_second: { is: "number", help: "Likewise", unit: "packets/s", example: 240 },
    sent_packets_per_second: { is: "number", help: "Likewise", unit: "packets/s", example: 120 },
    capture: {
      is: "string",
      help: "What capture does here; off: not asked for",
      title: "Capture",
      values: ["open", "waiting", "off"],
      example: "open",
    },
    captured_packets: {
      is: "integer",
      help: "Packets captured; null where they are not counted for this interface alone",
      unit: "packets",
      nullable: true,
      example: 91_200,
    },
    kernel_dropped: {
      is: "integer",
      help: "Packets lost in the kernel for want of buffer space; null likewise",
      title: "Dropped",
      unit: "packets",
      nullable: true,
      example: 0,
    },
    problem: { is: "CaptureProblem", help: "Why it gives no packets; null while it does", nullable: true },
  },
);

export const INTERFACE_ADDRESS = describe<InterfaceStatus["addresses"][number]>(
  "An address of an interface",
  {
    address: { is: "string", help: "The address", example: "192.168.1.20" },
    prefix_length: { is: "integer", help: "Bits of its network", example: 24 },
  },
);

export const CAPTURE_PROBLEM = describe<CaptureProblem>("Why an interface gives no packets", {
  code: {
    is: "string",
    help: "For programs",
    values: ["no-libpcap", "no-permission", "no-device", "device-down", "bad-filter", "lost", "failed"],
    example: "no-permission",
  },
  message: { is: "string", help: "For people" },
  hint: { is: "string", help: "The exact next step", example: "sudo ./netpane start" },
});

/** `GET /api/interfaces`. */
export const INTERFACE_PAGE = describe<{ ts: number; total: number; interfaces: InterfaceStatus[] }>(
  "The machine's interfaces",
  {
    ts: TS,
    total: { is: "integer", help: "Interfaces there are" },
    interfaces: {
      is: "InterfaceStatus",
      help: "The rows, by number of the kernel unless asked for otherwise",
      list: true,
    },
  },
);

export const PROBLEM = describe<Problem>(
  "Something that is off or degraded, and the exact step that turns it on",
  {
    id: { is: "string", help: "Stable, so that a new one can be told from the old", example: "capture:eth0" },
    severity: { is: "string", help: "How bad it is", values: ["info", "warning", "error"], example: "error" },
    message: { is: "string", help: "What is off" },
    hint: { is: "string", help: "The next step" },
  },
);

export const SHARE = describe<Share>("A slice of a pie", {
  label: { is: "string", help: "Of what", example: "tcp" },
  bytes: { is: "integer", help: "Moved in the window", unit: "B", example: 1_204_882 },
  share: { is: "number", help: "Of all", unit: "share 0 to 1", example: 0.61 },
});

export const PIE_DATA = describe<PieData>("Shares of the last minute", {
  ts: TS,
  window_s: { is: "integer", help: "How far it looks back", unit: "s", example: 60 },
  protocols: { is: "Share", help: "By protocol, from every packet", list: true },
  applications: {
    is: "Share",
    help: "By program, from connections whose process is known; the rest is named unattributed",
    list: true,
  },
  services: { is: "Share", help: "By server port, which is a hint, not a finding", list: true },
});

export const TALKER = describe<Talker>("A host or program and what it moved over the last minute", {
  label: { is: "string", help: "Address of the host, or name of the program", example: "198.51.100.7" },
  name: { is: "string", help: "Hosts only: name, where known", optional: true, example: "www.example.org" },
  country: { is: "string", help: "Hosts only: country, where known", optional: true, example: "NL" },
  bytes: { is: "integer", help: "Moved in the last minute", title: "Bytes", unit: "B", example: 1_204_882 },
  bits_per_second: { is: "number", help: "Now", title: "Rate", unit: "bit/s", example: 2_400_000 },
  connections: { is: "integer", help: "Connections now", title: "Connections", example: 6 },
  pid: { is: "integer", help: "Programs only", optional: true, example: 4711 },
});

export const THROUGHPUT_POINT = describe<ThroughputPoint>("One second of throughput", {
  t: { is: "time", help: "Packet time", example: 1_795_000_000_000 },
  in: { is: "number", help: "To local ends", title: "In", unit: "bit/s", example: 2_400_000 },
  out: { is: "number", help: "From local ends", title: "Out", unit: "bit/s", example: 180_000 },
  local: { is: "number", help: "Between local ends", title: "Local", unit: "bit/s", example: 0 },
  other: { is: "number", help: "Between strangers", title: "Other", unit: "bit/s", example: 0 },
  packets: { is: "number", help: "Packets", unit: "packets/s", example: 360 },
  dropped: {
    is: "number",
    help: "Packets lost in that second, by kernel and Netpane",
    unit: "packets",
    example: 0,
  },
});

export const CAPTURE_STATUS = describe<CaptureStatus>("What is being captured or played", {
  mode: {
    is: "string",
    help: "live, a file, or nothing",
    values: ["live", "playback", "off"],
    example: "live",
  },
  interfaces: { is: "string", help: "Captured on", list: true, example: ["eth0"] },
  file: { is: "string", help: "Played; empty when live", example: "" },
  speed: { is: "number", help: "Packet seconds per second of playback; 0: as fast as it goes", example: 1 },
  progress: { is: "number", help: "Of the playback", unit: "share 0 to 1", example: 0 },
  finished: { is: "boolean", help: "The file is over", example: false },
  filter: { is: "string", help: "BPF filter of the capture", example: "tcp port 443" },
  snaplen: { is: "integer", help: "Bytes of a packet captured at most", unit: "B", example: 65_535 },
});

export const TICK = describe<Tick>("The last second; feed event tick", {
  ts: TS,
  packet_time: {
    is: "time",
    help: "Clock of the packets: the wall clock when live",
    example: 1_795_000_000_000,
  },
  throughput: { is: "ThroughputPoint", help: "Of that second" },
  throughput_from: {
    is: "string",
    help: "counters while no packets can be captured: then in and out are the interfaces' own",
    values: ["packets", "counters"],
    example: "packets",
  },
  totals: { is: "TickTotals", help: "Since the start" },
  flows: { is: "TickFlows", help: "The flow table" },
  connections: { is: "TickConnections", help: "The table of connections" },
  cpu: {
    is: "number",
    help: "Load of all processors; null where not known",
    title: "CPU",
    unit: "share 0 to 1",
    nullable: true,
    example: 0.12,
  },
  anomalies: { is: "TickAnomalies", help: "Alerts kept" },
  interfaces: { is: "InterfaceStatus", help: "The machine's interfaces", list: true },
  pie: { is: "PieData", help: "Shares of the last minute" },
  top_talkers: { is: "Talker", help: "Hosts that moved most over the last minute", list: true },
  top_apps: { is: "Talker", help: "Programs likewise", list: true },
  capture: { is: "CaptureStatus", help: "What is captured or played" },
  problems: { is: "Problem", help: "What is off", list: true },
});

export const TICK_TOTALS = describe<Tick["totals"]>("Totals since the start", {
  packets: { is: "integer", help: "Packets inspected", title: "Packets", unit: "packets", example: 91_200 },
  bytes: { is: "integer", help: "Their bytes on the wire", title: "Bytes", unit: "B", example: 73_204_118 },
  kernel_dropped: {
    is: "integer",
    help: "Lost in the kernel, the network card or its driver",
    title: "Dropped",
    unit: "packets",
    example: 0,
  },
  app_dropped: {
    is: "integer",
    help: "Taken from the kernel, but not inspected",
    unit: "packets",
    example: 0,
  },
  undecoded: { is: "integer", help: "Packets left (partly) undecoded", unit: "packets", example: 2 },
  facts_lost: { is: "integer", help: "What rules never saw: there was too much at once", example: 0 },
});

export const TICK_FLOWS = describe<Tick["flows"]>("The flow table", {
  active: { is: "integer", help: "Flows alive", title: "Flows", example: 212 },
  capacity: { is: "integer", help: "Flows kept at most", example: 262_144 },
  evicted: { is: "integer", help: "Flows that had to go for newer ones", example: 0 },
});

export const TICK_CONNECTIONS = describe<Tick["connections"]>("The table of connections", {
  shown: { is: "integer", help: "Rows", title: "Connections", example: 230 },
  left_out: { is: "integer", help: "Live flows that are counted but not listed", example: 0 },
  with_process: { is: "integer", help: "Rows whose program is known", example: 221 },
});

export const TICK_ANOMALIES = describe<Tick["anomalies"]>("Alerts kept that nobody expects", {
  total: { is: "integer", help: "All of them", title: "Alerts", example: 3 },
  open: { is: "integer", help: "Those that go on and are more than notes", example: 1 },
  kinds: { is: "integer", help: "By kind", map: true, example: { port_scan: 1 } },
  notes: { is: "integer", help: "Mere notes: severity 3", example: 2 },
  expected: { is: "integer", help: "Those that the user expects, beside", example: 0 },
});

export const PAGE_SNAPSHOT = describe<PageSnapshot>("All that a page needs to begin; feed event snapshot", {
  ts: TS,
  tick: { is: "Tick", help: "The last second" },
  history: { is: "ThroughputPoint", help: "Throughput, oldest first, at most 300 seconds", list: true },
  connections: { is: "Connection", help: "The busiest, as many as fit", list: true },
});
