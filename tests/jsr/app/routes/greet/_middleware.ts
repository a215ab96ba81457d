import { define } from "../../define.ts";

export default define.middleware(async (ctx) => {
  const res = await ctx.next();
  res.headers.set("x-greet-folder", ctx.route ?? "");
  return res;
});
