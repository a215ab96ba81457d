/** Parsers for protocols that are recognised and not taken apart: what they carry is searched for card numbers. */
import type { DatagramParser, FlowHandle, StreamParser } from "./contract.ts";

/** Both directions as they come. */
export class PassThroughStream implements StreamParser {
  protected readonly flow: FlowHandle;
  constructor(flow: FlowHandle) {
    this.flow = flow;
  }

  data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    this.flow.scan(direction, 0, bytes, at, end, "plain");
  }
  gap(direction: number): void {
    this.flow.scanEnd(direction, 0);
  }
  close(): void {}
}

/** Datagrams, each a text of its own. */
export class PassThroughDatagrams implements DatagramParser {
  protected readonly flow: FlowHandle;
  constructor(flow: FlowHandle) {
    this.flow = flow;
  }

  datagram(direction: number, bytes: Uint8Array, at: number, end: number, _whole: boolean): void {
    this.flow.scan(direction, 0, bytes, at, end, "plain");
    this.flow.scanEnd(direction, 0);
  }
  close(): void {}
}
