/**
 * How long a flow may be idle, by what is known of it, in packet time.
 *
 * Each class is one list in order of last activity, so ending what is due looks at nothing else.
 */
import { FlowState, IpProtocol } from "../../../model/flow.ts";

/** Index into `TIMEOUT_US`. */
export const TimeoutClass = {
  tcpOpening: 0,
  tcpEstablished: 1,
  tcpClosing: 2,
  tcpClosed: 3,
  datagramNew: 4,
  datagramEstablished: 5,
} as const;

/** Number of classes. */
export const TIMEOUT_CLASSES = 6;

/** Microseconds of idleness after which a flow of each class ends. */
export const TIMEOUT_US: readonly number[] = [
  // Handshake not complete, or one direction only. Five SYN retries of Linux are 63 s apart in all, each resets it;
  // Suricata's `new` is 60 s too.
  60_000_000,
  // RFC 5382 asks NATs for 2 h 4 min; Suricata and most firewalls take 1 h, which spares memory and still spans
  // the usual keep-alive intervals.
  3_600_000_000,
  // One FIN seen: Linux's conntrack gives such a half-closed connection 120 s.
  120_000_000,
  // Both FINs, or RST: long enough for what is still under way and for retransmitted FINs, so that they do not
  // begin a flow of their own.
  30_000_000,
  // A question without an answer, as Suricata: 30 s. RFC 4787 REQ-5 is about NAT mappings, not about records.
  30_000_000,
  // Two-way UDP, ICMP and others: RFC 4787 REQ-5 recommends 5 minutes.
  300_000_000,
];

/** The class of a flow of `protocol` in `state` (`FlowState`). */
export function timeoutClassOf(protocol: number, state: number): number {
  if (protocol !== IpProtocol.tcp) {
    return state === FlowState.new ? TimeoutClass.datagramNew : TimeoutClass.datagramEstablished;
  }
  switch (state) {
    case FlowState.established:
      return TimeoutClass.tcpEstablished;
    case FlowState.finWait:
      return TimeoutClass.tcpClosing;
    case FlowState.closed:
    case FlowState.reset:
      return TimeoutClass.tcpClosed;
    default:
      return TimeoutClass.tcpOpening;
  }
}
