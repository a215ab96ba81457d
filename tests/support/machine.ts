/** Reports of a machine, second by second, for tests of rules that look at it. */
import type { RuleSpec } from "../../detect/contract.ts";
import { Detector } from "../../detect/mod.ts";
import type { RuleSettings } from "../../model/detection.ts";
import type { SystemFacts } from "../../model/system_facts.ts";
import type { Usual } from "../../model/usual.ts";

const START_US = 1_700_000_000_000_000;

export type Listener = SystemFacts["listeners"][number];

/** Nothing going on. */
export function quiet(): SystemFacts {
  return {
    atUs: START_US,
    cpu: 0.1,
    busy: [],
    owners: [],
    listeners: [],
    interfaces: [],
    capture: { received: 0, dropped: 0 },
    places: [],
  };
}

export function listener(port: number, program: string, more: Partial<Listener> = {}): Listener {
  const path = program === "" ? "" : `/usr/bin/${program}`;
  return { protocol: "tcp", address: "0.0.0.0", port, program, path, pid: 1, ...more };
}

export interface Note {
  kind: string;
  phase: string;
  severity: number;
  message: string;
  count: number;
  evidence: Record<string, unknown>;
}

/** A detector that is told of a machine. */
export class Machine {
  readonly told: Note[] = [];
  readonly detector: Detector;
  #atUs = START_US;

  // deno-lint-ignore no-explicit-any -- each has options of its own
  constructor(specs: readonly RuleSpec<any>[], remembered?: Usual, rules?: RuleSettings) {
    this.detector = new Detector({
      specs,
      remembered,
      rules,
      tell: ({ fields, alert }) => {
        const { kind, message, count, evidence } = fields.netpane as Note;
        const { severity } = fields.alert as { severity: number };
        this.told.push({ kind, phase: alert!.phase, severity, message, count, evidence });
      },
      failed: (kind, error) => {
        throw new Error(`${kind} failed`, { cause: error });
      },
    });
  }

  /** The same for so many seconds. */
  report(facts: Partial<SystemFacts>, seconds = 1): this {
    for (let i = 0; i < seconds; i++) {
      this.#atUs += 1e6;
      this.detector.takeSystem({ ...quiet(), ...facts, atUs: this.#atUs });
    }
    return this;
  }

  /** The machine was off. */
  off(seconds: number): this {
    this.#atUs += seconds * 1e6;
    return this;
  }

  /** First words on each alert. */
  get alerts(): Note[] {
    return this.told.filter(({ phase }) => phase === "new");
  }
}
