/**
 * What the list of alerts can know: what was looked at, what cannot be seen, what was missed, and every rule with its
 * state. An empty list says something only beside this.
 */
import { useEffect, useState } from "preact/hooks";
import type { ConnectionPage, RulesPage, RuleStatus, Stats, Tick } from "../model/api.ts";
import {
  type Coverage,
  ENCRYPTED,
  type EncryptedName,
  encryptedText,
  missedOf,
} from "../components/coverage.ts";
import { kindOf } from "../components/finding_words.ts";
import { clock, count, counted } from "../components/format.ts";
import { Icon } from "../components/Icon.tsx";
import { link, paused } from "../components/live.ts";
import { type RuleState, ruleState, rulesText } from "../components/rule_words.ts";
import { useLive } from "../components/use_live.ts";

/** How often what cannot be seen is counted anew. */
const EVERY_MS = 10_000;

const STATES: Record<RuleState, { word: string; chip: string }> = {
  running: { word: "running", chip: "chip-ok" },
  off: { word: "off", chip: "chip-off" },
  failing: { word: "failing", chip: "chip-error" },
};

interface Props {
  tick: Tick;
  coverage: Coverage;
  rules: RuleStatus[];
}

export default function Watching(props: Props) {
  const tick = useLive(props.tick);
  const [coverage, setCoverage] = useState(props.coverage);
  const [rules, setRules] = useState(props.rules);
  useEffect(() => {
    const timer = setInterval(async () => {
      if (document.hidden || paused.peek() || link.peek() !== "open") return;
      const next = await read();
      if (next === null) return;
      setCoverage(next.coverage);
      setRules(next.rules);
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      <dl class="looked">
        <div>
          <dt>Looked at</dt>
          <dd>
            {counted(tick.totals.packets, "packet")}{" "}
            in both directions: who talks to whom, how often and how much, names asked for, and every byte in
            clear text for card numbers and logins.
          </dd>
        </div>
        <div>
          <dt>Cannot be seen</dt>
          <dd>
            What is encrypted:{" "}
            {encryptedText(coverage)}. What is sent through TLS, QUIC or SSH is not found here; only how it is
            sent is judged.
          </dd>
        </div>
        <div>
          <dt>Missed</dt>
          <dd>
            {coverage.missed.length === 0
              ? "nothing that was captured"
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
      {rules.length > 0 && (
        <details class="notes rule-list" id="rules">
          <summary>
            <Icon name="shield" />
            {rulesText(rules)}
          </summary>
          <ul>{rules.map((rule) => <Rule key={rule.kind} rule={rule} />)}</ul>
        </details>
      )}
    </>
  );
}

function Rule({ rule }: { rule: RuleStatus }) {
  const { kind, title, notices, why, fooled, attack, options } = rule;
  const { alerts, expected, failures, entries, capacity, evicted } = rule.counters;
  const { word, chip } = STATES[ruleState(rule)];
  return (
    <li>
      <h3>
        <Icon name={kindOf(kind).icon} /> {title} <span class={`chip ${chip}`}>{word}</span>
      </h3>
      <p>{notices}</p>
      <p class="dim">
        {counted(alerts, "alert")}
        {expected > 0 && `, ${count(expected)} of them expected`}
        {capacity > 0 && `, remembers ${count(entries)} of at most ${count(capacity)}`}
        {evicted > 0 && `, ${count(evicted)} forgotten for want of room`}
        {failures > 0 && `, failed ${counted(failures, "time")}`}
        {attack !== null && `, ATT&CK ${attack.id} ${attack.name}`}
      </p>
      <details class="alert-why">
        <summary>Why this matters, and how it can be wrong</summary>
        <dl>
          <div>
            <dt>Why it matters</dt>
            <dd>{why}</dd>
          </div>
          <div>
            <dt>How it can be wrong</dt>
            <dd>{fooled}</dd>
          </div>
          {options.map(({ name, value, default: usual, unit, help }) => (
            <div key={name}>
              <dt>{optionWords(name)}</dt>
              <dd>
                <b>{count3(value)}</b> {unit}
                {value !== usual && <span class="dim">{` (usually ${count3(usual)})`}</span>}: {help}
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </li>
  );
}

/** `silentReplies` is `Silent replies`. */
function optionWords(name: string): string {
  const words = name.replace(/_/g, " ").replace(/[A-Z]/g, (letter) => " " + letter.toLowerCase());
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

function count3(value: number): string {
  return Number.isInteger(value) ? count(value) : String(value);
}

/** Asks the API what is encrypted, what was missed and how the rules do; null when it does not answer. */
async function read(): Promise<{ coverage: Coverage; rules: RuleStatus[] } | null> {
  try {
    const total = async (q: string) =>
      (await get<ConnectionPage>(`/api/connections?limit=1&q=${encodeURIComponent(q)}`)).total;
    const names = Object.keys(ENCRYPTED) as EncryptedName[];
    const [stats, { rules }, connections, ...counts] = await Promise.all([
      get<Stats>("/api/stats"),
      get<RulesPage>("/api/rules"),
      total(""),
      ...names.map((name) => total(`app:${name}`)),
    ]);
    const encrypted = Object.fromEntries(names.map((name, i) => [name, counts[i]]));
    return { coverage: { connections, encrypted, missed: missedOf(stats) }, rules };
  } catch {
    return null;
  }
}

async function get<T>(url: string): Promise<T> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return await answer.json() as T;
}
