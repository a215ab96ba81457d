/** Programs: what has sockets or had, and what it moved since Netpane began. */
import type { ComponentChildren } from "preact";
import type { Tick } from "../model/api.ts";
import type { ProgramPage, ProgramSummary } from "../model/inventory.ts";
import { PROGRAM } from "../model/help/inventory.ts";
import {
  bitRate,
  byteCount,
  count,
  counted,
  NOTHING,
  percent,
  roundTrip,
  text,
} from "../components/format.ts";
import { Icon } from "../components/Icon.tsx";
import { endedHref, processHref } from "../components/inventory_links.ts";
import { legible } from "../components/legible.ts";
import { FilterTrouble } from "../components/FilterField.tsx";
import { ListFilter } from "../components/ListFilter.tsx";
import { ListBox, type ListColumn, ListHead, ListPager } from "../components/ListParts.tsx";
import { listPageHref, type ListState, PROCESS_LIST, PROGRAM_LIST } from "../components/list_state.ts";
import type { Trouble } from "../components/trouble.ts";
import { useList } from "../components/use_list.ts";
import { useLive } from "../components/use_live.ts";

const COLUMNS: readonly ListColumn[] = [
  { name: "program", label: "Program", sort: "name", also: { label: "number", sort: "pid" } },
  { name: "user", label: "User", sort: "user" },
  { name: "parent", label: "Started by, in", sort: "container" },
  { name: "listens", label: "Listens on" },
  { name: "bytes", label: "In, out", sort: "bytes", num: true },
  { name: "rate", label: "Rate", sort: "bits_per_second", num: true },
  { name: "conns", label: "Conn.", sort: "connections", num: true },
  { name: "rtt", label: "RTT", sort: "rtt_ms", num: true },
];

const SHOWN_PORTS = 4;

interface Props {
  tick: Tick;
  page: ProgramPage;
  state: ListState;
  /** What is wrong with the filter in the page's address. */
  trouble: Trouble | null;
  /** Whether each process that has ended is a row, or all of a program are one. */
  isEach: boolean;
}

