/**
 * The settings file as a value: read from TOML or JSON, looked through to its end, so that all that is wrong is told at
 * once, with its line or path and what is allowed. Files are read and written in `settings_file.ts`.
 */
import { createHash } from "node:crypto";
import { isAbsolute, join } from "node:path";
import { parse as parseToml, TomlDate, TomlError } from "smol-toml";
import { checkKind, checkRules } from "../detect/settings.ts";
import type { KindSpec } from "../detect/kinds.ts";
import { isPrivateText, parseAddress } from "../model/address.ts";
import type { Expected } from "../model/api.ts";
import { isTidy, parseNetwork } from "../model/network.ts";
import {
  type BlocklistSetting,
  type Complain,
  type Complaint,
  describe,
  emptySettings,
  listOf,
  NOTIFY_TYPES,
  type NotifySetting,
  refuseOthers,
  type Settings,
  SYSLOG_FORMATS,
  tableOf,
} from "../model/settings.ts";
import { nearest } from "../model/nearest.ts";
import { endOfDay, portRange } from "./expected.ts";
import { locate } from "./settings_text.ts";

export const MAX_SETTINGS_BYTES = 1 << 20;
/** Entries are tried on every alert. */
export const MAX_EXPECTED = 1_000;
export const MAX_TARGETS = 20;
const MAX_COMMENT = 300;
const MAX_PROGRAM = 1_024;
/** RFC 1035 §2.3.4. */
const MAX_NAME = 253;

export type SettingsFormat = "toml" | "json";

export interface SettingsSource {
  text: string;
  format: SettingsFormat;
  /** How messages call the file. */
  name: string;
  /** Where relative paths in it begin. */
  folder: string;
  /** For tests. @default all kinds there are */
  specs?: readonly KindSpec[];
}

/** A file that is wrong; each complaint is a line of the message. */
export class SettingsError extends Error {
  override name = "SettingsError";
  constructor(readonly complaints: string[]) {
    super(complaints.join("\n"));
  }
}

/** @throws SettingsError with everything that is wrong. */
export function parseSettings({ text, format, name, folder, specs }: SettingsSource): Settings {
  const value = format === "toml" ? tomlValue(text, name) : jsonValue(text, name);
  const complaints: Complaint[] = [];
  const complain: Complain = (path, message) => complaints.push({ path, message });
  const settings = checkSettings(value, { folder, specs }, complain);
  const impossible = format === "toml" ? impossibleDays(text, name) : [];
  if (complaints.length === 0 && impossible.length === 0) return settings;
  const lines = format === "toml" ? locate(text) : new Map<string, number>();
  const told = complaints.map(({ path, message }) => {
    const line = lines.get(path) ?? lines.get(path.replace(/\.[^.]*$/, ""));
    return `${name}${line === undefined ? "" : `:${line}`}: ${path === "" ? "" : `${path} `}${message}`;
  });
  throw new SettingsError([...told, ...impossible]);
}

/** The number of an entry: made from what it says. */
export function expectedId(entry: Omit<Expected, "id">): string {
  const { kind, source, destination, port, program, comment, until } = entry;
  const said = JSON.stringify([kind, source, destination, port, program, comment, until]);
  return createHash("sha256").update(said).digest("hex").slice(0, 12);
}

/**
 * One expected entry, from the file or from a request.
 *
 * @param path How complaints call it; with a dot at the end unless it is empty.
 * @returns Null when something was wrong with it.
 */
