/**
 * Payload inspection of one TCP flow: puts both directions in order, finds out which protocol it is by the first
 * bytes, and hands the bytes to that parser; text of no known protocol is still searched for card numbers.
 */
import { Cursor } from "../../../model/cursor.ts";
import { type HeldBudget, RELEASE_BYTES, type StreamSink, TcpStream } from "../stream/tcp_stream.ts";
import { beginsClientHello } from "./tls.ts";
import { type FlowHandle, Probe, type StreamParser, type StreamProtocol } from "./contract.ts";

/** First bytes of a direction kept while several protocols are still possible. */
export const MAX_PROBE_BYTES = 1024;

/** Chunks of unknown text that are asked whether TLS begins there. */
const MAX_LATE_CHUNKS = 32;

/** What all flows share; `PayloadInspector` provides it. */
export interface InspectionServices {
  readonly protocols: readonly StreamProtocol[];
  readonly budget: HeldBudget;
  /** A parser broke its contract by throwing: counted, and the flow is left alone. */
  failed(protocol: string, error: unknown): void;
  handle(inspection: FlowInspection): FlowHandle;
  /** A flow's handle will not be used any more. May be told twice. */
  released(handle: FlowHandle): void;
}

export class FlowInspection implements StreamSink {
  /** Packet time of the bytes at hand. */
  timeUs = 0;
  /** Nothing more to see: bytes need not be handed in. */
  done = false;
  readonly row: number;
  readonly serverPort: number;
  readonly #services: InspectionServices;
  readonly #streams: [TcpStream, TcpStream];
  /** The direction that is behind, the first of them; its text comes before all that is seen since. -1: neither. */
  #behind = -1;
  readonly #handle: FlowHandle;
  #parser: StreamParser | null = null;
  #protocol = "";
  #lateChunks = 0;
  /** First bytes of each direction while it is not decided; null before the first, `RULED_OUT` when none fits. */
  readonly #heads: [Uint8Array | null, Uint8Array | null] = [null, null];

  constructor(row: number, serverPort: number, services: InspectionServices) {
    this.row = row;
    this.serverPort = serverPort;
    this.#services = services;
    this.#streams = [new TcpStream(0, this, services.budget), new TcpStream(1, this, services.budget)];
    this.#handle = services.handle(this);
  }

  /** Where the bytes of a direction begin. */
  begin(direction: number, sequence: number): void {
    this.#streams[direction].begin(sequence);
  }

