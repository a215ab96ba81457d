/**
 * The inventory: hosts, programs, listening sockets and devices, as routes may ask for them. It is fed by the monitor
 * with what connections moved, what payload inspection saw and what the machine tells; it asks nobody by itself.
 *
 * What is kept is small and bounded (see each table); what can be had from the rows of the moment (connections, rates,
 * alerts, places) is put to it when somebody asks, once a second at most for all who ask the same.
 */
import type { Vendors } from "../../enrich/vendors.ts";
import { normalizeAddress } from "../../model/address.ts";
import { isExpected } from "../../model/alerts.ts";
import type { Anomaly, Connection, ConnectionProcess } from "../../model/api.ts";
import type {
  AttributionWord,
  DevicePage,
  HostDetail,
  HostPage,
  HostPort,
  HostSummary,
  InventoryCounters,
  ListenerPage,
  ProgramDetail,
  ProgramPage,
  ProgramSummary,
  SeenName,
} from "../../model/inventory.ts";
import type { Observation } from "../../model/observation.ts";
import { usualService } from "../../model/service_ports.ts";
import { addressKind, bareAddress, specialRange } from "../../model/special_ranges.ts";
import { METHOD_CONFIDENCE, type ProcessInfo, type SystemReport } from "../../model/system.ts";
import type { Moved } from "../connections.ts";
import { QueryError } from "../query.ts";
import { AskError, type Who } from "../who.ts";
import { Devices } from "./devices.ts";
import { HostNames } from "./host_names.ts";
import { historyOf, type HostRecord, Hosts, type PortRecord } from "./hosts.ts";
import { LazyHost } from "./lazy_host.ts";
import { Listeners } from "./listeners.ts";
import { type ListOrder, parseListQuery, selectRows } from "./list_query.ts";
import { learnFrom } from "./observed.ts";
import { DEVICE_ORDER, HOST_ORDER, LISTENER_ORDER, parseProgramQuery, PROGRAM_ORDER } from "./orders.ts";
import { type ProgramRecord, Programs } from "./programs.ts";
import { together } from "./together.ts";

/** Sorted views kept until the next second, so that many pages cost one sort. */
const MAX_VIEWS = 16;
/** Names and ports in a row of the list. */
const ROW_PROGRAMS = 4;
const ROW_PORTS = 6;
const ROW_LISTENS = 32;
/** In the details of one host or program. */
const MAX_CONNECTIONS = 50;
const MAX_ALERTS = 20;
const MAX_HOSTS_OF_PROGRAM = 20;
const MAX_EARLIER = 10;

const ATTRIBUTION: readonly AttributionWord[] = [
  { method: "inode", meaning: "The socket is among the process's open files" },
  { method: "shared-inode", meaning: "Several processes hold the socket; the first is named" },
  {
    method: "remembered",
    meaning:
      "Told by the kernel as it was opened, read before it ended, or the holder of the listening socket",
  },
  { method: "none", meaning: "Nobody could be found" },
].map((word) => ({
  ...word,
  confidence: METHOD_CONFIDENCE[word.method as AttributionWord["method"]],
})) as AttributionWord[];

/** What the inventory looks at when it is asked. */
export interface InventoryView {
  /** All rows of the moment. */
  connections: () => readonly Connection[];
  /** Goes up whenever rows change. */
  version: () => number;
  alerts: () => Iterable<Anomaly>;
  interfaceName: (index: number) => string;
}

/** Of one address or process now. */
interface Now {
  connections: number;
  bitsPerSecond: number;
}

const NOTHING_NOW: Now = { connections: 0, bitsPerSecond: 0 };

interface AlertCount {
  open: number;
  all: number;
}

export class Inventory {
  readonly #view: InventoryView;
  readonly #who: Who;
  readonly #hosts: Hosts;
  readonly #names: HostNames;
  readonly #devices: Devices;
  readonly #vendors: Vendors;
  readonly #programs: Programs;
  readonly #listeners = new Listeners();
  #own = new Set<string>();
  #views = new Map<string, unknown[]>();
  #viewsVersion = -1;
  #nowVersion = -1;
  #nowOfHost = new Map<string, Now>();
  #nowOfPid = new Map<number, Now>();
  #alertsVersion = -1;
  #alertsOfHost = new Map<string, AlertCount>();
  #alertsOfProgram = new Map<string, AlertCount>();

