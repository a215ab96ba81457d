/**
 * The API in one table: every route with what it takes and what it answers. Routes read their parameters by it, the
 * OpenAPI document and the page at `/api/docs` are made from it, and tests hold the files in `routes/` to it.
 */
import type { TypeName } from "../model/help.ts";
import { ANOMALY_PARAMETERS } from "../monitor/anomaly_query.ts";
import { FEED_PARAMETERS } from "../monitor/feed_subscription.ts";
import { HOST_PARAMETERS, listParameters } from "../monitor/inventory/list_query.ts";
import { DEVICE_ORDER, HOST_ORDER, LISTENER_ORDER, PROGRAM_PARAMETERS } from "../monitor/inventory/orders.ts";
import { INTERFACE_PARAMETERS } from "../monitor/interface_query.ts";
import { DNS_PARAMETERS, PACKET_PARAMETERS } from "../monitor/packet_query.ts";
import { integer, type Parameters } from "../monitor/parameters.ts";
import { CONNECTION_PARAMETERS } from "../monitor/query.ts";
import { GEOIP_PARAMETERS, PING_PARAMETERS, RESOLVE_PARAMETERS } from "../monitor/who.ts";
import { type ListSpec, withFields } from "./lists.ts";

/** Rows of an export at most: more than any list holds. */
const MAX_EXPORT = 100_000;

export interface RouteSpec {
  method: "GET" | "POST" | "DELETE";
  /** As OpenAPI writes it: `/api/hosts/{ip}`. */
  path: string;
  /** Name for generated clients. */
  id: string;
  tag: keyof typeof TAGS;
  summary: string;
  description?: string;
  parameters: Parameters;
  /** Parts of the path. */
  parts?: Record<string, { help: string; example: string }>;
  /** A JSON body: one of the tables, or members like the parameters with a filter. */
  body?: { type: TypeName } | { members: Parameters };
  bodyExample?: object;
  status: 200 | 201;
  /** Type of the answer; of a list also that of its rows. */
  answer: TypeName | null;
  rows?: { member: string; type: TypeName };
  /** Media types besides, or instead of, JSON. */
  media: ("application/json" | "text/csv" | "text/event-stream" | "text/plain")[];
  /** Statuses of failures, besides `FAILURES_EVERYWHERE`. */
  errors: number[];
  /** What follows the path in the example. */
  example: string;
}

/**
 * Failures that every route may answer with: the door's (`guard.ts`, `body.ts`) and those of parameters, methods and
 * media types. Beside them `FAILURES_WITH_BODY` where the method may bring a body.
 */
export const FAILURES_EVERYWHERE: readonly number[] = [
  400,
  401,
  403,
  405,
  406,
  413,
  414,
  421,
  429,
  431,
  501,
];
export const FAILURES_WITH_BODY: readonly number[] = [408];

/** All failures of a route, rising. */
export function failuresOf({ method, errors }: RouteSpec): number[] {
  const ofBody = method === "GET" ? [] : FAILURES_WITH_BODY;
  return [...new Set([...FAILURES_EVERYWHERE, ...ofBody, ...errors])].sort((a, b) => a - b);
}

export const TAGS = {
  traffic: "Who talks to whom: connections, packets, DNS queries",
  alerts: "What was found that should not be there, and what the user expects",
  inventory: "Hosts, devices, programs, listening sockets, interfaces",
  who: "Who an address is: these ask outside, or read the data of this machine",
  feed: "What happens, as it happens",
  netpane: "Netpane itself",
} as const;

export const LISTS = {
  connections: {
    rows: "connections",
    type: "Connection",
    file: "connections",
    parameters: CONNECTION_PARAMETERS,
    version: "connections",
  },
  connectionsExport: {
    rows: "connections",
    type: "Connection",
    file: "connections",
    parameters: { ...CONNECTION_PARAMETERS, limit: all() },
    version: "connections",
  },
  packets: {
    rows: "packets",
    type: "LoggedPacket",
    file: "packets",
    parameters: PACKET_PARAMETERS,
    version: "packets",
  },
  queries: { rows: "queries", type: "DnsQuery", file: "dns", parameters: DNS_PARAMETERS, version: "queries" },
  anomalies: {
    rows: "anomalies",
    type: "Anomaly",
    file: "alerts",
    parameters: ANOMALY_PARAMETERS,
    version: "alerts",
  },
  anomaliesExport: {
    rows: "anomalies",
    type: "Anomaly",
    file: "alerts",
    parameters: { ...ANOMALY_PARAMETERS, limit: all() },
    version: "alerts",
  },
  expected: { rows: "expected", type: "ExpectedRow", file: "expected", parameters: {} },
  rules: { rows: "rules", type: "RuleStatus", file: "rules", parameters: {} },
  interfaces: {
    rows: "interfaces",
    type: "InterfaceStatus",
    file: "interfaces",
    parameters: INTERFACE_PARAMETERS,
    version: "interfaces",
  },
  hosts: {
    rows: "hosts",
    type: "Host",
    file: "hosts",
    parameters: listParameters(HOST_ORDER),
  },
  devices: {
    rows: "devices",
    type: "Device",
    file: "devices",
    parameters: listParameters(DEVICE_ORDER),
  },
  processes: {
    rows: "processes",
    type: "Process",
    file: "processes",
    parameters: PROGRAM_PARAMETERS,
  },
  listeners: {
    rows: "listeners",
    type: "Listener",
    file: "listeners",
    parameters: listParameters(LISTENER_ORDER),
  },
} as const satisfies Record<string, ListSpec>;

