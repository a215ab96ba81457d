/** What the fields of alerts, of what is expected, and of rules mean. */
import type {
  Anomaly,
  AnomalyPage,
  Expected,
  ExpectedPage,
  ExpectRequest,
  RuleOptionStatus,
  RulesPage,
  RuleStatus,
} from "../api.ts";
import type { AlertCounts } from "../alerts.ts";
import { ALL, describe, type Fields, OFFSET, TOTAL, TS } from "./fields.ts";

export const ANOMALY = describe<Anomaly>("An alert: something found that should not be there", {
  id: { is: "string", help: "Stable while the alert is kept", example: "port_scan:17" },
  kind: {
    is: "string",
    help: "What was found; /api/rules explains each kind",
    title: "Kind",
    example: "port_scan",
  },
  severity: { is: "integer", help: "1 high, 2 medium, 3 a note", title: "Severity", example: 2 },
  signature: { is: "string", help: "The kind in words", title: "Alert", example: "NETPANE Port scan" },
  message: {
    is: "string",
    help: "Who did what to whom, how often, since when; empty where the signature says it all",
    example: "192.168.1.66 tried 812 ports of 192.168.1.20 in 4 s",
  },
  first: { is: "time", help: "First sighting, packet time", title: "First seen", example: 1_795_000_000_000 },
  last: { is: "time", help: "Last sighting, packet time", title: "Last seen", example: 1_795_000_004_000 },
  count: { is: "integer", help: "Sightings", title: "Count", example: 812 },
  open: { is: "boolean", help: "Whether it goes on", title: "Open", example: true },
  proto: { is: "string", help: "Transport protocol", example: "tcp" },
  src_ip: { is: "string", help: "Who did it: the sender", title: "Source", example: "192.168.1.66" },
  src_port: { is: "integer", help: "Port of the sender; 0 where it has no meaning", example: 0 },
  dest_ip: { is: "string", help: "To whom", title: "Destination", example: "192.168.1.20" },
  dest_port: { is: "integer", help: "Port of the receiver; 0 where it has no meaning", example: 0 },
  app_proto: { is: "string", help: "Application protocol; empty where not known", example: "http" },
  server_name: {
    is: "string",
    help: "Host name of the server; empty where none was seen",
    example: "www.example.org",
  },
  in_iface: { is: "string", help: "Interface it was seen on", example: "eth0" },
  process: {
    is: "string",
    help: "Name of the program at our end; empty where not known",
    title: "Program",
    example: "curl",
  },
  details: {
    is: "any",
    help: "The evidence, by kind of alert. Never a full card number, never a secret",
    map: true,
    example: { ports: 812, targets: 1 },
  },
  expected: {
    is: "Expected",
    help: "What the user has said to expect, where it covers this alert: then it is no alarm",
    optional: true,
    nullable: true,
  } as Fields<Anomaly>["expected"],
});

export const EXPECTED = describe<Expected>("What is expected: every field that is there must match", {
  id: {
    is: "string",
    help: "Made from what it says: stays the same while the file changes around it",
    example: "3f9c1d20",
  },
  comment: { is: "string", help: "Why", example: "Inventory scanner" },
  source: {
    is: "string",
    help: "Address, network, or host name, which its subdomains match too",
    optional: true,
    example: "192.168.1.66",
  },
  destination: { is: "string", help: "Likewise", optional: true, example: "192.168.0.0/16" },
  port: {
    is: "number|string",
    help: "Of the server; a range is a text",
    optional: true,
    example: "8000-8010",
  },
  program: {
    is: "string",
    help: "Name, or with a slash in front the whole path",
    optional: true,
    example: "nmap",
  },
  kind: { is: "string", help: "Kind of alert", optional: true, example: "port_scan" },
  until: {
    is: "string",
    help: "Last day it holds; absent for no end",
    optional: true,
    example: "2030-12-31",
  },
});

const WITH_OWN = "; true for the alert's own";

export const EXPECT_REQUEST = describe<ExpectRequest>("How far an alert is expected, why, and until when", {
  source: {
    is: "string|true",
    help: `Address, network or host name${WITH_OWN}`,
    optional: true,
    example: true,
  },
  destination: { is: "string|true", help: `Likewise${WITH_OWN}`, optional: true },
  port: { is: "number|string|true", help: `Of the server${WITH_OWN}`, optional: true },
  program: { is: "string|true", help: `Name, or whole path${WITH_OWN}`, optional: true },
  kind: { is: "string|true", help: `Kind of alert${WITH_OWN}`, optional: true, example: true },
  comment: { is: "string", help: "Why", example: "Inventory scanner" },
  until: {
    is: "string",
    help: "Last day it holds; absent for no end",
    optional: true,
    example: "2030-12-31",
  },
});

