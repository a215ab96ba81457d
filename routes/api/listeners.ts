/** `GET /api/listeners`: who waits for connections here, and who can reach it; `q`, `sort`, `order`, `offset`, `limit`. */
import { json, readOnly } from "../../http/answers.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(
  readOnly((ctx) => json(ctx.state.monitor.inventory.listeners(ctx.url.searchParams))),
);
