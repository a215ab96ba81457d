/**
 * Builds the page's assets into `_fresh/`. `build` does only that; without it Netpane is started as well, on the demo
 * capture unless told otherwise, and Deno's `--watch` starts all of it again when a source changes.
 */
import { Builder } from "fresh/dev";

if (import.meta.main) {
  const [command, ...rest] = Deno.args;
  await new Builder({ target: "es2022" }).build();
  // esbuild's helper process would keep this one alive.
  if (command === "build") Deno.exit(0);
  const { main } = await import("./cli.ts");
  const options = command === undefined ? ["--demo"] : [command, ...rest];
  Deno.exit(await main(["start", ...options]));
}
