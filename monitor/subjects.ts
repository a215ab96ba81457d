/** How each list's rows are asked by the filter language: see `model/filter/`. */
import type { Connection, ConnectionProcess, DnsQuery, LoggedPacket } from "../model/api.ts";
import { type Filter, FilterError } from "../model/filter/filter.ts";
import { filterOfJson } from "../model/filter/json.ts";
import { type Matcher, matcherOf, type Subject } from "../model/filter/match.ts";
import { parseFilter } from "../model/filter/parse.ts";
import { QueryError } from "./query_error.ts";

export { ALERTS } from "../model/filter/alerts.ts";

const low = (text: string) => text.toLowerCase();

/** Packets and shares say `icmpv6` where connections keep IANA's `ipv6-icmp`: both find it. */
function connectionAlias(field: string, word: string): string {
  return field === "proto" && word === "icmpv6" ? "ipv6-icmp" : word;
}

/** Of the programs at both ends, as far as they are on this machine. */
function programs(
  { process, peer }: Connection,
  read: (process: ConnectionProcess) => string,
  unknown = "",
): string[] {
  const first = process === null ? unknown : read(process);
  return peer === null ? [first] : [first, read(peer)];
}

const programsOf = (row: Connection, unknown = "") => programs(row, ({ name }) => low(name), unknown);

export const CONNECTIONS: Subject<Connection> = {
  name: "connections",
  text: (row) => [
    row.src_ip,
    row.dest_ip,
    row.state,
    low(row.in_iface),
    row.server_name,
    row.reverse_name,
    ...programsOf(row),
  ],
  exact: (
    row,
  ) => [`${row.src_port}`, `${row.dest_port}`, row.proto, row.app_proto, row.direction, row.tunnel],
  texts: {
    host: (row) => [row.src_ip, row.dest_ip],
    ip: (row) => [row.src_ip, row.dest_ip],
    src: (row) => [row.src_ip],
    dst: (row) => [row.dest_ip],
    name: (row) => [row.server_name, row.reverse_name],
    proto: (row) => [row.proto],
    app: (row) => [row.app_proto, ...programsOf(row)],
    process: (row) => programsOf(row, "unknown"),
    pid: (row) => programs(row, ({ pid }) => `${pid}`),
    user: (row) => programs(row, ({ user }) => low(user)),
    container: (row) => programs(row, ({ container }) => low(container)),
    country: (row) => [low(row.country)],
    direction: (row) => [row.direction],
    state: (row) => [row.state],
    iface: (row) => [low(row.in_iface)],
    slow: (row) => [row.slow],
  },
  names: {
    host: (row) => [row.server_name, row.reverse_name],
    ip: (row) => [row.server_name, row.reverse_name],
    dst: (row) => [row.server_name],
  },
  numbers: {
    port: (row) => [row.src_port, row.dest_port],
    sport: (row) => [row.src_port],
    dport: (row) => [row.dest_port],
    bytes: (row) => [row.bytes_toserver + row.bytes_toclient],
    packets: (row) => [row.pkts_toserver + row.pkts_toclient],
    rate: (row) => [row.bits_per_second],
    rtt: (row) => [row.rtt_ms],
    since: (row) => [row.last],
    until: (row) => [row.start],
  },
  alias: connectionAlias,
};

export const PACKETS: Subject<LoggedPacket> = {
  name: "packets",
  text: (row) => [row.src_ip, row.dest_ip, low(row.proto), low(row.summary), low(row.process)],
  exact: (row) => [`${row.src_port}`, `${row.dest_port}`],
  texts: {
    host: (row) => [row.src_ip, row.dest_ip],
    ip: (row) => [row.src_ip, row.dest_ip],
    src: (row) => [row.src_ip],
    dst: (row) => [row.dest_ip],
    proto: (row) => [low(row.proto)],
    process: (row) => [low(row.process) || "unknown"],
    app: (row) => [low(row.process), low(row.summary)],
    iface: (row) => [low(row.in_iface)],
  },
  numbers: {
    port: (row) => [row.src_port, row.dest_port],
    sport: (row) => [row.src_port],
    dport: (row) => [row.dest_port],
    bytes: (row) => [row.length],
    since: (row) => [row.time],
    until: (row) => [row.time],
  },
  alias: (field, word) => field === "proto" && word === "ipv6-icmp" ? "icmpv6" : word,
};

export const QUERIES: Subject<DnsQuery> = {
  name: "DNS queries",
  text: (row) => [
    low(row.rrname),
    low(row.rrtype),
    row.client_ip,
    row.server_ip,
    low(row.rcode),
    low(row.process),
    ...row.answers.map(low),
  ],
  texts: {
    host: (row) => [row.client_ip, row.server_ip],
    ip: (row) => [row.client_ip, row.server_ip],
    src: (row) => [row.client_ip],
    dst: (row) => [row.server_ip],
    name: (row) => [low(row.rrname)],
    type: (row) => [low(row.rrtype)],
    rcode: (row) => [low(row.rcode)],
    process: (row) => [low(row.process) || "unknown"],
    app: (row) => [low(row.process)],
  },
  names: { host: (row) => [low(row.rrname)] },
  numbers: {
    rtt: (row) => [row.latency_ms],
    since: (row) => [row.time],
    until: (row) => [row.time],
  },
};

/**
 * A filter's text as a question to a list's rows.
 *
 * @throws {QueryError} Naming the parameter at fault, and the place in it.
 */
export function filterOf<Row>(text: string, subject: Subject<Row>, parameter = "q"): Matcher<Row> {
  try {
    return matcherOf(parseFilter(text), subject);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    throw new QueryError(parameter, `${error.message} (character ${error.at + 1})`, error.at);
  }
}

/**
 * A filter given as JSON, likewise.
 *
 * @throws {QueryError} Naming the path at fault, such as `filter.and[1].port`.
 */
export function matcherFor<Row>(filter: Filter, subject: Subject<Row>, parameter = "filter"): Matcher<Row> {
  return asQuery(parameter, () => matcherOf(filter, subject));
}

/** Reads a filter given as JSON. @throws {QueryError} Likewise. */
export function readFilter(value: unknown, parameter = "filter"): Filter {
  return asQuery(parameter, () => filterOfJson(value));
}

function asQuery<T>(parameter: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    const path = error.path === "" ? parameter : `${parameter}.${error.path}`;
    throw new QueryError(path, error.message);
  }
}
