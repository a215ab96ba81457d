/**
 * Latency and losses over many connections: the latest of each, merged when somebody asks.
 *
 * What is kept of a connection is least, median and 95th percentile of its last sixteen round trips. A quantile over
 * several is read from the mixture of their distributions, each drawn straight between those points; a connection
 * counts as much as it has round trips, sixteen at most.
 */
import type { Connection, RoundTripStats } from "../../model/api.ts";
import type { MergedLatency } from "../../model/inventory.ts";

/** Connections kept of one host or program. */
const MAX_CONNECTIONS = 32;
/** Round trips that the median of one connection is made of, `RoundTrips`. */
const MOST_WEIGHT = 16;
/** Halvings of the range in which a quantile lies: enough for a thousandth of a millisecond in an hour. */
const STEPS = 32;

interface Kept {
  id: string;
  trips: RoundTripStats | null;
  resentShare: number | null;
  bytes: number;
  slow: Connection["slow"];
}

/** From here to which end of a connection, and back. */
export function tripsTo(end: "client" | "server", connection: Connection): RoundTripStats | null {
  const measured = end === "server" ? connection.rtt_server : connection.rtt_client;
  if (measured !== null) return measured;
  const { rtt_ms, rtt_from, direction } = connection;
  if (rtt_ms === null) return null;
  // A handshake, or what the kernel tells, spans the whole way: it is that of an end where the other is here.
  const isWhole = end === "server" ? direction === "out" : direction === "in" && rtt_from !== "exchange";
  return isWhole ? { min_ms: rtt_ms, median_ms: rtt_ms, p95_ms: rtt_ms, samples: 1 } : null;
}

/** Why a connection is slow, as far as it is because of what is at or on the way to that end; "" else. */
export function slowAt(end: "client" | "server", { slow, direction }: Connection): Connection["slow"] {
  switch (slow) {
    case "server":
      return end === "server" ? slow : "";
    case "this machine":
      return end === (direction === "in" ? "server" : "client") ? slow : "";
    case "network":
      return end === (direction === "in" ? "client" : "server") ? slow : "";
    case "network to the server":
      return end === "server" ? slow : "";
    case "network to the client":
      return end === "client" ? slow : "";
    default:
      return "";
  }
}

export class Trips {
  /** In a ring once it is full; `#next` is the oldest then. */
  #kept: Kept[] = [];
  #next = 0;
  #latency: MergedLatency | null | undefined = undefined;

  /** Takes a connection as it is now. @param slow As `slowAt()` of the end that this is about. */
  take(connection: Connection, trips: RoundTripStats | null, slow: Connection["slow"]): void {
    const { id, resent_share: resentShare } = connection;
    const bytes = connection.bytes_toserver + connection.bytes_toclient;
    let kept = this.#find(id);
    if (kept === undefined) {
      if (this.#kept.length < MAX_CONNECTIONS) {
        this.#kept.push(kept = { id, trips, resentShare, bytes, slow });
      } else {
        kept = this.#kept[this.#next];
        this.#next = (this.#next + 1) % MAX_CONNECTIONS;
        kept.id = id;
      }
    }
    this.#latency = undefined;
    kept.trips = trips;
    kept.resentShare = resentShare;
    kept.bytes = bytes;
    kept.slow = slow;
  }

  /** Whether a connection has anything to tell here. */
  static isTelling(connection: Connection, trips: RoundTripStats | null): boolean {
    return trips !== null || connection.resent_share !== null || connection.slow !== "";
  }

  /** Null where no round trip was measured. */
  latency(): MergedLatency | null {
    if (this.#latency === undefined) {
      this.#latency = merged(this.#kept.flatMap(({ trips }) => trips === null ? [] : [trips]));
    }
    return this.#latency;
  }

  /** Share of bytes sent again, each connection weighing what it moved; null where too little was sent to say. */
  resentShare(): number | null {
    let [resent, bytes] = [0, 0];
    for (const kept of this.#kept) {
      if (kept.resentShare === null) continue;
      resent += kept.resentShare * kept.bytes;
      bytes += kept.bytes;
    }
    return bytes === 0 ? null : resent / bytes;
  }

  /** What most slow connections are slow because of, and how many those are. */
  slow(): { part: Connection["slow"]; connections: number } {
    const counts = new Map<Connection["slow"], number>();
    for (const { slow } of this.#kept) if (slow !== "") counts.set(slow, (counts.get(slow) ?? 0) + 1);
    let most: { part: Connection["slow"]; connections: number } = { part: "", connections: 0 };
    for (const [part, connections] of counts) {
      if (connections > most.connections) most = { part, connections };
    }
    return most;
  }

  #find(id: string): Kept | undefined {
    for (let i = this.#kept.length - 1; i >= 0; i--) if (this.#kept[i].id === id) return this.#kept[i];
  }
}

/** The mixture of several; null of none. */
export function merged(all: readonly RoundTripStats[]): MergedLatency | null {
  if (all.length === 0) return null;
  const samples = all.reduce((sum, trips) => sum + trips.samples, 0);
  return {
    min_ms: Math.min(...all.map((trips) => trips.min_ms)),
    median_ms: quantile(all, 0.5),
    p95_ms: quantile(all, 0.95),
    connections: all.length,
    samples,
  };
}

function quantile(all: readonly RoundTripStats[], wanted: number): number {
  const weight = all.reduce((sum, trips) => sum + weightOf(trips), 0);
  let low = Math.min(...all.map((trips) => trips.min_ms));
  let high = Math.max(...all.map((trips) => trips.p95_ms));
  for (let i = 0; i < STEPS && high - low > 1e-4; i++) {
    const middle = (low + high) / 2;
    const below = all.reduce((sum, trips) => sum + weightOf(trips) * shareBelow(trips, middle), 0) / weight;
    if (below < wanted) low = middle;
    else high = middle;
  }
  return Math.round(high * 1000) / 1000;
}

function weightOf({ samples }: RoundTripStats): number {
  return Math.min(MOST_WEIGHT, samples);
}

/** Share of a connection's round trips at or below `ms`. */
function shareBelow({ min_ms, median_ms, p95_ms }: RoundTripStats, ms: number): number {
  if (ms >= p95_ms) return 1;
  if (ms >= median_ms) return 0.5 + 0.45 * (ms - median_ms) / (p95_ms - median_ms);
  return ms < min_ms ? 0 : 0.5 * (ms - min_ms) / (median_ms - min_ms);
}
