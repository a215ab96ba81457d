/** One connection as a row of the table. On a phone the same cells are set in two lines, by the stylesheet alone. */
import type { Connection } from "../model/api.ts";
import { CONNECTION } from "../model/help/connections.ts";
import { columnHelp } from "./column_help.ts";
import { gradeOf } from "./finding_words.ts";
import {
  bitRate,
  byteCount,
  hasPorts,
  NOTHING,
  protocolWord,
  roundTrip,
  shortDuration,
  text,
} from "./format.ts";
import { Icon } from "./Icon.tsx";
import { Marked } from "./Marked.tsx";
import type { Marks } from "./marks.ts";
import { usualService } from "../model/service_ports.ts";

const OF = CONNECTION.fields;

/** What each direction is called, and what it means. */
export const DIRECTIONS = {
  out: "out: this side is the client",
  in: "in: this side is the server",
  local: "local: both ends are on this side",
  other: "other: neither end is on this side",
  listen: "listens: no connection yet",
} as const;

/** States by what they mean to a reader, for their colour; the word itself is always shown. */
const STATE_TONES: Record<string, string> = {
  established: "ok",
  new: "info",
  listen: "info",
  unconnected: "info",
  syn_sent: "warning",
  syn_recv: "warning",
  syn_received: "warning",
  close_wait: "warning",
  reset: "error",
};

/**
 * Headings of the columns; `sort` is what the server calls the order, absent where there is none. `also` is a second
 * order of the same column, by what stands beside.
 */
export const COLUMNS = [
  { name: "process", ...columnHelp(OF.process), sort: "process" },
  { name: "direction", ...columnHelp(OF.direction) },
  { name: "client", ...columnHelp(OF.src_ip), sort: "src_ip" },
  {
    name: "server",
    ...columnHelp(OF.server_name),
    sort: "server_name",
    also: { label: "address", sort: "dest_ip" },
  },
  { name: "port", ...columnHelp(OF.dest_port), sort: "dest_port" },
  { name: "proto", ...columnHelp(OF.app_proto), sort: "app_proto" },
  { name: "state", ...columnHelp(OF.state), sort: "state" },
  {
    name: "bytes",
    label: "Bytes in, out",
    hint: "Bytes on the wire, seen from this side",
    sort: "bytes",
    num: true,
  },
  { name: "rate", ...columnHelp(OF.bits_per_second), sort: "bits_per_second", num: true },
  { name: "rtt", ...columnHelp(OF.rtt_ms), sort: "rtt_ms", num: true },
  { name: "age", ...columnHelp(OF.start), sort: "start", num: true },
  { name: "iface", ...columnHelp(OF.in_iface), sort: "in_iface" },
] as const;

/** The columns of a table with or without programs; without them the client stands first. */
export function columnsFor(programs: boolean): readonly (typeof COLUMNS[number])[] {
  const [process, direction, client, ...rest] = COLUMNS;
  return programs ? [process, direction, client, ...rest] : [client, direction, ...rest];
}

export interface ConnectionRowProps {
  row: Connection;
  /** Place in the whole list, counted from 0. */
  index: number;
  /** Packet time now, ms. */
  now: number;
  /** The row's button is where the Tab key stops. */
  current: boolean;
  /** Whether there is a column for programs; without one the client leads the row. */
  programs: boolean;
  /** What was found in it, if anything. */
  found?: Marks;
  onOpen?: (row: Connection) => void;
}

