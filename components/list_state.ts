/** What a list of hosts, devices, programs or listeners is asked for: in the page's address, and of the API. */

/** Rows of one page of a list. */
export const PAGE_ROWS = 100;
/** Longest filter, as the server takes it. */
const MAX_FILTER = 500;

export interface ListState {
  q: string;
  sort: string;
  order: "asc" | "desc";
  offset: number;
}

/** One kind of list. */
export interface ListKind {
  /** Page and API that show it, and what its address has besides. */
  path: string;
  api: string;
  fixed: Record<string, string>;
  /** What the API is asked besides. */
  asks?: Record<string, string>;
  /** Order at first; and the orders that begin with the smallest. */
  sort: string;
  sorts: readonly string[];
  rising: readonly string[];
}

export const HOST_LIST: ListKind = {
  path: "/hosts",
  api: "/api/hosts",
  fixed: {},
  sort: "bytes",
  sorts: [
    "name",
    "ip",
    "country",
    "organisation",
    "bytes",
    "bits_per_second",
    "connections",
    "rtt_ms",
    "resent_share",
    "alerts",
    "first",
    "last",
  ],
  rising: ["name", "ip", "country", "organisation"],
};

export const DEVICE_LIST: ListKind = {
  path: "/hosts",
  api: "/api/devices",
  fixed: { tab: "devices" },
  sort: "last",
  sorts: ["name", "mac", "vendor", "address", "first", "last"],
  rising: ["name", "mac", "vendor", "address"],
};

/** Ended processes of one program are one row. */
export const PROGRAM_LIST: ListKind = {
  path: "/processes",
  api: "/api/processes",
  fixed: {},
  asks: { ended: "together" },
  sort: "bytes",
  sorts: [
    "name",
    "pid",
    "user",
    "container",
    "bytes",
    "bits_per_second",
    "connections",
    "rtt_ms",
    "alerts",
    "started",
    "last",
  ],
  rising: ["name", "pid", "user", "container"],
};

/** Each process is a row. */
export const PROCESS_LIST: ListKind = {
  ...PROGRAM_LIST,
  fixed: { ended: "each" },
  asks: { ended: "each" },
};

export const LISTENER_LIST: ListKind = {
  path: "/processes",
  api: "/api/listeners",
  fixed: { tab: "listening" },
  sort: "port",
  sorts: ["port", "proto", "address", "process", "user", "reach", "since"],
  rising: ["port", "proto", "address", "process", "user", "reach"],
};

/** What a page's address asks for; what cannot be right is left out. */
export function parseListState(params: URLSearchParams, kind: ListKind): ListState {
  const asked = params.get("sort") ?? "";
  const sort = kind.sorts.includes(asked) ? asked : kind.sort;
  const order = params.get("order");
  const offset = Number(params.get("offset"));
  return {
    q: (params.get("q") ?? "").slice(0, MAX_FILTER),
    sort,
    order: order === "asc" || order === "desc" ? order : firstOrder(sort, kind),
    offset: Number.isSafeInteger(offset) && offset > 0 ? offset : 0,
  };
}

/** What a click on a column asks for: its first order, then the other one. */
export function sortedBy(state: ListState, sort: string, kind: ListKind): ListState {
  const order = state.sort !== sort ? firstOrder(sort, kind) : state.order === "asc" ? "desc" : "asc";
  return { ...state, sort, order, offset: 0 };
}

/** Address of the page that shows it, with defaults left out. */
export function listPageHref(state: ListState, kind: ListKind): string {
  const params = new URLSearchParams(kind.fixed);
  if (state.q.trim() !== "") params.set("q", state.q.trim());
  if (state.sort !== kind.sort || state.order !== firstOrder(kind.sort, kind)) {
    params.set("sort", state.sort);
    params.set("order", state.order);
  }
  if (state.offset > 0) params.set("offset", String(state.offset));
  return params.size === 0 ? kind.path : `${kind.path}?${params}`;
}

/** What the API is asked for it. */
export function listParams({ q, sort, order, offset }: ListState, { asks }: ListKind): URLSearchParams {
  return new URLSearchParams({
    ...asks,
    q: q.trim(),
    sort,
    order,
    offset: String(offset),
    limit: String(PAGE_ROWS),
  });
}

function firstOrder(sort: string, kind: ListKind): "asc" | "desc" {
  return kind.rising.includes(sort) ? "asc" : "desc";
}
