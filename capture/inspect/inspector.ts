/**
 * The inspector: batches of packets in, flows and counters out.
 *
 * It knows neither workers nor clocks. Packet time is all the time there is, so a file gives the same flows each time
 * and live capture differs only in where the bytes come from. `analyze` and tests call it directly; the worker
 * around it only passes messages.
 */
import { type PacketBatch, RECORD_HEADER_BYTES } from "../../model/batch.ts";
import { Cursor } from "../../model/cursor.ts";
import { FlowStep } from "../../model/facts.ts";
import { createFlowColumns, type FlowColumns, IpProtocol } from "../../model/flow.ts";
import {
  emptyPayloadCounters,
  type InspectorCounters,
  TRAFFIC_KINDS,
  type TrafficKind,
  UNDECODED_REASONS,
  type UndecodedReason,
} from "../../model/inspection.ts";
import type { Observation } from "../../model/observation.ts";
import type { PacketRecord } from "../../model/packet.ts";
import { PacketClock, WALL_CLOCK } from "./clock.ts";
import { Decoder } from "./decode/decoder.ts";
import { Kind, PacketView, Reason } from "./decode/packet_view.ts";
import { FactLog, type FactSink } from "./fact_log.ts";
import { PacketEvents } from "./dpi/packet_events.ts";
import { PayloadInspector, type PayloadOptions } from "./dpi/payload_inspector.ts";
import { createSecret } from "./flow/flow_hash.ts";
import { EndedFlows } from "./flow/ended_flows.ts";
import { ID, ROW_DOUBLES } from "./flow/flow_store.ts";
import { type FlowEndSink, FlowTable, MAX_FLOWS } from "./flow/flow_table.ts";
import { LocalAddresses } from "./flow/local_addresses.ts";
import { PacketLog } from "./packet_log.ts";
import { summaryOfFields } from "./packet_summary.ts";
import { scrubFields } from "./scrub.ts";

/** How often idle flows are looked for, microseconds of packet time. */
const EXPIRE_EVERY_US = 500_000;

/**
 * Idle flows that end with one packet at most; the next one goes on. Each costs some microseconds to tell of, and there
 * may be a quarter of a million, for which no single packet shall wait.
 */
const ENDS_A_PACKET = 32;

/** Rows of a snapshot at most, whatever is asked for: about 1.5 MB, a few milliseconds. */
export const MAX_SNAPSHOT_ROWS = 10_000;

export interface InspectorOptions {
  /** Flows alive at most. @default {262144} */
  maxFlows?: number;
  /** Addresses of this machine, as text. None: private ranges count as local. */
  localAddresses?: readonly string[];
  /** Ended flows kept for `drainEnded` at most; 0 when only `onFlowEnd` is used. @default {0} */
  maxEnded?: number;
  /** Called with every flow that ends, while it ends. Copy what is needed; the row is used again right after. */
  onFlowEnd?: FlowEndSink;
  /** Bytes of IP fragments held at most. @default {4194304} */
  fragmentBudgetBytes?: number;
  /** Look into payloads; without it, headers and flows only. */
  payload?: PayloadOptions;
  /** Keep a log of the latest packets for `drainPackets`. */
  packetLog?: { showPayload: boolean };
  /** Takes facts for the detector. Call `flushFacts` where those of the last batches must not wait. */
  facts?: FactSink;
  /** Facts handed over at once. @default {64} */
  factRows?: number;
  /** Flows are numbered from the one after this on, for one that takes over from another. @default {0} */
  flowsAfter?: number;
  /** For tests: `SECRET_WORDS` words instead of random ones. */
  secret?: Int32Array;
}

/**
 * @example
 * ```ts
 * import { Inspector } from "./mod.ts";
 *
 * const inspector = new Inspector({ onFlowEnd: (flows, row) => console.log(flows.packets[2 * row]) });
 * inspector.inspect({ bytes: new Uint8Array(0), length: 0, linkType: 1, nanosecond: false, interfaceIndex: 0 });
 * inspector.finish();
 * ```
 */
export class Inspector {
  readonly #view = new PacketView();
  readonly #record = new Cursor(new Uint8Array(0));
  readonly #clock = new PacketClock();
  readonly #locals: LocalAddresses;
  readonly #decoder: Decoder;
  readonly #flows: FlowTable;
  readonly #ended: EndedFlows;
  readonly #onFlowEnd: FlowEndSink | undefined;
  readonly #payload: PayloadInspector | null;
  readonly #packetEvents: PacketEvents | null;
  readonly #log: PacketLog | null;
  readonly #facts: FactLog | null;
  /** What was recognised in the packet at hand, for the log. */
  #note = "";
  /** [0] the inspector's time at which idle flows are looked for next. */
  readonly #nextExpiry = new Float64Array(1);

