/** `GET /api/interfaces`: the machine's interfaces, their rates, and what is captured there. */
import { LISTS } from "../../http/api.ts";
import { listRoute } from "../../http/lists.ts";
import { parseInterfaceQuery, sortInterfaces } from "../../monitor/interface_query.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(listRoute(LISTS.interfaces, (monitor, parameters) => {
  const interfaces = sortInterfaces(monitor.interfaces(), parseInterfaceQuery(parameters));
  return { ts: Date.now(), total: interfaces.length, interfaces };
}));
