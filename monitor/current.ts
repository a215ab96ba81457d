/** The monitor of this process, for the Fresh app, whose server module is loaded after the engine has started. */
import type { Monitor } from "./mod.ts";

let current: Monitor | null = null;

export function setMonitor(monitor: Monitor): void {
  current = monitor;
}

/** @throws Error when the app is served without the engine (`netpane start` starts both). */
export function getMonitor(): Monitor {
  if (current === null) throw new Error("No monitor is running: start with `netpane start`");
  return current;
}
