/**
 * What was looked at for alerts, and what cannot be seen: an empty list of alerts says something only beside these
 * numbers. Pure: the server makes it from what it has, the browser from the API.
 */
import type { Connection, Stats } from "../model/api.ts";
import { count, counted } from "./format.ts";

/** Protocols whose contents are encrypted, as `app_proto` names them, and what they are called. */
export const ENCRYPTED = {
  tls: "TLS",
  quic: "QUIC",
  ssh: "SSH",
  dtls: "DTLS",
  wireguard: "WireGuard",
} as const;

export type EncryptedName = keyof typeof ENCRYPTED;

export interface Coverage {
  /** Connections that packets were seen of, now; and those of them that are encrypted, by protocol. */
  connections: number;
  encrypted: Partial<Record<EncryptedName, number>>;
  /** What was missed, in sentences; empty when nothing was. */
  missed: string[];
}

/** How many of the connections are encrypted. */
export function countEncrypted(rows: Connection[]): Pick<Coverage, "connections" | "encrypted"> {
  const encrypted: Coverage["encrypted"] = {};
  let connections = 0;
  for (const { source, app_proto } of rows) {
    if (source === "socket") continue;
    connections++;
    if (Object.hasOwn(ENCRYPTED, app_proto)) {
      encrypted[app_proto as EncryptedName] = (encrypted[app_proto as EncryptedName] ?? 0) + 1;
    }
  }
  return { connections, encrypted };
}

/** What of the traffic was not searched though it was clear text, and why. */
export function missedOf(stats: Stats): string[] {
  const { capture, packets, payload, detect } = stats;
  const lost = capture.kernel_dropped + capture.interface_dropped + capture.app_dropped;
  const failures = Object.values(payload.failures).reduce((sum, n) => sum + n, 0);
  const missed: [number, string][] = [
    [lost, `${counted(lost, "packet")} lost before being read`],
    [packets.snapped, `${counted(packets.snapped, "packet")} cut short by the snap length`],
    [payload.refused, `${counted(payload.refused, "flow")} not looked into to their end: too many at once`],
    [payload.heldExceeded, `${counted(payload.heldExceeded, "gap")} in streams, left for want of memory`],
    [failures, `${counted(failures, "flow")} given up by a parser that failed`],
    [detect.facts_lost, `${counted(detect.facts_lost, "event")} that rules never saw: too many at once`],
    [detect.alertsEvicted, `${counted(detect.alertsEvicted, "alert")} told as over early: too many open`],
    [payload.alertsRefused, `${counted(payload.alertsRefused, "finding")} not kept: too many at once`],
  ];
  return missed.filter(([n]) => n > 0).map(([, text]) => text);
}

/** In a sentence: how many connections are encrypted, and by which protocol. */
export function encryptedText({ connections, encrypted }: Coverage): string {
  const parts = Object.entries(encrypted).filter(([, n]) => n > 0);
  if (parts.length === 0) return `none of ${counted(connections, "connection")} now`;
  const sum = parts.reduce((sum, [, n]) => sum + n, 0);
  const names = parts.map(([name, n]) => `${ENCRYPTED[name as EncryptedName]} ${count(n)}`).join(", ");
  return `${count(sum)} of ${counted(connections, "connection")} now (${names})`;
}