export function checkExpected(
  value: unknown,
  path: string,
  complain: Complain,
  specs?: readonly KindSpec[],
): Expected | null {
  const table = tableOf(value, path.replace(/\.$/, ""), complain);
  if (table === null) return null;
  let fine = true;
  const wrong: Complain = (field, message) => {
    fine = false;
    complain(`${path}${field}`, message);
  };
  const scope = ["kind", "source", "destination", "port", "program"];
  refuseOthers(table, [...scope, "comment", "until"], "", wrong);
  if (!scope.some((field) => table[field] !== undefined)) {
    complain(path.replace(/\.$/, ""), `would cover everything: it needs at least one of ${scope.join(", ")}`);
    return null;
  }
  const entry: Omit<Expected, "id"> = { comment: checkComment(table.comment, wrong) };
  if (table.kind !== undefined && checkKind(table.kind, "kind", wrong, specs)) entry.kind = table.kind;
  for (const field of ["source", "destination"] as const) {
    if (table[field] !== undefined) entry[field] = checkEnd(table[field], field, wrong);
  }
  if (table.port !== undefined) {
    const range = portRange(table.port);
    if (range === null) {
      wrong(
        "port",
        `takes a port from 1 to 65535, or a range such as "8000-8010", not ${describe(table.port)}`,
      );
    } else entry.port = range[0] === range[1] ? range[0] : `${range[0]}-${range[1]}`;
  }
  if (table.program !== undefined) entry.program = checkProgram(table.program, wrong);
  if (table.until !== undefined) entry.until = checkDay(table.until, wrong);
  return fine ? { id: expectedId(entry), ...entry } : null;
}

/** Who a target is, without what may be secret in its address. */
export function targetHost(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "";
}

function checkSettings(
  value: unknown,
  { folder, specs }: { folder: string; specs?: readonly KindSpec[] },
  complain: Complain,
): Settings {
  const settings = emptySettings();
  const table = tableOf(value, "", complain);
  if (table === null) return settings;
  refuseOthers(table, ["rules", "expected", "blocklists", "notify"], "", complain);
  if (table.rules !== undefined) settings.rules = checkRules(table.rules, complain, specs);
  if (table.expected !== undefined) {
    const rows = listOf(table.expected, "expected", "[[expected]]", complain);
    if (rows.length > MAX_EXPECTED) {
      complain("expected", `has ${rows.length} entries: at most ${MAX_EXPECTED}`);
    }
    settings.expected = rows.slice(0, MAX_EXPECTED)
      .map((row, i) => checkExpected(row, `expected[${i}].`, complain, specs))
      .filter((entry) => entry !== null);
  }
  if (table.blocklists !== undefined) {
    settings.blocklists = checkBlocklists(table.blocklists, folder, complain);
  }
  if (table.notify !== undefined) settings.notify = checkTargets(table.notify, complain, specs);
  return settings;
}

function checkBlocklists(value: unknown, folder: string, complain: Complain): BlocklistSetting[] {
  const lists: BlocklistSetting[] = [];
  for (const [i, row] of listOf(value, "blocklists", "[[blocklists]]", complain).entries()) {
    const at = `blocklists[${i}]`;
    const table = tableOf(row, at, complain);
    if (table === null) continue;
    refuseOthers(table, ["name", "path"], at, complain);
    const { name, path } = table;
    if (!isLine(name, 60)) complain(`${at}.name`, "takes a name of at most 60 characters");
    else if (lists.some((list) => list.name === name)) complain(`${at}.name`, `"${name}" is taken already`);
    if (typeof path !== "string" || path === "") complain(`${at}.path`, "takes the path of a file");
    if (isLine(name, 60) && typeof path === "string" && path !== "") {
      lists.push({ name, path: isAbsolute(path) ? path : join(folder, path) });
    }
  }
  return lists;
}

function checkTargets(value: unknown, complain: Complain, specs?: readonly KindSpec[]): NotifySetting[] {
  const targets: NotifySetting[] = [];
  const rows = Object.entries(tableOf(value, "notify", complain) ?? {});
  if (rows.length > MAX_TARGETS) complain("notify", `has ${rows.length} targets: at most ${MAX_TARGETS}`);
  for (const [name, row] of rows.slice(0, MAX_TARGETS)) {
    const path = `notify.${name}`;
    const table = tableOf(row, path, complain);
    if (table === null) continue;
    if (!/^[\w-]{1,40}$/.test(name)) complain(path, "takes a name of letters, digits, - and _, at most 40");
    const target = checkTarget(name, table, path, complain, specs);
    if (target !== null) targets.push(target);
  }
  return targets;
}

