/** `GET /api/hosts`: addresses seen and what is known of each. */
import { LISTS } from "../../../http/api.ts";
import { listRoute } from "../../../http/lists.ts";
import { define } from "../../../state.ts";

export const handler = define.handlers(
  listRoute(LISTS.hosts, (monitor, parameters) => monitor.inventory.hosts(parameters)),
);
