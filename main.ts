/** The Fresh app: the doorkeeper, the monitor for every route, static files, file routes. */
import { App, csp, staticFiles } from "fresh";
import { guard } from "./http/guard.ts";
import { getMonitor } from "./monitor/current.ts";
import type { State } from "./state.ts";

export const app = new App<State>()
  .use(guard())
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
