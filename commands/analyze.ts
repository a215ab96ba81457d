/**
 * `netpane analyze FILE…`: capture files in, EVE JSON lines out. Needs no privilege, no libpcap and no network.
 *
 * Exit code 0 when every file was read to its end, 1 when one is damaged or cannot be read (what is before the
 * damage is still told), 2 for wrong use.
 */
import { Inspector } from "../capture/inspect/inspector.ts";
import { type CaptureFile, openCaptureFile } from "../capture/source/capture_file.ts";
import { CaptureFileError } from "../capture/source/errors.ts";
import { Detector } from "../detect/detector.ts";
import type { Blocklist } from "../model/blocklist.ts";
import type { FlowColumns } from "../model/flow.ts";
import type { Observation } from "../model/observation.ts";
import { emptySettings, type Settings } from "../model/settings.ts";
import { AlertSieve } from "../monitor/alert_sieve.ts";
import { type EveContext, putFlow, putObservation, statsLine } from "../monitor/eve.ts";
import type { EventFilter } from "../monitor/event_subject.ts";
import { QueryError } from "../monitor/query_error.ts";
import { ANALYZE_OPTIONS, optionHelp, parseOptions, UsageError } from "../options.ts";
import { allLists, namedLists, readList, unreadable } from "./blocklists.ts";
import { requireApart } from "./file_trouble.ts";
import { LineWriter } from "./line_writer.ts";
import { dataPath, userPath } from "./paths.ts";
import { readFingerprintKey } from "./secrets.ts";

const HELP = `Usage: netpane analyze [OPTIONS] FILE…

Reads capture files (pcap or pcapng, also packed with gzip; - is standard input) and writes what is in them
as Suricata EVE JSON lines: one event a flow, and at the end the counts, with what was left out and why.

${optionHelp(ANALYZE_OPTIONS)}
`;
const PROGRESS_MS = 500;

export async function run(args: string[]): Promise<number> {
  const options = parseOptions(ANALYZE_OPTIONS, args, { min: 1, max: Infinity, name: "FILE" });
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  // What most runs do not need is not loaded for them.
  const where = options.where === "" ? null : await eventFilter(options.where);
  const settings = options.settings === ""
    ? emptySettings()
    : await (await import("./settings.ts")).readSettings(options.settings);
  const files = options.positionals;
  if (files.filter((name) => name === "-").length > 1) {
    throw new UsageError("Standard input (-) can be read only once");
  }
  const output = options.output === "-" ? null : userPath(options.output);
  if (output !== null) {
    const inputs = files.filter((name) => name !== "-");
    requireApart([
      { option: "--output", path: output, isWritten: true },
      ...inputs.map((name) => ({ option: "FILE", path: userPath(name), isWritten: false })),
    ]);
  }
  using out = LineWriter.open(output);
  const progress = new Progress(!options.quiet && Deno.stderr.isTerminal());
  const fingerprintKey = readFingerprintKey(dataPath());
  let code = 0;
  const blocklists: Blocklist[] = [];
  for (const setting of allLists(namedLists(options.blocklist), settings.blocklists)) {
    try {
      const { list, trouble } = await readList(setting);
      blocklists.push(list);
      if (trouble !== null) console.error(`netpane: ${trouble.message}`);
    } catch (error) {
      console.error(`netpane: ${unreadable(setting, error, false).message}`);
      code = 1;
    }
  }
  for (const name of files) {
    const whole = await analyzeFile(name, {
      out,
      progress,
      maxFlows: options["max-flows"],
      fingerprintKey,
      settings,
      blocklists,
      where,
      context: {
        interfaceName: "",
        extra: files.length > 1 ? `"pcap_filename":${JSON.stringify(name)}` : "",
      },
    });
    if (!whole) code = 1;
  }
  progress.clear();
  return code;
}

interface Analysis {
  out: LineWriter;
  progress: Progress;
  maxFlows: number;
  /** See `loadFingerprintKey`. */
  fingerprintKey: Uint8Array;
  settings: Settings;
  blocklists: readonly Blocklist[];
  /** Which events are written; null for all. The counts at the end are of all. */
  where: EventFilter | null;
  context: EveContext;
}

async function eventFilter(text: string): Promise<EventFilter> {
  const { EventFilter } = await import("../monitor/event_subject.ts");
  try {
    return new EventFilter(text, "where");
  } catch (error) {
    if (error instanceof QueryError) throw new UsageError(`--where: ${error.message}`);
    throw error;
  }
}

/** @returns Whether the file was read to its end; what is wrong has been told on stderr. */
async function analyzeFile(
  name: string,
  { out, progress, maxFlows, fingerprintKey, settings, blocklists, where, context }: Analysis,
): Promise<boolean> {
  let file: CaptureFile;
  try {
    file =
      await (name === "-" ? openCaptureFile(Deno.stdin.readable) : openCaptureFile(userPath(name), { name }));
  } catch (error) {
    if (!(error instanceof CaptureFileError)) throw error;
    progress.clear();
    console.error(`netpane: ${error.message}\n${error.hint}`);
    return false;
  }
  // An alert is written once, when its count is final.
  const tell = (observation: Observation) => {
    if (observation.alert !== undefined) {
      if (observation.alert.phase !== "final" || !sieve.passes(observation)) return;
    }
    if (where !== null && !where.observation(observation)) return;
    putObservation(out.line, observation, context);
    out.endLine();
  };
  if (Deno.build.standalone) (await import("../capture/inspect/dpi/http/brotli_loaded.ts")).provideBrotli();
  const detector = new Detector({ tell, rules: settings.rules, blocklists });
  const sieve = new AlertSieve(settings, (address) => detector.nameOf(address));
  const inspector = new Inspector({
    maxFlows,
    onFlowEnd: (flows: FlowColumns, row: number) => {
      if (where !== null && !where.flow(flows, row)) return;
      putFlow(out.line, flows, row, context);
      out.endLine();
    },
    payload: {
      fingerprintKey,
      tell,
    },
    facts: (batch) => detector.take(batch),
  });
  for await (const batch of file.batches()) {
    inspector.inspect(batch);
    progress.show(name, file);
  }
  inspector.finish();
  detector.close();
  out.line.text(
    statsLine(inspector.counters(), { ...detector.counters(), ...sieve.counters }, context.extra),
  );
  out.endLine();
  if (file.damage === null) return true;
  progress.clear();
  console.error(
    `netpane: "${name}" is damaged at byte ${file.damage.byteOffset}: ${file.damage.message}; ` +
      `the ${file.packets} packets before it were analysed`,
  );
  return false;
}

/** How far a file has been read, on a terminal. */
class Progress {
  #shownMs = 0;
  constructor(readonly enabled: boolean) {}

  show(name: string, file: CaptureFile): void {
    if (!this.enabled || performance.now() - this.#shownMs < PROGRESS_MS) return;
    this.#shownMs = performance.now();
    const share = file.size ? ` ${Math.floor(100 * file.position / file.size)} %` : "";
    this.#put(`${name}:${share} ${file.packets} packets`);
  }

  clear(): void {
    if (this.enabled && this.#shownMs > 0) this.#put("");
  }

  #put(line: string): void {
    Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${line}`));
  }
}
