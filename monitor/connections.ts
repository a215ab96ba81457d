/**
 * Active connections: flows seen on the wire joined with the sockets and processes of this machine
 * (`get_network_data`). One row each; rows keep their identity while the connection lives.
 */
import { formatAddress } from "../model/address.ts";
import { type FlowColumns, FlowEnd, IpProtocol, LocalEnd } from "../model/flow.ts";
import type { Connection, ConnectionProcess } from "../model/api.ts";
import { METHOD_CONFIDENCE, type ProcessInfo, type SocketInfo, type SystemReport } from "../model/system.ts";
import { vlanIds } from "./eve.ts";
import { resentShareOf, roundTripsOf, slowPartOf } from "./latency.ts";
import { protocolName, tunnelName } from "./names.ts";

/** Rows kept of sockets no packet was seen of. */
const MAX_SOCKET_ROWS = 10_000;

/** For so many seconds a flow between two containers waits for its caller's process. */
const CALLER_TICKS = 3;

/** By index of `FlowState`. */
const STATE_NAMES = ["new", "syn_sent", "syn_received", "established", "fin_wait", "closed", "reset"];
const DIRECTIONS = ["other", "out", "in", "local"] as const; // index: LocalEnd
/** Socket states that are no conversation, or no longer one. */
const QUIET_STATES = new Set(["listen", "unconnected", "time_wait", "close", "closed", "new_syn_recv"]);

/** What a connection moved since the tick before. One object is used again and again: copy what is to be kept. */
export interface Movement {
  /** Bytes, both directions together, and each. */
  bytes: number;
  toServer: number;
  toClient: number;
  /** Bytes that its process can now be charged with: also those moved before it was found. */
  attributed: number;
  attributedToServer: number;
  attributedToClient: number;
  /** The same of its peer: what two programs of this machine say to each other each of them has moved. */
  peerToServer: number;
  peerToClient: number;
  isFirstPeer: boolean;
  /** It was not there before; its process was not known before. */
  isNew: boolean;
  isFirstAttributed: boolean;
}

/** Handed to whoever keeps shares, talkers, hosts. */
export type Moved = (connection: Connection, movement: Movement) => void;

interface FlowRow {
  connection: Connection;
  /** Ticks in which the row was first and last part of a snapshot. */
  firstTick: number;
  tick: number;
  /** Canonical five-tuple, to find the socket of the same conversation. */
  key: string;
  /** Bytes to server and to client that no process was charged with yet. */
  owedToServer: number;
  owedToClient: number;
  isCharged: boolean;
  /** Bytes that its peer was charged with; -1: with none yet. */
  peerToServer: number;
  peerToClient: number;
}

/** What is known of an address besides its traffic; asked for every row each second. */
export interface AddressBook {
  /** ISO code; "" where not known. */
  countryOf(address: string): string;
  /** "" where not known. */
  reverseNameOf(address: string): string;
}

