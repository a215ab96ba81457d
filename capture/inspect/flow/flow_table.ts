/**
 * The flow table: every conversation alive, in columns, found by its key in constant time.
 *
 * - Chained buckets over a seeded hash; rows come from a free list and, before that, from the low end, so memory is
 *   touched only as flows appear.
 * - One list per timeout class in order of last activity: ending idle flows and evicting the oldest scan nothing.
 * - Nothing is allocated after creation.
 */
import {
  createFlowColumns,
  type FlowColumns,
  FlowEnd,
  FlowState,
  IpProtocol,
  LocalEnd,
} from "../../../model/flow.ts";
import type { PacketView } from "../decode/packet_view.ts";
import { hashOfFlow } from "./flow_hash.ts";
import type { LocalAddresses } from "./local_addresses.ts";
import { isHandshakeAnswer, isOpening, TcpTracker } from "./tcp_tracker.ts";
import { TIMEOUT_CLASSES, TIMEOUT_US, timeoutClassOf } from "./timeouts.ts";

/** Flows at most, ARCHITECTURE "Budgets". */
export const MAX_FLOWS = 262_144;

/**
 * Grain of the activity lists, microseconds. A busy flow moves in its list once per grain instead of once per
 * packet; so a flow ends up to two grains later than its timeout, never earlier.
 */
export const ACTIVITY_GRAIN_US = 500_000;

/** Told of every flow that ends, while its row is still there. Must not call back into the table. */
export type FlowEndSink = (flows: FlowColumns, row: number) => void;

export class FlowTable {
  /** The flows themselves. Rows in use are those on the lists, so `columns.rows` is not kept. */
  readonly columns: FlowColumns;
  readonly capacity: number;
  readonly tcp: TcpTracker;

  /** Direction of the packet `update` was called with last: 0 to server, 1 to client. */
  direction = 0;

  active = 0;
  activeTcp = 0;
  activeUdp = 0;
  created = 0;
  ended = 0;
  timedOut = 0;
  evicted = 0;

  readonly #sink: FlowEndSink;
  readonly #locals: LocalAddresses;
  readonly #secret: Int32Array;

  // The columns a packet touches, taken out of `columns` once.
  readonly #address: Int32Array;
  readonly #port: Uint32Array;
  readonly #packets: Float64Array;
  readonly #bytes: Float64Array;
  readonly #payloadBytes: Float64Array;
  readonly #lastUs: Float64Array;
  readonly #state: Uint8Array;
  readonly #vlan: Uint32Array;

  // Columns of the table's own. Links hold row + 1, so that untouched memory means "none".
  readonly #mask: number;
  readonly #buckets: Int32Array;
  readonly #next: Int32Array;
  readonly #hash: Int32Array;
  /** Protocol, IP version, tunnel, one-way: compared as one word. */
  readonly #kind: Int32Array;
  readonly #tunnelId: Int32Array;
  readonly #class: Uint8Array;
  readonly #older: Int32Array;
  readonly #younger: Int32Array;
  /** When the row was put at the young end of its list, by the inspector's clock. */
  readonly #movedUs: Float64Array;
  readonly #oldest: Int32Array = new Int32Array(TIMEOUT_CLASSES);
  readonly #youngest: Int32Array = new Int32Array(TIMEOUT_CLASSES);
  #free = 0;
  #fresh = 0;

  /**
   * @param capacity Flows at most, 1 to `MAX_FLOWS`.
   * @param secret `SECRET_WORDS` random words.
   */
  constructor(capacity: number, locals: LocalAddresses, secret: Int32Array, sink: FlowEndSink) {
    this.capacity = Math.min(MAX_FLOWS, Math.max(1, Math.floor(capacity) || 1));
    const rows = this.capacity;
    const columns = createFlowColumns(rows);
    this.columns = columns;
    this.tcp = new TcpTracker(columns, rows);
    this.#locals = locals;
    this.#secret = secret;
    this.#sink = sink;
    this.#address = new Int32Array(columns.address.buffer);
    this.#port = new Uint32Array(columns.port.buffer);
    this.#packets = columns.packets;
    this.#bytes = columns.bytes;
    this.#payloadBytes = columns.payloadBytes;
    this.#lastUs = columns.lastUs;
    this.#state = columns.state;
    this.#vlan = columns.vlan;
    let buckets = 16;
    while (buckets < rows) buckets *= 2;
    this.#mask = buckets - 1;
    this.#buckets = new Int32Array(buckets);
    this.#next = new Int32Array(rows);
    this.#hash = new Int32Array(rows);
    this.#kind = new Int32Array(rows);
    this.#tunnelId = new Int32Array(rows);
    this.#class = new Uint8Array(rows);
    this.#older = new Int32Array(rows);
    this.#younger = new Int32Array(rows);
    this.#movedUs = new Float64Array(rows);
  }

