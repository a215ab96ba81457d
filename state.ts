/** What every route and middleware finds in `ctx.state`, and the `define` helpers typed for it. */
import { createDefine } from "fresh";
import type { Monitor } from "./monitor/mod.ts";

export interface State {
  /** Live state, history and feed. */
  monitor: Monitor;
}

export const define = createDefine<State>();