  // Sums live in arrays of doubles: a field that outgrows a small integer would cost the optimised code.
  readonly #sums = new Float64Array(SUMS);
  readonly #trafficPackets = new Float64Array(TRAFFIC_KINDS.length);
  readonly #trafficBytes = new Float64Array(TRAFFIC_KINDS.length);
  readonly #undecoded = new Float64Array(UNDECODED_REASONS.length);

  constructor(options: InspectorOptions = {}) {
    const secret = options.secret ?? createSecret();
    this.#locals = new LocalAddresses(options.localAddresses);
    this.#decoder = new Decoder(secret, options.fragmentBudgetBytes);
    this.#ended = new EndedFlows(options.maxEnded ?? 0);
    this.#onFlowEnd = options.onFlowEnd;
    const sink: FlowEndSink = (flows, row, tableRow) => {
      if (this.#payload !== null) {
        this.#payload.ended(tableRow);
        this.#nameFlow(tableRow, flows, row);
      }
      if (this.#facts !== null) this.#tellSteps(FlowStep.ended, tableRow, 0);
      this.#payload?.forget(tableRow);
      this.#ended.push(flows, row);
      this.#onFlowEnd?.(flows, row, tableRow);
    };
    const { maxFlows = MAX_FLOWS, flowsAfter } = options;
    this.#flows = new FlowTable(maxFlows, this.#locals, secret, sink, flowsAfter);
    this.#facts = options.facts ? new FactLog(options.facts, options.factRows) : null;
    this.#log = options.packetLog ? new PacketLog(options.packetLog.showPayload) : null;
    const tell = (observation: Observation) => {
      // Alerts are made of what is masked already, and of fingerprints.
      if (observation.alert === undefined) {
        scrubFields(observation.fields);
        this.#facts?.observation(observation);
      }
      if (this.#log !== null && this.#note === "") {
        this.#note = summaryOfFields(observation.type, observation.fields);
      }
      options.payload!.tell(observation);
    };
    this.#packetEvents = options.payload ? new PacketEvents(tell) : null;
    this.#payload = options.payload
      ? new PayloadInspector(this.#flows.store, this.#flows.capacity, {
        ...options.payload,
        tell,
      })
      : null;
  }

  /**
   * Takes in a batch of whole records. Nothing of `batch.bytes` is kept. A record that claims more than the batch
   * holds ends it, and is counted as `truncated_record`.
   */
  inspect(batch: PacketBatch): void {
    this.#record.reset(batch.bytes, 0, batch.length);
    const whole = this.#records(batch.linkType, batch.interfaceIndex & 0xff, batch.nanosecond ? 1000 : 1);
    if (!whole || this.#record.remaining > 0) this.#undecoded[Reason.truncated_record]++;
  }

  /**
   * The records that `#record` lies over. Nothing follows the loop: what is reached once a batch is not known to V8 when
   * it compiles a loop that runs, and each batch's end would throw the compiled code away.
   *
   * @param divisor Parts of a fraction of a second that make a microsecond.
   * @returns False where a record claims more than there is.
   */
  #records(linkType: number, source: number, divisor: number): boolean {
    const record = this.#record;
    const bytes = record.bytes;
    const times = this.#view.timeUs;
    while (record.has(RECORD_HEADER_BYTES)) {
      // Host byte order is little-endian wherever Deno runs (x86-64, arm64).
      const seconds = record.u32le();
      const fraction = record.u32le();
      const caplen = record.u32le();
      const wireLength = record.u32le();
      const at = record.at;
      if (!record.skip(caplen)) return false;
      times[0] = seconds * 1e6 + (divisor === 1 ? fraction : Math.floor(fraction / divisor));
      this.#packet(bytes, at, caplen, wireLength, linkType, source);
    }
    return true;
  }

