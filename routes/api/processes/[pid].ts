/** `GET /api/processes/:pid`: one process, its hosts, connections, listening ports and alerts. */
import { json, pathPart, readOnly, refuseParameters } from "../../../http/answers.ts";
import { define } from "../../../state.ts";

export const handler = define.handlers(readOnly((ctx) => {
  refuseParameters(ctx.url);
  return json(ctx.state.monitor.inventory.process(pathPart(ctx, "pid")));
}));
