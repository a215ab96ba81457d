/** What the settings file says, once it has been read and found to be right; and how complaints about it are made. */
import type { Expected } from "./api.ts";
import type { RuleSettings } from "./detection.ts";
import { nearest } from "./nearest.ts";

export interface Settings {
  rules: RuleSettings;
  /** In the order of the file. */
  expected: Expected[];
  blocklists: BlocklistSetting[];
  notify: NotifySetting[];
}

/** A file of addresses, networks or names that nothing here should talk to. */
export interface BlocklistSetting {
  name: string;
  /** Absolute. */
  path: string;
}

export const NOTIFY_TYPES = ["webhook", "slack", "discord", "telegram", "ntfy", "syslog"] as const;
export const SYSLOG_FORMATS = ["text", "cef"] as const;

/** Whom to tell of alerts. */
export interface NotifySetting {
  name: string;
  type: typeof NOTIFY_TYPES[number];
  /** May hold a secret: shown only as `targetHost()` has it. */
  url: string;
  /** Webhook: key of the signature. ntfy: access token. "" for none. */
  secret: string;
  /** The least severe alerts that are told: 1 only high, 3 all. */
  minSeverity: 1 | 2 | 3;
  /** Kinds that are told; empty for all. */
  kinds: string[];
  /** Syslog only. @default "text" */
  format?: typeof SYSLOG_FORMATS[number];
}

/** Settings of a file that says nothing. */
export function emptySettings(): Settings {
  return { rules: {}, expected: [], blocklists: [], notify: [] };
}

/** Something that is wrong: where (`rules.port_scan.failures`), and what to do. */
export interface Complaint {
  path: string;
  message: string;
}

/** Takes complaints while a value is looked through. */
export type Complain = (path: string, message: string) => void;

/** A table of the file; complains about what is none. */
export function tableOf(value: unknown, path: string, complain: Complain): Record<string, unknown> | null {
  if (isTable(value)) return value;
  complain(path, `takes a table, not ${describe(value)}`);
  return null;
}

/** A list of the file. @param example How it is written. */
export function listOf(value: unknown, path: string, example: string, complain: Complain): unknown[] {
  if (Array.isArray(value)) return value;
  complain(path, `takes a list, written ${example}, not ${describe(value)}`);
  return [];
}

/** Complains about keys that nobody knows. */
export function refuseOthers(
  table: Record<string, unknown>,
  known: readonly string[],
  path: string,
  complain: Complain,
): void {
  for (const key of Object.keys(table)) {
    if (known.includes(key)) continue;
    complain(
      path === "" ? key : `${path}.${key}`,
      `is not known here${nearest(key, known) || `; known are ${known.join(", ")}`}`,
    );
  }
}

/** A value as messages call it. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "a date";
  if (isTable(value)) return "a table";
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