  #packet(
    bytes: Uint8Array,
    at: number,
    caplen: number,
    wireLength: number,
    linkType: number,
    source: number,
  ): void {
    const view = this.#view;
    const sums = this.#sums;
    const times = view.timeUs;
    this.#clock.stamp(source, times);
    view.interfaceIndex = source;
    if (times[1] >= this.#nextExpiry[0]) this.#expire(times[1]);
    if (this.#flows.sweeping) this.#flows.sweep(ENDS_A_PACKET);
    if (this.#facts !== null) this.#facts.at(times);

    view.begin(bytes, at, caplen, wireLength, linkType);
    let sides = NO_SIDES;
    let row = -1;
    let datagramDepth = -1;
    let payloadAt = 0;
    let payloadEnd = 0;
    while (this.#decoder.next(view)) {
      // A reassembled or tunnelled packet is charged to the ends of its outermost header.
      if (sides === NO_SIDES && view.ipHeaders === 1) sides = this.#sides();
      row = this.#flows.update(view);
      if (this.#flows.steps !== 0 && this.#facts !== null) {
        this.#tellSteps(this.#flows.steps, row, view.tcpFlags);
      }
      if (this.#payload === null) continue;
      // The joint of payload inspection: `update` has told the flow's row and `flows.direction`, and the cursor lies
      // over the payload that was captured.
      payloadAt = view.cursor.at;
      payloadEnd = view.cursor.end;
      if (view.protocol === IpProtocol.tcp) this.#payload.segment(view, row, this.#flows.direction);
      // Whether a datagram is a tunnel turns out at the next step of the walk: then what is inside is inspected.
      else if (view.protocol === IpProtocol.udp) datagramDepth = view.tunnelDepth;
      else this.#payload.other(view, row, this.#flows.direction);
    }
    if (datagramDepth >= 0 && datagramDepth === view.tunnelDepth && view.protocol === IpProtocol.udp) {
      this.#payload!.datagram(view, row, this.#flows.direction, payloadAt, payloadEnd);
    }
    if (view.kind === Kind.arp || view.kind === Kind.icmp || view.kind === Kind.icmpv6) {
      this.#facts?.packet(view);
      this.#packetEvents?.take(view);
    }
    if (this.#log !== null) this.#logPacket(row, caplen, payloadAt, payloadEnd);
    if (sides === NO_SIDES) sides = view.ipHeaders > 0 && view.ipVersion !== 0 ? this.#sides() : SIDES_OTHER;

    sums[PACKETS]++;
    sums[WIRE_BYTES] += wireLength;
    sums[CAPTURED_BYTES] += caplen;
    if (caplen < wireLength) sums[SNAPPED]++;
    if (view.ipHeaders > 0) {
      sums[IP_PACKETS]++;
      sums[IP_BYTES] += view.outerIpBytes;
    }
    if (view.reassembled) sums[REASSEMBLED]++;
    sums[sides] += wireLength;
    if (times[0] > sums[LAST_PACKET_US]) sums[LAST_PACKET_US] = times[0];
    this.#trafficPackets[view.kind]++;
    this.#trafficBytes[view.kind] += wireLength;
    if (view.undecoded >= 0) {
      this.#undecoded[view.undecoded]++;
      if (view.badFragment !== 0) this.#facts?.badFragment(view);
    }
  }

  #logPacket(row: number, caplen: number, at: number, end: number): void {
    const note = this.#note;
    this.#note = "";
    if (!this.#log!.wants(this.#view.timeUs[0], note !== "")) return;
    const words = note || (this.#packetEvents?.summary(this.#view) ?? "");
    const flowId = row >= 0 ? this.#flows.store.doubles[row * ROW_DOUBLES + ID] : 0;
    this.#log!.add(this.#view, { number: this.#sums[PACKETS] + 1, caplen, flowId, note: words }, { at, end });
  }

  #tellSteps(steps: number, tableRow: number, flags: number): void {
    const facts = this.#facts!;
    const row = facts.flow(steps, this.#flows.store, tableRow, flags);
    if (this.#payload !== null && (steps & NAMED_STEPS) !== 0) this.#nameFlow(tableRow, facts.flows, row);
    else facts.flows.appProtocol[row] = facts.flows.serverName[row] = "";
  }

  /** What payload inspection knows of a flow, into row `to` of `out`. */
  #nameFlow(tableRow: number, out: FlowColumns, to: number): void {
    out.appProtocol[to] = this.#payload!.appProtocol(tableRow);
    out.serverName[to] = this.#payload!.serverName(tableRow, out, to);
  }

  /** Which of the four sums of bytes the packet belongs to. */
  #sides(): number {
    const view = this.#view;
    const locals = this.#locals;
    const from = locals.has(view.address, view.addressBytes, 0, view.ipVersion);
    const to = locals.hears(view.address, view.addressBytes, 4, view.ipVersion, from);
    return from ? to ? SIDES_LOCAL : SIDES_OUT : to ? SIDES_IN : SIDES_OTHER;
  }

  #expire(clockUs: number): void {
    this.#nextExpiry[0] = clockUs + EXPIRE_EVERY_US;
    this.#facts?.time(clockUs);
    this.#flows.expire(clockUs);
    this.#decoder.fragments.expire(clockUs);
  }

  /**
   * Lets time go on where no packet does: live, with the wall clock, so that idle flows end on a quiet link.
   *
   * @param nowUs Microseconds since 1970; 0 is ignored.
   */
  advance(nowUs: number): void {
    if (!(nowUs > 0)) return;
    const times = Float64Array.of(nowUs, 0);
    this.#clock.stamp(WALL_CLOCK, times);
    this.#expire(times[1]);
    this.#flows.sweep(Infinity);
  }

  /** Replaces the machine's addresses; flows alive are judged anew. */
  setLocalAddresses(addresses: readonly string[]): void {
    this.#locals.set(addresses);
    this.#flows.refreshLocalEnds();
  }

  /** The most recently active flows (to half a second), the latest first. @param maxRows At most 10,000. */
  snapshotActive(maxRows: number): FlowColumns {
    const rows = Math.min(MAX_SNAPSHOT_ROWS, this.#flows.active, Math.max(0, Math.floor(maxRows) || 0));
    const out = createFlowColumns(rows);
    this.#flows.forEachLatest(rows, (row) => {
      this.#flows.copyTo(row, out, out.rows);
      if (this.#payload !== null) this.#nameFlow(row, out, out.rows);
      out.rows++;
    });
    return out;
  }

  /** Ended flows not fetched yet, the oldest ends first. @param maxRows At most 10,000. */
  drainEnded(maxRows: number): FlowColumns {
    return this.#ended.drain(Math.min(MAX_SNAPSHOT_ROWS, maxRows));
  }

  /** Packets for the packet log since the last call, oldest first; and how many were passed over so far. */
  drainPackets(): { packets: PacketRecord[]; unlogged: number } {
    return { packets: this.#log?.drain() ?? [], unlogged: this.#log?.unlogged ?? 0 };
  }

  /** Ended flows that found no room to wait for `drainEnded`. */
  get endedLost(): number {
    return this.#ended.lost;
  }

  /** Hands on the facts gathered so far, without waiting for more. */
  flushFacts(): void {
    this.#facts?.flush();
  }

  /** Ends all flows (`shutdown`) and gives up waiting fragments: the input is over. */
  finish(): void {
    this.#decoder.fragments.expire(Infinity);
    this.#flows.endAll();
    this.flushFacts();
  }

  /** A fresh copy of all counters. */
  counters(): InspectorCounters {
    const sums = this.#sums;
    const flows = this.#flows;
    const fragments = this.#decoder.fragments;
    const traffic = {} as Record<TrafficKind, { packets: number; bytes: number }>;
    TRAFFIC_KINDS.forEach((kind, i) =>
      traffic[kind] = { packets: this.#trafficPackets[i], bytes: this.#trafficBytes[i] }
    );
    const undecoded = {} as Record<UndecodedReason, number>;
    UNDECODED_REASONS.forEach((reason, i) => undecoded[reason] = this.#undecoded[i]);
    undecoded.fragment_incomplete += fragments.incomplete;
    undecoded.fragment_budget += fragments.overBudget;
    return {
      packets: sums[PACKETS],
      wireBytes: sums[WIRE_BYTES],
      capturedBytes: sums[CAPTURED_BYTES],
      snappedPackets: sums[SNAPPED],
      ipPackets: sums[IP_PACKETS],
      ipBytes: sums[IP_BYTES],
      bytesOut: sums[SIDES_OUT],
      bytesIn: sums[SIDES_IN],
      bytesLocal: sums[SIDES_LOCAL],
      bytesOther: sums[SIDES_OTHER],
      traffic,
      undecoded,
      reassembled: sums[REASSEMBLED],
      flows: {
        active: flows.active,
        capacity: flows.capacity,
        tcp: flows.activeTcp,
        udp: flows.activeUdp,
        created: flows.created,
        ended: flows.ended,
        timedOut: flows.timedOut,
        evicted: flows.evicted,
      },
      fragmentBytes: fragments.heldBytes,
      fragmentBudgetBytes: fragments.budgetBytes,
      lastPacketUs: sums[LAST_PACKET_US],
      payload: this.#payload?.counters() ?? emptyPayloadCounters(),
    };
  }
}

/** Steps at which a flow's protocol and server name are told. */
const NAMED_STEPS = FlowStep.began | FlowStep.established | FlowStep.progress | FlowStep.ended |
  FlowStep.spoke;

// Indices of `#sums`.
const PACKETS = 0;
const WIRE_BYTES = 1;
const CAPTURED_BYTES = 2;
const SNAPPED = 3;
const IP_PACKETS = 4;
const IP_BYTES = 5;
const REASSEMBLED = 6;
const LAST_PACKET_US = 7;
const SIDES_OUT = 8;
const SIDES_IN = 9;
const SIDES_LOCAL = 10;
const SIDES_OTHER = 11;
const SUMS = 12;
const NO_SIDES = -1;
