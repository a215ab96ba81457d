/**
 * The flow table: every conversation alive, found by its key in constant time.
 *
 * - Chained buckets over a seeded hash; rows come from a free list and, before that, from the low end, so memory is
 *   touched only as flows appear.
 * - One list per timeout class in order of last activity: ending idle flows and evicting the oldest scan nothing.
 * - Nothing is allocated after creation.
 */
import { FlowStep } from "../../../model/facts.ts";
import { type FlowColumns, FlowEnd, FlowState, IpProtocol, LocalEnd } from "../../../model/flow.ts";
import type { PacketView } from "../decode/packet_view.ts";
import { hashOfFlow } from "./flow_hash.ts";
import {
  BYTES,
  CLIENT,
  CLIENT_REST,
  createSingleFlow,
  END,
  FIRST_US,
  FlowStore,
  HASH,
  ID,
  INTERFACE,
  KIND,
  LAST_US,
  LOCAL_END,
  MOVED_US,
  NEXT,
  OLDER,
  PACKETS,
  packKind,
  PAYLOAD_BYTES,
  PORTS,
  RETRANSMISSIONS,
  ROW_BYTES,
  ROW_DOUBLES,
  ROW_WORDS,
  RTT_US,
  SERVER,
  SERVER_REST,
  STATE,
  TCP_FLAGS,
  TIMEOUT_CLASS,
  TOLD_BYTES,
  TOLD_DOUBLES,
  TOLD_PACKETS,
  TOLD_US,
  TUNNEL_ID,
  VLAN,
  YOUNGER,
} from "./flow_store.ts";
import type { LocalAddresses } from "./local_addresses.ts";
import { copyNoTrips, RoundTrips } from "./round_trips.ts";
import { isHandshakeAnswer, isOpening, isServersData, TcpTracker } from "./tcp_tracker.ts";
import { TIMEOUT_CLASSES, TIMEOUT_US, timeoutClassOf } from "./timeouts.ts";

/** Flows at most, ARCHITECTURE "Budgets". */
export const MAX_FLOWS = 262_144;

/**
 * Grain of the activity lists, microseconds. A busy flow moves in its list once per grain instead of once per
 * packet; so a flow ends up to two grains later than its timeout, never earlier.
 */
export const ACTIVITY_GRAIN_US = 500_000;

/** When a flow that goes on is told of again: after so much more of one of these. */
const PROGRESS_BYTES = 65_536;
const PROGRESS_PACKETS = 256;
const PROGRESS_US = 30_000_000;
/** Silence after which what the client says is told; known to the grain. */
const SILENCE_US = 2_000_000;
/** A keep-alive probe carries no payload, or one byte of nothing: RFC 9293 §3.8.4. */
const PROBE_BYTES = 1;

/**
 * Told of every flow that ends: row 0 of `flows`, which is written over by the next end; `tableRow` is the row it had
 * in the table. Must not call back into the table.
 */
export type FlowEndSink = (flows: FlowColumns, row: number, tableRow: number) => void;

export class FlowTable {
  readonly store: FlowStore;
  readonly capacity: number;

  /** Direction of the packet `update` was called with last: 0 to server, 1 to client. */
  direction = 0;
  /** What that packet was to its flow: bits of `FlowStep`, 0 for nothing worth telling. */
  steps = 0;

  active = 0;
  activeTcp = 0;
  activeUdp = 0;
  created = 0;
  ended = 0;
  timedOut = 0;
  evicted = 0;

  /** Flows may be due that were not ended yet. */
  sweeping = false;
  /** [0] the time by which flows are judged to be due. */
  readonly #sweepUs = new Float64Array(1);
  readonly #tcp: TcpTracker;
  readonly #trips: RoundTrips;
  readonly #sink: FlowEndSink;
  readonly #numbersAfter: number;
  readonly #locals: LocalAddresses;
  readonly #secret: Int32Array;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #mask: number;
  readonly #buckets: Int32Array;
  readonly #oldest: Int32Array = new Int32Array(TIMEOUT_CLASSES);
  readonly #youngest: Int32Array = new Int32Array(TIMEOUT_CLASSES);
  readonly #handed: FlowColumns = createSingleFlow();
  readonly #handedAddress = new Int32Array(this.#handed.address.buffer);
  #free = 0;
  #fresh = 0;