  /** A segment's payload at packet time `timeUs`; see `TcpStream.segment`. */
  segment(
    direction: number,
    sequence: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    wireBytes: number,
  ): void {
    if (this.#behind >= 0) this.catchUp(RELEASE_BYTES);
    const stream = this.#streams[direction];
    stream.paused = this.#behind === 1 - direction;
    stream.segment(sequence, bytes, at, end, wireBytes, this.timeUs);
    if (this.#behind < 0 && stream.isBehind) this.#behind = direction;
  }

  /** The receiver of a direction's bytes has all before `sequence`. */
  acknowledged(direction: number, sequence: number): void {
    if (this.#behind >= 0) return this.catchUp(RELEASE_BYTES);
    const stream = this.#streams[direction];
    stream.acknowledged(sequence, this.timeUs);
    if (stream.isBehind) this.#behind = direction;
  }

  /** Bytes wait that may be looked at: they go with the next packets, of any flow. */
  get isBehind(): boolean {
    return this.#behind >= 0;
  }

  /** Hands on what waits, `most` bytes of it, in the order in which the directions fell behind. */
  catchUp(most: number): void {
    for (let left = most; this.#behind >= 0 && left > 0;) {
      const stream = this.#streams[this.#behind];
      left -= stream.release(left);
      if (this.done || stream.isBehind) return; // what was handed on may have been the last that is looked at
      this.#behind = this.#streams[1 - this.#behind].isBehind ? 1 - this.#behind : -1;
    }
  }

  // ------------------------------------------------------------ from the streams, in order

  data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    if (this.done) return;
    if (this.#parser !== null) this.#feed(direction, bytes, at, end);
    else this.#find(direction, bytes, at, end);
  }

  gap(direction: number): void {
    if (this.done) return;
    if (this.#parser === null) {
      this.#giveUp(direction);
      this.#handle.scanEnd(direction, 0);
      return;
    }
    try {
      this.#parser.gap(direction);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The flow is over. */
  close(): void {
    if (!this.done) {
      this.catchUp(Infinity);
      this.#streams[0].flush();
      this.#streams[1].flush();
      if (this.#parser === null) {
        this.#giveUp(0);
        this.#giveUp(1);
      }
      try {
        this.#parser?.close();
      } catch (error) {
        this.#fail(error);
      }
    }
    this.finish();
  }

  /** Lets go of everything; what still comes is not looked at. */
  finish(): void {
    this.done = true;
    this.#parser = null;
    this.#forgetHeads();
    this.#streams[0].drop();
    this.#streams[1].drop();
    this.#behind = -1;
    this.#services.released(this.#handle);
  }

  /** See `FlowHandle.switchTo`. */
  switchTo(protocol: string | null, direction: number, bytes: Uint8Array, at: number, end: number): void {
    this.#parser = null;
    this.#forgetHeads();
    const next = this.#services.protocols.find(({ name }) => name === protocol);
    if (next !== undefined) this.#start(next);
    if (at < end) this.data(direction, bytes, at, end);
  }

  // ------------------------------------------------------------ which protocol

  #find(direction: number, bytes: Uint8Array, at: number, end: number): void {
    const head = this.#heads[direction];
    if (head === RULED_OUT) {
      // Behind a proxy's or a database's own greeting TLS may begin late.
      if (this.#lateChunks < MAX_LATE_CHUNKS && ++this.#lateChunks && beginsClientHello(bytes, at, end)) {
        this.switchTo("tls", direction, bytes, at, end);
        return;
      }
      this.#handle.scan(direction, 0, bytes, at, end, "plain");
      return;
    }
    if (head !== null) {
      bytes = joined(head, bytes, at, end);
      at = 0;
      end = bytes.length;
    }
    let open = false;
    for (const protocol of this.#services.protocols) {
      probe.reset(bytes, at, end);
      const verdict = protocol.probe(probe, direction, this.serverPort);
      if (verdict === Probe.yes) {
        this.#begin(protocol, direction, bytes, at, end);
        return;
      }
      open ||= verdict === Probe.more;
    }
    if (open && end - at < MAX_PROBE_BYTES) this.#heads[direction] = bytes.slice(at, end);
    else {
      // No protocol fits: its bytes are text like any other.
      this.#heads[direction] = RULED_OUT;
      this.#handle.scan(direction, 0, bytes, at, end, "plain");
    }
  }

  /** Starts the parser with what was kept back: the other direction's first, it was there before. */
  #begin(protocol: StreamProtocol, direction: number, bytes: Uint8Array, at: number, end: number): void {
    const other = this.#heads[1 - direction];
    this.#forgetHeads();
    this.#start(protocol);
    if (other !== null && other !== RULED_OUT) this.data(1 - direction, other, 0, other.length);
    this.data(direction, bytes, at, end);
  }

  #forgetHeads(): void {
    this.#heads[0] = this.#heads[1] = null;
  }

  #start(protocol: StreamProtocol): void {
    this.#protocol = protocol.name;
    this.#handle.name(protocol.name);
    this.#parser = protocol.create(this.#handle);
  }

  /** No protocol fits a direction's bytes: they are text like any other. */
  #giveUp(direction: number): void {
    const head = this.#heads[direction];
    this.#heads[direction] = RULED_OUT;
    if (head !== null && head !== RULED_OUT) this.#handle.scan(direction, 0, head, 0, head.length, "plain");
  }

  #feed(direction: number, bytes: Uint8Array, at: number, end: number): void {
    try {
      this.#parser!.data(direction, bytes, at, end);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#services.failed(this.#protocol, error);
    const parser = this.#parser;
    this.finish();
    try {
      parser?.close(); // it may have memory to give back
    } catch {
      // counted above
    }
  }
}

/** What probes read through; one is asked at a time. */
const probe = new Cursor(new Uint8Array(0));
/** Stands for "no protocol fits". */
const RULED_OUT = new Uint8Array(0);

function joined(head: Uint8Array, bytes: Uint8Array, at: number, end: number): Uint8Array {
  const whole = new Uint8Array(head.length + end - at);
  whole.set(head);
  whole.set(bytes.subarray(at, end), head.length);
  return whole;
}
