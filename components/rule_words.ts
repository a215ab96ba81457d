/** The rules that watch: how each does, in a word, and what the first page says of all of them. */
import type { RuleStatus } from "../model/api.ts";
import { counted } from "./format.ts";

export type RuleState = "running" | "off" | "failing";

/** What is needed to say how a rule does. */
type Rule = Pick<RuleStatus, "enabled"> & { counters: Pick<RuleStatus["counters"], "failures"> };

export function ruleState({ enabled, counters }: Rule): RuleState {
  return !enabled ? "off" : counters.failures > 0 ? "failing" : "running";
}

/** `23 rules watch, 2 are off, 1 has failed at times`. */
export function rulesText(rules: readonly Rule[]): string {
  const of = (state: RuleState) => rules.filter((rule) => ruleState(rule) === state).length;
  const [running, off, failing] = [of("running") + of("failing"), of("off"), of("failing")];
  return [
    running === 1 ? "1 rule watches" : `${counted(running, "rule")} watch`,
    ...(off === 0 ? [] : [off === 1 ? "1 is off" : `${off} are off`]),
    ...(failing === 0 ? [] : [failing === 1 ? "1 has failed at times" : `${failing} have failed at times`]),
  ].join(", ");
}
