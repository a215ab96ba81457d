/**
 * Payload inspection of all flows: the table's rows on one side, parsers on the other.
 *
 * A flow costs nothing here until it carries payload, and nothing again once nothing more can be learnt. What is
 * found goes out as observations; payload never does.
 */
import { Cursor } from "../../../model/cursor.ts";
import { formatAddress } from "../../../model/address.ts";
import { communityId } from "../../../model/community_id.ts";
import { createFlowColumns, type FlowColumns, IpProtocol } from "../../../model/flow.ts";
import type { FlowIdentity, Observation } from "../../../model/observation.ts";
import { Kind, type PacketView } from "../decode/packet_view.ts";
import type { PayloadCounters } from "../../../model/inspection.ts";
import { type CardHit, CardLanes, CardServices, MAX_CARDS_PER_FLOW } from "../card/card_lanes.ts";
import { AlertBook, type Finding } from "./alert_book.ts";
import { scrubText } from "../scrub.ts";
import { HeldBudget, RELEASE_BYTES } from "../stream/tcp_stream.ts";
import { type DatagramParser, type DatagramProtocol, type FlowHandle, Probe } from "./contract.ts";
import { cardFinding, credentialsFinding } from "./findings.ts";
import { FlowInspection, type InspectionServices } from "./flow_inspection.ts";
import { httpLimits } from "./http/limits.ts";
import { NameCache } from "./name_cache.ts";
import { openings } from "./quic.ts";
import { sctpLimits, SctpMessages } from "./sctp.ts";
import { keptBytes } from "./tls/kept_bytes.ts";
import { ExpectedFlows } from "./expected_flows.ts";
import { DATAGRAM_PROTOCOLS, STREAM_PROTOCOLS } from "./registry.ts";
import { secretLimits, SecretMemory } from "./secret_memory.ts";

/** Out-of-order bytes of all streams, ARCHITECTURE "Budgets". */
const HELD_BUDGET_BYTES = 64 << 20;
/**
 * Flows with a parser at once, over TCP and over UDP. A hostile flow can make its parser hold some 20 kB (a line without
 * an end, a form, a hello in pieces), so this bounds all of them to about 0.4 GB. When there are more, the parser
 * opened longest ago goes, which is counted for TCP (two-way UDP flows live on for minutes after their one question
 * and answer, so there it is the rule); what more comes of such a flow is inspected from there on.
 */
const MAX_INSPECTED_STREAMS = 16_384;
const MAX_INSPECTED_DATAGRAMS = 16_384;
/** Datagrams without a recognised protocol after which a flow is taken for unknown. */
const MAX_DATAGRAM_PROBES = 4;
/** A STUN message begins with a byte below, DTLS with 20 to 63, media with 128 to 191: RFC 7983 §7. */
const STUN = "stun";
const FIRST_AFTER_STUN = 4;
const MAX_HOST_NAME = 255;
const MAX_FAILURES_NAMED = 64;

/** Type, code, checksum, number of an echo. */
const ICMP_HEADER = 8;

const SYN = 2;
const ACK = 16;

// Bits of a row's status.
const PHASE = 3;
const FRESH = 0;
const OPEN = 1;
const UNKNOWN = 2;
const DONE = 3;
/** The first sequence number of a direction is known: bit 4 to server, 8 to client. */
const ISN_KNOWN = 4;
/** An alert was raised of the row's flow: it is told that the flow has ended. */
const ALERTED = 16;

/** What the inspector lends: the flows by row. */
export interface FlowRows {
  /** Copies row `row` into row `to` of `target`. */
  copyTo(row: number, target: FlowColumns, to: number): void;
  /** Client port in the low half, server port in the high one. */
  portsOf(row: number): number;
}

/** What payload inspection needs and where it tells. */
export interface PayloadOptions {
  /** Key of this installation for fingerprints of card numbers, 32 bytes. */
  fingerprintKey: Uint8Array;
  /** Takes observations, alerts among them (see `Observation.alert`), as they are made. */
  tell: (observation: Observation) => void;
  /** For tests: what a parser threw, which is only counted otherwise. */
  failed?: (protocol: string, error: unknown) => void;
}

/** A UDP flow whose protocol is known. */
interface DatagramFlow {
  parser: DatagramParser;
  protocol: string;
  handle: Handle;
}