/** Addresses and secrets are never repeated in a complaint. */
function checkTarget(
  name: string,
  table: Record<string, unknown>,
  path: string,
  complain: Complain,
  specs?: readonly KindSpec[],
): NotifySetting | null {
  refuseOthers(table, ["type", "url", "secret", "min_severity", "kinds", "format"], path, complain);
  const { url, secret = "", min_severity = 2, kinds = [], format } = table;
  const type = NOTIFY_TYPES.find((one) => one === table.type);
  if (type === undefined) {
    const hint = nearest(String(table.type ?? ""), NOTIFY_TYPES);
    complain(`${path}.type`, `takes one of ${NOTIFY_TYPES.join(", ")}${hint}`);
  }
  const trouble = typeof url === "string" ? urlTrouble(url, type) : "takes an address: https://…";
  if (trouble !== "") complain(`${path}.url`, trouble);
  if (typeof secret !== "string" || /[^\x21-\x7e]/.test(secret)) {
    complain(`${path}.secret`, "takes a text of printable ASCII characters without blanks");
  } else if (secret !== "" && type !== undefined && type !== "webhook" && type !== "ntfy") {
    complain(
      `${path}.secret`,
      `is of no use to ${type}, whose address holds all that is needed: leave it out`,
    );
  }
  if (![1, 2, 3].includes(min_severity as number)) {
    complain(`${path}.min_severity`, "takes 1 (only high), 2 (without notes) or 3 (all)");
  }
  const known = SYSLOG_FORMATS.find((one) => one === format);
  if (format !== undefined && type !== undefined && type !== "syslog") {
    complain(`${path}.format`, `is of no use to ${type}: leave it out`);
  } else if (format !== undefined && known === undefined) {
    complain(`${path}.format`, `takes one of ${SYSLOG_FORMATS.join(", ")}`);
  }
  const wanted = listOf(kinds, `${path}.kinds`, `["port_scan"]`, complain)
    .filter((kind, i) => checkKind(kind, `${path}.kinds[${i}]`, complain, specs)) as string[];
  if (type === undefined || typeof url !== "string") return null;
  return {
    name,
    type,
    url,
    secret: String(secret),
    minSeverity: min_severity as 1 | 2 | 3,
    kinds: wanted,
    ...(known === undefined ? {} : { format: known }),
  };
}

/** What is wrong with an address to send to; "" for nothing. */
function urlTrouble(text: string, type: NotifySetting["type"] | undefined): string {
  if (!URL.canParse(text)) return "is no address: it should begin with https://";
  const url = new URL(text);
  if (type === "syslog") return syslogTrouble(url);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return "takes https:// (http:// within your own network)";
  }
  if (url.username !== "" || url.password !== "") return "takes no user name and password";
  if (url.protocol === "http:" && !isNearby(url.hostname)) {
    return "would be readable on its way: take https:// (http:// is for addresses within your own network)";
  }
  const steps = url.pathname.split("/").filter((step) => step !== "");
  if (type === "telegram" && (steps.at(-1) !== "sendMessage" || !url.searchParams.get("chat_id"))) {
    return "takes https://api.telegram.org/bot<TOKEN>/sendMessage?chat_id=<CHAT>";
  }
  if (type === "ntfy" && steps.length === 0) return "takes the server and the topic: https://ntfy.sh/<TOPIC>";
  return "";
}

function syslogTrouble(url: URL): string {
  if (!["udp:", "tcp:", "tls:"].includes(url.protocol) || url.hostname === "") {
    return "takes udp://HOST:514, tcp://HOST:514 or tls://HOST:6514";
  }
  if (url.username !== "" || url.password !== "" || !["", "/"].includes(url.pathname) || url.search !== "") {
    return "takes a host and a port, and nothing else";
  }
  if (url.protocol === "tls:" || isNearby(url.hostname)) return "";
  return "would be readable on its way: take tls:// (udp:// and tcp:// are for your own network)";
}

