/** One finding: what, how sure, who to whom, how often and when. Evidence, never the secret itself. */
import type { ComponentChildren } from "preact";
import type { Anomaly } from "../model/api.ts";
import { Bar } from "./Bar.tsx";
import {
  brandOf,
  cardText,
  encodingOf,
  gradeOf,
  kindOf,
  lastDigits,
  methodOf,
  numberDetail,
  otherDetails,
  reasonsOf,
  textDetail,
  titleOf,
} from "./finding_words.ts";
import { count, dateTime, endpoint, hasPorts, isoTime, percent, protocolWord } from "./format.ts";
import { Icon } from "./Icon.tsx";
import { FIRST_QUERY, pageHref } from "./query.ts";

export interface FindingProps {
  finding: Anomaly;
  /** Show the issuer's digits of card numbers too. */
  withFirst: boolean;
  /** Other findings of the same card. */
  alike: number;
}

export function Finding({ finding, withFirst, alike }: FindingProps) {
  const { severity, kind, details } = finding;
  const { word, tone } = gradeOf(severity);
  return (
    <li class={`finding finding-${tone}`} id={`finding-${finding.id.replaceAll(/[^\w-]+/g, "-")}`}>
      <div class="finding-what">
        <p class={`finding-grade tone-${tone}`}>
          <Icon name={kindOf(kind).icon} />
          {word}
        </p>
        <h2 class="foreign">{titleOf(finding)}</h2>
        <Evidence details={details} withFirst={withFirst} alike={alike} />
      </div>
      <Who finding={finding} />
      <Why details={details} />
      <When finding={finding} />
    </li>
  );
}

/** What was found, as far as it may be shown. */
function Evidence({ details, withFirst, alike }: {
  details: Record<string, unknown>;
  withFirst: boolean;
  alike: number;
}) {
  const masked = textDetail(details, "masked");
  const protocol = textDetail(details, "protocol");
  const method = textDetail(details, "method");
  const userLength = numberDetail(details, "user_length");
  const others = otherDetails(details);
  return (
    <>
      {masked !== "" && (
        <p class="finding-card">
          <span class="foreign">{brandOf(textDetail(details, "brand"))}</span>{" "}
          <CardNumber masked={masked} withFirst={withFirst} />
          {alike > 0 && <span class="dim finding-alike">{`the same card is in ${count(alike)} more`}</span>}
        </p>
      )}
      {(protocol !== "" || method !== "") && (
        <p>
          {protocol !== "" && <b class="foreign">{protocol.toUpperCase()}</b>}
          {method !== "" && <span class="foreign">{` ${methodOf(method)}`}</span>}
          {userLength !== null && userLength > 0 && (
            <span class="dim">{`, user name of ${count(userLength)} characters`}</span>
          )}
        </p>
      )}
      {others.length > 0 && (
        <dl class="finding-others">
          {others.map(([name, text]) => (
            <div key={name}>
              <dt class="foreign">{name}</dt>
              <dd class="foreign">{text}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}

/** Dots are for the eye; a screen reader hears what they mean. */
function CardNumber({ masked, withFirst }: { masked: string; withFirst: boolean }) {
  const last = [...lastDigits(masked)].join(" ");
  const first = withFirst ? [.../^\d{0,6}/.exec(masked)![0]].join(" ") : "";
  return (
    <>
      <span class="mono finding-digits" aria-hidden="true">{cardText(masked, withFirst)}</span>
      <span class="visually-hidden">
        {first === "" ? `card number ending in ${last}` : `card number from ${first} to ${last}`}
      </span>
    </>
  );
}

/** From whom to whom it went, seen from the bytes in which it was found. */
function Who({ finding }: { finding: Anomaly }) {
  const { src_ip, src_port, dest_ip, dest_port, proto, app_proto, server_name, process, in_iface } = finding;
  const ports = hasPorts(proto);
  const fromServer = finding.details.direction === "toclient";
  const words = [
    `ip:${src_ip}`,
    `ip:${dest_ip}`,
    ...(ports ? [src_port, dest_port] : []).filter((p) => p > 0).map((p) => `port:${p}`),
  ];
  const through = [app_proto || protocolWord(proto), in_iface].filter((part) => part !== "" && part !== "any" // captured on all: which one is not known
  );
  return (
    <div class="finding-who">
      <p class="finding-end">
        <span class="label">from</span>
        <End ip={src_ip} port={ports ? src_port : 0} name={fromServer ? server_name : ""} />
      </p>
      <p class="finding-end">
        <span class="label">to</span>
        <End ip={dest_ip} port={ports ? dest_port : 0} name={fromServer ? "" : server_name} />
      </p>
      <p class="finding-through">
        {process !== "" && <b class="foreign">{process}</b>}
        {process !== "" && " · "}
        <span class="foreign">{through.join(" · ")}</span>
        {" · "}
        <a href={pageHref({ ...FIRST_QUERY, q: words.join(" ") })}>connection</a>
      </p>
    </div>
  );
}

function End({ ip, port, name }: { ip: string; port: number; name: string }) {
  return (
    <span class="finding-address">
      {name !== "" && <b class="finding-host foreign" title={name}>{name}</b>}
      <span class={name === "" ? "mono" : "mono dim"}>{endpoint(ip, port)}</span>
    </span>
  );
}

/** How sure it is, and what speaks for and against. */
function Why({ details }: { details: Record<string, unknown> }) {
  const confidence = numberDetail(details, "confidence");
  const encoding = textDetail(details, "encoding");
  const reasons = reasonsOf(details.reasons);
  if (confidence === null && encoding === "" && reasons.length === 0) return <div class="finding-why" />;
  return (
    <div class="finding-why">
      {confidence !== null && (
        <div class="finding-sure">
          <span>
            <span class="label">confidence</span> {percent(Math.min(1, confidence))}
            {encoding !== "" && (
              <>
                <span class="label">, found in</span> <span class="foreign">{encodingOf(encoding)}</span>
              </>
            )}
          </span>
          <Bar share={confidence} />
        </div>
      )}
      {reasons.length > 0 && (
        <ul class="reasons">
          {reasons.map(({ text, weight }) => (
            <li key={text} class={weight < 0 ? "reason-against" : weight > 0 ? "reason-for" : undefined}>
              <span class="reason-sign" aria-hidden="true">{weight < 0 ? "−" : weight > 0 ? "+" : "·"}</span>
              <span class="visually-hidden">{weight < 0 ? "against: " : weight > 0 ? "for: " : ""}</span>
              <span class="foreign">{text}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function When({ finding }: { finding: Anomaly }) {
  const { count: times, first, last, open } = finding;
  return (
    <div class="finding-when">
      <Moment at={first}>
        {times > 1 && (
          <>
            <b>{count(times)}</b> times, first
          </>
        )}
        {times === 1 && "once"}
      </Moment>
      {times > 1 && <Moment at={last}>last</Moment>}
      {open && <span class="dim">connection still open</span>}
    </div>
  );
}

function Moment({ at, children }: { at: number; children: ComponentChildren }) {
  return (
    <span>
      {children} <time dateTime={isoTime(at)}>{dateTime(at)}</time>
    </span>
  );
}
