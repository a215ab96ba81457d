/**
 * Every setting of Netpane, once: default, unit, range and the sentence that help text and README show.
 *
 * Nothing else reads arguments or the environment; commands get a finished `Options` handed down.
 */
import { parseArgs } from "node:util";
import { nearest } from "./model/nearest.ts";

export { nearest };

/** One row of the table. `range` bounds numbers inclusively; `choices` bounds text. */
interface OptionSpec {
  kind: "text" | "number" | "flag" | "list";
  /** How the value is written in help, e.g. `NAME`. Flags have none. */
  value?: string;
  default: string | number | boolean | string[];
  unit?: string;
  range?: [number, number];
  choices?: string[];
  short?: string;
  help: string;
}

export const MAX_SNAPLEN = 262_144; // MAXIMUM_SNAPLEN of libpcap

/** The options of `netpane start`. */
export const START_OPTIONS = {
  interface: {
    kind: "list",
    value: "NAME",
    short: "i",
    default: [],
    help: "Interface to capture on; may be given several times, or `any`. Default: all that are up, as `any`",
  },
  filter: {
    kind: "text",
    value: "BPF",
    short: "f",
    default: "",
    help: "Capture only what this BPF filter lets through",
  },
  snaplen: {
    kind: "number",
    value: "BYTES",
    // A segment merged by the network card (GRO) has up to 65,535 bytes of IP and a link header in front.
    default: 65_600,
    range: [64, MAX_SNAPLEN],
    unit: "bytes",
    help: "Bytes captured of each packet",
  },
  "no-promiscuous": { kind: "flag", default: false, help: "See only traffic from and to this machine" },
  buffer: {
    kind: "number",
    value: "MIB",
    default: 16,
    range: [1, 1024],
    unit: "MiB",
    help: "Kernel buffer of each interface",
  },
  pcap: {
    kind: "text",
    value: "FILE",
    default: "",
    help: "Play a capture file instead of capturing; needs no privileges",
  },
  demo: {
    kind: "flag",
    default: false,
    help: "Play the small capture that comes with Netpane, over and over",
  },
  speed: {
    kind: "text",
    value: "N",
    default: "1",
    help: "Playback: packet seconds per second, a number up to 1000 or `max`",
  },
  loop: { kind: "flag", default: false, help: "Playback: start over at the end" },
  host: { kind: "text", value: "ADDRESS", default: "127.0.0.1", help: "Address to serve on" },
  port: {
    kind: "number",
    value: "PORT",
    short: "p",
    default: 8000,
    range: [0, 65_535],
    help: "Port to serve on; 0 takes a free one",
  },
  "tls-cert": {
    kind: "text",
    value: "FILE",
    default: "",
    help: "Serve over TLS with this certificate (PEM, with those between it and the root); needs --tls-key",
  },
  "tls-key": { kind: "text", value: "FILE", default: "", help: "Private key of the certificate (PEM)" },
  "allow-host": {
    kind: "list",
    value: "NAME",
    default: [],
    help:
      "Name that this machine is asked by, as behind a reverse proxy; needs a token then; may be given several times",
  },
  "access-log": {
    kind: "text",
    value: "FILE",
    default: "",
    help: "Write a JSON line for each request; at 16 MiB the file becomes FILE.1. Default: none",
  },
  data: {
    kind: "text",
    value: "DIR",
    default: "",
    help:
      "Folder for what is kept. Default: `data` in this folder; of the single file, the system's place for state",
  },
  settings: {
    kind: "text",
    value: "FILE",
    default: "",
    help: "Settings of rules, expected alerts, notifications. Default: `netpane.toml` in the data folder",
  },
  blocklist: {
    kind: "list",
    value: "FILE",
    default: [],
    help:
      "Addresses, networks and names to warn of, besides those of the settings file; may be given several times",
  },
  eve: {
    kind: "text",
    value: "FILE",
    default: "",
    help: "Write everything as Suricata EVE JSON lines to this file",
  },
  "eve-rotate": {
    kind: "number",
    value: "MIB",
    default: 1024,
    range: [0, 1_048_576],
    unit: "MiB",
    help: "Size at which the EVE log begins a new file; 0 for never",
  },
  "eve-hours": {
    kind: "number",
    value: "HOURS",
    default: 0,
    range: [0, 8784],
    unit: "hours",
    help: "Hours after which it does (24: at midnight UTC); 0 for never",
  },
  "eve-keep": {
    kind: "number",
    value: "N",
    default: 4,
    range: [0, 99],
    unit: "files",
    help: "Old files of the EVE log kept: `FILE.1` is the newest",
  },
  geoip: {
    kind: "list",
    value: "FILE",
    default: [],
    help:
      "MMDB file with places or networks (MaxMind, DB-IP, IPinfo); several times: later ones count over earlier",
  },
  ipinfo: {
    kind: "flag",
    default: false,
    help: "Ask ipinfo.io about addresses seen, with the token in IPINFO_TOKEN",
  },
  "reverse-dns": {
    kind: "flag",
    default: false,
    help: "Ask the system's name servers for the names of addresses seen",
  },
  "max-flows": {
    kind: "number",
    value: "N",
    default: 262_144,
    range: [1024, 262_144],
    unit: "flows",
    help: "Flows kept at most; then the longest idle go",
  },
  "show-payload": {
    kind: "flag",
    default: false,
    help: "Show the start of each packet's payload in the packet log: known words, all else masked",
  },
  open: { kind: "flag", default: false, help: "Open the page in a browser" },
  "log-level": {
    kind: "text",
    value: "LEVEL",
    default: "info",
    choices: ["error", "warn", "info", "debug"],
    help: "What is written to stderr",
  },
  help: { kind: "flag", short: "h", default: false, help: "Show this" },
} as const satisfies Record<string, OptionSpec>;

