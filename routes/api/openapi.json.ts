/** `GET /api/openapi.json`: the API as an OpenAPI 3.1 document. */
import { json, readOnly, refuseParameters } from "../../http/answers.ts";
import { openApi } from "../../http/openapi.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(readOnly((ctx) => {
  refuseParameters(ctx.url);
  return json(openApi(ctx.state.monitor.stats().version));
}));
