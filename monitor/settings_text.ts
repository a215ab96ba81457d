/**
 * The settings file as text, for what must not disturb the rest of it: where something stands, an expected entry added
 * at the end, one taken away. Comments, order and spelling of all else stay as their author has them.
 */
import type { Expected } from "../model/api.ts";

const ENTRY_HEAD = /^\s*\[\[\s*expected\s*\]\]\s*(#.*)?$/;
const ANY_HEAD = /^\s*\[/;

/**
 * Lines of a TOML text by path (`rules.port_scan.failures`, `expected[0].port`), from 1. As good as can be for
 * messages: texts of several lines may mislead it.
 */
export function locate(text: string): Map<string, number> {
  const lines = new Map<string, number>();
  const counts = new Map<string, number>();
  let table = "";
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const list = /^\s*\[\[\s*([^\]]+?)\s*\]\]/.exec(line)?.[1];
    const head = /^\s*\[\s*([^\[\]]+?)\s*\]/.exec(line)?.[1];
    const key = /^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=/.exec(line)?.[1];
    if (list !== undefined) {
      const name = plain(list);
      const index = counts.get(name) ?? 0;
      counts.set(name, index + 1);
      table = `${name}[${index}]`;
    } else if (head !== undefined) table = plain(head);
    const path = key === undefined ? table : table === "" ? plain(key) : `${table}.${plain(key)}`;
    if ((list ?? head ?? key) !== undefined && !lines.has(path)) lines.set(path, i + 1);
  }
  return lines;
}

/** A TOML text with one entry more at its end. */
export function withEntry(text: string, entry: Expected): string {
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const before = text.trim() === "" ? text : text.replace(/(\r?\n)*$/, newline + newline);
  return before + entryText(entry).join(newline) + newline;
}

/** A TOML text without its entry number `index` (from 0); as it is where there is none. */
export function withoutEntry(text: string, index: number): string {
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = text.split(/\r?\n/);
  const start = lines.flatMap((line, i) => ENTRY_HEAD.test(line) ? [i] : [])[index];
  if (start === undefined) return text;
  let end = lines.findIndex((line, i) => i > start && ANY_HEAD.test(line));
  if (end < 0) end = lines.length;
  // Comments and blank lines in front of the next table belong to that.
  while (end > start + 1 && /^\s*(#.*)?$/.test(lines[end - 1])) end--;
  lines.splice(start, end - start);
  while (start > 0 && lines[start]?.trim() === "" && lines[start - 1].trim() === "") lines.splice(start, 1);
  return lines.join(newline);
}

/** Keys of an entry as they are written. */
function entryText({ id: _, ...entry }: Expected): string[] {
  // TOML's basic strings take what JSON's do, but for one control character that no field may hold.
  return [
    "[[expected]]",
    ...Object.entries(entry).map(([key, value]) => `${key} = ${JSON.stringify(value)}`),
  ];
}

/** A dotted key without quotes and blanks. */
function plain(key: string): string {
  return key.split(".").map((part) => part.trim().replace(/^["']|["']$/g, "")).join(".");
}
