/** Which packets and DNS queries a request wants: bounded lists, newest first. */
import type { DnsQuery, LoggedPacket } from "../model/api.ts";
import { MAX_QUERY_LENGTH, QueryError, wholeNumber } from "./query.ts";
import { filterOf, PACKETS, QUERIES } from "./subjects.ts";

export const MAX_LIMIT = 1000;
export const DEFAULT_LIMIT = 100;

export interface PacketQuery {
  /** In the filter language; empty for all. */
  q: string;
  ip: string;
  port: number;
  proto: string;
  iface: string;
  /** Only packets with a smaller number: the cursor of the next page; 0 for the newest. */
  before: number;
  limit: number;
}

/** @throws QueryError naming the parameter at fault. */
export function parsePacketQuery(parameters: URLSearchParams): PacketQuery {
  refuseUnknown(parameters, ["q", "ip", "port", "proto", "iface", "before", "limit"]);
  return {
    q: words(parameters),
    ip: parameters.get("ip") ?? "",
    port: wholeNumber(parameters, "port", 0, 0, 65_535),
    // What connections call `ipv6-icmp` is `icmpv6` here.
    proto: (parameters.get("proto") ?? "").toLowerCase().replace(/^ipv6-icmp$/, "icmpv6"),
    iface: parameters.get("iface") ?? "",
    before: wholeNumber(parameters, "before", 0, 0, Number.MAX_SAFE_INTEGER),
    limit: wholeNumber(parameters, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT),
  };
}

/** @throws QueryError naming the parameter at fault. */
export function parseListQuery(parameters: URLSearchParams): { q: string; limit: number } {
  refuseUnknown(parameters, ["q", "limit"]);
  return { q: words(parameters), limit: wholeNumber(parameters, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT) };
}

/** @param packets Oldest first. @returns Newest first, at most `limit`. */
export function selectPackets(packets: LoggedPacket[], query: PacketQuery): LoggedPacket[] {
  const matches = filterOf(query.q, PACKETS);
  const found: LoggedPacket[] = [];
  for (let i = packets.length - 1; i >= 0 && found.length < query.limit; i--) {
    const packet = packets[i];
    if (query.before > 0 && packet.number >= query.before) continue;
    if (query.ip !== "" && packet.src_ip !== query.ip && packet.dest_ip !== query.ip) continue;
    if (query.port > 0 && packet.src_port !== query.port && packet.dest_port !== query.port) continue;
    if (query.proto !== "" && packet.proto !== query.proto) continue;
    if (query.iface !== "" && packet.in_iface !== query.iface) continue;
    if (matches(packet)) found.push(packet);
  }
  return found;
}

/** @param queries Oldest first. @returns Newest first, at most `limit`. */
export function selectQueries(queries: DnsQuery[], { q, limit }: { q: string; limit: number }): DnsQuery[] {
  const matches = filterOf(q, QUERIES);
  const found: DnsQuery[] = [];
  for (let i = queries.length - 1; i >= 0 && found.length < limit; i--) {
    if (matches(queries[i])) found.push(queries[i]);
  }
  return found;
}

/** The filter in `q`. @throws QueryError */
export function words(parameters: URLSearchParams): string {
  const q = (parameters.get("q") ?? "").trim();
  if (q.length > MAX_QUERY_LENGTH) {
    throw new QueryError("q", `q takes at most ${MAX_QUERY_LENGTH} characters`);
  }
  return q;
}

/** @throws QueryError for a parameter that nobody knows. */
export function refuseUnknown(parameters: URLSearchParams, known: string[]): void {
  for (const name of parameters.keys()) {
    if (!known.includes(name)) {
      throw new QueryError(name, `Unknown parameter "${name}"; known are ${known.join(", ")}`);
    }
  }
}
