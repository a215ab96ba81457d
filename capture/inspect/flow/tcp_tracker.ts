/**
 * What TCP flags and sequence numbers tell of a flow: its state, the handshake's round trip, what was sent again.
 *
 * A capture sees one point of the path, may begin in the middle, see one direction only, or lose packets. So the
 * state follows what was seen and never refuses a packet.
 */
import { type FlowColumns, FlowState } from "../../../model/flow.ts";
import type { PacketView } from "../decode/packet_view.ts";

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

// Bits of the `notes` column.
const FIN_FROM_CLIENT = 1;
const FIN_FROM_SERVER = 2;
/** The flow began with a SYN whose time can be believed. */
const TIMED = 4;
const SEQUENCE_KNOWN = 8; // and 16 for the other direction
const HOLE = 32; // and 64

/**
 * Largest step of a sequence number that still belongs to the stream: the largest window, RFC 7323 §2.3. What lies
 * farther off is another stream or nonsense, and counting starts over there.
 */
const MAX_STEP = 0x4000_0000;

/**
 * A segment that fills a hole this soon was overtaken on the way, not sent again; Wireshark uses 3 ms too. A
 * retransmission takes a round trip and three duplicate ACKs, or a timer of 200 ms and more.
 */
const REORDERING_US = 3_000;

/**
 * A SYN seen again sooner than this is the same packet on a second interface or mirror port: retransmission timers
 * start at 1 s (RFC 6298 §2.1).
 */
const SAME_SYN_US = 200_000;

/** Whether the packet asks for a new connection. */
export function isOpening(v: PacketView): boolean {
  return v.tcpWhole && (v.tcpFlags & (SYN | ACK | RST)) === SYN;
}

/** Whether the packet answers a SYN, so that its sender is the server. */
export function isHandshakeAnswer(v: PacketView): boolean {
  return v.tcpWhole && (v.tcpFlags & (SYN | ACK | RST)) === (SYN | ACK);
}

export class TcpTracker {
  readonly #flags: Uint8Array;
  readonly #state: Uint8Array;
  readonly #firstUs: Float64Array;
  readonly #rttUs: Float64Array;
  readonly #retransmissions: Uint32Array;
  readonly #notes: Uint8Array;
  /** 2 × rows: the sequence number expected next. */
  readonly #expected: Int32Array;
  /** 2 × rows each, meaningful where the HOLE bit is set: what was not seen before `expected`, and since when. */
  readonly #holeFrom: Int32Array;
  readonly #holeTo: Int32Array;
  readonly #holeUs: Float64Array;

  constructor(columns: FlowColumns, rows: number) {
    this.#flags = columns.tcpFlags;
    this.#state = columns.state;
    this.#firstUs = columns.firstUs;
    this.#rttUs = columns.rttUs;
    this.#retransmissions = columns.retransmissions;
    this.#notes = new Uint8Array(rows);
    this.#expected = new Int32Array(2 * rows);
    this.#holeFrom = new Int32Array(2 * rows);
    this.#holeTo = new Int32Array(2 * rows);
    this.#holeUs = new Float64Array(2 * rows);
  }

  /** Forgets what the row held before. */
  begin(row: number): void {
    this.#notes[row] = 0;
  }

