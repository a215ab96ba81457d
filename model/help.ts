/**
 * Every type of answer and each of its fields in words: the one source for `GET /api/help`, the page's tooltips, the
 * columns of CSV, and the schemas of the OpenAPI document.
 */
import {
  ALERT_COUNTS,
  ANOMALY,
  ANOMALY_PAGE,
  ATTACK,
  EXPECT_REQUEST,
  EXPECTED,
  EXPECTED_PAGE,
  EXPECTED_ROW,
  RULE_COUNTERS,
  RULE_OPTION_STATUS,
  RULE_STATUS,
  RULES_PAGE,
} from "./help/alerts.ts";
import { CONNECTION, CONNECTION_PAGE, CONNECTION_PROCESS, ROUND_TRIP_STATS } from "./help/connections.ts";
import { FEED_PARTS } from "./help/feed.ts";
import { describe, type FieldHelp, type TypeHelp } from "./help/fields.ts";
import {
  DEVICE,
  DEVICE_PAGE,
  HOST,
  HOST_DETAIL,
  HOST_PAGE,
  INVENTORY_PARTS,
  LISTENER,
  LISTENER_PAGE,
  MERGED_LATENCY,
  PROGRAM,
  PROGRAM_DETAIL,
  PROGRAM_PAGE,
  SEEN_NAME,
} from "./help/inventory.ts";
import {
  CAPTURE_PROBLEM,
  CAPTURE_STATUS,
  INTERFACE_ADDRESS,
  INTERFACE_PAGE,
  INTERFACE_STATUS,
  PAGE_SNAPSHOT,
  PIE_DATA,
  PROBLEM,
  SHARE,
  TALKER,
  THROUGHPUT_POINT,
  TICK,
  TICK_ANOMALIES,
  TICK_CONNECTIONS,
  TICK_FLOWS,
  TICK_TOTALS,
} from "./help/machine.ts";
import { DNS_QUERY, DNS_QUERY_PAGE, LOGGED_PACKET, PACKET_PAGE } from "./help/packets.ts";
import { STATS, STATS_PARTS } from "./help/stats.ts";
import { HELP_PARTS } from "./help/page.ts";
import {
  DNS_RECORD,
  GEOIP_ANSWER,
  PING_ANSWER,
  PING_REPLY,
  PING_TRIPS,
  PLACE,
  PLACE_SOURCE,
  RESOLVE_ANSWER,
  RESOLVE_ERROR,
  SPECIAL,
} from "./help/who.ts";
import type { ProblemDetails } from "./api.ts";

/** `GET /healthz`. */
export interface Health {
  status: string;
  ts: number;
  problems: number;
}

const HEALTH = describe<Health>("The server answers", {
  status: { is: "string", help: "ok while it answers at all", example: "ok" },
  ts: { is: "time", help: "When this was answered" },
  problems: { is: "integer", help: "How much is off; /api/stats says what", example: 0 },
});

const PROBLEM_DETAILS = describe<ProblemDetails>("What went wrong: RFC 9457", {
  type: { is: "string", help: "Always about:blank: the status says what kind it is", example: "about:blank" },
  title: { is: "string", help: "The status in words", example: "Bad Request" },
  status: { is: "integer", help: "The status", example: 400 },
  detail: {
    is: "string",
    help: "A sentence for people",
    example: "limit takes a whole number from 1 to 1000",
  },
  field: {
    is: "string",
    help: "The parameter, or the path of the member, at fault",
    optional: true,
    example: "limit",
  },
  at: { is: "integer", help: "Where in its text, counted from 0, where that can be told", optional: true },
});

/** All tables, by the name of their type in the API. */
export const HELP = {
  Connection: CONNECTION,
  ConnectionProcess: CONNECTION_PROCESS,
  RoundTripStats: ROUND_TRIP_STATS,
  ConnectionPage: CONNECTION_PAGE,
  LoggedPacket: LOGGED_PACKET,
  PacketPage: PACKET_PAGE,
  DnsQuery: DNS_QUERY,
  DnsQueryPage: DNS_QUERY_PAGE,
  Anomaly: ANOMALY,
  AnomalyPage: ANOMALY_PAGE,
  AlertCounts: ALERT_COUNTS,
  Expected: EXPECTED,
  ExpectedRow: EXPECTED_ROW,
  ExpectedPage: EXPECTED_PAGE,
  ExpectRequest: EXPECT_REQUEST,
  RulesPage: RULES_PAGE,
  RuleStatus: RULE_STATUS,
  RuleOptionStatus: RULE_OPTION_STATUS,
  RuleCounters: RULE_COUNTERS,
  Attack: ATTACK,
  Host: HOST,
  HostPage: HOST_PAGE,
  HostDetail: HOST_DETAIL,
  SeenName: SEEN_NAME,
  MergedLatency: MERGED_LATENCY,
  Process: PROGRAM,
  ProcessPage: PROGRAM_PAGE,
  ProcessDetail: PROGRAM_DETAIL,
  Listener: LISTENER,
  ListenerPage: LISTENER_PAGE,
  Device: DEVICE,
  DevicePage: DEVICE_PAGE,
  ...INVENTORY_PARTS,
  ...FEED_PARTS,
  ...HELP_PARTS,
  InterfaceStatus: INTERFACE_STATUS,
  InterfaceAddress: INTERFACE_ADDRESS,
  InterfacePage: INTERFACE_PAGE,
  CaptureProblem: CAPTURE_PROBLEM,
  CaptureStatus: CAPTURE_STATUS,
  PieData: PIE_DATA,
  Share: SHARE,
  Problem: PROBLEM,
  Tick: TICK,
  TickTotals: TICK_TOTALS,
  TickFlows: TICK_FLOWS,
  TickConnections: TICK_CONNECTIONS,
  TickAnomalies: TICK_ANOMALIES,
  ThroughputPoint: THROUGHPUT_POINT,
  Talker: TALKER,
  PageSnapshot: PAGE_SNAPSHOT,
  Stats: STATS,
  ...STATS_PARTS,
  Place: PLACE,
  PlaceSource: PLACE_SOURCE,
  SpecialRange: SPECIAL,
  GeoIpAnswer: GEOIP_ANSWER,
  ResolveAnswer: RESOLVE_ANSWER,
  DnsRecord: DNS_RECORD,
  ResolveError: RESOLVE_ERROR,
  PingAnswer: PING_ANSWER,
  PingReply: PING_REPLY,
  PingTrips: PING_TRIPS,
  Health: HEALTH,
  ProblemDetails: PROBLEM_DETAILS,
} satisfies Record<string, TypeHelp>;

export type TypeName = keyof typeof HELP;

export const TYPE_NAMES = Object.keys(HELP) as TypeName[];

/** A type's table, of whatever type. */
export function helpOf(type: TypeName): TypeHelp {
  return HELP[type] as TypeHelp;
}

/** Whether a field holds another table's type. */
export function isTypeName(name: string): name is TypeName {
  return Object.hasOwn(HELP, name);
}

/** The field in a line: its words, and the unit that its numbers have. */
export function wordsOf({ help, unit, is }: FieldHelp): string {
  const counted = unit ?? (is === "time" ? "ms since 1970" : undefined);
  return counted === undefined ? help : `${help} (${counted})`;
}
