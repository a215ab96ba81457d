/** Sockets that wait for others: which program, where, and who can reach it. */
import type { Tick } from "../model/api.ts";
import type { Listener, ListenerPage } from "../model/inventory.ts";
import { LISTENER } from "../model/help/inventory.ts";
import { count, counted, dateTime, NOTHING, shortDuration } from "../components/format.ts";
import { processHref } from "../components/inventory_links.ts";
import { legible } from "../components/legible.ts";
import { FilterTrouble } from "../components/FilterField.tsx";
import { ListFilter } from "../components/ListFilter.tsx";
import { ListBox, type ListColumn, ListHead, ListPager } from "../components/ListParts.tsx";
import { LISTENER_LIST, listPageHref, type ListState } from "../components/list_state.ts";
import type { Trouble } from "../components/trouble.ts";
import { useList } from "../components/use_list.ts";
import { useLive } from "../components/use_live.ts";

const COLUMNS: readonly ListColumn[] = [
  { name: "port", label: "Port", sort: "port" },
  { name: "reach", label: "Who can reach it", sort: "reach" },
  { name: "address", label: "Address", sort: "address" },
  { name: "program", label: "Program", sort: "process" },
  { name: "user", label: "User", sort: "user" },
  { name: "parent", label: "In" },
  { name: "since", label: "Since", sort: "since", num: true },
];

const REACH: Record<Listener["reach"], [word: string, tone: string]> = {
  loopback: ["this machine alone", "ok"],
  one: ["whoever reaches this address", "info"],
  all: ["whoever reaches this machine", "warning"],
};

interface Props {
  tick: Tick;
  page: ListenerPage;
  state: ListState;
  /** What is wrong with the filter in the page's address. */
  trouble: Trouble | null;
}

export default function ListenerList(props: Props) {
  const tick = useLive(props.tick);
  const { page, state, typed, trouble, setTyped, ask, hold } = useList(props, LISTENER_LIST);
  return (
    <div class="connections">
      <ListFilter
        path={LISTENER_LIST.path}
        list="listeners"
        fixed={LISTENER_LIST.fixed}
        label="Filter listening sockets"
        placeholder="Filter: tcp all sshd"
        typed={typed}
        onType={setTyped}
        hint="All words must match: protocol, port, address, program, user, container. Or name the field, with and, or, not:"
        examples={["reach:all", "reach:loopback", "proto:udp", "port<1024"]}
      >
        <p class="filter-count">
          <b>{count(page.total)}</b>
          {page.total === 1 ? " socket" : " sockets"}
        </p>
      </ListFilter>
      <FilterTrouble filter={state.q} trouble={trouble} />
      <ListBox label="List of listening sockets" {...hold}>
        <table class="list list-listeners">
          <caption class="visually-hidden">Sockets that wait for others</caption>
          <ListHead
            columns={COLUMNS}
            fields={LISTENER.fields}
            state={state}
            kind={LISTENER_LIST}
            onAsk={ask}
          />
          <tbody>
            {page.listeners.map((listener) => (
              <Row key={keyOf(listener)} listener={listener} now={tick.packet_time} />
            ))}
          </tbody>
        </table>
        {page.total === 0 && trouble === null && (
          <div class="empty empty-big">
            {tick.capture.mode === "playback"
              ? <p>A capture file knows no sockets. They are told of this machine alone.</p>
              : state.q.trim() !== ""
              ? (
                <>
                  <p>No socket matches.</p>
                  <button type="button" class="button needs-script" onClick={() => setTyped("")}>
                    Clear the filter
                  </button>
                  <a
                    class="without-script"
                    href={listPageHref({ ...state, q: "" }, LISTENER_LIST)}
                  >
                    Clear the filter
                  </a>
                </>
              )
              : <p>Nothing on this machine waits for connections.</p>}
          </div>
        )}
      </ListBox>
      <ListPager
        state={state}
        kind={LISTENER_LIST}
        total={page.total}
        shown={page.listeners.length}
        onAsk={ask}
      />
      {page.udp_clients > 0 && (
        <p class="label">
          {`Beside them ${
            counted(page.udp_clients, "UDP socket")
          } of clients, on ports that the kernel gave them: ` +
            "they wait for answers only."}
        </p>
      )}
    </div>
  );
}

function Row({ listener, now }: { listener: Listener; now: number }) {
  const { proto, address, port, reach, service, pid, process, path, user, container, since, netns } =
    listener;
  const [word, tone] = REACH[reach];
  return (
    <tr>
      <th scope="row" class="l-port">
        <b class="mono">{port}</b> <span class="dim">{proto}</span>
        {service !== "" && <span class="dim">{` ${service}`}</span>}
      </th>
      <td class="l-reach">
        <span class={`state state-${tone}`}>{netns === 0 ? word : `${word}, within its container`}</span>
      </td>
      <td class="l-address mono">{address}</td>
      <td class="l-program">
        {pid === 0
          ? <span class="dim">unknown</span>
          : (
            <a class="list-link" href={processHref(pid)} title={legible(path || process)}>
              <b class="list-name foreign">{legible(process, 80)}</b>
              <span class="mono dim">{pid}</span>
            </a>
          )}
      </td>
      <td class="l-user foreign">{legible(user, 40) || NOTHING}</td>
      <td class="l-parent">
        {container === ""
          ? <span class="dim">{NOTHING}</span>
          : <span class="badge foreign">{legible(container, 40)}</span>}
      </td>
      <td
        class="l-since num dim"
        title={listener.since_start
          ? `Was there when Netpane began, ${dateTime(since)}`
          : `First seen ${dateTime(since)}`}
      >
        {listener.since_start ? "over " : ""}
        {shortDuration(Math.max(0, now - since))}
      </td>
    </tr>
  );
}

function keyOf({ netns, proto, address, port, pid }: Listener): string {
  return `${netns} ${proto} ${address} ${port} ${pid}`;
}
