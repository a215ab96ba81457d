/** `GET /api/packets`: the latest packets; `q`, `ip`, `port`, `proto`, `iface`, `before`, `limit`. */
import { json, readOnly } from "../../http/answers.ts";
import { parsePacketQuery } from "../../monitor/packet_query.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(
  readOnly((ctx) => json(ctx.state.monitor.packets(parsePacketQuery(ctx.url.searchParams)))),
);
