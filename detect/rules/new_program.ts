/**
 * A program that uses the network for the first time on this machine.
 *
 * Programs are told apart by their path without versions, so that an update is no new one. What was seen within the
 * first hour of watching is usual; it is kept over a restart.
 */
import type { SystemFacts } from "../../model/system_facts.ts";
import type { Rule, RuleContext, RuleSpec, RuleState } from "../contract.ts";
import { usualPath } from "../usual_set.ts";
import { placeText } from "../words.ts";

const OPTIONS = {
  learnSeconds: {
    default: 3_600,
    range: [0, 2_592_000],
    unit: "s",
    help: "Programs of the first so many seconds of watching are usual",
  },
} as const;

/** @see RuleSpec */
export const newProgram: RuleSpec<typeof OPTIONS> = {
  kind: "new_program",
  title: "New program on the network",
  category: "Change on this machine",
  severity: 3,
  signatureId: 1_900_165,
  attack: null,
  notices: "The first connection of a program that was never seen to use the network on this machine.",
  why:
    "What is new here is what was installed, or got in: it can be compared with what was done at that time.",
  fooled:
    "Whatever runs inside a known program (a script in Python, an extension of a browser) is not new. Connections too short for their program to be known do not count.",
  options: OPTIONS,
  create: (context) => new NewProgram(context),
};

class NewProgram implements Rule {
  readonly #context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>;

  constructor(context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>) {
    this.#context = context;
  }

  system({ atUs, owners, listeners }: SystemFacts): void {
    const { usual, options } = this.#context;
    if (owners.length + listeners.length > 0) usual.watch(atUs);
    for (const owner of owners) {
      const name = owner.path === "" ? owner.program : usualPath(owner.path);
      if (name === "" || usual.since(name) !== undefined) continue;
      usual.add(name);
      if (usual.watchedSeconds >= options.learnSeconds) this.#tell(owner, name);
    }
  }

  get state(): RuleState {
    const { size, evicted } = this.#context.usual;
    return { entries: size, capacity: 4_096, evicted };
  }

  #tell(
    { flowId, program, path, pid, user, address, port, inbound }: SystemFacts["owners"][number],
    name: string,
  ): void {
    this.#context.desk.raise({
      key: name,
      source: inbound ? address : "",
      target: inbound ? "" : address,
      targetPort: inbound ? 0 : port,
      flowId,
      program,
      message: `${program || path} uses the network for the first time here: ${
        inbound ? "called by" : "it calls"
      } ${inbound ? address : placeText(address, port)}`,
      evidence: { program, path, pid, user, address, port, inbound },
      count: 1,
    });
  }
}
