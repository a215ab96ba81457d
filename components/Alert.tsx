/** One alert: what, how grave, who to whom, since when, and what it rests on, drawn. Never a secret itself. */
import type { Anomaly } from "../model/api.ts";
import { isExpected } from "../model/alerts.ts";
import { alertHref } from "./alert_filter.ts";
import { CardEvidence } from "./CardEvidence.tsx";
import { evidenceOf } from "./evidence.ts";
import { Evidence } from "./Evidence.tsx";
import { expectedText } from "./expect_words.ts";
import {
  gradeOf,
  kindOf,
  messageOf,
  numberDetail,
  otherEvidence,
  textDetail,
  titleOf,
} from "./finding_words.ts";
import { count, dateTime, duration, endpoint, hasPorts, isoTime, percent, protocolWord } from "./format.ts";
import { Icon } from "./Icon.tsx";
import { hostHref, programsHref } from "./inventory_links.ts";
import { legible } from "./legible.ts";
import { FIRST_QUERY, pageHref } from "./query.ts";
import { listHref } from "./list_filter.ts";
import { filterFor } from "./shares.ts";

/** What a rule says of itself, as far as an alert shows it. */
export interface RuleWords {
  why: string;
  fooled: string;
  attack: { id: string; name: string } | null;
}

/** A sentence may be longer than a line. */
const MAX_MESSAGE = 600;

export interface AlertProps {
  alert: Anomaly;
  rule?: RuleWords;
  /** Show the issuer's digits of card numbers too. */
  withFirst: boolean;
  /** Other alerts of the same card. */
  alike: number;
  onExpect: (alert: Anomaly) => void;
  /** Takes the entry of this id out of the settings. */
  onUndo: (entry: string) => void;
}

/** Id of an alert's element, for links within the page. */
export function elementId(alertId: string): string {
  return `alert-${alertId.replaceAll(/[^\w-]+/g, "-").slice(0, 100)}`;
}

export function Alert({ alert, rule, withFirst, alike, onExpect, onUndo }: AlertProps) {
  const { severity, kind, details } = alert;
  const { word, tone } = gradeOf(severity);
  const expected = isExpected(alert);
  const id = elementId(alert.id);
  const message = messageOf(alert);
  const confidence = numberDetail(details, "confidence");
  const parts = evidenceOf(otherEvidence(details));
  return (
    <li
      class={`alert alert-${expected ? "expected" : tone}${alert.open ? "" : " alert-over"}`}
      id={id}
      aria-labelledby={`${id}-title`}
    >
      <div class="alert-what">
        <p class="alert-grade">
          <span class={`alert-severity tone-${tone}`}>
            <Icon name={tone} />
            {word}
          </span>
          <span class={`chip ${alert.open ? "chip-open" : "chip-off"}`}>
            {alert.open ? "goes on" : "over"}
          </span>
          {expected && <span class="chip chip-ok">expected</span>}
          {confidence !== null && details.reasons === undefined && (
            <span class="dim">{`${percent(Math.min(1, confidence))} sure`}</span>
          )}
        </p>
        <h2 class="foreign" id={`${id}-title`}>
          <Icon name={kindOf(kind).icon} />
          {legible(titleOf(alert))}
        </h2>
        {message !== "" && <p class="alert-message foreign">{legible(message, MAX_MESSAGE)}</p>}
        <Ends alert={alert} />
        <When alert={alert} />
        {expected && <p class="alert-expected foreign">{expectedText(alert.expected!)}</p>}
      </div>
      <div class="alert-evidence">
        <CardEvidence details={details} withFirst={withFirst} alike={alike} />
        <Evidence parts={parts} />
      </div>
      <div class="alert-foot">
        {rule !== undefined && <Why rule={rule} />}
        <p class="alert-links">
          <Links alert={alert} />
          {expected
            ? (
              <button
                type="button"
                class="button button-small needs-script needs-admin"
                onClick={() => onUndo(alert.expected!.id)}
              >
                <Icon name="undo" />
                No longer expected
              </button>
            )
            : (
              <button
                type="button"
                class="button button-small needs-script needs-admin"
                aria-haspopup="dialog"
                onClick={() => onExpect(alert)}
              >
                <Icon name="check" />
                Expected…
              </button>
            )}
        </p>
      </div>
    </li>
  );
}

/** An alert about hosts may be about several transports. */
function isAnyProtocol(proto: string): boolean {
  return proto === "0" || proto === "";
}

function mayHavePorts(proto: string): boolean {
  return hasPorts(proto) || isAnyProtocol(proto);
}

