/** All that is known of one connection, in a drawer that the Escape key closes. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Connection, ConnectionProcess, RoundTripStats } from "../model/api.ts";
import { gradeOf } from "./finding_words.ts";
import {
  bitRate,
  byteCount,
  count,
  counted,
  dateTime,
  duration,
  endpoint,
  hasPorts,
  percent,
  protocolWord,
  roundTrip,
  text,
} from "./format.ts";
import { bytesInOut, DIRECTIONS, METHOD_WORDS } from "./ConnectionRow.tsx";
import { FilterLink } from "./FilterLink.tsx";
import { Icon } from "./Icon.tsx";
import { hostHref, processHref } from "./inventory_links.ts";
import { alertHref } from "./alert_filter.ts";
import type { Marks } from "./marks.ts";
import { usualService } from "../model/service_ports.ts";
import { filterFor } from "./shares.ts";
import { Country } from "./Where.tsx";

const SOURCES = {
  packets: "packets; no socket of this machine belongs to it",
  socket: "a socket; no packet of it was captured",
  both: "packets and a socket",
} as const;

const RTT_SOURCES = {
  handshake: "from the TCP handshake",
  flow: "from data and acknowledgements",
  exchange: "from question to answer",
  tcp_info: "smoothed, from the kernel",
} as const;

/** Median of the last round trips, with their spread. */
function trips(stats: RoundTripStats | null): string {
  if (stats === null) return "–";
  const { min_ms, median_ms, p95_ms, samples } = stats;
  return `${roundTrip(median_ms)} (${roundTrip(min_ms)} to ${roundTrip(p95_ms)}, ${count(samples)} measured)`;
}

export interface ConnectionDetailsProps {
  row: Connection;
  /** Packet time now, ms. */
  now: number;
  /** It is no longer in the list: what is shown is the last that was known. */
  gone: boolean;
  /** What was found in it, if anything. */
  found?: Marks;
  onClose: () => void;
}

/** Alerts listed here; their own page has them all. */
const MAX_FOUND = 5;

