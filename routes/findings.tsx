/** Findings: where card numbers and logins travelled in clear text; `kind` and `flow` show a part of them. */
import { page } from "fresh";
import FindingsList from "../islands/FindingsList.tsx";
import { countEncrypted, missedOf } from "../components/coverage.ts";
import { flowOf } from "../components/marks.ts";
import { FIRST_QUERY } from "../components/query.ts";
import { MAX_FINDINGS } from "../components/use_findings.ts";
import { define } from "../state.ts";
import { aboutOf, Frame } from "./(_frame)/Frame.tsx";

const API: [string, string][] = [["/api/anomalies", "Findings (JSON)"], [
  "/api/stats",
  "All counters (JSON)",
]];

export const handler = define.handlers({
  GET(ctx) {
    const { monitor } = ctx.state;
    const kind = (ctx.url.searchParams.get("kind") ?? "").slice(0, 64);
    const flow = /^\d{1,16}$/.exec(ctx.url.searchParams.get("flow") ?? "")?.[0] ?? "";
    const all = monitor.anomalies({ kind, limit: flow === "" ? MAX_FINDINGS : Infinity });
    const anomalies = all.anomalies.filter((one) => flow === "" || flowOf(one.id) === flow);
    const connections = monitor.connections({ ...FIRST_QUERY, limit: Infinity }).connections;
    return page({
      kind,
      flow,
      tick: monitor.tick(),
      findings: { ...all, anomalies: anomalies.slice(0, MAX_FINDINGS) },
      coverage: { ...countEncrypted(connections), missed: missedOf(monitor.stats()) },
      about: aboutOf(monitor),
    }, { headers: { "cache-control": "no-store" } });
  },
});

export default define.page<typeof handler>(function Findings({ data }) {
  const { kind, flow, tick, findings, coverage, about } = data;
  return (
    <Frame path="/findings" tick={tick} about={about} api={API}>
      <section class="card" id="findings" aria-labelledby="findings-title">
        <h1 class="card-title" id="findings-title">
          Findings <span class="note">card numbers and logins that anyone on the path could read</span>
        </h1>
        <FindingsList tick={tick} page={findings} kind={kind} flow={flow} coverage={coverage} />
      </section>
    </Frame>
  );
});