export const ALERT_COUNTS = describe<AlertCounts>(
  "How many alerts there are of each kind, severity and state, each under the other conditions of the filter",
  {
    kinds: { is: "integer", help: "By kind", map: true },
    severities: { is: "integer", help: "By severity", map: true },
    open: { is: "integer", help: "Those that go on; expected ones are neither open nor closed here" },
    closed: { is: "integer", help: "Those that are over" },
    expected: { is: "integer", help: "Those that the user expects" },
  },
);

export const ANOMALY_PAGE = describe<AnomalyPage>("Alerts: a part of the list", {
  ts: TS,
  total: TOTAL,
  all: ALL,
  offset: OFFSET,
  anomalies: {
    is: "Anomaly",
    help: "The rows, the latest change first unless asked for otherwise",
    list: true,
  },
  next: {
    is: "string",
    help: "cursor of the next page; null at the end",
    nullable: true,
    example: "1795000004000_1795000000000_port_scan:17",
  },
  counts: { is: "AlertCounts", help: "How many there are beside" },
  forgotten: { is: "integer", help: "Alerts that had to go for newer ones" },
});

type ExpectedRow = ExpectedPage["expected"][number];

export const EXPECTED_ROW = describe<ExpectedRow>("An entry, and what it does", {
  ...EXPECTED.fields,
  alerts: { is: "integer", help: "Alerts kept that it covers", example: 4 },
  over: { is: "boolean", help: "Whether its last day is over", example: false },
});

export const EXPECTED_PAGE = describe<ExpectedPage>("What the user expects", {
  ts: TS,
  file: {
    is: "string",
    help: "The settings file they are in; empty where there is none",
    example: "data/netpane.toml",
  },
  expected: { is: "ExpectedRow", help: "In the order of the file", list: true },
});

export const RULES_PAGE = describe<RulesPage>("Every kind of alert", {
  ts: TS,
  rules: { is: "RuleStatus", help: "Rules of the detector, then what the inspector finds", list: true },
});

export const ATTACK = describe<NonNullable<RuleStatus["attack"]>>("A technique of MITRE ATT&CK", {
  id: { is: "string", help: "Its number", example: "T1046" },
  name: { is: "string", help: "Its name", example: "Network Service Discovery" },
});

export const RULE_STATUS = describe<RuleStatus>(
  "A kind of alert: what it means, how it is set, what it has done",
  {
    kind: { is: "string", help: "Its name", example: "port_scan" },
    title: { is: "string", help: "Its name in words", example: "Port scan" },
    category: { is: "string", help: "As EVE has it in alerts", example: "Attempted Information Leak" },
    severity: { is: "integer", help: "Unless an alert says otherwise: 1 high to 3 low", example: 2 },
    signature_id: { is: "integer", help: "As EVE has it in alerts", example: 9_100_001 },
    attack: { is: "Attack", help: "Technique of MITRE ATT&CK; null where none fits", nullable: true },
    notices: { is: "string", help: "What it notices" },
    why: { is: "string", help: "Why that matters" },
    fooled: { is: "string", help: "How it is fooled" },
    from: { is: "string", help: "Who raises it", values: ["detector", "inspector"], example: "detector" },
    enabled: { is: "boolean", help: "Whether its alerts are taken in", example: true },
    enabled_by_default: { is: "boolean", help: "Unless the settings file says otherwise", example: true },
    quiet_s: {
      is: "number",
      help: "Without anything new for so long an alert is over; null: with its flow",
      unit: "s",
      nullable: true,
      example: 300,
    },
    options: { is: "RuleOptionStatus", help: "Its thresholds", list: true },
    counters: { is: "RuleCounters", help: "What it has done" },
  },
);

export const RULE_COUNTERS = describe<RuleStatus["counters"]>("What a rule has done since the start", {
  alerts: { is: "integer", help: "Alerts" },
  expected: { is: "integer", help: "Of them, expected from the beginning" },
  off: { is: "integer", help: "Not taken in while the kind was off" },
  entries: { is: "integer", help: "What the rule holds" },
  capacity: { is: "integer", help: "Its ceiling" },
  evicted: { is: "integer", help: "What had to go for want of room" },
  failures: { is: "integer", help: "Times it failed: each a defect" },
});

export const RULE_OPTION_STATUS = describe<RuleOptionStatus>("A threshold of a rule", {
  name: { is: "string", help: "As in the settings file", example: "ports" },
  value: { is: "number", help: "Now", example: 100 },
  default: { is: "number", help: "By default", example: 100 },
  min: { is: "number", help: "At least", example: 2 },
  max: { is: "number", help: "At most", example: 65_535 },
  unit: { is: "string", help: "What it counts in", example: "ports" },
  help: { is: "string", help: "What it does" },
});
