/** Which packets and DNS queries a request wants: bounded lists, newest first unless another order is asked for. */
import type { DnsQuery, LoggedPacket } from "../model/api.ts";
import { networkHas } from "../model/network.ts";
import { choice, integer, network, readParameters, text, type Values } from "./parameters.ts";
import { addressOrder, MAX_QUERY_LENGTH, QueryError } from "./query.ts";
import { type Order, sortRows } from "./row_order.ts";
import { filterOf, PACKETS, QUERIES } from "./subjects.ts";

export const MAX_LIMIT = 1000;
export const DEFAULT_LIMIT = 100;

/** In every list: which rows, and which of them. */
export const Q = text({
  max: MAX_QUERY_LENGTH,
  help: "Filter language: terms side by side or with and, or, not and brackets; see /api/help",
  example: "port:53 and not host:192.168.1.1",
});
export const OFFSET = integer({ fallback: 0, help: "Rows to pass over" });
export const LIMIT = integer({ min: 1, max: MAX_LIMIT, fallback: DEFAULT_LIMIT, help: "Rows at most" });
export const ORDER = choice(
  ["asc", "desc"],
  "",
  "Rising or falling; without it numbers and times fall, words rise",
  "desc",
);

const PACKET_SORTS: Order<LoggedPacket> = {
  time: (row) => row.number,
  length: (row) => row.length,
  proto: (row) => row.proto,
  src_ip: (row) => addressOrder(row.src_ip),
  dest_ip: (row) => addressOrder(row.dest_ip),
  process: (row) => row.process.toLowerCase() || null,
};
const QUERY_SORTS: Order<DnsQuery> = {
  time: (row) => row.id,
  rrname: (row) => row.rrname.toLowerCase(),
  rrtype: (row) => row.rrtype,
  client_ip: (row) => addressOrder(row.client_ip),
  server_ip: (row) => addressOrder(row.server_ip),
  rcode: (row) => row.rcode || null,
  latency_ms: (row) => row.latency_ms,
  count: (row) => row.count,
  process: (row) => row.process.toLowerCase() || null,
};

export const PACKET_PARAMETERS = {
  q: Q,
  ip: network("Address or network of either end"),
  port: integer({ max: 65_535, fallback: 0, help: "Port of either end; 0 for any", example: "53" }),
  proto: text({ help: "Protocol", example: "udp" }),
  iface: text({ help: "Interface", example: "eth0" }),
  before: integer({
    fallback: 0,
    help: "Only packets with a smaller number: next of the page before; 0 for the newest",
  }),
  sort: choice(Object.keys(PACKET_SORTS), "time", "What to sort by"),
  order: ORDER,
  offset: OFFSET,
  limit: LIMIT,
};

export const DNS_PARAMETERS = {
  q: Q,
  before: integer({
    fallback: 0,
    help: "Only queries with a smaller id: next of the page before; 0 for the newest",
  }),
  sort: choice(Object.keys(QUERY_SORTS), "time", "What to sort by"),
  order: ORDER,
  offset: OFFSET,
  limit: LIMIT,
};

/** What is absent asks for nothing. */
export type PacketQuery = Partial<Values<typeof PACKET_PARAMETERS>> & { limit: number };
export type DnsListQuery = Partial<Values<typeof DNS_PARAMETERS>> & { limit: number };

/** @throws QueryError naming the parameter at fault. */
export function parsePacketQuery(parameters: URLSearchParams): Values<typeof PACKET_PARAMETERS> {
  return checkedCursor(readParameters(PACKET_PARAMETERS, parameters));
}

/** @throws QueryError naming the parameter at fault. */
export function parseListQuery(parameters: URLSearchParams): Values<typeof DNS_PARAMETERS> {
  return checkedCursor(readParameters(DNS_PARAMETERS, parameters));
}

/** A part of a list. */
export interface Selected<T> {
  rows: T[];
  /** All that match. */
  total: number;
  /** Number of the last row, for `before` of the next page; null at the end, and in another order. */
  next: number | null;
}

/** @param packets Oldest first. @throws QueryError */
export function selectPackets(packets: LoggedPacket[], query: PacketQuery): Selected<LoggedPacket> {
  const { q = "", ip = null, port = 0, iface = "" } = query;
  // What connections call `ipv6-icmp` is `icmpv6` here.
  const proto = (query.proto ?? "").toLowerCase().replace(/^ipv6-icmp$/, "icmpv6");
  const matches = filterOf(q, PACKETS);
  const found = newestFirst(
    packets,
    (packet) =>
      (ip === null || networkHas(ip, packet.src_ip) || networkHas(ip, packet.dest_ip)) &&
      (port === 0 || packet.src_port === port || packet.dest_port === port) &&
      (proto === "" || packet.proto === proto) &&
      (iface === "" || packet.in_iface === iface) &&
      matches(packet),
  );
  return part(found, query, PACKET_SORTS, (packet) => packet.number);
}

/** @param queries Oldest first. @throws QueryError */
export function selectQueries(queries: DnsQuery[], query: DnsListQuery): Selected<DnsQuery> {
  return part(newestFirst(queries, filterOf(query.q ?? "", QUERIES)), query, QUERY_SORTS, (row) => row.id);
}

interface Part {
  sort?: string;
  order?: "asc" | "desc";
  before?: number;
  offset?: number;
  limit: number;
}

function part<T>(
  found: T[],
  { sort = "time", order, before = 0, offset = 0, limit }: Part,
  sorts: Order<T>,
  numberOf: (row: T) => number,
): Selected<T> {
  const isNewestFirst = sort === "time" && order !== "asc";
  const sorted = isNewestFirst ? found : sortRows(found, sorts[sort], order ?? "", numberOf);
  const rest = before > 0 ? sorted.filter((row) => numberOf(row) < before) : sorted;
  const rows = rest.slice(offset, offset + limit);
  const hasMore = offset + limit < rest.length;
  return {
    rows,
    total: found.length,
    next: isNewestFirst && hasMore ? numberOf(rows[rows.length - 1]) : null,
  };
}

function newestFirst<T>(rows: T[], matches: (row: T) => boolean): T[] {
  const found: T[] = [];
  for (let i = rows.length - 1; i >= 0; i--) if (matches(rows[i])) found.push(rows[i]);
  return found;
}

/** A cursor is a place in the list as it comes. */
function checkedCursor<Q extends { before: number; sort: string; order: string }>(query: Q): Q {
  if (query.before > 0 && (query.sort !== "time" || query.order === "asc")) {
    throw new QueryError(
      "before",
      "before is a place in the list, newest first: take offset with another order",
    );
  }
  return query;
}
