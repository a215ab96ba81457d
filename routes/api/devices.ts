/** `GET /api/devices`: devices of the local network; `q`, `sort`, `order`, `offset`, `limit`. */
import { json, readOnly } from "../../http/answers.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(
  readOnly((ctx) => json(ctx.state.monitor.inventory.devices(ctx.url.searchParams))),
);
