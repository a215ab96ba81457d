/** There is no such page. */
import { page } from "fresh";
import { Notice } from "../components/Notice.tsx";
import { define } from "../state.ts";

export const handler = define.handlers(() => page(undefined, { status: 404 }));

export default define.page(function NotFound({ url }) {
  return (
    <Notice title="No such page">
      <p>
        Netpane has nothing at <code class="foreign">{url.pathname}</code>
      </p>
    </Notice>
  );
});
