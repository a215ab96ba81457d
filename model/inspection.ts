/**
 * What the inspector counts. Counters only grow; whoever shows a rate subtracts two readings.
 *
 * What was not understood is counted by reason, so that "nothing seen" never means "not looked at".
 */

/** Reasons why (part of) a packet could not be decoded, as they are shown and printed. */
export const UNDECODED_REASONS = [
  "truncated_record",
  "unknown_link_type",
  "truncated_link_header",
  "unknown_ethertype",
  "truncated_ip_header",
  "bad_ip_header",
  "truncated_transport_header",
  "bad_transport_header",
  "fragment_incomplete",
  "fragment_overlap",
  "fragment_budget",
  "tunnel_depth",
  "truncated_tunnel_header",
  "encrypted_link",
] as const;

export type UndecodedReason = typeof UNDECODED_REASONS[number];

/** Kinds of traffic that packets are sorted into, each packet once, by its innermost understood header. */
export const TRAFFIC_KINDS = [
  "tcp",
  "udp",
  "icmp",
  "icmpv6",
  "sctp",
  "igmp",
  "arp",
  "other_ip",
  "other",
] as const;

export type TrafficKind = typeof TRAFFIC_KINDS[number];

/** The inspector's counters since it began. All are exact up to 2^53. */
export interface InspectorCounters {
  packets: number;
  /** Bytes on the wire, whatever was captured of them. */
  wireBytes: number;
  /** Bytes captured. */
  capturedBytes: number;
  /** Packets whose captured length was below their wire length. */
  snappedPackets: number;
  /** Packets with an IP header as their outermost network layer, and those headers' total lengths. */
  ipPackets: number;
  ipBytes: number;
  /** Wire bytes from a local end, to one, between two of them, and between strangers (see `LocalEnd`). */
  bytesOut: number;
  bytesIn: number;
  bytesLocal: number;
  bytesOther: number;
  /** Packets and wire bytes by kind, as in `TRAFFIC_KINDS`. */
  traffic: Record<TrafficKind, { packets: number; bytes: number }>;
  /** Packets left (partly) undecoded, by reason; a packet counts once. */
  undecoded: Record<UndecodedReason, number>;
  /** IP datagrams put together from fragments. */
  reassembled: number;
  flows: {
    /** Alive now; and the ceiling. */
    active: number;
    capacity: number;
    tcp: number;
    udp: number;
    /** Since the beginning. */
    created: number;
    ended: number;
    timedOut: number;
    evicted: number;
  };
  /** Fragments held now, and the ceiling, in bytes. */
  fragmentBytes: number;
  fragmentBudgetBytes: number;
  /** Time of the latest packet, microseconds since 1970; 0 before the first. */
  lastPacketUs: number;
  payload: PayloadCounters;
}

/** What payload inspection counts, since the beginning. */
export interface PayloadCounters {
  /** Flows with a parser now, and the ceiling. */
  inspected: number;
  capacity: number;
  /** TCP flows whose inspection was given up for newer ones. */
  refused: number;
  /** Bytes held back for order now, the ceiling, and gaps told because of it. */
  heldBytes: number;
  heldBudgetBytes: number;
  heldExceeded: number;
  /** Bytes above IP in protocols that are not looked into: ESP, UDP-Lite, routing, what has no name. */
  unsearchedBytes: number;
  /** Parsers that failed, by protocol: each a defect of ours. */
  failures: Record<string, number>;
  /** Names known for addresses, and those that had to go before their time. */
  names: number;
  namesEvicted: number;
  /** Alerts of flows still alive, all raised, and findings there was no room for. */
  alertsOpen: number;
  alertsRaised: number;
  alertsRefused: number;
  /** How often each ceiling inside a parser was reached, by name: what was not looked at for want of room. */
  limits: Record<string, number>;
  /** The search for card numbers: bytes searched, cards told, numbers too unlikely to be told, and those past a ceiling. */
  cards: {
    bytes: number;
    cards: number;
    alerts: number;
    notes: number;
    ignored: number;
    cardsBeyond: number;
  };
}

/** Nothing inspected. */
export function emptyPayloadCounters(): PayloadCounters {
  return {
    inspected: 0,
    capacity: 0,
    refused: 0,
    heldBytes: 0,
    heldBudgetBytes: 0,
    heldExceeded: 0,
    unsearchedBytes: 0,
    failures: {},
    names: 0,
    namesEvicted: 0,
    alertsOpen: 0,
    alertsRaised: 0,
    alertsRefused: 0,
    limits: {},
    cards: { bytes: 0, cards: 0, alerts: 0, notes: 0, ignored: 0, cardsBeyond: 0 },
  };
}
