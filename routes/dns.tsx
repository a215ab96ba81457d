/** DNS queries with their answers, latencies and who asked. */
import { page } from "fresh";
import DnsLog from "../islands/DnsLog.tsx";
import { filterOf, FIRST_ROWS } from "../components/list_filter.ts";
import { askOrTell } from "../http/page_trouble.ts";
import { define } from "../state.ts";
import { aboutOf, Frame } from "./(_frame)/Frame.tsx";

const API: [string, string][] = [
  ["/api/dns_queries", "DNS queries (JSON)"],
  ["/api/stats", "All counters (JSON)"],
];

export const handler = define.handlers({
  GET(ctx) {
    const { monitor } = ctx.state;
    const q = filterOf(ctx.url.searchParams);
    const { answer: queries, trouble, status } = askOrTell(
      () => monitor.dnsQueries({ q: q.trim(), limit: FIRST_ROWS }),
      () => ({ ...monitor.dnsQueries({ limit: 1 }), total: 0, queries: [], next: null }),
    );
    return page({
      q,
      tick: monitor.tick(),
      queries,
      trouble,
      about: aboutOf(monitor),
    }, { status, headers: { "cache-control": "no-store" } });
  },
});

export default define.page<typeof handler>(function Dns({ data }) {
  const { q, tick, queries, trouble, about } = data;
  return (
    <Frame path="/dns" tick={tick} about={about} api={API}>
      <section class="card" id="dns" aria-labelledby="dns-title">
        <h1 class="card-title" id="dns-title">
          DNS queries <span class="note">newest first, each with its answer</span>
        </h1>
        <DnsLog tick={tick} page={queries} q={q} trouble={trouble} />
      </section>
    </Frame>
  );
});