  constructor({ view, who, vendors, capacities = {} }: {
    view: InventoryView;
    who: Who;
    vendors: Vendors;
    /** Other ceilings than the usual, for tests. */
    capacities?: { hosts?: number; names?: number; devices?: number; programs?: number };
  }) {
    this.#view = view;
    this.#who = who;
    this.#vendors = vendors;
    this.#hosts = new Hosts(capacities.hosts);
    this.#names = new HostNames(capacities.names);
    this.#devices = new Devices(vendors, capacities.devices);
    this.#programs = new Programs(capacities.programs);
  }

  // ------------------------------------------------------------ what comes in

  /** A second's flows begin. */
  nextTick(): void {
    this.#hosts.nextTick();
    this.#programs.nextTick();
  }

  /** Takes what a connection moved. */
  readonly take: Moved = (connection, movement) => {
    this.#hosts.take(connection, movement);
    this.#programs.take(connection, movement);
  };

  /** Takes what payload inspection saw. */
  learn(observations: readonly Observation[]): void {
    const learning = {
      names: this.#names,
      devices: this.#devices,
      interfaceName: (index: number) => {
        const name = this.#view.interfaceName(index);
        return name === "any" ? "" : name;
      },
    };
    for (const observation of observations) learnFrom(observation, learning);
  }

