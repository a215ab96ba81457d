/** Which connections a request wants, in which order: a filter (`model/filter/`), a sort key, and a window. */
import type { Connection } from "../model/api.ts";
import { QueryError } from "./query_error.ts";
import { CONNECTIONS, filterOf } from "./subjects.ts";

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

const QUERY_NAMES = ["q", "sort", "order", "offset", "limit"];

/**
 * The query of a URL.
 *
 * @throws QueryError for a parameter that is unknown or out of range.
 */
export function parseConnectionQuery(parameters: URLSearchParams): ConnectionQuery {
  for (const name of parameters.keys()) {
    if (!QUERY_NAMES.includes(name)) {
      throw new QueryError(name, `Unknown parameter "${name}"; known are ${QUERY_NAMES.join(", ")}`);
    }
  }
  const q = (parameters.get("q") ?? "").trim();
  if (q.length > MAX_QUERY_LENGTH) {
    throw new QueryError("q", `q takes at most ${MAX_QUERY_LENGTH} characters`);
  }
  const sort = parameters.get("sort") || DEFAULT_QUERY.sort;
  if (!(SORT_KEYS as readonly string[]).includes(sort)) {
    throw new QueryError("sort", `sort takes one of ${SORT_KEYS.join(", ")}`);
  }
  const order = parameters.get("order") || DEFAULT_QUERY.order;
  if (order !== "asc" && order !== "desc") throw new QueryError("order", "order takes asc or desc");
  return {
    q,
    sort: sort as SortKey,
    order,
    offset: wholeNumber(parameters, "offset", DEFAULT_QUERY.offset, 0, Number.MAX_SAFE_INTEGER),
    limit: wholeNumber(parameters, "limit", DEFAULT_QUERY.limit, 1, MAX_PAGE),
  };
}

/** The rows that match, sorted; a new array. @throws QueryError for a filter that cannot be read. */
export function selectConnections(rows: Connection[], query: ConnectionQuery): Connection[] {
  const matching = query.q === "" ? rows.slice() : rows.filter(filterOf(query.q, CONNECTIONS));
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

/** What is not known comes last, whichever way round. */
function compare(a: string | number | null, b: string | number | null, sign: number): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return a === b ? 0 : a < b ? -sign : sign;
}

/** IPv4 by number, before IPv6 by text. */
export function addressOrder(address: string): string {
  return address.includes(".") && !address.includes(":")
    ? address.split(".").map((part) => part.padStart(3, "0")).join(".")
    : `~${address}`;
}

/** A whole number of the query; `fallback` where it is absent or empty. @throws QueryError */
export function wholeNumber(
  parameters: URLSearchParams,
  name: string,
  fallback: number,
  least: number,
  most: number,
): number {
  const text = parameters.get(name);
  if (text === null || text === "") return fallback;
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > most) {
    throw new QueryError(name, `${name} takes a whole number from ${least} to ${most}`);
  }
  return number;
}
