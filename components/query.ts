/**
 * What the connections table is asked for: a filter, an order and a window of rows. The same words stand in the
 * page's own address (so that it works before scripts run, and can be passed on) and in the API's.
 */

/** Columns the server can sort by, and what they are called on the page. */
export const SORT_LABELS = {
  process: "Program",
  src_ip: "Client",
  server_name: "Server",
  dest_ip: "Server’s address",
  dest_port: "Port",
  app_proto: "Protocol",
  proto: "Transport",
  state: "State",
  bytes: "Bytes",
  bits_per_second: "Rate",
  rtt_ms: "RTT",
  start: "Age",
  in_iface: "Interface",
  last: "Last seen",
} as const;

export type SortKey = keyof typeof SORT_LABELS;
export type SortOrder = "asc" | "desc";

/** Every value is within its bounds: `parseTableQuery` sees to that. */
export interface TableQuery {
  /** Words that must all match, at most `MAX_FILTER` characters. */
  q: string;
  sort: SortKey;
  order: SortOrder;
  offset: number;
  limit: number;
}

/** Longest filter taken, characters. */
export const MAX_FILTER = 400;

/** Rows on a page without scripts, and the first that scripts find. */
export const PAGE_ROWS = 100;

/** What the page opens with: who is busiest now. */
export const FIRST_QUERY: TableQuery = {
  q: "",
  sort: "bits_per_second",
  order: "desc",
  offset: 0,
  limit: PAGE_ROWS,
};

/** Columns that are first read from the largest value down; the others from A to Z. */
const LARGEST_FIRST = new Set<SortKey>(["bytes", "bits_per_second", "rtt_ms", "start", "last"]);

/** Highest row that can be asked for; beyond any table's ceiling. */
const MAX_OFFSET = 10_000_000;

/** The query in a page's address. What is missing, unknown or out of bounds becomes the default. */
export function parseTableQuery(params: URLSearchParams): TableQuery {
  const sort = params.get("sort") ?? "";
  const known = Object.hasOwn(SORT_LABELS, sort) ? sort as SortKey : FIRST_QUERY.sort;
  const order = params.get("order");
  const offset = Number(params.get("offset"));
  return {
    q: (params.get("q") ?? "").slice(0, MAX_FILTER),
    sort: known,
    order: order === "asc" || order === "desc" ? order : firstOrder(known),
    offset: Number.isSafeInteger(offset) && offset > 0 ? Math.min(offset, MAX_OFFSET) : 0,
    limit: PAGE_ROWS,
  };
}

/** The order a column has when it is chosen for the first time. */
export function firstOrder(sort: SortKey): SortOrder {
  return LARGEST_FIRST.has(sort) ? "desc" : "asc";
}

/** What a click on a column's head asks for: its first order, then the other one. */
export function sortedBy(query: TableQuery, sort: SortKey): TableQuery {
  const order = query.sort !== sort ? firstOrder(sort) : query.order === "asc" ? "desc" : "asc";
  return { ...query, sort, order, offset: 0 };
}

/** Whether values rise down the table. The server sorts by the start: the latest start is the youngest age. */
export function isRising({ sort, order }: TableQuery): boolean {
  return (order === "asc") !== (sort === "start");
}

/** Address of the page that shows `query`, with defaults left out; always within this page. */
export function pageHref(query: TableQuery): string {
  const params = new URLSearchParams();
  if (query.q !== "") params.set("q", query.q);
  if (query.sort !== FIRST_QUERY.sort || query.order !== FIRST_QUERY.order) {
    params.set("sort", query.sort);
    params.set("order", query.order);
  }
  if (query.offset > 0) params.set("offset", String(query.offset));
  const text = params.toString();
  return text === "" ? "/#connections" : `/?${text}#connections`;
}

/** Address of the API that answers `query`. */
export function apiHref(query: TableQuery): string {
  const { q, sort, order, offset, limit } = query;
  return "/api/connections?" +
    new URLSearchParams({ q, sort, order, offset: String(offset), limit: String(limit) }).toString();
}
