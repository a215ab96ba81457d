/** Everything known of one host, on cards. */
import { useState } from "preact/hooks";
import type { Tick } from "../model/api.ts";
import type { HostDetail, HostPort, HostProgram } from "../model/inventory.ts";
import type { PingAnswer } from "../model/who.ts";
import {
  AlertLines,
  ConnectionLines,
  DetailCard,
  Fact,
  Field,
  History,
  Latency,
} from "../components/DetailParts.tsx";
import { Amount } from "../components/Amount.tsx";
import {
  bitRate,
  byteCount,
  count,
  counted,
  dateTime,
  duration,
  percent,
  roundTrip,
  text,
} from "../components/format.ts";
import { Icon } from "../components/Icon.tsx";
import { hostHref, processHref } from "../components/inventory_links.ts";
import { legible } from "../components/legible.ts";
import { useLive } from "../components/use_live.ts";
import { usePolled } from "../components/use_polled.ts";
import { Country, KIND_WORDS, placeText } from "../components/Where.tsx";

/** Seconds between two questions. */
const EVERY_TICKS = 2;
/** Requests of one run. */
const PINGS = 4;

const SOURCE_WORDS: Record<string, string> = {
  dns: "answer of a name server",
  mdns: "multicast DNS",
  llmnr: "LLMNR",
  netbios: "NetBIOS",
  sni: "asked for in TLS",
  http: "asked for in HTTP",
  dhcp: "DHCP",
  reverse_dns: "reverse DNS",
  traffic: "its traffic",
};

interface Props {
  tick: Tick;
  host: HostDetail;
}

export default function HostView(props: Props) {
  const tick = useLive(props.tick);
  const { data: host, trouble } = usePolled(props.host, `/api${hostHref(props.host.ip)}`, {
    everyTicks: EVERY_TICKS,
  });
  const now = tick.packet_time;
  const asks = tick.capture.mode !== "playback";
  return (
    <div class="details">
      {trouble !== null && <p class="banner banner-error">{trouble.text}</p>}
      <Head host={host} now={now} />
      <div class="detail-grid">
        <div class="detail-stack">
          <DetailCard title="Names">
            <Names host={host} asks={asks} />
          </DetailCard>
          <DetailCard title="Place and network">
            <PlaceFields host={host} />
          </DetailCard>
          {host.device !== null && (
            <DetailCard title="Device">
              <DeviceFields host={host} />
            </DetailCard>
          )}
        </div>
        <div class="detail-stack">
          <DetailCard title="Latency">
            <Latency latency={host.latency} />
            <Slow host={host} />
            {asks && <Ping ip={host.ip} />}
          </DetailCard>
          <DetailCard title="Ports">
            <Ports host={host} />
          </DetailCard>
        </div>
        <div class="detail-stack">
          <DetailCard title="Alerts">
            <AlertLines alerts={host.alert_list} q={`ip:${host.ip}`} />
          </DetailCard>
          <DetailCard title="Programs here that talk to it">
            <Programs programs={host.talked_to_by} isFile={!asks} />
          </DetailCard>
        </div>
        <DetailCard title="Connections now" wide>
          <ConnectionLines
            connections={host.connection_list}
            total={host.connections}
            now={now}
            ip={host.ip}
            q={`ip:${host.ip}`}
          />
        </DetailCard>
      </div>
    </div>
  );
}

function Head({ host, now }: { host: HostDetail; now: number }) {
  const { ip, name, kind, own, special, first, last } = host;
  return (
    <section class="card detail-head" id="hosts" aria-labelledby="host-title">
      <div class="detail-who">
        <p class="crumb">
          <a href="/hosts">Hosts</a>
        </p>
        <h1 id="host-title">
          <span class={name === "" ? "mono" : "foreign"}>{name === "" ? ip : legible(name, 200)}</span>
        </h1>
        <p class="detail-sub">
          {name !== "" && <span class="mono">{ip}</span>}
          {own && <span class="chip chip-ok">this machine</span>}
          {special !== null && (
            <span class="chip chip-off" title={`${special.name}, ${special.prefix}, ${special.source}`}>
              {KIND_WORDS[kind] ?? kind}
            </span>
          )}
          <Country code={host.country} name={host.country_name} long />
          {host.organisation !== "" && <span class="foreign dim">{legible(host.organisation, 80)}</span>}
          {host.vendor !== "" && <span class="foreign dim">{legible(host.vendor, 80)}</span>}
        </p>
        <p class="label">
          {first === null || last === null
            ? "No packet from or to it has been seen"
            : `Seen since ${dateTime(first)}${
              now - last > 5_000 ? `, last ${duration(now - last)} ago` : ", active now"
            }`}
        </p>
      </div>
      <dl class="facts facts-big">
        <Fact name="To it" tone="in">
          <Amount q={byteCount(host.bytes_to)} />
        </Fact>
        <Fact name="From it" tone="out">
          <Amount q={byteCount(host.bytes_from)} />
        </Fact>
        <Fact name="Now">
          <Amount q={bitRate(host.bits_per_second)} />
        </Fact>
        <Fact name="Connections">
          {count(host.connections)} <span class="unit">of {count(host.connections_seen)} seen</span>
        </Fact>
        <Fact name="Round trip" tone={host.slow === "" ? "" : "warning"}>{roundTrip(host.rtt_ms)}</Fact>
        <Fact name="Alerts" tone={host.alerts_open > 0 ? "error" : ""}>
          {count(host.alerts_open)} <span class="unit">open of {count(host.alerts)}</span>
        </Fact>
      </dl>
      <History points={host.history} now={now} />
    </section>
  );
}

