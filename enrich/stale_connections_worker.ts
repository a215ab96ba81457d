/**
 * Ends stale connections of our own server, every few seconds: a thread with the permission `ffi` and no other.
 *
 * It asks the kernel for the connections of one port (sock_diag), and shuts down those that `staleConnections()`
 * names, which the server sees as the client having gone. Linux only; it speaks `MainToStale` and `StaleToMain`.
 */
import { formatAddress } from "../model/address.ts";
import { clientKey, isThisMachine } from "../model/client_address.ts";
import type { MainToStale, StaleToMain } from "../model/protocol.ts";
import { type Libc, openLibc } from "./ffi/libc.ts";
import { NETLINK_SOCK_DIAG, NetlinkSocket } from "./ffi/netlink_socket.ts";
import { ProcFiles } from "./ffi/proc_files.ts";
import {
  AF_INET,
  AF_INET6,
  createDiagRow,
  inetDiagRequest,
  parseInetDiag,
  SOCK_DIAG_BY_FAMILY,
  TcpState,
} from "./inet_diag.ts";
import { type OwnConnection, staleConnections } from "./stale_connections.ts";

const EVERY_MS = 2000;
const TCP = 6; // IPPROTO_TCP, RFC 9293
/** A client that has closed its half may still read. */
const STATES = 1 << TcpState.ESTABLISHED | 1 << TcpState.CLOSE_WAIT;

// The worker scope's `postMessage` has no type of its own among the libraries for pages.
const scope = self as unknown as {
  postMessage(message: StaleToMain): void;
  onmessage: ((event: MessageEvent<MainToStale>) => void) | null;
};

const row = createDiagRow();

scope.onmessage = ({ data: { pid, port, everyMs = EVERY_MS, ...limits } }) => {
  const libc = openLibc();
  const netlink = NetlinkSocket.open(libc, NETLINK_SOCK_DIAG);
  const files = new ProcFiles(libc);
  setInterval(() => {
    const stale = staleConnections(connectionsOf(netlink, port), limits);
    if (stale.size === 0) return;
    scope.postMessage({ type: "stale-ended", connections: endSockets(libc, files, pid, stale) });
  }, everyMs);
};

function connectionsOf(netlink: NetlinkSocket, port: number): OwnConnection[] {
  const found: OwnConnection[] = [];
  for (const family of [AF_INET, AF_INET6]) {
    const first = found.length;
    netlink.dump({
      type: SOCK_DIAG_BY_FAMILY,
      body: inetDiagRequest({ family, protocol: TCP, states: STATES, tcpInfo: true, localPort: port }),
      restart: () => {
        found.length = first;
      },
      visit: (message) => {
        if (message.type !== SOCK_DIAG_BY_FAMILY || !parseInetDiag(message.body, row)) return;
        // Without an inode it waits to be accepted; clients of other servers may have the number, too.
        if (row.localPort !== port || row.inode === 0 || !row.hasInfo) return;
        const address = formatAddress(row.bytes, row.remoteAt, family === AF_INET ? 4 : 6);
        found.push({
          inode: row.inode,
          client: isThisMachine(address) ? "" : clientKey(address),
          bytesSent: row.bytesSent,
          sendIdleMs: row.sendIdleMs,
        });
      },
    });
  }
  return found;
}

/**
 * The descriptor of a socket is looked up and shut down in one breath. Should the server close it in between and give
 * its number to another one, that is a connection ended that need not have been; files and captures are no sockets
 * that could be shut down.
 */
function endSockets(libc: Libc, files: ProcFiles, pid: number, inodes: ReadonlySet<number>): number {
  let ended = 0;
  files.eachSocket(pid, (descriptor, inode) => {
    if (inodes.has(inode) && libc.shutdown(descriptor) === 0) ended++;
  });
  return ended;
}
