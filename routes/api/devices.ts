/** `GET /api/devices`: devices of the local network. */
import { LISTS } from "../../http/api.ts";
import { listRoute } from "../../http/lists.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(
  listRoute(LISTS.devices, (monitor, parameters) => monitor.inventory.devices(parameters)),
);
