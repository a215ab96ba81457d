/** `GET /api/dns_queries`: recent DNS queries with answers, latency and who asked. */
import { LISTS } from "../../http/api.ts";
import { listRoute } from "../../http/lists.ts";
import { parseListQuery } from "../../monitor/packet_query.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(
  listRoute(LISTS.queries, (monitor, parameters) => monitor.dnsQueries(parseListQuery(parameters))),
);
