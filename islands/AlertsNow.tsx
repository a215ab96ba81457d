/** What is wrong now, in a few lines: the latest alerts that go on. When there is none, what that rests on. */
import type { AnomalyPage, Tick } from "../model/api.ts";
import { alertHref, filterOfView, FIRST_VIEW } from "../components/alert_filter.ts";
import { gradeOf, kindOf, messageOf, titleOf } from "../components/finding_words.ts";
import { count, counted, duration, isoTime } from "../components/format.ts";
import { Icon } from "../components/Icon.tsx";
import { legible } from "../components/legible.ts";
import { isCapturing } from "../components/status.ts";
import { useAlerts } from "../components/use_alerts.ts";
import { useLive } from "../components/use_live.ts";

/** Alerts shown: the page of alerts has all. */
export const MAX_NOW = 4;

const FILTER = filterOfView({ ...FIRST_VIEW, tab: "open" });

interface Props {
  tick: Tick;
  page: AnomalyPage;
  /** `23 rules watch, 1 is off`. */
  rules: string;
}

export default function AlertsNow(props: Props) {
  const tick = useLive(props.tick);
  const { page } = useAlerts({ first: props.page, filter: FILTER, offset: 0, limit: MAX_NOW, follows: true });
  // What has ended since is told here until the server is asked again, then it goes.
  const rows = page.anomalies;
  const { open, closed } = page.counts;
  const { facts_lost: unseen } = tick.totals;
  const lost = tick.totals.kernel_dropped + tick.totals.app_dropped;
  if (rows.length === 0) {
    return (
      <div class="now now-calm">
        <p class="now-word">
          <Icon name={isCapturing(tick) ? "shield" : "warning"} />
          {isCapturing(tick) ? "Nothing suspicious going on" : "Nothing can be seen"}
        </p>
        <p class="now-rest">
          {isCapturing(tick)
            ? (
              <>
                {counted(tick.totals.packets, "packet")} looked at, {lost === 0 ? "none" : count(lost)}{" "}
                lost before that; {unseen > 0 && `${counted(unseen, "event")} too many for the rules; `}
                {props.rules}
              </>
            )
            : "No packets are captured; only the machine itself is watched"}
          {closed > 0 && (
            <>
              {". "}
              <a href="/findings">{counted(closed, "alert")} before, now over</a>
            </>
          )}
        </p>
      </div>
    );
  }
  return (
    <div class="now">
      <p class={`now-word tone-${gradeOf(Math.min(...rows.map(({ severity }) => severity))).tone}`}>
        <Icon name="warning" />
        <a class="quiet" href="/findings?state=open">{counted(open, "alert")} open</a>
      </p>
      <ul class="now-list" aria-label="Open alerts, newest first">
        {rows.map((alert) => {
          const { word, tone } = gradeOf(alert.severity);
          const { packet_time } = tick;
          return (
            <li key={alert.id}>
              <span class={`now-severity tone-${tone}`}>
                <Icon name={tone} /> {word}
              </span>
              <a class="now-what foreign" href={alertHref(alert.id)} title={legible(messageOf(alert))}>
                <Icon name={kindOf(alert.kind).icon} />
                <b>{legible(titleOf(alert), 60)}</b>{" "}
                <span class="now-message">{legible(messageOf(alert), 200)}</span>
              </a>
              <time class="now-when dim" dateTime={isoTime(alert.first)}>
                {alert.open ? duration(Math.max(0, packet_time - alert.first)) : "over"}
              </time>
            </li>
          );
        })}
      </ul>
      {open > rows.length && <a class="now-more" href="/findings?state=open">All {count(open)}</a>}
    </div>
  );
}
