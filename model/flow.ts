/**
 * The words every room uses for flows, and the columns in which many of them travel at once.
 *
 * A flow is both directions of a conversation. *toServer* and *toClient* are seen from whoever sent the first
 * packet (a SYN-ACK that comes first turns the flow round). Direction index 0 is to server, 1 to client.
 */

/** IP protocol numbers, IANA "Protocol Numbers". */
export const IpProtocol = {
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  ipv6Icmp: 58,
  sctp: 132,
} as const;

/** Where a flow stands. TCP goes through all of them, the others know `new`, `established` and `closed`. */
export const FlowState = {
  /** One direction seen so far. */
  new: 0,
  synSent: 1,
  synReceived: 2,
  established: 3,
  /** One side said FIN. */
  finWait: 4,
  /** Both sides said FIN. */
  closed: 5,
  /** Ended by RST. */
  reset: 6,
} as const;

/** Why a flow record ended. */
export const FlowEnd = {
  /** Still alive: a snapshot. */
  none: 0,
  timeout: 1,
  /** The input ended. */
  shutdown: 2,
  /** The table was full and this flow had been idle longest. */
  evicted: 3,
  /** FIN, RST or no handshake yet, then a new SYN on the same five-tuple. */
  reused: 4,
} as const;

/** The innermost tunnel a flow was seen in. */
export const Tunnel = {
  none: 0,
  ipInIp: 1,
  gre: 2,
  vxlan: 3,
  geneve: 4,
  gtpU: 5,
  teredo: 6,
  capwap: 7,
  l2tp: 8,
} as const;

/** Which end belongs to this machine (live) or to a private network (file). */
export const LocalEnd = { neither: 0, client: 1, server: 2, both: 3 } as const;

/**
 * Many flows as columns; `rows` of each are used. Index `2 * row + direction` where a column holds two per row.
 * All arrays may be longer than `rows`. Buffers are transferable.
 */
export interface FlowColumns {
  rows: number;
  /** Number of the flow, counted from 1 over the process's life; exact up to 2^53. */
  id: Float64Array;
  /** 32 bytes a row: client then server address, 16 bytes each; IPv4 in the first four bytes of its 16. */
  address: Uint8Array;
  /** 4 or 6; 0 where there is no IP (an ARP or other frame is not a flow). */
  ipVersion: Uint8Array;
  /** 2 × rows: client port, server port. ICMP: type and code as Community ID maps them. 0 without ports. */
  port: Uint16Array;
  /** IP protocol number. */
  protocol: Uint8Array;
  /** One of `FlowState`. */
  state: Uint8Array;
  /** One of `FlowEnd`. */
  end: Uint8Array;
  /** 2 × rows: TCP flags seen, or-ed (FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128). */
  tcpFlags: Uint8Array;
  /** 2 × rows: packets. */
  packets: Float64Array;
  /** 2 × rows: bytes on the wire; of an inner packet the length of its IP packet. */
  bytes: Float64Array;
  /** 2 × rows: payload bytes above TCP, UDP or SCTP. */
  payloadBytes: Float64Array;
  /** Microseconds since 1970, packet time. */
  firstUs: Float64Array;
  lastUs: Float64Array;
  /**
   * Handshake round trip in microseconds (SYN to the ACK that completes it); of UDP and ICMP the first packet of the
   * client to the first answer, with the server's own time in it. 0 where not seen.
   */
  rttUs: Float64Array;
  /** 2 × rows: TCP segments sent again. */
  retransmissions: Uint32Array;
  // The following are filled in snapshots and ends of flows, not in facts. See `RoundTrips`.
  /** 2 × rows: payload bytes that were sent again, or were lost before here. */
  resentBytes: Float64Array;
  /** 2 × rows: round trips measured to the server and back, and to the client and back; TCP. */
  roundTrips: Uint32Array;
  /** 2 × rows, microseconds: the least of all; median and 95th percentile of the last sixteen; 0 without any. */
  rttLeastUs: Float32Array;
  rttMedianUs: Float32Array;
  rttP95Us: Float32Array;
  /** From the client's data to the server's next, smoothed, microseconds; and how many of them. */
  answerUs: Float32Array;
  answers: Uint32Array;
  /** VLAN ids, outer in the low 16 bits, inner (QinQ) in the high 16; 0 for none, else id | 0x1000. */
  vlan: Uint32Array;
  /** One of `Tunnel`. */
  tunnel: Uint8Array;
  interfaceIndex: Uint8Array;
  /** One of `LocalEnd`. */
  localEnd: Uint8Array;
  /** Application protocol as EVE names it; "" while it is not known. */
  appProtocol: string[];
  /** Host name of the server, from the flow itself or from DNS answers seen before; "" where none is known. */
  serverName: string[];
}

/** Fresh, empty columns with room for `rows` flows. */
export function createFlowColumns(rows: number): FlowColumns {
  return {
    rows: 0,
    id: new Float64Array(rows),
    address: new Uint8Array(32 * rows),
    ipVersion: new Uint8Array(rows),
    port: new Uint16Array(2 * rows),
    protocol: new Uint8Array(rows),
    state: new Uint8Array(rows),
    end: new Uint8Array(rows),
    tcpFlags: new Uint8Array(2 * rows),
    packets: new Float64Array(2 * rows),
    bytes: new Float64Array(2 * rows),
    payloadBytes: new Float64Array(2 * rows),
    firstUs: new Float64Array(rows),
    lastUs: new Float64Array(rows),
    rttUs: new Float64Array(rows),
    retransmissions: new Uint32Array(2 * rows),
    resentBytes: new Float64Array(2 * rows),
    roundTrips: new Uint32Array(2 * rows),
    rttLeastUs: new Float32Array(2 * rows),
    rttMedianUs: new Float32Array(2 * rows),
    rttP95Us: new Float32Array(2 * rows),
    answerUs: new Float32Array(rows),
    answers: new Uint32Array(rows),
    vlan: new Uint32Array(rows),
    tunnel: new Uint8Array(rows),
    interfaceIndex: new Uint8Array(rows),
    localEnd: new Uint8Array(rows),
    appProtocol: new Array(rows).fill(""),
    serverName: new Array(rows).fill(""),
  };
}

/** The buffers of `columns`, for the transfer list of `postMessage`. */
export function flowColumnBuffers(columns: FlowColumns): ArrayBuffer[] {
  return Object.values(columns).filter((column) => ArrayBuffer.isView(column))
    .map((column) => column.buffer as ArrayBuffer);
}
