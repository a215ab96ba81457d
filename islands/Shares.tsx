/** Who and what made the traffic of the last minute: rings with their legends as tables. */
import { useRef } from "preact/hooks";
import type { Share, Tick } from "../model/api.ts";
import { FilterLink } from "../components/FilterLink.tsx";
import { byteCount, percent, protocolWord, text } from "../components/format.ts";
import { Palette } from "../components/palette.ts";
import { usualService } from "../model/service_ports.ts";
import { Ring } from "../components/Ring.tsx";
import { filterFor, foldShares } from "../components/shares.ts";
import { useLive } from "../components/use_live.ts";

export default function Shares(props: { tick: Tick }) {
  const { pie, capture, throughput_from } = useLive(props.tick);
  const empty = throughput_from === "counters" ? "Not known while no packets are captured" : undefined;
  return (
    <div class="shares">
      {capture.mode !== "playback" && (
        <Group title="Programs" what="Program" shares={pie.applications} filterKey="process" empty={empty} />
      )}
      <Group title="Protocols" what="Protocol" shares={pie.protocols} filterKey="proto" empty={empty} />
      <Group
        title="Services"
        note="by server port: a hint, not a finding"
        what="Service"
        shares={pie.services}
        filterKey="port"
        empty={empty}
      />
    </div>
  );
}

interface GroupProps {
  /** What to say when there is nothing. */
  empty?: string;
  title: string;
  note?: string;
  what: string;
  shares: Share[];
  filterKey: "process" | "proto" | "port";
}

function Group(
  { title, note, what, shares, filterKey, empty = "No traffic in the last minute" }: GroupProps,
) {
  const palette = useRef<Palette | null>(null);
  palette.current ??= new Palette();
  const slices = foldShares(shares);
  const colours = palette.current.assign(slices.map((s) => s.label));
  const total = byteCount(slices.reduce((sum, s) => sum + s.bytes, 0));
  return (
    <section class="share">
      <h3>
        {title}
        {note && <span class="note">{note}</span>}
      </h3>
      <div class="share-body">
        <Ring
          slices={slices.map((s, i) => ({ label: s.label, share: s.share, colour: colours[i] }))}
          title={slices.length === 0
            ? `${title}: ${empty}`
            : `${title}: ${slices.map((s) => `${s.label} ${percent(s.share)}`).join(", ")}`}
          middle={[total.value, total.unit]}
        />
        {slices.length === 0 ? <p class="empty">{empty}</p> : (
          <table class="plain share-table">
            <thead class="visually-hidden">
              <tr>
                <th scope="col">{what}</th>
                <th scope="col">Bytes</th>
                <th scope="col">Share</th>
              </tr>
            </thead>
            <tbody>
              {slices.map((s, i) => (
                <tr key={s.label}>
                  <th scope="row">
                    <span class={`swatch slice-${colours[i]}`} aria-hidden="true" />
                    <Label label={s.label} filterKey={filterKey} />
                  </th>
                  <td class="num">{text(byteCount(s.bytes))}</td>
                  <td class="num">{percent(s.share)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </section>
  );
}

/** Kinds of traffic that have no connections to show. */
const NO_CONNECTIONS = new Set(["arp", "other_ip"]);

/** Where the connections call something by another name than the shares. */
const FILTER_WORDS: Record<string, string> = { unattributed: "unknown" };

/** A label that filters the connections by itself, where there is a filter for it. */
function Label({ label, filterKey }: { label: string; filterKey: GroupProps["filterKey"] }) {
  if (label === "other" || NO_CONNECTIONS.has(label)) return <span>{protocolWord(label)}</span>;
  // Services are named by port and protocol, `443/tcp`, or by protocol alone.
  const [port, proto] = filterKey === "port" && label.includes("/") ? label.split("/") : ["", ""];
  const service = usualService(Number(port));
  const q = port !== ""
    ? `port:${port} proto:${proto}`
    : filterFor(filterKey === "port" ? "proto" : filterKey, FILTER_WORDS[label] ?? label);
  return (
    <FilterLink q={q} title={label}>
      {filterKey === "process" ? label : protocolWord(label)}
      {service !== "" && <span class="dim">{" " + service}</span>}
    </FilterLink>
  );
}