/** The options of `netpane analyze FILE…`. */
export const ANALYZE_OPTIONS = {
  output: {
    kind: "text",
    value: "FILE",
    short: "o",
    default: "-",
    help: "Where the EVE JSON lines go; `-` is standard output",
  },
  settings: {
    kind: "text",
    value: "FILE",
    default: "",
    help: "Settings of rules and expected alerts. Default: none",
  },
  blocklist: START_OPTIONS.blocklist,
  where: {
    kind: "text",
    value: "FILTER",
    default: "",
    help: "Write only events that the filter language lets through, such as `type:alert or app:tls`",
  },
  "max-flows": START_OPTIONS["max-flows"],
  quiet: { kind: "flag", short: "q", default: false, help: "No progress on stderr" },
  help: START_OPTIONS.help,
} as const satisfies Record<string, OptionSpec>;

/** Commands that take nothing but `--help`. */
export const PLAIN_OPTIONS = { help: START_OPTIONS.help } as const satisfies Record<string, OptionSpec>;

type Value<S extends OptionSpec> = S["kind"] extends "number" ? number
  : S["kind"] extends "flag" ? boolean
  : S["kind"] extends "list" ? string[]
  : string;

export type OptionsOf<T extends Record<string, OptionSpec>> = { [K in keyof T]: Value<T[K]> } & {
  /** What is no option, in order. */
  positionals: string[];
};
export type StartOptions = OptionsOf<typeof START_OPTIONS>;
export type AnalyzeOptions = OptionsOf<typeof ANALYZE_OPTIONS>;

/** The token for ipinfo.io; "" where none is set. */
export function ipinfoToken(): string {
  return (Deno.env.get("IPINFO_TOKEN") ?? "").trim();
}

/** Wrong use of the command line: exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/**
 * Arguments as options.
 *
 * @param table One of the tables above.
 * @param positionals How many words besides options are allowed.
 * @throws UsageError naming the option at fault, and the nearest known one.
 */