  /** Takes a reading of the machine. */
  applySystem(report: SystemReport): void {
    this.#own = new Set(
      report.interfaces.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
    );
    this.#devices.applySystem(report);
    this.#programs.applySystem(report);
    this.#listeners.applySystem(report);
    this.#viewsVersion = -1;
  }

  // ------------------------------------------------------------ what routes may ask

  /** `GET /api/hosts`. @throws QueryError */
  hosts(parameters: URLSearchParams): HostPage {
    const query = parseListQuery(parameters, HOST_ORDER);
    const rows = this.#rows(
      "hosts",
      query,
      HOST_ORDER,
      () => Array.from(this.#hosts.table.values(), (host) => new LazyHost(host, this.#now, this.#tellHost)),
    );
    const { size, capacity, forgotten } = this.#hosts.table.counters();
    return {
      ts: Date.now(),
      total: rows.length,
      all: size,
      capacity,
      forgotten,
      offset: query.offset,
      hosts: rows.slice(query.offset, query.offset + query.limit).map(({ summary }) => summary),
    };
  }

  /** `GET /api/devices`. @throws QueryError */
  devices(parameters: URLSearchParams): DevicePage {
    const query = parseListQuery(parameters, DEVICE_ORDER);
    const rows = this.#rows(
      "devices",
      query,
      DEVICE_ORDER,
      () => Array.from(this.#devices.table.values(), (device) => this.#devices.tell(device, this.#namesOf)),
    );
    const { size, capacity, forgotten } = this.#devices.table.counters();
    return {
      ts: Date.now(),
      total: rows.length,
      all: size,
      capacity,
      forgotten,
      offset: query.offset,
      devices: rows.slice(query.offset, query.offset + query.limit),
    };
  }

  /** `GET /api/processes`. @throws QueryError */
  processes(parameters: URLSearchParams): ProgramPage {
    const query = parseProgramQuery(parameters);
    const isTogether = query.ended === "together";
    const rows = isTogether
      ? this.#rows("programs together", query, PROGRAM_ORDER, () => together(this.#everyProgram()))
      : this.#rows("programs", query, PROGRAM_ORDER, () => this.#allPrograms());
    const { table, forgottenBytes, lost } = this.#programs;
    const { size, capacity, forgotten } = table.counters();
    const { bytes_in, bytes_out } = this.#programs.unattributed;
    return {
      ts: Date.now(),
      total: rows.length,
      all: isTogether ? size + this.#programs.earlierProcesses : size,
      capacity,
      forgotten: isTogether ? lost.processes : forgotten,
      forgotten_bytes: isTogether
        ? { bytes_in: lost.bytes_in, bytes_out: lost.bytes_out }
        : { ...forgottenBytes },
      offset: query.offset,
      matching: rows.reduce((sum, { processes }) => sum + processes, 0),
      processes: rows.slice(query.offset, query.offset + query.limit),
      unattributed: {
        bytes_in: Math.max(0, bytes_in),
        bytes_out: Math.max(0, bytes_out),
        connections: this.#view.connections()
          .filter(({ process, direction }) => process === null && direction !== "other").length,
      },
      strangers: { bytes: Math.max(0, this.#programs.strangersBytes) },
      attribution: [...ATTRIBUTION],
    };
  }

  /** `GET /api/listeners`. @throws QueryError */
  listeners(parameters: URLSearchParams): ListenerPage {
    const query = parseListQuery(parameters, LISTENER_ORDER);
    const rows = selectRows(this.#listeners.all, query, LISTENER_ORDER);
    return {
      ts: Date.now(),
      total: rows.length,
      listeners: rows.slice(query.offset, query.offset + query.limit),
      udp_clients: this.#listeners.udpClients,
    };
  }

  /**
   * `GET /api/hosts/:ip`: everything known of one address.
   *
   * @param resolve Ask for its name by reverse DNS.
   * @throws QueryError for what is no address, AskError 404 for one that nothing is known of.
   */
  async host(text: string, resolve: boolean): Promise<HostDetail> {
    const ip = normalizeAddress(text.trim());
    if (ip === null) throw new QueryError("ip", `"${text.slice(0, 100)}" is no IP address`);
    const reverse = resolve ? await this.#who.reverse(ip) : null;
    const host = this.#hosts.table.get(ip);
    const device = this.#devices.at(ip, this.#namesOf);
    const names = this.#namesOf(ip);
    const alerts = this.#alertsAbout(({ src_ip, dest_ip }) => src_ip === ip || dest_ip === ip);
    if (host === undefined && device === null && names.length === 0 && alerts.length === 0) {
      throw new AskError(
        404,
        `No packet from or to ${ip} has been seen, and nobody named it. /api/geoip?ip=${ip} tells where it is`,
        "ip",
      );
    }
    const kept = reverse === null ? this.#who.keptNameOf(ip) : reverse.names[0] ?? "";
    if (kept !== "") names.push({ name: kept, from: "reverse_dns", first: 0, last: 0 });
    const range = specialRange(bareAddress(ip)!);
    const connections = this.#view.connections()
      .filter(({ src_ip, dest_ip }) => src_ip === ip || dest_ip === ip);
    return {
      ts: Date.now(),
      ...this.#summary(ip, host),
      special: range && { prefix: range.prefix, name: range.name, source: range.source },
      place: this.#who.placeOf(ip),
      databases: this.#who.sources(),
      names,
      reverse_dns: reverse,
      device,
      serves: portsOf(host?.serves ?? []),
      uses: portsOf(host?.uses ?? []),
      talked_to_by: (host?.programs ?? []).toSorted((a, b) => b.bytes - a.bytes).map((program) => ({
        ...program,
      })),
      latency: host?.trips?.latency() ?? null,
      slow_connections: host?.trips?.slow().connections ?? 0,
      history: host === undefined ? [] : historyOf(host),
      alert_list: alerts.slice(0, MAX_ALERTS),
      connection_list: busiest(connections),
    };
  }

  /**
   * `GET /api/processes/:pid`: the latest process of that number.
   *
   * @throws QueryError for what is no number, AskError 404 for one that was not seen.
   */
  process(text: string): ProgramDetail {
    if (!/^\d{1,10}$/.test(text)) throw new QueryError("pid", `"${text.slice(0, 100)}" is no process number`);
    const pid = Number(text);
    const same = Array.from(this.#programs.table.values()).filter(({ info }) => info.pid === pid)
      .sort((a, b) =>
        Number(this.#programs.isActive(b)) - Number(this.#programs.isActive(a)) || b.last - a.last
      );
    if (same.length === 0) {
      throw new AskError(
        404,
        `No process ${pid} with sockets or traffic has been seen, or it was long ago`,
        "pid",
      );
    }
    const [record, ...earlier] = same;
    const summary = this.#program(record);
    const connections = this.#view.connections().filter((row) => endOfProcess(row, record.info) !== null);
    return {
      ts: Date.now(),
      ...summary,
      earlier: earlier.slice(0, MAX_EARLIER).map((record) => this.#program(record)),
      listeners: this.#listeners.all.filter((listener) => listener.pid === pid),
      latency: record.trips?.latency() ?? null,
      hosts: this.#hostsOf(connections, record.info),
      alert_list: this.#alertsAbout(({ process }) => process !== "" && process === summary.name)
        .slice(0, MAX_ALERTS),
      connection_list: busiest(connections),
    };
  }

  /** Name and country of an address, for lists that have room for no more. */
  label(ip: string): { name: string; country: string } {
    const own = this.#own.has(ip);
    const name = this.#names.best(ip, own)?.name ?? this.#who.reverseNameOf(ip);
    return { name, country: this.#who.countryOf(ip) };
  }

  counters(): InventoryCounters {
    return {
      hosts: this.#hosts.table.counters(),
      names: this.#names.table.counters(),
      devices: { ...this.#devices.table.counters(), vendors: this.#vendors.size },
      programs: this.#programs.table.counters(),
      listeners: this.#listeners.all.length,
    };
  }

  // ------------------------------------------------------------ inside

  readonly #namesOf = (address: string): SeenName[] => this.#names.of(address);

  #rows<S extends string, T>(
    what: string,
    query: { q: string; sort: S; order: "asc" | "desc" },
    order: ListOrder<S, T>,
    make: () => T[],
  ): T[] {
    if (this.#viewsVersion !== this.#view.version()) {
      this.#views.clear();
      this.#viewsVersion = this.#view.version();
    }
    const key = `${what} ${query.sort} ${query.order} ${query.q}`;
    let view = this.#views.get(key) as T[] | undefined;
    if (view === undefined) {
      let all = this.#views.get(what) as T[] | undefined;
      if (all === undefined) this.#views.set(what, all = make());
      view = selectRows(all, query, order);
      if (this.#views.size >= MAX_VIEWS) this.#views.delete(this.#views.keys().next().value!);
      this.#views.set(key, view);
    }
    return view;
  }

  #summary(ip: string, host: HostRecord | undefined): HostSummary {
    const own = this.#own.has(ip);
    const best = this.#names.best(ip, own);
    const reverse = best === null ? this.#who.keptNameOf(ip) : "";
    const place = this.#who.placeOf(ip);
    const card = this.#devices.cardAt(ip);
    const now = this.#now(ip);
    const alerts = this.#alertCount(ip);
    const slow = host?.trips?.slow().part ?? "";
    return {
      ip,
      kind: addressKind(ip) ?? "reserved",
      own,
      name: best?.name ?? reverse,
      name_from: best?.from ?? (reverse === "" ? "" : "reverse_dns"),
      country: place?.country ?? "",
      country_name: place?.country_name ?? "",
      asn: place?.asn ?? null,
      organisation: place?.organisation ?? "",
      mac: card?.mac ?? "",
      vendor: card?.vendor ?? "",
      bytes_to: host?.bytesTo ?? 0,
      bytes_from: host?.bytesFrom ?? 0,
      bits_per_second: now.bitsPerSecond,
      connections: now.connections,
      connections_seen: host?.connections ?? 0,
      rtt_ms: host?.trips?.latency()?.median_ms ?? null,
      resent_share: host?.trips?.resentShare() ?? null,
      slow,
      programs: (host?.programs ?? []).map(({ name }) => name).filter((name) => name !== "").slice(
        0,
        ROW_PROGRAMS,
      ),
      ports: (host?.serves ?? []).slice(0, ROW_PORTS).map(({ port }) => port),
      alerts_open: alerts.open,
      alerts: alerts.all,
      first: host?.first ?? null,
      last: host?.last ?? null,
    };
  }

  #allPrograms(): ProgramSummary[] {
    return Array.from(this.#programs.table.values(), (record) => this.#program(record));
  }

  /** Those that had to go as well, one row for each program. */
  #everyProgram(): ProgramSummary[] {
    const earlier = Array.from(this.#programs.earlier.values(), (gone) => ({
      ...this.#program({ ...gone, trips: null, report: 0, tick: 0 }),
      active: false,
      listens: [],
      connections: 0,
      bits_per_second: 0,
      started: gone.firstStartedMs,
      processes: gone.processes,
      kept: 0,
    }));
    return [...this.#allPrograms(), ...earlier];
  }

  #program(record: ProgramRecord): ProgramSummary {
    const { info, bytesIn, bytesOut, trips, last } = record;
    this.#countNow();
    const active = this.#programs.isActive(record);
    const now = active ? this.#nowOfPid.get(info.pid) : undefined;
    this.#countAlerts();
    const alerts = this.#alertsOfProgram.get(info.name);
    return {
      pid: info.pid,
      name: info.name,
      path: info.path,
      command_line: info.commandLine,
      user: info.user,
      parent_pid: info.parentPid,
      parent: info.parentName ?? "",
      container: info.container,
      started: info.startedMs,
      active,
      connections: now?.connections ?? 0,
      connections_seen: record.connections,
      listens: active ? this.#listensOf(info.pid) : [],
      bytes_in: bytesIn,
      bytes_out: bytesOut,
      bits_per_second: now?.bitsPerSecond ?? 0,
      rtt_ms: trips?.latency()?.median_ms ?? null,
      alerts_open: alerts?.open ?? 0,
      alerts: alerts?.all ?? 0,
      last,
      processes: 1,
      kept: 1,
    };
  }

  #listensOf(pid: number): string[] {
    const ports = this.#listeners.all.filter((listener) => listener.pid === pid)
      .map(({ port, proto }) => `${port}/${proto}`);
    return [...new Set(ports)].slice(0, ROW_LISTENS);
  }

  #hostsOf(connections: Connection[], info: ProcessInfo): ProgramDetail["hosts"] {
    const hosts = new Map<string, { bytes: number; connections: number }>();
    for (const connection of connections) {
      const ip = endOfProcess(connection, info) === "server" ? connection.src_ip : connection.dest_ip;
      const host = hosts.get(ip) ?? { bytes: 0, connections: 0 };
      host.bytes += connection.bytes_toserver + connection.bytes_toclient;
      host.connections++;
      hosts.set(ip, host);
    }
    return Array.from(hosts, ([ip, host]) => ({ ip, ...host })).sort((a, b) => b.bytes - a.bytes)
      .slice(0, MAX_HOSTS_OF_PROGRAM).map((host) => ({ ...this.label(host.ip), ...host }));
  }

  readonly #now = (ip: string): Now => {
    this.#countNow();
    return this.#nowOfHost.get(ip) ?? NOTHING_NOW;
  };

  readonly #tellHost = (host: HostRecord): HostSummary => this.#summary(host.ip, host);

  /** Connections and rates of all hosts and processes, once a second at most. */
  #countNow(): void {
    if (this.#nowVersion === this.#view.version()) return;
    this.#nowVersion = this.#view.version();
    const hosts = this.#nowOfHost = new Map();
    const pids = this.#nowOfPid = new Map();
    for (const { src_ip, dest_ip, process, peer, bits_per_second } of this.#view.connections()) {
      count(hosts, src_ip, bits_per_second);
      if (src_ip !== dest_ip) count(hosts, dest_ip, bits_per_second);
      if (process !== null) count(pids, process.pid, bits_per_second);
      if (peer !== null) count(pids, peer.pid, bits_per_second);
    }
  }

  #alertCount(ip: string): AlertCount {
    this.#countAlerts();
    return this.#alertsOfHost.get(ip) ?? { open: 0, all: 0 };
  }

  /** Alerts that nobody expects, by the hosts and programs they are about; once a second at most. */
  #countAlerts(): void {
    if (this.#alertsVersion === this.#view.version()) return;
    this.#alertsVersion = this.#view.version();
    this.#alertsOfHost = new Map();
    this.#alertsOfProgram = new Map();
    for (const alert of this.#view.alerts()) {
      if (isExpected(alert)) continue;
      for (const ip of new Set([alert.src_ip, alert.dest_ip])) countAlert(this.#alertsOfHost, ip, alert);
      countAlert(this.#alertsOfProgram, alert.process, alert);
    }
  }

  /** Open ones first, then the latest; expected ones too. */
  #alertsAbout(isAbout: (alert: Anomaly) => boolean): Anomaly[] {
    return [...this.#view.alerts()].filter(isAbout)
      .sort((a, b) => Number(b.open) - Number(a.open) || b.last - a.last);
  }
}

function count<K>(map: Map<K, Now>, key: K, bitsPerSecond: number): void {
  const now = map.get(key);
  if (now === undefined) map.set(key, { connections: 1, bitsPerSecond });
  else {
    now.connections++;
    now.bitsPerSecond += bitsPerSecond;
  }
}

function countAlert(map: Map<string, AlertCount>, key: string, { open }: Anomaly): void {
  if (key === "") return;
  const counted = map.get(key) ?? { open: 0, all: 0 };
  counted.all++;
  if (open) counted.open++;
  map.set(key, counted);
}

/** The end of a connection at which a process is; null for neither. */
function endOfProcess(
  { process, peer }: Connection,
  { pid, startedMs }: ProcessInfo,
): ConnectionProcess["end"] | null {
  return [process, peer].find((one) => one?.pid === pid && one.started === startedMs)?.end ?? null;
}

function busiest(connections: Connection[]): Connection[] {
  return connections.toSorted((a, b) =>
    b.bits_per_second - a.bits_per_second ||
    b.bytes_toserver + b.bytes_toclient - a.bytes_toserver - a.bytes_toclient || b.last - a.last
  ).slice(0, MAX_CONNECTIONS);
}

function portsOf(ports: PortRecord[]): HostPort[] {
  return ports.toSorted((a, b) => b.bytes - a.bytes).map(({ proto, port, app, bytes, last }) => ({
    proto,
    port,
    app_proto: app,
    service: usualService(port),
    bytes,
    last,
  }));
}
