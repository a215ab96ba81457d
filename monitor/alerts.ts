/**
 * Alerts, kept for pages, API and notifications: each as it stands now, joined with the program behind it, and judged
 * by what the user expects. Bounded: then the one that has been quiet longest goes, of the kind that has most.
 */
import type { Anomaly, Connection, Expected } from "../model/api.ts";
import type { FlowIdentity, Observation } from "../model/observation.ts";
import { type AlertScope, expectedBy, mayBeExpected, nextEnd, scopeOf } from "./expected.ts";
import type { Verdict } from "./eve_log.ts";
import { protocolName } from "./names.ts";

export const MAX_ANOMALIES = 2_000;
/** The program of an alert that is over may still become known for so long. */
const SETTLE_MS = 10_000;

/** What is known of a flow beyond its identity. */
export interface FlowLookup {
  connection(flowId: number): Connection | undefined;
  interfaceName(index: number): string;
}

/** Alerts of one kind since the start. */
export interface KindCounters {
  alerts: number;
  /** Of them, covered by an expected entry when they were first judged. */
  expected: number;
  /** Not taken in, because the kind is switched off. */
  off: number;
}

export class Alerts {
  /** By id; the one that changed last at the end. */
  readonly all = new Map<string, Anomaly>();
  /** Those that had to go for newer ones. */
  forgotten = 0;
  readonly #lookup: FlowLookup;
  /** Takes each alert that is new or has changed. */
  readonly #tell: (alert: Anomaly, undecided: boolean) => void;
  /** A flow that shows an alert, for the program behind it. */
  readonly #flows = new Map<string, number>();
  /** Path of that program. */
  readonly #paths = new Map<string, string>();
  readonly #perKind = new Map<string, number>();
  readonly counters: Record<string, KindCounters> = {};
  #entries: readonly Expected[] = [];
  #off: ReadonlySet<string> = new Set();
  /** Packet time, ms; and when the next entry ends. */
  #nowMs = 0;
  #nextEndMs = Infinity;

  constructor(lookup: FlowLookup, tell: (alert: Anomaly, undecided: boolean) => void) {
    this.#lookup = lookup;
    this.#tell = tell;
  }

