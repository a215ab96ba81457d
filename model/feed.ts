/** The events of the feed, each once: what a stream holds, what a client may ask for, and what the docs say of it. */
import type { Anomaly, DnsQuery, LoggedPacket, PageSnapshot, Tick } from "./api.ts";

/** Feed event `packets`: those of the last second. */
export interface PacketsEvent {
  ts: number;
  /** The latest of those that match, oldest first. */
  packets: LoggedPacket[];
  /** How many more there were. */
  left_out: number;
}

/** Feed event `dns`: the queries of the last second. */
export interface DnsEvent {
  ts: number;
  /** The latest of those that match, oldest first. */
  queries: DnsQuery[];
  left_out: number;
}

/** Feed event `alert`: an alert as it stands now; told again, with the same `id`, when it changes. */
export type AlertEvent = Anomaly & { ts: number };

/** Why a client has to start over. */
export type ResetReason = "gone" | "restarted" | "lost";

/** Feed event `reset`: what the client knew may be wrong. */
export interface ResetEvent {
  ts: number;
  reason: ResetReason;
}

/** Feed event `lost`: the client was too slow. */
export interface LostEvent {
  ts: number;
  /** Events of this client that had to go since it was last told. */
  count: number;
}

/** The data of each event, by its name. */
export interface FeedData {
  snapshot: PageSnapshot;
  tick: Tick;
  packets: PacketsEvent;
  dns: DnsEvent;
  alert: AlertEvent;
  reset: ResetEvent;
  lost: LostEvent;
}

export type FeedEventName = keyof FeedData;

interface FeedEventSpec {
  /** When it comes and what it holds. */
  help: string;
  /** Name of its data's schema. */
  data: string;
  /** What a filter looks at; "" for nothing. */
  rows: string;
  /**
   * Events kept for clients that come back; those that had to go cannot be resumed from. 0: a later one says it all, so
   * only the last is told.
   */
  kept: number;
  /** Whether a client may ask for it, or is told in any case. */
  asked: boolean;
}

/** Every event there is, in the order of the docs. */
export const FEED_EVENTS = {
  snapshot: {
    help:
      "On connecting and every 5 seconds: the last tick, five minutes of throughput, the busiest connections",
    data: "PageSnapshot",
    rows: "connections",
    kept: 0,
    asked: true,
  },
  tick: {
    help: "Each second: throughput, totals, shares, interfaces, problems",
    data: "Tick",
    rows: "",
    kept: 0,
    asked: true,
  },
  packets: {
    help: "Each second in which there were any: the latest packets, at most 50, and how many more",
    data: "PacketsEvent",
    rows: "packets",
    kept: 60,
    asked: true,
  },
  dns: {
    help: "Each second in which there were any: the latest DNS queries, at most 50, and how many more",
    data: "DnsEvent",
    rows: "queries",
    kept: 60,
    asked: true,
  },
  alert: {
    help: "At once: an alert that is new or has changed, expected ones too",
    data: "AlertEvent",
    rows: "the alert",
    kept: 1000,
    asked: true,
  },
  reset: {
    help:
      "Start over: what was missed is `gone` (too long ago), the server was `restarted`, or alerts were `lost`",
    data: "ResetEvent",
    rows: "",
    kept: 0,
    asked: false,
  },
  lost: {
    help: "This client was too slow: so many events had to go",
    data: "LostEvent",
    rows: "",
    kept: 0,
    asked: false,
  },
} as const satisfies Record<FeedEventName, FeedEventSpec>;

/** Events that a client may ask for. */
export type FeedType = { [N in FeedEventName]: typeof FEED_EVENTS[N]["asked"] extends true ? N : never }[
  FeedEventName
];

export const FEED_TYPES = (Object.keys(FEED_EVENTS) as FeedEventName[])
  .filter((name) => FEED_EVENTS[name].asked) as FeedType[];

/** The table as Markdown, for the README (a test holds the two together). */
export function feedMarkdown(): string {
  const rows = Object.entries(FEED_EVENTS).map(([name, { help, data, rows }]) =>
    `| \`${name}\` | ${help} | \`${data}\` | ${rows} |`
  );
  return ["| event | when, and what | data | what `filter` looks at |", "| --- | --- | --- | --- |", ...rows]
    .join("\n");
}