export function parseOptions<T extends Record<string, OptionSpec>>(
  table: T,
  args: string[],
  positionals: { min: number; max: number; name: string },
): OptionsOf<T> {
  const names = Object.keys(table);
  const { tokens } = parseArgs({
    args,
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      names.map((name) => [name, {
        type: table[name].kind === "flag" ? "boolean" : "string",
        ...(table[name].short ? { short: table[name].short } : {}),
      }]),
    ),
  });
  const options: Record<string, unknown> = Object.fromEntries(
    names.map((name) => [name, Array.isArray(table[name].default) ? [] : table[name].default]),
  );
  const rest: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") rest.push(token.value);
    if (token.kind !== "option") continue;
    const spec = table[token.name];
    if (spec === undefined) throw new UsageError(unknownOption(token.rawName, names));
    const value = optionValue(token.name, spec, token.value);
    if (spec.kind === "list") (options[token.name] as string[]).push(value as string);
    else options[token.name] = value;
  }
  if (options.help !== true) {
    if (rest.length < positionals.min) throw new UsageError(`Missing ${positionals.name}`);
    if (rest.length > positionals.max) throw new UsageError(`Unexpected "${rest[positionals.max]}"`);
  }
  return { ...options, positionals: rest } as OptionsOf<T>;
}

/** The table as lines of help text. */
export function optionHelp(table: Record<string, OptionSpec>): string {
  return Object.entries(table).map(([name, spec]) => {
    const flag = `${spec.short ? `-${spec.short}, ` : "    "}--${name}${spec.value ? ` ${spec.value}` : ""}`;
    return `  ${flag.padEnd(28)} ${spec.help}${defaultText(spec)}`;
  }).join("\n");
}

/** The table as a Markdown table, for the README (a test holds the two together). */
export function optionMarkdown(table: Record<string, OptionSpec>): string {
  const rows = Object.entries(table).map(([name, spec]) => {
    const flag = `\`--${name}${spec.value ? ` ${spec.value}` : ""}\``;
    const fallback = spec.kind === "flag" || spec.default === "" || Array.isArray(spec.default)
      ? ""
      : `\`${spec.default}\``;
    const range = spec.range
      ? `${spec.range[0]} to ${spec.range[1]}${spec.unit ? ` ${spec.unit}` : ""}`
      : spec.choices?.join(", ") ?? "";
    return `| ${flag} | ${fallback} | ${range} | ${spec.help} |`;
  });
  return ["| option | default | range | what it does |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

/** `speed` as packet seconds per second; `max` is Infinity. */
export function parseSpeed(text: string): number {
  if (text === "max") return Infinity;
  const speed = Number(text);
  if (text.trim() === "" || !(speed > 0 && speed <= 1000)) {
    throw new UsageError(`--speed takes a number above 0 and up to 1000, or max, not "${text}"`);
  }
  return speed;
}

function optionValue(name: string, spec: OptionSpec, value: string | undefined): string | number | boolean {
  if (spec.kind === "flag") {
    if (value !== undefined) throw new UsageError(`--${name} takes no value`);
    return true;
  }
  if (value === undefined) throw new UsageError(`--${name} needs a value: --${name} ${spec.value}`);
  if (spec.kind === "number") {
    const number = Number(value);
    const [least, most] = spec.range ?? [0, Number.MAX_SAFE_INTEGER];
    if (value.trim() === "" || !Number.isInteger(number) || number < least || number > most) {
      throw new UsageError(`--${name} takes a whole number from ${least} to ${most}, not "${value}"`);
    }
    return number;
  }
  if (spec.choices && !spec.choices.includes(value)) {
    throw new UsageError(`--${name} takes ${spec.choices.join(", ")}, not "${value}"`);
  }
  return value;
}

function unknownOption(rawName: string, names: string[]): string {
  return `Unknown option "${rawName}"${nearest(rawName.replace(/^-+/, ""), names, "--")}`;
}

function defaultText(spec: OptionSpec): string {
  if (spec.kind === "flag" || spec.default === "" || Array.isArray(spec.default)) return "";
  return ` [${spec.default}${spec.unit ? ` ${spec.unit}` : ""}]`;
}
