/** Which alerts of a file are written: not those that are expected, nor those of kinds that are off; both are counted. */
import { inspectedOff } from "../detect/kinds.ts";
import type { Observation } from "../model/observation.ts";
import type { Settings } from "../model/settings.ts";
import { expectedBy, observedScope } from "./expected.ts";

export class AlertSieve {
  readonly #settings: Settings;
  readonly #off: ReadonlySet<string>;
  readonly #nameOf: (address: string) => string;
  /** For the stats line. */
  readonly counters = { alerts_expected: 0, alerts_off: 0 };

  /** @param nameOf Name that an address was seen to have; "" for none. */
  constructor(settings: Settings, nameOf: (address: string) => string) {
    this.#settings = settings;
    this.#off = inspectedOff(settings.rules);
    this.#nameOf = nameOf;
  }

  /** @param alert As it was told for the last time. It is judged by the time of its last sighting: a file stays the same. */
  passes(alert: Observation): boolean {
    const { kind, last_seen } = alert.fields.netpane as { kind: string; last_seen?: number };
    if (this.#off.has(kind)) {
      this.counters.alerts_off++;
      return false;
    }
    const { expected } = this.#settings;
    if (expected.length === 0) return true;
    const lastMs = last_seen ?? alert.timeUs / 1000;
    if (expectedBy(observedScope(alert, this.#nameOf), expected, lastMs) === null) return true;
    this.counters.alerts_expected++;
    return false;
  }
}
