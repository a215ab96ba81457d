/**
 * A fact as rules read it: one object laid over the row at hand, so that a fact costs nothing but what is asked of it.
 */
import { createFactBatch, type FactBatch, FactKind } from "../model/facts.ts";
import { addressTexts } from "./address_texts.ts";
import { hashOfAddress, pairHash, secondHashOfAddress, secondPairHash } from "./contacts/address_hash.ts";

export class FlowFact {
  /** One of `FactKind`: `flow`, `icmpError` or `arp`. */
  kind = 0;
  /** Bits of `FlowStep`; for ARP the operation. */
  steps = 0;
  protocol = 0;
  /** 4 or 6. */
  ipVersion = 0;
  #batch: FactBatch = createFactBatch(1);
  #row = 0;
  #client = "";
  #server = "";
  #hasHashes = false;
  #clientHash = 0;
  #serverHash = 0;
  #hasPair = false;
  #pair = 0;
  #secondPair = 0;

  /** @internal */
  lay(batch: FactBatch, row: number): void {
    this.#batch = batch;
    this.#row = row;
    this.#client = "";
    this.#server = "";
    this.#hasHashes = false;
    this.#hasPair = false;
    this.kind = batch.kind[row];
    this.steps = batch.steps[row];
    const { flows } = batch;
    this.protocol = flows.protocol[row];
    this.ipVersion = flows.ipVersion[row];
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
    return this.kind === FactKind.flow ? this.#batch.flows.id[this.#row] : 0;
  }
  /** Whoever spoke first, as text. */
  get client(): string {
    return this.#client || (this.#client = this.#text(32 * this.#row, this.clientHash));
  }
  get server(): string {
    return this.#server || (this.#server = this.#text(32 * this.#row + 16, this.serverHash));
  }
  /** 32 bits of the client's address: of IPv4 all of it, mixed. Worked out once a fact, whoever asks. */
  get clientHash(): number {
    if (!this.#hasHashes) this.#hash();
    return this.#clientHash;
  }
  get serverHash(): number {
    if (!this.#hasHashes) this.#hash();
    return this.#serverHash;
  }
  /** 32 bits more of the client's address where it has them; together 64 that name it. */
  get clientSecond(): number {
    return this.ipVersion === 6 ? secondHashOfAddress(this.addressBytes, this.clientAt) : this.clientHash;
  }
  get serverSecond(): number {
    return this.ipVersion === 6 ? secondHashOfAddress(this.addressBytes, this.serverAt) : this.serverHash;
  }
  /** Client and server together, as two hashes of 32 bits: for `Hashed`. */
  get pair(): number {
    if (!this.#hasPair) this.#hashPair();
    return this.#pair;
  }
  get secondPair(): number {
    if (!this.#hasPair) this.#hashPair();
    return this.#secondPair;
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
  /** "" while not known; told at `began`, `established`, `progress`, `spoke` and `ended`. */
  get appProtocol(): string {
    return this.#batch.flows.appProtocol[this.#row];
  }
  /** Likewise. */
  get serverName(): string {
    return this.#batch.flows.serverName[this.#row];
  }

  #text(at: number, hash: number): string {
    return addressTexts.of(this.#batch.flows.address, at, this.ipVersion, hash);
  }

  #hash(): void {
    const bytes = this.#batch.flows.address;
    const at = 32 * this.#row;
    this.#clientHash = hashOfAddress(bytes, at, this.ipVersion);
    this.#serverHash = hashOfAddress(bytes, at + 16, this.ipVersion);
    this.#hasHashes = true;
  }

  #hashPair(): void {
    this.#pair = pairHash(this.clientHash, this.serverHash);
    this.#secondPair = secondPairHash(this.clientSecond, this.serverSecond);
    this.#hasPair = true;
  }
}
