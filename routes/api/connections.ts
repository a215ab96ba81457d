/** `GET /api/connections`: who talks to whom now; `q`, `sort`, `order`, `offset`, `limit`. */
import { json, readOnly } from "../../http/answers.ts";
import { parseConnectionQuery } from "../../monitor/query.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(
  readOnly((ctx) => json(ctx.state.monitor.connections(parseConnectionQuery(ctx.url.searchParams)))),
);