  /** Takes in a whole TCP header. @returns The flow's state after it, one of `FlowState`. */
  update(v: PacketView, row: number, direction: number): number {
    const flags = v.tcpFlags;
    const at = 2 * row + direction;
    const firstOfAll = (this.#flags[2 * row] | this.#flags[2 * row + 1]) === 0;
    this.#flags[at] |= flags;
    this.#follow(v, row, direction);

    const state = this.#state[row];
    if ((flags & RST) !== 0) return FlowState.reset;
    if (state >= FlowState.closed) return state;
    if ((flags & SYN) !== 0) return this.#onSyn(v, row, direction, state, firstOfAll);
    let now = state;
    switch (state) {
      case FlowState.new:
        // Began in the middle: two-way is as good as established.
        if (direction === 1) now = FlowState.established;
        break;
      case FlowState.synSent:
      case FlowState.synReceived:
        // The client's ACK completes the handshake, whether or not the SYN-ACK was captured.
        if (direction === 0 && (flags & ACK) !== 0) {
          this.#takeRtt(v, row);
          now = FlowState.established;
        } else if (direction === 1 && v.payloadBytes > 0) now = FlowState.established;
        break;
    }
    if ((flags & FIN) !== 0) {
      this.#notes[row] |= direction === 0 ? FIN_FROM_CLIENT : FIN_FROM_SERVER;
      const both = FIN_FROM_CLIENT | FIN_FROM_SERVER;
      now = (this.#notes[row] & both) === both ? FlowState.closed : FlowState.finWait;
    }
    return now;
  }

  #onSyn(v: PacketView, row: number, direction: number, state: number, firstOfAll: boolean): number {
    if ((v.tcpFlags & ACK) !== 0) {
      return direction === 1 && state <= FlowState.synReceived ? FlowState.synReceived : state;
    }
    if (state === FlowState.new && direction === 0) {
      if (firstOfAll) this.#notes[row] |= TIMED;
      return FlowState.synSent;
    }
    // Sent again: which of them was answered cannot be told (Karn's algorithm), so no round trip is taken.
    if (direction === 0 && v.timeUs[0] - this.#firstUs[row] > SAME_SYN_US) this.#notes[row] &= ~TIMED;
    return state;
  }

  #takeRtt(v: PacketView, row: number): void {
    if ((this.#notes[row] & TIMED) === 0) return;
    const rtt = v.timeUs[0] - this.#firstUs[row];
    if (rtt > 0) this.#rttUs[row] = rtt;
  }

  /** Sequence numbers: what is new, what leaves a hole, what fills one, what was there before. */
  #follow(v: PacketView, row: number, direction: number): void {
    const flags = v.tcpFlags;
    if ((flags & RST) !== 0) return; // may carry a text, and any sequence number within the window
    const counted = flags & (SYN | FIN);
    const length = v.payloadBytes + ((counted & SYN) !== 0 ? 1 : 0) + ((counted & FIN) !== 0 ? 1 : 0);
    if (length === 0) return;
    const at = 2 * row + direction;
    const notes = this.#notes[row];
    const from = v.sequence;
    const to = (from + length) | 0;
    const expected = this.#expected[at];
    const ahead = (from - expected) | 0;
    const known = (notes & (SEQUENCE_KNOWN << direction)) !== 0;
    if (!known || ahead >= MAX_STEP || ahead <= -MAX_STEP) {
      this.#expected[at] = to;
      this.#notes[row] = (notes | SEQUENCE_KNOWN << direction) & ~(HOLE << direction);
      return;
    }
    if (ahead > 0) {
      if ((notes & (HOLE << direction)) === 0) {
        this.#holeFrom[at] = expected;
        this.#notes[row] = notes | HOLE << direction;
      }
      this.#holeTo[at] = from;
      this.#holeUs[at] = v.timeUs[0];
      this.#expected[at] = to;
      return;
    }
    if (ahead === 0) {
      this.#expected[at] = to;
      return;
    }
    // A keep-alive repeats the last byte, or none, to be answered (RFC 9293 §3.8.4).
    if (ahead === -1 && counted === 0 && v.payloadBytes <= 1) return;
    if (((to - expected) | 0) > 0) this.#expected[at] = to;
    if ((notes & (HOLE << direction)) !== 0 && this.#fillsHole(at, from, to)) {
      if (from === this.#holeFrom[at]) {
        this.#holeFrom[at] = to;
        if (((this.#holeTo[at] - to) | 0) <= 0) this.#notes[row] &= ~(HOLE << direction);
      }
      // Never seen before: sent again after a loss on the way to us, unless it was merely overtaken.
      if (v.timeUs[0] - this.#holeUs[at] < REORDERING_US) return;
    }
    this.#retransmissions[at]++;
  }

  #fillsHole(at: number, from: number, to: number): boolean {
    return ((from - this.#holeFrom[at]) | 0) >= 0 && ((to - this.#holeTo[at]) | 0) <= 0;
  }
}