export function ConnectionDetails({ row, now, gone, found, onClose }: ConnectionDetailsProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (!dialog.current!.open) dialog.current!.showModal();
  }, []);
  const [bytesIn, bytesOut] = bytesInOut(row);
  const kind = row.state === "listen" ? "listen" : row.direction;
  const service = hasPorts(row.proto) ? usualService(row.dest_port) : "";
  return (
    <dialog
      class="drawer"
      ref={dialog}
      aria-labelledby="drawer-title"
      onClose={onClose}
      onClick={(event) => {
        if (event.target === event.currentTarget) event.currentTarget.close(); // the backdrop
      }}
    >
      <div class="drawer-inner">
        <header class="drawer-head">
          <h2 id="drawer-title">
            <a class="quiet mono" href={hostHref(row.src_ip)} title="All that is known of this host">
              {endpoint(row.src_ip, hasPorts(row.proto) ? row.src_port : 0)}
            </a>
            <span class="drawer-arrow">
              <Icon name="down" />
              <span class="visually-hidden">to</span>
            </span>
            <a class="quiet mono" href={hostHref(row.dest_ip)} title="All that is known of this host">
              {endpoint(row.dest_ip, hasPorts(row.proto) ? row.dest_port : 0)}
            </a>
          </h2>
          <button
            type="button"
            class="button button-icon"
            aria-label="Close"
            onClick={() => dialog.current!.close()}
          >
            <Icon name="close" />
          </button>
        </header>
        {gone && (
          <p class="banner banner-info">No longer in the list. This is the last that was seen of it.</p>
        )}
        {found && (
          <section class="fields">
            <h3>Alerts</h3>
            <ul class="drawer-found">
              {found.marks.slice(0, MAX_FOUND).map(({ id, severity, text }) => {
                const { word, tone } = gradeOf(severity);
                return (
                  <li key={id}>
                    <span class={`tone-${tone}`}>
                      <Icon name={tone} /> {word}
                    </span>{" "}
                    <a class="foreign" href={alertHref(id)}>{text}</a>
                  </li>
                );
              })}
            </ul>
            {found.marks.length > MAX_FOUND && (
              <p>
                <a href={`/findings?q=${encodeURIComponent(`ip:${row.src_ip}`)}`}>
                  All {count(found.marks.length)} alerts
                </a>
              </p>
            )}
          </section>
        )}
        <Group title="Connection">
          <Field name="Host name">
            {row.server_name === ""
              ? <span class="dim">none seen in the traffic</span>
              : (
                <FilterLink q={`host:${row.server_name}`} title="Show all connections to it">
                  {row.server_name}
                </FilterLink>
              )}
          </Field>
          {row.country !== "" && (
            <Field name="Country">
              <Country code={row.country} name="" />
              <span class="dim">of the other end</span>
            </Field>
          )}
          <Field name="Protocol">
            {row.app_proto === "" ? <span class="dim">not known from its bytes</span> : row.app_proto}
            {row.app_proto === "" && service !== "" && (
              <span class="dim">{`; usually ${service}, by port`}</span>
            )}
          </Field>
          <Field name="Transport">{protocolWord(row.proto)}</Field>
          <Field name="State">{row.state.replaceAll("_", " ")}</Field>
          <Field name="Direction">{DIRECTIONS[kind]}</Field>
          <Field name="First seen">
            {dateTime(row.start)}
            {row.start > 0 && `, ${duration(now - row.start)} ago`}
          </Field>
          <Field name="Last seen">{dateTime(row.last)}</Field>
          <Field name="Known from">{SOURCES[row.source]}</Field>
        </Group>
        <Group title="Traffic">
          <Field name="Rate">{text(bitRate(row.bits_per_second))}</Field>
          <Field name="In">
            {text(byteCount(bytesIn))} <span class="dim">({count(bytesIn)} bytes)</span>
          </Field>
          <Field name="Out">
            {text(byteCount(bytesOut))} <span class="dim">({count(bytesOut)} bytes)</span>
          </Field>
          <Field name="Packets">
            {count(row.pkts_toserver)} to server, {count(row.pkts_toclient)} to client
          </Field>
          <Field name="Round trip">
            {roundTrip(row.rtt_ms)}
            {row.rtt_from !== null && <span class="dim">{` ${RTT_SOURCES[row.rtt_from]}`}</span>}
          </Field>
          <Field name="To the server">{trips(row.rtt_server)}</Field>
          <Field name="To the client">{trips(row.rtt_client)}</Field>
          <Field name="Answers after">{row.answer_ms === null ? "–" : roundTrip(row.answer_ms)}</Field>
          {row.slow !== "" && <Field name="Slow part">{row.slow}</Field>}
          <Field name="Sent again">
            {counted(row.retransmissions, "segment")}
            {row.resent_share !== null && (
              <span class="dim">{` ${percent(row.resent_share)} of the bytes`}</span>
            )}
          </Field>
        </Group>
        <Group title="Program">
          {row.process === null
            ? <Field name="Name">unknown</Field>
            : <ProcessFields process={row.process} />}
        </Group>
        {row.peer !== null && (
          <Group title="At the other end">
            <ProcessFields process={row.peer} />
          </Group>
        )}
        <Group title="Path">
          <Field name="Interface">{row.in_iface || "none: no packet was captured"}</Field>
          <Field name="VLAN">{row.vlan.length > 0 ? row.vlan.join(", inside ") : "none"}</Field>
          <Field name="Tunnel">{row.tunnel}</Field>
          {row.netns !== 0 && (
            <Field name="Namespace">
              <span class="mono">{row.netns}</span>
            </Field>
          )}
        </Group>
      </div>
    </dialog>
  );
}

function Group({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="fields">
      <h3>{title}</h3>
      <dl>{children}</dl>
    </section>
  );
}

function Field({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class="field">
      <dt>{name}</dt>
      <dd class="foreign">{children}</dd>
    </div>
  );
}

function ProcessFields({ process }: { process: ConnectionProcess }) {
  const { pid, name, path, user, container, method, confidence, others } = process;
  return (
    <>
      <Field name="Name">
        <FilterLink q={filterFor("process", name)} title="Show its connections">
          {name}
        </FilterLink>
      </Field>
      <Field name="Process">
        <a class="mono" href={processHref(pid)}>{pid}</a>
      </Field>
      <Field name="Path">
        <span class="mono">{path || "not readable"}</span>
      </Field>
      <Field name="User">{user}</Field>
      {container !== "" && <Field name="Container">{container}</Field>}
      <Field name="How sure">
        {METHOD_WORDS[method]}
        <span class="dim">{` (${percent(confidence)})`}</span>
        {others > 0 && `, ${count(others)} more`}
      </Field>
    </>
  );
}
