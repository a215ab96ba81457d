/**
 * The monitor: what the workers tell becomes live state, history and the feed; routes ask here and nowhere else.
 *
 * It lives on the main thread, knows no worker and no clock but the ones handed in.
 *
 * @example
 * ```ts ignore
 * const monitor = new Monitor({ version: "0.1.0", mode: "live", startedMs: Date.now() });
 * monitor.applySnapshot(snapshot, Date.now());
 * const page = monitor.connections({ q: "port:443", sort: "bytes", order: "desc", offset: 0, limit: 50 });
 * ```
 */
import type {
  Anomaly,
  AnomalyPage,
  CaptureStatus,
  Connection,
  ConnectionPage,
  DnsQuery,
  DnsQueryPage,
  Expected,
  ExpectedPage,
  InterfaceStatus,
  LoggedPacket,
  PacketPage,
  PageSnapshot,
  PieData,
  Problem,
  RuleStatus,
  Stats,
  Talker,
  ThroughputPoint,
  Tick,
} from "../model/api.ts";
import { inspectedOff } from "../detect/kinds.ts";
import { type DetectCounters, emptyDetectCounters, type RuleSettings } from "../model/detection.ts";
import { ANY_ALERT, selectAlerts } from "../model/alerts.ts";
import type { Matcher } from "../model/filter/match.ts";
import type { DoorCounters } from "../model/door.ts";
import type { InspectorCounters, TrafficKind } from "../model/inspection.ts";
import { inOrder, type InterfaceRates, type RateHistory, withRates } from "../model/interface_rates.ts";
import type { Observation } from "../model/observation.ts";
import { Vendors } from "../enrich/vendors.ts";
import type { CaptureReport, InterfaceCapture, PlaybackReport, Snapshot } from "../model/protocol.ts";
import type { SystemReport } from "../model/system.ts";
import type { SystemFacts } from "../model/system_facts.ts";
import { ConnectionTable } from "./connections.ts";
import type { EveFile } from "./eve_file.ts";
import { EveLog, type EveStats } from "./eve_log.ts";
import { Feed, type FeedItem } from "./feed.ts";
import { Alerts, type FlowLookup } from "./alerts.ts";
import { OpenAlerts } from "./open_alerts.ts";
import { Findings, MAX_PACKETS, MAX_QUERIES } from "./findings.ts";
import { interfaceStatuses, type RatedInterfaces, sumOfRates } from "./interfaces.ts";
import { Inventory } from "./inventory/mod.ts";
import { Machine } from "./machine.ts";
import type { Notifier } from "./notify/notifier.ts";
import { type SettingsFile, SettingsWriteError } from "./settings_file.ts";
import { type AnomalyQuery, cursorOf, isAfter, isWithin, sortAlerts } from "./anomaly_query.ts";
import { type DnsListQuery, type PacketQuery, selectPackets, selectQueries } from "./packet_query.ts";
import { type ConnectionQuery, DEFAULT_QUERY, selectConnections } from "./query.ts";
import { emptyCounters } from "./counters.ts";
import { endOfDay } from "./expected.ts";
import { expectedFrom } from "./expecting.ts";
import { ruleStatuses } from "./rules.ts";
import { ALERTS, filterOf } from "./subjects.ts";
import { AskError, Who } from "./who.ts";
import { SlidingWindow, WINDOW_S } from "./window.ts";

/** Seconds of throughput kept for charts. */
const HISTORY_POINTS = 300;
/** An event on the feed is at most this long, ARCHITECTURE "Budgets". */
const MAX_EVENT_BYTES = 64 << 10;
const TOP_ROWS = 8;
/** Sorted views kept until the next tick, so that many pages cost one sort. */
const VIEWS = 16;
/** Packets, and DNS queries, waiting to be told; more than one second has. */
const MAX_FRESH = 2_000;
/** Alerts waiting to be told. */
const MAX_ALERTS_WAITING = 1_000;
/** Problems shown at most; each has an id, so repeats do not pile up. */
const MAX_PROBLEMS = 50;

export interface MonitorOptions {
  version: string;
  mode: CaptureStatus["mode"];
  /** Wall clock, ms. */
  startedMs: number;
  /** Live: what was asked for. */
  interfaces?: string[];
  filter?: string;
  snaplen?: number;
  /** Playback: what is played, packet seconds per second. */
  file?: string;
  speed?: number;
  /** Who addresses are; left out, nothing is known of them. */
  who?: Who;
  /** Who made network cards; left out, nothing is known of them. */
  vendors?: Vendors;
}

