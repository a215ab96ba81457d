/**
 * How regular a series of events is, and how sure that can be: the test behind `beaconing`.
 *
 * The question is put to the sceptic: events that come by chance, at a constant rate (Poisson), have gaps that are
 * shares of a stick broken at random. How probable is it that such gaps are as alike as those seen? Given the total,
 * n gaps are a point spread evenly over a simplex of n − 1 dimensions, and those whose coefficient of variation is at
 * most c are the part of it within a ball around the middle (the statistic is Greenwood's, 1946). So the probability
 * is at most the ball's volume over the simplex's,
 *
 *   p = π^((n−1)/2) · Γ(n) / (√n · Γ((n+1)/2)) · (c/√n)^(n−1)
 *
 * exactly so while the ball lies inside. Ten gaps that vary by a tenth have p ≈ 10^-7; by a third, 10^-3. Traffic of
 * people comes in bursts, so it is less regular than chance, and p says still less than it could.
 *
 * Some gaps may be left out (a missed beat, a pause, a contact in between): the best n − m of n are taken, and p is
 * multiplied by the number of ways to choose them. Contacts close together are one event: merging leaves gaps of at
 * least the merging distance d, and a chance process stays one for what is above d, so p is asked of gap − d.
 */

/** Events looked at, at most. */
export const MAX_EVENTS = 64;
/** Share of gaps that may be left out. */
const MAX_LEFT_OUT = 0.25;
/** Events closer than d are one; each d is so many times the one before. */
const MERGE_STEP = 4;
const MERGES = 4;
/** A beat whose parts lie d apart must be far from the next beat, or it is no beat. */
const MIN_PERIODS_OF_MERGE = 3;
/** Clocks and networks are not better than this. */
const MIN_VARIATION = 1e-3;

export interface Rhythm {
  /** Mean of the gaps that were kept. */
  periodUs: number;
  /** Standard deviation of the gaps kept, as a share of the period. */
  jitter: number;
  /** Events after merging. */
  beats: number;
  gaps: number;
  /** Gaps left out. */
  leftOut: number;
  /** Of the gaps left out, those that are a whole number of periods: beats that were missed. */
  missed: number;
  /** log10 of the probability that chance is as regular; 0 and below. */
  log10P: number;
  /** Events closer than this were one. */
  mergeUs: number;
  /** Between the first event and the last. */
  spanUs: number;
}

/** Asked for again and again: by number of gaps. */
const LN_FACTORIAL = Float64Array.from({ length: MAX_EVENTS + 1 }, (_, n) => lnGamma(n + 1));
const LN_VOLUMES = Float64Array.from({ length: MAX_EVENTS }, (_, n) => n === 0 ? 0 : lnVolumes(n));

const merged = new Float64Array(MAX_EVENTS);
const sorted = new Float64Array(MAX_EVENTS);
const sums = new Float64Array(MAX_EVENTS);
const squares = new Float64Array(MAX_EVENTS);

/**
 * The rhythm that is least likely to be chance; `null` with fewer than `minBeats` events at every merging distance.
 *
 * @param times Microseconds, ascending; the last `MAX_EVENTS` are looked at.
 * @param mergeUs The smallest merging distance.
 * @param minBeats At least 4.
 */
export function rhythmOf(times: readonly number[], mergeUs: number, minBeats: number): Rhythm | null {
  let best: Rhythm | null = null;
  for (let i = 0, d = mergeUs; i < MERGES; i++, d *= MERGE_STEP) {
    const rhythm = rhythmAt(times, d, minBeats);
    if (rhythm === null) break; // a larger distance leaves fewer still
    rhythm.log10P = Math.min(0, rhythm.log10P + tries(i, MERGES - 1) / Math.LN10);
    const enough = rhythm.periodUs >= MIN_PERIODS_OF_MERGE * d;
    if (enough && (best === null || rhythm.log10P < best.log10P)) best = rhythm;
  }
  return best;
}

/** Events closer to the beginning of an event than `mergeUs` are part of it. @returns How many are left, in `out`. */
export function mergeEvents(times: ArrayLike<number>, mergeUs: number, out: { [i: number]: number }): number {
  let count = 0;
  for (let i = 0; i < times.length; i++) {
    if (count === 0 || times[i] - out[count - 1] >= mergeUs) out[count++] = times[i];
  }
  return count;
}

