import { HttpError, page } from "fresh";
import { Head } from "fresh/runtime";
import { define, greeting } from "../../define.ts";

export const handler = define.handlers({
  GET(ctx) {
    if (ctx.params.name === "nobody") throw new HttpError(404);
    return page({ text: greeting(ctx.params.name) }, { headers: { "x-greeted": "yes" } });
  },
});

export default define.page<typeof handler>(({ data }) => (
  <p>
    <Head>
      <title>{data.text}</title>
    </Head>
    {data.text}
  </p>
));