export class PayloadInspector {
  readonly names = new NameCache();
  /** @internal */
  readonly secrets = new SecretMemory();
  readonly #flows: FlowRows;
  readonly #tell: (observation: Observation) => void;
  readonly #alerts: AlertBook;
  readonly #status: Uint8Array;
  readonly #firstSequence: Int32Array;
  /** Datagrams of a row's flow that no protocol took for its own. */
  readonly #probes: Uint8Array;
  readonly #streams: (FlowInspection | undefined)[];
  readonly #datagrams: (DatagramFlow | undefined)[];
  /** Rows with a TCP stream under inspection, the longest open first. */
  readonly #streamRows = new Set<number>();
  /** Those of them of which bytes wait that may be looked at. */
  readonly #behindRows = new Set<number>();
  /** Rows with a UDP parser, likewise. */
  readonly #datagramRows = new Set<number>();
  readonly #appProtocol: (string | undefined)[];
  readonly #serverName: (string | undefined)[];
  readonly #budget = new HeldBudget(HELD_BUDGET_BYTES);
  readonly #services: InspectionServices;
  readonly #one = createFlowColumns(1);
  readonly #probe = new Cursor(new Uint8Array(0));
  /** @internal */
  readonly cards: CardServices;
  #datagramCards: CardLanes;
  #datagramHandle: Handle | null = null;
  #datagramRow = 0;
  #datagramTimeUs = 0;
  #datagramHits = 0;
  readonly #expected = new ExpectedFlows();
  readonly #sctp = new SctpMessages((row, direction, timeUs, bytes, at, end) => {
    this.#datagramHandle = null;
    this.#scanWhole(row, timeUs, direction, bytes, at, end, "plain");
  });
  /** [0] bytes of protocols that are not looked into. */
  readonly #unsearched = new Float64Array(1);
  #refused = 0;
  #failures: Record<string, number> = {};
  readonly #onFailure: PayloadOptions["failed"];

  /** @param capacity Rows of the flow table. */
  constructor(flows: FlowRows, capacity: number, options: PayloadOptions) {
    this.#flows = flows;
    this.#tell = options.tell;
    this.#onFailure = options.failed;
    this.#alerts = new AlertBook(options.tell);
    this.cards = new CardServices(options.fingerprintKey);
    this.#datagramCards = this.#createDatagramCards();
    this.#status = new Uint8Array(capacity);
    this.#firstSequence = new Int32Array(2 * capacity);
    this.#probes = new Uint8Array(capacity);
    this.#streams = [];
    this.#datagrams = [];
    this.#appProtocol = [];
    this.#serverName = [];
    this.#services = {
      protocols: STREAM_PROTOCOLS,
      budget: this.#budget,
      failed: (protocol, error) => this.#failed(protocol, error),
      handle: (inspection) => new Handle(this, inspection.row, inspection),
      released: (handle) => (handle as Handle).close(),
    };
  }

  /** A TCP segment, after the flow table has counted it. `view.cursor` lies over the captured payload. */
  segment(view: PacketView, row: number, direction: number): void {
    if (this.#behindRows.size > 0) this.#catchUp();
    if (!view.tcpWhole) return;
    const flags = view.tcpFlags;
    if ((flags & SYN) !== 0) {
      this.#opening(view, row, direction);
      if (view.payloadBytes === 0) return;
    }
    if ((this.#status[row] & PHASE) === DONE) return;
    const inspection = this.#streams[row];
    if (view.payloadBytes === 0) {
      if (inspection !== undefined && (flags & ACK) !== 0) {
        inspection.timeUs = view.timeUs[0];
        inspection.acknowledged(1 - direction, view.acknowledgement);
        this.#looked(row, inspection);
      }
      return;
    }
    const open = inspection ?? this.#open(view, row);
    const cursor = view.cursor;
    open.timeUs = view.timeUs[0];
    const sequence = (flags & SYN) !== 0 ? (view.sequence + 1) | 0 : view.sequence;
    open.segment(direction, sequence, cursor.bytes, cursor.at, cursor.end, view.payloadBytes);
    if ((flags & ACK) !== 0) open.acknowledged(1 - direction, view.acknowledgement);
    this.#looked(row, open);
  }

  /** After a look at a flow: lets go of it, or remembers that more of it waits. */
  #looked(row: number, inspection: FlowInspection): void {
    if (inspection.done) this.#release(row, DONE);
    else if (inspection.isBehind) this.#behindRows.add(row);
  }

  /** Packets of any flow bring on what waits in another, as that one may have said its last. */
  #catchUp(): void {
    const row: number = this.#behindRows.values().next().value!;
    const inspection = this.#streams[row];
    inspection?.catchUp(RELEASE_BYTES);
    if (inspection === undefined || !inspection.isBehind) this.#behindRows.delete(row);
    if (inspection?.done) this.#release(row, DONE);
  }

  /** A SYN: where the direction's bytes begin. Another SYN on a connection nobody closed begins a new one. */
  #opening(view: PacketView, row: number, direction: number): void {
    const status = this.#status[row];
    const first = (view.sequence + 1) | 0;
    const at = 2 * row + direction;
    const isNew = (view.tcpFlags & ACK) === 0 && (status & PHASE) !== FRESH &&
      this.#firstSequence[at] !== first;
    if (isNew && (status & ISN_KNOWN << direction) !== 0) {
      this.#streams[row]?.close();
      this.#release(row, FRESH);
      this.#status[row] &= ALERTED;
    }
    this.#firstSequence[at] = first;
    this.#status[row] |= ISN_KNOWN << direction;
  }

  /** A UDP datagram that is no tunnel, after the flow table has counted it. */
  datagram(view: PacketView, row: number, direction: number, at: number, end: number): void {
    if (this.#behindRows.size > 0) this.#catchUp();
    const bytes = view.cursor.bytes;
    const phase = this.#status[row] & PHASE;
    if (phase === DONE || at >= end) return;
    let flow = this.#datagrams[row];
    // STUN only opens the way (WebRTC): what comes behind it is another protocol, RFC 7983 §7.
    const isBehindStun = flow?.protocol === STUN && bytes[at] >= FIRST_AFTER_STUN;
    if ((flow === undefined && phase !== UNKNOWN) || isBehindStun) {
      flow = this.#findDatagram(row, direction, bytes, at, end);
    }
    const timeUs = view.timeUs[0];
    if (flow === undefined) {
      // A flow of no known protocol has no object of its own: there may be very many.
      this.#datagramHandle = null;
      this.#scanWhole(row, timeUs, direction, bytes, at, end, "plain");
      return;
    }
    flow.handle.timeUs = timeUs;
    try {
      flow.parser.datagram(direction, bytes, at, end, end - at >= view.payloadBytes);
    } catch (error) {
      this.#failed(flow.protocol, error);
      flow.handle.isDone = true;
    }
    if (flow.handle.isDone) this.#release(row, DONE);
  }

  /** What goes over IP neither in TCP nor in UDP, after the flow table has counted it. */
  other(view: PacketView, row: number, direction: number): void {
    const { bytes, at, end } = view.cursor;
    const { kind } = view;
    if (kind === Kind.sctp) this.#sctp.take(row, direction, view.timeUs[0], bytes, at, end);
    else if (kind === Kind.icmp || kind === Kind.icmpv6) {
      if (!isEcho(kind, view.sourcePort) || at + ICMP_HEADER >= end) return;
      this.#datagramHandle = null;
      this.#scanWhole(row, view.timeUs[0], direction, bytes, at + ICMP_HEADER, end, "plain");
    } else if (kind === Kind.other_ip) this.#unsearched[0] += view.payloadBytes;
  }

  /** The flow of a row ends: what is half known is told. Its names are kept until `forget`. */
  ended(row: number): void {
    this.#streams[row]?.close();
    this.#closeDatagrams(row);
    this.#sctp.ended(row);
    this.#release(row, DONE);
    if ((this.#status[row] & ALERTED) !== 0) {
      this.#flows.copyTo(row, this.#one, 0);
      this.#alerts.close(this.#one.id[0]);
    }
  }

  /** The row will be used for another flow. */
  forget(row: number): void {
    this.#status[row] = FRESH;
    this.#probes[row] = 0;
    this.#appProtocol[row] = undefined;
    this.#serverName[row] = undefined;
  }

  /** The application protocol of a row's flow; "" while it is not known. */
  appProtocol(row: number): string {
    return this.#appProtocol[row] ?? "";
  }

  /** The server's host name: as the flow itself said it, else from DNS answers seen before; "" for neither. */
  serverName(row: number, flows: FlowColumns, at: number): string {
    const said = this.#serverName[row];
    if (said !== undefined || this.names.size === 0) return said ?? "";
    return this.names.nameOf(flows.address, 32 * at + 16, flows.ipVersion[at], flows.lastUs[at]);
  }

  counters(): PayloadCounters {
    return {
      inspected: this.#streamRows.size + this.#datagramRows.size,
      capacity: MAX_INSPECTED_STREAMS + MAX_INSPECTED_DATAGRAMS,
      refused: this.#refused,
      heldBytes: this.#budget.held,
      heldBudgetBytes: this.#budget.ceiling,
      heldExceeded: this.#budget.exceeded,
      unsearchedBytes: this.#unsearched[0],
      failures: { ...this.#failures },
      names: this.names.size,
      namesEvicted: this.names.evicted,
      alertsOpen: this.#alerts.open,
      alertsRaised: this.#alerts.raised,
      alertsRefused: this.#alerts.refused,
      limits: {
        ...httpLimits,
        ...sctpLimits,
        ...secretLimits,
        helloBytes: keptBytes.refused,
        quicOpenings: openings.refused,
        cardRows: this.cards.pool.exhausted,
      },
      cards: { ...this.cards.counters },
    };
  }

  // ------------------------------------------------------------ for handles

  /** @internal Ports alone: probes ask for them in every flow, for the rest only when there is something to tell. */
  portsOf(row: number): number {
    return this.#flows.portsOf(row);
  }

  /** @internal */
  identify(row: number): FlowIdentity {
    const one = this.#one;
    this.#flows.copyTo(row, one, 0);
    const version = one.ipVersion[0];
    const protocol = one.protocol[0];
    // ICMP's type and code stand where ports do, and are none.
    const hasPorts = protocol !== IpProtocol.icmp && protocol !== IpProtocol.ipv6Icmp;
    return {
      id: one.id[0],
      ipVersion: version,
      protocol,
      clientAddress: formatAddress(one.address, 0, version),
      clientPort: hasPorts ? one.port[0] : 0,
      serverAddress: formatAddress(one.address, 16, version),
      serverPort: hasPorts ? one.port[1] : 0,
      vlan: one.vlan[0],
      tunnel: one.tunnel[0],
      interfaceIndex: one.interfaceIndex[0],
      communityId: communityId(one, 0),
    };
  }

  /** @internal */
  tell(observation: Observation): void {
    this.#tell(observation);
  }

  /** @internal */
  setProtocol(row: number, protocol: string): void {
    this.#appProtocol[row] = protocol;
  }

  /** @internal */
  setServerName(row: number, host: string): void {
    if (host !== "" && host.length <= MAX_HOST_NAME) this.#serverName[row] = scrubText(host.toLowerCase());
  }

  /** @internal */
  raise(row: number, flow: FlowIdentity, direction: number, timeUs: number, finding: Finding): void {
    this.#status[row] |= ALERTED;
    this.#alerts.raise(flow, direction, timeUs, finding);
  }

  /** @internal */
  again(flowId: number, key: string, timeUs: number): boolean {
    return this.#alerts.again(flowId, key, timeUs);
  }

  /** @internal */
  scanDatagram(
    handle: Handle,
    row: number,
    direction: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    encoding: string,
  ): void {
    this.#datagramHandle = handle;
    this.#scanWhole(row, handle.timeUs, direction, bytes, at, end, encoding);
  }

  /**
   * A datagram is a text of its own, so all flows share one finder; it is made anew before its memory of cards is
   * full.
   */
  #scanWhole(
    row: number,
    timeUs: number,
    direction: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    encoding: string,
  ): void {
    this.#datagramRow = row;
    this.#datagramTimeUs = timeUs;
    this.#datagramCards.scanWhole(direction, bytes, at, end, encoding, timeUs);
    if (this.#datagramHits < MAX_CARDS_PER_FLOW / 2) return;
    this.#datagramHits = 0;
    this.#datagramCards = this.#createDatagramCards();
  }

  #createDatagramCards(): CardLanes {
    return new CardLanes(this.cards, (hit) => {
      this.#datagramHits++;
      const handle = this.#datagramHandle ??= new Handle(this, this.#datagramRow, null);
      handle.timeUs = this.#datagramTimeUs;
      handle.report(hit, false);
    });
  }

  /** @internal */
  expect(address: string, port: number, protocol: string, timeUs: number): void {
    this.#expected.add(address, port, protocol, timeUs);
  }

  // ------------------------------------------------------------ inside

  #open(view: PacketView, row: number): FlowInspection {
    if (this.#streamRows.size >= MAX_INSPECTED_STREAMS) this.#giveUpOldestStream();
    const status = this.#status[row];
    const inspection = new FlowInspection(row, this.portsOf(row) >>> 16, this.#services);
    if ((status & ISN_KNOWN) !== 0) inspection.begin(0, this.#firstSequence[2 * row]);
    if ((status & ISN_KNOWN << 1) !== 0) inspection.begin(1, this.#firstSequence[2 * row + 1]);
    this.#streams[row] = inspection;
    this.#streamRows.add(row);
    this.#status[row] = status & ~PHASE | OPEN;
    this.#nameExpected(row, view.timeUs[0]);
    return inspection;
  }

  /** Names a flow that another one announced. */
  #nameExpected(row: number, timeUs: number): void {
    if (!this.#expected.hasPort(this.portsOf(row) >>> 16)) return;
    const { serverAddress, serverPort } = this.identify(row);
    const protocol = this.#expected.take(serverAddress, serverPort, timeUs);
    if (protocol !== "") this.setProtocol(row, protocol);
  }

  /** The flow with the parser that takes the datagram for its own; undefined where none does. */
  #findDatagram(
    row: number,
    direction: number,
    bytes: Uint8Array,
    at: number,
    end: number,
  ): DatagramFlow | undefined {
    const ports = this.portsOf(row);
    for (const protocol of DATAGRAM_PROTOCOLS) {
      this.#probe.reset(bytes, at, end);
      if (protocol.probe(this.#probe, direction, ports & 0xffff, ports >>> 16) !== Probe.yes) continue;
      return this.#openDatagrams(row, protocol);
    }
    if (++this.#probes[row] >= MAX_DATAGRAM_PROBES && this.#datagrams[row] === undefined) {
      this.#status[row] = this.#status[row] & ~PHASE | UNKNOWN;
    }
    return undefined;
  }

  #openDatagrams(row: number, protocol: DatagramProtocol): DatagramFlow {
    const known = this.#datagrams[row];
    if (known === undefined && this.#datagramRows.size >= MAX_INSPECTED_DATAGRAMS) this.#giveUpOldest();
    const handle = known?.handle ?? new Handle(this, row, null);
    if (this.#appProtocol[row] === undefined) this.setProtocol(row, protocol.name);
    const flow = { parser: protocol.create(handle), protocol: protocol.name, handle };
    this.#datagrams[row] = flow;
    this.#datagramRows.add(row);
    this.#status[row] = this.#status[row] & ~PHASE | OPEN;
    return flow;
  }

  /** Ends a TCP flow's inspection; should more of it come, it begins anew in the middle. */
  #giveUpOldestStream(): void {
    const row: number = this.#streamRows.values().next().value!;
    this.#streams[row]?.close();
    this.#release(row, FRESH);
    this.#status[row] &= ALERTED; // where its streams began is of no use any more
    this.#refused++;
  }

  /** Ends a UDP flow's inspection; should more of it come, it begins anew. */
  #giveUpOldest(): void {
    const row: number = this.#datagramRows.values().next().value!;
    this.#closeDatagrams(row);
    this.#release(row, FRESH);
  }

  #closeDatagrams(row: number): void {
    const datagrams = this.#datagrams[row];
    if (datagrams === undefined) return;
    try {
      datagrams.parser.close();
    } catch (error) {
      this.#failed(datagrams.protocol, error);
    }
  }

  #release(row: number, phase: number): void {
    if (this.#streams[row] !== undefined) this.#streamRows.delete(row);
    if (this.#behindRows.size > 0) this.#behindRows.delete(row);
    this.#streams[row]?.finish();
    this.#streams[row] = undefined;
    if (this.#datagrams[row] !== undefined) this.#datagramRows.delete(row);
    this.#datagrams[row] = undefined;
    this.#status[row] = this.#status[row] & ~PHASE | phase;
  }

  #failed(protocol: string, error: unknown): void {
    this.#onFailure?.(protocol, error);
    if (protocol in this.#failures || Object.keys(this.#failures).length < MAX_FAILURES_NAMED) {
      this.#failures[protocol] = (this.#failures[protocol] ?? 0) + 1;
    }
  }
}

/** Whether a message is an echo or its answer, RFC 792 and RFC 4443 §4: what it carries is up to who sends it. */
function isEcho(kind: number, type: number): boolean {
  return kind === Kind.icmp ? type === 8 || type === 0 : type === 128 || type === 129;
}

/** What a parser holds of its flow. */
class Handle implements FlowHandle {
  isDone = false;
  #timeUs = 0;
  #identity: FlowIdentity | null = null;
  #cards: CardLanes | null = null;
  readonly #owner: PayloadInspector;
  readonly #row: number;
  readonly #stream: FlowInspection | null;

  constructor(owner: PayloadInspector, row: number, stream: FlowInspection | null) {
    this.#owner = owner;
    this.#row = row;
    this.#stream = stream;
  }

  get #flow(): FlowIdentity {
    return this.#identity ??= this.#owner.identify(this.#row);
  }
  get id(): number {
    return this.#flow.id;
  }
  get clientAddress(): string {
    return this.#flow.clientAddress;
  }
  get serverAddress(): string {
    return this.#flow.serverAddress;
  }
  get clientPort(): number {
    return this.#owner.portsOf(this.#row) & 0xffff;
  }
  get serverPort(): number {
    return this.#owner.portsOf(this.#row) >>> 16;
  }
  get timeUs(): number {
    return this.#stream?.timeUs ?? this.#timeUs;
  }
  set timeUs(timeUs: number) {
    this.#timeUs = timeUs;
  }

  tell(type: string, direction: number, fields: Record<string, unknown>): void {
    this.#owner.tell({ type, timeUs: this.timeUs, flow: this.#flow, direction, fields });
  }
  name(protocol: string): void {
    this.#owner.setProtocol(this.#row, protocol);
  }
  serverName(host: string): void {
    this.#owner.setServerName(this.#row, host);
  }
  learnName(address: string, name: string, ttlSeconds: number): void {
    this.#owner.names.learn(address, scrubText(name), ttlSeconds, this.timeUs);
  }
  scan(direction: number, lane: number, bytes: Uint8Array, at: number, end: number, encoding: string): void {
    if (this.#stream === null) this.#owner.scanDatagram(this, this.#row, direction, bytes, at, end, encoding);
    else this.#lanes().scan(direction, lane, bytes, at, end, encoding, this.timeUs);
  }
  scanEnd(direction: number, lane: number): void {
    this.#cards?.scanEnd(direction, lane);
  }
  scanContext(direction: number, lane: number, context: string): void {
    if (this.#stream !== null) this.#lanes().scanContext(direction, lane, context);
  }
  credentials(direction: number, kind: string, userLength: number): void {
    const protocol = this.#owner.appProtocol(this.#row) || "unknown";
    this.#owner.raise(
      this.#row,
      this.#flow,
      direction,
      this.timeUs,
      credentialsFinding(protocol, kind, userLength),
    );
  }
  isOtherSecret(account: string, secret: string): boolean {
    const { clientAddress, serverAddress, serverPort } = this;
    return this.#owner.secrets.isOther(`${clientAddress} ${serverAddress} ${serverPort} ${account}`, secret);
  }
  switchTo(protocol: string | null, direction: number, bytes: Uint8Array, at: number, end: number): void {
    this.#stream?.switchTo(protocol, direction, bytes, at, end);
  }
  expect(address: string, port: number, protocol: string): void {
    this.#owner.expect(address, port, protocol, this.timeUs);
  }
  done(): void {
    this.isDone = true;
    this.#stream?.finish();
  }

  /** The flow is over, or nothing of it is looked at any more: what waits for more digits is judged. */
  close(): void {
    this.#cards?.close();
    this.#cards = null;
  }

  /** A card was found; `isNew` when there is more to tell than that it came again. */
  report(hit: CardHit, isNew: boolean): void {
    const finding = cardFinding(hit);
    if (isNew || !this.#owner.again(this.#flow.id, finding.key, this.timeUs)) {
      this.#owner.raise(this.#row, this.#flow, hit.direction, this.timeUs, finding);
    }
  }

  #lanes(): CardLanes {
    return this.#cards ??= new CardLanes(this.#owner.cards, (hit, isNew) => this.report(hit, isNew));
  }
}
