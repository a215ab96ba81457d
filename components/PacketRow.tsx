/** One packet as a row of the tail: when, between whom, how much, and a line that a person understands. */
import { Component } from "preact";
import type { LoggedPacket } from "../model/api.ts";
import { LOGGED_PACKET } from "../model/help/packets.ts";
import { columnHelp } from "./column_help.ts";
import { clockParts, count, endpoint, hasPorts, isoTime, NOTHING, protocolWord } from "./format.ts";
import { Icon } from "./Icon.tsx";
import { listHref } from "./list_filter.ts";

const OF = LOGGED_PACKET.fields;

export const PACKET_COLUMNS = [
  { name: "time", ...columnHelp(OF.time) },
  { name: "source", ...columnHelp(OF.src_ip) },
  { name: "destination", ...columnHelp(OF.dest_ip) },
  { name: "protocol", ...columnHelp(OF.proto) },
  { name: "length", ...columnHelp(OF.length), num: true },
  { name: "flags", ...columnHelp(OF.tcp_flags) },
  { name: "summary", ...columnHelp(OF.summary) },
  { name: "program", ...columnHelp(OF.process) },
] as const;

/** The columns of a list with or without programs. */
export function packetColumns(programs: boolean): (typeof PACKET_COLUMNS[number])[] {
  return PACKET_COLUMNS.filter(({ name }) => programs || name !== "program");
}

export interface PacketRowProps {
  packet: LoggedPacket;
  programs: boolean;
  /** Puts a filter in place; a link without scripts. */
  onFilter: (q: string) => void;
}

/** A packet never changes, so its row is drawn once: the tail adds dozens a second above hundreds of others. */
export class PacketRow extends Component<PacketRowProps> {
  override shouldComponentUpdate(next: PacketRowProps): boolean {
    return next.packet !== this.props.packet || next.programs !== this.props.programs;
  }

  override render({ packet, programs, onFilter }: PacketRowProps) {
    const [clock, fraction] = clockParts(packet.time);
    const ports = hasPorts(packet.proto);
    const payload = packet.payload !== undefined && packet.payload !== "";
    return (
      <>
        <tr class={payload ? "entry entry-open" : "entry"}>
          <td class="c-time mono">
            <time dateTime={isoTime(packet.time)}>
              {clock}
              <span class="dim">{fraction}</span>
            </time>
          </td>
          <End name="source" ip={packet.src_ip} port={ports ? packet.src_port : 0} onFilter={onFilter} />
          <End
            name="destination"
            ip={packet.dest_ip}
            port={ports ? packet.dest_port : 0}
            onFilter={onFilter}
          />
          <td class="c-protocol">{protocolWord(packet.proto)}</td>
          <td class="c-length num">
            {count(packet.length)}
            <span class="c-unit">B</span>
          </td>
          <td class="c-flags mono" title={flagWords(packet.tcp_flags)}>{packet.tcp_flags}</td>
          <th scope="row" class="c-summary foreign" title={packet.summary}>{packet.summary}</th>
          {programs && <td class="c-program foreign" title={packet.process}>{packet.process || NOTHING}</td>}
        </tr>
        {payload && (
          <tr class="payload">
            <td colSpan={packetColumns(programs).length}>
              <pre class="foreign">{packet.payload}</pre>
            </td>
          </tr>
        )}
      </>
    );
  }
}

interface EndProps {
  name: "source" | "destination";
  ip: string;
  port: number;
  onFilter: (q: string) => void;
}

function End({ name, ip, port, onFilter }: EndProps) {
  if (ip === "") return <td class={`c-${name} dim`}>{NOTHING}</td>;
  const address = ip.includes(":") && port > 0 ? `[${ip}]` : ip;
  const q = `ip:${ip}`;
  return (
    <td class={`c-${name} mono`} title={endpoint(ip, port)}>
      <span class="end">
        {name === "destination" && (
          <span class="entry-arrow">
            <Icon name="other" />
          </span>
        )}
        {/* Hundreds of links come and go: the Tab key passes them by, typing the filter does the same. */}
        <a
          class="quiet address"
          href={listHref("/packets", q)}
          tabIndex={-1}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            onFilter(q);
          }}
        >
          {address}
        </a>
        {port > 0 && <span class="dim">:{port}</span>}
      </span>
    </td>
  );
}

const FLAGS: Record<string, string> = {
  F: "FIN",
  S: "SYN",
  R: "RST",
  P: "PSH",
  A: "ACK",
  U: "URG",
  E: "ECE",
  C: "CWR",
};

/** TCP flags spelt out: `SA` is `SYN, ACK`. */
export function flagWords(letters: string): string {
  return [...letters].map((letter) => FLAGS[letter] ?? letter).join(", ");
}
