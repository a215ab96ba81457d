/** `GET /healthz`: 200 while the server answers; what is degraded is in `problems`. */
import { json, readOnly } from "../http/answers.ts";
import { define } from "../state.ts";

export const handler = define.handlers(readOnly((ctx) => {
  const { problems, ts } = ctx.state.monitor.tick();
  return json({ status: "ok", ts, problems: problems.length });
}));
