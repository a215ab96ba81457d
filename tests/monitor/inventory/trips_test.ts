/** Merged latency: quantiles of the mixture, checked against all values put together. */
import assert from "node:assert/strict";
import type { RoundTripStats } from "../../../model/api.ts";
import { merged } from "../../../monitor/inventory/trips.ts";

function stats(min_ms: number, median_ms: number, p95_ms: number, samples: number): RoundTripStats {
  return { min_ms, median_ms, p95_ms, samples };
}

Deno.test("one connection is itself, none is null", () => {
  assert.equal(merged([]), null);
  const one = merged([stats(1, 2, 4, 16)])!;
  assert.deepEqual([one.min_ms, Math.round(one.median_ms * 100) / 100, one.connections, one.samples], [
    1,
    2,
    1,
    16,
  ]);
  assert.ok(Math.abs(one.p95_ms - 4) < 0.01);
});

Deno.test("of a near and a far host's connections the median lies between, as the weights say", () => {
  const near = stats(1, 1.1, 1.2, 16);
  const far = stats(100, 101, 102, 16);
  const most = merged([near, near, near, far])!;
  assert.ok(most.median_ms < 1.3, String(most.median_ms));
  assert.ok(most.p95_ms >= 100);
  assert.equal(most.min_ms, 1);
  const mostFar = merged([near, far, far, far])!;
  assert.ok(mostFar.median_ms >= 100);
  // One round trip weighs less than sixteen.
  assert.ok(merged([stats(1, 1, 1, 1), stats(50, 51, 52, 100)])!.median_ms >= 50);
});

Deno.test("evenly spread connections merge to the even spread", () => {
  const all = Array.from({ length: 20 }, (_, i) => stats(i, i + 0.5, i + 0.95, 16));
  const { median_ms, p95_ms } = merged(all)!;
  assert.ok(Math.abs(median_ms - 10) < 0.6, String(median_ms));
  assert.ok(Math.abs(p95_ms - 19) < 0.6, String(p95_ms));
});