const ONE_ALERT = { id: { help: "Id of the alert", example: "port_scan:17" } };
const NO_CHANGES = "Answers carry an ETag: with If-None-Match, 304 says that nothing has changed.";

/** Every route, in the order of the page. */
export const API: readonly RouteSpec[] = [
  list(
    "/api/connections",
    "listConnections",
    "traffic",
    "Who talks to whom now",
    "ConnectionPage",
    LISTS.connections,
    {
      example: "?q=app:tls%20bytes%3E1M&sort=bytes&limit=20",
    },
  ),
  {
    ...list(
      "/api/connections/filter",
      "filterConnections",
      "traffic",
      "Connections, with the filter as JSON",
      "ConnectionPage",
      LISTS.connections,
    ),
    method: "POST",
    description:
      "What /api/connections takes as parameters, this takes as members of a JSON object, and filter beside them: " +
      "the fields of the filter language as members (/api/help has them), with and, or and not around them. Members " +
      "side by side must all hold; a list as value means any of them. An error names the path, as in " +
      "filter.and[1].port.",
    parameters: {},
    body: { members: withFields(LISTS.connections) },
    bodyExample: {
      filter: { and: [{ port: "80-443" }, { not: { host: "10.0.0.0/8" } }, { min_bytes: 1_000_000 }] },
      sort: "bytes",
      limit: 20,
    },
    errors: [415],
  },
  exported(
    "/api/export",
    "exportConnections",
    "traffic",
    "Connections now, as a CSV file",
    LISTS.connectionsExport,
    "?q=port:443",
  ),
  list("/api/packets", "listPackets", "traffic", "The latest packets", "PacketPage", LISTS.packets, {
    example: "?q=proto:udp%20port:53&limit=20",
  }),
  list(
    "/api/dns_queries",
    "listDnsQueries",
    "traffic",
    "Recent DNS queries, with answers and who asked",
    "DnsQueryPage",
    LISTS.queries,
    {
      example: "?q=rcode:nxdomain",
    },
  ),
  one(
    "/api/pie_data",
    "getShares",
    "traffic",
    "Shares of the last minute by protocol, program, server port",
    "PieData",
  ),
  list(
    "/api/anomalies",
    "listAlerts",
    "alerts",
    "Alerts, the latest change first",
    "AnomalyPage",
    LISTS.anomalies,
    {
      example: "?open=true&severity=1,2",
    },
  ),
  exported(
    "/api/export_anomalies",
    "exportAlerts",
    "alerts",
    "Alerts, as a CSV file",
    LISTS.anomaliesExport,
    "?severity=1,2",
  ),
  {
    ...one("/api/anomalies/{id}", "getAlert", "alerts", "One alert with its evidence", "Anomaly"),
    parts: ONE_ALERT,
    errors: [404],
  },
  {
    ...one(
      "/api/anomalies/{id}/expect",
      "expectAlert",
      "alerts",
      "This alert, and what is like it, is expected",
      "Expected",
    ),
    method: "POST",
    description:
      "Writes an entry to the settings file. 409: it is expected already. 503: the file cannot be written.",
    parts: ONE_ALERT,
    body: { type: "ExpectRequest" },
    bodyExample: { source: true, kind: true, comment: "Inventory scanner", until: "2030-12-31" },
    status: 201,
    errors: [404, 409, 415, 503],
  },
  list(
    "/api/expected",
    "listExpected",
    "alerts",
    "What the user expects, and how many alerts each entry covers",
    "ExpectedPage",
    LISTS.expected,
  ),
  {
    ...one(
      "/api/expected/{id}",
      "forgetExpected",
      "alerts",
      "Takes an entry out of the settings file",
      "Expected",
    ),
    method: "DELETE",
    parts: { id: { help: "Id of the entry", example: "3f9c1d20" } },
    errors: [404, 503],
  },
  list(
    "/api/rules",
    "listRules",
    "alerts",
    "Every kind of alert: what it means, its thresholds, what it has done",
    "RulesPage",
    LISTS.rules,
  ),
  list(
    "/api/hosts",
    "listHosts",
    "inventory",
    "Addresses seen, and what is known of each",
    "HostPage",
    LISTS.hosts,
    {
      example: "?sort=bytes&limit=20",
    },
  ),
  {
    ...one("/api/hosts/{ip}", "getHost", "inventory", "Everything known of one address", "HostDetail"),
    parameters: HOST_PARAMETERS,
    parts: { ip: { help: "The address", example: "192.168.1.1" } },
    errors: [404],
  },
  list(
    "/api/devices",
    "listDevices",
    "inventory",
    "Devices of the local network",
    "DevicePage",
    LISTS.devices,
  ),
  list(
    "/api/processes",
    "listProcesses",
    "inventory",
    "Programs with sockets or traffic",
    "ProcessPage",
    LISTS.processes,
    {
      example: "?q=firefox",
    },
  ),
  {
    ...one(
      "/api/processes/{pid}",
      "getProcess",
      "inventory",
      "Everything known of one process",
      "ProcessDetail",
    ),
    parts: { pid: { help: "Process number", example: "4711" } },
    errors: [404],
  },
  list(
    "/api/listeners",
    "listListeners",
    "inventory",
    "Who waits for connections here, and who can reach it",
    "ListenerPage",
    LISTS.listeners,
  ),
  list(
    "/api/interfaces",
    "listInterfaces",
    "inventory",
    "Interfaces with addresses, counters, rates, capture",
    "InterfacePage",
    LISTS.interfaces,
  ),
  {
    ...one("/api/geoip", "getPlace", "who", "Where an address is and whose", "GeoIpAnswer"),
    parameters: GEOIP_PARAMETERS,
    example: "?ip=192.0.2.7",
  },
  {
    ...one(
      "/api/resolve",
      "resolveName",
      "who",
      "What DNS has about a name, or about an address",
      "ResolveAnswer",
    ),
    description: "Asks the system's name servers.",
    parameters: RESOLVE_PARAMETERS,
    errors: [502, 503, 504],
    example: "?domain=example.org",
  },
  {
    ...one("/api/ping", "pingHost", "who", "Round trips of ICMP echo requests", "PingAnswer"),
    description: "Sends them, one a second.",
    parameters: PING_PARAMETERS,
    errors: [409, 502, 503, 504],
    example: "?ip=192.0.2.7&count=4",
  },
  ...["/api/stream", "/api/events"].map((path): RouteSpec => ({
    ...one(
      path,
      path === "/api/stream" ? "streamEvents" : "streamEventsToo",
      "feed",
      "The feed: server-sent events",
      null,
    ),
    description:
      "The README has the events. Last-Event-ID goes on from there, or a reset says why that cannot be." +
      (path === "/api/events" ? " The same as /api/stream." : ""),
    parameters: FEED_PARAMETERS,
    media: ["text/event-stream"],
    errors: [503],
    example: "?types=alert",
  })),
  one(
    "/api/stats",
    "getStats",
    "netpane",
    "Every counter there is, most of all of what was not seen",
    "Stats",
  ),
  one("/api/help", "getHelp", "netpane", "What every field means, and the filter language", "HelpPage"),
  one("/api/openapi.json", "getOpenApi", "netpane", "This API as an OpenAPI 3.1 document", null),
  {
    ...one("/metrics", "getMetrics", "netpane", "Counters and states for Prometheus", null),
    media: ["text/plain"],
  },
  one("/healthz", "getHealth", "netpane", "200 while the server answers", "Health"),
];

