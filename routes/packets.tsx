/** The live packet tail: the latest packets, without scripts as a list that can be filtered and paged. */
import { page } from "fresh";
import PacketTail from "../islands/PacketTail.tsx";
import { beforeOf, filterOf, FIRST_ROWS } from "../components/list_filter.ts";
import { askOrTell } from "../http/page_trouble.ts";
import { define } from "../state.ts";
import { aboutOf, Frame } from "./(_frame)/Frame.tsx";

const API: [string, string][] = [["/api/packets", "Packets (JSON)"], ["/api/stats", "All counters (JSON)"]];

export const handler = define.handlers({
  GET(ctx) {
    const { monitor } = ctx.state;
    const { searchParams } = ctx.url;
    const q = filterOf(searchParams);
    const { answer: packets, trouble, status } = askOrTell(
      () => monitor.packets({ q: q.trim(), before: beforeOf(searchParams), limit: FIRST_ROWS }),
      () => ({ ...monitor.packets({ limit: 1 }), total: 0, packets: [], next: null }),
    );
    return page({
      q,
      tick: monitor.tick(),
      packets,
      trouble,
      about: aboutOf(monitor),
    }, { status, headers: { "cache-control": "no-store" } });
  },
});

export default define.page<typeof handler>(function Packets({ data }) {
  const { q, tick, packets, trouble, about } = data;
  return (
    <Frame path="/packets" tick={tick} about={about} api={API}>
      <section class="card" id="packets" aria-labelledby="packets-title">
        <h1 class="card-title" id="packets-title">
          Packets <span class="note">what their headers say, and what was recognised in them</span>
        </h1>
        <PacketTail tick={tick} page={packets} q={q} trouble={trouble} />
      </section>
    </Frame>
  );
});
