/**
 * Alerts, open and over, the latest change first: what is wrong, on what evidence, and what is expected. When there is
 * nothing, the list says what was looked at and what cannot be seen.
 */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Anomaly, AnomalyPage, Expected, RuleStatus, Tick } from "../model/api.ts";
import { Alert } from "../components/Alert.tsx";
import { type AlertView, filterOfView, PAGE_ALERTS, viewHref } from "../components/alert_filter.ts";
import { AlertBar } from "../components/AlertBar.tsx";
import { ExpectDialog } from "../components/ExpectDialog.tsx";
import { textDetail } from "../components/finding_words.ts";
import { count, counted } from "../components/format.ts";
import { FilterTrouble } from "../components/FilterField.tsx";
import { Icon } from "../components/Icon.tsx";
import { isCapturing } from "../components/status.ts";
import type { Trouble } from "../components/trouble.ts";
import { MAX_WAITING, useAlerts } from "../components/use_alerts.ts";
import { useLive } from "../components/use_live.ts";
import { typedAlready } from "../components/typed_already.ts";

/** Rest after a keystroke before the filter is sent. */
const TYPING_MS = 180;

interface Props {
  tick: Tick;
  page: AnomalyPage;
  view: AlertView;
  rules: RuleStatus[];
  /** What is wrong with the filter in the page's address. */
  trouble: Trouble | null;
}

/** What the reader has just done, to be told and undone. */
interface Done {
  text: string;
  /** Id of the entry that can be taken back; "" for none. */
  entry: string;
}

export default function AlertList(props: Props) {
  const tick = useLive(props.tick);
  const [view, setView] = useState(props.view);
  const [typed, setTyped] = useState(() => typedAlready(props.view.q));
  const [withFirst, setWithFirst] = useState(false);
  const [asked, setAsked] = useState<Anomaly | null>(null);
  const [done, setDone] = useState<Done | null>(null);
  const list = useRef<HTMLUListElement>(null);
  const news = useRef<HTMLParagraphElement>(null);
  const filter = useMemo(() => filterOfView(view), [view]);
  const { page, waiting, trouble, reload } = useAlerts({
    first: props.page,
    trouble: props.trouble,
    filter,
    offset: (view.page - 1) * PAGE_ALERTS,
    limit: PAGE_ALERTS,
    isHeld: () => list.current?.contains(document.activeElement) ?? false,
  });
  const rules = useMemo(() => new Map(props.rules.map((rule) => [rule.kind, rule])), [props.rules]);
  const alike = useMemo(() => countCards(page.anomalies), [page.anomalies]);

  const show = (next: AlertView) => {
    setView(next);
    setTyped(next.q);
    history.replaceState(history.state, "", viewHref(next));
  };
  useEffect(() => {
    const q = typed.trim();
    if (q === view.q) return;
    const timer = setTimeout(() => {
      const next = { ...view, q, page: 1 };
      setView(next);
      history.replaceState(history.state, "", viewHref(next));
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, view]);

  // The button that was pressed goes with its alert: who uses the keyboard goes on from what came of it.
  useEffect(() => {
    if (done !== null) news.current!.focus({ preventScroll: true });
  }, [done]);

  const undo = async (entry: string) => {
    const why = await unexpect(entry);
    setDone({ text: why === "" ? "No longer expected: it is an alarm again" : why, entry: "" });
    await reload();
  };
  const closed = (entry: Expected | null) => {
    setAsked(null);
    if (entry === null) return;
    setDone({ text: "Expected from now on. It moved to the tab “Expected”", entry: entry.id });
    void reload();
  };

  const { anomalies, total } = page;
  const pages = Math.max(1, Math.ceil(total / PAGE_ALERTS));
  const hasCards = anomalies.some((one) => textDetail(one.details, "masked") !== "");
  return (
    <div class="alerts">
      <AlertBar view={view} counts={page.counts} typed={typed} onType={setTyped} onView={show}>
        {hasCards && (
          <button
            type="button"
            class="button needs-script"
            aria-pressed={withFirst ? "true" : "false"}
            title="The first six digits name the issuer. Numbers in between are never kept"
            onClick={() => setWithFirst(!withFirst)}
          >
            <Icon name="card" />
            Show first six digits
          </button>
        )}
      </AlertBar>
      <FilterTrouble filter={view.q} trouble={trouble} />
      <p
        class={done === null ? "visually-hidden" : "banner banner-info alert-done"}
        role="status"
        ref={news}
        tabIndex={-1}
      >
        {done === null ? counted(total, "alert") : done.text}
        {done !== null && done.entry !== "" && (
          <button
            type="button"
            class="button button-small"
            onClick={() => void undo(done.entry)}
          >
            <Icon name="undo" />
            Undo
          </button>
        )}
      </p>
      {waiting > 0 && (
        <p class="alert-waiting">
          <button
            type="button"
            class="button"
            onClick={() => view.page === 1 ? void reload() : show({ ...view, page: 1 })}
          >
            <Icon name="up" />
            {waiting === 1
              ? "1 newer change"
              : `${count(waiting)}${waiting < MAX_WAITING ? "" : " or more"} newer changes`}: show
          </button>
        </p>
      )}
      {anomalies.length > 0
        ? (
          <ul class="alert-list" ref={list} aria-label="Alerts, the latest change first">
            {anomalies.map((one) => (
              <Alert
                key={one.id}
                alert={one}
                rule={rules.get(one.kind)}
                withFirst={withFirst}
                alike={(alike.get(textDetail(one.details, "fingerprint")) ?? 1) - 1}
                onExpect={setAsked}
                onUndo={(entry) => void undo(entry)}
              />
            ))}
          </ul>
        )
        : <Nothing tick={tick} view={view} page={page} rules={props.rules} onView={show} />}
      <Pager view={view} pages={pages} total={total} forgotten={page.forgotten} onView={show} />
      {asked !== null && <ExpectDialog key={asked.id} alert={asked} onClose={closed} />}
    </div>
  );
}

function Pager({ view, pages, total, forgotten, onView }: {
  view: AlertView;
  pages: number;
  total: number;
  forgotten: number;
  onView: (view: AlertView) => void;
}) {
  if (pages === 1 && view.page === 1 && forgotten === 0) return null;
  const link = (page: number, label: string) => (
    <a
      class="button"
      href={viewHref({ ...view, page })}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        onView({ ...view, page });
        document.getElementById("findings")?.scrollIntoView();
      }}
    >
      {label}
    </a>
  );
  return (
    <nav class="alert-pager" aria-label="Pages of alerts">
      {view.page > 1 && link(view.page - 1, "Newer")}
      <span>
        Page <b>{count(view.page)}</b> of {count(pages)}, {counted(total, "alert")}
        {forgotten > 0 && <span class="dim">; {count(forgotten)} older ones had to go</span>}
      </span>
      {view.page < pages && link(view.page + 1, "Older")}
    </nav>
  );
}

