/** `GET /api/connections`: who talks to whom now. */
import { LISTS } from "../../http/api.ts";
import { listRoute } from "../../http/lists.ts";
import { parseConnectionQuery } from "../../monitor/query.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(
  listRoute(
    LISTS.connections,
    (monitor, parameters) => monitor.connections(parseConnectionQuery(parameters)),
  ),
);
