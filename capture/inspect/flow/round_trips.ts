/**
 * Round trips of a TCP flow, from data and acknowledgements, without sending a packet (`get_network_metrics`).
 *
 * What is watched is one segment at a time and direction: when it went by, and when the other side acknowledged it.
 * That is the way from here to that side and back. To the server and to the client are kept apart, so on a machine in
 * between one sees on which side of it the delay is. A handshake counts: SYN to SYN-ACK is to the server, SYN-ACK to
 * ACK to the client. What is sent again is not watched (Karn's algorithm, RFC 6298 §3), and a lone segment's late bare
 * acknowledgement is left out: receivers wait up to half a second before they send one (RFC 1122 §4.2.3.2).
 *
 * The last sixteen of each direction are kept for a median and a 95th percentile, and the least of all.
 */
import type { FlowColumns } from "../../../model/flow.ts";

/** Round trips kept a direction. */
export const RING = 16;

/** A record: one cache line. */
const RECORD_BYTES = 64;
const DOUBLES = RECORD_BYTES / 8;
const WORDS = RECORD_BYTES / 4;
// In doubles: when the watched segment went by, two a row, 0 for none; and the client's last question.
const WATCHED_US = 0;
const ASKED_US = 2;
// In words, two a row each: the sequence number that acknowledges it; round trips so far; bytes sent again.
const WATCHED_TO = 6;
const COUNT = 8;
const RESENT_BYTES = 12;
// In floats: the least, two a row; how long the server takes to answer, smoothed; how many answers.
const LEAST = 10;
const ANSWER = 14;
const ANSWERS = 15; // a word

/**
 * A bare acknowledgement of a lone segment that comes so much later than the least round trip has been waited with:
 * Linux waits 40 ms and more, others 200 ms.
 */
const DELAYED_ACK_US = 35_000;
/**
 * A segment that fills the latest hole sooner than its sender can have heard of the loss was overtaken on the way, not
 * sent again. That takes a round trip to the sender; where none was measured yet, 3 ms, as Wireshark has it.
 */
const OVERTAKEN_SHARE = 0.9;
const OVERTAKEN_US = 3_000;
const MIN_OVERTAKEN_US = 100;
/** A hole larger than most windows is what the capture lost, or began after: no more of it is taken for lost. */
const MAX_LOST_AT_ONCE = 262_144;
/** Weight of a new answer in the smoothed time, as RFC 6298's alpha. */
const SMOOTHING = 1 / 8;

const sorted = new Float32Array(RING);

export class RoundTrips {
  readonly #doubles: Float64Array;
  readonly #words: Uint32Array;
  readonly #floats: Float32Array;
  /** 2 × RING a row: the latest round trips in microseconds. Pages that no flow has touched take no memory. */
  readonly #ring: Float32Array;
  /** 2 a row: where the latest hole begins, and when it was noticed. Touched by losses only. */
  readonly #holeFrom: Int32Array;
  readonly #holeUs: Float64Array;

  constructor(rows: number) {
    const buffer = new ArrayBuffer(rows * RECORD_BYTES);
    this.#doubles = new Float64Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#floats = new Float32Array(buffer);
    this.#ring = new Float32Array(2 * RING * rows);
    this.#holeFrom = new Int32Array(2 * rows);
    this.#holeUs = new Float64Array(2 * rows);
  }

  /** Forgets what the row held before. */
  begin(row: number): void {
    const at = row * DOUBLES;
    for (let i = 0; i < DOUBLES; i++) this.#doubles[at + i] = 0;
  }

  /** New bytes up to sequence number `to` went by. @param payload Bytes of data among them. */
  sent(row: number, direction: number, to: number, payload: number, timesUs: Float64Array): void {
    const doubles = this.#doubles;
    const d = row * DOUBLES;
    if (doubles[d + WATCHED_US + direction] === 0) {
      doubles[d + WATCHED_US + direction] = timesUs[0];
      this.#words[row * WORDS + WATCHED_TO + direction] = to >>> 0;
    }
    if (payload === 0) return;
    if (direction === 0) doubles[d + ASKED_US] = timesUs[0];
    else if (doubles[d + ASKED_US] > 0) this.#answered(row, timesUs[0]);
  }

  /** `bytes` from sequence number `from` did not come in their turn: lost before here, or overtaken. */
  missing(row: number, direction: number, from: number, bytes: number, timesUs: Float64Array): void {
    this.#holeFrom[2 * row + direction] = from;
    this.#holeUs[2 * row + direction] = timesUs[0];
    this.#words[row * WORDS + RESENT_BYTES + direction] += Math.min(bytes, MAX_LOST_AT_ONCE);
  }