const PATTERNS = API.map(({ path, method }) => ({
  pattern: new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}$`),
  method,
}));

/** Methods that the route at a path takes; none where there is no such route. */
export function methodsOf(pathname: string): string[] {
  return PATTERNS.filter(({ pattern }) => pattern.test(pathname))
    .flatMap(({ method }) => method === "GET" ? ["GET", "HEAD"] : [method]);
}

function one(
  path: string,
  id: string,
  tag: RouteSpec["tag"],
  summary: string,
  answer: TypeName | null,
): RouteSpec {
  return {
    method: "GET",
    path,
    id,
    tag,
    summary,
    parameters: {},
    status: 200,
    answer,
    media: ["application/json"],
    errors: [],
    example: "",
  };
}

function list(
  path: string,
  id: string,
  tag: RouteSpec["tag"],
  summary: string,
  answer: TypeName,
  spec: ListSpec,
  more: Partial<RouteSpec> = {},
): RouteSpec {
  return {
    ...one(path, id, tag, summary, answer),
    description:
      `${NO_CHANGES} Accept: text/csv gives the rows as CSV; Link leads to the next page where there is one.`,
    parameters: withFields(spec),
    rows: { member: spec.rows, type: spec.type },
    media: ["application/json", "text/csv"],
    ...more,
  };
}

function exported(
  path: string,
  id: string,
  tag: RouteSpec["tag"],
  summary: string,
  spec: ListSpec,
  example: string,
): RouteSpec {
  return {
    ...one(path, id, tag, summary, null),
    description:
      "RFC 4180 in UTF-8 without a byte order mark, names of fields first. Text that a spreadsheet would run " +
      "as a formula has an apostrophe in front.",
    parameters: withFields(spec),
    media: ["text/csv"],
    example,
  };
}

function all() {
  return integer({ min: 1, max: MAX_EXPORT, fallback: MAX_EXPORT, help: "Rows at most; without it all" });
}
