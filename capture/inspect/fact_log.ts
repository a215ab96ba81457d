/**
 * Gathers facts for the detector, in the order in which things happen, and hands them on when there are many or when
 * somebody asks. One batch is filled again and again: nothing is allocated for a fact but what its observation is.
 */
import {
  createFactBatch,
  FACT_ROWS,
  type FactBatch,
  FactKind,
  FlowStep,
  LAND,
  OBSERVED_TYPES,
} from "../../model/facts.ts";
import { Cursor } from "../../model/cursor.ts";
import { IpProtocol } from "../../model/flow.ts";
import type { Observation } from "../../model/observation.ts";
import { Kind, type PacketView } from "./decode/packet_view.ts";
import type { FlowStore } from "./flow/flow_store.ts";

/** ICMP errors that say that a packet did not arrive: RFC 792, RFC 4443. */
const UNREACHABLE = 3;
const TIME_EXCEEDED = 11;
const UNREACHABLE_V6 = 1;
const TIME_EXCEEDED_V6 = 3;
/** The ICMP header in front of what is quoted. */
const ICMP_HEADER = 8;
const IPV6_HEADER = 40;
const FRAGMENT_OFFSET = 0x1fff;

// Of ARP over Ethernet, RFC 826: hardware type, protocol type and both lengths.
const ETHERNET = 1;
const IPV4 = 0x0800;
const LENGTHS = 0x0604;

const ODD_OR_MORE = 0x3f;

/** Takes a batch of facts. It is used again afterwards: copy what must outlive the call. */
export type FactSink = (batch: FactBatch) => void;

export class FactLog {
  readonly #sink: FactSink;
  readonly #rows: number;
  readonly #batch: FactBatch;
  readonly #quoted = new Cursor(new Uint8Array(0));
  /** [0] packet time, [1] the inspector's clock, of the packet at hand: for what is seen in it. */
  readonly #times = new Float64Array(2);

  /** @param rows Of a full batch. */
  constructor(sink: FactSink, rows = FACT_ROWS) {
    this.#sink = sink;
    this.#rows = rows;
    this.#batch = createFactBatch(rows);
  }

  /** Hands on what was gathered. */
  flush(): void {
    const batch = this.#batch;
    if (batch.rows === 0) return;
    this.#sink(batch);
    batch.observations.fill(null, 0, batch.rows);
    batch.rows = 0;
  }

  /** The packet that all which follows belongs to. */
  at(times: Float64Array): void {
    this.#times[0] = times[0];
    this.#times[1] = times[1];
  }

