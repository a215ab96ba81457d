/** `POST /api/connections/filter`: connections, with the filter as JSON (`model/filter/json.ts`). */
import { LISTS } from "../../../http/api.ts";
import { filterRoute } from "../../../http/lists.ts";
import { define } from "../../../state.ts";

export const handler = define.handlers(
  filterRoute(LISTS.connections, (monitor, query) => monitor.connections(query)),
);
