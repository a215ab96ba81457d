/** The Fresh app: the page's security policy, static files, the monitor for every route, file routes. */
import { App, csp, staticFiles } from "fresh";
import { getMonitor } from "./monitor/current.ts";
import type { State } from "./state.ts";

export const app = new App<State>()
  .use(csp({
    useNonce: true,
    csp: [
      "script-src 'self' 'unsafe-inline'", // becomes the nonce of the page
      "style-src 'self'",
      "worker-src 'none'",
      "media-src 'none'",
      "base-uri 'none'",
    ],
  }))
  .use(staticFiles())
  .use((ctx) => {
    ctx.state.monitor = getMonitor();
    return ctx.next();
  })
  .fsRoutes();
