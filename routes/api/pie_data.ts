/** `GET /api/pie_data`: shares of the last minute by protocol, program and server port. */
import { json, readOnly, refuseParameters } from "../../http/answers.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(readOnly((ctx) => {
  refuseParameters(ctx.url);
  return json(ctx.state.monitor.pie());
}));
