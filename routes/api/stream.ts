/**
 * `GET /api/stream`: the feed as server-sent events: `snapshot` first, then `tick` each second; `reset` where a
 * client's `Last-Event-ID` cannot be resumed; `lost` where a slow client missed events.
 */
import { problem, readOnly } from "../../http/answers.ts";
import { MAX_CLIENTS } from "../../monitor/feed.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(readOnly(async (ctx) => {
  const { feed } = ctx.state.monitor;
  const headers = { "Content-Type": "text/event-stream", "Cache-Control": "no-store" };
  if (ctx.req.method === "HEAD") return new Response(null, { headers });
  const body = await feed.subscribe(ctx.req.headers.get("Last-Event-ID"), {
    name: "snapshot",
    data: ctx.state.monitor.snapshot(),
  });
  if (body !== null) return new Response(body, { headers });
  const refused = problem(503, `The feed has ${MAX_CLIENTS} clients, which is its ceiling; try again later`);
  refused.headers.set("Retry-After", "10");
  return refused;
}));
