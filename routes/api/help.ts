/** `GET /api/help`: what every field means, and the filter language. */
import { json, readOnly, refuseParameters } from "../../http/answers.ts";
import { helpPage } from "../../http/help_page.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(readOnly((ctx) => {
  refuseParameters(ctx.url);
  return json(helpPage());
}));
