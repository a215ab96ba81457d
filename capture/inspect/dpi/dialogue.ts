/**
 * What the protocols that talk in lines have in common: a client gives commands, a server answers, and now and then
 * a block of bytes of a told length goes between them.
 *
 * Every line is searched for card numbers unless it holds a secret. State: a line reader a direction.
 */
import type { FlowHandle, StreamParser } from "./contract.ts";
import { LineReader } from "./line_reader.ts";

/** The first byte of a ClientHello's record, RFC 8446 §5.1: no command begins with it, and no server's answer is needed. */
const TLS_HANDSHAKE = 22;
/** Logins of one flow that are told one by one. */
const MAX_LOGINS_TOLD = 1000;

/** Parser of such a protocol. */
export abstract class LineDialogue implements StreamParser {
  protected readonly flow: FlowHandle;
  /** The direction in which the client speaks: 0, but for captures that took the server for the client. */
  protected readonly clientSide: number;
  /** Bytes that are no lines and still to come, per direction. */
  protected readonly blockLeft: [number, number] = [0, 0];
  /** TLS was asked for with the line before: the client's next byte tells whether it begins. */
  protected isTlsAsked = false;
  readonly #lines: [LineReader, LineReader] = [new LineReader(), new LineReader()];
  readonly #type: string;
  #over = false;
  #loginsTold = 0;
  /** What is left of the bytes at hand. */
  #bytes: Uint8Array = NOTHING;
  #at = 0;
  #end = 0;

  /** @param type EVE's `event_type`. @param ports Where servers listen, to tell who is who in the middle. */
  constructor(flow: FlowHandle, type: string, ports: readonly number[]) {
    this.flow = flow;
    this.#type = type;
    this.clientSide = ports.includes(flow.clientPort) && !ports.includes(flow.serverPort) ? 1 : 0;
  }

  /** A line of the client's, or a piece of one (see `LineReader`). */
  protected abstract command(line: LineReader): void;
  /** A line of the server's, or a piece of one. */
  protected abstract reply(line: LineReader): void;
  /** Bytes of a block (see `blockLeft`); it is over when none are left. */
  protected block(direction: number, bytes: Uint8Array, at: number, end: number): void {
    this.flow.scan(direction, 0, bytes, at, end, "plain");
  }
  /** Bytes of a direction were lost: what waited for them will not come. */
  protected lost(_direction: number): void {}
  /** The flow is over. */
  protected ended(): void {}

  data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    this.#bytes = bytes;
    this.#end = end;
    while (at < end && !this.#over) {
      const left = this.blockLeft[direction];
      if (left > 0) {
        const to = Math.min(end, at + left);
        this.blockLeft[direction] = left - (to - at);
        this.#at = to;
        this.block(direction, bytes, at, to);
        at = to;
        continue;
      }
      const line = this.#lines[direction];
      if (this.isTlsAsked && direction === this.clientSide && line.atLine) {
        this.isTlsAsked = false;
        if (bytes[at] === TLS_HANDSHAKE) {
          this.#at = at;
          this.leaveTo("tls", direction);
          break;
        }
      }
      at = line.read(bytes, at, end);
      this.#at = at;
      if (line.ready) this.#take(direction, line);
    }
    this.#bytes = NOTHING;
  }

  gap(direction: number): void {
    if (this.#over) return;
    const line = this.#lines[direction];
    if (line.flush()) this.#take(direction, line);
    line.loseBeginning();
    this.blockLeft[direction] = 0;
    if (direction === this.clientSide) this.isTlsAsked = false;
    this.flow.scanEnd(direction, 0);
    this.lost(direction);
  }

  close(): void {
    if (this.#over) return;
    this.#lines.forEach((line, direction) => {
      if (!this.#over && line.flush()) this.#take(direction, line);
    });
    if (!this.#over) this.ended();
    this.#over = true;
  }

  /** Another protocol goes on from here, with what is left of the bytes at hand. */
  protected leaveTo(protocol: string | null, direction: number): void {
    this.#over = true;
    this.flow.switchTo(protocol, direction, this.#bytes, this.#at, this.#end);
  }

  protected get over(): boolean {
    return this.#over;
  }

  /** A line that holds no secret. */
  protected scanLine(direction: number, line: LineReader): void {
    this.flow.scan(direction, 0, line.bytes, line.from, line.to, "plain");
  }

  /** Tells how a login went. */
  protected tellLogin(succeeded: boolean): void {
    if (this.#loginsTold++ >= MAX_LOGINS_TOLD) return;
    this.tell({ netpane: { login: succeeded ? "succeeded" : "failed" } });
  }

  protected tell(fields: Record<string, unknown>): void {
    this.flow.tell(this.#type, this.clientSide, fields);
  }

  #take(direction: number, line: LineReader): void {
    if (direction === this.clientSide) this.command(line);
    else this.reply(line);
  }
}

/** Commands that wait for their answers, in order and bounded: servers answer in the order they were asked. */
export class Pending<T> {
  readonly #queue: T[] = [];
  /** So many were asked that answers can no longer be matched. */
  #lost = false;

  push(command: T): void {
    if (this.#queue.length >= MAX_PENDING) this.#lost = true;
    if (!this.#lost) this.#queue.push(command);
  }

  first(): T | undefined {
    return this.#queue[0];
  }

  shift(): T | undefined {
    return this.#queue.shift();
  }

  clear(): void {
    this.#queue.length = 0;
    this.#lost = false;
  }

  get length(): number {
    return this.#queue.length;
  }
}

const MAX_PENDING = 256;
const NOTHING = new Uint8Array(0);