export function ConnectionRow(props: ConnectionRowProps) {
  const { row, index, now, current, programs, found, onOpen } = props;
  const kind = row.state === "listen" ? "listen" : row.direction;
  const [bytesIn, bytesOut] = bytesInOut(row);
  const client = (
    <span class="end">
      <span class="address">{row.src_ip}</span>
      {row.src_port > 0 && hasPorts(row.proto) && <span class="dim">:{row.src_port}</span>}
    </span>
  );
  const open = { type: "button", class: "row-open", "data-row": index, tabIndex: current ? 0 : -1 } as const;
  return (
    <tr
      class={`row row-${row.direction}${row.bits_per_second > 0 ? " row-busy" : ""}${
        found ? ` row-found found-${gradeOf(found.severity).tone}` : ""
      }`}
      aria-rowindex={index + 2}
      onClick={onOpen && (() => onOpen(row))}
    >
      {programs
        ? (
          <th scope="row" class="c-process">
            <button {...open} title={processTitle(row)}>
              <Marked found={found} />
              <ProcessName row={row} />
            </button>
          </th>
        )
        : (
          <th scope="row" class="c-client c-lead mono" title={row.src_ip}>
            <button {...open}>
              <Marked found={found} />
              {client}
            </button>
          </th>
        )}
      <td class={`c-direction dir-${kind}`} title={DIRECTIONS[kind]}>
        <Icon name={kind} />
        <span class="c-direction-word">{kind}</span>
      </td>
      {programs && <td class="c-client mono" title={row.src_ip}>{client}</td>}
      <td
        class="c-server"
        title={row.server_name === "" ? row.dest_ip : `${row.server_name}\n${row.dest_ip}`}
      >
        <span class="end">
          {row.server_name !== "" && <span class="host foreign">{row.server_name}</span>}
          <span class="address mono">{row.dest_ip}</span>
        </span>
      </td>
      <td class="c-port mono">
        {row.dest_port > 0 && hasPorts(row.proto) ? row.dest_port : NOTHING} <Service row={row} />
      </td>
      <td class="c-proto">
        {row.app_proto !== "" && <span class="app foreign">{row.app_proto}</span>}{" "}
        <span class={row.app_proto === "" ? undefined : "dim"}>{protocolWord(row.proto)}</span>
      </td>
      <td class="c-state">
        <span class={`state state-${STATE_TONES[row.state] ?? "off"}`}>{row.state.replaceAll("_", " ")}</span>
      </td>
      <td class="c-bytes num">
        <span class="rate-in" title="In">{text(byteCount(bytesIn))}</span>
        <span class="rate-out" title="Out">{text(byteCount(bytesOut))}</span>
      </td>
      <td class="c-rate num">{row.bits_per_second > 0 ? text(bitRate(row.bits_per_second)) : NOTHING}</td>
      <td class="c-rtt num">{roundTrip(row.rtt_ms)}</td>
      <td class="c-age num">
        {row.start > 0 && now >= row.start ? shortDuration(now - row.start) : NOTHING}
      </td>
      <td class="c-iface">
        {row.in_iface || NOTHING}
        {row.vlan.map((id) => <span key={id} class="badge">VLAN {id}</span>)}
        {row.tunnel !== "none" && <span class="badge">{row.tunnel}</span>}
      </td>
    </tr>
  );
}

/** What is spoken on a port: as its bytes say, or what is usual there, which is a hint and set back. */
function Service({ row }: { row: Connection }) {
  if (row.app_proto !== "") return <span class="service service-known foreign">{row.app_proto}</span>;
  return <span class="dim service">{hasPorts(row.proto) ? usualService(row.dest_port) : ""}</span>;
}

/** What came in to and went out from this side; seen from the client where neither or both ends are here. */
export function bytesInOut(row: Connection): [number, number] {
  return row.direction === "in"
    ? [row.bytes_toserver, row.bytes_toclient]
    : [row.bytes_toclient, row.bytes_toserver];
}

/** The same as the program at the other end sees it. */
export function bytesOfPeer({ peer, bytes_toserver, bytes_toclient }: Connection): [number, number] {
  return peer?.end === "server" ? [bytes_toserver, bytes_toclient] : [bytes_toclient, bytes_toserver];
}

function ProcessName({ row }: { row: Connection }) {
  if (row.process === null) return <span class="dim">unknown</span>;
  const { name, pid, container, method, end } = row.process;
  return (
    <>
      <span class="foreign process-name">{name}</span> {row.peer === null
        ? <span class="dim pid">{pid}</span>
        : <span class="dim foreign peer-name">{`${end === "client" ? "→" : "←"} ${row.peer.name}`}</span>}
      {method !== "inode" && <span class="sure" title={METHOD_WORDS[method]}>{METHOD_SIGNS[method]}</span>}
      {container !== "" && <span class="badge foreign">{container}</span>}
    </>
  );
}

/** How a program was found, in words. */
export const METHOD_WORDS = {
  "inode": "certain: the program holds this socket",
  "shared-inode": "several programs hold this socket",
  "remembered": "remembered: the program or socket is gone",
  "none": "not found",
} as const;

const METHOD_SIGNS = { "shared-inode": "shared", "remembered": "earlier", "none": "" } as const;

function processTitle(row: Connection): string {
  if (row.process === null) return "The program is not known. Open for details";
  const { path, name, user, method } = row.process;
  const { peer } = row;
  const other = peer === null ? "" : `; at the other end ${peer.path || peer.name}, user ${peer.user}`;
  return `${path || name}, user ${user}; ${METHOD_WORDS[method]}${other}. Open for details`;
}

/** Stands where a row is not yet loaded. */
export function WaitingRow({ index, columns }: { index: number; columns: number }) {
  return (
    <tr class="row row-waiting" aria-rowindex={index + 2}>
      <td colSpan={columns}>
        <span class="visually-hidden">Loading</span>
      </td>
    </tr>
  );
}