  /** What holds from now on; all alerts are judged anew. @param off Kinds whose alerts are not taken in. */
  configure(entries: readonly Expected[], off: ReadonlySet<string>, nowMs: number): void {
    this.#entries = entries;
    this.#off = off;
    this.#nowMs = nowMs;
    this.#nextEndMs = nextEnd(entries, nowMs);
    for (const alert of [...this.all.values()]) {
      const ended = alert.open && off.has(alert.kind);
      if (ended) alert.open = false;
      if (this.#judge(alert) || ended) this.#changed(alert);
    }
  }

  /** Takes an alert as it is now. */
  add(observation: Observation): void {
    const { id, phase } = observation.alert!;
    const words = (observation.fields.alert ?? observation.fields.note) as {
      signature: string;
      severity: number;
    };
    const { count = 1, last_seen, kind: kindOf, message = "", program = "", ...details } = observation.fields
      .netpane as Record<string, unknown>;
    const kind = String(kindOf);
    const counters = this.counters[kind] ??= { alerts: 0, expected: 0, off: 0 };
    if (this.#off.has(kind)) {
      if (phase === "new") counters.off++;
      return;
    }
    const lastMs = typeof last_seen === "number" ? last_seen : observation.timeUs / 1000;
    const known = this.all.get(id);
    // Of one that had to go for newer ones, the end is no news.
    if (known === undefined && phase === "final") return;
    const alert: Anomaly = known ?? {
      id,
      kind,
      severity: words.severity,
      signature: words.signature,
      message: "",
      first: observation.timeUs / 1000,
      last: lastMs,
      count: 1,
      open: true,
      ...ends(observation.flow, observation.direction),
      app_proto: "",
      server_name: "",
      in_iface: this.#lookup.interfaceName(observation.flow.interfaceIndex),
      process: "",
      details,
      expected: null,
    };
    alert.message = String(message);
    alert.severity = words.severity;
    alert.signature = words.signature;
    alert.count = Number(count);
    alert.last = Math.max(alert.last, lastMs);
    alert.open = phase !== "final";
    alert.details = details;
    alert.process ||= String(program);
    const flowId = observation.flow.id || (observation.alert!.flowId ?? 0);
    if (flowId !== 0) this.#flows.set(id, flowId);
    this.#join(alert);
    this.#judge(alert);
    if (known === undefined) {
      if (phase === "new") {
        counters.alerts++;
        if (alert.expected !== null) counters.expected++;
      }
      this.#perKind.set(kind, (this.#perKind.get(kind) ?? 0) + 1);
    }
    this.#changed(alert);
    this.#makeRoom();
  }

  /** How an alert was judged; one that had to go for newer ones counts as an alarm. */
  verdict(id: string, kind: string): Verdict {
    if (this.#off.has(kind)) return "off";
    const alert = this.all.get(id);
    if (alert === undefined) return "alarm";
    return alert.expected ? "expected" : this.#isUndecided(alert) ? "undecided" : "alarm";
  }

  /** Late joins: programs found after the fact, and entries that have ended. Call once a tick. */
  join(nowMs: number): void {
    this.#nowMs = nowMs;
    const someEnded = nowMs > this.#nextEndMs;
    if (someEnded) this.#nextEndMs = nextEnd(this.#entries, nowMs);
    for (const alert of [...this.all.values()]) {
      if (!alert.open && nowMs - alert.last > SETTLE_MS) continue;
      const joined = this.#join(alert);
      if ((joined || someEnded) && this.#judge(alert) || joined) this.#changed(alert);
    }
  }

  /** Alerts that nobody expects: all, notes (severity 3), open ones that are none, by kind; how many are expected. */
  summary(): { total: number; open: number; notes: number; expected: number; kinds: Record<string, number> } {
    const summary = { total: 0, open: 0, notes: 0, expected: 0, kinds: {} as Record<string, number> };
    for (const { kind, severity, open, expected } of this.all.values()) {
      if ((expected ?? null) !== null) {
        summary.expected++;
        continue;
      }
      summary.total++;
      if (severity >= 3) summary.notes++;
      else if (open) summary.open++;
      summary.kinds[kind] = (summary.kinds[kind] ?? 0) + 1;
    }
    return summary;
  }

  /** For `/api/stats`: alerts kept that are expected, and those not taken in because their kind is off. */
  kept(): { alerts_expected: number; alerts_off: number } {
    const off = Object.values(this.counters).reduce((sum, counters) => sum + counters.off, 0);
    return { alerts_expected: this.summary().expected, alerts_off: off };
  }

  /** What an entry may name of an alert, and by which time it is judged. */
  scope(alert: Anomaly): { scope: AlertScope; nowMs: number } {
    return { scope: scopeOf(alert, this.#path(alert)), nowMs: this.#judgedAt(alert) };
  }

  /** Path of the program behind an alert; "" while it is not known. */
  #path({ id }: Anomaly): string {
    return this.#paths.get(id) ?? "";
  }

  /** @returns Whether anything became known. */
  #join(alert: Anomaly): boolean {
    const connection = this.#lookup.connection(this.#flows.get(alert.id) ?? 0);
    if (connection === undefined) return false;
    const { process } = connection;
    const before = `${alert.process} ${alert.server_name} ${alert.app_proto} ${this.#path(alert)}`;
    alert.process ||= process?.name ?? "";
    alert.app_proto ||= connection.app_proto;
    alert.server_name ||= connection.server_name;
    // Only where it is that program: the rule may have named another.
    if (process !== null && process.path !== "" && process.name === alert.process) {
      this.#paths.set(alert.id, process.path);
    }
    return before !==
      `${alert.process} ${alert.server_name} ${alert.app_proto} ${this.#path(alert)}`;
  }

  /** @returns Whether the judgement is another than before. */
  #judge(alert: Anomaly): boolean {
    const before = alert.expected ?? null;
    const { scope, nowMs } = this.scope(alert);
    alert.expected = expectedBy(scope, this.#entries, nowMs);
    return before?.id !== alert.expected?.id;
  }

  /** An alert that goes on is judged by now, one that is over by when it was. */
  #judgedAt(alert: Anomaly): number {
    return alert.open ? Math.max(alert.last, this.#nowMs) : alert.last;
  }

  #changed(alert: Anomaly): void {
    this.all.delete(alert.id);
    this.all.set(alert.id, alert);
    this.#tell(alert, this.#isUndecided(alert));
  }

  /** Whether an entry may cover it once more is known. */
  #isUndecided(alert: Anomaly): boolean {
    const { scope, nowMs } = this.scope(alert);
    return alert.expected === null && mayBeExpected(scope, this.#entries, nowMs);
  }

  #makeRoom(): void {
    if (this.all.size <= MAX_ANOMALIES) return;
    let [most, rows] = ["", 0];
    for (const [kind, count] of this.#perKind) if (count > rows) [most, rows] = [kind, count];
    for (const { id, kind } of this.all.values()) {
      if (kind !== most) continue;
      this.all.delete(id);
      this.#flows.delete(id);
      this.#paths.delete(id);
      this.#perKind.set(kind, rows - 1);
      this.forgotten++;
      return;
    }
  }
}

/** Sender and receiver of what was seen. */
export function ends(flow: FlowIdentity, direction: number) {
  const client = { ip: flow.clientAddress, port: flow.clientPort };
  const server = { ip: flow.serverAddress, port: flow.serverPort };
  const [source, destination] = direction === 0 ? [client, server] : [server, client];
  return {
    proto: protocolName(flow.protocol),
    src_ip: source.ip,
    src_port: source.port,
    dest_ip: destination.ip,
    dest_port: destination.port,
  };
}
