/** What the pages about one host and one program have in common. */
import type { ComponentChildren } from "preact";
import type { Anomaly, Connection } from "../model/api.ts";
import type { HostPoint, MergedLatency } from "../model/inventory.ts";
import { isExpected } from "../model/alerts.ts";
import { usualService } from "../model/service_ports.ts";
import { alertHref } from "./alert_filter.ts";
import { bytesInOut, bytesOfPeer } from "./ConnectionRow.tsx";
import { gradeOf, titleOf } from "./finding_words.ts";
import {
  bitRate,
  byteCount,
  clock,
  count,
  counted,
  endpoint,
  hasPorts,
  NOTHING,
  protocolWord,
  roundTrip,
  shortDuration,
  text,
} from "./format.ts";
import { Icon } from "./Icon.tsx";
import { hostHref, processHref } from "./inventory_links.ts";
import { legible } from "./legible.ts";
import { FIRST_QUERY, pageHref } from "./query.ts";

/** A card with a heading. */
export function DetailCard({ title, note = "", wide = false, children }: {
  title: string;
  note?: string;
  wide?: boolean;
  children: ComponentChildren;
}) {
  const id = `card-${title.toLowerCase().replaceAll(/\W+/g, "-")}`;
  return (
    <section class={wide ? "card detail-wide" : "card"} aria-labelledby={id}>
      <h2 id={id}>
        {title}
        {note !== "" && <span class="note">{note}</span>}
      </h2>
      {children}
    </section>
  );
}

