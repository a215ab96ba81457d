/**
 * The dashboard. Everything on it is rendered here from one snapshot, so it can be read before scripts run and
 * without them; islands then take over from the event stream.
 */
import { page } from "fresh";
import ConnectionsTable from "../islands/ConnectionsTable.tsx";
import Interfaces from "../islands/Interfaces.tsx";
import KeyNumbers from "../islands/KeyNumbers.tsx";
import Leaders from "../islands/Leaders.tsx";
import Shares from "../islands/Shares.tsx";
import Throughput from "../islands/Throughput.tsx";
import { markOf } from "../components/marks.ts";
import { parseTableQuery } from "../components/query.ts";
import { adviceFor } from "../components/status.ts";
import { define } from "../state.ts";
import { aboutOf, Frame } from "./(_frame)/Frame.tsx";

/** Findings whose connections are marked at first; newer ones come on the feed. */
const MARKS = 300;

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
    return page({
      query,
      tick,
      history,
      connections: monitor.connections(query),
      marks: monitor.anomalies({ kind: "", limit: MARKS }).anomalies.map(markOf),
      about: aboutOf(monitor),
    }, { headers: { "cache-control": "no-store" } });
  },
});

export default define.page<typeof handler>(function Dashboard({ data }) {
  const { tick, history, connections, query, marks, about } = data;
  const playback = tick.capture.mode === "playback";
  return (
    <Frame path="/" tick={tick} about={about} api={API}>
      <section class="card span-all" aria-label="Key numbers">
        <KeyNumbers tick={tick} />
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
          <Interfaces tick={tick} />
        </section>
      )}
      <section class={`card ${playback ? "span-all" : "span-leaders"}`} aria-labelledby="hosts-title">
        <h2 id="hosts-title">
          Top talkers
          {playback && (
            <span class="note">a file knows neither this machine’s interfaces nor its programs</span>
          )}
        </h2>
        <Leaders tick={tick} of="hosts" />
      </section>
      {!playback && (
        <section class="card span-leaders" aria-labelledby="programs-title">
          <h2 id="programs-title">Top programs</h2>
          <Leaders tick={tick} of="programs" />
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
        />
      </section>
    </Frame>
  );
});
