/** The part of the settings file about rules: `[rules.KIND]` with `enabled` and the rule's thresholds. */
import type { RuleSettings } from "../model/detection.ts";
import { nearest } from "../model/nearest.ts";
import { type Complain, describe, tableOf } from "../model/settings.ts";
import { KINDS, type KindSpec } from "./kinds.ts";

/** How the settings file, documentation and API call an option: `forgetSeconds` is `forget_seconds` there. */
export function settingName(option: string): string {
  return option.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * @param value What the file has as `rules`.
 * @param specs For tests. @default all kinds there are
 */
export function checkRules(
  value: unknown,
  complain: Complain,
  specs: readonly KindSpec[] = KINDS,
): RuleSettings {
  const settings: RuleSettings = {};
  for (const [kind, rule] of Object.entries(tableOf(value, "rules", complain) ?? {})) {
    const path = `rules.${kind}`;
    const spec = specs.find((one) => one.kind === kind);
    if (spec === undefined) {
      complain(path, `is no rule${suggestion(kind, specs)}`);
      continue;
    }
    const table = tableOf(rule, path, complain);
    if (table !== null) settings[kind] = checkRule(table, spec, path, complain);
  }
  return settings;
}

/** Complains about a kind of alert that does not exist. @returns Whether it does. */
export function checkKind(
  kind: unknown,
  path: string,
  complain: Complain,
  specs: readonly KindSpec[] = KINDS,
): kind is string {
  if (typeof kind === "string" && specs.some((spec) => spec.kind === kind)) return true;
  const hint = typeof kind === "string" ? suggestion(kind, specs) : "";
  complain(path, `takes a kind of alert, not ${describe(kind)}${hint}`);
  return false;
}

function checkRule(
  table: Record<string, unknown>,
  { options }: KindSpec,
  path: string,
  complain: Complain,
): RuleSettings[string] {
  const rule: RuleSettings[string] = {};
  const names = new Map(Object.keys(options).map((option) => [settingName(option), option]));
  for (const [name, value] of Object.entries(table)) {
    const at = `${path}.${name}`;
    if (name === "enabled") {
      if (typeof value === "boolean") rule.enabled = value;
      else complain(at, `takes true or false, not ${describe(value)}`);
      continue;
    }
    const option = names.get(name);
    if (option === undefined) {
      const known = ["enabled", ...names.keys()];
      complain(at, `is not known here${nearest(name, known) || `; known are ${known.join(", ")}`}`);
    } else {
      const { range: [least, most], unit } = options[option];
      const allowed = `from ${least} to ${most}${unit === "" ? "" : ` ${unit}`}`;
      if (typeof value !== "number" || !Number.isFinite(value)) {
        complain(at, `takes a number ${allowed}, not ${describe(value)}`);
      } else if (value < least || value > most) {
        complain(at, `is ${value}, ${value < least ? "below" : "above"} what is allowed: ${allowed}`);
      } else (rule.options ??= {})[option] = value;
    }
  }
  return rule;
}

function suggestion(kind: string, specs: readonly KindSpec[]): string {
  const kinds = specs.map((spec) => spec.kind);
  return nearest(kind, kinds) || `; there are ${kinds.join(", ")}`;
}