  /** Whether a segment that fills a hole was overtaken, and nothing lost; else it was counted when it was missing. */
  isOvertaken(row: number, direction: number, from: number, payload: number, timesUs: Float64Array): boolean {
    if (((from - this.#holeFrom[2 * row + direction]) | 0) < 0) return false;
    const w = row * WORDS;
    const sender = 1 - direction;
    const limit = this.#words[w + COUNT + sender] === 0
      ? OVERTAKEN_US
      : Math.max(MIN_OVERTAKEN_US, OVERTAKEN_SHARE * this.#floats[w + LEAST + sender]);
    if (timesUs[0] - this.#holeUs[2 * row + direction] >= limit) return false;
    const lost = this.#words[w + RESENT_BYTES + direction];
    this.#words[w + RESENT_BYTES + direction] = Math.max(0, lost - payload);
    return true;
  }

  /** `payload` bytes went by again: what is watched can no longer be told from it. */
  resent(row: number, direction: number, payload: number): void {
    this.#doubles[row * DOUBLES + WATCHED_US + direction] = 0;
    this.#words[row * WORDS + RESENT_BYTES + direction] += payload;
  }

  /**
   * The other side acknowledged all before `acknowledgement` of what `direction` sent.
   *
   * @param expected The sequence number that `direction` sends next.
   * @param bare Without data of its own.
   */
  acknowledged(
    row: number,
    direction: number,
    acknowledgement: number,
    expected: number,
    bare: boolean,
    timesUs: Float64Array,
  ): void {
    const d = row * DOUBLES + WATCHED_US + direction;
    const since = this.#doubles[d];
    if (since === 0) return;
    const w = row * WORDS;
    const watched = this.#words[w + WATCHED_TO + direction];
    if (((acknowledgement - watched) | 0) < 0) return;
    this.#doubles[d] = 0;
    const took = timesUs[0] - since;
    if (!(took >= 0)) return;
    const count = this.#words[w + COUNT + direction];
    const least = this.#floats[w + LEAST + direction];
    const lone = bare && ((expected - watched) | 0) === 0;
    if (lone && count > 0 && took - least > DELAYED_ACK_US) return;
    if (count === 0 || took < least) this.#floats[w + LEAST + direction] = took;
    this.#ring[RING * (2 * row + direction) + count % RING] = took;
    this.#words[w + COUNT + direction] = count + 1;
  }

  /** The server's first data after the client's. */
  #answered(row: number, timeUs: number): void {
    const d = row * DOUBLES;
    const w = row * WORDS;
    const took = timeUs - this.#doubles[d + ASKED_US];
    this.#doubles[d + ASKED_US] = 0;
    if (!(took >= 0)) return;
    const answers = this.#words[w + ANSWERS]++;
    const before = this.#floats[w + ANSWER];
    this.#floats[w + ANSWER] = answers === 0 ? took : before + SMOOTHING * (took - before);
  }

  /** Writes row `row` into row `to` of `target`. */
  copyTo(row: number, target: FlowColumns, to: number): void {
    const w = row * WORDS;
    for (let d = 0; d < 2; d++) {
      const count = this.#words[w + COUNT + d];
      const out = 2 * to + d;
      target.roundTrips[out] = count;
      target.resentBytes[out] = this.#words[w + RESENT_BYTES + d];
      target.rttLeastUs[out] = this.#floats[w + LEAST + d];
      if (count === 0) {
        target.rttMedianUs[out] = target.rttP95Us[out] = 0;
        continue;
      }
      const kept = count < RING ? count : RING;
      sortInto(sorted, this.#ring, RING * (2 * row + d), kept);
      target.rttMedianUs[out] = sorted[kept >> 1];
      target.rttP95Us[out] = sorted[Math.ceil(0.95 * kept) - 1];
    }
    target.answerUs[to] = this.#floats[w + ANSWER];
    target.answers[to] = this.#words[w + ANSWERS];
  }
}

/** Writes into row `to` of `target` that nothing was measured: a flow that is not TCP has no record. */
export function copyNoTrips(target: FlowColumns, to: number): void {
  for (let out = 2 * to; out < 2 * to + 2; out++) {
    target.roundTrips[out] = target.resentBytes[out] = 0;
    target.rttLeastUs[out] = target.rttMedianUs[out] = target.rttP95Us[out] = 0;
  }
  target.answerUs[to] = target.answers[to] = 0;
}

/** By insertion: of sixteen numbers at most, a typed array's own `sort` takes longer to begin than this takes in all. */
function sortInto(out: Float32Array, from: Float32Array, at: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const value = from[at + i];
    let k = i;
    for (; k > 0 && out[k - 1] > value; k--) out[k] = out[k - 1];
    out[k] = value;
  }
}
