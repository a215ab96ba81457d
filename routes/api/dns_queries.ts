/** `GET /api/dns_queries`: recent DNS queries with answers, latency and who asked; `q`, `limit`. */
import { json, readOnly } from "../../http/answers.ts";
import { parseListQuery } from "../../monitor/packet_query.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(
  readOnly((ctx) => json(ctx.state.monitor.dnsQueries(parseListQuery(ctx.url.searchParams)))),
);
