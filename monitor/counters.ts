/** The inspector's counters before its first answer, and after a crash: all zero. */
import {
  emptyPayloadCounters,
  type InspectorCounters,
  TRAFFIC_KINDS,
  type TrafficKind,
  UNDECODED_REASONS,
  type UndecodedReason,
} from "../model/inspection.ts";

export function emptyCounters(): InspectorCounters {
  return {
    packets: 0,
    wireBytes: 0,
    capturedBytes: 0,
    snappedPackets: 0,
    ipPackets: 0,
    ipBytes: 0,
    bytesOut: 0,
    bytesIn: 0,
    bytesLocal: 0,
    bytesOther: 0,
    traffic: Object.fromEntries(TRAFFIC_KINDS.map((kind) => [kind, { packets: 0, bytes: 0 }])) as Record<
      TrafficKind,
      { packets: number; bytes: number }
    >,
    undecoded: Object.fromEntries(UNDECODED_REASONS.map((reason) => [reason, 0])) as Record<
      UndecodedReason,
      number
    >,
    reassembled: 0,
    flows: { active: 0, capacity: 0, tcp: 0, udp: 0, created: 0, ended: 0, timedOut: 0, evicted: 0 },
    fragmentBytes: 0,
    fragmentBudgetBytes: 0,
    lastPacketUs: 0,
    payload: emptyPayloadCounters(),
  };
}
