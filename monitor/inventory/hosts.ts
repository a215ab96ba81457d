/**
 * Hosts: every address that was seen at an end of a connection, and what it did since. Fed with each flow that moved
 * bytes, ten thousand times a second at worst: two look-ups and a few additions each, and whole objects only for
 * hosts that are new.
 */
import type { Connection, ConnectionProcess } from "../../model/api.ts";
import type { HostPoint } from "../../model/inventory.ts";
import type { Movement } from "../connections.ts";
import { Recent } from "./recent.ts";
import { slowAt, Trips, tripsTo } from "./trips.ts";

/** Hosts kept; the one that was active least recently goes. */
export const MAX_HOSTS = 20_000;
/** Ports kept of a host, as server and as client each, and programs; those with the fewest bytes go. */
const MAX_PORTS = 32;
const MAX_PROGRAMS = 16;
/** The sparkline: so many stretches of so many milliseconds. */
const MAX_POINTS = 60;
const POINT_MS = 10_000;
/** Numbers of a point: time, bytes to, bytes from. */
const POINT = 3;

const PORT_PROTOCOLS = new Set(["tcp", "udp", "sctp"]);
/** States in which a TCP server has answered, and not by a refusal. */
const SERVING = new Set(["syn_received", "established", "fin_wait", "closed"]);

export interface PortRecord {
  proto: string;
  port: number;
  app: string;
  bytes: number;
  last: number;
}

export interface ProgramRecord {
  name: string;
  path: string;
  pid: number;
  bytes: number;
  connections: number;
  last: number;
}

/** One host; all but the head is made when there is something to put in. */
export interface HostRecord {
  ip: string;
  /** Packet time, ms. */
  first: number;
  last: number;
  bytesTo: number;
  bytesFrom: number;
  connections: number;
  serves: PortRecord[];
  uses: PortRecord[];
  programs: ProgramRecord[];
  trips: Trips | null;
  /** `POINT` numbers each, oldest first. */
  history: number[];
  /** Tick in which it was last made the youngest: once is enough. */
  tick: number;
}

/** For what most hosts never have. */
const NONE: never[] = [];

export class Hosts {
  readonly table: Recent<HostRecord>;
  #tick = 0;

  constructor(capacity = MAX_HOSTS) {
    this.table = new Recent(capacity);
  }

  /** A new second begins. */
  nextTick(): void {
    this.#tick++;
  }

  /** Takes what a connection moved. */
  take(connection: Connection, movement: Movement): void {
    const { toServer, toClient } = movement;
    const client = this.#host(connection.src_ip, connection);
    const server = this.#host(connection.dest_ip, connection);
    this.#move(client, connection, { to: toClient, from: toServer, isNew: movement.isNew });
    this.#move(server, connection, { to: toServer, from: toClient, isNew: movement.isNew });
    if (PORT_PROTOCOLS.has(connection.proto)) {
      client.uses = withPort(client.uses, connection, toServer + toClient);
      if (isServing(connection)) server.serves = withPort(server.serves, connection, toServer + toClient);
    }
    takeTrips(client, connection, "client");
    takeTrips(server, connection, "server");
    if (connection.process === null) return;
    const other = connection.process.end === "server" ? client : server;
    const attributed = movement.attributedToServer + movement.attributedToClient;
    const { process, peer, last } = connection;
    other.programs = withProgram(other.programs, process, attributed, last, movement.isFirstAttributed);
    if (peer === null) return;
    const bytes = movement.peerToServer + movement.peerToClient;
    const host = peer.end === "server" ? client : server;
    host.programs = withProgram(host.programs, peer, bytes, last, movement.isFirstPeer);
  }

  #host(ip: string, connection: Connection): HostRecord {
    let host = this.table.get(ip);
    if (host === undefined) {
      host = {
        ip,
        first: connection.start,
        last: 0,
        bytesTo: 0,
        bytesFrom: 0,
        connections: 0,
        serves: NONE,
        uses: NONE,
        programs: NONE,
        trips: null,
        history: [],
        tick: -1,
      };
    }
    if (host.tick !== this.#tick) {
      host.tick = this.#tick;
      this.table.touch(ip, host);
    }
    return host;
  }

  #move(
    host: HostRecord,
    connection: Connection,
    { to, from, isNew }: { to: number; from: number; isNew: boolean },
  ): void {
    host.bytesTo += to;
    host.bytesFrom += from;
    if (isNew) host.connections++;
    if (connection.start < host.first) host.first = connection.start;
    if (connection.last > host.last) host.last = connection.last;
    const { history } = host;
    const at = Math.floor(connection.last / POINT_MS) * POINT_MS;
    const end = history.length - POINT;
    if (end >= 0 && history[end] >= at) {
      history[end + 1] += to;
      history[end + 2] += from;
      return;
    }
    history.push(at, to, from);
    if (history.length > POINT * MAX_POINTS) history.splice(0, POINT);
  }
}

/** The history of a host as points; what is older than ten minutes before its last is left out. */
export function historyOf({ history }: HostRecord): HostPoint[] {
  const points: HostPoint[] = [];
  for (let i = 0; i < history.length; i += POINT) {
    points.push({ t: history[i], bytes_to: history[i + 1], bytes_from: history[i + 2] });
  }
  const from = (points.at(-1)?.t ?? 0) - (MAX_POINTS - 1) * POINT_MS;
  return points.filter(({ t }) => t >= from);
}

function takeTrips(host: HostRecord, connection: Connection, end: "client" | "server"): void {
  const trips = tripsTo(end, connection);
  if (!Trips.isTelling(connection, trips)) return;
  (host.trips ??= new Trips()).take(connection, trips, slowAt(end, connection));
}

/** A port that was refused, or never answered, is not served. */
function isServing({ proto, state, pkts_toclient }: Connection): boolean {
  if (proto !== "tcp") return pkts_toclient > 0;
  return SERVING.has(state) && pkts_toclient > 0 || (state === "reset" && pkts_toclient > 1);
}

function withPort(ports: PortRecord[], connection: Connection, bytes: number): PortRecord[] {
  const { proto, dest_port: port, app_proto: app, last } = connection;
  for (const known of ports) {
    if (known.port !== port || known.proto !== proto) continue;
    known.bytes += bytes;
    known.last = last;
    if (app !== "") known.app = app;
    return ports;
  }
  return withEntry(ports, { proto, port, app, bytes, last }, MAX_PORTS);
}

function withProgram(
  programs: ProgramRecord[],
  { name, path, pid }: ConnectionProcess,
  bytes: number,
  last: number,
  isFirst: boolean,
): ProgramRecord[] {
  for (const known of programs) {
    if (known.name !== name) continue;
    known.bytes += bytes;
    known.last = last;
    known.pid = pid;
    if (path !== "") known.path = path;
    if (isFirst) known.connections++;
    return programs;
  }
  return withEntry(programs, { name, path, pid, bytes, connections: 1, last }, MAX_PROGRAMS);
}

/** Puts an entry in; of a full list the one with the fewest bytes goes. */
function withEntry<T extends { bytes: number }>(list: T[], entry: T, most: number): T[] {
  if (list === NONE) return [entry];
  if (list.length < most) {
    list.push(entry);
    return list;
  }
  let least = 0;
  for (let i = 1; i < list.length; i++) if (list[i].bytes < list[least].bytes) least = i;
  list[least] = entry;
  return list;
}
