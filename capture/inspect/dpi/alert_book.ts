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
  signatureId: number;
  /** The `netpane` object: `kind` and its evidence. */
  details: Record<string, unknown>;
}

interface OpenAlert {
  observation: Observation;
  count: number;
  toldUs: number;
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

  /** A finding was seen (again): the first time makes an alert, later ones count. */
  raise(flow: FlowIdentity, direction: number, timeUs: number, finding: Finding): void {
    let alerts = this.#flows.get(flow.id);
    const known = alerts?.get(finding.key);
    if (known !== undefined) {
      known.count++;
      if (timeUs - known.toldUs < UPDATE_US) return;
      known.toldUs = timeUs;
      this.#tell(current(known, "update"));
      return;
    }
    if (this.#open >= MAX_OPEN || (alerts !== undefined && alerts.size >= MAX_PER_FLOW)) {
      this.refused++;
      return;
    }
    if (alerts === undefined) this.#flows.set(flow.id, alerts = new Map());
    const alert = { observation: alertOf(flow, direction, timeUs, finding), count: 1, toldUs: timeUs };
    alerts.set(finding.key, alert);
    this.#open++;
    this.raised++;
    this.#tell(current(alert, "new"));
  }

  /** The flow is over: its alerts are told with their final count. */
  close(flowId: number): void {
    const alerts = this.#flows.get(flowId);
    if (alerts === undefined) return;
    this.#flows.delete(flowId);
    this.#open -= alerts.size;
    for (const alert of alerts.values()) this.#tell(current(alert, "final"));
  }
}

function alertOf(flow: FlowIdentity, direction: number, timeUs: number, finding: Finding): Observation {
  const { key, signature, category, severity, signatureId, details } = finding;
  return {
    type: "alert",
    timeUs,
    flow,
    direction,
    fields: {
      alert: { action: "allowed", gid: 1, signature_id: signatureId, rev: 1, signature, category, severity },
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
      netpane: { ...observation.fields.netpane as Record<string, unknown>, count },
    },
    alert: { id: observation.alert!.id, phase },
  };
}
