/** Which alerts a request wants: what pages and feed know too (`model/alerts.ts`), and ends, times and pages beside. */
import type { AlertFilter } from "../model/alerts.ts";
import type { Anomaly } from "../model/api.ts";
import { type Network, networkHas, parseNetwork } from "../model/network.ts";
import { DEFAULT_LIMIT, MAX_LIMIT, refuseUnknown, words } from "./packet_query.ts";
import { QueryError, wholeNumber } from "./query.ts";

/** Which alerts, and which part of their list. */
export interface AnomalyQuery extends AlertFilter {
  source: Network | null;
  destination: Network | null;
  /** Only alerts that were seen in this time, packet time in ms; null for no bound. */
  sinceMs: number | null;
  untilMs: number | null;
  /** Where the page before ended; null for the first. */
  after: Place | null;
  offset: number;
  limit: number;
}

/** The place of an alert in the list: the latest first. */
export interface Place {
  last: number;
  first: number;
  id: string;
}

const NAMES = [
  "kind",
  "severity",
  "state",
  "open",
  "expected",
  "source",
  "destination",
  "q",
  "flow",
  "id",
  "since",
  "until",
  "offset",
  "cursor",
  "limit",
];
const YES: Record<string, AlertFilter["expected"]> = {
  yes: "yes",
  true: "yes",
  no: "no",
  false: "no",
  all: "",
};

/** @throws QueryError naming the parameter at fault. */
export function parseAnomalyQuery(parameters: URLSearchParams): AnomalyQuery {
  refuseUnknown(parameters, NAMES);
  const text = (name: string) => parameters.get(name) ?? "";
  const [flow, id] = [text("flow"), text("id")];
  return {
    kind: text("kind"),
    severities: severities(text("severity")),
    state: state(parameters),
    // Who asks for one alert, or those of one flow, wants them whatever they are.
    expected: choice(parameters, "expected", YES, flow === "" && id === "" ? "no" : ""),
    source: network(text("source"), "source"),
    destination: network(text("destination"), "destination"),
    q: words(parameters),
    flow,
    id,
    sinceMs: time(text("since"), "since"),
    untilMs: time(text("until"), "until"),
    after: place(text("cursor")),
    offset: wholeNumber(parameters, "offset", 0, 0, Number.MAX_SAFE_INTEGER),
    limit: wholeNumber(parameters, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT),
  };
}

/** Whether an alert has the ends and the time that a query asks for. */
export function isWithin(alert: Anomaly, query: Partial<AnomalyQuery>): boolean {
  const { source = null, destination = null, sinceMs = null, untilMs = null } = query;
  return (source === null || networkHas(source, alert.src_ip)) &&
    (destination === null || networkHas(destination, alert.dest_ip)) &&
    (sinceMs === null || alert.last >= sinceMs) && (untilMs === null || alert.first <= untilMs);
}

/** Where a page ends, for the `cursor` of the next. */
export function cursorOf({ last, first, id }: Anomaly): string {
  return `${last}_${first}_${id}`;
}

/** Whether an alert comes after a place in the list. */
export function isAfter(alert: Anomaly, place: Place): boolean {
  return alert.last - place.last || alert.first - place.first
    ? alert.last < place.last || (alert.last === place.last && alert.first < place.first)
    : alert.id > place.id;
}

function severities(text: string): number[] {
  if (text === "") return [];
  if (!/^[1-3](,[1-3])*$/.test(text)) {
    throw new QueryError("severity", "severity takes 1 (high), 2, 3, or several: 1,2");
  }
  return text.split(",").map(Number);
}

function state(parameters: URLSearchParams): AlertFilter["state"] {
  const open = choice(parameters, "open", { true: "open", false: "closed" } as const, "");
  const state = choice(parameters, "state", { open: "open", closed: "closed" } as const, open);
  if (open !== "" && state !== open) {
    throw new QueryError("open", "open and state ask for different things: take one");
  }
  return state;
}

function choice<T>(parameters: URLSearchParams, name: string, choices: Record<string, T>, fallback: T): T {
  const value = parameters.get(name) ?? "";
  if (value === "") return fallback;
  if (Object.hasOwn(choices, value)) return choices[value];
  throw new QueryError(name, `${name} takes ${Object.keys(choices).join(", ")}`);
}

function network(text: string, name: string): Network | null {
  if (text === "") return null;
  const found = parseNetwork(text);
  if (found === null) throw new QueryError(name, `${name} takes an address, or a network such as 10.0.0.0/8`);
  return found;
}

function time(text: string, name: string): number | null {
  if (text === "") return null;
  const ms = /^\d{1,16}$/.test(text) ? Number(text) : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new QueryError(name, `${name} takes milliseconds since 1970, or a time such as 2027-01-31T08:00:00Z`);
}

function place(text: string): Place | null {
  if (text === "") return null;
  const found = /^(\d{1,16}(?:\.\d+)?)_(\d{1,16}(?:\.\d+)?)_(.+)$/.exec(text);
  if (found === null) throw new QueryError("cursor", "cursor takes what the page before gave as next");
  return { last: Number(found[1]), first: Number(found[2]), id: found[3] };
}
