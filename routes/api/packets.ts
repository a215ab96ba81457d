/** `GET /api/packets`: the latest packets. */
import { LISTS } from "../../http/api.ts";
import { listRoute } from "../../http/lists.ts";
import { parsePacketQuery } from "../../monitor/packet_query.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(
  listRoute(LISTS.packets, (monitor, parameters) => monitor.packets(parsePacketQuery(parameters))),
);
