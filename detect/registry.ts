/** All rules, in the order in which they are told and documented. A new one is a file in `rules/` and a line here. */
import type { RuleSpec } from "./contract.ts";
import { beaconing } from "./rules/beaconing.ts";
import { longConnection } from "./rules/long_connection.ts";

// deno-lint-ignore no-explicit-any -- each has options of its own
export const RULES: readonly RuleSpec<any>[] = [
  beaconing,
  longConnection,
];
