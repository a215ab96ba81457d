/** `GET /api/export_anomalies`: alerts, as a CSV file. */
import { LISTS } from "../../http/api.ts";
import { exportRoute } from "../../http/lists.ts";
import { parseAnomalyQuery } from "../../monitor/anomaly_query.ts";
import { define } from "../../state.ts";

const LIST = LISTS.anomaliesExport;

export const handler = define.handlers(
  exportRoute(
    LIST,
    (monitor, parameters) => monitor.anomalies(parseAnomalyQuery(parameters, LIST.parameters)),
  ),
);
