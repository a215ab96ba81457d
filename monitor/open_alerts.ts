/**
 * Alerts that a worker has told as going on, each as it was told last: should the worker crash, nobody else would ever
 * say that they are over.
 */
import type { Observation } from "../model/observation.ts";

/** As many as an inspector has open at once, which are more than a detector's: none is ever left out. */
const MAX_OPEN = 16_384;

export class OpenAlerts {
  /** By id, the one told longest ago first. */
  readonly #open = new Map<string, Observation>();

  take(alerts: readonly Observation[]): void {
    for (const alert of alerts) {
      const { id, phase } = alert.alert!;
      this.#open.delete(id);
      if (phase === "final") continue;
      if (this.#open.size >= MAX_OPEN) this.#open.delete(this.#open.keys().next().value!);
      this.#open.set(id, alert);
    }
  }

  /** Each once more, as the last that is told of it; none is open afterwards. */
  takeEnds(): Observation[] {
    const ends = Array.from(
      this.#open.values(),
      (told): Observation => ({ ...told, alert: { ...told.alert!, phase: "final" } }),
    );
    this.#open.clear();
    return ends;
  }
}
