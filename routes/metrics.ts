/** `GET /metrics`: counters and states for Prometheus, in its text format or as OpenMetrics, whichever is asked for. */
import { readOnly, refuseParameters } from "../http/answers.ts";
import { prefers } from "../http/prefers.ts";
import { metricsText, OPEN_METRICS_TYPE, PLAIN_TYPE } from "../monitor/metrics.ts";
import { define } from "../state.ts";

const OFFERS = ["text/plain", "application/openmetrics-text"];

export const handler = define.handlers(readOnly((ctx) => {
  refuseParameters(ctx.url);
  const { monitor } = ctx.state;
  const openMetrics = prefers(ctx.req, ...OFFERS) === "application/openmetrics-text";
  const state = { stats: monitor.stats(), tick: monitor.tick(), rules: monitor.rules() };
  return new Response(metricsText(state, openMetrics), {
    headers: {
      "Content-Type": openMetrics ? OPEN_METRICS_TYPE : PLAIN_TYPE,
      "Cache-Control": "no-store",
      "Vary": "Accept",
    },
  });
}, OFFERS));
