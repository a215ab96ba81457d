/** What the page of alerts shows: its address, what that asks of the API, and of what comes on the feed. */
import type { AlertFilter } from "../model/alerts.ts";
import { MAX_FILTER } from "./query.ts";

/** Alerts on a page. */
export const PAGE_ALERTS = 20;

/** Tabs: alerts that are none because they are expected stand apart. */
export const TABS = {
  "": "All",
  open: "Open",
  closed: "Over",
  expected: "Expected",
} as const;

export type Tab = keyof typeof TABS;

/** `""`: high and medium; notes are asked for by name. */
export const SEVERITIES = { "": [1, 2], "1": [1], "2": [2], "3": [3], all: [] } as const;

export type SeverityChoice = keyof typeof SEVERITIES;

export interface AlertView {
  tab: Tab;
  severity: SeverityChoice;
  kind: string;
  q: string;
  /** Only of one flow, or only one alert; "" for all. */
  flow: string;
  id: string;
  /** Counted from 1. */
  page: number;
}

export const FIRST_VIEW: AlertView = { tab: "", severity: "", kind: "", q: "", flow: "", id: "", page: 1 };

const MAX_NAME = 200;
const MAX_PAGE = 1_000;

/** The view in a page's address; what cannot be right becomes the default. */
export function parseView(params: URLSearchParams): AlertView {
  const tab = params.get("state") ?? "";
  const severity = params.get("severity") ?? "";
  const page = Number(params.get("page"));
  return {
    tab: Object.hasOwn(TABS, tab) ? tab as Tab : "",
    severity: Object.hasOwn(SEVERITIES, severity) ? severity as SeverityChoice : "",
    kind: (params.get("kind") ?? "").slice(0, MAX_NAME),
    q: (params.get("q") ?? "").trim().slice(0, MAX_FILTER),
    flow: /^\d{1,16}$/.exec(params.get("flow") ?? "")?.[0] ?? "",
    id: (params.get("id") ?? "").slice(0, MAX_NAME),
    page: Number.isSafeInteger(page) && page > 1 ? Math.min(page, MAX_PAGE) : 1,
  };
}

/** Address of the page that shows `view`; defaults are left out. */
export function viewHref({ tab, ...view }: AlertView): string {
  const params = new URLSearchParams();
  if (tab !== "") params.set("state", tab);
  for (const name of ["severity", "kind", "q", "flow", "id"] as const) {
    if (view[name] !== "") params.set(name, view[name]);
  }
  if (view.page > 1) params.set("page", String(view.page));
  return params.size === 0 ? "/findings" : `/findings?${params}`;
}

/** Address of the page with one alert. */
export function alertHref(id: string): string {
  return viewHref({ ...FIRST_VIEW, id });
}

/** What a view asks of an alert. One alert, or those of one flow, are shown whatever their state. */
export function filterOfView({ tab, severity, kind, q, flow, id }: AlertView): AlertFilter {
  const one = flow !== "" || id !== "";
  return {
    kind,
    severities: one && severity === "" ? [] : SEVERITIES[severity],
    state: tab === "open" || tab === "closed" ? tab : "",
    expected: tab === "expected" ? "yes" : one && tab === "" ? "" : "no",
    q,
    flow,
    id,
  };
}

/** Address of the API that answers a filter. */
export function alertsHref(
  filter: AlertFilter,
  { offset, limit }: { offset: number; limit: number },
): string {
  const params = new URLSearchParams({ offset: String(offset), limit: String(limit) });
  // Without it the API leaves out those that are expected.
  if (filter.expected !== "no") params.set("expected", filter.expected || "all");
  for (const name of ["kind", "state", "q", "flow", "id"] as const) {
    if (filter[name] !== "") params.set(name, filter[name]);
  }
  if (filter.severities.length > 0) params.set("severity", filter.severities.join(","));
  return `/api/anomalies?${params}`;
}
