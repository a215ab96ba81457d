/**
 * Echo requests on request (`GET /api/ping`): who may be asked, how often, and what came of it. The packets are sent
 * by the system worker, which this knows only by the messages to it.
 */
import { formatAddress, isIpv4Mapped, isLinkLocal, parseAddress } from "../../model/address.ts";
import type { Ping, PingReport } from "../../model/protocol.ts";
import { specialRange } from "../../model/special_ranges.ts";
import type { InterfaceInfo } from "../../model/system.ts";
import type { PingAnswer, PingCounters } from "../../model/who.ts";
import { summarize } from "./summary.ts";

/** Requests of one run. */
export const MAX_COUNT = 20;
export const DEFAULT_COUNT = 4;
/** What ping(8) lets users without privileges do. */
const INTERVAL_MS = 200;
/** A request without an answer by then is lost. */
const TIMEOUT_MS = 2_000;
/** Runs at once. */
const MAX_RUNS = 8;
/** The worker is given up when it takes this much longer than a run can. */
const GRACE_MS = 3_000;

/** Kinds of addresses that are no host. */
const REFUSED_KINDS = ["unspecified", "this-network", "multicast", "broadcast"];

export class PingError extends Error {
  override name = "PingError";
  constructor(
    /**
     * `bad-address`: no address, or one that is no host's; `busy-target`, `busy`: a run is under way there, or too
     * many are; `unavailable`: nothing may be sent here; `no-route`; `lost`: no answer of our own worker.
     */
    readonly code: "bad-address" | "busy-target" | "busy" | "unavailable" | "no-route" | "lost",
    message: string,
  ) {
    super(message);
  }
}

export class Pinger {
  #send: ((message: Ping) => void) | null = null;
  #reason: string;
  #interfaces: InterfaceInfo[] = [];
  #waiting = new Map<number, { target: string; done: (report: PingReport | null) => void }>();
  #lastId = 0;
  #counters = { runs: 0, sent: 0, received: 0, refused: 0 };

  /** @param reason Why nothing can be sent before `connect()` is called, for people. */
  constructor(reason: string) {
    this.#reason = reason;
  }

  /** From now on `send` brings a message to the system worker; null when it is gone, `reason` says why. */
  connect(send: ((message: Ping) => void) | null, reason = ""): void {
    this.#send = send;
    this.#reason = reason;
    if (send === null) { for (const { done } of this.#waiting.values()) done(null); }
  }

  /** Interfaces with their addresses: for zones of link-local addresses, and to know broadcast addresses. */
  setInterfaces(interfaces: InterfaceInfo[]): void {
    this.#interfaces = interfaces;
  }

  /** The system worker's word. */
  apply(report: PingReport): void {
    this.#waiting.get(report.id)?.done(report);
  }

  /**
   * Sends `count` echo requests and waits for what comes.
   *
   * @param text An address, of link-local IPv6 with its zone: `fe80::1%eth0`.
   * @param count 1 to `MAX_COUNT`.
   * @throws PingError
   */
  async ping(text: string, count: number): Promise<PingAnswer> {
    try {
      return await this.#run(text, count);
    } catch (error) {
      this.#counters.refused++;
      throw error;
    }
  }

  counters(): PingCounters {
    return { running: this.#waiting.size, ...this.#counters };
  }

  async #run(text: string, count: number): Promise<PingAnswer> {
    const { address, scope, target } = this.#target(text);
    if (this.#send === null) throw new PingError("unavailable", this.#reason);
    for (const run of this.#waiting.values()) {
      if (run.target !== target) continue;
      throw new PingError("busy-target", `${target} is being probed: one run at a time`);
    }
    if (this.#waiting.size >= MAX_RUNS) {
      throw new PingError("busy", `${MAX_RUNS} runs are under way, which is the ceiling: try again later`);
    }
    const id = ++this.#lastId;
    const longestMs = (count - 1) * INTERVAL_MS + TIMEOUT_MS + GRACE_MS;
    this.#send({ type: "ping", id, address, scope, count, intervalMs: INTERVAL_MS, timeoutMs: TIMEOUT_MS });
    let timer;
    const report = await new Promise<PingReport | null>((done) => {
      timer = setTimeout(() => done(null), longestMs);
      this.#waiting.set(id, { target, done });
    });
    clearTimeout(timer);
    this.#waiting.delete(id);
    if (report === null) throw new PingError("lost", "The system worker did not answer");
    if (report.problem) {
      const { code, message, hint } = report.problem;
      const codes = { refused: "unavailable", busy: "busy", failed: "no-route" } as const;
      throw new PingError(codes[code], `${message}. ${hint}`);
    }
    const summary = summarize(report.replies);
    this.#counters.runs++;
    this.#counters.sent += summary.sent;
    this.#counters.received += summary.received;
    return {
      ts: Date.now(),
      ip: target,
      ...summary,
      duplicates: report.duplicates,
      socket: report.socket,
      replies: report.replies,
    };
  }

  /** Bytes, interface and one spelling of an address that may be probed. @throws PingError */
  #target(text: string): { address: Uint8Array; scope: number; target: string } {
    let address: Uint8Array | null = parseAddress(text);
    if (address === null) throw new PingError("bad-address", `"${text.slice(0, 64)}" is no IP address`);
    if (address.length === 16 && isIpv4Mapped(address)) address = address.slice(12);
    const version = address.length === 4 ? 4 : 6;
    const name = formatAddress(address, 0, version);
    const special = specialRange(address);
    if (special !== null && REFUSED_KINDS.includes(special.kind)) {
      throw new PingError("bad-address", `${name} is no host (${special.name}, ${special.source})`);
    }
    if (version === 4 && this.#isSubnetBroadcast(address)) {
      throw new PingError("bad-address", `${name} is the broadcast address of a network here`);
    }
    if (version === 4 || !isLinkLocal(address, 0, 6)) return { address, scope: 0, target: name };
    const zone = text.slice(text.indexOf("%") + 1);
    const device = text.includes("%")
      ? this.#interfaces.find((each) => each.name === zone || String(each.index) === zone)
      : undefined;
    if (device === undefined) {
      throw new PingError(
        "bad-address",
        `${name} is the same on every link: name the interface, ${name}%eth0`,
      );
    }
    return { address, scope: device.index, target: `${name}%${device.name}` };
  }

  /** All ones in the host's part, in a network of ours that has such an address (RFC 919; not /31, RFC 3021). */
  #isSubnetBroadcast(address: Uint8Array): boolean {
    const number = new DataView(address.buffer, address.byteOffset).getUint32(0);
    return this.#interfaces.some((device) =>
      !device.loopback && device.addresses.some(({ address: own, prefixLength }) => {
        const bytes = parseAddress(own);
        if (bytes?.length !== 4 || prefixLength < 1 || prefixLength > 30) return false;
        const hosts = 2 ** (32 - prefixLength) - 1;
        return ((new DataView(bytes.buffer).getUint32(0) | hosts) >>> 0) === number;
      })
    );
  }
}
