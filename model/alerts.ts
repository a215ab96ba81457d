/**
 * Which alerts are wanted: the same words in the page's address, in the API's, and for what comes on the feed. Pure,
 * so that server and browser choose alike.
 */
import type { Anomaly } from "./api.ts";
import { ALERTS } from "./filter/alerts.ts";
import { FilterError } from "./filter/filter.ts";
import { type Matcher, matcherOf } from "./filter/match.ts";
import { parseFilter } from "./filter/parse.ts";

/** What must hold of an alert; empty fields ask for nothing. */
export interface AlertFilter {
  kind: string;
  /** 1 high to 3 low; empty for all. */
  severities: readonly number[];
  state: "" | "open" | "closed";
  /** Whether the user has said to expect it. */
  expected: "" | "yes" | "no";
  /** In the filter language. */
  q: string;
  /** Number of the one flow that it was seen in. */
  flow: string;
  id: string;
}

export const ANY_ALERT: AlertFilter = {
  kind: "",
  severities: [],
  state: "",
  expected: "",
  q: "",
  flow: "",
  id: "",
};

/** How many alerts there are of each kind, severity and state, each under the other conditions of a filter. */
export interface AlertCounts {
  kinds: Record<string, number>;
  severities: Record<string, number>;
  /** Expected ones are neither open nor closed here. */
  open: number;
  closed: number;
  expected: number;
}

/** The number of the flow that an alert of the inspector belongs to: what stands before the colon of its id. */
export function flowOf(alertId: string): string {
  return alertId.split(":", 1)[0];
}

/** Whether the user has said to expect it. */
export function isExpected(alert: Anomaly): boolean {
  return (alert.expected ?? null) !== null;
}

export function matchesAlert(alert: Anomaly, filter: AlertFilter): boolean {
  return hasKind(alert, filter) && hasSeverity(alert, filter) && hasState(alert, filter) &&
    matchesRest(alert, filter, matcherOfText(filter.q));
}

/**
 * The alerts that match, the latest change first, and how many there are beside.
 *
 * @param alerts In any order.
 */
export function selectAlerts(
  alerts: Iterable<Anomaly>,
  filter: AlertFilter,
): { matches: Anomaly[]; counts: AlertCounts } {
  const matches: Anomaly[] = [];
  const counts: AlertCounts = { kinds: {}, severities: {}, open: 0, closed: 0, expected: 0 };
  const matchesText = matcherOfText(filter.q);
  for (const alert of alerts) {
    if (!matchesRest(alert, filter, matchesText)) continue;
    const [kind, severity, state] = [
      hasKind(alert, filter),
      hasSeverity(alert, filter),
      hasState(alert, filter),
    ];
    if (kind && severity && state) matches.push(alert);
    if (severity && state) counts.kinds[alert.kind] = (counts.kinds[alert.kind] ?? 0) + 1;
    if (kind && state) counts.severities[alert.severity] = (counts.severities[alert.severity] ?? 0) + 1;
    if (kind && severity) counts[isExpected(alert) ? "expected" : alert.open ? "open" : "closed"]++;
  }
  return { matches: matches.sort(byLatest), counts };
}

/** Order of a list: the latest change first. */
export function byLatest(a: Anomaly, b: Anomaly): number {
  return b.last - a.last || b.first - a.first || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

function hasKind({ kind }: Anomaly, filter: AlertFilter): boolean {
  return filter.kind === "" || kind === filter.kind;
}

function hasSeverity({ severity }: Anomaly, { severities }: AlertFilter): boolean {
  return severities.length === 0 || severities.includes(severity);
}

function hasState(alert: Anomaly, { state, expected }: AlertFilter): boolean {
  return (state === "" || alert.open === (state === "open")) &&
    (expected === "" || isExpected(alert) === (expected === "yes"));
}

function matchesRest(alert: Anomaly, { id, flow }: AlertFilter, matchesText: Matcher<Anomaly>): boolean {
  return (id === "" || alert.id === id) && (flow === "" || flowOf(alert.id) === flow) &&
    matchesText(alert);
}

/** The last filter that was read: lists ask by the same again and again. */
let last: { q: string; matches: Matcher<Anomaly> } | null = null;

/** What `q` asks; one that cannot be read lets nothing through. */
function matcherOfText(q: string): Matcher<Anomaly> {
  if (last?.q === q) return last.matches;
  try {
    last = { q, matches: matcherOf(parseFilter(q), ALERTS) };
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    last = { q, matches: () => false };
  }
  return last.matches;
}
