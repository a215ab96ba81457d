/** `POST /api/anomalies/:id/expect`: this and what is like it is expected; the body says how far, why and until when. */
import { json, jsonBody, pathPart, refuseParameters, withMethod } from "../../../../http/answers.ts";
import { define } from "../../../../state.ts";

export const handler = define.handlers(withMethod("POST", async (ctx) => {
  refuseParameters(ctx.url);
  const entry = await ctx.state.monitor.expect(pathPart(ctx, "id"), await jsonBody(ctx.req));
  const answer = json(entry, 201);
  answer.headers.set("Location", `/api/expected/${entry.id}`);
  return answer;
}));
