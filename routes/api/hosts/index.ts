/** `GET /api/hosts`: addresses seen and what is known of each; `q`, `sort`, `order`, `offset`, `limit`. */
import { json, readOnly } from "../../../http/answers.ts";
import { define } from "../../../state.ts";

export const handler = define.handlers(
  readOnly((ctx) => json(ctx.state.monitor.inventory.hosts(ctx.url.searchParams))),
);
