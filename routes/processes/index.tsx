/** Programs with sockets or traffic, and the sockets that wait for others: two lists, each with an address of its own. */
import { page } from "fresh";
import ListenerList from "../../islands/ListenerList.tsx";
import ProgramList from "../../islands/ProgramList.tsx";
import { Tabs } from "../../components/ListParts.tsx";
import {
  LISTENER_LIST,
  listPageHref,
  listParams,
  parseListState,
  PROCESS_LIST,
  PROGRAM_LIST,
} from "../../components/list_state.ts";
import { askOrTell } from "../../http/page_trouble.ts";
import { define } from "../../state.ts";
import { aboutOf, Frame } from "../(_frame)/Frame.tsx";

const API: [string, string][] = [
  ["/api/processes", "Programs (JSON)"],
  ["/api/listeners", "Listening sockets (JSON)"],
  ["/api/stats", "All counters (JSON)"],
];

export const handler = define.handlers({
  GET(ctx) {
    const { monitor } = ctx.state;
    const { inventory } = monitor;
    const isListeners = ctx.url.searchParams.get("tab") === "listening";
    const isEach = ctx.url.searchParams.get("ended") === "each";
    const kind = isListeners ? LISTENER_LIST : isEach ? PROCESS_LIST : PROGRAM_LIST;
    const state = parseListState(ctx.url.searchParams, kind);
    const [params, all] = [listParams(state, kind), listParams({ ...state, q: "", offset: 0 }, kind)];
    const { answer: list, trouble, status } = askOrTell(
      () =>
        isListeners
          ? { programs: null, listeners: inventory.listeners(params) }
          : { programs: inventory.processes(params), listeners: null },
      () =>
        isListeners
          ? { programs: null, listeners: { ...inventory.listeners(all), total: 0, listeners: [] } }
          : {
            programs: { ...inventory.processes(all), total: 0, matching: 0, processes: [] },
            listeners: null,
          },
    );
    return page({
      state,
      isEach,
      tick: monitor.tick(),
      ...list,
      trouble,
      about: aboutOf(monitor),
    }, { status, headers: { "cache-control": "no-store" } });
  },
});

export default define.page<typeof handler>(function Programs({ data }) {
  const { state, isEach, tick, programs, listeners, trouble, about } = data;
  const clean = { ...state, q: "", offset: 0 };
  return (
    <Frame path="/processes" tick={tick} about={about} api={API}>
      <section class="card" id="programs" aria-labelledby="programs-title">
        <h1 class="card-title" id="programs-title">
          {programs !== null
            ? (
              <>
                Programs <span class="note">with sockets or traffic, since Netpane began</span>
              </>
            )
            : (
              <>
                Listening <span class="note">sockets that wait for others</span>
              </>
            )}
        </h1>
        <Tabs
          label="Programs and listening sockets"
          current={programs !== null ? "Programs" : "Listening"}
          tabs={[
            ["Programs", listPageHref({ ...clean, sort: PROGRAM_LIST.sort, order: "desc" }, PROGRAM_LIST)],
            ["Listening", listPageHref({ ...clean, sort: LISTENER_LIST.sort, order: "asc" }, LISTENER_LIST)],
          ]}
        />
        {programs !== null && (
          <ProgramList tick={tick} page={programs} state={state} trouble={trouble} isEach={isEach} />
        )}
        {listeners !== null && <ListenerList tick={tick} page={listeners} state={state} trouble={trouble} />}
      </section>
    </Frame>
  );
});