/** A number with its name; for the head of a page. */
export function Fact({ name, children, tone = "" }: {
  name: string;
  children: ComponentChildren;
  tone?: string;
}) {
  return (
    <div class={tone === "" ? "fact" : `fact fact-${tone}`}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Field({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class="field">
      <dt>{name}</dt>
      <dd class="foreign">{children}</dd>
    </div>
  );
}

const HISTORY_WIDTH = 600;
const HISTORY_HEIGHT = 72;
const POINT_MS = 10_000;
const POINTS = 60;

/** Traffic of the last ten minutes: to it above the line, from it below. */
export function History({ points, now }: { points: readonly HostPoint[]; now: number }) {
  const end = Math.max(Math.floor(now / POINT_MS) * POINT_MS, points.at(-1)?.t ?? 0);
  const from = end - (POINTS - 1) * POINT_MS;
  const shown = points.filter(({ t }) => t >= from);
  const top = Math.max(1, ...shown.map((point) => Math.max(point.bytes_to, point.bytes_from)));
  const step = HISTORY_WIDTH / POINTS;
  const middle = HISTORY_HEIGHT / 2;
  const bar = (t: number, bytes: number, up: boolean) => {
    const height = bytes === 0 ? 0 : Math.max(1.5, bytes / top * (middle - 2));
    const x = (t - from) / POINT_MS * step;
    return `M${x.toFixed(1)} ${up ? (middle - height).toFixed(1) : middle}h${(step - 1.5).toFixed(1)}v${
      height.toFixed(1)
    }h-${(step - 1.5).toFixed(1)}z`;
  };
  const total = (key: "bytes_to" | "bytes_from") => shown.reduce((sum, point) => sum + point[key], 0);
  return (
    <figure class="history">
      <svg
        viewBox={`0 0 ${HISTORY_WIDTH} ${HISTORY_HEIGHT}`}
        preserveAspectRatio="none"
        aria-hidden="true"
        focusable="false"
      >
        <path class="history-to" d={shown.map(({ t, bytes_to }) => bar(t, bytes_to, true)).join("")} />
        <path class="history-from" d={shown.map(({ t, bytes_from }) => bar(t, bytes_from, false)).join("")} />
        <path class="history-line" d={`M0 ${middle}H${HISTORY_WIDTH}`} />
      </svg>
      <figcaption>
        <span class="rate-in">to it {text(byteCount(total("bytes_to")))}</span>
        <span class="rate-out">from it {text(byteCount(total("bytes_from")))}</span>
        <span class="dim">last ten minutes, until {clock(end + POINT_MS)}</span>
      </figcaption>
    </figure>
  );
}

/** Least, median and 95th percentile on one line, and in words. */
export function Latency({ latency }: { latency: MergedLatency | null }) {
  if (latency === null) {
    return <p class="empty">No round trip was measured: it takes TCP, or a question with an answer.</p>;
  }
  const { min_ms, median_ms, p95_ms, connections, samples } = latency;
  const top = Math.max(p95_ms, 0.001);
  const x = (ms: number) => (2 + 96 * ms / top).toFixed(1);
  return (
    <div class="latency">
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        <path class="latency-rest" d="M2 5H98" />
        <path class="latency-span" d={`M${x(min_ms)} 5H${x(p95_ms)}`} />
        <path class="latency-median" d={`M${x(median_ms)} 1V9`} />
      </svg>
      <dl class="facts">
        <Fact name="Least">{roundTrip(min_ms)}</Fact>
        <Fact name="Median">{roundTrip(median_ms)}</Fact>
        <Fact name="95 % below">{roundTrip(p95_ms)}</Fact>
      </dl>
      <p class="label">
        {`${counted(samples, "round trip")} in ${counted(connections, "connection")}`}
      </p>
    </div>
  );
}

/** Alerts in short; each leads to itself. */
export function AlertLines({ alerts, q }: { alerts: readonly Anomaly[]; q: string }) {
  if (alerts.length === 0) return <p class="empty">None.</p>;
  return (
    <>
      <ul class="lines">
        {alerts.map((alert) => {
          const { word, tone } = gradeOf(alert.severity);
          const expected = isExpected(alert);
          return (
            <li key={alert.id} class={alert.open && !expected ? undefined : "over"}>
              <span class={expected ? "dim" : `tone-${tone}`}>
                <Icon name={expected ? "check" : tone} />
                <span class="visually-hidden">{word},</span>
              </span>
              <a class="foreign" href={alertHref(alert.id)}>{legible(titleOf(alert), 160)}</a>
              <span class={`chip ${alert.open ? "chip-open" : "chip-off"}`}>
                {expected ? "expected" : alert.open ? "goes on" : "over"}
              </span>
            </li>
          );
        })}
      </ul>
      <p>
        <a href={`/findings?${new URLSearchParams({ q })}`}>All alerts about it</a>
      </p>
    </>
  );
}

interface ConnectionsProps {
  connections: readonly Connection[];
  /** All there are now. */
  total: number;
  now: number;
  /** The host that the page is about; "" on the page of a program. */
  ip: string;
  /** The process that the page is about. @default {0} none */
  pid?: number;
  /** Filter that shows all of them. */
  q: string;
}

/** The busiest connections of a host or program. */
export function ConnectionLines({ connections, total, now, ip, pid = 0, q }: ConnectionsProps) {
  if (connections.length === 0) return <p class="empty">None now.</p>;
  return (
    <>
      <div class="list-box" role="region" aria-label="List of connections now" tabIndex={0}>
        <table class="list list-conns">
          <thead>
            <tr>
              <th scope="col" class="l-direction">Direction</th>
              <th scope="col" class="l-host">Other end</th>
              <th scope="col" class="l-proto">Protocol</th>
              {ip !== "" && <th scope="col" class="l-program">Program</th>}
              <th scope="col" class="l-state">State</th>
              <th scope="col" class="l-bytes num">In, out</th>
              <th scope="col" class="l-rate num">Rate</th>
              <th scope="col" class="l-rtt num">RTT</th>
              <th scope="col" class="l-last num">Age</th>
            </tr>
          </thead>
          <tbody>
            {connections.map((row) => <ConnectionLine key={row.id} row={row} now={now} ip={ip} pid={pid} />)}
          </tbody>
        </table>
      </div>
      <p>
        <a href={pageHref({ ...FIRST_QUERY, q })}>
          {total > connections.length ? `All ${count(total)} connections` : "Show them with all columns"}
        </a>
      </p>
    </>
  );
}

function ConnectionLine(
  { row, now, ip, pid }: { row: Connection; now: number; ip: string; pid: number },
) {
  const process = row.peer !== null && row.peer.pid === pid ? row.peer : row.process;
  const isClient = ip === "" ? process?.end !== "server" : row.src_ip === ip;
  const other = isClient ? row.dest_ip : row.src_ip;
  const [bytesIn, bytesOut] = process === row.process ? bytesInOut(row) : bytesOfPeer(row);
  const ports = hasPorts(row.proto);
  const app = row.app_proto || (ports ? usualService(row.dest_port) : "");
  return (
    <tr class={row.bits_per_second > 0 ? "busy" : undefined}>
      <td class={`l-direction dir-${row.direction}`}>
        <Icon name={row.direction} /> {row.direction}
      </td>
      <th scope="row" class="l-host">
        <a class="list-link" href={hostHref(other)}>
          {isClient && row.server_name !== "" && (
            <b class="list-name foreign">{legible(row.server_name, 120)}</b>
          )}
          <span class={isClient && row.server_name !== "" ? "mono dim" : "mono"}>
            {endpoint(other, ports && isClient ? row.dest_port : 0)}
          </span>
        </a>
      </th>
      <td class="l-proto">
        <span class={row.app_proto === "" ? "dim" : "foreign"}>{legible(app, 30)}</span>{" "}
        <span class="dim">{protocolWord(row.proto)}{ports && !isClient ? ` port ${row.dest_port}` : ""}</span>
      </td>
      {ip !== "" && (
        <td class="l-program">
          {row.process === null
            ? <span class="dim">{NOTHING}</span>
            : (
              <a class="quiet foreign" href={processHref(row.process.pid)}>
                {legible(row.process.name, 40) || `process ${row.process.pid}`}
              </a>
            )}
        </td>
      )}
      <td class="l-state">{row.state.replaceAll("_", " ")}</td>
      <td class="l-bytes num">
        <span class="rate-in" title="In">{text(byteCount(bytesIn))}</span>
        <span class="rate-out" title="Out">{text(byteCount(bytesOut))}</span>
      </td>
      <td class="l-rate num">{row.bits_per_second > 0 ? text(bitRate(row.bits_per_second)) : NOTHING}</td>
      <td class="l-rtt num">{roundTrip(row.rtt_ms)}</td>
      <td class="l-last num dim">
        {row.start > 0 && now >= row.start ? shortDuration(now - row.start) : NOTHING}
      </td>
    </tr>
  );
}
