import assert from "node:assert/strict";
import { HISTORY_POINTS, withPoint } from "../../components/live.ts";
import { MIN_SPAN_MS, niceTop, seriesPath, shownSeries, timeSpan } from "../../components/series.ts";
import type { ThroughputPoint } from "../../model/api.ts";

const point = (t: number, more: Partial<ThroughputPoint> = {}): ThroughputPoint => ({
  t,
  in: 0,
  out: 0,
  local: 0,
  other: 0,
  packets: 0,
  dropped: 0,
  ...more,
});

Deno.test("withPoint() appends, replaces the same second, starts anew when the clock jumps back", () => {
  let points = withPoint([], point(1_000));
  points = withPoint(points, point(2_000));
  assert.deepEqual(points.map((p) => p.t), [1_000, 2_000]);
  assert.equal(withPoint(points, point(2_000, { in: 7 }))[1].in, 7);
  assert.deepEqual(withPoint(points, point(500)).map((p) => p.t), [500]);
});

Deno.test("withPoint() keeps a bounded history, the newest", () => {
  let points: ThroughputPoint[] = [];
  for (let t = 1; t <= HISTORY_POINTS + 50; t++) points = withPoint(points, point(t * 1_000));
  assert.equal(points.length, HISTORY_POINTS);
  assert.equal(points[0].t, 51_000);
});

Deno.test("niceTop() is a little above the peak, never below", () => {
  assert.equal(niceTop(0), 1_000);
  assert.equal(niceTop(63e6), 80e6);
  assert.equal(niceTop(80e6), 80e6);
  assert.equal(niceTop(81e6), 100e6);
  for (let v = 1_000; v < 1e12; v *= 1.37) assert.ok(niceTop(v) >= v && niceTop(v) <= 2 * v);
});

Deno.test("shownSeries() leaves out local and other while there is nothing on them", () => {
  assert.deepEqual(shownSeries([point(1)]).map((s) => s.key), ["in", "out"]);
  assert.deepEqual(shownSeries([point(1), point(2, { other: 1 })]).map((s) => s.key), ["in", "out", "other"]);
});

Deno.test("seriesPath() stays in its box, from the first seconds on", () => {
  assert.equal(seriesPath([], "in", { width: 100, height: 50, top: 10 }), "");
  assert.deepEqual(timeSpan([point(90_000)]), [90_000 - MIN_SPAN_MS, 90_000]);
  const path = seriesPath([point(60_000, { in: 10 }), point(120_000)], "in", {
    width: 100,
    height: 50,
    top: 10,
  });
  assert.equal(path, "M0.0 0.0L100.0 50.0");
});
