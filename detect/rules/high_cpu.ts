/** The whole machine, or a program that talks on the network, uses almost all CPU there is for it. Live only. */
import type { SystemFacts } from "../../model/system_facts.ts";
import type { Rule, RuleContext, RuleOption, RuleSpec, RuleState } from "../contract.ts";
import { Held } from "../held.ts";
import { digits, percentText, round, spanText } from "../words.ts";

/** Busy programs watched at once. */
const MAX_PROGRAMS = 256;
const SYSTEM = "system";
/** It is over below this part of the limit ... */
const OFF_PART = 0.75;
/** ... for so long. */
const OFF_US = 15_000_000;
/** Programs listed in the evidence. */
const MAX_LISTED = 8;

const options = {
  system: { default: 0.9, range: [0.1, 1], unit: "", help: "Share of all cores in use, at least" },
  program: {
    default: 0.9,
    range: [0.1, 1_024],
    unit: "cores",
    help: "CPU of one process that has connections, at least",
  },
  lasts: { default: 60, range: [1, 86_400], unit: "s", help: "For how long" },
} satisfies Record<string, RuleOption>;

type Options = { [K in keyof typeof options]: number };
type Busy = SystemFacts["busy"][number];

class HighCpu implements Rule {
  readonly #context: RuleContext<Options>;
  readonly #system = new Held();
  readonly #programs = new Map<number, { held: Held; program: string; most: number; cpu: number }>();
  #refused = 0;

  constructor(context: RuleContext<Options>) {
    this.#context = context;
  }

  get state(): RuleState {
    return { entries: this.#programs.size, capacity: MAX_PROGRAMS, evicted: this.#refused };
  }

  system({ atUs, cpu, busy }: SystemFacts): void {
    const { program: on, lasts } = this.#context.options;
    if (cpu !== null) this.#whole(atUs, cpu, busy);
    const now = new Map(busy.map((process) => [process.pid, process]));
    for (const process of busy) {
      const { pid, program } = process;
      const known = this.#programs.get(pid);
      if (known?.program === program || process.cpu < on) continue;
      if (known !== undefined) this.#end(pid); // the number belongs to another by now
      if (this.#programs.size >= MAX_PROGRAMS) this.#refused++;
      else this.#programs.set(pid, { held: new Held(), program, most: 0, cpu: 0 });
    }
    for (const [pid, watched] of this.#programs) {
      const process = now.get(pid);
      const wasOn = watched.held.isOn;
      watched.cpu = process?.cpu ?? 0;
      watched.most = Math.max(watched.most, watched.cpu);
      const limits = { on, off: on * OFF_PART, onUs: lasts * 1e6, offUs: OFF_US };
      const isOn = watched.held.at(atUs, watched.cpu, limits);
      if (isOn && process !== undefined && process.cpu >= limits.off) this.#tell(atUs, process, watched);
      else if (!isOn && (wasOn || watched.held.sinceUs === 0)) this.#end(pid);
    }
  }

  #whole(atUs: number, cpu: number, busy: readonly Busy[]): void {
    const { desk, options: { system: on, lasts } } = this.#context;
    const wasOn = this.#system.isOn;
    const limits = { on, off: on * OFF_PART, onUs: lasts * 1e6, offUs: OFF_US };
    if (!this.#system.at(atUs, cpu, limits)) {
      if (wasOn) desk.close(SYSTEM);
      return;
    }
    if (cpu < limits.off) return; // over, if it stays so
    const seconds = (atUs - this.#system.sinceUs) / 1e6;
    desk.raise({
      key: SYSTEM,
      source: "",
      target: "",
      count: Math.round(seconds),
      firstUs: this.#system.sinceUs,
      message: `All cores together are ${percentText(cpu)} in use, for ${spanText(seconds)} now`,
      evidence: {
        of: "system",
        cpu: round(cpu),
        duration_s: round(seconds, 1),
        talking: busy.slice(0, MAX_LISTED).map(({ pid, program, cpu }) => ({
          pid,
          program,
          cores: round(cpu, 2),
        })),
      },
    });
  }

  #tell(atUs: number, { pid, program, path, cpu }: Busy, { held, most }: { held: Held; most: number }): void {
    const seconds = (atUs - held.sinceUs) / 1e6;
    const cores = digits(Math.round(cpu * 100) / 100);
    this.#context.desk.raise({
      key: `process ${pid}`,
      source: "",
      target: "",
      program,
      count: Math.round(seconds),
      firstUs: held.sinceUs,
      message: `${program || "A program"} (process ${pid}), which has connections, uses ${cores} ` +
        `${cores === "1" ? "core" : "cores"}, for ${spanText(seconds)} now`,
      evidence: {
        of: "process",
        pid,
        program,
        path,
        cores: round(cpu, 2),
        highest_cores: round(most, 2),
        duration_s: round(seconds, 1),
      },
    });
  }

  #end(pid: number): void {
    this.#programs.delete(pid);
    this.#context.desk.close(`process ${pid}`);
  }
}

export const highCpu: RuleSpec<typeof options> = {
  kind: "high_cpu",
  title: "High CPU use",
  category: "Not Suspicious Traffic",
  severity: 3,
  signatureId: 1_900_146,
  attack: null,
  notices:
    "All cores are nine tenths in use for a minute, or one program that has connections uses nine tenths of a " +
    "core for as long.",
  why:
    "A program that talks and computes without end may be mining, cracking or scanning for somebody else; and a " +
    "machine without CPU to spare loses packets.",
  fooled:
    "A program that keeps below the limit, pauses every minute, or shares the work among many processes. Those " +
    "that compute for you (compilers that fetch, video calls, browsers) look the same.",
  options,
  quietSeconds: 60,
  create: (context) => new HighCpu(context),
};
