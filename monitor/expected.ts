/**
 * Whether the user has said to expect an alert. An entry covers an alert when *every* field it has matches; what an
 * alert does not tell (a scan of many ports has no port, a file has no programs) matches no entry that names it. So an
 * entry never hides more than it says.
 */
import type { Anomaly, Expected } from "../model/api.ts";
import type { Observation } from "../model/observation.ts";
import { type Network, networkHas, parseNetwork } from "../model/network.ts";

/** What is known of an alert that an entry may name. */
export interface AlertScope {
  kind: string;
  source: string;
  destination: string;
  /** Names that source and destination were seen to have. */
  sourceNames: string[];
  destinationNames: string[];
  /** The server's; 0 where none or many. */
  port: number;
  /** "" while it is not known. */
  program: string;
  /** "" while it is not known. */
  programPath: string;
}

const DAY_MS = 86_400_000;

interface Matcher {
  source: End | null;
  destination: End | null;
  ports: [number, number] | null;
  endMs: number;
}

/** One end as an entry names it: a network, or a host name. */
type End = { network: Network } | { name: string };

/** Entries are matched often and change seldom. */
const matchers = new WeakMap<Expected, Matcher>();

/**
 * The first entry that covers an alert; null for none.
 *
 * @param nowMs When it is judged: now for an alert that goes on, its last sighting for one that is over.
 */
export function expectedBy(alert: AlertScope, entries: readonly Expected[], nowMs: number): Expected | null {
  return entries.find((entry) => covers(entry, alert, nowMs)) ?? null;
}

/** Whether an entry might cover it once its program, or the name of an end, is known. */
export function mayBeExpected(alert: AlertScope, entries: readonly Expected[], nowMs: number): boolean {
  return entries.some((entry) => {
    if (entry.kind !== undefined && entry.kind !== alert.kind) return false;
    const { source, destination } = matcherOf(entry);
    const names = [source, destination].some((end) => end !== null && "name" in end);
    if (entry.program === undefined && !names) return false; // nothing of it can still become known
    const byPath = entry.program?.startsWith("/") ?? false;
    const isWaiting = entry.program !== undefined && (byPath ? alert.programPath : alert.program) === "";
    return covers(entry, {
      ...alert,
      ...(isWaiting ? { program: entry.program, programPath: entry.program } : {}),
      sourceNames: guessed(source, alert.sourceNames),
      destinationNames: guessed(destination, alert.destinationNames),
    }, nowMs);
  });
}

/** What an entry may name of an alert as the API has it. */
export function scopeOf(alert: Anomaly, programPath = ""): AlertScope {
  const { details } = alert;
  const names = [alert.server_name, details.server_name, ...namesIn(details.evidence)].filter(isName);
  const sourceNames = [details.source_name].filter(isName);
  // Of a finding in what a server sent, the sender is the server.
  const answered = details.direction === "toclient";
  return {
    kind: alert.kind,
    source: alert.src_ip,
    destination: alert.dest_ip,
    sourceNames: answered ? names : sourceNames,
    destinationNames: answered ? sourceNames : names,
    port: answered ? alert.src_port : alert.dest_port,
    program: alert.process,
    programPath,
  };
}

/**
 * The same of an alert as it is told.
 *
 * @param nameOf Name that an address was seen to have; "" for none.
 */
export function observedScope(alert: Observation, nameOf: (address: string) => string): AlertScope {
  const { flow, direction } = alert;
  const details = alert.fields.netpane as Record<string, unknown>;
  const [source, destination] = direction === 0
    ? [flow.clientAddress, flow.serverAddress]
    : [flow.serverAddress, flow.clientAddress];
  const names = namesIn(details.evidence);
  return {
    kind: String(details.kind),
    source,
    destination,
    sourceNames: [nameOf(source), ...(direction === 0 ? [] : names)].filter(isName),
    destinationNames: [nameOf(destination), ...(direction === 0 ? names : [])].filter(isName),
    port: flow.serverPort,
    program: typeof details.program === "string" ? details.program : "",
    programPath: "",
  };
}

/** The last millisecond of a day `YYYY-MM-DD` in UTC; null for what is no day. */
export function endOfDay(text: string): number | null {
  const startMs = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  const isReal = !Number.isNaN(startMs) && new Date(startMs).toISOString().startsWith(text); // no 31 February
  return isReal ? startMs + DAY_MS - 1 : null;
}

/** When the next entry ends after `nowMs`; Infinity for never. */
export function nextEnd(entries: readonly Expected[], nowMs: number): number {
  return entries.reduce((least, entry) => {
    const { endMs } = matcherOf(entry);
    return endMs >= nowMs && endMs < least ? endMs : least;
  }, Infinity);
}

/** First and last port of `443` or `"8000-8010"`; null for what is neither. */
export function portRange(port: unknown): [number, number] | null {
  const text = typeof port === "number" ? String(port) : port;
  const found = typeof text === "string" ? /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(text.trim()) : null;
  if (found === null) return null;
  const [first, last] = [Number(found[1]), Number(found[2] ?? found[1])];
  return first >= 1 && last <= 65_535 && first <= last ? [first, last] : null;
}

function covers(entry: Expected, alert: AlertScope, nowMs: number): boolean {
  if (entry.kind !== undefined && entry.kind !== alert.kind) return false;
  const { source, destination, ports, endMs } = matcherOf(entry);
  if (nowMs > endMs) return false;
  if (ports !== null && !(alert.port >= ports[0] && alert.port <= ports[1])) return false;
  if (entry.program !== undefined) {
    const known = entry.program.startsWith("/") ? alert.programPath : alert.program;
    if (known !== entry.program) return false;
  }
  return isEnd(source, alert.source, alert.sourceNames) &&
    isEnd(destination, alert.destination, alert.destinationNames);
}

function isEnd(end: End | null, address: string, names: string[]): boolean {
  if (end === null) return true;
  if ("network" in end) return networkHas(end.network, address);
  return names.some((name) => isUnder(name.toLowerCase().replace(/\.$/, ""), end.name));
}

/** `backup.example.com` is under `example.com`; under a word without a dot only where it begins with one: `.lan`. */
function isUnder(name: string, suffix: string): boolean {
  if (suffix.startsWith(".")) return name.endsWith(suffix);
  return name === suffix || (suffix.includes(".") && name.endsWith(`.${suffix}`));
}

function matcherOf(entry: Expected): Matcher {
  let matcher = matchers.get(entry);
  if (matcher === undefined) {
    matcher = {
      source: endOf(entry.source),
      destination: endOf(entry.destination),
      ports: entry.port === undefined ? null : portRange(entry.port),
      endMs: entry.until === undefined ? Infinity : endOfDay(entry.until) ?? -Infinity,
    };
    matchers.set(entry, matcher);
  }
  return matcher;
}

function endOf(text: string | undefined): End | null {
  if (text === undefined) return null;
  const network = parseNetwork(text);
  return network === null ? { name: text.toLowerCase() } : { network };
}

/** A name that would match, where there is none yet. */
function guessed(end: End | null, names: string[]): string[] {
  return names.length > 0 || end === null || "network" in end ? names : [end.name.replace(/^\./, "a.")];
}

/** Registered domains and host names that rules bring as evidence. */
function namesIn(evidence: unknown): unknown[] {
  if (typeof evidence !== "object" || evidence === null) return [];
  const { domain, server, server_name, name } = evidence as Record<string, unknown>;
  return [domain, server, server_name, name];
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
