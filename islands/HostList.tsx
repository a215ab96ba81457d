/** Hosts: every address seen, who it is, and what it moved. */
import type { HostPage, HostSummary } from "../model/inventory.ts";
import { HOST } from "../model/help/inventory.ts";
import type { Tick } from "../model/api.ts";
import {
  bitRate,
  byteCount,
  count,
  counted,
  NOTHING,
  roundTrip,
  shortDuration,
  text,
} from "../components/format.ts";
import { Icon } from "../components/Icon.tsx";
import { hostHref } from "../components/inventory_links.ts";
import { legible } from "../components/legible.ts";
import { FilterTrouble } from "../components/FilterField.tsx";
import { ListFilter } from "../components/ListFilter.tsx";
import { ListBox, type ListColumn, ListHead, ListPager } from "../components/ListParts.tsx";
import { HOST_LIST, type ListState } from "../components/list_state.ts";
import { adviceFor } from "../components/status.ts";
import type { Trouble } from "../components/trouble.ts";
import { useList } from "../components/use_list.ts";
import { useLive } from "../components/use_live.ts";
import { Where } from "../components/Where.tsx";

const COLUMNS: readonly ListColumn[] = [
  { name: "host", label: "Host", sort: "name", also: { label: "address", sort: "ip" } },
  { name: "where", label: "Where", sort: "country", also: { label: "network", sort: "organisation" } },
  { name: "talks", label: "Programs, ports" },
  { name: "bytes", label: "To it, from it", sort: "bytes", num: true },
  { name: "rate", label: "Rate", sort: "bits_per_second", num: true },
  { name: "conns", label: "Conn.", sort: "connections", num: true },
  { name: "rtt", label: "RTT", sort: "rtt_ms", num: true },
  { name: "last", label: "Seen", sort: "last", num: true },
];

interface Props {
  tick: Tick;
  page: HostPage;
  state: ListState;
  /** What is wrong with the filter in the page's address. */
  trouble: Trouble | null;
}

export default function HostList(props: Props) {
  const tick = useLive(props.tick);
  const { page, state, typed, trouble, setTyped, ask, hold } = useList(props, HOST_LIST);
  return (
    <div class="connections">
      <ListFilter
        path={HOST_LIST.path}
        list="hosts"
        label="Filter hosts"
        placeholder="Filter: example.org germany firefox 443"
        typed={typed}
        onType={setTyped}
        hint="All words must match: name, address, country, network, vendor, program, port, kind. Or name the field, with and, or, not:"
        examples={["kind:private", "is:own", "port:443", "bytes>1M"]}
      >
        <p class="filter-count">
          <b>{count(page.total)}</b>
          {page.total === page.all ? " hosts" : ` of ${counted(page.all, "host")}`}
        </p>
      </ListFilter>
      {page.forgotten > 0 && (
        <p class="banner banner-info">
          {`The list holds ${count(page.capacity)} hosts; ${
            count(page.forgotten)
          } that were quiet longest had to go.`}
        </p>
      )}
      <FilterTrouble filter={state.q} trouble={trouble} />
      <ListBox label="List of hosts" {...hold}>
        <table class="list list-hosts">
          <caption class="visually-hidden">Hosts that were seen</caption>
          <ListHead columns={COLUMNS} fields={HOST.fields} state={state} kind={HOST_LIST} onAsk={ask} />
          <tbody>
            {page.hosts.map((host) => <Row key={host.ip} host={host} now={tick.packet_time} />)}
          </tbody>
        </table>
        {page.total === 0 && trouble === null && (
          <Empty
            filtered={state.q.trim() !== ""}
            tick={tick}
            clear={() => setTyped("")}
          />
        )}
      </ListBox>
      <ListPager
        state={state}
        kind={HOST_LIST}
        total={page.total}
        shown={page.hosts.length}
        onAsk={ask}
      />
    </div>
  );
}

function Row({ host, now }: { host: HostSummary; now: number }) {
  const { ip, name, kind, own, vendor } = host;
  return (
    <tr class={host.bits_per_second > 0 ? "busy" : undefined}>
      <th scope="row" class="l-host">
        <a class="list-link" href={hostHref(ip)}>
          {host.alerts_open > 0 && (
            <span class="found-mark tone-error" title={counted(host.alerts_open, "open alert")}>
              <Icon name="error" />
              <span class="visually-hidden">{counted(host.alerts_open, "open alert")}.</span>
            </span>
          )}
          {name !== "" && <b class="list-name foreign" title={legible(name)}>{legible(name, 120)}</b>}
          <span class={name === "" ? "mono" : "mono dim"}>{ip}</span>
        </a>
      </th>
      <td class="l-where">
        <Where
          country={host.country}
          countryName={host.country_name}
          organisation={host.organisation || (kind === "global" ? "" : vendor)}
          kind={kind}
          own={own}
        />
      </td>
      <td class="l-talks">
        <Talks host={host} />
      </td>
      <td class="l-bytes num">
        <span class="rate-in" title="To it">{text(byteCount(host.bytes_to))}</span>
        <span class="rate-out" title="From it">{text(byteCount(host.bytes_from))}</span>
      </td>
      <td class="l-rate num">
        {host.bits_per_second > 0 ? text(bitRate(host.bits_per_second)) : NOTHING}
      </td>
      <td class="l-conns num" title={`${counted(host.connections_seen, "connection")} seen`}>
        {host.connections > 0 ? count(host.connections) : <span class="dim">0</span>}
      </td>
      <td class="l-rtt num" title={host.slow === "" ? undefined : `slow: ${host.slow}`}>
        {host.slow !== "" && <span class="visually-hidden">slow because of {host.slow},</span>}
        <span class={host.slow === "" ? undefined : "tone-warning"}>{roundTrip(host.rtt_ms)}</span>
      </td>
      <td class="l-last num dim">
        {host.last === null || now < host.last ? "now" : shortDuration(now - host.last)}
      </td>
    </tr>
  );
}

function Talks({ host: { programs, ports } }: { host: HostSummary }) {
  return (
    <span class="talks">
      {programs.map((name) => <span key={name} class="badge foreign">{legible(name, 40)}</span>)}
      {ports.length > 0 && <span class="dim mono">:{ports.join(" :")}</span>}
    </span>
  );
}

function Empty({ filtered, tick, clear }: { filtered: boolean; tick: Tick; clear: () => void }) {
  if (filtered) {
    return (
      <div class="empty empty-big">
        <p>No host matches.</p>
        <button type="button" class="button needs-script" onClick={clear}>Clear the filter</button>
        <a class="without-script" href={HOST_LIST.path}>Clear the filter</a>
      </div>
    );
  }
  return (
    <div class="empty empty-big">
      <p>
        {adviceFor(tick) === "capture-off"
          ? "No packets are captured, so no host has been seen. See above how to turn capture on."
          : "No host has been seen yet."}
      </p>
    </div>
  );
}
