/** `GET /api/resolve`: what DNS has about a name, or about an address; `domain`. */
import { asksOutside, json } from "../../http/answers.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(
  asksOutside(async (ctx) => json(await ctx.state.monitor.who.resolve(ctx.url.searchParams))),
);
