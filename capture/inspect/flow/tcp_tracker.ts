/**
 * What TCP flags and sequence numbers tell of a flow: its state, the handshake's round trip, what was sent again.
 *
 * A capture sees one point of the path, may begin in the middle, see one direction only, or lose packets. So the
 * state follows what was seen and never refuses a packet.
 */
import { FlowState } from "../../../model/flow.ts";
import { usualService } from "../../../model/service_ports.ts";
import type { PacketView } from "../decode/packet_view.ts";
import type { RoundTrips } from "./round_trips.ts";
import {
  EXPECTED,
  FIRST_US,
  type FlowStore,
  HOLE_FROM,
  HOLE_TO,
  NOTES,
  PACKETS,
  PAYLOAD_BYTES,
  RETRANSMISSIONS,
  ROW_BYTES,
  ROW_DOUBLES,
  ROW_WORDS,
  RTT_US,
  STATE,
  TCP_FLAGS,
} from "./flow_store.ts";

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

/** Below it ports are those of services, RFC 6335 §6. */
const FIRST_USER_PORT = 1024;
/** From it up to 1023 clients of NFS, rsh and other remote procedure calls bind (bindresvport). */
const FIRST_RESERVED_PORT = 512;
/** From it on systems choose ports for clients: Linux; others begin at 49152 (RFC 6335 §6). */
const FIRST_CLIENT_PORT = 32_768;

// Bits of a flow's notes.
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

/**
 * Whether a packet in the middle of a connection is a server's, by its ports: it carries data, and only its sender's
 * port is a well-known one, or a usual service's where the other is a client's. An acknowledgement alone says nothing, as
 * scanners send it, and from such ports.
 */
export function isServersData(v: PacketView): boolean {
  if (!v.tcpWhole || (v.tcpFlags & (SYN | RST | ACK)) !== ACK || v.payloadBytes === 0) return false;
  const { sourcePort, destinationPort } = v;
  if (destinationPort < FIRST_USER_PORT || usualService(destinationPort) !== "") return false;
  if (sourcePort < FIRST_RESERVED_PORT) return true;
  return usualService(sourcePort) !== "" &&
    (sourcePort < FIRST_USER_PORT || destinationPort >= FIRST_CLIENT_PORT);
}

export class TcpTracker {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #trips: RoundTrips;

  constructor(store: FlowStore, trips: RoundTrips) {
    this.#trips = trips;
    this.#words = store.words;
    this.#doubles = store.doubles;
    this.#bytes = store.bytes;
  }

  /** Forgets what the row held before. */
  begin(row: number): void {
    this.#bytes[row * ROW_BYTES + NOTES] = 0;
    this.#trips.begin(row);
  }

