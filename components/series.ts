/** The four lines of throughput, and the picture of them as paths: one place for the chart and its stand-in. */
import type { ThroughputPoint } from "../model/api.ts";

/** A line of the chart: field, word, and CSS class of its colour. */
export const SERIES = [
  { key: "in", label: "In", hint: "to this side" },
  { key: "out", label: "Out", hint: "from this side" },
  { key: "local", label: "Local", hint: "between two local ends" },
  { key: "other", label: "Other", hint: "between two others" },
] as const;

export type SeriesKey = typeof SERIES[number]["key"];

/** Factors of a power of ten that divide into round parts. */
const ROUND = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8];

/** Shortest stretch of time a chart shows: the first seconds after a start are not blown up. */
export const MIN_SPAN_MS = 60_000;

/** Lines worth drawing: in and out always, the others once there is something on them. */
export function shownSeries(points: ThroughputPoint[]): (typeof SERIES[number])[] {
  return SERIES.filter(({ key }) => key === "in" || key === "out" || points.some((p) => p[key] > 0));
}

/** From where to where the time axis runs, ms of packet time. */
export function timeSpan(points: ThroughputPoint[]): [number, number] {
  const last = points.at(-1)?.t ?? 0;
  return [Math.min(points[0]?.t ?? 0, last - MIN_SPAN_MS), last];
}

/** The next round number: a top for an axis that reads well and leaves little room unused, at least 1 kbit/s. */
export function niceTop(bitsPerSecond: number): number {
  const least = Math.max(1_000, bitsPerSecond);
  const power = 10 ** Math.floor(Math.log10(least));
  for (const factor of ROUND) if (factor * power >= least) return factor * power;
  return 10 * power;
}

/** SVG path of one line within a box; with `floor` closed to the ground, for an area. */
export function seriesPath(
  points: ThroughputPoint[],
  key: SeriesKey,
  box: { width: number; height: number; top: number; floor?: boolean },
): string {
  if (points.length === 0) return "";
  const [from, to] = timeSpan(points);
  const x = (t: number) => ((t - from) / (to - from) * box.width).toFixed(1);
  const y = (v: number) => (box.height - v / box.top * box.height).toFixed(1);
  const line = points.map((p, i) => `${i === 0 ? "M" : "L"}${x(p.t)} ${y(p[key])}`).join("");
  return box.floor ? `${line}L${x(to)} ${box.height}L${x(points[0].t)} ${box.height}Z` : line;
}