/** Whether a host is within one's own network: by address, or by a name that no one can register. */
function isNearby(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  if (parseAddress(bare) !== null) return isPrivateText(bare);
  return !bare.includes(".") || /\.(localhost|local|lan|internal|home\.arpa|test)$/.test(bare);
}

function checkComment(comment: unknown, wrong: Complain): string {
  if (isLine(comment, MAX_COMMENT)) return comment.trim();
  wrong("comment", `takes a line of text, at most ${MAX_COMMENT} characters: why it is expected`);
  return "";
}

function checkProgram(program: unknown, wrong: Complain): string {
  if (isLine(program, MAX_PROGRAM) && (program.startsWith("/") || !program.includes("/"))) return program;
  wrong("program", `takes the name of a program, or its whole path, not ${describe(program)}`);
  return "";
}

function checkDay(day: unknown, wrong: Complain): string {
  const text = day instanceof TomlDate && day.isDate() ? day.toISOString().slice(0, 10) : day;
  if (typeof text === "string" && endOfDay(text) !== null) return text;
  wrong("until", `takes the last day it holds, as 2027-01-31, not ${describe(day)}`);
  return "";
}

/** An address, a network without stray bits, or a host name; in one spelling. */
function checkEnd(value: unknown, field: string, wrong: Complain): string {
  const text = typeof value === "string" ? value.trim() : "";
  const network = parseNetwork(text);
  if (network !== null) {
    if (isTidy(network)) return text.toLowerCase();
    wrong(
      field,
      `"${text}" has bits beyond its prefix: write the network's own address, or leave out the prefix`,
    );
    return "";
  }
  const name = text.toLowerCase().replace(/^\*(?=\.)/, "").replace(/\.$/, "");
  const labels = name.replace(/^\./, "").split(".");
  const isName = name.length <= MAX_NAME && labels.every((label) => /^[\p{L}\p{N}_-]{1,63}$/u.test(label)) &&
    !/^\d+$/.test(labels.at(-1)!);
  if (isName) return name.startsWith(".") && labels.length > 1 ? name.slice(1) : name;
  wrong(field, `takes an address, a network such as 10.0.0.0/8, or a host name, not ${describe(value)}`);
  return "";
}

/** A line of text that is not empty, without control characters. */
function isLine(value: unknown, most: number): value is string {
  return typeof value === "string" && value.trim() !== "" && value.length <= most && value.isWellFormed() &&
    !/\p{Cc}/u.test(value);
}

/** Bare dates, which the parser takes for those of the next month where there are none such: 2027-02-30. */
function impossibleDays(text: string, name: string): string[] {
  return text.split("\n").flatMap((line, i) => {
    const day = /^\s*until\s*=\s*(\d{4}-\d\d-\d\d)\b/.exec(line)?.[1];
    return day === undefined || endOfDay(day) !== null ? [] : [`${name}:${i + 1}: there is no day ${day}`];
  });
}

function tomlValue(text: string, name: string): unknown {
  try {
    return parseToml(text.replace(/^\ufeff/, ""));
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // What follows in the message is a piece of the file, which may hold a secret.
    const what = error.message.split("\n")[0].replace(/^Invalid TOML document: /, "");
    throw new SettingsError([`${name}:${error.line}:${error.column}: this is not TOML: ${what}`]);
  }
}

function jsonValue(text: string, name: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (error) {
    // The message repeats a piece of the file, which may hold a secret: only the place is told.
    const at = /at position (\d+)/.exec((error as Error).message)?.[1];
    const before = text.slice(0, at === undefined ? text.length : Number(at)).split("\n");
    const place = `${before.length}:${before.at(-1)!.length + 1}`;
    throw new SettingsError([`${name}:${place}: this is not JSON: something else was expected here`]);
  }
}