/** Who does it to whom. */
function Ends({ alert }: { alert: Anomaly }) {
  const { src_ip, src_port, dest_ip, dest_port, proto, app_proto, server_name, process, in_iface } = alert;
  const ports = mayHavePorts(proto);
  const fromServer = alert.details.direction === "toclient";
  const server = textDetail(alert.details, "server_name") || server_name; // as the sentence has it
  const source = textDetail(alert.details, "source_name");
  const through = [app_proto || (isAnyProtocol(proto) ? "" : protocolWord(proto)), in_iface]
    .filter((part) => part !== "" && part !== "any"); // captured on all: which one is not known
  return (
    <div class="alert-ends">
      <End ip={src_ip} port={ports ? src_port : 0} name={fromServer ? server : source} none="many sources" />
      <span class="alert-arrow">
        <Icon name="other" />
        <span class="visually-hidden">to</span>
      </span>
      <End ip={dest_ip} port={ports ? dest_port : 0} name={fromServer ? source : server} none="many" />
      {(process !== "" || through.length > 0) && (
        <span class="alert-through">
          {process !== "" && (
            <a class="quiet" href={programsHref(process)}>
              <b class="foreign">{legible(process, 80)}</b>
            </a>
          )}
          {process !== "" && through.length > 0 && " · "}
          <span class="foreign">{through.map((part) => legible(part, 60)).join(" · ")}</span>
        </span>
      )}
    </div>
  );
}

function End({ ip, port, name, none }: { ip: string; port: number; name: string; none: string }) {
  return (
    <span class="alert-end">
      {name !== "" && <b class="alert-host foreign" title={legible(name)}>{legible(name)}</b>}
      {ip === ""
        ? <span class="dim">{port > 0 ? `${none}, port ${port}` : none}</span>
        : (
          <a class={`quiet mono foreign${name === "" ? "" : " dim"}`} href={hostHref(ip)}>
            {legible(endpoint(ip, port), 80)}
          </a>
        )}
    </span>
  );
}

function When({ alert }: { alert: Anomaly }) {
  const { first, last, count: times, open } = alert;
  const lasted = last - first;
  return (
    <p class="alert-when">
      <span>
        <span class="label">{open ? "since" : "from"}</span> <Moment at={first} />
      </span>
      {lasted >= 1000 && (
        <span>
          <span class="label">{open ? "last" : "to"}</span> <Moment at={last} />{" "}
          <span class="dim">({duration(lasted)})</span>
        </span>
      )}
      {times > 1 && (
        <span>
          <b>{count(times)}</b> <span class="label">times</span>
        </span>
      )}
    </p>
  );
}

function Moment({ at }: { at: number }) {
  return <time dateTime={isoTime(at)}>{dateTime(at)}</time>;
}

function Why({ rule: { why, fooled, attack } }: { rule: RuleWords }) {
  return (
    <details class="alert-why">
      <summary>Why this matters, and how it can be wrong</summary>
      <dl>
        {why !== "" && (
          <div>
            <dt>Why it matters</dt>
            <dd>{why}</dd>
          </div>
        )}
        {fooled !== "" && (
          <div>
            <dt>How it can be wrong</dt>
            <dd>{fooled}</dd>
          </div>
        )}
        {attack !== null && (
          <div>
            <dt>MITRE ATT&amp;CK</dt>
            <dd>
              <a href={attackHref(attack.id)} rel="noreferrer">{attack.id}</a> {attack.name}
            </dd>
          </div>
        )}
      </dl>
    </details>
  );
}

/** The technique's page; followed only when clicked. */
function attackHref(id: string): string {
  return `https://attack.mitre.org/techniques/${id.split(".").map(encodeURIComponent).join("/")}/`;
}

/** Where more of it can be seen. */
function Links({ alert }: { alert: Anomaly }) {
  const { src_ip, dest_ip, dest_port, src_port, proto, process, details } = alert;
  const fromServer = details.direction === "toclient";
  const ports = mayHavePorts(proto);
  const port = fromServer ? src_port : dest_port;
  const ends = [src_ip, dest_ip].filter((ip) => ip !== "");
  const words = [
    ...ends.map((ip) => `ip:${ip}`),
    ...(ports && port > 0 ? [`port:${port}`] : []),
    // One flow is told from others by the client's port, too.
    ...(ports && src_port > 0 && dest_port > 0 ? [`port:${fromServer ? dest_port : src_port}`] : []),
  ];
  const q = words.length > 0 ? words.join(" ") : process === "" ? "" : filterFor("process", process);
  // Packets take one `ip:`; the other end must be found somewhere in the row.
  const packets = ends.length === 0 ? "" : [`ip:${ends[0]}`, ...ends.slice(1)].join(" ") +
    (ports && port > 0 ? ` port:${port}` : "");
  return (
    <>
      {q !== "" && <a href={pageHref({ ...FIRST_QUERY, q })}>Connections</a>}
      {packets !== "" && <a href={listHref("/packets", packets)}>Packets</a>}
      <a href={alertHref(alert.id)}>Link to this alert</a>
    </>
  );
}