function Nothing({ tick, view, page, rules, onView }: {
  tick: Tick;
  view: AlertView;
  page: AnomalyPage;
  rules: RuleStatus[];
  onView: (view: AlertView) => void;
}) {
  const notes = page.counts.severities[3] ?? 0;
  const more = notes > 0 && view.severity === ""
    ? (
      <p>
        <a
          href={viewHref({ ...view, severity: "3", page: 1 })}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            onView({ ...view, severity: "3", page: 1 });
          }}
        >
          {counted(notes, "note")}
        </a>{" "}
        {notes === 1 ? "is" : "are"} kept: good to know, or too unsure to be an alert.
      </p>
    )
    : null;
  const filtered = view.kind !== "" || view.q !== "" || view.flow !== "" || view.id !== "" || view.page > 1 ||
    view.severity !== "" || (view.tab !== "" && view.tab !== "open");
  if (filtered) {
    return (
      <div class="empty empty-big">
        <p>{view.tab === "expected" ? "Nothing that was seen is expected." : "No such alert is kept."}</p>
        {more}
        <a href="/findings">Show all alerts</a>
      </div>
    );
  }
  if (!isCapturing(tick)) {
    return (
      <div class="empty empty-big">
        <p>No packets are captured, so little can be found. See above how to turn capture on.</p>
        {more}
      </div>
    );
  }
  const running = rules.filter(({ enabled }) => enabled).length;
  return (
    <div class="empty empty-big">
      <span class="empty-sign">
        <Icon name="shield" />
      </span>
      <p>
        <b>Nothing suspicious</b>
        {view.tab === "open" && page.counts.closed > 0 ? " going on now" : ""} in{" "}
        {counted(tick.totals.packets, "packet")} so far, by {counted(running, "rule")}.
      </p>
      {more}
    </div>
  );
}

/** Takes an entry out of the settings. @returns What went wrong; "" for nothing. */
async function unexpect(entry: string): Promise<string> {
  try {
    const answer = await fetch(`/api/expected/${encodeURIComponent(entry)}`, { method: "DELETE" });
    if (answer.ok) return "";
    const why = await answer.json().catch(() => null) as { detail?: string } | null;
    return why?.detail ?? `It could not be undone (${answer.status})`;
  } catch {
    return "No answer from Netpane: nothing was changed";
  }
}

function countCards(alerts: Anomaly[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { details } of alerts) {
    const card = textDetail(details, "fingerprint"); // tells one card from another without its number
    if (card !== "") counts.set(card, (counts.get(card) ?? 0) + 1);
  }
  return counts;
}
