/** `GET /api/rules`: every kind of alert: what it means, its thresholds, what it has done. */
import { json, readOnly, refuseParameters } from "../../http/answers.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(readOnly((ctx) => {
  refuseParameters(ctx.url);
  return json({ ts: Date.now(), rules: ctx.state.monitor.rules() });
}));
