/** Which connections, hosts and programs alerts concern: what a row is marked with, and what its details say. */
import { flowOf, isExpected } from "../model/alerts.ts";
import type { Anomaly, Connection } from "../model/api.ts";
import { brandOf, cardText, isNote, titleOf } from "./finding_words.ts";
import { legible } from "./legible.ts";

/** An alert, made small. */
export interface Mark {
  id: string;
  severity: number;
  text: string;
  /** The connection it was seen in, as `Connection.id`; "" for one that is about hosts. */
  row: string;
  source: string;
  target: string;
  /** The target's; 0 for none or many. */
  port: number;
  process: string;
  open: boolean;
  /** Packet time, ms. */
  first: number;
  last: number;
}

/** All alerts about one connection, host or program. */
export interface Marks {
  /** The gravest. */
  severity: number;
  marks: Mark[];
}

/** Clocks of a connection and of what was seen in it may differ by so much. */
const SLACK_MS = 2_000;
/** What tops the lists of hosts and programs is what they did in the last minute. */
const RECENT_MS = 60_000;
/** Longest sentence in a mark. */
const MAX_TEXT = 200;

/** An alert in one line: `Card number in clear text: Visa •••• 1111`; null for one that is expected. */
export function markOf(alert: Anomaly): Mark | null {
  if (isExpected(alert)) return null;
  const { brand, masked, protocol } = alert.details;
  const what = typeof masked === "string"
    ? `${typeof brand === "string" ? brandOf(brand) + " " : ""}${cardText(masked, false)}`
    : typeof protocol === "string"
    ? protocol.toUpperCase()
    : alert.message;
  const title = titleOf(alert);
  const isOfFlow = /^\d+:/.test(alert.id);
  return {
    id: alert.id,
    severity: alert.severity,
    text: legible(what === "" ? title : `${title}: ${what}`, MAX_TEXT) +
      (isNote(alert) && alert.kind === "cardholder_data" ? " (unsure)" : ""),
    row: isOfFlow ? `f${flowOf(alert.id)}` : "",
    source: alert.src_ip,
    target: alert.dest_ip,
    port: alert.dest_port,
    process: alert.process,
    open: alert.open,
    first: alert.first,
    last: alert.last,
  };
}

/** Marks by what they are about; made once for many rows. */
export interface MarkIndex {
  rows: Map<string, Mark[]>;
  /** Those about hosts, by each end they name. */
  hosts: Map<string, Mark[]>;
  /** Those about a program with no end named. */
  programs: Map<string, Mark[]>;
}

export function indexMarks(marks: Iterable<Mark>): MarkIndex {
  const index: MarkIndex = { rows: new Map(), hosts: new Map(), programs: new Map() };
  for (const mark of marks) {
    if (mark.row !== "") add(index.rows, mark.row, mark);
    for (const end of new Set([mark.source, mark.target])) if (end !== "") add(index.hosts, end, mark);
    if (mark.process !== "") add(index.programs, mark.process, mark);
  }
  return index;
}

/** Alerts about a connection: seen in it, or about its ends while it was there. */
export function marksOfRow(index: MarkIndex, row: Connection): Marks | undefined {
  const found = new Set(index.rows.get(row.id));
  for (const end of [row.src_ip, row.dest_ip]) {
    for (const mark of index.hosts.get(end) ?? []) {
      if (mark.row === "" && concerns(mark, row)) found.add(mark);
    }
  }
  for (const process of [row.process, row.peer]) {
    for (const mark of index.programs.get(process?.name ?? "") ?? []) {
      if (mark.row === "" && mark.source === "" && mark.target === "" && overlaps(mark, row)) found.add(mark);
    }
  }
  return gathered(found);
}

/** Alerts about a host that go on, or did within the last minute. */
export function marksOfHost(index: MarkIndex, address: string, now: number): Marks | undefined {
  return gathered((index.hosts.get(address) ?? []).filter((mark) => isRecent(mark, now)));
}

/** The same about a program. */
export function marksOfProgram(index: MarkIndex, name: string, now: number): Marks | undefined {
  return gathered((index.programs.get(name) ?? []).filter((mark) => isRecent(mark, now)));
}

function concerns(mark: Mark, row: Connection): boolean {
  if (!overlaps(mark, row)) return false;
  const { source, target, port, process } = mark;
  // Of what this machine sends, only what the same program sends.
  const isOurs = (row.direction === "out" || row.direction === "local") && row.src_ip === source;
  if (isOurs && process !== "" && row.process !== null && row.process.name !== process) return false;
  const isPort = port === 0 || row.dest_port === port;
  if (source === "" || target === "") {
    return (source === "" || row.src_ip === source) && (target === "" || row.dest_ip === target) && isPort;
  }
  return (row.src_ip === source && row.dest_ip === target && isPort) ||
    (row.src_ip === target && row.dest_ip === source && (port === 0 || row.src_port === port));
}

function overlaps(mark: Mark, { start, last }: Connection): boolean {
  return (last === 0 || last >= mark.first - SLACK_MS) && (mark.open || start <= mark.last + SLACK_MS);
}

function isRecent(mark: Mark, now: number): boolean {
  return mark.open || now - mark.last <= RECENT_MS;
}

function gathered(found: Iterable<Mark>): Marks | undefined {
  const marks = [...found].sort((a, b) => a.severity - b.severity || b.last - a.last);
  return marks.length === 0 ? undefined : { severity: marks[0].severity, marks };
}

function add(map: Map<string, Mark[]>, key: string, mark: Mark): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [mark]);
  else known.push(mark);
}
