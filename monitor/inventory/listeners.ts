/** Sockets that wait for others: which program, on which address, since when, and who can reach it. */
import { isLoopback, parseAddress } from "../../model/address.ts";
import type { Listener } from "../../model/inventory.ts";
import { usualService } from "../../model/service_ports.ts";
import type { ProcessInfo, SocketInfo, SystemReport } from "../../model/system.ts";

/** From here on the kernel gives ports to clients by itself: `ip_local_port_range`, RFC 6056 §3.2. */
const FIRST_CLIENT_PORT = 32_768;

export class Listeners {
  /** As of the latest reading. */
  all: Listener[] = [];
  /** UDP sockets on client ports. */
  udpClients = 0;
  #since = new Map<string, { since: number; sinceStart: boolean }>();
  #first = true;

  applySystem({ sockets, processes, atMs }: SystemReport): void {
    const byPid = new Map<number, ProcessInfo>(processes.map((process) => [process.pid, process]));
    const since = new Map<string, { since: number; sinceStart: boolean }>();
    const all = new Map<string, Listener>();
    let udpClients = 0;
    for (const socket of sockets) {
      if (!isWaiting(socket)) continue;
      if (socket.protocol === 17 && socket.localPort >= FIRST_CLIENT_PORT) {
        udpClients++;
        continue;
      }
      const { protocol, localAddress, localPort, netns, pid = 0 } = socket;
      const key = `${netns} ${protocol} ${localAddress} ${localPort} ${pid}`;
      if (all.has(key)) continue; // one program may hold several sockets on a port (SO_REUSEPORT)
      const known = this.#since.get(key) ?? { since: atMs, sinceStart: this.#first };
      since.set(key, known);
      const process = byPid.get(pid);
      all.set(key, {
        proto: protocol === 6 ? "tcp" : "udp",
        address: localAddress,
        port: localPort,
        reach: reachOf(localAddress),
        service: usualService(localPort),
        pid,
        process: process?.name ?? "",
        path: process?.path ?? "",
        user: process?.user ?? "",
        container: process?.container ?? "",
        method: socket.method,
        since: known.since,
        since_start: known.sinceStart,
        netns,
      });
    }
    this.#since = since;
    this.#first = false;
    this.udpClients = udpClients;
    this.all = [...all.values()].sort((a, b) =>
      a.port - b.port || compareText(a.proto, b.proto) || compareText(a.address, b.address) || a.pid - b.pid
    );
  }
}

function isWaiting({ protocol, state, remotePort }: SocketInfo): boolean {
  return remotePort === 0 && (protocol === 6 ? state === "listen" : state === "unconnected");
}

function reachOf(address: string): Listener["reach"] {
  if (address === "0.0.0.0" || address === "::") return "all";
  const bytes = parseAddress(address);
  return bytes !== null && isLoopback(bytes, 0, bytes.length === 4 ? 4 : 6) ? "loopback" : "one";
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
