/**
 * Processes that have ended, told together: a health check that is started once a minute would be a thousand rows by
 * tomorrow, among which nobody finds what is there now.
 */
import type { ProgramSummary } from "../../model/inventory.ts";
import { earlierOf, programOf } from "./programs.ts";

/** The rows, with those of ended processes of one program, user and container made one. */
export function together(rows: readonly ProgramSummary[]): ProgramSummary[] {
  const folded: ProgramSummary[] = [];
  const ended = new Map<string, ProgramSummary>();
  for (const row of rows) {
    const key = programOf(row);
    const known = row.active ? undefined : ended.get(key);
    if (known !== undefined) add(known, row);
    else {
      const first = { ...row };
      folded.push(first);
      if (!row.active) ended.set(key, first);
    }
  }
  return withoutHalfKnown(folded, ended);
}

/**
 * Some were gone before their file could be read: where but one program of that name, user and container is known, they
 * are its. Those of which nothing was known but the name stay by themselves.
 */
function withoutHalfKnown(
  rows: ProgramSummary[],
  ended: ReadonlyMap<string, ProgramSummary>,
): ProgramSummary[] {
  const known = new Map<string, ProgramSummary | null>();
  for (const row of ended.values()) {
    if (row.path === "") continue;
    const key = programOf({ ...row, path: "" });
    known.set(key, known.has(key) ? null : row);
  }
  return rows.filter((row) => {
    const sum = row.active || row.path !== "" || row.user === "" ? null : known.get(programOf(row)) ?? null;
    if (sum !== null) add(sum, row);
    return sum === null;
  });
}

/** Adds up what adds up; all else is the latest's. Alerts are the program's anyway. */
function add(sum: ProgramSummary, row: ProgramSummary): void {
  // Within one second the higher number is most likely the later one.
  if (row.last > sum.last || (row.last === sum.last && row.pid > sum.pid)) {
    sum.pid = row.pid;
    sum.parent_pid = row.parent_pid;
    sum.parent = row.parent;
    sum.command_line = row.command_line;
    sum.last = row.last;
    sum.rtt_ms = row.rtt_ms ?? sum.rtt_ms;
  } else sum.rtt_ms ??= row.rtt_ms;
  sum.started = earlierOf(sum.started, row.started);
  sum.connections_seen += row.connections_seen;
  sum.bytes_in += row.bytes_in;
  sum.bytes_out += row.bytes_out;
  sum.processes += row.processes;
  sum.kept += row.kept;
}
