/** What islands call for data: the server's tick until the stream brings newer ones. */
import { useEffect } from "preact/hooks";
import type { Tick } from "../model/api.ts";
import { startFeed, tick } from "./live.ts";

/** The tick to show now; the component is rendered again with each new one. */
export function useLive(first: Tick): Tick {
  useEffect(startFeed, []);
  return tick.value ?? first;
}
