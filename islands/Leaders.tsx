/** Which hosts and programs moved most in the last minute. */
import type { Talker, Tick } from "../model/api.ts";
import { Bar } from "../components/Bar.tsx";
import { bitRate, byteCount, counted, text } from "../components/format.ts";
import { hostHref, programsHref } from "../components/inventory_links.ts";
import { legible } from "../components/legible.ts";
import { Marked } from "../components/Marked.tsx";
import { type Mark, type Marks, marksOfHost, marksOfProgram } from "../components/marks.ts";
import { useLive } from "../components/use_live.ts";
import { useMarks } from "../components/use_marks.ts";
import { Country } from "../components/Where.tsx";

interface Props {
  tick: Tick;
  of: "hosts" | "programs";
  /** Alerts of late, newest first. */
  marks: Mark[];
}

export default function Leaders(props: Props) {
  const tick = useLive(props.tick);
  const marks = useMarks(props.marks);
  const marksOf = props.of === "hosts" ? marksOfHost : marksOfProgram;
  const rows = props.of === "hosts" ? tick.top_talkers : tick.top_apps;
  const top = Math.max(1, ...rows.map((row) => row.bytes));
  if (rows.length === 0) {
    return (
      <p class="empty">
        {props.of === "hosts"
          ? "No host has moved anything in the last minute"
          : "No program has moved anything in the last minute"}
      </p>
    );
  }
  return (
    <table class="plain leaders">
      <thead>
        <tr>
          <th scope="col">{props.of === "hosts" ? "Host" : "Program"}</th>
          <th scope="col" class="num">Rate</th>
          <th scope="col" class="num">Last minute</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row
            key={row.label}
            row={row}
            share={row.bytes / top}
            of={props.of}
            found={marksOf(marks, row.label, tick.packet_time)}
          />
        ))}
      </tbody>
    </table>
  );
}

function Row({ row, share, of, found }: {
  row: Talker;
  share: number;
  of: "hosts" | "programs";
  found: Marks | undefined;
}) {
  const { label, name = "", country = "" } = row;
  const isHost = of === "hosts";
  const said = `${label}: ${counted(row.connections, "connection")}`;
  return (
    <tr>
      <th scope="row">
        <a class="quiet foreign" href={isHost ? hostHref(label) : programsHref(label)} title={said}>
          {country !== "" && (
            <>
              <Country code={country} name="" />
              {" "}
            </>
          )}
          {name === "" ? label : legible(name, 120)}
          {name !== "" && <span class="leader-address mono">{label}</span>}
        </a>
        <Marked found={found} />
        <Bar share={share} />
      </th>
      <td class="num">{text(bitRate(row.bits_per_second))}</td>
      <td class="num">{text(byteCount(row.bytes))}</td>
    </tr>
  );
}
