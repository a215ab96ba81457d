/**
 * `GET /api/stream`: the feed as server-sent events. `types` and `filter` choose what is told (see `model/feed.ts`);
 * `Last-Event-ID` goes on from there, or a `reset` says why that cannot be.
 */
import { acceptsEncodings } from "@std/http/negotiation";
import { problem, readOnly } from "../../http/answers.ts";
import { MAX_CLIENTS, MAX_SUBSCRIPTIONS } from "../../monitor/feed.ts";
import { parseSubscription } from "../../monitor/feed_subscription.ts";
import { define } from "../../state.ts";

const FULL = {
  clients: `The feed has ${MAX_CLIENTS} clients, which is its ceiling`,
  subscriptions: `The feed's clients ask for ${MAX_SUBSCRIPTIONS} different things, which is its ceiling`,
};

export const handler = define.handlers(readOnly((ctx) => {
  const subscription = parseSubscription(ctx.url.searchParams);
  const gzip = acceptsEncodings(ctx.req, "gzip", "identity") === "gzip" &&
    ctx.req.headers.has("Accept-Encoding");
  const headers: Record<string, string> = {
    "Content-Type": "text/event-stream",
    // A proxy that gathers or repacks what it passes on would hold events back.
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
    "Vary": "Accept-Encoding",
  };
  if (gzip) headers["Content-Encoding"] = "gzip";
  if (ctx.req.method === "HEAD") return new Response(null, { headers });
  const lastEventId = ctx.req.headers.get("Last-Event-ID");
  const body = ctx.state.monitor.feed.subscribe({ subscription, lastEventId, gzip });
  if (typeof body !== "string") return new Response(body, { headers });
  const refused = problem(503, `${FULL[body]}; try again later`);
  refused.headers.set("Retry-After", "10");
  return refused;
}, ["text/event-stream"]));
