/** Everything known of one process, on cards. */
import type { Tick } from "../model/api.ts";
import type { ProgramDetail } from "../model/inventory.ts";
import { AlertLines, ConnectionLines, DetailCard, Fact, Field, Latency } from "../components/DetailParts.tsx";
import { Amount } from "../components/Amount.tsx";
import { bitRate, byteCount, count, dateTime, duration, text } from "../components/format.ts";
import { hostHref, processHref } from "../components/inventory_links.ts";
import { legible } from "../components/legible.ts";
import { useLive } from "../components/use_live.ts";
import { usePolled } from "../components/use_polled.ts";
import { Country } from "../components/Where.tsx";

/** Seconds between two questions. */
const EVERY_TICKS = 2;

interface Props {
  tick: Tick;
  program: ProgramDetail;
}

export default function ProgramView(props: Props) {
  const tick = useLive(props.tick);
  const { data: program, trouble } = usePolled(props.program, `/api${processHref(props.program.pid)}`, {
    everyTicks: EVERY_TICKS,
  });
  const now = tick.packet_time;
  const q = `pid:${program.pid}`;
  return (
    <div class="details">
      {trouble !== null && <p class="banner banner-error">{trouble.text}</p>}
      <Head program={program} now={now} />
      <div class="detail-grid">
        <div class="detail-stack">
          <DetailCard title="Process">
            <dl>
              <Field name="Path">
                <span class="mono">{legible(program.path) || "not readable"}</span>
              </Field>
              <Field name="Arguments">
                <span class="mono">{legible(program.command_line, 1_024) || "not readable"}</span>
              </Field>
              <Field name="User">{legible(program.user, 60) || "not known"}</Field>
              <Field name="Started by">
                {program.parent_pid === 0
                  ? <span class="dim">not known</span>
                  : `${legible(program.parent, 60)} ${program.parent_pid}`}
              </Field>
              {program.container !== "" && <Field name="Runs in">{legible(program.container, 80)}</Field>}
              {program.started > 0 && <Field name="Started">{dateTime(program.started)}</Field>}
            </dl>
          </DetailCard>
          {program.earlier.length > 0 && (
            <DetailCard title="Earlier" note="processes of the same number">
              <ul class="lines">
                {program.earlier.map(({ name, started, command_line }) => (
                  <li key={started}>
                    <span class="foreign line-main" title={legible(command_line)}>{legible(name, 60)}</span>
                    <span class="dim">{dateTime(started)}</span>
                  </li>
                ))}
              </ul>
            </DetailCard>
          )}
        </div>
        <div class="detail-stack">
          <DetailCard title="Hosts it talks to" note="now">
            <Hosts program={program} />
          </DetailCard>
          <DetailCard title="Latency">
            <Latency latency={program.latency} />
          </DetailCard>
        </div>
        <div class="detail-stack">
          <DetailCard title="Alerts" note="about programs of this name">
            <AlertLines alerts={program.alert_list} q={`process:${program.name}`} />
          </DetailCard>
          <DetailCard title="Listens on">
            <Listens program={program} />
          </DetailCard>
        </div>
        <DetailCard title="Connections now" wide>
          <ConnectionLines
            connections={program.connection_list}
            total={program.connections}
            now={now}
            ip=""
            pid={program.pid}
            q={q}
          />
        </DetailCard>
      </div>
    </div>
  );
}

function Head({ program, now }: { program: ProgramDetail; now: number }) {
  const { pid, name, user, container, active, last, started } = program;
  return (
    <section class="card detail-head" id="programs" aria-labelledby="program-title">
      <div class="detail-who">
        <p class="crumb">
          <a href="/processes">Programs</a>
        </p>
        <h1 id="program-title">
          <span class="foreign">{legible(name, 120) || "unknown"}</span>
        </h1>
        <p class="detail-sub">
          <span class="mono">process {pid}</span>
          {user !== "" && <span class="foreign dim">{legible(user, 60)}</span>}
          {container !== "" && <span class="badge foreign">{legible(container, 60)}</span>}
          <span class={active ? "chip chip-ok" : "chip chip-off"}>
            {active ? "has sockets" : "ended, or holds no socket"}
          </span>
        </p>
        <p class="label">
          {started > 0 && now > started && active
            ? `Runs since ${dateTime(started)}, ${duration(now - started)}`
            : `Last seen ${dateTime(last)}`}
        </p>
      </div>
      <dl class="facts facts-big">
        <Fact name="In" tone="in">
          <Amount q={byteCount(program.bytes_in)} />
        </Fact>
        <Fact name="Out" tone="out">
          <Amount q={byteCount(program.bytes_out)} />
        </Fact>
        <Fact name="Now">
          <Amount q={bitRate(program.bits_per_second)} />
        </Fact>
        <Fact name="Connections">
          {count(program.connections)} <span class="unit">of {count(program.connections_seen)} seen</span>
        </Fact>
        <Fact name="Alerts" tone={program.alerts_open > 0 ? "error" : ""}>
          {count(program.alerts_open)} <span class="unit">open of {count(program.alerts)}</span>
        </Fact>
      </dl>
    </section>
  );
}

const REACH = { loopback: "this machine alone", one: "one address", all: "all addresses" } as const;

function Listens({ program: { listeners } }: { program: ProgramDetail }) {
  if (listeners.length === 0) return <p class="empty">It waits for nobody.</p>;
  return (
    <table class="plain">
      <thead>
        <tr>
          <th scope="col">Port</th>
          <th scope="col">Address</th>
          <th scope="col">Reached by</th>
        </tr>
      </thead>
      <tbody>
        {listeners.map(({ proto, address, port, reach, service, netns }) => (
          <tr key={`${netns} ${proto} ${address} ${port}`}>
            <th scope="row">
              <span class="mono">{port}</span> <span class="dim">{proto} {service}</span>
            </th>
            <td class="mono">{address}</td>
            <td>{REACH[reach]}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Hosts({ program: { hosts } }: { program: ProgramDetail }) {
  if (hosts.length === 0) return <p class="empty">None now.</p>;
  return (
    <table class="plain">
      <thead>
        <tr>
          <th scope="col">Host</th>
          <th scope="col" class="num">Conn.</th>
          <th scope="col" class="num">Bytes</th>
        </tr>
      </thead>
      <tbody>
        {hosts.map(({ ip, name, country, bytes, connections }) => (
          <tr key={ip}>
            <th scope="row">
              <Country code={country} name="" />{" "}
              <a class={name === "" ? "mono" : "foreign"} href={hostHref(ip)} title={ip}>
                {legible(name, 60) || ip}
              </a>
            </th>
            <td class="num">{count(connections)}</td>
            <td class="num">{text(byteCount(bytes))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
