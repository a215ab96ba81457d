/**
 * What was found: card numbers and logins that anyone on the path could read, newest first. Those too unsure to be
 * alerts are folded away. When there is nothing, the list says what was looked at and what cannot be seen.
 */
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Anomaly, AnomalyPage, ConnectionPage, Stats, Tick } from "../model/api.ts";
import {
  type Coverage,
  ENCRYPTED,
  type EncryptedName,
  encryptedText,
  missedOf,
} from "../components/coverage.ts";
import { Finding } from "../components/Finding.tsx";
import { isNote, kindOf, textDetail } from "../components/finding_words.ts";
import { clock, count, counted } from "../components/format.ts";
import { Icon } from "../components/Icon.tsx";
import { link, paused } from "../components/live.ts";
import { flowOf } from "../components/marks.ts";
import { isCapturing } from "../components/status.ts";
import { MAX_FINDINGS, useFindings } from "../components/use_findings.ts";
import { useLive } from "../components/use_live.ts";

/** Most findings that the API gives at once. */
const MAX_ASKED = 1_000;
/** How often what cannot be seen is counted anew. */
const COVERAGE_MS = 10_000;

interface Props {
  tick: Tick;
  page: AnomalyPage;
  /** Only of this kind, and only of this flow; empty for all. */
  kind: string;
  flow: string;
  coverage: Coverage;
}

export default function FindingsList(props: Props) {
  const { kind, flow } = props;
  const tick = useLive(props.tick);
  const findings = useFindings<Anomaly>({
    first: props.page.anomalies,
    max: MAX_FINDINGS,
    take: (one) =>
      (kind === "" || one.kind === kind) && (flow === "" || flowOf(one.id) === flow) ? one : null,
    kind,
    among: flow === "" ? MAX_FINDINGS : MAX_ASKED,
    settles: true,
  });
  const [withFirst, setWithFirst] = useState(false);
  const alike = useMemo(() => countCards(findings), [findings]);
  const alerts = findings.filter((one) => !isNote(one));
  const notes = findings.filter(isNote);
  const hasCards = findings.some((one) => textDetail(one.details, "masked") !== "");
  const { total, kinds } = tick.anomalies;
  const row = (one: Anomaly) => (
    <Finding
      key={one.id}
      finding={one}
      withFirst={withFirst}
      alike={(alike.get(cardOf(one)) ?? 1) - 1}
    />
  );
  return (
    <div class="findings">
      <div class="findings-bar">
        <Kinds kinds={kinds} total={total} kind={kind} flow={flow} />
        {hasCards && (
          <button
            type="button"
            class="button needs-script"
            aria-pressed={withFirst ? "true" : "false"}
            title="The first six digits name the issuer. Numbers in between are never kept"
            onClick={() => setWithFirst(!withFirst)}
          >
            <Icon name="card" />
            Show first six digits
          </button>
        )}
      </div>
      {total > MAX_FINDINGS && kind === "" && flow === "" && (
        <p class="tail-said">
          The latest {count(findings.length)} of {count(total)} kept.{" "}
          <a href="/api/anomalies?limit=1000">More as JSON</a>
        </p>
      )}
      <p class="visually-hidden" role="status">{counted(alerts.length, "alert")}</p>
      {alerts.length > 0
        ? <ul class="finding-list" aria-label="Alerts, newest first">{alerts.map(row)}</ul>
        : <Nothing tick={tick} filtered={kind !== "" || flow !== ""} notes={notes.length} />}
      {notes.length > 0 && (
        <details class="notes finding-notes" open={flow !== "" && alerts.length === 0}>
          <summary>
            <Icon name="info" />
            {counted(notes.length, "note")}: numbers that may be something else
          </summary>
          <ul class="finding-list" aria-label="Notes, newest first">{notes.map(row)}</ul>
        </details>
      )}
      <Looked tick={tick} coverage={props.coverage} />
    </div>
  );
}

