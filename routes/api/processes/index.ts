/** `GET /api/processes`: programs with sockets or traffic. */
import { LISTS } from "../../../http/api.ts";
import { listRoute } from "../../../http/lists.ts";
import { define } from "../../../state.ts";

export const handler = define.handlers(
  listRoute(LISTS.processes, (monitor, parameters) => monitor.inventory.processes(parameters)),
);
