/**
 * Which connections of our own server to end: those that hold a descriptor and do nothing for it. The server (Deno's)
 * has no time limits of its own: without this, half a request would be waited for as long as its sender likes.
 */

/** No byte was ever sent to it: half a request, or none (a TLS handshake already counts as sent). */
export const SILENT_MS = 15_000;
/** Nothing more goes out: idle between requests, the next one trickling in, or a reader that takes nothing. */
export const IDLE_MS = 60_000;
/** Connections from one other machine; then the longest idle go. A browser opens six. */
export const MAX_FROM_ONE = 256;
/** Connections in all. */
export const MAX_CONNECTIONS = 4096;

/** A connection to our port, as the kernel tells it. */
export interface OwnConnection {
  inode: number;
  /** See `clientKey()` of the guard: an address or prefix; "" for this machine, which is not counted. */
  client: string;
  bytesSent: number;
  /** Since payload was last sent. The feed says something every 15 seconds. */
  sendIdleMs: number;
}

/** Inodes of those to end. */
export function staleConnections(
  connections: readonly OwnConnection[],
  { silentMs = SILENT_MS, idleMs = IDLE_MS }: { silentMs?: number; idleMs?: number } = {},
): Set<number> {
  const ended = new Set<number>();
  const counts = new Map<string, number>();
  let kept = 0;
  // The most recently served stay.
  for (const connection of [...connections].sort((a, b) => a.sendIdleMs - b.sendIdleMs)) {
    const { inode, client, bytesSent, sendIdleMs } = connection;
    const count = counts.get(client) ?? 0;
    const isLate = sendIdleMs > (bytesSent === 0 ? silentMs : idleMs);
    const isTooMany = kept >= MAX_CONNECTIONS || (client !== "" && count >= MAX_FROM_ONE);
    if (isLate || isTooMany) {
      ended.add(inode);
      continue;
    }
    counts.set(client, count + 1);
    kept++;
  }
  return ended;
}
