/** All kinds of alerts as the API tells of them: their words, how they are set, and what they have done. */
import { INSPECTED_KINDS, KINDS } from "../detect/kinds.ts";
import { settingName } from "../detect/settings.ts";
import type { RuleStatus } from "../model/api.ts";
import type { DetectCounters, RuleSettings } from "../model/detection.ts";
import type { KindCounters } from "./alerts.ts";

const DEFAULT_QUIET_S = 300;

/** @param told What came of each kind. */
export function ruleStatuses(
  settings: RuleSettings,
  detect: DetectCounters,
  told: Readonly<Record<string, KindCounters>>,
): RuleStatus[] {
  return KINDS.map((spec) => {
    const { kind, title, category, severity, signatureId, attack, notices, why, fooled, enabled = true } =
      spec;
    const isInspected = INSPECTED_KINDS.includes(spec);
    const set = settings[kind];
    const { alerts = 0, expected = 0, off = 0 } = told[kind] ?? {};
    const { entries = 0, capacity = 0, evicted = 0, failures = 0 } = detect.rules[kind] ?? {};
    return {
      kind,
      title,
      category,
      severity,
      signature_id: signatureId,
      attack,
      notices,
      why,
      fooled,
      from: isInspected ? "inspector" : "detector",
      enabled: set?.enabled ?? enabled,
      enabled_by_default: enabled,
      quiet_s: isInspected ? null : spec.quietSeconds ?? DEFAULT_QUIET_S,
      options: Object.entries(spec.options).map(([name, option]) => ({
        name: settingName(name),
        value: set?.options?.[name] ?? option.default,
        default: option.default,
        min: option.range[0],
        max: option.range[1],
        unit: option.unit,
        help: option.help,
      })),
      counters: { alerts, expected, off, entries, capacity, evicted, failures },
    };
  });
}
