/** `DELETE /api/expected/:id`: takes an entry out of the settings file; answers with it. */
import { json, pathPart, refuseParameters, withMethod } from "../../../http/answers.ts";
import { define } from "../../../state.ts";

export const handler = define.handlers(withMethod("DELETE", async (ctx) => {
  refuseParameters(ctx.url);
  return json(await ctx.state.monitor.unexpect(pathPart(ctx, "id")));
}));
