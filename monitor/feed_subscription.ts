/** What a client of the feed asks for: types of events, and a filter for the rows inside. */
import type { Anomaly, Connection, DnsQuery, LoggedPacket } from "../model/api.ts";
import { FEED_EVENTS, FEED_TYPES, type FeedType } from "../model/feed.ts";
import { FilterError } from "../model/filter/filter.ts";
import { type Matcher, matcherOf, type Subject } from "../model/filter/match.ts";
import { parseFilter } from "../model/filter/parse.ts";
import { choices, readParameters, text } from "./parameters.ts";
import { MAX_QUERY_LENGTH } from "./query.ts";
import { QueryError } from "./query_error.ts";
import { ALERTS, CONNECTIONS, PACKETS, QUERIES } from "./subjects.ts";

export const FEED_PARAMETERS = {
  types: choices(FEED_TYPES, "Events wanted; all if absent. reset and lost are always told", "tick,alert"),
  filter: text({
    max: MAX_QUERY_LENGTH,
    help:
      "Filter language, for the rows inside snapshot, packets, dns and alert; a list that does not know " +
      "one of its fields has no such rows",
    example: "port:443 and not host:10.0.0.0/8",
  }),
};

/** What each event's rows are. */
interface Rows {
  snapshot: Connection;
  packets: LoggedPacket;
  dns: DnsQuery;
  alert: Anomaly;
}

const SUBJECTS: { [N in keyof Rows]: Subject<Rows[N]> } = {
  snapshot: CONNECTIONS,
  packets: PACKETS,
  dns: QUERIES,
  alert: ALERTS,
};

/** The same for all clients that ask for the same. */
export interface Subscription {
  /** Tells subscriptions apart. */
  readonly key: string;
  readonly types: ReadonlySet<FeedType>;
  /** The filter as it was given; "" for none. */
  readonly filter: string;
  /** Absent for everything. An event whose rows cannot have the fields asked for has a matcher that says no. */
  readonly matches: { readonly [N in keyof Rows]?: Matcher<Rows[N]> };
}

export const EVERYTHING: Subscription = { key: " ", types: new Set(FEED_TYPES), filter: "", matches: {} };

/**
 * The subscription of a URL.
 *
 * @throws QueryError for a parameter that is unknown, a type that does not exist, and a filter that cannot be read, or
 *   that none of the events asked for could answer.
 */
export function parseSubscription(parameters: URLSearchParams): Subscription {
  const { types, filter } = readParameters(FEED_PARAMETERS, parameters);
  if (types.length === 0 && filter === "") return EVERYTHING;
  // In one order, so that clients that ask for the same share it.
  const wanted = FEED_TYPES.filter((type) => types.length === 0 || types.includes(type));
  return {
    key: `${wanted.length === FEED_TYPES.length ? "" : wanted.join()} ${filter}`,
    types: new Set(wanted),
    filter,
    matches: filter === "" ? {} : matchersOf(filter, wanted),
  };
}

function matchersOf(text: string, types: FeedType[]): Subscription["matches"] {
  try {
    const filter = parseFilter(text);
    const matches: Record<string, Matcher<never>> = {};
    const withRows = types.filter((type) => type in SUBJECTS) as (keyof Rows)[];
    let first: FilterError | null = null;
    let understood = 0;
    for (const type of withRows) {
      try {
        matches[type] = matcherOf(filter, SUBJECTS[type] as Subject<never>);
        understood++;
      } catch (error) {
        if (!(error instanceof FilterError)) throw error;
        first ??= error;
        matches[type] = () => false;
      }
    }
    if (understood > 0) return matches as Subscription["matches"];
    if (first !== null) throw first;
    const filtered = FEED_TYPES.filter((type) => FEED_EVENTS[type].rows !== "");
    throw new QueryError(
      "filter",
      `There is nothing to filter in ${types.join()}: ask for ${filtered.join(", ")}`,
    );
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    throw new QueryError("filter", `${error.message} (character ${error.at + 1})`, error.at);
  }
}
