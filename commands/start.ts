/**
 * `netpane start`: the engine, then the server.
 *
 * The port is taken first, so that a second start says so at once and starts nothing. A capture that cannot
 * begin is no reason to stop: the page then shows what is off and what turns it on.
 */
import { Access, setAccess } from "../http/access.ts";
import { AccessLog } from "../http/access_log.ts";
import { countStale, doorCounters, guarded, type Handler, isHostName } from "../http/guard.ts";
import { isLoopback, parseAddress } from "../model/address.ts";
import type { MainToStale, StaleToMain } from "../model/protocol.ts";
import { setMonitor } from "../monitor/current.ts";
import { EveFile, type EveFileOptions } from "../monitor/eve_file.ts";
import { Engine, type LiveSource, type PlaybackSource } from "../monitor/engine.ts";
import { Monitor } from "../monitor/mod.ts";
import { Notifier } from "../monitor/notify/notifier.ts";
import {
  optionHelp,
  parseOptions,
  parseSpeed,
  START_OPTIONS,
  type StartOptions,
  UsageError,
} from "../options.ts";
import { VERSION } from "../version.ts";
import { allLists, Blocklists, namedLists } from "./blocklists.ts";
import { loadCertificate } from "./certificate.ts";
import { type NamedFile, requireApart } from "./file_trouble.ts";
import { createLog, type Log, type LogLevel } from "./log.ts";
import { dataPath, ownPath, userPath } from "./paths.ts";
import { loadFingerprintKey, loadTokens, type Tokens } from "./secrets.ts";
import { WebServer } from "./serve.ts";
import { openSettings } from "./settings.ts";
import { UsualFile } from "./usual_file.ts";
import { createWho } from "./who.ts";

/** The demo capture, and the name it is shown by. */
const DEMO_FILE = "assets/demo.pcap.gz";

/** At the end, for telling of alerts that end with it; no longer than answers that are under way are given. */
const LAST_NOTICES_MS = 1000;

const HELP = `Usage: netpane start [OPTIONS]

Captures on this machine and serves the dashboard. With --pcap or --demo a capture file is played instead.

${optionHelp(START_OPTIONS)}
`;

