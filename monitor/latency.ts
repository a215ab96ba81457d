/**
 * Latency and loss of a connection as the API tells them, and where the delay is: `get_network_metrics` without sending
 * a packet.
 */
import type { Connection, RoundTripStats } from "../model/api.ts";
import type { FlowColumns } from "../model/flow.ts";

/** Nobody calls it slow below this: an answer within a tenth of a second seems immediate (Nielsen 1993, §5.5). */
const SLOW_MS = 100;
/** The part that is to blame makes at least this share of the whole. */
const BLAME_SHARE = 0.5;
/** Bytes sent before a share of them sent again means something: some seventy segments. */
const MIN_BYTES_FOR_LOSS = 100_000;

/** Round trips from here to one side of a row's flow and back; null where none was measured. */
export function roundTripsOf(columns: FlowColumns, row: number, direction: number): RoundTripStats | null {
  const at = 2 * row + direction;
  const samples = columns.roundTrips[at];
  if (samples === 0) return null;
  return {
    min_ms: inMs(columns.rttLeastUs[at]),
    median_ms: inMs(columns.rttMedianUs[at]),
    p95_ms: inMs(columns.rttP95Us[at]),
    samples,
  };
}

/** Share of payload bytes that were sent again, of the worse direction; null where too little was sent to say. */
export function resentShareOf(columns: FlowColumns, row: number): number | null {
  let worst: number | null = null;
  for (const at of [2 * row, 2 * row + 1]) {
    const sent = columns.payloadBytes[at];
    if (sent < MIN_BYTES_FOR_LOSS) continue;
    worst = Math.max(worst ?? 0, Math.min(1, columns.resentBytes[at] / sent));
  }
  return worst;
}

/** Who makes a connection slow; "" where it is not, or where it cannot be told. */
export function slowPartOf(
  { direction, rtt_server, rtt_client, answer_ms }: Pick<
    Connection,
    "direction" | "rtt_server" | "rtt_client" | "answer_ms"
  >,
): Connection["slow"] {
  const toServer = rtt_server?.median_ms ?? 0;
  const toClient = rtt_client?.median_ms ?? 0;
  const thinking = Math.max(0, (answer_ms ?? 0) - toServer);
  const whole = toServer + toClient + thinking;
  if (whole < SLOW_MS) return "";
  if (thinking >= BLAME_SHARE * whole) return direction === "in" ? "this machine" : "server";
  if (direction === "out") return toServer >= BLAME_SHARE * whole ? "network" : "this machine";
  if (direction === "in") return toClient >= BLAME_SHARE * whole ? "network" : "this machine";
  if (toServer >= BLAME_SHARE * whole) return "network to the server";
  return toClient >= BLAME_SHARE * whole ? "network to the client" : "";
}

function inMs(us: number): number {
  return Math.round(us) / 1000;
}