function rhythmAt(times: readonly number[], mergeUs: number, minBeats: number): Rhythm | null {
  const events = times.length > MAX_EVENTS ? times.slice(-MAX_EVENTS) : times;
  const beats = mergeEvents(events, mergeUs, merged);
  if (beats < Math.max(4, minBeats)) return null;
  const n = beats - 1;
  for (let i = 0; i < n; i++) sorted[i] = (merged[i + 1] - merged[i]) / 1e6;
  const gaps = sorted.subarray(0, n).sort();
  let [sum, square] = [0, 0];
  for (let i = 0; i < n; i++) {
    sum += gaps[i];
    square += gaps[i] * gaps[i];
    sums[i] = sum;
    squares[i] = square;
  }
  const d = mergeUs / 1e6;
  const most = Math.floor(n * MAX_LEFT_OUT);
  let [bestLog, bestFrom, bestKept, bestMean, bestDeviation] = [Infinity, 0, n, 0, 0];
  for (let leftOut = 0; leftOut <= most; leftOut++) {
    const kept = n - leftOut;
    const ways = LN_FACTORIAL[n] - LN_FACTORIAL[leftOut] - LN_FACTORIAL[kept] + tries(leftOut, most);
    for (let from = 0; from <= leftOut; from++) {
      const to = from + kept - 1;
      const mean = (sums[to] - (from === 0 ? 0 : sums[from - 1])) / kept;
      const meanSquare = (squares[to] - (from === 0 ? 0 : squares[from - 1])) / kept;
      const deviation = Math.sqrt(Math.max(0, meanSquare - mean * mean));
      const log = lnChance(kept, deviation / Math.max(1e-9, mean - d)) + ways;
      if (log < bestLog) {
        [bestLog, bestFrom, bestKept, bestMean, bestDeviation] = [log, from, kept, mean, deviation];
      }
    }
  }
  let missed = 0;
  for (let i = bestFrom + bestKept; i < n; i++) {
    const periods = gaps[i] / bestMean;
    if (Math.abs(periods - Math.round(periods)) <= 0.25) missed += Math.round(periods) - 1;
  }
  return {
    periodUs: bestMean * 1e6,
    jitter: bestDeviation / bestMean,
    beats,
    gaps: n,
    leftOut: n - bestKept,
    missed,
    log10P: Math.min(0, bestLog / Math.LN10),
    mergeUs,
    spanUs: merged[beats - 1] - merged[0],
  };
}

/** ln of what one of several tries costs: half of the chance belongs to the plainest, the rest to the `others`. */
function tries(i: number, others: number): number {
  return i === 0 ? Math.LN2 : Math.log(2 * others);
}

/** ln of the bound above, for `n` gaps with coefficient of variation `c`; not above 0. */
export function lnChance(n: number, c: number): number {
  const volumes = n < MAX_EVENTS ? LN_VOLUMES[n] : lnVolumes(n);
  return Math.min(0, volumes + (n - 1) * Math.log(Math.max(MIN_VARIATION, c)));
}

/** What of it is the same for all `c`. */
function lnVolumes(n: number): number {
  return (n - 1) / 2 * Math.log(Math.PI) + lnGamma(n) - Math.log(n) / 2 - lnGamma((n + 1) / 2) -
    (n - 1) / 2 * Math.log(n);
}

/** ln Γ(x) for x ≥ 1/2, by Stirling's series above 8 and the recurrence below. */
export function lnGamma(x: number): number {
  let shift = 0;
  for (; x < 8; x++) shift += Math.log(x);
  const inverse = 1 / x;
  const square = inverse * inverse;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) +
    inverse * (1 / 12 - square * (1 / 360 - square / 1260)) - shift;
}

/** A histogram of the gaps between events, for evidence: equal bins up to twice the period, and one above. */
export function gapHistogram(
  times: readonly number[],
  rhythm: Rhythm,
  bins = 16,
): { from_s: number; to_s: number | null; count: number }[] {
  const beats: number[] = [];
  const count = mergeEvents(times, rhythm.mergeUs, beats);
  const width = 2 * rhythm.periodUs / bins / 1e6;
  const out = Array.from({ length: bins + 1 }, (_, i) => ({
    from_s: Number((i * width).toPrecision(4)),
    to_s: i === bins ? null : Number(((i + 1) * width).toPrecision(4)),
    count: 0,
  }));
  for (let i = 1; i < count; i++) {
    out[Math.min(bins, Math.floor((beats[i] - beats[i - 1]) / 1e6 / width))].count++;
  }
  return out;
}