export default function ProgramList(props: Props) {
  const tick = useLive(props.tick);
  const { isEach } = props;
  const kind = isEach ? PROCESS_LIST : PROGRAM_LIST;
  const { page, state, typed, trouble, setTyped, ask, hold } = useList(props, kind);
  const isFile = tick.capture.mode === "playback";
  return (
    <div class="connections">
      <ListFilter
        path={kind.path}
        fixed={kind.fixed}
        list="programs"
        label="Filter programs"
        placeholder="Filter: firefox root docker 443/tcp"
        typed={typed}
        onType={setTyped}
        hint="All words must match: name, number, path, arguments, user, container, listening port. Or name the field, with and, or, not:"
        examples={["state:active", "state:ended", "user:root", "bytes>1M"]}
      >
        <p class="filter-count">
          <b>{count(page.matching)}</b>
          {page.matching === page.all ? " processes" : ` of ${counted(page.all, "process", "processes")}`}
          {!isFile && page.all > 0 && (
            <a
              class="filter-more"
              // Said outright: by its path it would be the page one is on.
              aria-current="false"
              href={listPageHref({ ...state, offset: 0 }, isEach ? PROGRAM_LIST : PROCESS_LIST)}
            >
              {isEach ? "Ended ones together" : "Each that has ended"}
            </a>
          )}
        </p>
      </ListFilter>
      <FilterTrouble filter={state.q} trouble={trouble} />
      <ListBox label="List of programs" {...hold}>
        <table class="list list-programs">
          <caption class="visually-hidden">Programs with sockets or traffic</caption>
          <ListHead columns={COLUMNS} fields={PROGRAM.fields} state={state} kind={kind} onAsk={ask} />
          <tbody>
            {page.processes.map((program) => (
              <Row
                // Of ended ones told together the number is another with each that is added.
                key={isEach || program.active ? `${program.pid} ${program.started}` : programKey(program)}
                program={program}
              />
            ))}
          </tbody>
          {!isFile && state.q.trim() === "" && <Rest page={page} />}
        </table>
        {page.total === 0 && trouble === null && (
          <div class="empty empty-big">
            {isFile
              ? <p>A capture file knows no programs. They are told of this machine’s own traffic.</p>
              : state.q.trim() !== ""
              ? (
                <>
                  <p>No program matches.</p>
                  <button
                    type="button"
                    class="button needs-script"
                    onClick={() => setTyped("")}
                  >
                    Clear the filter
                  </button>
                  <a class="without-script" href={listPageHref({ ...state, q: "", offset: 0 }, kind)}>
                    Clear the filter
                  </a>
                </>
              )
              : <p>No program has a socket, or none may be looked into.</p>}
          </div>
        )}
      </ListBox>
      <ListPager
        state={state}
        kind={kind}
        total={page.total}
        shown={page.processes.length}
        onAsk={ask}
      />
      {!isFile && (
        <details class="how">
          <summary>How programs are found, and how sure that is</summary>
          <table class="plain">
            <thead>
              <tr>
                <th scope="col">Method</th>
                <th scope="col" class="num">Sure</th>
                <th scope="col">What it means</th>
              </tr>
            </thead>
            <tbody>
              {page.attribution.map(({ method, confidence, meaning }) => (
                <tr key={method}>
                  <th scope="row" class="mono">{method}</th>
                  <td class="num">{percent(confidence)}</td>
                  <td>{meaning}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
    </div>
  );
}

function programKey({ name, path, user, container }: ProgramSummary): string {
  return ["ended", name, path, user, container].join("\n");
}

function Row({ program }: { program: ProgramSummary }) {
  const { pid, name, user, parent, container, listens, active, processes } = program;
  const isOne = processes === 1;
  return (
    <tr class={`${program.bits_per_second > 0 ? "busy" : ""}${active ? "" : " over"}`}>
      <th scope="row" class="l-program">
        <Name program={program}>
          {program.alerts_open > 0 && (
            <span class="found-mark tone-error" title={counted(program.alerts_open, "open alert")}>
              <Icon name="error" />
              <span class="visually-hidden">{counted(program.alerts_open, "open alert")}.</span>
            </span>
          )}
          <b class="list-name foreign">{legible(name || "unknown", 80)}</b>
          <span class="mono dim">
            {isOne ? pid : (
              <>
                <span aria-hidden="true">× {count(processes)}</span>
                <span class="visually-hidden">{counted(processes, "process", "processes")}</span>
              </>
            )}
          </span>
          {!active && <span class="badge">ended</span>}
        </Name>
      </th>
      <td class="l-user foreign">{legible(user, 40) || NOTHING}</td>
      <td class="l-parent">
        <span class="foreign">
          {container !== "" && <span class="badge">{legible(container, 40)}</span>}
          {parent === "" ? (container === "" && <span class="dim">{NOTHING}</span>) : legible(parent, 40)}
        </span>
      </td>
      <td class="l-listens mono">
        {listens.length === 0 ? <span class="dim">{NOTHING}</span> : listens.slice(0, SHOWN_PORTS).join(" ")}
        {listens.length > SHOWN_PORTS && <span class="dim">{` +${count(listens.length - SHOWN_PORTS)}`}
        </span>}
      </td>
      <td class="l-bytes num">
        <span class="rate-in" title="In">{text(byteCount(program.bytes_in))}</span>
        <span class="rate-out" title="Out">{text(byteCount(program.bytes_out))}</span>
      </td>
      <td class="l-rate num">
        {program.bits_per_second > 0 ? text(bitRate(program.bits_per_second)) : NOTHING}
      </td>
      <td class="l-conns num" title={`${counted(program.connections_seen, "connection")} seen`}>
        {program.connections > 0 ? count(program.connections) : <span class="dim">0</span>}
      </td>
      <td class="l-rtt num">{roundTrip(program.rtt_ms)}</td>
    </tr>
  );
}

/** Leads to the process, or to those of the row that are still kept; of none of them there is more to see. */
function Name({ program, children }: { program: ProgramSummary; children: ComponentChildren }) {
  const { pid, name, path, command_line, processes, kept } = program;
  const what = processes === 1
    ? legible(command_line || path || name)
    : `${count(processes)} processes that have ended, the latest ${pid}: ${legible(path || name)}`;
  const title = kept === processes ? what : `${what}; ${count(processes - kept)} had to go for newer ones`;
  if (kept === 0) return <span class="list-link" title={title}>{children}</span>;
  return (
    <a class="list-link" href={processes === 1 ? processHref(pid) : endedHref(program)} title={title}>
      {children}
    </a>
  );
}

/** What no program could be found for, and what was never this machine's. */
function Rest({ page }: { page: ProgramPage }) {
  const { unattributed, strangers, forgotten_bytes, forgotten } = page;
  return (
    <tfoot>
      <tr>
        <th scope="row" colSpan={4}>
          Unattributed <span class="note">nobody could be found for these connections</span>
        </th>
        <td class="l-bytes num">
          <span class="rate-in" title="In">{text(byteCount(unattributed.bytes_in))}</span>
          <span class="rate-out" title="Out">{text(byteCount(unattributed.bytes_out))}</span>
        </td>
        <td class="l-rate" />
        <td class="l-conns num">{count(unattributed.connections)}</td>
        <td class="l-rtt" />
      </tr>
      {strangers.bytes > 0 && (
        <tr>
          <th scope="row" colSpan={4}>
            Between others <span class="note">seen in passing, neither end is here</span>
          </th>
          <td class="l-bytes num">{text(byteCount(strangers.bytes))}</td>
          <td class="l-rate" />
          <td class="l-conns" />
          <td class="l-rtt" />
        </tr>
      )}
      {forgotten > 0 && (
        <tr>
          <th scope="row" colSpan={4}>
            {counted(forgotten, "earlier process", "earlier processes")}{" "}
            <span class="note">that had to go for newer ones</span>
          </th>
          <td class="l-bytes num">
            <span class="rate-in" title="In">{text(byteCount(forgotten_bytes.bytes_in))}</span>
            <span class="rate-out" title="Out">{text(byteCount(forgotten_bytes.bytes_out))}</span>
          </td>
          <td class="l-rate" />
          <td class="l-conns" />
          <td class="l-rtt" />
        </tr>
      )}
    </tfoot>
  );
}
