/**
 * Alerts of payload inspection: one per finding and flow with a count, instead of one per packet.
 */
import type { FlowIdentity, Observation } from "../../../model/observation.ts";

/** Alerts open at once in one flow, and in all. What comes beyond is counted. */
const MAX_PER_FLOW = 1000;
const MAX_OPEN = 16_384;
/** An alert that goes on is told again at most this often, packet time. */
const UPDATE_US = 1e6;

/** Takes alerts as they are raised, updated and ended. */
export type TellAlert = (observation: Observation) => void;

/** What is the same for all sightings of a finding. */
export interface Finding {
  /** Tells findings of a flow apart; never holds a secret. */
  key: string;
  /** EVE's `signature`, `category`, `severity` (1 high to 3 low) and our own number for it. */
  signature: string;
  category: string;
  severity: 1 | 2 | 3;
  /** Too unsure for an alert: told as a `note`, which nobody is woken for. */
  note?: boolean;
  signatureId: number;
  /** The `netpane` object: `kind` and its evidence. */
  details: Record<string, unknown>;
}

interface OpenAlert {
  observation: Observation;
  count: number;
  toldUs: number;
  lastUs: number;
}

export class AlertBook {
  #flows = new Map<number, Map<string, OpenAlert>>();
  #tell: TellAlert;
  #open = 0;
  raised = 0;
  /** Findings for which there was no room. */
  refused = 0;

  constructor(tell: TellAlert) {
    this.#tell = tell;
  }

  get open(): number {
    return this.#open;
  }

  /** A finding was seen: the first time makes an alert, later ones count and may know more. */
  raise(flow: FlowIdentity, direction: number, timeUs: number, finding: Finding): void {
    let alerts = this.#flows.get(flow.id);
    const known = alerts?.get(finding.key);
    if (known !== undefined) {
      known.count++;
      const fresh = alertOf(flow, known.observation.direction, known.observation.timeUs, finding);
      const changed = fresh.type !== known.observation.type;
      known.observation = fresh;
      this.#goOn(known, timeUs, changed);
      return;
    }
    if (this.#open >= MAX_OPEN || (alerts !== undefined && alerts.size >= MAX_PER_FLOW)) {
      this.refused++;
      return;
    }
    if (alerts === undefined) this.#flows.set(flow.id, alerts = new Map());
    const observation = alertOf(flow, direction, timeUs, finding);
    const alert = { observation, count: 1, toldUs: timeUs, lastUs: timeUs };
    alerts.set(finding.key, alert);
    this.#open++;
    this.raised++;
    this.#tell(current(alert, "new"));
  }

  /** A known finding was seen again, as it was. @returns False when it is not known: then it must be raised. */
  again(flowId: number, key: string, timeUs: number): boolean {
    const known = this.#flows.get(flowId)?.get(key);
    if (known === undefined) return false;
    known.count++;
    this.#goOn(known, timeUs, false);
    return true;
  }

  /** The flow is over: its alerts are told with their final count. */
  close(flowId: number): void {
    const alerts = this.#flows.get(flowId);
    if (alerts === undefined) return;
    this.#flows.delete(flowId);
    this.#open -= alerts.size;
    for (const alert of alerts.values()) this.#tell(current(alert, "final"));
  }

  #goOn(alert: OpenAlert, timeUs: number, changed: boolean): void {
    if (timeUs > alert.lastUs) alert.lastUs = timeUs;
    if (!changed && timeUs - alert.toldUs < UPDATE_US) return;
    alert.toldUs = timeUs;
    this.#tell(current(alert, "update"));
  }
}

function alertOf(flow: FlowIdentity, direction: number, timeUs: number, finding: Finding): Observation {
  const { key, signature, category, severity, signatureId, details, note = false } = finding;
  const words = { signature_id: signatureId, signature, category, severity };
  return {
    type: note ? "note" : "alert",
    timeUs,
    flow,
    direction,
    fields: {
      ...(note ? { note: words } : { alert: { action: "allowed", gid: 1, rev: 1, ...words } }),
      netpane: { ...details, direction: direction === 0 ? "toserver" : "toclient" },
    },
    alert: { id: `${flow.id}:${key}`, phase: "new" },
  };
}

/** A copy as it stands now, so that the receiver owns what it is given. */
function current(alert: OpenAlert, phase: "new" | "update" | "final"): Observation {
  const { observation, count } = alert;
  return {
    ...observation,
    fields: {
      ...observation.fields,
      netpane: {
        ...observation.fields.netpane as Record<string, unknown>,
        count,
        last_seen: alert.lastUs / 1000,
      },
    },
    alert: { id: observation.alert!.id, phase },
  };
}
