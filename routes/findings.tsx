/** Alerts: what is wrong and what was, on what evidence; the address says which are shown. */
import { page } from "fresh";
import AlertList from "../islands/AlertList.tsx";
import Watching from "../islands/Watching.tsx";
import { filterOfView, PAGE_ALERTS, parseView } from "../components/alert_filter.ts";
import { countEncrypted, missedOf } from "../components/coverage.ts";
import { FIRST_QUERY } from "../components/query.ts";
import { define } from "../state.ts";
import { aboutOf, Frame } from "./(_frame)/Frame.tsx";

const API: [string, string][] = [
  ["/api/anomalies", "Alerts (JSON)"],
  ["/api/rules", "Rules (JSON)"],
  ["/api/stats", "All counters (JSON)"],
];

export const handler = define.handlers({
  GET(ctx) {
    const { monitor } = ctx.state;
    const view = parseView(ctx.url.searchParams);
    const connections = monitor.connections({ ...FIRST_QUERY, limit: Infinity }).connections;
    return page({
      view,
      tick: monitor.tick(),
      alerts: monitor.anomalies({
        ...filterOfView(view),
        offset: (view.page - 1) * PAGE_ALERTS,
        limit: PAGE_ALERTS,
      }),
      rules: monitor.rules(),
      coverage: { ...countEncrypted(connections), missed: missedOf(monitor.stats()) },
      about: aboutOf(monitor),
    }, { headers: { "cache-control": "no-store" } });
  },
});

export default define.page<typeof handler>(function Findings({ data }) {
  const { view, tick, alerts, rules, coverage, about } = data;
  return (
    <Frame path="/findings" tick={tick} about={about} api={API}>
      <section class="card" id="findings" aria-labelledby="findings-title">
        <h1 class="card-title" id="findings-title">Alerts</h1>
        <AlertList tick={tick} page={alerts} view={view} rules={rules} />
      </section>
      <section class="card" aria-labelledby="watching-title">
        <h2 id="watching-title">What this list can know</h2>
        <Watching tick={tick} coverage={coverage} rules={rules} />
      </section>
    </Frame>
  );
});
