/**
 * What the lists of packets and DNS queries are asked for. The words stand in the page's address as they are typed;
 * for the API, those that name a field of a packet become its parameters.
 */
import { MAX_FILTER } from "./query.ts";

/** Rows the page begins with. */
export const FIRST_ROWS = 100;
/** Rows asked for with each filter, and after a pause. */
export const LIST_ROWS = 200;
/** Rows kept on the page at most: what comes after pushes the oldest out. */
export const MAX_LIST_ROWS = 300;

/** Parameters of `GET /api/packets`, without `limit`. */
export interface PacketFilter {
  q: string;
  ip: string;
  /** 0 for any. */
  port: number;
  proto: string;
  iface: string;
  /** Only packets with a smaller number; 0 for the newest. */
  before: number;
}

/** The filter in a page's address, cut to what the server takes. */
export function filterOf(params: URLSearchParams): string {
  return (params.get("q") ?? "").slice(0, MAX_FILTER);
}

/** A cursor in a page's address; 0 for none or a wrong one. */
export function beforeOf(params: URLSearchParams): number {
  const before = Number(params.get("before"));
  return Number.isSafeInteger(before) && before > 0 ? before : 0;
}

/**
 * Words of a filter: `ip:`, `port:`, `proto:` and `iface:` name a field (the first of each counts), all else must be
 * found somewhere in the row. A field's word that cannot be right is a plain word, which finds nothing.
 */
export function parsePacketFilter(text: string, before = 0): PacketFilter {
  const filter: PacketFilter = { q: "", ip: "", port: 0, proto: "", iface: "", before };
  const words: string[] = [];
  for (const word of text.slice(0, MAX_FILTER).split(/\s+/).filter((word) => word !== "")) {
    const [, name, value] = /^(ip|port|proto|iface):(.+)$/i.exec(word) ?? [];
    const key = name?.toLowerCase() as "ip" | "port" | "proto" | "iface" | undefined;
    if (key === "port" && filter.port === 0 && isPort(value)) filter.port = Number(value);
    else if (key !== undefined && key !== "port" && filter[key] === "") {
      filter[key] = key === "iface" ? value : value.toLowerCase();
    } else words.push(word);
  }
  filter.q = words.join(" ");
  return filter;
}

/** Address of the API that answers a filter of packets. */
export function packetsHref(text: string): string {
  const params = new URLSearchParams({ limit: String(LIST_ROWS) });
  for (const [name, value] of Object.entries(parsePacketFilter(text))) {
    if (value !== "" && value !== 0) params.set(name, String(value));
  }
  return `/api/packets?${params}`;
}

/** Address of the API that answers a filter of DNS queries. */
export function dnsHref(text: string): string {
  return `/api/dns_queries?${new URLSearchParams({ limit: String(LIST_ROWS), q: text.trim() })}`;
}

/** Address of a list's page with a filter. */
export function listHref(path: string, q: string, before = 0): string {
  const params = new URLSearchParams();
  if (q !== "") params.set("q", q);
  if (before > 0) params.set("before", String(before));
  return params.size === 0 ? path : `${path}?${params}`;
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) <= 65_535;
}