function Names({ host, asks }: { host: HostDetail; asks: boolean }) {
  const [asked, setAsked] = useState<HostDetail["reverse_dns"] | "asking">(host.reverse_dns);
  const ask = async () => {
    setAsked("asking");
    try {
      const answer = await fetch(`/api${hostHref(host.ip)}?resolve=1`);
      const body = await answer.json() as HostDetail & { detail?: string };
      setAsked(answer.ok ? body.reverse_dns : { names: [], error: body.detail ?? "It could not be asked" });
    } catch {
      setAsked({ names: [], error: "Netpane cannot be reached" });
    }
  };
  return (
    <>
      {host.names.length === 0 ? <p class="empty">None was seen in the traffic.</p> : (
        <ul class="lines">
          {[...Map.groupBy(host.names, ({ name }) => name)].map(([name, seen]) => (
            <li key={name}>
              <span class="foreign line-main">{legible(name, 253)}</span>
              {seen.map(({ from }) => <span key={from} class="chip chip-off">{SOURCE_WORDS[from]}</span>)}
            </li>
          ))}
        </ul>
      )}
      {asks && (
        <div class="ask needs-script">
          <button
            type="button"
            class="button button-small needs-admin"
            disabled={asked === "asking"}
            onClick={ask}
          >
            <Icon name="search" />
            Ask the name servers
          </button>
          <span class="label" role="status">
            {asked === "asking"
              ? "Asking…"
              : asked === null
              ? "Tells the system’s name servers that you want to know"
              : asked.names.length > 0
              ? asked.names.map((name) => legible(name, 253)).join(", ")
              : asked.error}
          </span>
        </div>
      )}
    </>
  );
}

function PlaceFields({ host }: { host: HostDetail }) {
  const { place, special } = host;
  if (special !== null) {
    return (
      <dl>
        <Field name="Kind">{special.name}</Field>
        <Field name="Range">
          <span class="mono">{special.prefix}</span>
        </Field>
        <Field name="Set aside by">{special.source}</Field>
      </dl>
    );
  }
  if (place === null) return <p class="empty">No source here knows where it is.</p>;
  const where = placeText(place);
  return (
    <>
      <dl>
        <Field name="Country">
          {place.country === ""
            ? <span class="dim">not known</span>
            : <Country code={place.country} name={place.country_name} long />}
        </Field>
        {where !== "" && <Field name="City, region">{where}</Field>}
        {place.latitude !== null && (
          <Field name="About at">{place.latitude.toFixed(2)}°, {place.longitude!.toFixed(2)}°</Field>
        )}
        <Field name="Network">
          {legible(place.organisation, 120) || <span class="dim">not known</span>}
        </Field>
        {place.asn !== null && (
          <Field name="AS">
            <span class="mono">AS{place.asn}</span>
          </Field>
        )}
        <Field name="Known from">{place.source.join(", ")}</Field>
      </dl>
    </>
  );
}

function DeviceFields({ host }: { host: HostDetail }) {
  const { mac, vendor, random, router, in_iface, addresses, says, first } = host.device!;
  return (
    <dl>
      <Field name="Card">
        <span class="mono">{mac}</span>
        {router && <span class="badge">router</span>}
      </Field>
      <Field name="Maker">
        {random
          ? "not known: the device made this address up"
          : legible(vendor, 100) || <span class="dim">not known</span>}
      </Field>
      <Field name="Addresses">
        {addresses.slice(0, 6).map(({ ip }) => (
          <span key={ip} class="field-line">
            {ip === host.ip ? <span class="mono">{ip}</span> : <a class="mono" href={hostHref(ip)}>{ip}</a>}
          </span>
        ))}
      </Field>
      {says.length > 0 && (
        <Field name="Says of itself">
          {says.map((said) => <span key={said} class="field-line">{legible(said)}</span>)}
        </Field>
      )}
      {in_iface !== "" && <Field name="Seen on">{in_iface}</Field>}
      <Field name="Known since">{dateTime(first)}</Field>
    </dl>
  );
}

