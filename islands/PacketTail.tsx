/** The packets as they come, newest first: held still on request, filtered by the server, bounded on the page. */
import type { LoggedPacket, PacketPage, Tick } from "../model/api.ts";
import { count, counted } from "../components/format.ts";
import { LIST_ROWS, listHref, packetsHref } from "../components/list_filter.ts";
import { FilterTrouble } from "../components/FilterField.tsx";
import { ListFilter } from "../components/ListFilter.tsx";
import { paused } from "../components/live.ts";
import { packetColumns, PacketRow } from "../components/PacketRow.tsx";
import { PauseButton } from "../components/PauseButton.tsx";
import { adviceFor } from "../components/status.ts";
import { TailBox } from "../components/TailBox.tsx";
import type { Trouble } from "../components/trouble.ts";
import { useFilter } from "../components/use_filter.ts";
import { useLive } from "../components/use_live.ts";
import { type Told, useTail } from "../components/use_tail.ts";

const PATH = "/packets";

interface Props {
  tick: Tick;
  page: PacketPage;
  /** Filter in the page's address, and what is wrong with it. */
  q: string;
  trouble: Trouble | null;
}

export default function PacketTail(props: Props) {
  const tick = useLive(props.tick);
  // A file knows no programs.
  const programs = tick.capture.mode !== "playback";
  const { typed, setTyped, filter } = useFilter(props.q, PATH);
  const { rows, last, waiting, trouble, away } = useTail<LoggedPacket>({
    first: props.page.packets,
    trouble: props.trouble,
    event: "packets",
    filter,
    keyOf: (packet) => packet.number,
    told: toldPackets,
    href: packetsHref,
    answer: (page) => (page as PacketPage).packets,
    isUnsettled: (packet) => programs && packet.flow_id > 0 && packet.process === "",
  });
  const columns = packetColumns(programs);
  return (
    <div class="connections">
      <ListFilter
        path={PATH}
        list="packets"
        label="Filter packets"
        placeholder={programs ? "Filter: dns firefox port:53" : "Filter: dns port:53"}
        typed={typed}
        onType={setTyped}
        hint="All words must match: address, protocol, what it is, program. Or name the field, with and, or, not:"
        examples={["ip:10.0.0.1", "port:443", "proto:udp", "iface:eth0", "SYN"]}
      >
        <PauseButton what="the packets" />
      </ListFilter>
      <FilterTrouble filter={filter} trouble={trouble} />
      <p class="tail-said">{said({ filter, last, rows: rows.length, page: props.page })}</p>
      <TailBox label="List of packets" away={away} waiting={waiting} one="packet" many="packets">
        <table class="rows entries entries-packets">
          <caption class="visually-hidden">Packets, newest first</caption>
          <colgroup>{columns.map(({ name }) => <col key={name} class={`w-${name}`} />)}</colgroup>
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column.name}
                  scope="col"
                  title={column.hint}
                  class={`c-${column.name}${"num" in column ? " num" : ""}`}
                >
                  {column.label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((packet) => (
              <PacketRow key={packet.number} packet={packet} programs={programs} onFilter={setTyped} />
            ))}
          </tbody>
        </table>
        {rows.length === 0 && (
          <Empty
            filtered={filter !== ""}
            advice={adviceFor(tick)}
            clear={() => setTyped("")}
          />
        )}
      </TailBox>
      {props.page.next !== null && (
        <p class="pager without-script">
          <a href={listHref(PATH, props.q, props.page.next)}>Older packets</a>
        </p>
      )}
    </div>
  );
}

function toldPackets(data: unknown): Told<LoggedPacket> {
  const { packets, left_out } = data as { packets: LoggedPacket[]; left_out: number };
  return { rows: packets, leftOut: left_out };
}

/** What is shown of what went by: sampling is said, and so is that there was none. */
function said(
  { filter, last, rows, page }: {
    filter: string;
    last: Told<LoggedPacket> | null;
    rows: number;
    page: PacketPage;
  },
) {
  const kept = `the ${count(page.capacity)} last kept`;
  if (filter !== "") {
    return rows === LIST_ROWS
      ? `The latest ${count(rows)} that match, of ${kept}.`
      : `${counted(rows, "packet")} of ${kept} match.`;
  }
  if (paused.value) return "Held still. Packets are counted and inspected all the same.";
  if (last === null) {
    return page.unlogged > 0
      ? `${counted(page.unlogged, "packet")} since the start came too fast to be listed; all were inspected.`
      : "Every packet since the start was listed; the newest stand first.";
  }
  const all = last.rows.length + last.leftOut;
  if (last.leftOut === 0) return `${counted(all, "packet")} in the last second, all shown.`;
  return (
    <>
      <b>{count(last.rows.length)}</b> of the last second’s <b>{count(all)}</b> packets shown:{" "}
      {count(last.leftOut)} more came too fast for eyes. All were inspected; a filter looks through {kept}.
    </>
  );
}

interface EmptyProps {
  filtered: boolean;
  advice: ReturnType<typeof adviceFor>;
  clear: () => void;
}

function Empty({ filtered, advice, clear }: EmptyProps) {
  if (filtered) {
    return (
      <div class="empty empty-big">
        <p>No packet of those kept matches. New ones are shown as they come.</p>
        <button type="button" class="button needs-script" onClick={clear}>Clear the filter</button>
        <a class="without-script" href={PATH}>Clear the filter</a>
      </div>
    );
  }
  return (
    <div class="empty empty-big">
      <p>
        {advice === "capture-off"
          ? "No packets are captured. See above how to turn capture on."
          : advice === "playback"
          ? "The file has not shown a packet yet."
          : "No packet yet."}
      </p>
    </div>
  );
}
