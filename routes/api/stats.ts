/** `GET /api/stats`: every counter there is, most of all of what was not seen. */
import { json, readOnly, refuseParameters } from "../../http/answers.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(readOnly((ctx) => {
  refuseParameters(ctx.url);
  return json(ctx.state.monitor.stats());
}));
