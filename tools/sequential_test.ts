/**
 * How many attempts it takes until a scan is convicted, and how many harmless sources are: measured over captures.
 *
 * `deno task sequential-test FOLDER…` takes folders with captures. Where a folder, or the one above it, has a
 * `labels.json` (`files: [{ file, events: [{ kind, src, dst }] }]`) the scans in it are known; sources of all other
 * captures count as harmless.
 */
import { Inspector } from "../capture/inspect/inspector.ts";
import { openCaptureFile } from "../capture/source/capture_file.ts";
import { CaptureFileError } from "../capture/source/errors.ts";
import { Detector } from "../detect/detector.ts";
import { FlowFact } from "../detect/flow_fact.ts";
import { hostSweep } from "../detect/rules/host_sweep.ts";
import { portScan } from "../detect/rules/port_scan.ts";
import { FactKind, FlowStep } from "../model/facts.ts";
import type { Observation } from "../model/observation.ts";

interface Labels {
  files: {
    file: string;
    events?: { kind: string; src: string[]; dst: string[]; hard?: boolean }[];
  }[];
}

interface Scan {
  capture: string;
  source: string;
  attempts: number | null;
  /** Labelled as one that need not be found. */
  hard: boolean;
}

const SCANS = new Set(["port_scan", "host_sweep"]);
const CAPTURE = /\.(pcap|pcapng|cap)(\.gz)?$/;

const scans: Scan[] = [];
let [captures, sources, convicted] = [0, 0, 0];
const convictions: string[] = [];
const rows: string[] = [];

for (const folder of Deno.args) {
  const known = labelsOf(folder);
  let [inFolder, sourcesIn, convictedIn] = [0, 0, 0];
  for (
    const name of [...Deno.readDirSync(folder)].map(({ name }) => name).filter((n) => CAPTURE.test(n)).sort()
  ) {
    const result = await examine(`${folder}/${name}`);
    if (result === null) continue;
    const events = (known.get(name) ?? []).filter(({ kind }) => SCANS.has(kind));
    const guilty = new Set(events.flatMap(({ src }) => src));
    for (const { kind, src, hard = false } of events) {
      const found = src.find((source) => result.alerts.has(source)) ?? src[0];
      const attempts = result.alerts.get(found)?.find((alert) => alert.kind === kind)?.attempts ?? null;
      scans.push({ capture: name, source: found, attempts, hard });
      rows.push(`| ${name} | ${kind}${hard ? " (hard)" : ""} | ${attempts ?? "not found"} |`);
    }
    inFolder++;
    for (const source of result.sources) if (!guilty.has(source)) sourcesIn++;
    for (const [source, [{ kind }]] of result.alerts) {
      if (guilty.has(source)) continue;
      convictedIn++;
      convictions.push(`${name}: ${source} (${kind})`);
    }
  }
  console.error(`${folder}: ${inFolder} captures, ${sourcesIn} harmless sources, ${convictedIn} convicted`);
  captures += inFolder;
  sources += sourcesIn;
  convicted += convictedIn;
}

const plain = scans.filter(({ hard }) => !hard);
const attempts = plain.map((scan) => scan.attempts).filter((n) => n !== null).sort((a, b) => a - b);
const share = (n: number, of: number) =>
  `${n} of ${of}${of === 0 ? "" : ` (${(100 * n / of).toFixed(2)} %)`}`;
console.log("| capture | kind | attempts at conviction |\n| --- | --- | --- |");
for (const row of rows) console.log(row);
console.log(`
Scans found: ${share(attempts.length, plain.length)}; by attempt 6: ${
  share(attempts.filter((n) => n <= 6).length, plain.length)
}; median ${attempts[attempts.length >> 1] ?? "-"}, most ${
  attempts.at(-1) ?? "-"
}; besides, of those labelled hard: ${
  share(scans.filter((scan) => scan.hard && scan.attempts !== null).length, scans.length - plain.length)
}
Captures: ${captures}. Harmless sources with first contacts: ${sources}; convicted: ${
  share(convicted, sources)
}`);
for (const line of convictions) console.log(`- ${line}`);

/** By name of the capture. */
function labelsOf(folder: string): Map<string, NonNullable<Labels["files"][0]["events"]>> {
  for (const path of [`${folder}/labels.json`, `${folder}/../labels.json`]) {
    let text: string;
    try {
      text = Deno.readTextFileSync(path);
    } catch {
      continue;
    }
    const own = folder.replace(/\/+$/, "").split("/").at(-1);
    const files = (JSON.parse(text) as Labels).files;
    return new Map(
      files.filter(({ file }) => !file.includes("/") || file.startsWith(`${own}/`))
        .map(({ file, events = [] }) => [file.split("/").at(-1)!, events]),
    );
  }
  return new Map();
}

interface Examined {
  /** All who began a flow. */
  sources: Set<string>;
  /** By source. */
  alerts: Map<string, { kind: string; attempts: number }[]>;
}

async function examine(path: string): Promise<Examined | null> {
  const sources = new Set<string>();
  const alerts: Examined["alerts"] = new Map();
  const fact = new FlowFact();
  const tell = ({ alert, flow, fields }: Observation) => {
    if (alert?.phase !== "final") return;
    const { kind, evidence } = fields.netpane as { kind: string; evidence: Record<string, unknown> };
    const by = evidence.by as { attempts_until_conviction: number }[] | undefined;
    const attempts = by === undefined
      ? Number(evidence.attempts_until_conviction ?? evidence.ports_tried)
      : Math.min(...by.map((walk) => walk.attempts_until_conviction));
    alerts.set(flow.clientAddress, [...alerts.get(flow.clientAddress) ?? [], { kind, attempts }]);
  };
  const detector = new Detector({ tell, specs: [portScan, hostSweep] });
  const inspector = new Inspector({
    payload: { fingerprintKey: new Uint8Array(32), tell: () => {} },
    facts: (batch) => {
      for (let row = 0; row < batch.rows; row++) {
        if (batch.kind[row] === FactKind.arp && batch.steps[row] === 1) {
          fact.lay(batch, row);
          sources.add(fact.client);
        }
        if (batch.kind[row] !== FactKind.flow || (batch.steps[row] & FlowStep.began) === 0) continue;
        fact.lay(batch, row);
        sources.add(fact.client);
      }
      detector.take(batch);
    },
  });
  try {
    const file = await openCaptureFile(path);
    for await (const batch of file.batches()) inspector.inspect(batch);
  } catch (error) {
    if (!(error instanceof CaptureFileError)) throw error;
    console.error(`${path}: ${error.message}`);
    return null;
  }
  inspector.finish();
  detector.close();
  return { sources, alerts };
}
