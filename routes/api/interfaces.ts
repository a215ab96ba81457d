/** `GET /api/interfaces`: the machine's interfaces, their rates, and what is captured there. */
import { json, readOnly, refuseParameters } from "../../http/answers.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(readOnly((ctx) => {
  refuseParameters(ctx.url);
  return json({ ts: Date.now(), interfaces: ctx.state.monitor.interfaces() });
}));
