/** What the fields of the feed's events mean, where they are not those of lists. */
import type { AlertEvent, DnsEvent, LostEvent, PacketsEvent, ResetEvent } from "../feed.ts";
import { ANOMALY } from "./alerts.ts";
import { describe, TS } from "./fields.ts";

const LEFT_OUT = { is: "integer", help: "How many more there were", example: 0 } as const;

export const FEED_PARTS = {
  PacketsEvent: describe<PacketsEvent>("Feed event packets: those of the last second", {
    ts: TS,
    packets: { is: "LoggedPacket", help: "The latest of those that match, oldest first", list: true },
    left_out: LEFT_OUT,
  }),
  DnsEvent: describe<DnsEvent>("Feed event dns: the queries of the last second", {
    ts: TS,
    queries: { is: "DnsQuery", help: "The latest of those that match, oldest first", list: true },
    left_out: LEFT_OUT,
  }),
  AlertEvent: describe<AlertEvent>("Feed event alert: as it stands now; told again when it changes", {
    ...ANOMALY.fields,
    ts: TS,
  }),
  ResetEvent: describe<ResetEvent>("Feed event reset: start over, what was known may be wrong", {
    ts: TS,
    reason: {
      is: "string",
      help: "What was missed is too long ago, the server was started again, or alerts were lost",
      values: ["gone", "restarted", "lost"],
      example: "gone",
    },
  }),
  LostEvent: describe<LostEvent>("Feed event lost: the client was too slow", {
    ts: TS,
    count: { is: "integer", help: "Its events that had to go since it was last told", example: 3 },
  }),
};
