/** `GET /api/export`: connections now, as a CSV file. */
import { LISTS } from "../../http/api.ts";
import { exportRoute } from "../../http/lists.ts";
import { readParameters } from "../../monitor/parameters.ts";
import { define } from "../../state.ts";

const LIST = LISTS.connectionsExport;

export const handler = define.handlers(
  exportRoute(
    LIST,
    (monitor, parameters) => monitor.connections(readParameters(LIST.parameters, parameters)),
  ),
);
