/**
 * What happens, as EVE lines for a file: flows as they end, what is seen in them, alerts, and counts every 30 seconds;
 * the same lines as `analyze` writes.
 *
 * An alert is written twice, when it is `new` and when it is `final` with its whole count: `netpane.phase` tells which,
 * `netpane.id` which alert. One that the user expects is not written; where that is still open (its program is not
 * known yet) it waits for a moment.
 */
import type { DetectCounters } from "../model/detection.ts";
import type { InspectorCounters } from "../model/inspection.ts";
import type { Observation } from "../model/observation.ts";
import type { Snapshot } from "../model/protocol.ts";
import { putFlow, putObservation, statsLine } from "./eve.ts";
import type { EveFile } from "./eve_file.ts";

const STATS_MS = 30_000;
/** How long an alert waits for its program, and how many do. */
const HOLD_MS = 5_000;
const MAX_HELD = 1_000;

/** `undecided`: an expected entry may cover it once more is known. */
export type Verdict = "alarm" | "expected" | "off" | "undecided";

export interface EveSurroundings {
  interfaceName(index: number): string;
  verdict(alertId: string, kind: string): Verdict;
}

/** For the stats line. */
export interface EveStats {
  counters: InspectorCounters;
  detect: DetectCounters & { alerts_expected: number; alerts_off: number };
  /** Lost before inspection. */
  dropped: { kernel: number; app: number };
  /** Packet time, ms. */
  clockMs: number;
}

export class EveLog {
  readonly file: EveFile;
  readonly #around: EveSurroundings;
  #held = new Map<string, { alert: Observation; sinceMs: number }>();
  #statsMs: number;

  /** @param nowMs Wall clock. */
  constructor(file: EveFile, around: EveSurroundings, nowMs: number) {
    this.file = file;
    this.#around = around;
    this.#statsMs = nowMs;
  }

  /** Flows that have ended, and what was seen. */
  takeSnapshot({ ended, observations }: Snapshot): void {
    const { file } = this;
    for (let row = 0; row < ended.rows; row++) {
      if (!file.room()) continue;
      putFlow(file.line, ended, row, this.#context(ended.interfaceIndex[row]));
      file.endLine();
    }
    for (const observation of observations) this.#put(observation);
  }

  /** Call after the alerts have been judged. @param nowMs Wall clock. */
  takeAlerts(alerts: readonly Observation[], nowMs: number): void {
    for (const alert of alerts) {
      const { id, phase } = alert.alert!;
      if (phase === "update") continue;
      const held = this.#held.get(id);
      const verdict = this.#around.verdict(id, kindOf(alert));
      if (phase === "new" && verdict === "undecided" && this.#held.size < MAX_HELD) {
        this.#held.set(id, { alert, sinceMs: nowMs });
        continue;
      }
      this.#held.delete(id);
      if (verdict === "expected" || verdict === "off") continue;
      if (held !== undefined) this.#putAlert(held.alert);
      this.#putAlert(alert);
    }
  }

  /** Time goes on. @param nowMs Wall clock. */
  tick(nowMs: number, stats: () => EveStats): void {
    for (const [id, { alert, sinceMs }] of this.#held) {
      const verdict = this.#around.verdict(id, kindOf(alert));
      if (verdict === "undecided" && nowMs - sinceMs < HOLD_MS) continue;
      this.#held.delete(id);
      if (verdict === "alarm" || verdict === "undecided") this.#putAlert(alert);
    }
    if (nowMs - this.#statsMs >= STATS_MS) {
      this.#statsMs = nowMs;
      this.#putStats(stats());
    }
    this.file.flush();
  }

  /** The last counts, and the end. */
  async close(stats: EveStats): Promise<void> {
    for (const { alert } of this.#held.values()) this.#putAlert(alert);
    this.#held.clear();
    this.#putStats(stats);
    await this.file.close();
  }

  #put(observation: Observation): void {
    if (!this.file.room()) return;
    putObservation(this.file.line, observation, this.#context(observation.flow.interfaceIndex));
    this.file.endLine();
  }

  #putAlert(alert: Observation): void {
    const { id, phase } = alert.alert!;
    const details = alert.fields.netpane as Record<string, unknown>;
    this.#put({ ...alert, fields: { ...alert.fields, netpane: { ...details, id, phase } } });
  }

  #putStats({ counters, detect, dropped, clockMs }: EveStats): void {
    if (!this.file.room()) return;
    const lines_lost = this.file.counters().lost;
    const extra = `"netpane":${
      JSON.stringify({ kernel_dropped: dropped.kernel, app_dropped: dropped.app, lines_lost })
    }`;
    const lastPacketUs = counters.lastPacketUs || clockMs * 1000;
    this.file.line.text(statsLine({ ...counters, lastPacketUs }, detect, extra));
    this.file.endLine();
  }

  #context(interfaceIndex: number): { interfaceName: string; extra: string } {
    return { interfaceName: this.#around.interfaceName(interfaceIndex), extra: "" };
  }
}

function kindOf({ fields }: Observation): string {
  return String((fields.netpane as Record<string, unknown>).kind);
}