function Slow({ host }: { host: HostDetail }) {
  const { slow, slow_connections, resent_share } = host;
  return (
    <dl>
      {slow !== "" && (
        <Field name="Slow part">
          <span class="tone-warning">{slow}</span>
          <span class="dim">{` in ${counted(slow_connections, "connection")}`}</span>
        </Field>
      )}
      <Field name="Sent again">
        {resent_share === null
          ? <span class="dim">too little was sent to say</span>
          : `${percent(resent_share)} of the bytes`}
      </Field>
    </dl>
  );
}

/** Echo requests, when asked for. */
function Ping({ ip }: { ip: string }) {
  const [said, setSaid] = useState("");
  const [busy, setBusy] = useState(false);
  const ping = async () => {
    setBusy(true);
    setSaid("Sending…");
    try {
      const answer = await fetch(`/api/ping?${new URLSearchParams({ ip, count: String(PINGS) })}`);
      const body = await answer.json() as PingAnswer & { detail?: string };
      setSaid(answer.ok ? pingText(body) : body.detail ?? "It could not be sent");
    } catch {
      setSaid("Netpane cannot be reached");
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="ask needs-script">
      <button type="button" class="button button-small needs-admin" disabled={busy} onClick={ping}>
        <Icon name="pulse" />
        Ping
      </button>
      <span class="label" role="status">{said || `Sends ${PINGS} echo requests to it`}</span>
    </div>
  );
}

function pingText({ received, sent, rtt_ms, loss }: PingAnswer): string {
  if (rtt_ms === null) return `No answer to ${sent} requests`;
  const lost = loss > 0 ? `, ${percent(loss)} lost` : "";
  return `${received} of ${sent} answered: ${roundTrip(rtt_ms.median)} (${roundTrip(rtt_ms.min)} to ${
    roundTrip(rtt_ms.max)
  })${lost}`;
}

function Programs({ programs, isFile }: { programs: HostProgram[]; isFile: boolean }) {
  if (programs.length === 0) {
    return <p class="empty">{isFile ? "A capture file knows no programs." : "None is known."}</p>;
  }
  return (
    <table class="plain">
      <thead>
        <tr>
          <th scope="col">Program</th>
          <th scope="col" class="num">Conn.</th>
          <th scope="col" class="num">Bytes</th>
        </tr>
      </thead>
      <tbody>
        {programs.map(({ name, path, pid, connections, bytes }) => (
          <tr key={name}>
            <th scope="row">
              <a class="foreign" href={processHref(pid)} title={legible(path)}>
                {legible(name, 80) || `process ${pid}`}
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

function Ports({ host: { serves, uses } }: { host: HostDetail }) {
  if (serves.length + uses.length === 0) return <p class="empty">None was seen in use.</p>;
  return (
    <>
      <PortTable title="Serves" ports={serves} />
      <PortTable title="Uses elsewhere" ports={uses} />
    </>
  );
}

const SHOWN_PORTS = 8;

function PortTable({ title, ports }: { title: string; ports: HostPort[] }) {
  if (ports.length === 0) return null;
  return (
    <table class="plain">
      <thead>
        <tr>
          <th scope="col">{title}</th>
          <th scope="col">Protocol</th>
          <th scope="col" class="num">Bytes</th>
        </tr>
      </thead>
      <tbody>
        {ports.slice(0, SHOWN_PORTS).map(({ proto, port, app_proto, service, bytes }) => (
          <tr key={`${proto} ${port}`}>
            <th scope="row">
              <span class="mono">{port}</span> <span class="dim">{proto}</span>
            </th>
            <td class={app_proto === "" ? "dim" : "foreign"}>{legible(app_proto || service, 40)}</td>
            <td class="num">{text(byteCount(bytes))}</td>
          </tr>
        ))}
        {ports.length > SHOWN_PORTS && (
          <tr>
            <td class="dim" colSpan={3}>and {count(ports.length - SHOWN_PORTS)} more</td>
          </tr>
        )}
      </tbody>
    </table>
  );
}