export async function run(args: string[]): Promise<number> {
  const options = parseOptions(START_OPTIONS, args, { min: 0, max: 0, name: "" });
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  const log = createLog(options["log-level"] as LogLevel);
  const source = sourceOf(options);
  if (source.kind === "playback") await requireFile(source.path);
  const hosts = hostNames(options["allow-host"]);
  const certificate = loadCertificate(options["tls-cert"], options["tls-key"], Date.now());
  if (certificate !== null && certificate.warning !== null) log("warn", certificate.warning);
  const dataFolder = options.data === "" ? dataPath() : userPath(options.data);
  const settings = await openSettings(options.settings, dataFolder);
  const handler = await loadServer();
  const { who, vendors, load } = createWho(options, dataFolder, source.kind === "playback");
  // A name is for a proxy, and through one everybody comes from this machine.
  const tokens = isThisMachineOnly(options.host) && hosts.length === 0 ? null : loadTokens(dataFolder);
  const access = tokens === null ? null : new Access(tokens);
  setAccess(access);
  let accessTrouble: (message: string | null) => void = () => {};
  let eveTrouble: (problem: Parameters<Monitor["setProblem"]>[1]) => void = () => {};
  requireApart(filesOf(options));
  const eve = openEve(options, (problem) => eveTrouble(problem));
  const accessLog = openAccessLog(options["access-log"], (message) => accessTrouble(message));

  const server = new WebServer({
    host: options.host,
    port: options.port,
    tls: certificate === null ? null : { cert: certificate.cert, key: certificate.key },
    handler: guarded(handler, { hosts, tls: certificate !== null, accessLog }),
    log,
  });
  const monitor = new Monitor({
    version: VERSION,
    mode: source.kind,
    startedMs: Date.now(),
    who,
    vendors,
    ...(source.kind === "live"
      ? source
      : { file: options.demo ? "demo" : options.pcap, speed: source.speed }),
  });
  monitor.onProblem = ({ severity, message, hint }) => {
    if (severity !== "info") log(severity === "error" ? "error" : "warn", `${message}. ${hint}`);
  };
  setMonitor(monitor);
  monitor.connectDoor(() => doorCounters(accessLog));
  accessTrouble = (message) =>
    monitor.setProblem(
      "access-log",
      message === null
        ? null
        : { severity: "warning", message, hint: "Make room, or give the file back to Netpane" },
    );
  eveTrouble = (problem) => monitor.setProblem("eve", problem);
  if (eve !== null) {
    monitor.connectEve(eve);
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGHUP", () => eve.reopen());
  }
  const fingerprints = loadFingerprintKey(dataFolder);
  if (!fingerprints.kept) {
    log("info", `"${dataFolder}" cannot be written: card fingerprints are those of this run only`);
  }
  const usual = new UsualFile(dataFolder, (id, problem) => monitor.setProblem(id, problem));
  const engine = new Engine({
    source,
    maxFlows: options["max-flows"],
    fingerprintKey: fingerprints.key,
    showPayload: options["show-payload"],
    rules: settings.settings.rules,
    tellsEnds: eve !== null,
    ...(source.kind === "live" ? { usual: usual.read(), keepUsual: (learnt) => usual.keep(learnt) } : {}),
    log,
  }, monitor);
  const notifier = new Notifier({
    from: Deno.hostname(),
    version: VERSION,
    // What a file shows happened long ago: nobody is told of it unless they name the settings themselves.
    enabled: source.kind === "live" || options.settings !== "",
    onProblem: (id, problem) => monitor.setProblem(id, problem),
  });
  monitor.connect({ notifier, settings });
  const blocklists = new Blocklists({
    onLists: (lists) => engine.setBlocklists(lists),
    onProblem: (id, problem) => monitor.setProblem(id, problem),
  });
  const setBlocklists = () =>
    blocklists.set(allLists(namedLists(options.blocklist), settings.settings.blocklists));
  settings.watch(({ settings: { rules }, problem }) => {
    if (problem === null) log("info", "The settings file has changed: it holds from now on"); // else the monitor says it
    engine.setRules(rules);
    monitor.applySettings();
    setBlocklists();
  });
  engine.start();
  const stale = tokens === null ? null : endStaleConnections(server.port, log);
  setBlocklists();
  const loaded = load((id, problem) => monitor.setProblem(id, problem))
    .catch((error) => log("error", `Places cannot be read: ${error}`));
  // The workers have opened what they need; main needs no native code again.
  await Deno.permissions.revoke({ name: "ffi" });

  const url = `${certificate === null ? "http" : "https"}://${urlHost(options.host)}:${server.port}/`;
  log("info", `${describe(source, options)}; the dashboard is at ${url}`);
  if (tokens !== null) tellTokens(tokens, log);
  const link = access === null || !(options.open || Deno.stderr.isTerminal())
    ? url
    : `${url}login?key=${access.createLink()}`;
  if (options.open) openBrowser(link, log);
  else if (link !== url) log("info", `This link signs you in, once and within ten minutes: ${link}`);

  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => resolve());
  });
  log("info", "Stopping");
  await engine.stop();
  const told = notifier.finish(LAST_NOTICES_MS);
  await monitor.closeEve();
  await settings.close();
  await usual.close();
  await blocklists.close();
  await loaded;
  await who.close();
  stale?.terminate();
  await Promise.all([told, server.close()]);
  await accessLog?.close();
  return 0;
}

/** Files of the command line that are written, and those that must not be written over. */
function filesOf(options: StartOptions): NamedFile[] {
  const files = [
    { option: "--eve", name: options.eve, isWritten: true },
    { option: "--access-log", name: options["access-log"], isWritten: true },
    { option: "--pcap", name: options.pcap, isWritten: false },
    { option: "--settings", name: options.settings, isWritten: false },
    { option: "--tls-cert", name: options["tls-cert"], isWritten: false },
    { option: "--tls-key", name: options["tls-key"], isWritten: false },
    ...options.blocklist.map((name) => ({ option: "--blocklist", name, isWritten: false })),
  ];
  return files.filter(({ name }) => name !== "").map(({ option, name, isWritten }) => ({
    option,
    path: userPath(name),
    isWritten,
  }));
}

/** @throws EveFileError */
function openEve(
  options: StartOptions,
  onProblem: EveFileOptions["onProblem"],
): EveFile | null {
  if (options.eve === "") return null;
  return EveFile.open({
    path: userPath(options.eve),
    rotateBytes: options["eve-rotate"] * 2 ** 20,
    rotateHours: options["eve-hours"],
    keep: options["eve-keep"],
    onProblem,
  });
}

