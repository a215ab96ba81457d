/**
 * A fact as rules read it: one object laid over the row at hand, so that a fact costs nothing but what is asked of it.
 */
import { formatIpv6 } from "../model/address.ts";
import { createFactBatch, type FactBatch } from "../model/facts.ts";
import { Memo } from "../model/memo.ts";

/** Texts of addresses kept: many facts are about the same few. */
const MAX_TEXTS = 65_536;

export class FlowFact {
  /** Counts the facts laid: two rules that share a memory tell by it whether the fact has been taken in already. */
  serial = 0;
  #batch: FactBatch = createFactBatch(1);
  #row = 0;
  #client = "";
  #server = "";
  readonly #v4 = new Map<number, string>();
  readonly #v6 = new Memo<string>(MAX_TEXTS);

  /** @internal */
  lay(batch: FactBatch, row: number): void {
    this.serial++;
    this.#batch = batch;
    this.#row = row;
    this.#client = "";
    this.#server = "";
  }

  /** One of `FactKind`: `flow`, `icmpError` or `arp`. */
  get kind(): number {
    return this.#batch.kind[this.#row];
  }
  /** Bits of `FlowStep`; for ARP the operation. */
  get steps(): number {
    return this.#batch.steps[this.#row];
  }
  /** As `FactBatch.value`. */
  get value(): number {
    return this.#batch.value[this.#row];
  }
  /** Packet time, microseconds since 1970. */
  get timeUs(): number {
    return this.#batch.timeUs[this.#row];
  }
  /** As `FlowColumns.id`; 0 for what is no flow. */
  get flowId(): number {
    return this.kind === 1 ? this.#batch.flows.id[this.#row] : 0;
  }
  /** Whoever spoke first, as text. */
  get client(): string {
    return this.#client || (this.#client = this.#text(32 * this.#row));
  }
  get server(): string {
    return this.#server || (this.#server = this.#text(32 * this.#row + 16));
  }
  /** Sixteen bytes each at `32 * row` and `32 * row + 16` of this: for questions of `model/address.ts`. */
  get addressBytes(): Uint8Array {
    return this.#batch.flows.address;
  }
  get clientAt(): number {
    return 32 * this.#row;
  }
  get serverAt(): number {
    return 32 * this.#row + 16;
  }
  get ipVersion(): number {
    return this.#batch.flows.ipVersion[this.#row];
  }
  get protocol(): number {
    return this.#batch.flows.protocol[this.#row];
  }
  /** ICMP: type as Community ID maps it. */
  get clientPort(): number {
    return this.#batch.flows.port[2 * this.#row];
  }
  get serverPort(): number {
    return this.#batch.flows.port[2 * this.#row + 1];
  }
  /** One of `FlowState`. */
  get state(): number {
    return this.#batch.flows.state[this.#row];
  }
  /** One of `FlowEnd`. */
  get end(): number {
    return this.#batch.flows.end[this.#row];
  }
  /** TCP flags seen so far; direction 0 the client's. */
  flags(direction: number): number {
    return this.#batch.flows.tcpFlags[2 * this.#row + direction];
  }
  packets(direction: number): number {
    return this.#batch.flows.packets[2 * this.#row + direction];
  }
  /** Bytes on the wire. */
  bytes(direction: number): number {
    return this.#batch.flows.bytes[2 * this.#row + direction];
  }
  /** Bytes above TCP, UDP or SCTP, as sent. */
  payloadBytes(direction: number): number {
    return this.#batch.flows.payloadBytes[2 * this.#row + direction];
  }
  retransmissions(direction: number): number {
    return this.#batch.flows.retransmissions[2 * this.#row + direction];
  }
  get firstUs(): number {
    return this.#batch.flows.firstUs[this.#row];
  }
  get lastUs(): number {
    return this.#batch.flows.lastUs[this.#row];
  }
  /** Handshake round trip, microseconds; 0 where not seen. */
  get rttUs(): number {
    return this.#batch.flows.rttUs[this.#row];
  }
  /** One of `LocalEnd`. */
  get localEnd(): number {
    return this.#batch.flows.localEnd[this.#row];
  }
  get interfaceIndex(): number {
    return this.#batch.flows.interfaceIndex[this.#row];
  }
  get vlan(): number {
    return this.#batch.flows.vlan[this.#row];
  }
  /** "" while not known; told at `began`, `established`, `progress` and `ended`. */
  get appProtocol(): string {
    return this.#batch.flows.appProtocol[this.#row];
  }
  /** Likewise. */
  get serverName(): string {
    return this.#batch.flows.serverName[this.#row];
  }

  #text(at: number): string {
    const bytes = this.#batch.flows.address;
    const version = this.ipVersion;
    if (version === 6) {
      return this.#v6.get(String.fromCharCode(...bytes.subarray(at, at + 16)), () => formatIpv6(bytes, at));
    }
    if (version !== 4) return "";
    const number = bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
    let text = this.#v4.get(number);
    if (text === undefined) {
      if (this.#v4.size >= MAX_TEXTS) this.#v4.clear();
      text = `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
      this.#v4.set(number, text);
    }
    return text;
  }
}
