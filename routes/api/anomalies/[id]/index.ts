/** `GET /api/anomalies/:id`: one alert with its evidence. */
import { json, pathPart, readOnly, refuseParameters } from "../../../../http/answers.ts";
import { define } from "../../../../state.ts";

export const handler = define.handlers(readOnly((ctx) => {
  refuseParameters(ctx.url);
  return json(ctx.state.monitor.anomaly(pathPart(ctx, "id")));
}));
