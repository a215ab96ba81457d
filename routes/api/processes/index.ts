/** `GET /api/processes`: programs with sockets or traffic; `q`, `sort`, `order`, `offset`, `limit`. */
import { json, readOnly } from "../../../http/answers.ts";
import { define } from "../../../state.ts";

export const handler = define.handlers(
  readOnly((ctx) => json(ctx.state.monitor.inventory.processes(ctx.url.searchParams))),
);
