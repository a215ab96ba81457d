/**
 * Where rules hand in what they suspect. An alert is one thing going on: told when it begins, at most once a second
 * while it goes on, and once more when it is over. So a scan of a thousand ports is one alert with a count, not a
 * thousand.
 */
import type { FlowIdentity, Observation } from "../model/observation.ts";
import type { RuleSpec } from "./contract.ts";

/** Alerts open at once, over all rules; then the one quiet longest is told as over, which is counted. */
export const MAX_OPEN_ALERTS = 4_096;
/** Open alerts of one rule: one loud rule must not push out the others'. */
export const MAX_OPEN_PER_RULE = 1_024;
/** While it goes on, an alert is told anew at most this often, packet time. */
const UPDATE_US = 1_000_000;
const DEFAULT_QUIET_S = 300;

/** What a rule says; told again under the same `key` it replaces what was said before. */
export interface Suspicion {
  /** Which alert of the rule: the ends that make it one thing, such as "10.0.0.1>10.0.0.2". */
  key: string;
  /** Who does it; "" where it cannot be told (forged addresses). */
  source: string;
  /** To whom; "" for many. */
  target: string;
  /** 0 where none or many. */
  sourcePort?: number;
  targetPort?: number;
  /** IP protocol number; 0 where it does not matter. */
  protocol?: number;
  /** A flow that shows it, so that its program can be named; 0 for none. */
  flowId?: number;
  interfaceIndex?: number;
  /** Who did what to whom, how often, since when: a plain sentence without a full stop. */
  message: string;
  /** What it rests on: numbers, lists (at most some dozens), histograms. Plain data. */
  evidence: Record<string, unknown>;
  /** How often it happened so far (ports tried, failed logins ...). */
  count: number;
  /** Where it differs from the rule's. */
  severity?: 1 | 2 | 3;
  /** 0 to 1, where the rule can say. */
  confidence?: number;
  /** When it began, packet time; now if absent. */
  firstUs?: number;
  /** Program, where the rule itself knows it. */
  program?: string;
  /** Seconds without anything new after which it is over, where more than the rule's: it goes on slowly. */
  quietSeconds?: number;
}

interface OpenAlert {
  spec: RuleSpec;
  suspicion: Suspicion;
  id: string;
  firstUs: number;
  lastUs: number;
  /** When it was told last, and something was added last, by the inspector's clock. */
  toldUs: number;
  changedUs: number;
}

export interface DeskCounters {
  open: number;
  capacity: number;
  raised: number;
  /** Told as over before they were, for want of room. */
  evicted: number;
  byKind: Record<string, number>;
}

/** The desk of one rule: a rule cannot speak in another's name. */
export class AlertDesk {
  constructor(readonly board: AlertBoard, readonly spec: RuleSpec) {}

  /** Begins an alert, or adds to the one under the same key. */
  raise(suspicion: Suspicion): void {
    this.board.raise(this.spec, suspicion);
  }

  /** Whether an alert is open under this key. */
  has(key: string): boolean {
    return this.board.has(this.spec, key);
  }

  /** It is over: the alert is told for the last time. */
  close(key: string): void {
    this.board.close(this.spec, key);
  }
}

/** All open alerts. */
export class AlertBoard {
  readonly #tell: (observation: Observation) => void;
  /** By kind and key, the longest quiet first. */
  readonly #open = new Map<string, OpenAlert>();
  /** Of them, those to which something was added that is not told yet. */
  readonly #dirty = new Set<OpenAlert>();
  /** Before this none of them has been quiet for long enough, by the inspector's clock. */
  #nextQuietUs = Infinity;
  readonly #perKind = new Map<string, number>();
  readonly #raised: Record<string, number> = {};
  #count = 0;
  #evicted = 0;
  #clockUs = 0;
  #timeUs = 0;

  readonly #idPrefix: string;
  readonly #nameOf: (address: string) => string;

  /**
   * @param idPrefix Makes the ids of this board's alerts differ from another's: a detector may be started again.
   * @param nameOf Name that an address was seen to have; "" for none.
   */
  constructor(
    tell: (observation: Observation) => void,
    idPrefix = "",
    nameOf: (address: string) => string = () => "",
  ) {
    this.#tell = tell;
    this.#idPrefix = idPrefix;
    this.#nameOf = nameOf;
  }

  /** @param clockUs The inspector's clock. @param timeUs Packet time. */
  at(clockUs: number, timeUs: number): void {
    this.#clockUs = clockUs;
    this.#timeUs = timeUs;
  }

