/**
 * A host as a list sorts and searches it: what lies at hand is taken from there, all else is put together only when
 * it is looked at. Of twenty thousand hosts a page shows a hundred, and a place costs thousands of instructions.
 */
import type { HostSummary } from "../../model/inventory.ts";
import type { HostRecord } from "./hosts.ts";

/** What a list may look at. */
export type HostFacts = Pick<
  HostSummary,
  | "ip"
  | "name"
  | "kind"
  | "own"
  | "country"
  | "country_name"
  | "organisation"
  | "asn"
  | "mac"
  | "vendor"
  | "bytes_to"
  | "bytes_from"
  | "bits_per_second"
  | "connections"
  | "rtt_ms"
  | "resent_share"
  | "slow"
  | "programs"
  | "ports"
  | "alerts_open"
  | "alerts"
  | "first"
  | "last"
>;

export class LazyHost implements HostFacts {
  readonly #host: HostRecord;
  readonly #now: (ip: string) => { connections: number; bitsPerSecond: number };
  readonly #tell: (host: HostRecord) => HostSummary;
  #summary: HostSummary | null = null;

  /** @param now Of an address, at this moment. @param tell All that a row of the list has. */
  constructor(
    host: HostRecord,
    now: (ip: string) => { connections: number; bitsPerSecond: number },
    tell: (host: HostRecord) => HostSummary,
  ) {
    this.#host = host;
    this.#now = now;
    this.#tell = tell;
  }

  /** The whole row, made at the first look. */
  get summary(): HostSummary {
    return this.#summary ??= this.#tell(this.#host);
  }

  get ip() {
    return this.#host.ip;
  }
  get bytes_to() {
    return this.#host.bytesTo;
  }
  get bytes_from() {
    return this.#host.bytesFrom;
  }
  get first() {
    return this.#host.first;
  }
  get last() {
    return this.#host.last;
  }
  get rtt_ms() {
    return this.#host.trips?.latency()?.median_ms ?? null;
  }
  get resent_share() {
    return this.#host.trips?.resentShare() ?? null;
  }
  get bits_per_second() {
    return this.#now(this.#host.ip).bitsPerSecond;
  }
  get connections() {
    return this.#now(this.#host.ip).connections;
  }
  get name() {
    return this.summary.name;
  }
  get kind() {
    return this.summary.kind;
  }
  get own() {
    return this.summary.own;
  }
  get country() {
    return this.summary.country;
  }
  get country_name() {
    return this.summary.country_name;
  }
  get organisation() {
    return this.summary.organisation;
  }
  get asn() {
    return this.summary.asn;
  }
  get slow() {
    return this.summary.slow;
  }
  get mac() {
    return this.summary.mac;
  }
  get vendor() {
    return this.summary.vendor;
  }
  get programs() {
    return this.summary.programs;
  }
  get ports() {
    return this.summary.ports;
  }
  get alerts_open() {
    return this.summary.alerts_open;
  }
  get alerts() {
    return this.summary.alerts;
  }
}
