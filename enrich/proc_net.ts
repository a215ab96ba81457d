/**
 * Sockets from `/proc/net/tcp`, `tcp6`, `udp`, `udp6` (proc_net(5)): the way round where netlink is refused or its
 * modules are missing. No `tcp_info`, and slower.
 */
import { AF_INET, type DiagRow } from "./inet_diag.ts";

const LINE =
  /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]{2}) \S+ \S+ \S+\s+(\d+)\s+\d+\s+(\d+)/;

/**
 * Reads one line into `row`, whose `bytes` must have room for 32.
 *
 * @returns False for the heading and for what makes no sense.
 */
export function parseProcNetLine(line: string, family: number, row: DiagRow): boolean {
  const fields = LINE.exec(line);
  if (fields === null) return false;
  const digits = family === AF_INET ? 8 : 32;
  const [, local, localPort, remote, remotePort, state, uid, inode] = fields;
  if (local.length !== digits || remote.length !== digits || row.bytes.length < 32) return false;
  row.family = family;
  row.state = parseInt(state, 16);
  row.localPort = parseInt(localPort, 16);
  row.remotePort = parseInt(remotePort, 16);
  row.localAt = 0;
  row.remoteAt = 16;
  setAddress(row.bytes, 0, local);
  setAddress(row.bytes, 16, remote);
  row.uid = Number(uid);
  row.inode = Number(inode);
  // There is no cookie here. Connected sockets are told apart by their ends, which last longer than the inode.
  const connected = row.remotePort !== 0;
  row.cookie = `${local}:${localPort} ${remote}:${remotePort}${connected ? "" : ` ${inode}`}`;
  row.hasInfo = false;
  return true;
}

/** Each four bytes are printed as one number in host byte order, that is, backwards. */
function setAddress(bytes: Uint8Array, at: number, hex: string): void {
  for (let i = 0; i < hex.length / 2; i++) {
    bytes[at + (i & ~3) + (3 - (i & 3))] = parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  }
}
