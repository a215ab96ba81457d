/** What the detector is told to do, and what it counts. */

/** Which rules run and with which thresholds; what is absent is as the rule's own file says. */
export type RuleSettings = Record<string, { enabled?: boolean; options?: Record<string, number> }>;

/** What the detector counts, since the beginning. */
export interface DetectCounters {
  /** Facts taken in. */
  facts: number;
  /** Alerts open now and the ceiling; all raised; told as over for want of room. */
  alertsOpen: number;
  alertsCapacity: number;
  alertsRaised: number;
  alertsEvicted: number;
  /** Each rule that runs, by kind. */
  rules: Record<string, {
    alerts: number;
    entries: number;
    capacity: number;
    evicted: number;
    /** Times it failed on something: each a defect of ours. */
    failures: number;
  }>;
}

/** Nothing detected. */
export function emptyDetectCounters(): DetectCounters {
  return { facts: 0, alertsOpen: 0, alertsCapacity: 0, alertsRaised: 0, alertsEvicted: 0, rules: {} };
}
