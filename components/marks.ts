/** Which connections have findings: what their row is marked with, and what their details say. */
import type { Anomaly } from "../model/api.ts";
import { brandOf, cardText, isNote, titleOf } from "./finding_words.ts";

/** A finding, made small. */
export interface Mark {
  id: string;
  severity: number;
  text: string;
}

/** All findings of one connection. */
export interface FlowMarks {
  /** The gravest. */
  severity: number;
  marks: Mark[];
}

/** A finding in one line: `Card number in clear text: Visa •••• 1111`. */
export function markOf(anomaly: Anomaly): Mark {
  const { brand, masked, protocol } = anomaly.details;
  const what = typeof masked === "string"
    ? `${typeof brand === "string" ? brandOf(brand) + " " : ""}${cardText(masked, false)}`
    : typeof protocol === "string"
    ? protocol.toUpperCase()
    : "";
  const title = titleOf(anomaly);
  const text = (what === "" ? title : `${title}: ${what}`) + (isNote(anomaly) ? " (unsure)" : "");
  return { id: anomaly.id, severity: anomaly.severity, text };
}

/** The number of the flow that a finding belongs to: what stands before the colon of its id. */
export function flowOf(findingId: string): string {
  return findingId.split(":", 1)[0];
}

/** Marks by the id of their connection (`f` and the flow's number). */
export function marksByConnection(marks: Iterable<Mark>): Map<string, FlowMarks> {
  const flows = new Map<string, FlowMarks>();
  for (const mark of marks) {
    const id = `f${flowOf(mark.id)}`;
    const known = flows.get(id);
    if (known === undefined) flows.set(id, { severity: mark.severity, marks: [mark] });
    else {
      known.severity = Math.min(known.severity, mark.severity);
      known.marks.push(mark);
    }
  }
  return flows;
}
