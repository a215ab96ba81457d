/**
 * Counters and states for Prometheus: one table of metrics, and its text formats (0.0.4 and OpenMetrics 1.0).
 *
 * Names follow https://prometheus.io/docs/practices/naming/: base units (seconds, bytes, ratios), `_total` for counters.
 * No label ever holds an address, a name of a host or a program: those have no end. Interfaces, kinds of alerts, names
 * that the user gave (targets) and words of ours do.
 */
import type { InterfaceStatus, RuleStatus, Stats, Tick } from "../model/api.ts";

/** What metrics are made from. */
export interface MetricsState {
  stats: Stats;
  tick: Tick;
  rules: RuleStatus[];
}

type Labels = Record<string, string>;
type Sample = readonly [labels: Labels, value: number | null];

export interface Metric {
  /** Without `_total`. */
  name: string;
  type: "counter" | "gauge";
  help: string;
  /** A value that is null is not told. */
  read(state: MetricsState): Iterable<Sample>;
}

export const PLAIN_TYPE = "text/plain; version=0.0.4; charset=utf-8";
export const OPEN_METRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** Interfaces told; containers come and go. */
const MAX_INTERFACES = 200;

type Read = (state: MetricsState) => number | null;

const one = (read: Read) => (state: MetricsState): Sample[] => [[{}, read(state)]];
const counter = (name: string, help: string, read: Read): Metric => ({
  name,
  type: "counter",
  help,
  read: one(read),
});
const gauge = (name: string, help: string, read: Read): Metric => ({
  name,
  type: "gauge",
  help,
  read: one(read),
});

/** One sample for each member of an object. */
function each(label: string, of: (state: MetricsState) => Record<string, number>): Metric["read"] {
  return (state) => Object.entries(of(state)).map(([name, value]) => [{ [label]: name }, value]);
}

function perInterface(read: (device: InterfaceStatus) => number | null): Metric["read"] {
  return ({ tick }) =>
    tick.interfaces.slice(0, MAX_INTERFACES).map((device) => [{ interface: device.name }, read(device)]);
}

function perRule(read: (rule: RuleStatus) => number): Metric["read"] {
  return ({ rules }) => rules.map((rule) => [{ kind: rule.kind }, read(rule)]);
}

function perTable(
  read: (table: { size: number; capacity: number; forgotten: number }) => number,
): Metric["read"] {
  return ({ stats: { inventory: { hosts, names, devices, programs } } }) =>
    Object.entries({ hosts, names, devices, programs }).map(([table, counts]) => [{ table }, read(counts)]);
}

