/** DNS questions as they are asked, newest first, each with its answer as soon as that was seen. */
import type { DnsQuery, DnsQueryPage, Tick } from "../model/api.ts";
import { dnsColumns, DnsRow } from "../components/DnsRow.tsx";
import { count, counted } from "../components/format.ts";
import { dnsHref, LIST_ROWS } from "../components/list_filter.ts";
import { FilterTrouble } from "../components/FilterField.tsx";
import { ListFilter } from "../components/ListFilter.tsx";
import { PauseButton } from "../components/PauseButton.tsx";
import { paused } from "../components/live.ts";
import { adviceFor } from "../components/status.ts";
import { TailBox } from "../components/TailBox.tsx";
import type { Trouble } from "../components/trouble.ts";
import { useFilter } from "../components/use_filter.ts";
import { useLive } from "../components/use_live.ts";
import { type Told, useTail } from "../components/use_tail.ts";

const PATH = "/dns";

interface Props {
  tick: Tick;
  page: DnsQueryPage;
  /** Filter in the page's address, and what is wrong with it. */
  q: string;
  trouble: Trouble | null;
}

export default function DnsLog(props: Props) {
  const tick = useLive(props.tick);
  // A file knows no programs.
  const programs = tick.capture.mode !== "playback";
  const { typed, setTyped, filter } = useFilter(props.q, PATH);
  const { rows, last, waiting, trouble, away } = useTail<DnsQuery>({
    first: props.page.queries,
    trouble: props.trouble,
    event: "dns",
    filter,
    keyOf: (query) => query.id,
    told: toldQueries,
    href: dnsHref,
    answer: (page) => (page as DnsQueryPage).queries,
    isUnsettled: (query) => programs && query.process === "",
    wantsAll: true,
  });
  const columns = dnsColumns(programs);
  return (
    <div class="connections">
      <ListFilter
        path={PATH}
        list="queries"
        label="Filter DNS queries"
        placeholder={programs ? "Filter: example.org firefox" : "Filter: example.org"}
        typed={typed}
        onType={setTyped}
        hint="All words must match: name, type, answer, address, program, outcome. Or name the field, with and, or, not:"
        examples={["NXDOMAIN", "type:aaaa", "rcode:nxdomain", "rtt>100ms"]}
      >
        <PauseButton what="the queries" />
      </ListFilter>
      <FilterTrouble filter={filter} trouble={trouble} />
      <p class="tail-said">{said({ filter, last, rows: rows.length, page: props.page })}</p>
      <TailBox label="List of DNS queries" away={away} waiting={waiting} one="query" many="queries">
        <table class={programs ? "rows entries entries-dns" : "rows entries entries-dns no-programs"}>
          <caption class="visually-hidden">DNS queries, newest first</caption>
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
            {rows.map((query) => (
              <DnsRow key={query.id} query={query} now={tick.packet_time} programs={programs} />
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
    </div>
  );
}

function toldQueries(data: unknown): Told<DnsQuery> {
  const { queries, left_out } = data as { queries: DnsQuery[]; left_out: number };
  return { rows: queries, leftOut: left_out };
}

/** What is shown of what was asked. */
function said(
  { filter, last, rows, page }: {
    filter: string;
    last: Told<DnsQuery> | null;
    rows: number;
    page: DnsQueryPage;
  },
): string {
  const kept = `the ${count(page.capacity)} last kept`;
  if (filter !== "") {
    return rows === LIST_ROWS
      ? `The latest ${count(rows)} that match, of ${kept}.`
      : `${counted(rows, "query", "queries")} of ${kept} match.`;
  }
  if (paused.value) return "Held still. Queries are noted all the same.";
  if (last !== null && last.leftOut > 0) {
    return `${counted(last.rows.length + last.leftOut, "query", "queries")} in the last second: the latest ` +
      `${count(rows)} are shown; a filter looks through ${kept}.`;
  }
  return "Seen in clear text: DNS, multicast DNS and LLMNR. DNS over TLS, HTTPS or QUIC is encrypted and cannot be read.";
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
        <p>No query of those kept matches. New ones are shown as they come.</p>
        <button type="button" class="button needs-script" onClick={clear}>Clear the filter</button>
        <a class="without-script" href={PATH}>Clear the filter</a>
      </div>
    );
  }
  return (
    <div class="empty empty-big">
      {advice === "capture-off"
        ? <p>No packets are captured. See above how to turn capture on.</p>
        : advice === "playback"
        ? <p>The file has not shown a DNS query yet.</p>
        : (
          <p>
            No DNS query yet. Ask one from another shell: <code>getent hosts example.org</code>
          </p>
        )}
    </div>
  );
}
