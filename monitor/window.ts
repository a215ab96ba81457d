/**
 * Sums per label over a sliding window: who moved how much in the last minute (`get_top_apps`, top talkers, pies).
 *
 * The window is cut into buckets that are dropped whole. Labels per bucket are bounded; what comes over the
 * ceiling is summed as `other`, so totals stay right under any flood.
 */
const BUCKETS = 12;
const BUCKET_MS = 5000;
const MAX_LABELS = 4096;

/** Length of the window in seconds. */
export const WINDOW_S = BUCKETS * BUCKET_MS / 1000;

interface Bucket {
  number: number;
  sums: Map<string, number>;
  other: number;
}

export interface WindowSum {
  label: string;
  bytes: number;
}

export class SlidingWindow {
  #buckets: Bucket[] = [];

  /** Adds `bytes` for `label` at `nowMs` (packet time; it may stand still, never matter if it jumps back). */
  add(label: string, bytes: number, nowMs: number): void {
    const bucket = this.#bucket(nowMs);
    const sum = bucket.sums.get(label);
    if (sum !== undefined) bucket.sums.set(label, sum + bytes);
    else if (bucket.sums.size < MAX_LABELS) bucket.sums.set(label, bytes);
    else bucket.other += bytes;
  }

  /** The `most` largest of the window, and the sum of all others. */
  top(most: number, nowMs: number): { top: WindowSum[]; other: number; total: number } {
    const sums = new Map<string, number>();
    let other = 0;
    for (const bucket of this.#alive(nowMs)) {
      other += bucket.other;
      for (const [label, bytes] of bucket.sums) sums.set(label, (sums.get(label) ?? 0) + bytes);
    }
    const sorted = Array.from(sums, ([label, bytes]) => ({ label, bytes })).sort((a, b) => b.bytes - a.bytes);
    const rest = sorted.slice(most).reduce((sum, row) => sum + row.bytes, 0);
    const total = sorted.reduce((sum, row) => sum + row.bytes, other);
    return { top: sorted.slice(0, most), other: other + rest, total };
  }

  #bucket(nowMs: number): Bucket {
    const number = Math.floor(nowMs / BUCKET_MS);
    const latest = this.#buckets.at(-1);
    if (latest !== undefined && latest.number >= number) return latest;
    const bucket = { number, sums: new Map<string, number>(), other: 0 };
    this.#buckets.push(bucket);
    this.#buckets = this.#alive(nowMs);
    return bucket;
  }

  #alive(nowMs: number): Bucket[] {
    const oldest = Math.floor(nowMs / BUCKET_MS) - BUCKETS;
    return this.#buckets.filter((bucket) => bucket.number > oldest).slice(-BUCKETS);
  }
}
