/** Builds the page's assets into `_fresh/` (`build`); Netpane itself is started by `cli.ts`. */
import { Builder } from "fresh/dev";

if (import.meta.main) {
  await new Builder({ target: "es2022" }).build();
  // esbuild's helper process would keep this one alive.
  Deno.exit(0);
}
