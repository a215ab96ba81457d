/** A DNS question with its answer: what was asked, what came back, how long it took, and who wanted to know. */
import { Component } from "preact";
import type { DnsQuery } from "../model/api.ts";
import { DNS_QUERY } from "../model/help/packets.ts";
import { columnHelp } from "./column_help.ts";
import { clockParts, count, isoTime, NOTHING, roundTrip } from "./format.ts";

const OF = DNS_QUERY.fields;

export const DNS_COLUMNS = [
  { name: "time", ...columnHelp(OF.time) },
  { name: "name", ...columnHelp(OF.rrname) },
  { name: "type", ...columnHelp(OF.rrtype) },
  { name: "answer", ...columnHelp(OF.answers) },
  { name: "latency", ...columnHelp(OF.latency_ms), num: true },
  { name: "program", ...columnHelp(OF.process) },
  { name: "client", ...columnHelp(OF.client_ip) },
  { name: "resolver", ...columnHelp(OF.server_ip) },
  { name: "count", ...columnHelp(OF.count), num: true },
] as const;

/** The columns of a list with or without programs. */
export function dnsColumns(programs: boolean): (typeof DNS_COLUMNS[number])[] {
  return DNS_COLUMNS.filter(({ name }) => programs || name !== "program");
}

/** A question this old will hardly be answered: resolvers give up after five seconds, resolv.conf(5). */
const PATIENCE_MS = 5_000;

/** What became of a question: a word, its meaning, and a colour beside it. */
export interface Outcome {
  word: string;
  meaning: string;
  tone: "ok" | "info" | "warning" | "error";
}

const RCODES: Record<string, Omit<Outcome, "word">> = {
  NOERROR: { meaning: "answered", tone: "ok" },
  NXDOMAIN: { meaning: "no such name", tone: "error" },
  SERVFAIL: { meaning: "the resolver failed", tone: "error" },
  REFUSED: { meaning: "the resolver refuses to answer", tone: "error" },
  FORMERR: { meaning: "the resolver did not understand the question", tone: "warning" },
  NOTIMP: { meaning: "the resolver cannot answer that", tone: "warning" },
};

/** What became of a question by `now`, ms of packet time. */
export function outcomeOf({ rcode, answers, time, kind }: DnsQuery, now: number): Outcome {
  if (rcode === "" && answers.length === 0) {
    // What is asked of everybody in the room need not be answered by anybody.
    if (kind !== "dns") return { word: "asked of all", meaning: "anybody may answer", tone: "info" };
    return now - time > PATIENCE_MS
      ? { word: "no answer", meaning: "no answer was seen", tone: "warning" }
      : { word: "waits", meaning: "no answer yet", tone: "info" };
  }
  if (rcode === "NOERROR" && answers.length === 0) {
    return { word: "no data", meaning: "the name exists, without a record of that type", tone: "info" };
  }
  const known = Object.hasOwn(RCODES, rcode) ? RCODES[rcode] : null;
  if (known !== null) return { word: rcode, ...known };
  return rcode === ""
    ? { word: "answered", meaning: "answered", tone: "ok" }
    : { word: rcode, meaning: "response code", tone: "warning" };
}

/** Answers as the row shows them: of the type that was asked for, the value says enough. */
export function answerTexts({ answers, rrtype }: DnsQuery): string[] {
  return answers.map((answer) => answer.startsWith(`${rrtype} `) ? answer.slice(rrtype.length + 1) : answer);
}

export interface DnsRowProps {
  query: DnsQuery;
  /** Packet time now, ms. */
  now: number;
  programs: boolean;
}

/** Drawn again only when the question was answered or grew too old to be. */
export class DnsRow extends Component<DnsRowProps> {
  override shouldComponentUpdate(next: DnsRowProps): boolean {
    return next.query !== this.props.query || next.programs !== this.props.programs ||
      outcomeOf(next.query, next.now).word !== outcomeOf(this.props.query, this.props.now).word;
  }

  override render({ query, now, programs }: DnsRowProps) {
    const [clock, fraction] = clockParts(query.time);
    const outcome = outcomeOf(query, now);
    const answers = answerTexts(query);
    return (
      <tr class={`entry entry-${outcome.tone}`}>
        <td class="c-time mono">
          <time dateTime={isoTime(query.time)}>
            {clock}
            <span class="dim">{fraction}</span>
          </time>
        </td>
        <th scope="row" class="c-name" title={query.rrname}>
          <span class="end">
            <span class="host foreign">{query.rrname || "."}</span>
            {query.kind !== "dns" && <span class="badge">{query.kind}</span>}
          </span>
        </th>
        <td class="c-type mono">{query.rrtype}</td>
        <td class="c-answer" title={query.answers.join("\n") || outcome.meaning}>
          <span class="end">
            {outcome.word !== "NOERROR" && outcome.word !== "answered" && (
              <span class={`state state-${outcome.tone}`}>
                {outcome.word}
                {outcome.tone === "error" && <span class="dim meaning">{outcome.meaning}</span>}
              </span>
            )}
            {answers.length > 0 && <span class="address mono foreign">{answers[0]}</span>}
            {answers.length > 1 && <span class="badge">+{answers.length - 1}</span>}
          </span>
        </td>
        <td class="c-latency num">{roundTrip(query.latency_ms)}</td>
        {programs && <td class="c-program foreign" title={query.process}>{query.process || NOTHING}</td>}
        <td class="c-client mono" title={query.client_ip}>{query.client_ip}</td>
        <td class="c-resolver mono" title={query.server_ip}>{query.server_ip}</td>
        <td class="c-count num">
          {count(query.count)}
          <span class="dim">×</span>
        </td>
      </tr>
    );
  }
}
