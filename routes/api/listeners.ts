/** `GET /api/listeners`: who waits for connections here, and who can reach it. */
import { LISTS } from "../../http/api.ts";
import { listRoute } from "../../http/lists.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(
  listRoute(LISTS.listeners, (monitor, parameters) => monitor.inventory.listeners(parameters)),
);
