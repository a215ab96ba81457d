/** `GET /api/anomalies`: what was found that should not be there; `kind`, `severity`, `state`, `expected`, `q`, `flow`, `id`, `offset`, `limit`. */
import { json, readOnly } from "../../http/answers.ts";
import { parseAnomalyQuery } from "../../monitor/anomaly_query.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(
  readOnly((ctx) => json(ctx.state.monitor.anomalies(parseAnomalyQuery(ctx.url.searchParams)))),
);