  /**
   * Whether a client's opening is not the one that began this flow, which is still being opened: a SYN sent again keeps
   * its sequence number (RFC 9293 §3.8.1), one that asks anew from the same port has another. That of the first is known
   * by what is expected next: beyond it by the SYN, perhaps a FIN, and what was sent along with it.
   */
  isAnotherOpening(v: PacketView, row: number): boolean {
    const state = this.#bytes[row * ROW_BYTES + STATE];
    if (state !== FlowState.synSent && state !== FlowState.synReceived) return false;
    // The answer was captured before the question.
    if ((this.#bytes[row * ROW_BYTES + NOTES] & SEQUENCE_KNOWN) === 0) return false;
    const ahead = (this.#words[row * ROW_WORDS + EXPECTED] - v.sequence) | 0;
    return ahead <= 0 || ahead > 2 + this.#doubles[row * ROW_DOUBLES + PAYLOAD_BYTES];
  }

  /** Takes in a whole TCP header. @returns The flow's state after it, one of `FlowState`. */
  update(v: PacketView, row: number, direction: number): number {
    const bytes = this.#bytes;
    const b = row * ROW_BYTES;
    const flags = v.tcpFlags;
    const firstOfAll = (bytes[b + TCP_FLAGS] | bytes[b + TCP_FLAGS + 1]) === 0;
    bytes[b + TCP_FLAGS + direction] |= flags;
    this.#follow(v, row, direction);
    if ((flags & ACK) !== 0) {
      const other = 1 - direction;
      const expected = this.#words[row * ROW_WORDS + EXPECTED + other];
      this.#trips.acknowledged(row, other, v.acknowledgement, expected, v.payloadBytes === 0, v.timeUs);
    }

    const state = bytes[b + STATE];
    if ((flags & RST) !== 0) return FlowState.reset;
    if (state >= FlowState.closed) return state;
    if ((flags & SYN) !== 0) return this.#onSyn(v, row, direction, state, firstOfAll);
    let now = state;
    switch (state) {
      case FlowState.new:
        // Began in the middle: two-way is as good as established.
        if (this.#hasSpoken(row, 1 - direction)) now = FlowState.established;
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
      bytes[b + NOTES] |= direction === 0 ? FIN_FROM_CLIENT : FIN_FROM_SERVER;
      const both = FIN_FROM_CLIENT | FIN_FROM_SERVER;
      now = (bytes[b + NOTES] & both) === both ? FlowState.closed : FlowState.finWait;
    }
    return now;
  }

  /** Whether a side sent anything; of the server's, a SYN of its own opens nothing. */
  #hasSpoken(row: number, direction: number): boolean {
    if (direction === 0) return this.#doubles[row * ROW_DOUBLES + PACKETS] > 0;
    const flags = this.#bytes[row * ROW_BYTES + TCP_FLAGS + 1];
    return flags !== 0 && (flags & SYN) === 0;
  }

  #onSyn(v: PacketView, row: number, direction: number, state: number, firstOfAll: boolean): number {
    if ((v.tcpFlags & ACK) !== 0) {
      return direction === 1 && state <= FlowState.synReceived ? FlowState.synReceived : state;
    }
    if (state === FlowState.new && direction === 0) {
      if (firstOfAll) this.#bytes[row * ROW_BYTES + NOTES] |= TIMED;
      return FlowState.synSent;
    }
    // Sent again: which of them was answered cannot be told (Karn's algorithm), so no round trip is taken.
    if (direction === 0 && v.timeUs[0] - this.#doubles[row * ROW_DOUBLES + FIRST_US] > SAME_SYN_US) {
      this.#bytes[row * ROW_BYTES + NOTES] &= ~TIMED;
    }
    return state;
  }

  #takeRtt(v: PacketView, row: number): void {
    if ((this.#bytes[row * ROW_BYTES + NOTES] & TIMED) === 0) return;
    const rtt = v.timeUs[0] - this.#doubles[row * ROW_DOUBLES + FIRST_US];
    if (rtt > 0) this.#doubles[row * ROW_DOUBLES + RTT_US] = rtt;
  }

  /** Sequence numbers: what is new, what leaves a hole, what fills one, what was there before. */
  #follow(v: PacketView, row: number, direction: number): void {
    const flags = v.tcpFlags;
    if ((flags & RST) !== 0) return; // may carry a text, and any sequence number within the window
    const counted = flags & (SYN | FIN);
    const length = v.payloadBytes + ((counted & SYN) !== 0 ? 1 : 0) + ((counted & FIN) !== 0 ? 1 : 0);
    if (length === 0) return;
    const words = this.#words;
    const bytes = this.#bytes;
    const w = row * ROW_WORDS + direction;
    const notesAt = row * ROW_BYTES + NOTES;
    const notes = bytes[notesAt];
    const from = v.sequence;
    const to = (from + length) | 0;
    const expected = words[w + EXPECTED];
    const ahead = (from - expected) | 0;
    const known = (notes & (SEQUENCE_KNOWN << direction)) !== 0;
    if (!known || ahead >= MAX_STEP || ahead <= -MAX_STEP) {
      words[w + EXPECTED] = to;
      bytes[notesAt] = (notes | SEQUENCE_KNOWN << direction) & ~(HOLE << direction);
      this.#trips.sent(row, direction, to, v.payloadBytes, v.timeUs);
      return;
    }
    if (ahead >= 0) this.#trips.sent(row, direction, to, v.payloadBytes, v.timeUs);
    if (ahead === 0) {
      words[w + EXPECTED] = to;
      return;
    }
    const hole = (notes & (HOLE << direction)) !== 0;
    if (ahead > 0) {
      if (!hole) {
        words[w + HOLE_FROM] = expected;
        bytes[notesAt] = notes | HOLE << direction;
      }
      words[w + HOLE_TO] = from;
      this.#trips.missing(row, direction, expected, ahead, v.timeUs);
      words[w + EXPECTED] = to;
      return;
    }
    // A keep-alive repeats the last byte, or none, to be answered (RFC 9293 §3.8.4).
    if (ahead === -1 && counted === 0 && v.payloadBytes <= 1) return;
    if (((to - expected) | 0) > 0) words[w + EXPECTED] = to;
    if (hole && ((from - words[w + HOLE_FROM]) | 0) >= 0 && ((to - words[w + HOLE_TO]) | 0) <= 0) {
      if (from === words[w + HOLE_FROM]) {
        words[w + HOLE_FROM] = to;
        if (to === words[w + HOLE_TO]) bytes[notesAt] = notes & ~(HOLE << direction);
      }
      // Never seen before: sent again after a loss on the way to us, unless it was merely overtaken.
      if (!this.#trips.isOvertaken(row, direction, from, v.payloadBytes, v.timeUs)) {
        words[w + RETRANSMISSIONS]++;
      }
      return;
    }
    words[w + RETRANSMISSIONS]++;
    this.#trips.resent(row, direction, v.payloadBytes);
  }
}