/** The kinds there are, as links that show only those. */
function Kinds({ kinds, total, kind, flow }: {
  kinds: Record<string, number>;
  total: number;
  kind: string;
  flow: string;
}) {
  const names = Object.keys(kinds).sort();
  if (kind !== "" && !names.includes(kind)) names.push(kind);
  if (total === 0 && kind === "" && flow === "") return <div class="findings-kinds" />;
  return (
    <ul class="findings-kinds">
      <li>
        <a class="pill" href="/findings" aria-current={kind === "" && flow === "" ? "true" : undefined}>
          All <span class="dim">{count(total)}</span>
        </a>
      </li>
      {names.map((name) => (
        <li key={name}>
          <a
            class="pill foreign"
            href={`/findings?kind=${encodeURIComponent(name)}`}
            aria-current={kind === name ? "true" : undefined}
          >
            <Icon name={kindOf(name).icon} /> {kindOf(name).many}{" "}
            <span class="dim">{count(kinds[name] ?? 0)}</span>
          </a>
        </li>
      ))}
      {flow !== "" && (
        <li>
          <span class="pill" aria-current="true">one connection</span>
        </li>
      )}
    </ul>
  );
}

function Nothing({ tick, filtered, notes }: { tick: Tick; filtered: boolean; notes: number }) {
  if (filtered && notes > 0) return <p class="empty">No alert here, only what is noted below.</p>;
  if (filtered) {
    return (
      <div class="empty empty-big">
        <p>No such finding is kept.</p>
        <a href="/findings">Show all findings</a>
      </div>
    );
  }
  if (!isCapturing(tick)) {
    return (
      <div class="empty empty-big">
        <p>No packets are captured, so nothing can be found. See above how to turn capture on.</p>
      </div>
    );
  }
  return (
    <div class="empty empty-big">
      <span class="empty-sign">
        <Icon name="shield" />
      </span>
      <p>
        <b>No card number and no login in clear text</b> in {counted(tick.totals.packets, "packet")} so far.
      </p>
      {notes > 0 && <p>A few numbers were too unsure to be called one; they are below.</p>}
    </div>
  );
}

/** What was looked at, and what cannot be seen. */
function Looked({ tick, coverage: first }: { tick: Tick; coverage: Coverage }) {
  const [coverage, setCoverage] = useState(first);
  useEffect(() => {
    const timer = setInterval(async () => {
      if (document.hidden || paused.peek() || link.peek() !== "open") return;
      const next = await readCoverage();
      if (next !== null) setCoverage(next);
    }, COVERAGE_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <section class="looked" aria-labelledby="looked-title">
      <h2 id="looked-title">What this list can know</h2>
      <dl>
        <div>
          <dt>Looked at</dt>
          <dd>
            {counted(tick.totals.packets, "packet")}{" "}
            in both directions: card numbers of all brands in clear text, forms, JSON, mail, files and
            database protocols, also compressed, Base64 or cut over packets; logins of HTTP, mail, FTP,
            Telnet, SNMP and databases.
          </dd>
        </div>
        <div>
          <dt>Cannot be seen</dt>
          <dd>
            What is encrypted:{" "}
            {encryptedText(coverage)}. What is sent through TLS, QUIC or SSH is not found here.
          </dd>
        </div>
        <div>
          <dt>Missed</dt>
          <dd>
            {coverage.missed.length === 0
              ? "nothing that was captured in clear text"
              : <ul>{coverage.missed.map((text) => <li key={text}>{text}</li>)}</ul>}
          </dd>
        </div>
        <div>
          <dt>Kept</dt>
          <dd>
            Of a card the first six and last four digits and a fingerprint, of a login its kind and the length
            of the user name. Never the number, never the password. Counted at {clock(tick.ts)}.
          </dd>
        </div>
      </dl>
    </section>
  );
}

/** Asks the API what is encrypted and what was missed; null when it does not answer. */
async function readCoverage(): Promise<Coverage | null> {
  try {
    const total = async (q: string) =>
      (await get<ConnectionPage>(`/api/connections?limit=1&q=${encodeURIComponent(q)}`)).total;
    const names = Object.keys(ENCRYPTED) as EncryptedName[];
    const [stats, connections, ...counts] = await Promise.all([
      get<Stats>("/api/stats"),
      total(""),
      ...names.map((name) => total(`app:${name}`)),
    ]);
    return {
      connections,
      encrypted: Object.fromEntries(names.map((name, i) => [name, counts[i]])),
      missed: missedOf(stats),
    };
  } catch {
    return null;
  }
}

async function get<T>(url: string): Promise<T> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return await answer.json() as T;
}

/** What tells one card from another, without its number; "" where it is none. */
function cardOf(finding: Anomaly): string {
  return textDetail(finding.details, "fingerprint");
}

function countCards(findings: Anomaly[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const card of findings.map(cardOf)) {
    if (card !== "") counts.set(card, (counts.get(card) ?? 0) + 1);
  }
  return counts;
}
