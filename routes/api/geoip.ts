/** `GET /api/geoip`: where an address is and whose; `ip`. */
import { asksOutside, json } from "../../http/answers.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(
  asksOutside(async (ctx) => json(await ctx.state.monitor.who.geoip(ctx.url.searchParams))),
);
