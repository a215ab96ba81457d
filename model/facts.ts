/**
 * What the inspector tells the detector: a few facts a flow, not every packet. Plain columns, in the order in which
 * things happened, so that a rule sees the same from a file and from a network card, however the packets were cut
 * into batches.
 *
 * A flow of a thousand packets is four or five facts: it begins, is answered, is established, goes on, ends. Time
 * itself is a fact, twice a second of packet time, so that what does *not* happen can be noticed too.
 */
import { createFlowColumns, flowColumnBuffers, type FlowColumns } from "./flow.ts";
import type { Observation } from "./observation.ts";

/** What a row of facts is about. */
export const FactKind = {
  /** Packet time went on; nothing but `clockUs`. */
  time: 0,
  /** A step of a flow: `steps` says which, the flow's columns how it stands after it. */
  flow: 1,
  /**
   * An ICMP error quoted a packet of ours: addresses, ports and protocol are those of the packet quoted (client is who
   * sent that), `value` is ICMP type × 256 + code (`ipVersion` tells whose types).
   */
  icmpError: 2,
  /**
   * ARP over Ethernet: client address is the sender's, server address the target's, `steps` the operation
   * (1 request, 2 reply), `value` the sender's MAC as a number of 48 bits.
   */
  arp: 3,
  /** Something payload inspection saw: `observations[row]`. */
  observation: 4,
  /** An IP fragment that no sane stack sends: client address is the sender's, `value` one of `BadFragment`. */
  badFragment: 5,
} as const;

/** Bits of `steps` for a flow; several may be set at once. */
export const FlowStep = {
  /** Its first packet. */
  began: 1,
  /** The first packet of the other direction; `rttUs` is not known yet. */
  answered: 2,
  /** The TCP handshake is complete (or data flowed both ways where it was not seen). */
  established: 4,
  /** RST ended it; `tcpFlags` tells which side's. */
  reset: 8,
  /** It goes on: told after 64 KiB or 256 packets more, or half a minute, but not oftener than twice a second. */
  progress: 16,
  /** It is over; `end` says why. */
  ended: 32,
  /** A TCP segment with flags that no sane stack sends; `value` is the flags. Told for each such segment. */
  oddFlags: 64,
  /** The client sends payload after the flow was silent for some two seconds: as a program that polls does. */
  spoke: 128,
} as const;

/** What is wrong with a fragment. */
export const BadFragment = {
  /** It covers part of another, or contradicts where the datagram ends. */
  overlap: 1,
  /** It ends beyond 65,535 bytes. */
  tooLong: 2,
} as const;

/** What `value` is for a segment to itself (LAND), in place of flags. */
export const LAND = 256;

/** Types of observations that rules use; others are not told to them. */
export const OBSERVED_TYPES: ReadonlySet<string> = new Set([
  "dns",
  "tls",
  "http",
  "ssh",
  "ftp",
  "smtp",
  "imap",
  "pop3",
  "telnet",
  "pgsql",
  "mysql",
  "redis",
  "smb",
  "rdp",
  "socks",
  "dhcp",
  "dhcpv6",
  "icmp",
]);

/** Rows of a full batch of facts: few, so that who looks at them at once finds them still near the processor ... */
export const FACT_ROWS = 64;
/** ... and more where each batch is a message to another worker. */
export const SENT_FACT_ROWS = 512;

/** Facts as columns; `rows` of each are used. All arrays may be longer. */
export interface FactBatch {
  rows: number;
  /** One of `FactKind`. */
  kind: Uint8Array;
  /** Bits of `FlowStep`, or as the kind says. */
  steps: Uint8Array;
  /** Packet time of the fact, microseconds since 1970: for evidence. */
  timeUs: Float64Array;
  /** The inspector's clock, which only goes forward: for windows and timers. */
  clockUs: Float64Array;
  /** As the kind or step says. */
  value: Float64Array;
  /** The flow of a `flow` row; addresses, ports and protocol of others. */
  flows: FlowColumns;
  /** Of `observation` rows. */
  observations: (Observation | null)[];
}

/** Fresh, empty facts with room for `rows`. */
export function createFactBatch(rows: number): FactBatch {
  return {
    rows: 0,
    kind: new Uint8Array(rows),
    steps: new Uint8Array(rows),
    timeUs: new Float64Array(rows),
    clockUs: new Float64Array(rows),
    value: new Float64Array(rows),
    flows: createFlowColumns(rows),
    observations: new Array(rows).fill(null),
  };
}

/** A copy of the rows in use alone, as small as can be, to be sent. */
export function cutFactBatch(batch: FactBatch): FactBatch {
  const { rows, flows } = batch;
  const size = batch.kind.length;
  const cut: Record<string, unknown> = {};
  for (const [name, column] of Object.entries(flows)) {
    cut[name] = name === "rows" ? rows : column.slice(0, column.length / size * rows);
  }
  return {
    rows,
    kind: batch.kind.slice(0, rows),
    steps: batch.steps.slice(0, rows),
    timeUs: batch.timeUs.slice(0, rows),
    clockUs: batch.clockUs.slice(0, rows),
    value: batch.value.slice(0, rows),
    flows: cut as unknown as FlowColumns,
    observations: batch.observations.slice(0, rows),
  };
}

/** The buffers of `batch`, for the transfer list of `postMessage`. */
export function factBatchBuffers(batch: FactBatch): ArrayBuffer[] {
  const own = [batch.kind, batch.steps, batch.timeUs, batch.clockUs, batch.value];
  return [...own.map((column) => column.buffer as ArrayBuffer), ...flowColumnBuffers(batch.flows)];
}
