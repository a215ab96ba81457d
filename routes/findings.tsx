/** Alerts: what is wrong and what was, on what evidence; the address says which are shown. */
import { page } from "fresh";
import AlertList from "../islands/AlertList.tsx";
import Watching from "../islands/Watching.tsx";
import { filterOfView, PAGE_ALERTS, parseView } from "../components/alert_filter.ts";
import { countEncrypted, missedOf } from "../components/coverage.ts";
import { FIRST_QUERY } from "../components/query.ts";
import { askOrTell } from "../http/page_trouble.ts";
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
    const filter = { ...filterOfView(view), offset: (view.page - 1) * PAGE_ALERTS, limit: PAGE_ALERTS };
    const { answer: alerts, trouble, status } = askOrTell(
      () => monitor.anomalies(filter),
      () => ({ ...monitor.anomalies({ ...filter, q: "", offset: 0 }), total: 0, anomalies: [], next: null }),
    );
    return page({
      view,
      tick: monitor.tick(),
      alerts,
      trouble,
      rules: monitor.rules(),
      coverage: { ...countEncrypted(connections), missed: missedOf(monitor.stats()) },
      about: aboutOf(monitor),
    }, { status, headers: { "cache-control": "no-store" } });
  },
});

export default define.page<typeof handler>(function Findings({ data }) {
  const { view, tick, alerts, trouble, rules, coverage, about } = data;
  return (
    <Frame path="/findings" tick={tick} about={about} api={API}>
      <section class="card" id="findings" aria-labelledby="findings-title">
        <h1 class="card-title" id="findings-title">Alerts</h1>
        <AlertList tick={tick} page={alerts} view={view} rules={rules} trouble={trouble} />
      </section>
      <section class="card" aria-labelledby="watching-title">
        <h2 id="watching-title">What this list can know</h2>
        <Watching tick={tick} coverage={coverage} rules={rules} />
      </section>
    </Frame>
  );
});
