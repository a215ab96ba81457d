/** `GET /api/expected`: what the user expects, and the alerts that each entry covers. */
import { json, readOnly, refuseParameters } from "../../../http/answers.ts";
import { define } from "../../../state.ts";

export const handler = define.handlers(readOnly((ctx) => {
  refuseParameters(ctx.url);
  return json(ctx.state.monitor.expected());
}));
