/**
 * Where the flow table keeps its flows: one record of 192 bytes a row, all in one buffer.
 *
 * The words other rooms get are columns (`FlowColumns`). Here records win: a packet touches some fifteen values of
 * one flow, and with a hundred thousand flows every column is a cache miss of its own. A record is three cache
 * lines: the key, the counts, the rest. Measured with 50,000 flows met at random (bench/pipeline.ts): 500 ns a
 * packet with columns, 260 ns with records.
 */
import { createFlowColumns, type FlowColumns, Tunnel } from "../../../model/flow.ts";

/** Bytes of a record, and how many 32-bit words and doubles that are. */
export const ROW_BYTES = 192;
export const ROW_WORDS = ROW_BYTES / 4;
export const ROW_DOUBLES = ROW_BYTES / 8;

// ---- first line: the key. Indices in 32-bit words.
export const HASH = 0;
/** Protocol, IP version << 8, tunnel << 12, one-way << 16: compared as one word. */
export const KIND = 1;
export const VLAN = 2;
export const TUNNEL_ID = 3;
/** Client port in the low half, server port in the high one. */
export const PORTS = 4;
/** Links hold row + 1, so that untouched memory means "none". */
export const NEXT = 5;
export const OLDER = 6;
export const YOUNGER = 7;
/** Four words each; IPv4 in the first. */
export const CLIENT = 8;
export const SERVER = 12;

// ---- second line: what counts. Indices in doubles; two a row where direction is added.
export const PACKETS = 8;
export const BYTES = 10;
export const PAYLOAD_BYTES = 12;
export const LAST_US = 14;
/** When the row was put at the young end of its activity list, by the inspector's clock. */
export const MOVED_US = 15;

// ---- third line. In words: the sequence number expected next, two a row.
export const EXPECTED = 32;
// In bytes.
export const STATE = 136;
export const TIMEOUT_CLASS = 137;
export const NOTES = 138;
export const LOCAL_END = 139;
export const TCP_FLAGS = 140; // two a row
export const INTERFACE = 142;
export const END = 143;
// In words, two a row each.
export const RETRANSMISSIONS = 36;
// In doubles.
export const FIRST_US = 19;
export const RTT_US = 20;
export const ID = 21;
// In words, two a row each: what was not seen before the sequence number expected.
export const HOLE_FROM = 44;
export const HOLE_TO = 46;

/** The buffer and the three ways to look at it. */
export class FlowStore {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly bytes: Uint8Array;
  /** 2 × rows: since when there is a hole. Rarely touched, so not part of the record. */
  readonly holeUs: Float64Array;

  constructor(rows: number) {
    const buffer = new ArrayBuffer(rows * ROW_BYTES);
    this.words = new Int32Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.bytes = new Uint8Array(buffer);
    this.holeUs = new Float64Array(2 * rows);
  }

  /** Writes row `row` into row `to` of `target`. `target.rows` is the caller's business. */
  copyTo(row: number, target: FlowColumns, to: number): void {
    const { words, doubles, bytes } = this;
    const w = row * ROW_WORDS;
    const f = row * ROW_DOUBLES;
    const b = row * ROW_BYTES;
    const kind = words[w + KIND];
    target.id[to] = doubles[f + ID];
    for (let i = 0; i < 32; i++) target.address[32 * to + i] = bytes[b + 4 * CLIENT + i];
    target.ipVersion[to] = kind >>> 8 & 0x0f;
    target.protocol[to] = kind & 0xff;
    target.port[2 * to] = words[w + PORTS] & 0xffff;
    target.port[2 * to + 1] = words[w + PORTS] >>> 16;
    target.state[to] = bytes[b + STATE];
    target.end[to] = bytes[b + END];
    for (let d = 0; d < 2; d++) {
      target.tcpFlags[2 * to + d] = bytes[b + TCP_FLAGS + d];
      target.packets[2 * to + d] = doubles[f + PACKETS + d];
      target.bytes[2 * to + d] = doubles[f + BYTES + d];
      target.payloadBytes[2 * to + d] = doubles[f + PAYLOAD_BYTES + d];
      target.retransmissions[2 * to + d] = words[w + RETRANSMISSIONS + d];
    }
    target.firstUs[to] = doubles[f + FIRST_US];
    target.lastUs[to] = doubles[f + LAST_US];
    target.rttUs[to] = doubles[f + RTT_US];
    target.vlan[to] = words[w + VLAN];
    target.tunnel[to] = kind >>> 12 & 0x0f;
    target.interfaceIndex[to] = bytes[b + INTERFACE];
    target.localEnd[to] = bytes[b + LOCAL_END];
  }
}

/** The word `KIND` of a flow. */
export function packKind(protocol: number, ipVersion: number, tunnel: number, oneWay: boolean): number {
  return protocol | ipVersion << 8 | tunnel << 12 | (oneWay ? 0x10000 : 0);
}

// `packKind` has four bits for the tunnel.
Tunnel satisfies Record<string, 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15>;

/** One row of columns, for handing over a single flow. */
export function createSingleFlow(): FlowColumns {
  const columns = createFlowColumns(1);
  columns.rows = 1;
  return columns;
}
