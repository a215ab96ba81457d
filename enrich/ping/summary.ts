/** Round trips as the few numbers that people compare. */
import type { PingAnswer, PingReply } from "../../model/who.ts";

/** What is said of a run. */
export type PingSummary = Pick<PingAnswer, "sent" | "received" | "loss" | "rtt_ms" | "jitter_ms">;

/**
 * Numbers of a run; milliseconds to three places.
 *
 * Jitter is the mean absolute difference between round trips that follow each other, over those that were received:
 * what RFC 3550 §6.4.1 smooths, without the smoothing, which needs more than twenty values to settle.
 */
export function summarize(replies: PingReply[]): PingSummary {
  const trips = replies.flatMap(({ rtt_ms }) => rtt_ms === null ? [] : [rtt_ms]);
  const sorted = trips.toSorted((a, b) => a - b);
  const count = sorted.length;
  const mean = trips.reduce((sum, trip) => sum + trip, 0) / count;
  const middle = count >> 1;
  const steps = trips.slice(1).map((trip, i) => Math.abs(trip - trips[i]));
  return {
    sent: replies.length,
    received: count,
    loss: replies.length === 0 ? 0 : (replies.length - count) / replies.length,
    rtt_ms: count === 0 ? null : {
      min: rounded(sorted[0]),
      median: rounded(count % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2),
      mean: rounded(mean),
      p95: rounded(sorted[Math.ceil(0.95 * count) - 1]), // nearest rank
      max: rounded(sorted[count - 1]),
    },
    jitter_ms: steps.length === 0 ? null : rounded(steps.reduce((sum, step) => sum + step, 0) / steps.length),
  };
}

function rounded(ms: number): number {
  return Math.round(1000 * ms) / 1000;
}