  /**
   * @param capacity Flows at most, 1 to `MAX_FLOWS`.
   * @param secret `SECRET_WORDS` random words.
   * @param numbersAfter See `InspectorOptions.flowsAfter`.
   */
  constructor(
    capacity: number,
    locals: LocalAddresses,
    secret: Int32Array,
    sink: FlowEndSink,
    numbersAfter = 0,
  ) {
    this.#numbersAfter = numbersAfter;
    this.capacity = Math.min(MAX_FLOWS, Math.max(1, Math.floor(capacity) || 1));
    this.store = new FlowStore(this.capacity);
    this.#words = this.store.words;
    this.#doubles = this.store.doubles;
    this.#bytes = this.store.bytes;
    this.#trips = new RoundTrips(this.capacity);
    this.#tcp = new TcpTracker(this.store, this.#trips);
    this.#locals = locals;
    this.#secret = secret;
    this.#sink = sink;
    let buckets = 16;
    while (buckets < this.capacity) buckets *= 2;
    this.#mask = buckets - 1;
    this.#buckets = new Int32Array(buckets);
  }

  /**
   * Counts the view's transport header in its flow, which is begun where there is none.
   *
   * @returns The flow's row, valid until the next call; `direction` is set.
   */
  update(v: PacketView): number {
    const hash = hashOfFlow(v, this.#secret);
    let row = this.#find(v, hash);
    if (this.sweeping && row >= 0 && this.#isDue(row)) {
      // It would have ended by now, had the packets before had the time.
      this.#endIdle(row);
      row = -1;
    }
    if (row >= 0 && v.protocol === IpProtocol.tcp && isOpening(v)) {
      const isOver = this.#bytes[row * ROW_BYTES + STATE] >= FlowState.closed;
      if (isOver || (this.direction === 0 && this.#tcp.isAnotherOpening(v, row))) {
        this.#end(row, FlowEnd.reused);
        row = -1;
      }
    }
    let steps = 0;
    if (row < 0) {
      row = this.#begin(v, hash);
      steps = FlowStep.began;
    }
    const direction = this.direction;
    const doubles = this.#doubles;
    const f = row * ROW_DOUBLES;
    if (direction === 1 && doubles[f + PACKETS + 1] === 0) steps |= FlowStep.answered;
    doubles[f + PACKETS + direction] += v.flowPackets;
    doubles[f + BYTES + direction] += v.flowBytes;
    doubles[f + PAYLOAD_BYTES + direction] += v.payloadBytes;
    const timeUs = v.timeUs[0];
    // Of what has no handshake: the client's packet before to the first answer.
    if (steps === FlowStep.answered && v.protocol !== IpProtocol.tcp && timeUs > doubles[f + LAST_US]) {
      doubles[f + RTT_US] = timeUs - doubles[f + LAST_US];
    }
    if (timeUs > doubles[f + LAST_US]) doubles[f + LAST_US] = timeUs;

    const b = row * ROW_BYTES;
    const before = this.#bytes[b + STATE];
    let state: number = before;
    if (v.protocol === IpProtocol.tcp) {
      if (v.tcpWhole) {
        state = this.#tcp.update(v, row, direction);
        if (IS_ODD[v.tcpFlags & 0x3f] !== 0 || (isOpening(v) && isToItself(v))) steps |= FlowStep.oddFlags;
      }
    } else if (before === FlowState.new && direction === 1) state = FlowState.established;
    let timeoutClass = this.#bytes[b + TIMEOUT_CLASS];
    let move = v.timeUs[1] - doubles[f + MOVED_US] >= ACTIVITY_GRAIN_US;
    if (state !== before) {
      this.#bytes[b + STATE] = state;
      if (state === FlowState.established) steps |= FlowStep.established;
      else if (state === FlowState.reset) steps |= FlowStep.reset;
      const next = timeoutClassOf(v.protocol, state);
      if (next !== timeoutClass) move = true;
      timeoutClass = next;
    }
    if (move) {
      const silentUs = v.timeUs[1] - doubles[f + MOVED_US];
      this.#unlink(row);
      this.#link(row, timeoutClass, v);
      if (steps === 0) {
        if (silentUs >= SILENCE_US && direction === 0 && v.payloadBytes > PROBE_BYTES) steps = FlowStep.spoke;
        if (this.#hasGoneOn(row)) steps |= FlowStep.progress;
      }
    }
    this.steps = steps;
    return row;
  }

  /** Whether there is enough news of a flow to tell of it again; then it counts as told. */
  #hasGoneOn(row: number): boolean {
    const doubles = this.#doubles;
    const told = this.store.told;
    const f = row * ROW_DOUBLES;
    const t = row * TOLD_DOUBLES;
    const timeUs = doubles[f + LAST_US];
    const bytes = doubles[f + BYTES] + doubles[f + BYTES + 1];
    const packets = doubles[f + PACKETS] + doubles[f + PACKETS + 1];
    if (
      bytes - told[t + TOLD_BYTES] < PROGRESS_BYTES && packets - told[t + TOLD_PACKETS] < PROGRESS_PACKETS &&
      timeUs - told[t + TOLD_US] < PROGRESS_US
    ) return false;
    told[t + TOLD_BYTES] = bytes;
    told[t + TOLD_PACKETS] = packets;
    told[t + TOLD_US] = timeUs;
    return true;
  }

  /**
   * What has been idle for longer than its timeout at `clockUs` is to end: by `sweep`, or with a packet of its own,
   * which then begins another flow. So it makes no difference to any flow when it is swept.
   */
  expire(clockUs: number): void {
    this.#sweepUs[0] = clockUs;
    this.sweeping = true;
  }

  /** Ends flows that are due, at most so many. Costs nothing per flow that stays. */
  sweep(most: number): void {
    for (let timeoutClass = 0; timeoutClass < TIMEOUT_CLASSES; timeoutClass++) {
      for (;;) {
        const oldest = this.#oldest[timeoutClass];
        if (oldest === 0 || !this.#isDue(oldest - 1)) break;
        if (most-- <= 0) return;
        this.#endIdle(oldest - 1);
      }
    }
    this.sweeping = false;
  }

  #isDue(row: number): boolean {
    const idleUs = TIMEOUT_US[this.#bytes[row * ROW_BYTES + TIMEOUT_CLASS]] + ACTIVITY_GRAIN_US;
    return this.#movedUs(row) <= this.#sweepUs[0] - idleUs;
  }

  #endIdle(row: number): void {
    this.timedOut++;
    this.#end(row, FlowEnd.timeout);
  }

  /** Ends every flow, the longest idle first. */
  endAll(): void {
    this.sweep(Infinity);
    for (let row = this.#longestIdle(); row >= 0; row = this.#longestIdle()) this.#end(row, FlowEnd.shutdown);
  }

  /** Calls `take` with the rows of the most recently active flows (to the grain), at most `max`, the latest first. */
  forEachLatest(max: number, take: (row: number) => void): void {
    const at = Int32Array.from(this.#youngest);
    for (let taken = 0; taken < max; taken++) {
      let best = -1;
      for (let timeoutClass = 0; timeoutClass < TIMEOUT_CLASSES; timeoutClass++) {
        if (at[timeoutClass] === 0) continue;
        if (best < 0 || this.#movedUs(at[timeoutClass] - 1) > this.#movedUs(at[best] - 1)) {
          best = timeoutClass;
        }
      }
      if (best < 0) return;
      const row = at[best] - 1;
      at[best] = this.#words[row * ROW_WORDS + OLDER];
      take(row);
    }
  }

  /** Writes row `row`, with its round trips, into row `to` of `target`. */
  copyTo(row: number, target: FlowColumns, to: number): void {
    this.store.copyTo(row, target, to);
    if ((this.#words[row * ROW_WORDS + KIND] & 0xff) === IpProtocol.tcp) this.#trips.copyTo(row, target, to);
    else copyNoTrips(target, to);
  }

  /** Finds out anew which ends of all flows are local. */
  refreshLocalEnds(): void {
    const flow = this.#handed;
    this.forEachLatest(this.active, (row) => {
      this.store.copyTo(row, flow, 0);
      const local = this.#localEndOf(this.#handedAddress, flow.address, 0, 4, flow.ipVersion[0]);
      this.#bytes[row * ROW_BYTES + LOCAL_END] = local;
    });
  }

  #movedUs(row: number): number {
    return this.#doubles[row * ROW_DOUBLES + MOVED_US];
  }

  #find(v: PacketView, hash: number): number {
    const a = v.address;
    const words = this.#words;
    const kind = packKind(v.protocol, v.ipVersion, v.tunnel, v.oneWay);
    const forward = v.sourcePort | v.destinationPort << 16;
    const backward = v.destinationPort | v.sourcePort << 16;
    let link = this.#buckets[hash & this.#mask];
    while (link !== 0) {
      const row = link - 1;
      const w = row * ROW_WORDS;
      link = words[w + NEXT];
      if (
        words[w + HASH] !== hash || words[w + KIND] !== kind || words[w + VLAN] !== v.vlan ||
        words[w + TUNNEL_ID] !== v.tunnelId
      ) continue;
      const ports = words[w + PORTS];
      if (ports === forward && words[w + CLIENT] === a[0] && words[w + SERVER] === a[4]) {
        if (
          v.ipVersion === 4 ||
          (sameRest(words, w + CLIENT_REST, a, 1) && sameRest(words, w + SERVER_REST, a, 5))
        ) {
          this.direction = 0;
          return row;
        }
      }
      if (ports === backward && words[w + CLIENT] === a[4] && words[w + SERVER] === a[0] && !v.oneWay) {
        if (
          v.ipVersion === 4 ||
          (sameRest(words, w + CLIENT_REST, a, 5) && sameRest(words, w + SERVER_REST, a, 1))
        ) {
          this.direction = 1;
          return row;
        }
      }
    }
    return -1;
  }

  #begin(v: PacketView, hash: number): number {
    const row = this.#takeRow();
    const words = this.#words;
    const doubles = this.#doubles;
    const bytes = this.#bytes;
    const w = row * ROW_WORDS;
    const f = row * ROW_DOUBLES;
    const b = row * ROW_BYTES;
    // The client is whoever sends first, unless what it sends comes from a server.
    const turned = v.protocol === IpProtocol.tcp && (isHandshakeAnswer(v) || isServersData(v)) &&
      !isToItself(v);
    this.direction = turned ? 1 : 0;
    const client = turned ? 4 : 0;
    const server = 4 - client;
    words[w + CLIENT] = v.address[client];
    words[w + SERVER] = v.address[server];
    for (let i = 0; i < 3; i++) {
      words[w + CLIENT_REST + i] = v.ipVersion === 6 ? v.address[client + 1 + i] : 0;
      words[w + SERVER_REST + i] = v.ipVersion === 6 ? v.address[server + 1 + i] : 0;
    }
    words[w + PORTS] = turned
      ? v.destinationPort | v.sourcePort << 16
      : v.sourcePort | v.destinationPort << 16;
    words[w + HASH] = hash;
    words[w + KIND] = packKind(v.protocol, v.ipVersion, v.tunnel, v.oneWay);
    words[w + VLAN] = v.vlan;
    words[w + TUNNEL_ID] = v.tunnelId;
    for (let d = 0; d < 2; d++) {
      doubles[f + PACKETS + d] = 0;
      doubles[f + BYTES + d] = 0;
      doubles[f + PAYLOAD_BYTES + d] = 0;
      words[w + RETRANSMISSIONS + d] = 0;
      bytes[b + TCP_FLAGS + d] = 0;
    }
    doubles[f + ID] = this.#numbersAfter + ++this.created;
    doubles[f + FIRST_US] = v.timeUs[0];
    doubles[f + LAST_US] = v.timeUs[0];
    doubles[f + RTT_US] = 0;
    const told = row * TOLD_DOUBLES;
    this.store.told[told + TOLD_BYTES] = 0;
    this.store.told[told + TOLD_PACKETS] = 0;
    this.store.told[told + TOLD_US] = v.timeUs[0];
    bytes[b + STATE] = FlowState.new;
    bytes[b + INTERFACE] = v.interfaceIndex;
    bytes[b + END] = FlowEnd.none;
    if (v.protocol === IpProtocol.tcp) this.#tcp.begin(row);
    bytes[b + LOCAL_END] = this.#localEndOf(v.address, v.addressBytes, client, server, v.ipVersion);

    const bucket = hash & this.#mask;
    words[w + NEXT] = this.#buckets[bucket];
    this.#buckets[bucket] = row + 1;
    this.#link(row, timeoutClassOf(v.protocol, FlowState.new), v);
    this.active++;
    if (v.protocol === IpProtocol.tcp) this.activeTcp++;
    else if (v.protocol === IpProtocol.udp) this.activeUdp++;
    return row;
  }

  #end(row: number, reason: number): void {
    const words = this.#words;
    const w = row * ROW_WORDS;
    this.#bytes[row * ROW_BYTES + END] = reason;
    this.copyTo(row, this.#handed, 0);
    this.#sink(this.#handed, 0, row);
    this.ended++;
    this.active--;
    const protocol = words[w + KIND] & 0xff;
    if (protocol === IpProtocol.tcp) this.activeTcp--;
    else if (protocol === IpProtocol.udp) this.activeUdp--;
    this.#unlink(row);
    const bucket = words[w + HASH] & this.#mask;
    let link = this.#buckets[bucket];
    if (link === row + 1) this.#buckets[bucket] = words[w + NEXT];
    else {
      let at = (link - 1) * ROW_WORDS + NEXT;
      while ((link = words[at]) !== row + 1) at = (link - 1) * ROW_WORDS + NEXT;
      words[at] = words[w + NEXT];
    }
    words[w + NEXT] = this.#free;
    this.#free = row + 1;
  }

  #takeRow(): number {
    if (this.sweeping && this.#free === 0 && this.#fresh === this.capacity) this.sweep(1);
    if (this.#free === 0 && this.#fresh === this.capacity) {
      this.evicted++;
      this.#end(this.#longestIdle(), FlowEnd.evicted);
    }
    if (this.#free === 0) return this.#fresh++;
    const row = this.#free - 1;
    this.#free = this.#words[row * ROW_WORDS + NEXT];
    return row;
  }

  #longestIdle(): number {
    let best = -1;
    for (let timeoutClass = 0; timeoutClass < TIMEOUT_CLASSES; timeoutClass++) {
      const row = this.#oldest[timeoutClass] - 1;
      if (row >= 0 && (best < 0 || this.#movedUs(row) < this.#movedUs(best))) best = row;
    }
    return best;
  }

  #link(row: number, timeoutClass: number, v: PacketView): void {
    const words = this.#words;
    const w = row * ROW_WORDS;
    const youngest = this.#youngest[timeoutClass];
    this.#bytes[row * ROW_BYTES + TIMEOUT_CLASS] = timeoutClass;
    this.#doubles[row * ROW_DOUBLES + MOVED_US] = v.timeUs[1];
    words[w + OLDER] = youngest;
    words[w + YOUNGER] = 0;
    if (youngest !== 0) words[(youngest - 1) * ROW_WORDS + YOUNGER] = row + 1;
    else this.#oldest[timeoutClass] = row + 1;
    this.#youngest[timeoutClass] = row + 1;
  }

  #unlink(row: number): void {
    const words = this.#words;
    const timeoutClass = this.#bytes[row * ROW_BYTES + TIMEOUT_CLASS];
    const older = words[row * ROW_WORDS + OLDER];
    const younger = words[row * ROW_WORDS + YOUNGER];
    if (older !== 0) words[(older - 1) * ROW_WORDS + YOUNGER] = younger;
    else this.#oldest[timeoutClass] = younger;
    if (younger !== 0) words[(younger - 1) * ROW_WORDS + OLDER] = older;
    else this.#youngest[timeoutClass] = older;
  }

  /** One of `LocalEnd`, of the addresses whose words begin at `client` and `server`. */
  #localEndOf(words: Int32Array, bytes: Uint8Array, client: number, server: number, version: number): number {
    const isClient = this.#locals.has(words, bytes, client, version);
    const isServer = this.#locals.has(words, bytes, server, version);
    if (isClient) return isServer ? LocalEnd.both : LocalEnd.client;
    return isServer ? LocalEnd.server : LocalEnd.neither;
  }
}

/** Words 1 to 3 of an IPv6 address; word 0 was compared before. */
function sameRest(a: Int32Array, i: number, b: Int32Array, k: number): boolean {
  return a[i] === b[k] && a[i + 1] === b[k + 1] && a[i + 2] === b[k + 2];
}

/** Both ends are the same (a "land" packet), so there is but one direction. */
function isToItself(v: PacketView): boolean {
  const a = v.address;
  return v.sourcePort === v.destinationPort && a[0] === a[4] && (v.ipVersion === 4 || sameRest(a, 1, a, 5));
}

/**
 * By the six flags of RFC 9293 §3.1, 1 for what no sane stack sends: SYN with FIN or RST, and segments after the first
 * that acknowledge nothing.
 */
const IS_ODD = Uint8Array.from({ length: 64 }, (_, flags) => {
  const [FIN, SYN, RST, ACK] = [1, 2, 4, 16];
  if ((flags & SYN) !== 0) return (flags & (FIN | RST)) !== 0 ? 1 : 0;
  return (flags & (RST | ACK)) === 0 ? 1 : 0;
});
