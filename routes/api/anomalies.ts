/** `GET /api/anomalies`: what was found that should not be there. */
import { LISTS } from "../../http/api.ts";
import { listRoute } from "../../http/lists.ts";
import { parseAnomalyQuery } from "../../monitor/anomaly_query.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(
  listRoute(LISTS.anomalies, (monitor, parameters) => monitor.anomalies(parseAnomalyQuery(parameters))),
);
