/** Which alerts are shown: tabs by state, severities, kinds with their counts, and words. Links and a form without scripts. */
import type { ComponentChildren } from "preact";
import type { AlertCounts } from "../model/alerts.ts";
import {
  type AlertView,
  FIRST_VIEW,
  SEVERITIES,
  type SeverityChoice,
  type Tab,
  TABS,
  viewHref,
} from "./alert_filter.ts";
import { gradeOf, kindOf } from "./finding_words.ts";
import { FilterField } from "./FilterField.tsx";
import { count } from "./format.ts";
import { Icon } from "./Icon.tsx";
import { legible } from "./legible.ts";

/** Kinds shown at once; the chosen one is always among them. */
const MAX_KINDS = 40;

export interface AlertBarProps {
  view: AlertView;
  counts: AlertCounts;
  /** What stands in the box; the view follows a moment later. */
  typed: string;
  onType: (text: string) => void;
  onView: (view: AlertView) => void;
  children?: ComponentChildren;
}

export function AlertBar({ view, counts, typed, onType, onView, children }: AlertBarProps) {
  const ask = (changes: Partial<AlertView>) => ({ ...view, page: 1, ...changes });
  const tabs: Record<Tab, number> = {
    "": counts.open + counts.closed,
    open: counts.open,
    closed: counts.closed,
    expected: counts.expected,
  };
  const kinds = Object.keys(counts.kinds).sort((a, b) =>
    counts.kinds[b] - counts.kinds[a] || (a < b ? -1 : 1)
  )
    .slice(0, MAX_KINDS);
  if (view.kind !== "" && !kinds.includes(view.kind)) kinds.push(view.kind);
  const of = (severity: SeverityChoice) =>
    (SEVERITIES[severity].length === 0 ? [1, 2, 3] : SEVERITIES[severity])
      .reduce((sum, n) => sum + (counts.severities[n] ?? 0), 0);
  const severities: [SeverityChoice, string][] = [
    ["", "Alerts"],
    ["1", gradeOf(1).word],
    ["2", gradeOf(2).word],
    ["3", "Notes"],
  ];
  const pill = (to: AlertView, current: boolean, label: ComponentChildren, n: number) => (
    <Choice to={to} current={current} onView={onView}>
      {label} <span class="dim">{count(n)}</span>
    </Choice>
  );
  return (
    <div class="alert-bar">
      <div class="alert-bar-row">
        <ul class="tabs" aria-label="By state">
          {(Object.keys(TABS) as Tab[]).map((tab) => (
            <li key={tab}>{pill(ask({ tab }), view.tab === tab, TABS[tab], tabs[tab])}</li>
          ))}
        </ul>
        <form
          class="filter alert-filter"
          role="search"
          method="get"
          action="/findings"
          onSubmit={(event) => event.preventDefault()}
        >
          <FilterField
            list="alerts"
            label="Filter alerts"
            placeholder="Filter: 10.0.0.1 nmap"
            typed={typed}
            onType={onType}
            hint=""
          />
          {view.tab !== "" && <input type="hidden" name="state" value={view.tab} />}
          {view.severity !== "" && <input type="hidden" name="severity" value={view.severity} />}
          {view.kind !== "" && <input type="hidden" name="kind" value={view.kind} />}
          <button type="submit" class="button without-script">Filter</button>
        </form>
        {children}
      </div>
      <div class="alert-bar-row">
        <ul class="pills" aria-label="By severity">
          {severities.map(([severity, label]) => (
            <li key={severity}>
              {pill(ask({ severity }), view.severity === severity, label, of(severity))}
            </li>
          ))}
        </ul>
        {kinds.length > 0 && (
          <ul class="pills" aria-label="By kind">
            {kinds.map((kind) => (
              <li key={kind}>
                {pill(
                  ask({ kind: view.kind === kind ? "" : kind }),
                  view.kind === kind,
                  <span class="foreign">
                    <Icon name={kindOf(kind).icon} /> {legible(kindOf(kind).many, 60)}
                  </span>,
                  counts.kinds[kind] ?? 0,
                )}
              </li>
            ))}
          </ul>
        )}
        {(view.id !== "" || view.flow !== "") && (
          <p class="pills">
            <span class="pill" aria-current="true">{view.id !== "" ? "one alert" : "one connection"}</span>
            <Choice to={FIRST_VIEW} current={false} onView={onView}>Show all</Choice>
          </p>
        )}
      </div>
    </div>
  );
}

function Choice({ to, current, onView, children }: {
  to: AlertView;
  current: boolean;
  onView: (view: AlertView) => void;
  children: ComponentChildren;
}) {
  return (
    <a
      class="pill"
      href={viewHref(to)}
      aria-current={current ? "true" : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return; // a new tab was asked for
        event.preventDefault();
        onView(to);
      }}
    >
      {children}
    </a>
  );
}
