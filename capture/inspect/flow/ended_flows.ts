/**
 * Flows that have ended and wait to be fetched.
 */
import { createFlowColumns, type FlowColumns } from "../../../model/flow.ts";

/** Copies row `row` of `from` over row `to` of `target`. `target.rows` is the caller's business. */
export function copyFlow(from: FlowColumns, row: number, target: FlowColumns, to: number): void {
  target.id[to] = from.id[row];
  for (let i = 0; i < 32; i++) target.address[32 * to + i] = from.address[32 * row + i];
  target.ipVersion[to] = from.ipVersion[row];
  target.protocol[to] = from.protocol[row];
  target.state[to] = from.state[row];
  target.end[to] = from.end[row];
  for (let d = 0; d < 2; d++) {
    target.port[2 * to + d] = from.port[2 * row + d];
    target.tcpFlags[2 * to + d] = from.tcpFlags[2 * row + d];
    target.packets[2 * to + d] = from.packets[2 * row + d];
    target.bytes[2 * to + d] = from.bytes[2 * row + d];
    target.payloadBytes[2 * to + d] = from.payloadBytes[2 * row + d];
    target.retransmissions[2 * to + d] = from.retransmissions[2 * row + d];
    target.resentBytes[2 * to + d] = from.resentBytes[2 * row + d];
    target.roundTrips[2 * to + d] = from.roundTrips[2 * row + d];
    target.rttLeastUs[2 * to + d] = from.rttLeastUs[2 * row + d];
    target.rttMedianUs[2 * to + d] = from.rttMedianUs[2 * row + d];
    target.rttP95Us[2 * to + d] = from.rttP95Us[2 * row + d];
  }
  target.firstUs[to] = from.firstUs[row];
  target.lastUs[to] = from.lastUs[row];
  target.rttUs[to] = from.rttUs[row];
  target.answerUs[to] = from.answerUs[row];
  target.answers[to] = from.answers[row];
  target.vlan[to] = from.vlan[row];
  target.tunnel[to] = from.tunnel[row];
  target.interfaceIndex[to] = from.interfaceIndex[row];
  target.localEnd[to] = from.localEnd[row];
  target.appProtocol[to] = from.appProtocol[row];
  target.serverName[to] = from.serverName[row];
}

/**
 * Ended flows waiting to be fetched: a ring with a ceiling. When it is full, the newest end is not kept but counted,
 * so what is fetched stays in order and without holes.
 */
export class EndedFlows {
  /** Ends that found no room, since the beginning. */
  lost = 0;
  readonly #capacity: number;
  readonly #ring: FlowColumns;
  #first = 0;
  #count = 0;

  /** @param capacity Flows kept at most; 0 keeps none and counts none as lost. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#ring = createFlowColumns(capacity);
  }

  get waiting(): number {
    return this.#count;
  }

  push(flows: FlowColumns, row: number): void {
    if (this.#capacity === 0) return;
    if (this.#count === this.#capacity) {
      this.lost++;
      return;
    }
    copyFlow(flows, row, this.#ring, (this.#first + this.#count++) % this.#capacity);
  }

  /** Up to `max` ended flows, the oldest ends first, which are forgotten here. */
  drain(max: number): FlowColumns {
    const rows = Math.min(Math.max(0, Math.floor(max)) || 0, this.#count);
    const out = createFlowColumns(rows);
    for (let i = 0; i < rows; i++) copyFlow(this.#ring, (this.#first + i) % this.#capacity, out, i);
    out.rows = rows;
    this.#count -= rows;
    this.#first = this.#capacity === 0 ? 0 : (this.#first + rows) % this.#capacity;
    return out;
  }
}