function sourceOf(options: StartOptions): LiveSource | PlaybackSource {
  const playing = options.pcap !== "" || options.demo;
  if (options.pcap !== "" && options.demo) {
    throw new UsageError("--pcap and --demo are two different files: take one");
  }
  if (playing && (options.interface.length > 0 || options.filter !== "")) {
    throw new UsageError(
      "--interface and --filter are for capturing, --pcap and --demo play a file: take one",
    );
  }
  const speed = parseSpeed(options.speed);
  if (playing) {
    const path = options.demo ? ownPath(DEMO_FILE) : userPath(options.pcap);
    return { kind: "playback", path, speed, loop: options.loop || options.demo };
  }
  if (new Set(options.interface).size < options.interface.length) {
    throw new UsageError("Each --interface can be given only once");
  }
  if (options.interface.length > 1 && options.interface.includes("any")) {
    throw new UsageError(
      "--interface any is all of them: beside another one each packet would be counted twice",
    );
  }
  return {
    kind: "live",
    interfaces: options.interface.length > 0 ? options.interface : ["any"],
    snaplen: options.snaplen,
    promiscuous: !options["no-promiscuous"],
    bufferBytes: options.buffer << 20,
    filter: options.filter,
  };
}

/** A file that is not there is told now, not on the page. */
async function requireFile(path: string): Promise<void> {
  try {
    const { isFile } = await Deno.stat(path);
    if (!isFile) throw new UsageError(`"${path}" is not a file`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new UsageError(`There is no file "${path}"`);
    if (error instanceof Deno.errors.NotCapable) {
      throw new UsageError(
        `Reading "${path}" was not granted: run ./netpane start --pcap, which grants just that file`,
      );
    }
    throw error;
  }
}

/** The built Fresh app. Its path is not literal, so that type checks do not need the build. */
async function loadServer(): Promise<Handler> {
  const path = new URL("../_fresh/server.js", import.meta.url);
  try {
    const module: { default: { fetch: Handler } } = await import(path.href);
    return module.default.fetch;
  } catch (error) {
    if (
      error instanceof TypeError && /not found/i.test(error.message) &&
      error.message.includes("_fresh/server.js")
    ) {
      throw Object.assign(new Error("The page has not been built", { cause: error }), {
        hint: "Run ./netpane build (or deno task build) once",
      });
    }
    throw error;
  }
}

/** Names as the guard compares them. @throws UsageError for what is no name */
function hostNames(names: readonly string[]): string[] {
  return names.map((name) => {
    if (isHostName(name)) return name.toLowerCase();
    throw new UsageError(`--allow-host takes a name such as netpane.example.org, not "${name}"`);
  });
}

function openAccessLog(option: string, onTrouble: (message: string | null) => void): AccessLog | null {
  if (option === "") return null;
  const path = userPath(option);
  try {
    return new AccessLog(path, { onTrouble });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      throw new UsageError(
        `Writing "${path}" was not granted: run ./netpane start --access-log FILE, which grants just that file`,
      );
    }
    throw new UsageError(`Cannot write "${path}": ${error instanceof Error ? error.message : error}`);
  }
}

/** Served beyond this machine, somebody out there may hold connections for nothing. Linux only. */
function endStaleConnections(port: number, log: Log): Worker | null {
  if (Deno.build.os !== "linux") return null;
  const url = new URL("../enrich/stale_connections_worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module", name: "stale", deno: { permissions: { ffi: true } } });
  worker.onmessage = ({ data }: MessageEvent<StaleToMain>) => countStale(data.connections);
  worker.onerror = (event) => {
    event.preventDefault();
    log("warn", `Connections that do nothing are left open: ${event.message}`);
    worker.terminate();
  };
  worker.postMessage({ type: "start-stale", pid: Deno.pid, port } satisfies MainToStale);
  return worker;
}

/** Secrets are shown to a person once, and to no log of the system's. */
function tellTokens({ admin, reader, files, isNew }: Tokens, log: Log): void {
  if (isNew && Deno.stderr.isTerminal()) {
    log("info", `Told this once: the admin's token is ${admin}, the read-only one ${reader}`);
  }
  log("info", `A token is needed: "${files.admin}" holds the admin's, "${files.reader}" the read-only one`);
}

function describe(source: LiveSource | PlaybackSource, options: StartOptions): string {
  if (source.kind === "live") return `Capturing on ${source.interfaces.join(", ")}`;
  return `Playing ${options.demo ? "the demo capture" : `"${options.pcap}"`}`;
}

function isThisMachineOnly(host: string): boolean {
  const bytes = parseAddress(host);
  return bytes === null ? host === "localhost" : isLoopback(bytes, 0, bytes.length === 4 ? 4 : 6);
}

function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** Best effort: the address has been printed. */
function openBrowser(url: string, log: Log): void {
  const program = Deno.build.os === "darwin" ? "open" : "xdg-open";
  try {
    new Deno.Command(program, { args: [url], stdout: "null", stderr: "null" }).spawn().unref();
  } catch {
    log("warn", `No browser could be opened with ${program}: open the address above yourself`);
  }
}