export class ConnectionTable {
  #book: AddressBook | null;
  #flows = new Map<number, FlowRow>();
  #sockets = new Map<string, SocketInfo>();
  /** Of conversations within this machine: the end that is not among `#sockets`. */
  #peers = new Map<string, SocketInfo>();
  #wildcards = new Map<string, SocketInfo>();
  #listening = new Set<string>();
  /** Of this machine's own network namespace, by address and port. */
  #listeners = new Map<string, SocketInfo>();
  #processes = new Map<number, ProcessInfo>();
  #socketRows = new Map<string, Connection>();
  /** The socket each of those was made of: as long as it is the same object, nothing about it has changed. */
  #socketOf = new Map<string, SocketInfo>();
  #keys = new WeakMap<SocketInfo, string>();
  #socketsAtMs = 0;
  #tick = 0;
  #all: Connection[] | null = null;
  readonly #movement: Movement = {
    bytes: 0,
    toServer: 0,
    toClient: 0,
    attributed: 0,
    attributedToServer: 0,
    attributedToClient: 0,
    peerToServer: 0,
    peerToClient: 0,
    isFirstPeer: false,
    isNew: false,
    isFirstAttributed: false,
  };
  /** Goes up whenever rows change, so that sorted views can be kept until then. */
  version = 0;
  /** Live flows that the last snapshot had no room for. */
  leftOut = 0;

  constructor(book: AddressBook | null = null) {
    this.#book = book;
  }

  /** Every row: flows first, then sockets without one. Do not change it. */
  all(): Connection[] {
    return this.#all ??= [
      ...Array.from(this.#flows.values(), (row) => row.connection),
      ...this.#socketRows.values(),
    ];
  }

  /** The row of a flow; undefined where it is gone or was left out. */
  ofFlow(id: number): Connection | undefined {
    return this.#flows.get(id)?.connection;
  }

  /** Rows whose process is known. */
  withProcess(): number {
    return this.all().reduce((sum, row) => sum + (row.process ? 1 : 0), 0);
  }

  /** Takes the machine's sockets; call before `applyFlows` of the same second. */
  applySystem(report: SystemReport): void {
    this.#socketsAtMs = report.atMs;
    this.#processes = new Map(report.processes.map((process) => [process.pid, process]));
    this.#sockets.clear();
    this.#peers.clear();
    this.#wildcards.clear();
    this.#listening.clear();
    this.#listeners.clear();
    for (const socket of report.sockets) this.#index(socket);
  }

  /** Finds the processes of flows that have none yet, as soon as new sockets are known. */
  joinProcesses(): void {
    let found = false;
    for (const flow of this.#flows.values()) {
      if (flow.connection.process !== null) continue;
      this.#joinProcess(flow);
      found ||= flow.connection.process !== null;
    }
    if (found) this.version++;
  }

  /**
   * Takes a snapshot of flows.
   *
   * @param seconds Packet time since the snapshot before, for rates; 0 at the first.
   * @param interfaces Names by interface index.
   * @param moved Called for each flow that moved bytes, ended ones included; and for sockets, by `tcp_info`, when
   *   `countSockets` says that no packets can be seen.
   */
  applyFlows(
    snapshot: { active: FlowColumns; ended: FlowColumns; flows: number },
    seconds: number,
    interfaces: string[],
    moved: Moved,
    countSockets: boolean,
  ): void {
    this.#tick++;
    const { active, ended } = snapshot;
    for (let row = 0; row < active.rows; row++) this.#update(active, row, seconds, interfaces, moved);
    for (let row = 0; row < ended.rows; row++) {
      if (ended.end[row] === FlowEnd.none) continue;
      this.#update(ended, row, seconds, interfaces, moved);
      this.#flows.delete(ended.id[row]);
    }
    for (const [id, row] of this.#flows) if (row.tick !== this.#tick) this.#flows.delete(id);
    this.leftOut = Math.max(0, snapshot.flows - active.rows);
    this.#joinSockets(seconds, countSockets ? moved : null);
    this.#all = null;
    this.version++;
  }

  #update(columns: FlowColumns, row: number, seconds: number, interfaces: string[], moved: Moved): void {
    const id = columns.id[row];
    let flow = this.#flows.get(id);
    const isNew = flow === undefined;
    if (flow === undefined) {
      flow = newFlowRow(columns, row, interfaces);
      flow.firstTick = this.#tick;
      this.#flows.set(id, flow);
    }
    flow.tick = this.#tick;
    const { connection } = flow;
    const before = { toServer: connection.bytes_toserver, toClient: connection.bytes_toclient };
    const [toServer, toClient] = [2 * row, 2 * row + 1];
    connection.state = STATE_NAMES[columns.state[row]] ?? "new";
    connection.app_proto = columns.appProtocol[row];
    connection.server_name = columns.serverName[row];
    connection.bytes_toserver = columns.bytes[toServer];
    connection.bytes_toclient = columns.bytes[toClient];
    connection.pkts_toserver = columns.packets[toServer];
    connection.pkts_toclient = columns.packets[toClient];
    connection.last = columns.lastUs[row] / 1000;
    connection.retransmissions = columns.retransmissions[toServer] + columns.retransmissions[toClient];
    updateLatency(connection, columns, row);
    const movedToServer = connection.bytes_toserver - before.toServer;
    const movedToClient = connection.bytes_toclient - before.toClient;
    const bytes = movedToServer + movedToClient;
    connection.bits_per_second = seconds > 0 ? 8 * bytes / seconds : 0;
    if (connection.process === null || connection.source === "packets") this.#joinProcess(flow);
    if (connection.peer === null) this.#joinPeer(flow);
    this.#describe(connection);
    flow.owedToServer += movedToServer;
    flow.owedToClient += movedToClient;
    const isKnown = connection.process !== null;
    const movement = this.#movement;
    movement.bytes = bytes;
    movement.toServer = movedToServer;
    movement.toClient = movedToClient;
    movement.attributedToServer = isKnown ? flow.owedToServer : 0;
    movement.attributedToClient = isKnown ? flow.owedToClient : 0;
    movement.attributed = movement.attributedToServer + movement.attributedToClient;
    movement.isNew = isNew;
    movement.isFirstAttributed = isKnown && !flow.isCharged;
    this.#chargePeer(flow);
    if (bytes > 0 || movement.attributed > 0 || movement.isFirstPeer) moved(connection, movement);
    if (!isKnown) return;
    flow.owedToServer = flow.owedToClient = 0;
    flow.isCharged = true;
  }

  /** Its peer may be found later than its process: then it is charged with all there was. */
  #chargePeer(flow: FlowRow): void {
    const { peer, bytes_toserver, bytes_toclient } = flow.connection;
    const movement = this.#movement;
    movement.isFirstPeer = peer !== null && flow.peerToServer < 0;
    movement.peerToServer = movement.peerToClient = 0;
    if (peer === null) return;
    movement.peerToServer = bytes_toserver - Math.max(0, flow.peerToServer);
    movement.peerToClient = bytes_toclient - Math.max(0, flow.peerToClient);
    flow.peerToServer = bytes_toserver;
    flow.peerToClient = bytes_toclient;
  }

  /** Where the other end is and what it is called: both may be told later than its packets. */
  #describe(connection: Connection): void {
    if (this.#book === null) return;
    const other = connection.direction === "in" ? connection.src_ip : connection.dest_ip;
    if (connection.country === "") connection.country = this.#book.countryOf(other);
    if (connection.reverse_name === "") connection.reverse_name = this.#book.reverseNameOf(other);
  }

  #joinProcess(flow: FlowRow): void {
    const { connection } = flow;
    const socket = this.#sockets.get(flow.key) ?? this.#wildcard(connection);
    if (socket === undefined) return;
    const end = endOf(socket, connection);
    if (socket.netns !== 0 && connection.direction === (end === "server" ? "out" : "in")) {
      return; // the other end, in a container here; our own will be told of yet
    }
    connection.source = "both";
    connection.netns = socket.netns;
    if (connection.process !== null) return;
    // Between two containers the caller is the row's process, and its container may be read a little later.
    const mayChange = socket.netns !== 0 && end === "server" && connection.direction === "other";
    if (mayChange && this.#tick - flow.firstTick < CALLER_TICKS) return;
    connection.process = this.#process(socket, end);
  }

  /** The program at the other end, if that is on this machine too, and is another. */
  #joinPeer(flow: FlowRow): void {
    const { connection } = flow;
    const { process } = connection;
    if (process === null || (connection.direction !== "local" && this.#peers.size === 0)) return;
    const found = this.#peerOf(flow, process);
    if (found === null || isSame(found, process)) return;
    connection.peer = found;
  }

  #peerOf({ key, connection }: FlowRow, { end }: ConnectionProcess): ConnectionProcess | null {
    for (const socket of [this.#peers.get(key), this.#sockets.get(key)]) {
      if (socket !== undefined && endOf(socket, connection) !== end) {
        return this.#process(socket, end === "client" ? "server" : "client");
      }
    }
    if (connection.direction !== "local" || end !== "client") return null;
    // Its own socket was gone before anybody looked: then it is whoever takes such connections.
    const { proto, dest_ip, dest_port } = connection;
    const bound = proto === "udp" ? this.#wildcards : proto === "tcp" ? this.#listeners : null;
    const socket = bound === null ? undefined : at(bound, dest_ip, dest_port);
    const holder = socket === undefined ? null : this.#process(socket, "server");
    return holder === null || proto === "udp"
      ? holder
      : { ...holder, method: "remembered", confidence: METHOD_CONFIDENCE.remembered };
  }

  /** The unconnected UDP socket that a flow's local end belongs to. */
  #wildcard({ proto, src_ip, src_port, dest_ip, dest_port, direction }: Connection): SocketInfo | undefined {
    if (proto !== "udp") return undefined;
    const client = () => at(this.#wildcards, src_ip, src_port);
    const server = () => at(this.#wildcards, dest_ip, dest_port);
    if (direction === "out") return client();
    if (direction === "in") return server();
    return direction === "local" ? client() ?? server() : undefined;
  }

  /** Rows for sockets whose packets were not seen; `tcp_info` for those that were. */
  #joinSockets(seconds: number, moved: Moved | null): void {
    const seen = new Map(Array.from(this.#flows.values(), (row) => [row.key, row.connection]));
    const rows = new Map<string, Connection>();
    const sockets = new Map<string, SocketInfo>();
    for (const [key, socket] of this.#sockets) {
      const connection = seen.get(key);
      if (connection !== undefined) {
        if (connection.rtt_ms === null && socket.rttUs) {
          connection.rtt_ms = socket.rttUs / 1000;
          connection.rtt_from = "tcp_info";
        }
      } else if (!QUIET_STATES.has(socket.state) && rows.size < MAX_SOCKET_ROWS) {
        rows.set(key, this.#updateSocketRow(key, socket, seconds, moved));
        sockets.set(key, socket);
      }
    }
    this.#socketRows = rows;
    this.#socketOf = sockets;
  }

  #updateSocketRow(key: string, socket: SocketInfo, seconds: number, moved: Moved | null): Connection {
    const before = this.#socketRows.get(key);
    if (before !== undefined && this.#socketOf.get(key) === socket && this.#isAsBefore(before, socket)) {
      before.bits_per_second = 0;
      return before;
    }
    const row = this.#socketRow(key, socket);
    const isFirst = before?.process == null;
    row.start = before?.start ?? this.#socketsAtMs;
    row.last = before?.last ?? this.#socketsAtMs;
    row.process ??= before?.process ?? null;
    row.peer ??= before?.peer ?? null;
    this.#describe(row);
    if (before === undefined) return row;
    const toServer = Math.max(0, row.bytes_toserver - before.bytes_toserver);
    const toClient = Math.max(0, row.bytes_toclient - before.bytes_toclient);
    const bytes = toServer + toClient;
    if (bytes === 0) return row;
    row.last = this.#socketsAtMs;
    if (seconds > 0) row.bits_per_second = 8 * bytes / seconds;
    const isKnown = row.process !== null;
    moved?.(row, {
      bytes,
      toServer,
      toClient,
      attributed: isKnown ? bytes : 0,
      attributedToServer: isKnown ? toServer : 0,
      attributedToClient: isKnown ? toClient : 0,
      peerToServer: row.peer === null ? 0 : toServer,
      peerToClient: row.peer === null ? 0 : toClient,
      isFirstPeer: row.peer !== null && (before.peer === null || before.last === before.start),
      isNew: before.last === before.start,
      isFirstAttributed: isKnown && (isFirst || before.last === before.start),
    });
    return row;
  }

  /** Whether the program of a row is still what it was: it may have been replaced by another (exec). */
  #isAsBefore(row: Connection, socket: SocketInfo): boolean {
    const process = socket.pid === undefined ? undefined : this.#processes.get(socket.pid);
    return process === undefined
      ? true
      : row.process?.name === process.name && row.process.path === process.path;
  }

  #index(socket: SocketInfo): void {
    const { protocol, localAddress, localPort, remoteAddress, remotePort } = socket;
    const isListening = socket.state === "listen";
    if (isListening) this.#listening.add(`${socket.netns}|${localPort}`);
    if (remotePort === 0) {
      const wild = localAddress === "0.0.0.0" || localAddress === "::";
      const place = `${wild ? "*" : localAddress}|${localPort}`;
      if (protocol === IpProtocol.udp) keepBetter(this.#wildcards, place, socket);
      else if (isListening && socket.netns === 0) keepBetter(this.#listeners, place, socket);
      return;
    }
    let key = this.#keys.get(socket);
    if (key === undefined) {
      key = tupleKey(protocol, localAddress, localPort, remoteAddress, remotePort);
      this.#keys.set(socket, key);
    }
    const other = this.#sockets.get(key);
    // Both ends are on this machine, here or in two containers: the one that called is the row's process.
    const alike = other !== undefined &&
      (other.netns === socket.netns || (other.netns !== 0 && socket.netns !== 0));
    if (alike && this.#isListening(socket)) {
      this.#peers.set(key, socket);
      return;
    }
    if (alike && (other.netns === socket.netns || this.#isListening(other))) this.#sockets.set(key, socket);
    else keepBetter(this.#sockets, key, socket);
    if (other === undefined) return;
    const chosen = this.#sockets.get(key)!;
    const left = chosen === other ? socket : other;
    if (areEnds(left, chosen)) this.#peers.set(key, left);
  }

  #isListening(socket: SocketInfo): boolean {
    return this.#listening.has(`${socket.netns}|${socket.localPort}`);
  }

  #socketRow(key: string, socket: SocketInfo): Connection {
    const inbound = this.#isListening(socket);
    const [src, dest] = inbound
      ? [[socket.remoteAddress, socket.remotePort], [socket.localAddress, socket.localPort]] as const
      : [[socket.localAddress, socket.localPort], [socket.remoteAddress, socket.remotePort]] as const;
    const [toServer, toClient] = inbound
      ? [socket.bytesReceived, socket.bytesSent]
      : [socket.bytesSent, socket.bytesReceived];
    const process = this.#process(socket, inbound ? "server" : "client");
    const other = this.#peers.get(key);
    const peer = other === undefined ? null : this.#process(other, inbound ? "client" : "server");
    return {
      id: `s${key}`,
      source: "socket",
      proto: protocolName(socket.protocol),
      src_ip: src[0],
      src_port: src[1],
      dest_ip: dest[0],
      dest_port: dest[1],
      direction: socket.localAddress === socket.remoteAddress ? "local" : inbound ? "in" : "out",
      app_proto: "",
      server_name: "",
      country: "",
      reverse_name: "",
      state: socket.state,
      process,
      peer: peer === null || process === null || isSame(peer, process) ? null : peer,
      bytes_toserver: toServer ?? 0,
      bytes_toclient: toClient ?? 0,
      pkts_toserver: 0,
      pkts_toclient: 0,
      bits_per_second: 0,
      start: 0,
      last: 0,
      rtt_ms: socket.rttUs ? socket.rttUs / 1000 : null,
      rtt_from: socket.rttUs ? "tcp_info" : null,
      retransmissions: socket.retransmits ?? 0,
      resent_share: null,
      rtt_server: null,
      rtt_client: null,
      answer_ms: null,
      slow: "",
      in_iface: "",
      vlan: [],
      tunnel: "none",
      netns: socket.netns,
    };
  }

  #process(socket: SocketInfo, end: ConnectionProcess["end"]): ConnectionProcess | null {
    const process = socket.pid === undefined ? undefined : this.#processes.get(socket.pid);
    if (process === undefined) return null;
    const { pid, name, path, user, container, startedMs: started } = process;
    const { method, others } = socket;
    const confidence = METHOD_CONFIDENCE[method];
    return { pid, name, path, user, container, started, end, method, confidence, others };
  }
}

/** Which end of a connection a socket is; of two ends alike the client's. */
function endOf({ localAddress, localPort }: SocketInfo, row: Connection): ConnectionProcess["end"] {
  const isAt = (ip: string, port: number) =>
    port === localPort && (ip === localAddress || localAddress === "0.0.0.0" || localAddress === "::");
  if (isAt(row.src_ip, row.src_port)) {
    return row.direction === "in" && isAt(row.dest_ip, row.dest_port) ? "server" : "client";
  }
  return isAt(row.dest_ip, row.dest_port) ? "server" : "client";
}

/** Whether two sockets of one five-tuple are its two ends: not one that was read twice, or loopbacks of two namespaces. */
function areEnds(a: SocketInfo, b: SocketInfo): boolean {
  if (a.localPort === b.localPort && a.localAddress === b.localAddress) return false;
  return a.netns === b.netns || a.localAddress !== b.localAddress;
}

function isSame(a: ConnectionProcess, b: ConnectionProcess): boolean {
  return a.pid === b.pid && a.started === b.started;
}

function newFlowRow(columns: FlowColumns, row: number, interfaces: string[]): FlowRow {
  const version = columns.ipVersion[row];
  const client = formatAddress(columns.address, 32 * row, version);
  const server = formatAddress(columns.address, 32 * row + 16, version);
  const [clientPort, serverPort] = [columns.port[2 * row], columns.port[2 * row + 1]];
  return {
    firstTick: 0,
    tick: 0,
    owedToServer: 0,
    owedToClient: 0,
    isCharged: false,
    peerToServer: -1,
    peerToClient: -1,
    key: tupleKey(columns.protocol[row], client, clientPort, server, serverPort),
    connection: {
      id: `f${columns.id[row]}`,
      source: "packets",
      proto: protocolName(columns.protocol[row]),
      src_ip: client,
      src_port: clientPort,
      dest_ip: server,
      dest_port: serverPort,
      direction: DIRECTIONS[columns.localEnd[row]] ?? DIRECTIONS[LocalEnd.neither],
      app_proto: "",
      server_name: "",
      country: "",
      reverse_name: "",
      state: "new",
      process: null,
      peer: null,
      bytes_toserver: 0,
      bytes_toclient: 0,
      pkts_toserver: 0,
      pkts_toclient: 0,
      bits_per_second: 0,
      start: columns.firstUs[row] / 1000,
      last: 0,
      rtt_ms: null,
      rtt_from: null,
      retransmissions: 0,
      resent_share: null,
      rtt_server: null,
      rtt_client: null,
      answer_ms: null,
      slow: "",
      in_iface: interfaces[columns.interfaceIndex[row]] ?? "",
      vlan: vlanIds(columns.vlan[row]),
      tunnel: tunnelName(columns.tunnel[row]),
      netns: 0,
    },
  };
}

/** What packets told of round trips; the flow's own median where the handshake was not seen. */
function updateLatency(connection: Connection, columns: FlowColumns, row: number): void {
  connection.rtt_server = roundTripsOf(columns, row, 0);
  connection.rtt_client = roundTripsOf(columns, row, 1);
  connection.resent_share = resentShareOf(columns, row);
  if (columns.answers[row] > 0) connection.answer_ms = Math.round(columns.answerUs[row]) / 1000;
  connection.slow = slowPartOf(connection);
  if (columns.rttUs[row] > 0) {
    connection.rtt_ms = columns.rttUs[row] / 1000;
    connection.rtt_from = columns.protocol[row] === IpProtocol.tcp ? "handshake" : "exchange";
  } else if (connection.rtt_server !== null || connection.rtt_client !== null) {
    connection.rtt_ms = (connection.rtt_server?.median_ms ?? 0) + (connection.rtt_client?.median_ms ?? 0);
    connection.rtt_from = "flow";
  }
}

/** The same text for both directions of a conversation. */
function tupleKey(protocol: number, a: string, aPort: number, b: string, bPort: number): string {
  return a < b || (a === b && aPort <= bPort)
    ? `${protocol}|${a}|${aPort}|${b}|${bPort}`
    : `${protocol}|${b}|${bPort}|${a}|${aPort}`;
}

/** Whoever is bound to an address, or to all, and a port. */
function at(bound: Map<string, SocketInfo>, address: string, port: number): SocketInfo | undefined {
  return bound.get(`${address}|${port}`) ?? bound.get(`*|${port}`);
}

/** Our own network namespace wins over others; known owners over unknown ones. */
function keepBetter(map: Map<string, SocketInfo>, key: string, socket: SocketInfo): void {
  const other = map.get(key);
  const better = other === undefined || (other.netns !== 0 && socket.netns === 0) ||
    (other.pid === undefined && socket.pid !== undefined && (other.netns !== 0 || socket.netns === 0));
  if (better) map.set(key, socket);
}