/** Of what lists show: each changes whenever its list may have. */
export type Versions = Readonly<
  Record<"connections" | "packets" | "queries" | "alerts" | "interfaces", string>
>;

export class Monitor {
  readonly feed = new Feed({ tick: () => this.tick(), snapshot: (matches) => this.snapshot(matches) });
  /** Places, names and echo requests. */
  readonly who: Who;
  /** Hosts, programs, listeners, devices. */
  readonly inventory: Inventory;
  #options: MonitorOptions;
  #table: ConnectionTable;
  #protocols = new SlidingWindow();
  #applications = new SlidingWindow();
  #services = new SlidingWindow();
  #hosts = new SlidingWindow();
  #history: ThroughputPoint[] = [];
  #views = new Map<string, Connection[]>();
  #viewsVersion = -1;
  #alertsVersion = 0;
  #counters: InspectorCounters = emptyCounters();
  #endedLost = 0;
  #capture: CaptureReport | null = null;
  #playback: PlaybackReport | null = null;
  #system: SystemReport | null = null;
  #rated: RatedInterfaces = { atMs: 0, statuses: [] };
  #rates: InterfaceRates = new Map();
  #problems = new Map<string, Problem>();
  /** Told of each problem that is new, or another than it was. */
  onProblem: ((problem: Problem) => void) | null = null;
  #findings: Findings;
  #alerts: Alerts;
  readonly #openAlerts = { inspect: new OpenAlerts(), detect: new OpenAlerts() };
  /** For the feed, since the last tick; each alert once, as it stands then. */
  #toTell = new Map<string, Anomaly>();
  #notifier: Notifier | null = null;
  #eve: EveLog | null = null;
  #door: (() => DoorCounters) | null = null;
  #settings: SettingsFile | null = null;
  #rules: RuleSettings = {};
  #fresh = nothingFresh();
  #observationsLost = 0;
  #packetsUnlogged = 0;
  #factsLost = 0;
  #detect: DetectCounters = emptyDetectCounters();
  #machine = new Machine();
  #restarts = { inspect: 0, detect: 0, capture: 0, system: 0 };
  /** What inspectors that have crashed had counted when they last told: totals go on from there. */
  #before = { packets: 0, bytes: 0 };
  #packetTimeMs = 0;
  #latest: Tick;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.who = options.who ?? new Who();
    this.#table = new ConnectionTable(this.who);
    const lookup: FlowLookup = {
      connection: (flowId) => this.#table.ofFlow(flowId),
      interfaceName: (index) => this.#interfaceNames()[index] ?? "",
    };
    this.inventory = new Inventory({
      view: {
        connections: () => this.#table.all(),
        version: () => this.#table.version,
        alerts: () => this.#alerts.all.values(),
        interfaceName: lookup.interfaceName,
      },
      who: this.who,
      vendors: options.vendors ?? new Vendors(),
    });
    this.#findings = new Findings(lookup);
    this.#alerts = new Alerts(lookup, (alert, undecided) => this.#alertChanged(alert, undecided));
    this.#packetTimeMs = options.mode === "playback" ? 0 : options.startedMs;
    this.#latest = this.#buildTick(options.startedMs, zeroPoint(this.#packetTimeMs));
  }

  // ------------------------------------------------------------ what the workers tell

  applySystem(report: SystemReport): void {
    this.#system = report;
    this.who.applyInterfaces(report.interfaces);
    this.#table.applySystem(report);
    this.#table.joinProcesses();
    this.inventory.applySystem(report);
    this.#findings.join();
    this.#alerts.join(this.#packetTimeMs);
    this.#rated = interfaceStatuses(report, this.#rated, this.#capture?.interfaces ?? []);
    this.#rates = withRates(this.#rates, this.#rated.statuses);
    this.#replaceProblems(
      "system:",
      report.problems.map((problem, i) => ({ id: `system:${i}`, severity: "info", ...problem })),
    );
  }

  applyCapture(report: CaptureReport): void {
    this.#capture = report;
    this.#replaceProblems("capture:", report.interfaces.flatMap(captureProblem));
  }

  applyPlayback(report: PlaybackReport): void {
    this.#playback = report;
    this.#replaceProblems(
      "playback:",
      report.problem ? [{ id: "playback:file", severity: "warning", ...report.problem }] : [],
    );
  }

  applyDetect(counters: DetectCounters): void {
    this.#detect = counters;
  }

  /** What the detector is told of the machine; in a playback time is the file's own. */
  machineFacts(nowMs: number): SystemFacts {
    return this.#machine.facts({
      atMs: this.clockMs(nowMs),
      system: this.#system,
      connections: this.#table.all(),
      interfaces: this.#rated.statuses,
      received: this.#received(),
      dropped: this.#dropped(),
    });
  }

  /**
   * Alerts come as they are raised, ahead of the second they belong to.
   *
   * @param by Who raised them, and ends them.
   */
  applyAlerts(alerts: readonly Observation[], by: "inspect" | "detect"): void {
    this.#openAlerts[by].take(alerts);
    for (const alert of alerts) this.#alerts.add(alert);
    this.#eve?.takeAlerts(alerts, Date.now());
  }

  /** Alerts that the feed has not told yet, new or changed. */
  drainAlerts(): Anomaly[] {
    const alerts = [...this.#toTell.values()].map((alert) => ({ ...alert }));
    this.#toTell.clear();
    return alerts;
  }

  /** What the feed has not told yet. */
  drainEvents(): FeedItem[] {
    const items = this.drainAlerts().map((alert): FeedItem => ({ name: "alert", alert }));
    const { packets, queries, packetsLeftOut, queriesLeftOut } = this.#fresh;
    if (packets.length > 0 || packetsLeftOut > 0) {
      items.push({ name: "packets", rows: packets, left_out: packetsLeftOut });
    }
    if (queries.length > 0) items.push({ name: "dns", rows: queries, left_out: queriesLeftOut });
    this.#fresh = nothingFresh();
    return items;
  }

  /**
   * Whom to tell of alerts outside of the page, and the settings file: what it says holds at once, and again whenever
   * it has changed (see `applySettings()`).
   */
  connect({ notifier, settings }: { notifier: Notifier; settings: SettingsFile }): void {
    this.#notifier = notifier;
    this.#settings = settings;
    this.applySettings();
  }

  /** Who counts what is turned away at the server's door. */
  connectDoor(counters: () => DoorCounters): void {
    this.#door = counters;
  }

  /** Where EVE lines of everything go. */
  connectEve(file: EveFile): void {
    this.#eve = new EveLog(file, {
      interfaceName: (index) => this.#interfaceNames()[index] ?? "",
      verdict: (id, kind) => this.#alerts.verdict(id, kind),
    }, Date.now());
  }

  /** The last lines, and the end of the EVE log. */
  async closeEve(): Promise<void> {
    await this.#eve?.close(this.#eveStats());
    this.#eve = null;
  }

  /** The settings file has changed: alerts are judged anew. */
  applySettings(): void {
    const { settings, problem } = this.#settings!;
    this.#alertsVersion++;
    this.#rules = settings.rules;
    this.#alerts.configure(settings.expected, inspectedOff(settings.rules), this.#packetTimeMs);
    this.#notifier?.configure(settings.notify);
    this.setProblem("settings", problem);
  }

  /** Something outside the workers is off, or (with null) in order again. */
  setProblem(id: string, problem: Omit<Problem, "id"> | null): void {
    if (problem === null) this.#problems.delete(id);
    else if (this.#problems.size < MAX_PROBLEMS || this.#problems.has(id)) {
      const isNew = kindOfProblem(this.#problems.get(id)) !== kindOfProblem(problem);
      this.#problems.set(id, { id, ...problem });
      if (isNew) this.onProblem?.({ id, ...problem });
    }
  }

  /** A worker crashed and was started again; its state is lost, and what it had told as going on is over. */
  countRestart(worker: "inspect" | "detect" | "capture" | "system"): void {
    this.#restarts[worker]++;
    if (worker === "inspect" || worker === "detect") {
      this.applyAlerts(this.#openAlerts[worker].takeEnds(), worker);
    }
    if (worker !== "inspect") return;
    this.#before.packets += this.#counters.packets;
    this.#before.bytes += this.#counters.wireBytes;
    this.#counters = emptyCounters();
  }

  /**
   * The inspector's answer of this second: makes the tick.
   *
   * @param snapshot Null when the inspector did not answer in time: the tick then shows what else is known.
   * @param nowMs Wall clock.
   */
  applySnapshot(snapshot: Snapshot | null, nowMs: number): void {
    const before = { counters: this.#counters, timeMs: this.#packetTimeMs };
    if (snapshot !== null) {
      this.#counters = snapshot.counters;
      this.#endedLost = snapshot.endedLost;
    }
    const clockMs = this.clockMs(nowMs);
    this.#packetTimeMs = this.#options.mode === "playback" ? Math.max(before.timeMs, clockMs) : clockMs;
    // The first packet of a file begins its clock.
    const seconds = before.timeMs === 0 ? 0 : (this.#packetTimeMs - before.timeMs) / 1000;
    if (snapshot !== null) {
      this.#applyFlows(snapshot, seconds);
      this.#applyFindings(snapshot);
      this.#eve?.takeSnapshot(snapshot);
    }
    this.#alerts.join(this.#packetTimeMs);
    this.#eve?.tick(nowMs, () => this.#eveStats());
    this.#notifier?.tick(nowMs);
    this.#countProtocols(before.counters);
    const point = this.#throughput(before.counters, seconds);
    point.dropped = Math.max(
      0,
      this.#dropped() - this.#latest.totals.kernel_dropped - this.#latest.totals.app_dropped,
    );
    this.#history.push(point);
    if (this.#history.length > HISTORY_POINTS) this.#history.shift();
    this.#latest = this.#buildTick(nowMs, point);
  }

  /** Packet time now: live the wall clock, of a playback its own clock, or its last packet where it has none. */
  clockMs(nowMs: number): number {
    if (this.#options.mode !== "playback") return nowMs;
    const clock = this.#playback?.clock ?? null;
    if (clock === null) return this.#counters.lastPacketUs / 1000;
    return clock.packetMs + (nowMs - clock.wallMs) * (this.#options.speed ?? 1);
  }

  // ------------------------------------------------------------ what routes may ask

  /** For tags of answers; cheap. */
  get versions(): Versions {
    const { packets, queries } = this.#findings.versions;
    return {
      connections: `${this.#table.version}`,
      packets: `${packets}.${this.#packetsUnlogged}`,
      queries: `${queries}.${this.#observationsLost}`,
      alerts: `${this.#alertsVersion}`,
      interfaces: `${this.#rated.atMs}`,
    };
  }

  /** The last second. */
  tick(): Tick {
    return this.#latest;
  }

  /**
   * All that a page needs to begin, at most `MAX_EVENT_BYTES` as JSON.
   *
   * @param matches Which connections; absent for all.
   */
  snapshot(matches?: Matcher<Connection>): PageSnapshot {
    const snapshot: PageSnapshot = {
      ts: Date.now(),
      tick: this.#latest,
      history: this.#history,
      connections: [],
    };
    let room = MAX_EVENT_BYTES - 1024 - JSON.stringify(snapshot).length;
    const busiest = this.#view(DEFAULT_QUERY);
    const wanted = matches === undefined ? busiest : busiest.filter(matches);
    for (const connection of wanted.slice(0, DEFAULT_QUERY.limit)) {
      room -= 3 * JSON.stringify(connection).length / 2; // names may hold characters of several bytes
      if (room < 0) break;
      snapshot.connections.push(connection);
    }
    return snapshot;
  }

  connections(query: ConnectionQuery): ConnectionPage {
    const rows = this.#view(query);
    return {
      ts: Date.now(),
      total: rows.length,
      all: this.#table.all().length,
      left_out: this.#table.leftOut,
      offset: query.offset,
      connections: rows.slice(query.offset, query.offset + query.limit),
    };
  }

  interfaces(): InterfaceStatus[] {
    return this.#rated.statuses;
  }

  /** The last minute of each interface that is up, of so many: what a page begins with. */
  interfaceRates(most: number): [string, RateHistory][] {
    return inOrder(this.#rated.statuses).filter(({ up }) => up).slice(0, most)
      .map(({ name }): [string, RateHistory] => [name, this.#rates.get(name) ?? { in: [], out: [] }]);
  }

  pie(): PieData {
    return this.#latest.pie;
  }

  /** The latest packets that match, newest first. */
  packets(query: PacketQuery): PacketPage {
    const { packets } = this.#findings;
    const { rows, total, next } = selectPackets(packets, query);
    return {
      ts: Date.now(),
      total,
      offset: query.offset ?? 0,
      packets: rows,
      next,
      kept: packets.length,
      capacity: MAX_PACKETS,
      unlogged: this.#packetsUnlogged,
    };
  }

  /** Recent DNS queries whose name, addresses, answers or process hold `q`, newest first. */
  dnsQueries(query: DnsListQuery): DnsQueryPage {
    const { queries } = this.#findings;
    const { rows, total, next } = selectQueries(queries, query);
    return {
      ts: Date.now(),
      total,
      offset: query.offset ?? 0,
      queries: rows,
      next,
      kept: queries.length,
      capacity: MAX_QUERIES,
      left_out: this.#observationsLost,
    };
  }

  /** What was found, the latest change first. @throws QueryError for a filter that cannot be read. */
  anomalies(query: Partial<AnomalyQuery> & { limit: number }): AnomalyPage {
    const { offset = 0, limit, after = null, ...filter } = query;
    filterOf(filter.q ?? "", ALERTS); // says what is wrong with it
    const { all, forgotten } = this.#alerts;
    const within = [...all.values()].filter((alert) => isWithin(alert, query));
    const { matches: latestFirst, counts } = selectAlerts(within, { ...ANY_ALERT, ...filter });
    const matches = sortAlerts(latestFirst, query);
    const rest = after === null ? matches : matches.filter((alert) => isAfter(alert, after));
    const anomalies = rest.slice(offset, offset + limit);
    return {
      ts: Date.now(),
      total: matches.length,
      all: all.size,
      offset,
      anomalies,
      next: offset + limit < rest.length && matches === latestFirst
        ? cursorOf(anomalies[anomalies.length - 1])
        : null,
      counts,
      forgotten,
    };
  }

  /** One alert that is kept. @throws AskError 404 */
  anomaly(id: string): Anomaly {
    const alert = this.#alerts.all.get(id);
    if (alert === undefined) {
      throw new AskError(404, `There is no alert "${id}", or it had to go for newer ones`);
    }
    return alert;
  }

  /**
   * The user expects an alert and what is like it: writes an entry to the settings file.
   *
   * @param body As `ExpectRequest`, from outside.
   * @throws AskError, QueryError
   */
  async expect(id: string, body: unknown): Promise<Expected> {
    const alert = this.anomaly(id);
    if (alert.expected) {
      throw new AskError(409, `It is expected already: ${alert.expected.comment}`);
    }
    const { scope, nowMs } = this.#alerts.scope(alert);
    const entry = expectedFrom(body, scope, nowMs);
    await this.#write((file) => file.expect(entry));
    return entry;
  }

  /** Takes an expected entry away. @throws AskError */
  async unexpect(id: string): Promise<Expected> {
    const entry = await this.#write((file) => file.unexpect(id));
    if (entry === null) throw new AskError(404, `There is no expected entry "${id}"`);
    return entry;
  }

  /** What is expected. */
  expected(): ExpectedPage {
    const counts = new Map<string, number>();
    for (const { expected } of this.#alerts.all.values()) {
      if (expected) counts.set(expected.id, (counts.get(expected.id) ?? 0) + 1);
    }
    return {
      ts: Date.now(),
      file: this.#settings?.path ?? "",
      expected: (this.#settings?.settings.expected ?? []).map((entry) => ({
        ...entry,
        alerts: counts.get(entry.id) ?? 0,
        over: entry.until !== undefined && endOfDay(entry.until)! < this.#packetTimeMs,
      })),
    };
  }

  /** All kinds of alerts, rules first. */
  rules(): RuleStatus[] {
    return ruleStatuses(this.#rules, this.#detect, this.#alerts.counters);
  }

  stats(): Stats {
    const counters = this.#counters;
    const memory = Deno.memoryUsage();
    return {
      ts: Date.now(),
      version: this.#options.version,
      uptime_ms: Date.now() - this.#options.startedMs,
      packet_time: this.#packetTimeMs,
      capture: {
        received: this.#received(),
        kernel_dropped: this.#sum("kernelDropped"),
        interface_dropped: this.#sum("interfaceDropped"),
        app_dropped: this.#appDropped(),
        stalls: this.#capture?.stalls ?? 0,
        slots: this.#capture?.slots ?? 0,
        slots_free: this.#capture?.slotsFree ?? 0,
        status: this.#status(),
      },
      packets: {
        inspected: this.#before.packets + counters.packets,
        wire_bytes: this.#before.bytes + counters.wireBytes,
        captured_bytes: counters.capturedBytes,
        snapped: counters.snappedPackets,
        reassembled: counters.reassembled,
      },
      traffic: counters.traffic,
      undecoded: counters.undecoded,
      flows: {
        active: counters.flows.active,
        capacity: counters.flows.capacity,
        tcp: counters.flows.tcp,
        udp: counters.flows.udp,
        created: counters.flows.created,
        ended: counters.flows.ended,
        timed_out: counters.flows.timedOut,
        evicted: counters.flows.evicted,
        ended_untold: this.#endedLost,
      },
      connections: this.#latest.connections,
      payload: {
        ...counters.payload,
        observations_lost: this.#observationsLost,
        packets_unlogged: this.#packetsUnlogged,
      },
      detect: { ...this.#detect, facts_lost: this.#factsLost, ...this.#alerts.kept() },
      notify: this.#notifier?.counters() ?? [],
      eve: this.#eve?.file.counters() ?? null,
      who: this.who.counters(),
      inventory: this.inventory.counters(),
      system: {
        sockets: this.#system?.sockets.length ?? 0,
        sockets_lost: this.#system?.socketsLost ?? 0,
        processes: this.#system?.processes.length ?? 0,
        reading_ms: this.#system?.tookMs ?? 0,
        cpu: this.#system?.cpu ?? null,
      },
      memory: {
        rss: memory.rss,
        heap_used: memory.heapUsed,
        external: memory.external,
        fragments: counters.fragmentBytes,
        fragments_budget: counters.fragmentBudgetBytes,
      },
      feed: this.feed.counters,
      door: this.#door?.() ?? null,
      restarts: this.#restarts,
      problems: [...this.#problems.values()],
    };
  }

  // ------------------------------------------------------------ inside

  #eveStats(): EveStats {
    return {
      counters: this.#counters,
      detect: { ...this.#detect, ...this.#alerts.kept() },
      dropped: {
        kernel: this.#sum("kernelDropped") + this.#sum("interfaceDropped"),
        app: this.#appDropped(),
      },
      clockMs: this.#packetTimeMs,
    };
  }

  /** Changes the settings file, which holds at once. @throws AskError 503 */
  async #write<T>(change: (file: SettingsFile) => Promise<T>): Promise<T> {
    if (this.#settings === null) throw new AskError(503, "There is no settings file that could be written");
    try {
      const done = await change(this.#settings);
      this.applySettings();
      return done;
    } catch (error) {
      if (error instanceof SettingsWriteError) throw new AskError(503, error.message);
      throw error;
    }
  }

  #alertChanged(alert: Anomaly, undecided: boolean): void {
    this.#alertsVersion++;
    this.#toTell.delete(alert.id);
    this.#toTell.set(alert.id, alert);
    if (this.#toTell.size > MAX_ALERTS_WAITING) this.#toTell.delete(this.#toTell.keys().next().value!);
    this.#notifier?.take(alert, undecided, Date.now());
  }

  #view(query: ConnectionQuery): Connection[] {
    if (this.#viewsVersion !== this.#table.version) {
      this.#views.clear();
      this.#viewsVersion = this.#table.version;
    }
    const key = `${query.sort} ${query.order} ${JSON.stringify(query.filter ?? null)} ${query.q}`;
    let view = this.#views.get(key);
    if (view === undefined) {
      view = selectConnections(this.#table.all(), query);
      if (this.#views.size >= VIEWS) this.#views.delete(this.#views.keys().next().value!);
      this.#views.set(key, view);
    }
    return view;
  }

  #applyFlows(snapshot: Snapshot, seconds: number): void {
    const now = this.#packetTimeMs;
    this.inventory.nextTick();
    this.#table.applyFlows(
      { active: snapshot.active, ended: snapshot.ended, flows: snapshot.counters.flows.active },
      seconds,
      this.#interfaceNames(),
      (connection, movement) => {
        const { bytes, attributed } = movement;
        this.inventory.take(connection, movement);
        if (attributed > 0) this.#applications.add(connection.process!.name, attributed, now);
        if (bytes === 0) return;
        this.#services.add(serviceLabel(connection), bytes, now);
        this.#hosts.add(remoteHost(connection), bytes, now);
      },
      !this.#seesPackets(),
    );
  }

  #applyFindings(snapshot: Snapshot): void {
    this.#observationsLost = snapshot.observationsLost;
    const fresh = this.#fresh;
    fresh.packetsLeftOut += Math.max(0, snapshot.packetsUnlogged - this.#packetsUnlogged);
    this.#packetsUnlogged = snapshot.packetsUnlogged;
    this.#factsLost = snapshot.factsLost;
    this.inventory.learn(snapshot.observations);
    fresh.queries.push(...this.#findings.addObservations(snapshot.observations));
    fresh.packets.push(...this.#findings.addPackets(snapshot.packets));
    fresh.queriesLeftOut += shorten(fresh.queries);
    fresh.packetsLeftOut += shorten(fresh.packets);
    this.#findings.join();
  }

  #countProtocols(before: InspectorCounters): void {
    for (const [kind, count] of Object.entries(this.#counters.traffic)) {
      const bytes = count.bytes - before.traffic[kind as TrafficKind].bytes;
      if (bytes > 0) this.#protocols.add(kind, bytes, this.#packetTimeMs);
    }
  }

  #throughput(before: InspectorCounters, seconds: number): ThroughputPoint {
    const now = this.#counters;
    const point = zeroPoint(this.#packetTimeMs);
    if (!this.#seesPackets()) return Object.assign(point, sumOfRates(this.#rated.statuses));
    if (seconds <= 0) return point;
    point.in = 8 * (now.bytesIn - before.bytesIn) / seconds;
    point.out = 8 * (now.bytesOut - before.bytesOut) / seconds;
    point.local = 8 * (now.bytesLocal - before.bytesLocal) / seconds;
    point.other = 8 * (now.bytesOther - before.bytesOther) / seconds;
    point.packets = (now.packets - before.packets) / seconds;
    return point;
  }

  #buildTick(nowMs: number, throughput: ThroughputPoint): Tick {
    const counters = this.#counters;
    return {
      ts: nowMs,
      packet_time: this.#packetTimeMs,
      throughput,
      throughput_from: this.#seesPackets() ? "packets" : "counters",
      totals: {
        packets: this.#before.packets + counters.packets,
        bytes: this.#before.bytes + counters.wireBytes,
        kernel_dropped: this.#sum("kernelDropped") + this.#sum("interfaceDropped"),
        app_dropped: this.#appDropped(),
        undecoded: Object.values(counters.undecoded).reduce((sum, count) => sum + count, 0),
        facts_lost: this.#factsLost,
      },
      flows: {
        active: counters.flows.active,
        capacity: counters.flows.capacity,
        evicted: counters.flows.evicted,
      },
      connections: {
        shown: this.#table.all().length,
        left_out: this.#table.leftOut,
        with_process: this.#table.withProcess(),
      },
      cpu: this.#system?.cpu ?? null,
      anomalies: this.#alerts.summary(),
      interfaces: this.#rated.statuses,
      pie: this.#buildPie(nowMs),
      top_talkers: this.#talkers(this.#hosts, remoteHost).map((talker) => this.#labelled(talker)),
      top_apps: this.#talkers(this.#applications, (connection) => connection.process?.name ?? ""),
      capture: this.#status(),
      problems: [...this.#problems.values()],
    };
  }

  #buildPie(nowMs: number): PieData {
    const now = this.#packetTimeMs;
    const protocols = this.#protocols.top(TOP_ROWS, now);
    const services = this.#services.top(TOP_ROWS, now);
    const applications = this.#applications.top(TOP_ROWS, now);
    const all = Math.max(protocols.total, services.total);
    return {
      ts: nowMs,
      window_s: WINDOW_S,
      protocols: shares(protocols, protocols.total, "other"),
      services: shares(services, Math.max(all, services.total), "other"),
      applications: shares(
        applications,
        Math.max(all, applications.total),
        "other",
        Math.max(0, all - applications.total),
      ),
    };
  }

  #talkers(window: SlidingWindow, labelOf: (connection: Connection) => string): Talker[] {
    const { top } = window.top(TOP_ROWS, this.#packetTimeMs);
    const talkers = new Map<string, Talker>(
      top.map(({ label, bytes }) => [label, { label, bytes, bits_per_second: 0, connections: 0 }]),
    );
    for (const connection of this.#table.all()) {
      const talker = talkers.get(labelOf(connection));
      if (talker === undefined) continue;
      talker.connections++;
      talker.bits_per_second += connection.bits_per_second;
    }
    return [...talkers.values()];
  }

  #labelled(talker: Talker): Talker {
    const { name, country } = this.inventory.label(talker.label);
    if (name !== "") talker.name = name;
    if (country !== "") talker.country = country;
    return talker;
  }

  #status(): CaptureStatus {
    const { mode, interfaces = [], filter = "", snaplen = 0, file = "", speed = 1 } = this.#options;
    const playback = this.#playback;
    return {
      mode,
      interfaces,
      file,
      speed: speed === Infinity ? 0 : speed,
      progress: playback?.progress ?? 0,
      finished: playback?.finished ?? false,
      filter,
      snaplen,
    };
  }

  /** Whether packets can come: from a file always, live when an interface is open. */
  #seesPackets(): boolean {
    if (this.#options.mode === "playback") return true;
    return this.#capture?.interfaces.some((device) => device.status === "open") ?? false;
  }

  #interfaceNames(): string[] {
    return this.#options.mode === "playback" ? [] : this.#options.interfaces ?? [];
  }

  #received(): number {
    return this.#playback?.delivered ?? this.#sum("received");
  }

  #dropped(): number {
    return this.#sum("kernelDropped") + this.#sum("interfaceDropped") + this.#appDropped();
  }

  /** Taken from the kernel or the file, but not inspected. */
  #appDropped(): number {
    return this.#playback?.lost ?? this.#capture?.lost ?? 0;
  }

  #sum(counter: "received" | "kernelDropped" | "interfaceDropped"): number {
    return this.#capture?.interfaces.reduce((sum, device) => sum + device[counter], 0) ?? 0;
  }

  #replaceProblems(prefix: string, problems: Problem[]): void {
    const ids = new Set(problems.map(({ id }) => id));
    for (const id of this.#problems.keys()) {
      if (id.startsWith(prefix) && !ids.has(id)) this.#problems.delete(id);
    }
    for (const { id, ...problem } of problems) this.setProblem(id, problem);
  }
}

interface Fresh {
  packets: LoggedPacket[];
  queries: DnsQuery[];
  /** Of them, those there was no room for. */
  packetsLeftOut: number;
  queriesLeftOut: number;
}

function nothingFresh(): Fresh {
  return { packets: [], queries: [], packetsLeftOut: 0, queriesLeftOut: 0 };
}

/** Keeps the latest. @returns How many had to go. */
function shorten(rows: unknown[]): number {
  return rows.splice(0, Math.max(0, rows.length - MAX_FRESH)).length;
}

function zeroPoint(t: number): ThroughputPoint {
  return { t, in: 0, out: 0, local: 0, other: 0, packets: 0, dropped: 0 };
}

/** Its message without numbers: one that counts on is no other problem each second. */
function kindOfProblem(problem: Pick<Problem, "message"> | undefined): string {
  return problem === undefined ? "" : problem.message.replaceAll(/\d+/g, "#");
}

function captureProblem(device: InterfaceCapture): Problem[] {
  if (device.problem === undefined) return [];
  const { message, hint } = device.problem;
  return [{ id: `capture:${device.name}`, severity: "error", message, hint }];
}

/** Server port with its transport: a hint, which is why it is shown as a number. */
function serviceLabel(connection: Connection): string {
  return connection.dest_port === 0 || connection.proto.startsWith("icmp") || connection.proto === "ipv6-icmp"
    ? connection.proto
    : `${connection.dest_port}/${connection.proto}`;
}

/** The end that is not ours; of strangers' traffic the server. */
function remoteHost(connection: Connection): string {
  return connection.direction === "in" ? connection.src_ip : connection.dest_ip;
}

function shares(
  sums: { top: { label: string; bytes: number }[]; other: number },
  total: number,
  otherLabel: string,
  unattributed = 0,
): PieData["protocols"] {
  const rows = sums.top.slice();
  if (sums.other > 0) rows.push({ label: otherLabel, bytes: sums.other });
  if (unattributed > 0) rows.push({ label: "unattributed", bytes: unattributed });
  return rows.map(({ label, bytes }) => ({ label, bytes, share: total > 0 ? bytes / total : 0 }));
}
