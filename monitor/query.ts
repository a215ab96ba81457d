/** Which connections a request wants, in which order: a filter (`model/filter/`), a sort key, and a window. */
import type { Connection } from "../model/api.ts";
import type { Filter } from "../model/filter/filter.ts";
import { choice, integer, readParameters, text } from "./parameters.ts";
import { QueryError } from "./query_error.ts";
import { compare } from "./row_order.ts";
import { CONNECTIONS, filterOf, matcherFor } from "./subjects.ts";

export { QueryError };

export const SORT_KEYS = [
  "process",
  "src_ip",
  "dest_ip",
  "dest_port",
  "proto",
  "app_proto",
  "server_name",
  "state",
  "bytes",
  "bits_per_second",
  "rtt_ms",
  "start",
  "last",
  "in_iface",
] as const;

export type SortKey = typeof SORT_KEYS[number];

export const MAX_PAGE = 10_000;
export const MAX_QUERY_LENGTH = 500;

export interface ConnectionQuery {
  /** In the filter language; empty for all. */
  q: string;
  /** Holds beside `q`; given as JSON. Absent for none. */
  filter?: Filter;
  sort: SortKey;
  order: "asc" | "desc";
  offset: number;
  limit: number;
}

export const DEFAULT_QUERY: ConnectionQuery = {
  q: "",
  sort: "bits_per_second",
  order: "desc",
  offset: 0,
  limit: 100,
};

/** What a request may ask of connections; `fields` beside is the API's own. */
export const CONNECTION_PARAMETERS = {
  q: text({
    max: MAX_QUERY_LENGTH,
    help: "Filter language: terms side by side or with and, or, not and brackets; see /api/help",
    example: "port:443 and not host:10.0.0.0/8",
  }),
  sort: choice(
    SORT_KEYS,
    DEFAULT_QUERY.sort,
    "What to sort by; what is not known comes last, whichever way round",
    "bytes",
  ),
  order: choice(["asc", "desc"], DEFAULT_QUERY.order, "Rising or falling"),
  offset: integer({ fallback: DEFAULT_QUERY.offset, help: "Rows to pass over" }),
  limit: integer({ min: 1, max: MAX_PAGE, fallback: DEFAULT_QUERY.limit, help: "Rows at most" }),
};

/**
 * The query of a URL.
 *
 * @throws QueryError for a parameter that is unknown or out of range.
 */
export function parseConnectionQuery(parameters: URLSearchParams): ConnectionQuery {
  return readParameters(CONNECTION_PARAMETERS, parameters);
}

/** The rows that match, sorted; a new array. @throws QueryError for a filter that cannot be read. */
export function selectConnections(rows: Connection[], query: ConnectionQuery): Connection[] {
  const { q, filter } = query;
  let matching = q === "" ? rows.slice() : rows.filter(filterOf(q, CONNECTIONS));
  if (filter !== undefined) matching = matching.filter(matcherFor(filter, CONNECTIONS));
  const sign = query.order === "asc" ? 1 : -1;
  const valueOf = SORT_VALUES[query.sort];
  // Ties keep a fixed order, so that rows do not dance from second to second.
  return matching.map((row) => ({ row, value: valueOf(row) }))
    .sort((a, b) => compare(a.value, b.value, sign) || (a.row.id < b.row.id ? -1 : 1))
    .map(({ row }) => row);
}

const SORT_VALUES: Record<SortKey, (row: Connection) => string | number | null> = {
  process: (row) => row.process?.name.toLowerCase() ?? null,
  src_ip: (row) => addressOrder(row.src_ip),
  dest_ip: (row) => addressOrder(row.dest_ip),
  dest_port: (row) => row.dest_port,
  proto: (row) => row.proto,
  app_proto: (row) => row.app_proto || null,
  server_name: (row) => row.server_name || null,
  state: (row) => row.state,
  bytes: (row) => row.bytes_toserver + row.bytes_toclient,
  bits_per_second: (row) => row.bits_per_second,
  rtt_ms: (row) => row.rtt_ms,
  start: (row) => row.start,
  last: (row) => row.last,
  in_iface: (row) => row.in_iface,
};

/** IPv4 by number, before IPv6 by text. */
export function addressOrder(address: string): string {
  return address.includes(".") && !address.includes(":")
    ? address.split(".").map((part) => part.padStart(3, "0")).join(".")
    : `~${address}`;
}
