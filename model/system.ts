/** What the system worker tells: sockets, the processes that own them, interfaces and their counters, CPU. */

/** How a process was found for a socket, and so how sure it is. */
export type AttributionMethod =
  /** The socket's inode is among the process's open files: certain. */
  | "inode"
  /** Several processes hold the socket; the first is named, `others` tells how many more. */
  | "shared-inode"
  /** Remembered from a reading before the process or socket went away. */
  | "remembered"
  /** Not found: `process` is absent. */
  | "none";

/**
 * How far each method can be trusted, 0 to 1. Of a shared socket any holder may have sent what was seen. What is
 * remembered was told by the kernel as the connection was opened, was read before the socket or process went, or is
 * the holder of the listening socket that a connection came in through: another process may have taken it over since.
 */
export const METHOD_CONFIDENCE: Readonly<Record<AttributionMethod, number>> = {
  "inode": 1,
  "shared-inode": 0.9,
  "remembered": 0.8,
  "none": 0,
};

/** One TCP or UDP socket as the kernel has it now. */
export interface SocketInfo {
  /** 6 TCP, 17 UDP. */
  protocol: 6 | 17;
  /** Text, RFC 5952; IPv4-mapped addresses are written as IPv4. */
  localAddress: string;
  localPort: number;
  remoteAddress: string;
  remotePort: number;
  /**
   * `established`, `listen`, `time_wait` ... (Linux names, lower case); UDP: `established` or `unconnected`. `closed`:
   * ended since the last report, told this once.
   */
  state: string;
  /** -1 where the kernel no longer knows. */
  uid: number;
  inode: number;
  /** Network namespace (its inode); 0 for the one Netpane runs in. */
  netns: number;
  /** Owner; absent when not found. */
  pid?: number;
  method: AttributionMethod;
  /** Processes beyond `pid` that hold the socket. */
  others: number;
  /** From `tcp_info`; absent for UDP. Smoothed round trip and its variation in microseconds. */
  rttUs?: number;
  rttVarUs?: number;
  /** Segments sent again over the connection's life. */
  retransmits?: number;
  bytesSent?: number;
  bytesReceived?: number;
}

/** One process that owns a socket (`get_app_info`). Text comes from other programs: never trust it as HTML. */
export interface ProcessInfo {
  pid: number;
  parentPid: number;
  /** Its name; "" where it is gone or out of sight. */
  parentName?: string;
  /** Short name, as the kernel has it. */
  name: string;
  /** Path of the program; empty where not permitted. */
  path: string;
  /** Arguments joined by blanks, at most 1,024 characters, values that look like secrets masked. */
  commandLine: string;
  /** -1 where it ended before it could be asked; then all but `pid` and perhaps `name` is empty. */
  uid: number;
  /** Name of the user, or the number where it has none. */
  user: string;
  /** Milliseconds since 1970. */
  startedMs: number;
  /** Container or unit from the control group; empty where none is known. */
  container: string;
}

/** One network interface and its 64-bit counters (`get_interface_stats`). */
export interface InterfaceInfo {
  index: number;
  name: string;
  /** Colon-separated, empty where there is none. */
  mac: string;
  mtu: number;
  up: boolean;
  running: boolean;
  loopback: boolean;
  addresses: { address: string; prefixLength: number }[];
  receivedBytes: number;
  receivedPackets: number;
  receivedErrors: number;
  receivedDropped: number;
  sentBytes: number;
  sentPackets: number;
  sentErrors: number;
  sentDropped: number;
  /** What the card can do in each direction; null where nobody knows, absent where it is not running. */
  speedBitsPerSecond?: number | null;
}

/** One entry of the kernel's table of neighbours: who has which address on the local network. */
export interface NeighbourInfo {
  address: string;
  /** Colon-separated, lower case. */
  mac: string;
  /** Index of the interface. */
  index: number;
  /** The kernel has heard of it within the last half minute or so. */
  fresh: boolean;
  /** It calls itself a router (IPv6). */
  router: boolean;
}

/** One reading of the machine. */
export interface SystemReport {
  type: "system-report";
  /** Milliseconds since 1970 when it was taken. */
  atMs: number;
  /** What it took, milliseconds. */
  tookMs: number;
  sockets: SocketInfo[];
  /** Sockets beyond the ceiling of one reading. */
  socketsLost: number;
  processes: ProcessInfo[];
  interfaces: InterfaceInfo[];
  /** Those of our network namespace, read every few seconds; absent in reports between. */
  neighbours?: NeighbourInfo[];
  /** Processes among `processes` that use much CPU, as share of one core; absent where it was not looked at. */
  busy?: { pid: number; cpu: number }[];
  /** Share of all cores in use since the last reading, 0 to 1; absent at the first. */
  cpu?: number;
  /** What could not be read, and the step that would allow it. */
  problems: { message: string; hint: string }[];
}

/** A report on its way from the worker: of the sockets only what has changed. See `enrich/socket_delta.ts`. */
export interface SystemMessage extends Omit<SystemReport, "sockets"> {
  /** Sockets that are new or have changed, and by which number each goes. */
  changed: SocketInfo[];
  changedIds: number[];
  /** Numbers of those that are no longer told. */
  gone: number[];
}
