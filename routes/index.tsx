/**
 * The dashboard. Everything on it is rendered here from one snapshot, so it can be read before scripts run and
 * without them; islands then take over from the event stream.
 */
import { page } from "fresh";
import ConnectionsTable from "../islands/ConnectionsTable.tsx";
import Footer from "../islands/Footer.tsx";
import Interfaces from "../islands/Interfaces.tsx";
import KeyNumbers from "../islands/KeyNumbers.tsx";
import Leaders from "../islands/Leaders.tsx";
import Problems from "../islands/Problems.tsx";
import Shares from "../islands/Shares.tsx";
import Throughput from "../islands/Throughput.tsx";
import TopBar from "../islands/TopBar.tsx";
import { Logo } from "../components/Logo.tsx";
import { parseTableQuery } from "../components/query.ts";
import { adviceFor } from "../components/status.ts";
import { define } from "../state.ts";

export const handler = define.handlers({
  GET(ctx) {
    const { monitor } = ctx.state;
    const query = parseTableQuery(ctx.url.searchParams);
    const { tick, history } = monitor.snapshot();
    const stats = monitor.stats();
    return page({
      query,
      tick,
      history,
      connections: monitor.connections(query),
      about: { version: stats.version, uptimeMs: stats.uptime_ms, rss: stats.memory.rss },
    }, { headers: { "cache-control": "no-store" } });
  },
});

export default define.page<typeof handler>(function Dashboard({ data }) {
  const { tick, history, connections, query, about } = data;
  const playback = tick.capture.mode === "playback";
  return (
    <>
      <a class="skip" href="#connections">Skip to connections</a>
      <header class="top">
        <a class="brand" href="/">
          <Logo />
          <h1>Netpane</h1>
        </a>
        <TopBar tick={tick} />
      </header>
      <main class="page">
        <noscript>
          <p class="banner banner-info">
            Without scripts this page shows the moment it was loaded. <a href="">Load it again</a> for now.
          </p>
        </noscript>
        <Problems tick={tick} />
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
          />
        </section>
      </main>
      <footer class="foot">
        <Footer about={about} />
        <p class="foot-links">
          <a href="/api/stats">All counters (JSON)</a>
          <a href="/api/connections">Connections (JSON)</a>
          <a href="/api/interfaces">Interfaces (JSON)</a>
        </p>
      </footer>
    </>
  );
});
