/**
 * The dashboard. Everything on it is rendered here from one snapshot, so it can be read before scripts run and
 * without them; islands then take over from the event stream.
 */
import { page } from "fresh";
import AlertsNow, { MAX_NOW } from "../islands/AlertsNow.tsx";
import ConnectionsTable from "../islands/ConnectionsTable.tsx";
import Interfaces from "../islands/Interfaces.tsx";
import KeyNumbers from "../islands/KeyNumbers.tsx";
import Leaders from "../islands/Leaders.tsx";
import Shares from "../islands/Shares.tsx";
import Throughput from "../islands/Throughput.tsx";
import { filterOfView, FIRST_VIEW } from "../components/alert_filter.ts";
import { markOf } from "../components/marks.ts";
import { parseTableQuery } from "../components/query.ts";
import { rulesText } from "../components/rule_words.ts";
import { adviceFor } from "../components/status.ts";
import { MAX_MARKS } from "../components/use_marks.ts";
import { askOrTell } from "../http/page_trouble.ts";
import { define } from "../state.ts";
import { aboutOf, Frame } from "./(_frame)/Frame.tsx";

/** Interfaces whose last minute is in the page itself; the others begin with it. */
const MAX_LINES = 12;

const API: [string, string][] = [
  ["/api/stats", "All counters (JSON)"],
  ["/api/connections", "Connections (JSON)"],
  ["/api/interfaces", "Interfaces (JSON)"],
];

export const handler = define.handlers({
  GET(ctx) {
    const { monitor } = ctx.state;
    const query = parseTableQuery(ctx.url.searchParams);
    const { tick, history } = monitor.snapshot();
    const { answer: connections, trouble, status } = askOrTell(
      () => monitor.connections({ ...query, q: query.q.trim() }),
      () => ({ ...monitor.connections({ ...query, q: "", offset: 0 }), total: 0, connections: [] }),
    );
    return page({
      query,
      tick,
      history,
      connections,
      trouble,
      alerts: monitor.anomalies({ ...filterOfView({ ...FIRST_VIEW, tab: "open" }), limit: MAX_NOW }),
      marks: monitor.anomalies({ expected: "no", limit: MAX_MARKS }).anomalies.map(markOf)
        .filter((mark) => mark !== null),
      rules: rulesText(monitor.rules()),
      rates: monitor.interfaceRates(MAX_LINES),
      about: aboutOf(monitor),
    }, { status, headers: { "cache-control": "no-store" } });
  },
});

export default define.page<typeof handler>(function Dashboard({ data }) {
  const { tick, history, connections, trouble, query, alerts, marks, rules, rates, about } = data;
  const playback = tick.capture.mode === "playback";
  return (
    <Frame path="/" tick={tick} about={about} api={API}>
      <section class="card span-all" aria-label="Key numbers">
        <KeyNumbers tick={tick} />
      </section>
      <section class="card span-all" aria-labelledby="now-title">
        <h2 class="visually-hidden" id="now-title">What is wrong now</h2>
        <AlertsNow tick={tick} page={alerts} rules={rules} />
      </section>
      <section class="card span-chart" aria-labelledby="throughput-title">
        <h2 id="throughput-title">Throughput</h2>
        <Throughput tick={tick} history={history} />
      </section>
      <section class="card span-shares" aria-labelledby="shares-title">
        <h2 id="shares-title">
          Shares <span class="note">of bytes in the last minute</span>
        </h2>
        <Shares tick={tick} />
      </section>
      {!playback && (
        <section class="card span-interfaces" aria-labelledby="interfaces-title">
          <h2 id="interfaces-title">Interfaces</h2>
          <Interfaces tick={tick} rates={rates} />
        </section>
      )}
      <section class={`card ${playback ? "span-all" : "span-leaders"}`} aria-labelledby="hosts-title">
        <h2 id="hosts-title">
          Top talkers
          {playback && (
            <span class="note">a file knows neither this machine’s interfaces nor its programs</span>
          )}
        </h2>
        <Leaders tick={tick} of="hosts" marks={marks} />
      </section>
      {!playback && (
        <section class="card span-leaders" aria-labelledby="programs-title">
          <h2 id="programs-title">Top programs</h2>
          <Leaders tick={tick} of="programs" marks={marks} />
        </section>
      )}
      <section class="card span-all" id="connections" aria-labelledby="connections-title">
        <h2 id="connections-title">Connections</h2>
        <ConnectionsTable
          page={connections}
          query={query}
          now={tick.packet_time}
          advice={adviceFor(tick)}
          marks={marks}
          trouble={trouble}
        />
      </section>
    </Frame>
  );
});