  raise(spec: RuleSpec, suspicion: Suspicion): void {
    const key = `${spec.kind} ${suspicion.key}`;
    let alert = this.#open.get(key);
    if (alert === undefined) {
      this.#makeRoom(spec);
      alert = {
        spec,
        suspicion,
        id: `${spec.kind}:${this.#idPrefix}${++this.#count}`,
        firstUs: suspicion.firstUs ?? this.#timeUs,
        lastUs: this.#timeUs,
        toldUs: this.#clockUs,
        changedUs: this.#clockUs,
      };
      this.#open.set(key, alert);
      this.#nextQuietUs = Math.min(this.#nextQuietUs, this.#clockUs + quietUsOf(alert));
      this.#perKind.set(spec.kind, (this.#perKind.get(spec.kind) ?? 0) + 1);
      this.#raised[spec.kind] = (this.#raised[spec.kind] ?? 0) + 1;
      this.#tell(told(alert, "new", this.#nameOf));
      return;
    }
    alert.suspicion = suspicion;
    alert.lastUs = Math.max(alert.lastUs, this.#timeUs);
    alert.changedUs = this.#clockUs;
    // Later, as a rule; not so where the clock was put back.
    this.#nextQuietUs = Math.min(this.#nextQuietUs, this.#clockUs + quietUsOf(alert));
    this.#dirty.add(alert);
    this.#open.delete(key); // so that the order of the map is that of the last change
    this.#open.set(key, alert);
    if (this.#clockUs - alert.toldUs >= UPDATE_US) this.#update(alert);
  }

  has(spec: RuleSpec, key: string): boolean {
    return this.#open.has(`${spec.kind} ${key}`);
  }

  close(spec: RuleSpec, key: string): void {
    this.#end(`${spec.kind} ${key}`);
  }

  /** Tells what has changed and waited, and ends what has been quiet for long. */
  tick(): void {
    if (this.#clockUs >= this.#nextQuietUs) this.#endQuiet();
    for (const alert of this.#dirty) {
      if (this.#clockUs - alert.toldUs >= UPDATE_US) this.#update(alert);
    }
  }

  /** The input is over. */
  closeAll(): void {
    for (const key of [...this.#open.keys()]) this.#end(key);
  }

  /** A rule was switched off: what it had open is over. */
  closeKind(kind: string): void {
    for (const [key, alert] of this.#open) if (alert.spec.kind === kind) this.#end(key);
  }

  counters(): DeskCounters {
    return {
      open: this.#open.size,
      capacity: MAX_OPEN_ALERTS,
      raised: this.#count,
      evicted: this.#evicted,
      byKind: { ...this.#raised },
    };
  }

  #endQuiet(): void {
    let next = Infinity;
    for (const [key, alert] of this.#open) {
      const quietUs = quietUsOf(alert);
      if (this.#clockUs - alert.changedUs >= quietUs) this.#end(key);
      else next = Math.min(next, alert.changedUs + quietUs);
    }
    this.#nextQuietUs = next;
  }

  #update(alert: OpenAlert): void {
    alert.toldUs = this.#clockUs;
    this.#dirty.delete(alert);
    this.#tell(told(alert, "update", this.#nameOf));
  }

  #end(key: string): void {
    const alert = this.#open.get(key);
    if (alert === undefined) return;
    this.#open.delete(key);
    this.#dirty.delete(alert);
    this.#perKind.set(alert.spec.kind, this.#perKind.get(alert.spec.kind)! - 1);
    this.#tell(told(alert, "final", this.#nameOf));
  }

  #makeRoom(spec: RuleSpec): void {
    const crowded = (this.#perKind.get(spec.kind) ?? 0) >= MAX_OPEN_PER_RULE;
    if (!crowded && this.#open.size < MAX_OPEN_ALERTS) return;
    for (const [key, alert] of this.#open) {
      if (crowded && alert.spec.kind !== spec.kind) continue;
      this.#evicted++;
      this.#end(key);
      return;
    }
  }
}

function quietUsOf({ spec, suspicion }: OpenAlert): number {
  return Math.max(spec.quietSeconds ?? DEFAULT_QUIET_S, suspicion.quietSeconds ?? 0) * 1e6;
}

function told(
  alert: OpenAlert,
  phase: "new" | "update" | "final",
  nameOf: (address: string) => string,
): Observation {
  const { spec, suspicion } = alert;
  const sourceName = nameOf(suspicion.source);
  const serverName = nameOf(suspicion.target);
  return {
    type: "alert",
    timeUs: alert.firstUs,
    flow: identityOf(suspicion),
    direction: 0,
    fields: {
      alert: {
        action: "allowed",
        gid: 1,
        signature_id: spec.signatureId,
        rev: 1,
        signature: spec.title,
        category: spec.category,
        severity: suspicion.severity ?? spec.severity,
        ...(spec.attack === null ? {} : {
          metadata: { mitre_technique_id: [spec.attack.id], mitre_technique_name: [spec.attack.name] },
        }),
      },
      netpane: {
        kind: spec.kind,
        message: suspicion.message,
        ...(suspicion.confidence === undefined
          ? {}
          : { confidence: Math.round(suspicion.confidence * 100) / 100 }),
        ...(suspicion.program ? { program: suspicion.program } : {}),
        ...(sourceName === "" ? {} : { source_name: sourceName }),
        ...(serverName === "" ? {} : { server_name: serverName }),
        evidence: suspicion.evidence,
        count: suspicion.count,
        last_seen: alert.lastUs / 1000,
      },
    },
    alert: { id: alert.id, phase, flowId: suspicion.flowId ?? 0 },
  };
}

/** An alert is about hosts, not about one flow: it has no flow number, and ports only where they matter. */
function identityOf(suspicion: Suspicion): FlowIdentity {
  const any = suspicion.source || suspicion.target;
  return {
    id: 0,
    ipVersion: any === "" ? 0 : any.includes(":") ? 6 : 4,
    protocol: suspicion.protocol ?? 0,
    clientAddress: suspicion.source,
    clientPort: suspicion.sourcePort ?? 0,
    serverAddress: suspicion.target,
    serverPort: suspicion.targetPort ?? 0,
    vlan: 0,
    tunnel: 0,
    interfaceIndex: suspicion.interfaceIndex ?? 0,
    communityId: "",
  };
}