  /** Time went on, by the inspector's clock. */
  time(clockUs: number): void {
    if (this.#times[0] === 0) this.#times[0] = clockUs;
    this.#times[1] = clockUs;
    this.#add(FactKind.time, 0);
  }

  /**
   * A flow took one or several steps.
   *
   * @param flags Of the packet at hand; used for odd ones.
   * @returns The row it was written to, for its names; valid until the next call.
   */
  flow(steps: number, store: FlowStore, tableRow: number, flags: number): number {
    const row = this.#add(FactKind.flow, steps);
    store.copyTo(tableRow, this.#batch.flows, row);
    if ((steps & FlowStep.oddFlags) !== 0) {
      const plain = (flags & ODD_OR_MORE) === 2; // a lone SYN is odd only to itself
      this.#batch.value[row] = plain ? LAND : flags;
    }
    return row;
  }

  /** For `flow`'s caller: where it writes names. */
  get flows(): FactBatch["flows"] {
    return this.#batch.flows;
  }

  observation(observation: Observation): void {
    if (!OBSERVED_TYPES.has(observation.type)) return;
    const row = this.#add(FactKind.observation, 0);
    this.#batch.observations[row] = observation;
  }

  /** An ARP packet or an ICMP error; others are left alone. The cursor must lie where the decoder left it. */
  packet(view: PacketView): void {
    if (view.kind === Kind.arp) this.#arp(view);
    else if (view.kind === Kind.icmp) {
      if (view.sourcePort === UNREACHABLE || view.sourcePort === TIME_EXCEEDED) this.#icmpError(view, 4);
    } else if (view.kind === Kind.icmpv6) {
      if (view.sourcePort === UNREACHABLE_V6 || view.sourcePort === TIME_EXCEEDED_V6) {
        this.#icmpError(view, 6);
      }
    }
  }

  /** A fragment that is odd in itself. */
  badFragment(view: PacketView): void {
    const row = this.#add(FactKind.badFragment, 0);
    const { flows } = this.#batch;
    this.#batch.value[row] = view.badFragment;
    flows.protocol[row] = view.protocol;
    flows.port[2 * row] = flows.port[2 * row + 1] = 0;
    flows.interfaceIndex[row] = view.interfaceIndex;
    flows.vlan[row] = view.vlan;
    this.#ends(row, view.ipVersion, view.addressBytes, 0, 16);
  }

  #arp(view: PacketView): void {
    const c = this.#quoted;
    c.reset(view.cursor.bytes, view.cursor.at, view.cursor.end);
    if (c.u16() !== ETHERNET || c.u16() !== IPV4 || c.u16() !== LENGTHS) return;
    const operation = c.u16();
    const mac = c.u16() * 0x1_0000_0000 + c.u32();
    const senderAt = c.at;
    c.skip(4 + 6);
    const targetAt = c.at;
    c.skip(4);
    if (c.failed) return;
    const row = this.#add(FactKind.arp, operation & 0xff);
    this.#batch.value[row] = mac;
    this.#ends(row, 4, c.bytes, senderAt, targetAt);
    this.#batch.flows.interfaceIndex[row] = view.interfaceIndex;
    this.#batch.flows.vlan[row] = view.vlan;
  }

  #icmpError(view: PacketView, version: number): void {
    const c = this.#quoted;
    c.reset(view.cursor.bytes, view.cursor.at, view.cursor.end);
    const typeAndCode = c.peek16();
    c.skip(ICMP_HEADER);
    const start = c.at;
    let protocol = 0;
    let isFirst = true;
    if (version === 4) {
      const headerBytes = 4 * (c.peek8() & 0x0f);
      if (c.peek8() >> 4 !== 4 || headerBytes < 20) return;
      isFirst = (c.peek16(6) & FRAGMENT_OFFSET) === 0;
      protocol = c.peek8(9);
      c.skip(headerBytes);
    } else {
      if (c.peek8() >> 4 !== 6) return;
      protocol = c.peek8(6); // quotes with extension headers are left alone
      c.skip(IPV6_HEADER);
    }
    const hasPorts = protocol === IpProtocol.tcp || protocol === IpProtocol.udp ||
      protocol === IpProtocol.sctp;
    if (c.failed || (hasPorts && (!isFirst || !c.has(4)))) return;
    const row = this.#add(FactKind.icmpError, 0);
    const { flows } = this.#batch;
    this.#batch.value[row] = typeAndCode;
    flows.protocol[row] = protocol;
    flows.port[2 * row] = hasPorts ? c.peek16() : 0;
    flows.port[2 * row + 1] = hasPorts ? c.peek16(2) : 0;
    flows.interfaceIndex[row] = view.interfaceIndex;
    flows.vlan[row] = view.vlan;
    if (version === 4) this.#ends(row, 4, c.bytes, start + 12, start + 16);
    else this.#ends(row, 6, c.bytes, start + 8, start + 24);
  }

  #ends(row: number, version: number, bytes: Uint8Array, clientAt: number, serverAt: number): void {
    const { flows } = this.#batch;
    const length = version === 4 ? 4 : 16;
    flows.ipVersion[row] = version;
    for (let i = 0; i < length; i++) {
      flows.address[32 * row + i] = bytes[clientAt + i];
      flows.address[32 * row + 16 + i] = bytes[serverAt + i];
    }
  }

  /** A new row of the packet at hand. */
  #add(kind: number, steps: number): number {
    const batch = this.#batch;
    if (batch.rows === this.#rows) this.flush();
    const row = batch.rows++;
    batch.kind[row] = kind;
    batch.steps[row] = steps;
    batch.timeUs[row] = this.#times[0];
    batch.clockUs[row] = this.#times[1];
    batch.value[row] = 0;
    batch.flows.rows = batch.rows;
    return row;
  }
}
