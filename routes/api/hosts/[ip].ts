/** `GET /api/hosts/:ip`: everything known of one address; `resolve=1` asks for its name by reverse DNS. */
import { asksOutside, json, pathPart, readOnly } from "../../../http/answers.ts";
import { parseHostQuery } from "../../../monitor/inventory/list_query.ts";
import { define } from "../../../state.ts";

const answer: Parameters<typeof readOnly>[0] = async (ctx) => {
  const { resolve } = parseHostQuery(ctx.url.searchParams);
  return json(await ctx.state.monitor.inventory.host(pathPart(ctx, "ip"), resolve));
};
const plain = readOnly(answer);
const asking = asksOutside(answer);

export const handler = define.handlers((ctx) =>
  ctx.url.searchParams.has("resolve") ? asking(ctx) : plain(ctx)
);