  /**
   * Counts the view's transport header in its flow, which is begun where there is none.
   *
   * @returns The flow's row, valid until the next call; `direction` is set.
   */
  update(v: PacketView): number {
    const hash = hashOfFlow(v, this.#secret);
    let row = this.#find(v, hash);
    if (row >= 0 && v.protocol === IpProtocol.tcp && isOpening(v) && this.#state[row] >= FlowState.closed) {
      this.#end(row, FlowEnd.reused);
      row = -1;
    }
    if (row < 0) row = this.#begin(v, hash);
    const direction = this.direction;
    const at = 2 * row + direction;
    this.#packets[at] += v.flowPackets;
    this.#bytes[at] += v.flowBytes;
    this.#payloadBytes[at] += v.payloadBytes;
    const timeUs = v.timeUs[0];
    if (timeUs > this.#lastUs[row]) this.#lastUs[row] = timeUs;

    const before = this.#state[row];
    let state: number = before;
    if (v.protocol === IpProtocol.tcp) {
      if (v.tcpWhole) state = this.tcp.update(v, row, direction);
    } else if (before === FlowState.new && direction === 1) state = FlowState.established;
    if (state !== before) {
      this.#state[row] = state;
      const timeoutClass = timeoutClassOf(v.protocol, state);
      if (timeoutClass !== this.#class[row]) {
        this.#unlink(row);
        this.#link(row, timeoutClass, v.timeUs[1]);
        return row;
      }
    }
    if (v.timeUs[1] - this.#movedUs[row] >= ACTIVITY_GRAIN_US) {
      const timeoutClass = this.#class[row];
      this.#unlink(row);
      this.#link(row, timeoutClass, v.timeUs[1]);
    }
    return row;
  }

  /** Ends what has been idle for longer than its timeout at `clockUs`. Costs nothing per flow that stays. */
  expire(clockUs: number): void {
    for (let timeoutClass = 0; timeoutClass < TIMEOUT_CLASSES; timeoutClass++) {
      const due = clockUs - TIMEOUT_US[timeoutClass] - ACTIVITY_GRAIN_US;
      for (;;) {
        const oldest = this.#oldest[timeoutClass];
        if (oldest === 0 || this.#movedUs[oldest - 1] > due) break;
        this.timedOut++;
        this.#end(oldest - 1, FlowEnd.timeout);
      }
    }
  }

  /** Ends every flow, the longest idle first. */
  endAll(): void {
    for (let row = this.#longestIdle(); row >= 0; row = this.#longestIdle()) this.#end(row, FlowEnd.shutdown);
  }

  /**
   * Calls `take` with the rows of the most recently active flows (to the grain), at most `max`, the latest first.
   */
  forEachLatest(max: number, take: (row: number) => void): void {
    const at = Int32Array.from(this.#youngest);
    for (let taken = 0; taken < max; taken++) {
      let best = -1;
      for (let timeoutClass = 0; timeoutClass < TIMEOUT_CLASSES; timeoutClass++) {
        if (at[timeoutClass] === 0) continue;
        if (best < 0 || this.#movedUs[at[timeoutClass] - 1] > this.#movedUs[at[best] - 1]) {
          best = timeoutClass;
        }
      }
      if (best < 0) return;
      const row = at[best] - 1;
      at[best] = this.#older[row];
      take(row);
    }
  }

  /** Finds out anew which ends of all flows are local. */
  refreshLocalEnds(): void {
    this.forEachLatest(this.active, (row) => this.#setLocalEnd(row));
  }

  #find(v: PacketView, hash: number): number {
    const a = v.address;
    const kind = kindOf(v);
    const forward = (v.sourcePort | v.destinationPort << 16) >>> 0;
    const backward = (v.destinationPort | v.sourcePort << 16) >>> 0;
    const address = this.#address;
    let link = this.#buckets[hash & this.#mask];
    while (link !== 0) {
      const row = link - 1;
      link = this.#next[row];
      if (
        this.#hash[row] !== hash || this.#kind[row] !== kind || this.#vlan[row] !== v.vlan >>> 0 ||
        this.#tunnelId[row] !== v.tunnelId
      ) continue;
      const at = 8 * row;
      const ports = this.#port[row];
      if (ports === forward && address[at] === a[0] && address[at + 4] === a[4]) {
        if (v.ipVersion === 4 || (sameRest(address, at, a, 0) && sameRest(address, at + 4, a, 4))) {
          this.direction = 0;
          return row;
        }
      }
      if (ports === backward && address[at] === a[4] && address[at + 4] === a[0] && !v.oneWay) {
        if (v.ipVersion === 4 || (sameRest(address, at, a, 4) && sameRest(address, at + 4, a, 0))) {
          this.direction = 1;
          return row;
        }
      }
    }
    return -1;
  }

  #begin(v: PacketView, hash: number): number {
    const row = this.#takeRow();
    const columns = this.columns;
    // The client is whoever sends first, unless what it sends is an answer.
    const turned = v.protocol === IpProtocol.tcp && isHandshakeAnswer(v);
    this.direction = turned ? 1 : 0;
    const client = turned ? 4 : 0;
    const server = 4 - client;
    const a = v.address;
    const at = 8 * row;
    const words = v.ipVersion === 4 ? 1 : 4;
    for (let i = 0; i < 4; i++) {
      this.#address[at + i] = i < words ? a[client + i] : 0;
      this.#address[at + 4 + i] = i < words ? a[server + i] : 0;
    }
    this.#port[row] = turned
      ? (v.destinationPort | v.sourcePort << 16) >>> 0
      : (v.sourcePort | v.destinationPort << 16) >>> 0;
    columns.id[row] = ++this.created;
    columns.ipVersion[row] = v.ipVersion;
    columns.protocol[row] = v.protocol;
    columns.end[row] = FlowEnd.none;
    columns.firstUs[row] = v.timeUs[0];
    columns.lastUs[row] = v.timeUs[0];
    columns.rttUs[row] = 0;
    columns.vlan[row] = v.vlan;
    columns.tunnel[row] = v.tunnel;
    columns.interfaceIndex[row] = v.interfaceIndex;
    for (let i = 2 * row; i < 2 * row + 2; i++) {
      columns.tcpFlags[i] = 0;
      columns.packets[i] = 0;
      columns.bytes[i] = 0;
      columns.payloadBytes[i] = 0;
      columns.retransmissions[i] = 0;
    }
    columns.state[row] = FlowState.new;
    this.tcp.begin(row);
    this.#setLocalEnd(row);

    this.#hash[row] = hash;
    this.#kind[row] = kindOf(v);
    this.#tunnelId[row] = v.tunnelId;
    const bucket = hash & this.#mask;
    this.#next[row] = this.#buckets[bucket];
    this.#buckets[bucket] = row + 1;
    this.#link(row, timeoutClassOf(v.protocol, FlowState.new), v.timeUs[1]);
    this.active++;
    if (v.protocol === IpProtocol.tcp) this.activeTcp++;
    else if (v.protocol === IpProtocol.udp) this.activeUdp++;
    return row;
  }

  #end(row: number, reason: number): void {
    const columns = this.columns;
    columns.end[row] = reason;
    this.#sink(columns, row);
    this.ended++;
    this.active--;
    const protocol = columns.protocol[row];
    if (protocol === IpProtocol.tcp) this.activeTcp--;
    else if (protocol === IpProtocol.udp) this.activeUdp--;
    this.#unlink(row);
    const bucket = this.#hash[row] & this.#mask;
    let link = this.#buckets[bucket];
    if (link === row + 1) this.#buckets[bucket] = this.#next[row];
    else {
      while (this.#next[link - 1] !== row + 1) link = this.#next[link - 1];
      this.#next[link - 1] = this.#next[row];
    }
    this.#next[row] = this.#free;
    this.#free = row + 1;
  }

  #takeRow(): number {
    if (this.#free === 0 && this.#fresh === this.capacity) {
      this.evicted++;
      this.#end(this.#longestIdle(), FlowEnd.evicted);
    }
    if (this.#free === 0) return this.#fresh++;
    const row = this.#free - 1;
    this.#free = this.#next[row];
    return row;
  }

  #longestIdle(): number {
    let best = -1;
    for (let timeoutClass = 0; timeoutClass < TIMEOUT_CLASSES; timeoutClass++) {
      const row = this.#oldest[timeoutClass] - 1;
      if (row >= 0 && (best < 0 || this.#movedUs[row] < this.#movedUs[best])) best = row;
    }
    return best;
  }

  #link(row: number, timeoutClass: number, clockUs: number): void {
    const youngest = this.#youngest[timeoutClass];
    this.#class[row] = timeoutClass;
    this.#movedUs[row] = clockUs;
    this.#older[row] = youngest;
    this.#younger[row] = 0;
    if (youngest !== 0) this.#younger[youngest - 1] = row + 1;
    else this.#oldest[timeoutClass] = row + 1;
    this.#youngest[timeoutClass] = row + 1;
  }

  #unlink(row: number): void {
    const timeoutClass = this.#class[row];
    const older = this.#older[row];
    const younger = this.#younger[row];
    if (older !== 0) this.#younger[older - 1] = younger;
    else this.#oldest[timeoutClass] = younger;
    if (younger !== 0) this.#older[younger - 1] = older;
    else this.#youngest[timeoutClass] = older;
  }

  #setLocalEnd(row: number): void {
    const columns = this.columns;
    const version = columns.ipVersion[row];
    const client = this.#locals.has(this.#address, columns.address, 8 * row, version);
    const server = this.#locals.has(this.#address, columns.address, 8 * row + 4, version);
    columns.localEnd[row] = client
      ? server ? LocalEnd.both : LocalEnd.client
      : server
      ? LocalEnd.server
      : LocalEnd.neither;
  }
}

function kindOf(v: PacketView): number {
  return v.protocol | v.ipVersion << 8 | v.tunnel << 12 | (v.oneWay ? 0x10000 : 0);
}

/** Words 1 to 3 of an IPv6 address; word 0 was compared before. */
function sameRest(a: Int32Array, i: number, b: Int32Array, k: number): boolean {
  return a[i + 1] === b[k + 1] && a[i + 2] === b[k + 2] && a[i + 3] === b[k + 3];
}
