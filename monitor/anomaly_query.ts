/** Which alerts a request wants: what pages and feed know too (`model/alerts.ts`), and ends, times and pages beside. */
import { KINDS } from "../detect/kinds.ts";
import type { AlertFilter } from "../model/alerts.ts";
import type { Anomaly } from "../model/api.ts";
import { type Network, networkHas } from "../model/network.ts";
import { LIMIT, OFFSET, ORDER, Q } from "./packet_query.ts";
import { choice, choices, cursor, moment, network, readParameters, text } from "./parameters.ts";
import { addressOrder, QueryError } from "./query.ts";
import { type Order, sortRows } from "./row_order.ts";

/** Which alerts, and which part of their list. */
export interface AnomalyQuery extends AlertFilter {
  source: Network | null;
  destination: Network | null;
  /** Only alerts that were seen in this time, packet time in ms; null for no bound. */
  sinceMs: number | null;
  untilMs: number | null;
  /** Where the page before ended; null for the first. */
  after: Place | null;
  /** A name of `ALERT_SORTS`; "" as order is what is usual there. */
  sort: string;
  order: "asc" | "desc" | "";
  offset: number;
  limit: number;
}

/** The place of an alert in the list: the latest first. */
export interface Place {
  last: number;
  first: number;
  id: string;
}

const STATES = { open: "open", closed: "closed" } as const;

const ALERT_SORTS: Order<Anomaly> = {
  last: (alert) => alert.last,
  first: (alert) => alert.first,
  severity: (alert) => alert.severity,
  count: (alert) => alert.count,
  kind: (alert) => alert.kind,
  src_ip: (alert) => addressOrder(alert.src_ip),
  dest_ip: (alert) => addressOrder(alert.dest_ip),
  process: (alert) => alert.process.toLowerCase() || null,
};

/** What a request may ask of alerts; `fields` beside is the API's own. */
export const ANOMALY_PARAMETERS = {
  kind: choice(KINDS.map(({ kind }) => kind), "", "Kind of alert; /api/rules has them all", "port_scan"),
  severity: choices([1, 2, 3], "1 high, 2 medium, 3 a note", "1,2"),
  state: choice(STATES, "", "Those that go on, or those that are over"),
  open: choice({ true: "open", false: "closed" }, "", "The same as state: true for open, false for closed"),
  expected: choice(
    { yes: "yes", true: "yes", no: "no", false: "no", all: "all" },
    "",
    "Whether the user expects them; without it only what nobody expects, but whatever id or flow name",
    "all",
  ),
  source: network("Address or network of the sender"),
  destination: network("Address or network of the receiver"),
  q: { ...Q, example: "port:22 host:10.0.0.0/8" },
  flow: text({ help: "Number of the one flow it was seen in", example: "4711" }),
  id: text({ help: "One alert", example: "port_scan:17" }),
  since: moment("Seen at or after this time"),
  until: moment("Seen at or before this time"),
  sort: choice(Object.keys(ALERT_SORTS), "last", "What to sort by"),
  order: ORDER,
  offset: OFFSET,
  cursor: cursor("Where the page before ended: its next", "1795000004000_1795000000000_port_scan:17", place),
  limit: LIMIT,
};

/**
 * @param specs Others where limits are.
 * @throws QueryError naming the parameter at fault.
 */
export function parseAnomalyQuery(
  parameters: URLSearchParams,
  specs: typeof ANOMALY_PARAMETERS = ANOMALY_PARAMETERS,
): AnomalyQuery {
  const { severity, state, open, expected, since, until, cursor, sort, order, ...rest } = readParameters(
    specs,
    parameters,
  );
  if (open && state && open !== state) {
    throw new QueryError("open", "open and state ask for different things: take one");
  }
  if (cursor !== null && (sort !== "last" || order === "asc")) {
    throw new QueryError(
      "cursor",
      "cursor is a place in the list, the latest first: take offset with another order",
    );
  }
  const isOne = rest.flow !== "" || rest.id !== "";
  return {
    ...rest,
    severities: severity,
    state: state || open,
    // Who asks for one alert, or those of one flow, wants them whatever they are.
    expected: expected ? expected === "all" ? "" : expected : isOne ? "" : "no",
    sinceMs: since,
    untilMs: until,
    after: cursor,
    sort,
    order,
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

function place(text: string): Place | null {
  const found = /^(\d{1,16}(?:\.\d{1,9})?)_(\d{1,16}(?:\.\d{1,9})?)_(.+)$/.exec(text);
  return found && { last: Number(found[1]), first: Number(found[2]), id: found[3] };
}

/** Matching alerts in the order asked for. @param matches The latest first. */
export function sortAlerts(matches: Anomaly[], { sort = "last", order }: Partial<AnomalyQuery>): Anomaly[] {
  if (sort === "last" && order !== "asc") return matches;
  return sortRows(matches, ALERT_SORTS[sort], order ?? "", ({ last }) => last);
}
