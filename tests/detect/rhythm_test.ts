/** The test of regularity against what it claims: its probabilities are bounds, and jitter does not hide a beat. */
import assert from "node:assert/strict";
import { gapHistogram, lnChance, lnGamma, rhythmOf } from "../../detect/rhythm.ts";

/** Numbers that look random and are the same each time: mulberry32. */
export function dice(seed: number): () => number {
  return () => {
    seed = seed + 0x6d2b79f5 | 0;
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}

function timesOf(count: number, gapS: (i: number) => number): number[] {
  const times = [1e15];
  for (let i = 1; i < count; i++) times.push(times[i - 1] + gapS(i) * 1e6);
  return times;
}

Deno.test("ln Γ is that of factorials and halves", () => {
  assert(Math.abs(lnGamma(11) - Math.log(3_628_800)) < 1e-6);
  assert(Math.abs(lnGamma(0.5) - Math.log(Math.sqrt(Math.PI))) < 1e-6);
});

Deno.test("the bound is the chance itself for three gaps, where it can be drawn on paper", () => {
  // A disc within a triangle: π (c/√3)² over its area √3/2.
  assert(Math.abs(Math.exp(lnChance(3, 0.2)) - Math.PI * 0.04 / 3 / (Math.sqrt(3) / 2)) < 1e-9);
});

Deno.test("chance is hardly ever told as regular: no oftener than the bound says", () => {
  const random = dice(7);
  const trials = 20_000;
  let below = 0;
  for (let i = 0; i < trials; i++) {
    const rhythm = rhythmOf(timesOf(16, () => -5 * Math.log(1 - random())), 500_000, 8);
    if (rhythm !== null && rhythm.log10P <= -3) below++;
  }
  assert(below / trials <= 1e-3, `${below} of ${trials}`);
});

Deno.test("people's pauses, which vary more than chance, are never regular", () => {
  const random = dice(8);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  for (let i = 0; i < 5_000; i++) {
    const rhythm = rhythmOf(timesOf(60, () => 4 * Math.exp(1.1 * normal())), 500_000, 8);
    assert((rhythm?.log10P ?? 0) > -5);
  }
});

Deno.test("a beat is found through jitter of half a period, missed beats and bursts", () => {
  const random = dice(9);
  const cases: Record<string, number[]> = {
    exact: timesOf(10, () => 7),
    jitter: timesOf(40, () => 60 * (0.5 + random())),
    missed: timesOf(24, (i) => i % 6 === 0 ? 120 : 60 * (0.95 + 0.1 * random())),
    bursts: timesOf(21, () => 30).flatMap((at) => [at, at + 0.8e6, at + 1.7e6]),
    hourly: timesOf(12, () => 3600 * (0.9 + 0.2 * random())),
  };
  for (const [name, times] of Object.entries(cases)) {
    const rhythm = rhythmOf(times, 500_000, 8);
    assert(rhythm !== null && rhythm.log10P < -5, `${name}: ${rhythm?.log10P}`);
  }
  assert.equal(Math.round(rhythmOf(cases.bursts, 500_000, 8)!.periodUs / 1e6), 30);
  assert.equal(rhythmOf(cases.missed, 500_000, 8)!.missed, 3);
});

Deno.test("a stream of contacts without pauses has no beat", () => {
  assert.equal(rhythmOf(timesOf(64, () => 0.51), 500_000, 8), null);
});

Deno.test("the histogram counts each gap once", () => {
  const times = timesOf(20, (i) => i % 5 === 0 ? 30 : 10);
  const rhythm = rhythmOf(times, 500_000, 8)!;
  const bins = gapHistogram(times, rhythm);
  assert.equal(bins.reduce((sum, { count }) => sum + count, 0), 19);
  assert.equal(bins.at(-1)!.count, 3);
});