export const METRICS: Metric[] = [
  {
    name: "netpane_info",
    type: "gauge",
    help: "Version, and whether packets are captured (live) or played (playback); always 1",
    read: ({ stats, tick }) => [[{ version: stats.version, mode: tick.capture.mode }, 1]],
  },
  gauge(
    "netpane_start_time_seconds",
    "When it was started, since 1970",
    ({ stats }) => (stats.ts - stats.uptime_ms) / 1000,
  ),
  gauge("netpane_resident_memory_bytes", "Memory of the process", ({ stats }) => stats.memory.rss),
  gauge(
    "netpane_machine_cpu_ratio",
    "CPU of this machine in use, 0 to 1",
    ({ stats }) => stats.system.cpu === null ? null : stats.system.cpu,
  ),
  {
    name: "netpane_problems",
    type: "gauge",
    help: "What is off now, as the page shows it",
    read: ({ stats }) =>
      ["error", "warning", "info"].map((severity) => [
        { severity },
        stats.problems.filter((problem) => problem.severity === severity).length,
      ]),
  },
  {
    name: "netpane_worker_restarts",
    type: "counter",
    help: "Workers that crashed and were started again",
    read: each("worker", ({ stats }) => stats.restarts),
  },

  // ------------------------------------------------------------ capture
  counter(
    "netpane_capture_received_packets",
    "Packets that the kernel gave, or the file",
    ({ stats }) => stats.capture.received,
  ),
  {
    name: "netpane_capture_dropped_packets",
    type: "counter",
    help: "Packets lost before anybody looked at them, by where",
    read: each("where", ({ stats: { capture } }) => ({
      kernel: capture.kernel_dropped,
      interface: capture.interface_dropped,
      inspector: capture.app_dropped,
    })),
  },
  counter(
    "netpane_capture_stalls",
    "Times no slot was free, so that the kernel had to buffer",
    ({ stats }) => stats.capture.stalls,
  ),
  counter("netpane_inspected_packets", "Packets looked at", ({ stats }) => stats.packets.inspected),
  counter("netpane_inspected_bytes", "Their bytes on the wire", ({ stats }) => stats.packets.wire_bytes),
  counter("netpane_snapped_packets", "Packets captured only in part", ({ stats }) => stats.packets.snapped),
  {
    name: "netpane_traffic_packets",
    type: "counter",
    help: "Packets by the innermost header that was understood",
    read: ({ stats }) =>
      Object.entries(stats.traffic).map(([protocol, { packets }]) => [{ protocol }, packets]),
  },
  {
    name: "netpane_traffic_bytes",
    type: "counter",
    help: "Bytes on the wire by the innermost header that was understood",
    read: ({ stats }) => Object.entries(stats.traffic).map(([protocol, { bytes }]) => [{ protocol }, bytes]),
  },
  {
    name: "netpane_undecoded_packets",
    type: "counter",
    help: "Packets left (partly) undecoded, by reason",
    read: each("reason", ({ stats }) => stats.undecoded),
  },
  {
    name: "netpane_throughput_bytes_per_second",
    type: "gauge",
    help: "Of the last second, seen from this machine (or this network)",
    read: each("direction", ({ tick: { throughput } }) => ({
      in: throughput.in / 8,
      out: throughput.out / 8,
      local: throughput.local / 8,
      other: throughput.other / 8,
    })),
  },

  // ------------------------------------------------------------ flows
  gauge("netpane_flows", "Flows alive", ({ stats }) => stats.flows.active),
  gauge("netpane_flows_capacity", "Flows kept at most", ({ stats }) => stats.flows.capacity),
  counter("netpane_flows_created", "Flows begun", ({ stats }) => stats.flows.created),
  counter("netpane_flows_ended", "Flows ended", ({ stats }) => stats.flows.ended),
  counter(
    "netpane_flows_evicted",
    "Flows that had to go for want of room",
    ({ stats }) => stats.flows.evicted,
  ),
  counter(
    "netpane_flows_untold",
    "Ended flows not told one by one, being too many",
    ({ stats }) => stats.flows.ended_untold,
  ),
  gauge("netpane_connections", "Rows of the table of connections", ({ stats }) => stats.connections.shown),
  gauge(
    "netpane_connections_left_out",
    "Connections there was no room for",
    ({ stats }) => stats.connections.left_out,
  ),
  gauge("netpane_sockets", "Sockets of this machine", ({ stats }) => stats.system.sockets),
  gauge(
    "netpane_processes",
    "Processes of this machine with sockets or traffic",
    ({ stats }) => stats.system.processes,
  ),
  {
    name: "netpane_inventory_entries",
    type: "gauge",
    help: "Hosts, names, devices and programs known",
    read: perTable(({ size }) => size),
  },
  {
    name: "netpane_inventory_forgotten",
    type: "counter",
    help: "Those that had to go for want of room",
    read: perTable(({ forgotten }) => forgotten),
  },

  // ------------------------------------------------------------ interfaces
  {
    name: "netpane_interface_up",
    type: "gauge",
    help: "1 while the interface is up and running",
    read: perInterface(({ up, running }) => up && running ? 1 : 0),
  },
  {
    name: "netpane_interface_receive_bytes",
    type: "counter",
    help: "Received, by the kernel's count",
    read: perInterface((device) => device.received_bytes),
  },
  {
    name: "netpane_interface_transmit_bytes",
    type: "counter",
    help: "Sent, by the kernel's count",
    read: perInterface((device) => device.sent_bytes),
  },
  {
    name: "netpane_interface_receive_packets",
    type: "counter",
    help: "Received, by the kernel's count",
    read: perInterface((device) => device.received_packets),
  },
  {
    name: "netpane_interface_transmit_packets",
    type: "counter",
    help: "Sent, by the kernel's count",
    read: perInterface((device) => device.sent_packets),
  },
  {
    name: "netpane_interface_errors",
    type: "counter",
    help: "Packets with errors, received and sent",
    read: perInterface((device) => device.received_errors + device.sent_errors),
  },
  {
    name: "netpane_interface_dropped_packets",
    type: "counter",
    help: "Packets dropped, received and sent",
    read: perInterface((device) => device.received_dropped + device.sent_dropped),
  },

  // ------------------------------------------------------------ suspicion
  {
    name: "netpane_alerts",
    type: "counter",
    help: "Alerts raised, expected ones too",
    read: perRule(({ counters }) => counters.alerts),
  },
  {
    name: "netpane_alerts_expected",
    type: "counter",
    help: "Alerts that were expected from the beginning",
    read: perRule(({ counters }) => counters.expected),
  },
  gauge(
    "netpane_alerts_open",
    "Alerts going on that nobody expects and that are more than notes",
    ({ tick }) => tick.anomalies.open,
  ),
  {
    name: "netpane_alerts_kept",
    type: "gauge",
    help: "Alerts kept that nobody expects, by kind",
    read: each("kind", ({ tick }) => tick.anomalies.kinds),
  },
  {
    name: "netpane_rule_entries",
    type: "gauge",
    help: "What a rule holds",
    read: perRule(({ counters }) => counters.entries),
  },
  {
    name: "netpane_rule_evicted",
    type: "counter",
    help: "What a rule had to forget for want of room",
    read: perRule(({ counters }) => counters.evicted),
  },
  {
    name: "netpane_rule_failures",
    type: "counter",
    help: "Times a rule failed: each a defect",
    read: perRule(({ counters }) => counters.failures),
  },
  counter("netpane_detect_facts", "Facts that rules were told", ({ stats }) => stats.detect.facts),
  counter(
    "netpane_detect_facts_lost",
    "Facts that they were not told, being too many",
    ({ stats }) => stats.detect.facts_lost,
  ),
  counter(
    "netpane_payload_searched_bytes",
    "Payload searched for card numbers",
    ({ stats }) => stats.payload.cards.bytes,
  ),
  counter(
    "netpane_payload_observations_lost",
    "What was seen in payload and had no room",
    ({ stats }) => stats.payload.observations_lost,
  ),
  {
    name: "netpane_payload_failures",
    type: "counter",
    help: "Parsers that failed, by protocol: each a defect",
    read: each("protocol", ({ stats }) => stats.payload.failures),
  },

  // ------------------------------------------------------------ who is told
  gauge("netpane_feed_clients", "Clients of the feed", ({ stats }) => stats.feed.clients),
  gauge(
    "netpane_feed_subscriptions",
    "Different types and filters they ask for",
    ({ stats }) => stats.feed.subscriptions,
  ),
  counter("netpane_feed_sent_events", "Events sent to them", ({ stats }) => stats.feed.sent),
  counter("netpane_feed_sent_bytes", "Bytes sent to them", ({ stats }) => stats.feed.bytes),
  counter(
    "netpane_feed_lost_events",
    "Events lost to clients that are too slow",
    ({ stats }) => stats.feed.lost,
  ),
  counter("netpane_feed_refused", "Clients turned away", ({ stats }) => stats.feed.refused),
  {
    name: "netpane_notify_notices",
    type: "counter",
    help: "Notices by target of the settings file, and what became of them",
    read: ({ stats }) =>
      stats.notify.flatMap(({ name, sent, failed, dropped }) =>
        Object.entries({ sent, failed, dropped }).map(([result, count]) =>
          [{ target: name, result }, count] as const
        )
      ),
  },
  {
    name: "netpane_notify_failing",
    type: "gauge",
    help: "1 while a target cannot be told",
    read: ({ stats }) => stats.notify.map(({ name, failing }) => [{ target: name }, failing === "" ? 0 : 1]),
  },
  counter("netpane_eve_lines", "Lines made for the EVE log", ({ stats }) => stats.eve?.lines ?? null),
  counter(
    "netpane_eve_lost_lines",
    "Lines lost because it could not be written",
    ({ stats }) => stats.eve?.lost ?? null,
  ),
  counter("netpane_eve_written_bytes", "Bytes written to it", ({ stats }) => stats.eve?.bytes ?? null),
  gauge(
    "netpane_eve_failing",
    "1 while it cannot be written",
    ({ stats }) => stats.eve === null ? null : stats.eve.failing === "" ? 0 : 1,
  ),
  {
    name: "netpane_requests_refused",
    type: "counter",
    help: "Requests turned away at the door, by reason",
    read: each("reason", ({ stats }) => ({ ...stats.door?.refused })),
  },
  counter(
    "netpane_access_log_lost_lines",
    "Lines of the access log that could not be written",
    ({ stats }) => stats.door?.log_lines_lost ?? null,
  ),
];

/** All metrics as text; metrics without a sample are left out. */
export function metricsText(state: MetricsState, openMetrics: boolean): string {
  const lines: string[] = [];
  for (const { name, type, help, read } of METRICS) {
    const samples = [...read(state)].filter(([, value]) => value !== null && Number.isFinite(value));
    if (samples.length === 0) continue;
    const sample = type === "counter" ? `${name}_total` : name;
    // A family of OpenMetrics has the name without `_total`, one of the older format that of its samples.
    const family = openMetrics ? name : sample;
    lines.push(`# HELP ${family} ${escaped(help, openMetrics)}`, `# TYPE ${family} ${type}`);
    for (const [labels, value] of samples) lines.push(`${sample}${labelText(labels)} ${value}`);
  }
  if (openMetrics) lines.push("# EOF");
  return `${lines.join("\n")}\n`;
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value, true)}"`);
  return parts.length === 0 ? "" : `{${parts.join()}}`;
}

/** In label values quotes are escaped too. */
function escaped(text: string, quotes: boolean): string {
  const plain = text.toWellFormed().replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return quotes ? plain.replaceAll('"', '\\"') : plain;
}
