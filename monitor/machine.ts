/**
 * What main tells the detector of the machine, put together from what the system worker reports and from the rows of
 * the connections: who owns which flow, who listens, how busy the machine, its programs and its interfaces are.
 */
import type { Connection, InterfaceStatus } from "../model/api.ts";
import type { SystemReport } from "../model/system.ts";
import type { SystemFacts } from "../model/system_facts.ts";

/** Owners told in one go; the rest follow a second later. */
const MAX_OWNERS = 5_000;

export interface MachineView {
  atMs: number;
  /** Since when `system` was told: the same report is not told twice. */
  system: SystemReport | null;
  connections: readonly Connection[];
  interfaces: readonly InterfaceStatus[];
  received: number;
  dropped: number;
}

export class Machine {
  /** Flows whose program was told; those that are gone are dropped each time. */
  #told = new Map<string, string>();
  /** Flows whose country was told; likewise. */
  #placed = new Set<string>();

  facts(view: MachineView): SystemFacts {
    const { system } = view;
    const processes = new Map(system?.processes.map((process) => [process.pid, process]) ?? []);
    const speeds = new Map(system?.interfaces.map((link) => [link.name, link.speedBitsPerSecond]) ?? []);
    return {
      atUs: view.atMs * 1000,
      cpu: system?.cpu ?? null,
      busy: busyTalkers(system),
      owners: this.#owners(view.connections),
      listeners: (system?.sockets ?? []).filter(isListener).map((socket) => {
        const process = socket.pid === undefined ? undefined : processes.get(socket.pid);
        return {
          protocol: socket.protocol === 6 ? "tcp" : "udp",
          address: socket.localAddress,
          port: socket.localPort,
          program: process?.name ?? "",
          path: process?.path ?? "",
          pid: socket.pid ?? 0,
        };
      }),
      interfaces: view.interfaces.map((device) => ({
        name: device.name,
        speedBitsPerSecond: speeds.get(device.name) ?? null,
        receivedBitsPerSecond: device.received_bits_per_second,
        sentBitsPerSecond: device.sent_bits_per_second,
      })),
      capture: { received: view.received, dropped: view.dropped },
      places: this.#places(view.connections),
    };
  }

  #owners(connections: readonly Connection[]): SystemFacts["owners"] {
    const owners: SystemFacts["owners"] = [];
    const told = new Map<string, string>();
    for (const connection of connections) {
      const { id, process } = connection;
      if (process === null || !id.startsWith("f")) continue;
      const known = this.#told.get(id) === process.name;
      if (!known && owners.length >= MAX_OWNERS) continue;
      told.set(id, process.name);
      if (known) continue;
      const { name, path, pid, user } = process;
      owners.push({ flowId: Number(id.slice(1)), program: name, path, pid, user, ...otherEnd(connection) });
    }
    this.#told = told;
    return owners;
  }

  #places(connections: readonly Connection[]): SystemFacts["places"] {
    const places: SystemFacts["places"] = [];
    const placed = new Set<string>();
    for (const connection of connections) {
      const { id, process, country } = connection;
      if (process === null || country === "" || !id.startsWith("f")) continue;
      const known = this.#placed.has(id);
      if (!known && places.length >= MAX_OWNERS) continue;
      placed.add(id);
      if (known) continue;
      const { address, inbound } = otherEnd(connection);
      const { name, path } = process;
      places.push({ flowId: Number(id.slice(1)), program: name, path, address, country, inbound });
    }
    this.#placed = placed;
    return places;
  }
}

/** Busy processes that have a connection now: holding a port open is not talking. */
function busyTalkers(system: SystemReport | null): SystemFacts["busy"] {
  if (!system?.busy?.length) return [];
  const talking = new Set(system.sockets.filter(({ remotePort }) => remotePort > 0).map(({ pid }) => pid));
  return system.busy.filter(({ pid }) => talking.has(pid)).map(({ pid, cpu }) => {
    const process = system.processes.find((process) => process.pid === pid);
    return { pid, program: process?.name ?? "", path: process?.path ?? "", cpu };
  });
}

function otherEnd(connection: Connection): { address: string; port: number; inbound: boolean } {
  return connection.direction === "in"
    ? { address: connection.src_ip, port: connection.src_port, inbound: true }
    : { address: connection.dest_ip, port: connection.dest_port, inbound: false };
}

/** TCP that listens; UDP without a peer below the range that the kernel gives out (`ip_local_port_range`). */
function isListener(socket: SystemReport["sockets"][number]): boolean {
  if (socket.netns !== 0) return false;
  if (socket.protocol === 6) return socket.state === "listen";
  return socket.state === "unconnected" && socket.localPort < 32_768;
}
