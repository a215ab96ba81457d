/** Frames through an `Inspector`, and what it told, in a form that can be compared. */
import { Inspector } from "../../capture/inspect/mod.ts";
import type { InspectorCounters } from "../../model/inspection.ts";
import type { Observation } from "../../model/observation.ts";
import type { PacketRecord } from "../../model/packet.ts";
import { batchOf, START_US } from "../capture/inspect/helpers.ts";

export interface Inspected {
  observations: Observation[];
  packets: PacketRecord[];
  /** Names of servers, of flows that have one. */
  servers: string[];
  counters: InspectorCounters;
}

/** Of all these inspectors. */
export const FINGERPRINT_KEY = new Uint8Array(32).fill(7);
/** Between frames. */
const STEP_US = 100;
const FRAMES_A_BATCH = 50;

/** All frames, one after another, until the input is over. */
export function inspect(frames: Uint8Array[], showPayload = false): Inspected {
  const observations: Observation[] = [];
  const packets: PacketRecord[] = [];
  const servers: string[] = [];
  const inspector = new Inspector({
    maxFlows: 1024,
    onFlowEnd: ({ serverName }, row) => {
      if (serverName[row] !== "") servers.push(serverName[row]);
    },
    payload: { fingerprintKey: FINGERPRINT_KEY, tell: (observation) => observations.push(observation) },
    packetLog: { showPayload },
  });
  for (let at = 0; at < frames.length; at += FRAMES_A_BATCH) {
    inspector.inspect(batchOf(
      frames.slice(at, at + FRAMES_A_BATCH).map((bytes, i) => ({
        bytes,
        atUs: START_US + (at + i) * STEP_US,
      })),
    ));
    packets.push(...inspector.drainPackets().packets);
  }
  inspector.finish();
  return { observations, packets, servers, counters: inspector.counters() };
}

/** What does not depend on how the bytes travelled: events in any order, alerts with their last word. */
export interface Verdict {
  events: string[];
  alerts: string[];
}

export function verdictOf(observations: Observation[]): Verdict {
  const events: string[] = [];
  const alerts: string[] = [];
  for (const { type, direction, fields, alert } of observations) {
    if (alert === undefined) events.push(`${type} ${direction} ${JSON.stringify(withoutTimes(fields))}`);
    else if (alert.phase === "final") {
      const { last_seen: _, ...details } = fields.netpane as Record<string, unknown>;
      alerts.push(`${type} ${JSON.stringify(details)}`);
    }
  }
  return { events: events.toSorted(), alerts: alerts.toSorted() };
}

/** Latencies are times between packets, which differ with their number. */
function withoutTimes(fields: Record<string, unknown>): Record<string, unknown> {
  const { latency_us: _, ...netpane } = (fields.netpane ?? {}) as Record<string, unknown>;
  return { ...fields, netpane };
}

/** The `netpane` objects of alerts and notes of a kind, each with its last word. */
export function alertsOf(observations: Observation[], kind: string): Record<string, unknown>[] {
  return observations
    .filter(({ alert }) => alert?.phase === "final")
    .map(({ fields }) => fields.netpane as Record<string, unknown>)
    .filter((details) => details.kind === kind);
}
