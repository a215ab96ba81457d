/** `GET /api/ping`: round trips of ICMP echo requests; `ip`, `count`. */
import { asksOutside, json } from "../../http/answers.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(
  asksOutside(async (ctx) => json(await ctx.state.monitor.who.ping(ctx.url.searchParams))),
);
