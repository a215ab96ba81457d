/** The one line that says whether what is on the screen can be trusted: what is watched, and how it goes. */
import type { Tick } from "../model/api.ts";
import type { Link } from "./live.ts";
import { percent } from "./format.ts";

/** A word, a colour for it, and what is watched. */
export interface StatusLine {
  tone: "ok" | "info" | "warning" | "error";
  word: string;
  watched: string;
}

/** Whether packets are seen at all; a file being played always has some. */
export function isCapturing(tick: Tick): boolean {
  return tick.capture.mode === "playback" ||
    (tick.capture.mode === "live" && tick.throughput_from === "packets");
}

/** What a reader can do while there is no connection to show. */
export type Advice = "wait" | "capture-off" | "playback";

/** Which advice fits how capture goes now. */
export function adviceFor(tick: Tick): Advice {
  return tick.capture.mode === "playback" ? "playback" : isCapturing(tick) ? "wait" : "capture-off";
}

/** The status of the page: trouble first, then the reader's own doing, then the capture's. */
export function statusLine(tick: Tick, link: Link, paused: boolean): StatusLine {
  const watched = watchedText(tick);
  if (link === "lost") return { tone: "error", word: "Reconnecting…", watched };
  if (paused) return { tone: "info", word: "Paused", watched };
  const { mode, finished } = tick.capture;
  if (mode === "playback") return { tone: "info", word: finished ? "Played to the end" : "Playing", watched };
  if (!isCapturing(tick)) return { tone: "warning", word: "Capture off", watched };
  return { tone: "ok", word: "Live", watched };
}

function watchedText(tick: Tick): string {
  const { mode, interfaces, file, speed, progress, finished, filter } = tick.capture;
  const only = filter === "" ? "" : `, only “${filter}”`;
  if (mode === "playback") {
    // JSON has no Infinity: as fast as possible comes as 0.
    const pace = speed > 0 && speed !== Infinity ? `${speed}×` : "as fast as possible";
    return `${baseName(file)} · ${pace}${finished ? "" : ` · ${percent(progress)}`}${only}`;
  }
  if (mode === "off" || !isCapturing(tick)) return "Sockets and interface counters only";
  return interfaces.join(", ") + only;
}

function baseName(path: string): string {
  return path.split(/[\\/]/).at(-1) || path;
}
