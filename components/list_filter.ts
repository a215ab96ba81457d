/** What the lists of packets and DNS queries are asked for: the filter stands in the page's address as it is typed. */
import { MAX_FILTER } from "./query.ts";

/** Rows the page begins with. */
export const FIRST_ROWS = 100;
/** Rows asked for with each filter, and after a pause. */
export const LIST_ROWS = 200;
/** Rows kept on the page at most: what comes after pushes the oldest out. */
export const MAX_LIST_ROWS = 300;

/** The filter in a page's address, cut to what the server takes. */
export function filterOf(params: URLSearchParams): string {
  return (params.get("q") ?? "").slice(0, MAX_FILTER);
}

/** A cursor in a page's address; 0 for none or a wrong one. */
export function beforeOf(params: URLSearchParams): number {
  const before = Number(params.get("before"));
  return Number.isSafeInteger(before) && before > 0 ? before : 0;
}

/** Address of the API that answers a filter of packets. */
export function packetsHref(text: string): string {
  return `/api/packets?${new URLSearchParams({ limit: String(LIST_ROWS), q: cut(text) })}`;
}

/** Address of the API that answers a filter of DNS queries. */
export function dnsHref(text: string): string {
  return `/api/dns_queries?${new URLSearchParams({ limit: String(LIST_ROWS), q: cut(text) })}`;
}

/** Address of a list's page with a filter. */
export function listHref(path: string, q: string, before = 0): string {
  const params = new URLSearchParams();
  if (q !== "") params.set("q", q);
  if (before > 0) params.set("before", String(before));
  return params.size === 0 ? path : `${path}?${params}`;
}

/** What the server takes. */
function cut(text: string): string {
  return text.trim().slice(0, MAX_FILTER);
}
