/**
 * Kernel trace events about connections being opened: `perf_event_open(2)` records and tracefs formats. Pure.
 *
 * `sock:inet_sock_set_state` tells when a TCP socket begins to connect, while the program that called connect() is
 * running. `fib:fib_table_lookup` and `fib6:fib6_table_lookup` tell when a route is looked up, which for UDP is
 * when a program connects or sends. So a connection of a few milliseconds still has its process.
 */
import { Cursor } from "../model/cursor.ts";
import { formatAddress } from "../model/address.ts";

// Record types, linux/perf_event.h.
const PERF_RECORD_LOST = 2;
const PERF_RECORD_COMM = 3;
const PERF_RECORD_SAMPLE = 9;
const PERF_RECORD_MISC_COMM_EXEC = 1 << 13;
const MAX_EVENT_FIELDS = 64;
const MAX_COMM_BYTES = 16; // TASK_COMM_LEN

// Bits of common_flags, include/linux/trace_events.h: in these contexts the present process is not the cause.
const TRACE_FLAG_HARDIRQ = 0x08;
const TRACE_FLAG_SOFTIRQ = 0x10;
const TRACE_FLAG_BH_OFF = 0x80;

const SYN_SENT = 2; // include/net/tcp_states.h
const TCP = 6;
const UDP = 17;

/** Where one field of an event is. */
export interface TraceField {
  offset: number;
  size: number;
}

/** An event's `format` file: number and fields. */
export interface TraceFormat {
  id: number;
  fields: Map<string, TraceField>;
}

/** Reads a `format` file of tracefs, Documentation/trace/events.rst; `null` when it makes no sense. */
export function parseTraceFormat(text: string): TraceFormat | null {
  const id = /^ID:\s*(\d+)/m.exec(text);
  if (id === null) return null;
  const fields = new Map<string, TraceField>();
  for (const line of text.split("\n")) {
    const field = /^\s*field:([^;]+);\s*offset:(\d+);\s*size:(\d+);/.exec(line);
    if (field === null || fields.size >= MAX_EVENT_FIELDS) continue;
    const name = /([A-Za-z_]\w*)(?:\[[^\]]*\])?$/.exec(field[1].trim());
    if (name !== null) fields.set(name[1], { offset: Number(field[2]), size: Number(field[3]) });
  }
  return { id: Number(id[1]), fields };
}

/** Fields wanted of each event, by the event's path under `events/`. An event without them is not used. */
export const TRACE_EVENTS = {
  tcp: {
    path: "sock/inet_sock_set_state",
    fields: [
      "skaddr",
      "oldstate",
      "newstate",
      "sport",
      "dport",
      "family",
      "protocol",
      "saddr",
      "daddr",
      "saddr_v6",
      "daddr_v6",
    ],
    // Beginning to connect, and what comes of it: only then the local port is known.
    filter: `protocol == ${TCP} && (newstate == ${SYN_SENT} || oldstate == ${SYN_SENT})`,
  },
  udp4: {
    path: "fib/fib_table_lookup",
    fields: ["proto", "src", "dst", "sport", "dport", "common_flags"],
    filter: `proto == ${UDP} && sport != 0 && dport != 0`,
  },
  udp6: {
    path: "fib6/fib6_table_lookup",
    fields: ["proto", "src", "dst", "sport", "dport", "common_flags"],
    filter: `proto == ${UDP} && sport != 0 && dport != 0`,
  },
} as const;

export type TraceEventName = keyof typeof TRACE_EVENTS;
export const TRACE_EVENT_NAMES = Object.keys(TRACE_EVENTS) as TraceEventName[];

/** Whether a format has all that is wanted of an event. */
export function isUsable(event: TraceEventName, format: TraceFormat): boolean {
  return TRACE_EVENTS[event].fields.every((name) => format.fields.has(name));
}

/** What one record says. */
export type TraceRecord =
  /** Process `pid` began to connect socket `socket` (a number without meaning, unique while the socket lives). */
  | { kind: "connecting"; pid: number; timeNs: number; socket: number }
  /** That socket is connected, or failed to. */
  | { kind: "connected"; timeNs: number; socket: number } & TraceEnds
  /** Process `pid` connects or sends by UDP; the local address may be unspecified, then the route decides. */
  | { kind: "sending"; pid: number; timeNs: number } & TraceEnds
  /** Process `pid` started a program of this name. */
  | { kind: "named"; pid: number; timeNs: number; name: string }
  /** So many records found no room. */
  | { kind: "lost"; timeNs: number; records: number };

export interface TraceEnds {
  localAddress: string;
  localPort: number;
  remoteAddress: string;
  remotePort: number;
}

/**
 * Reads one record; it was sampled with `PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_RAW`.
 *
 * @param c Bounded to the record, header included.
 * @returns `null` for records of other kinds, of other causes, or cut ones.
 */
export function parseTraceRecord(
  c: Cursor,
  formats: ReadonlyMap<TraceEventName, TraceFormat>,
): TraceRecord | null {
  const type = c.u32le();
  const misc = c.u16le();
  c.skip(2); // size: the caller has bounded us
  if (type === PERF_RECORD_LOST) {
    c.skip(8); // id
    const records = c.u32le();
    return c.failed ? null : { kind: "lost", timeNs: 0, records };
  }
  const pid = c.u32le();
  c.skip(4); // thread
  if (type === PERF_RECORD_COMM) {
    // With `sample_id_all` the record ends with thread and time, perf_event_open(2).
    const timeNs = new Cursor(c.bytes, c.end - 8, c.end);
    const timeLow = timeNs.u32le();
    const timeHigh = timeNs.u32le();
    const length = c.find(0, MAX_COMM_BYTES);
    const name = new TextDecoder().decode(
      c.copy(length < 0 ? Math.min(c.remaining, MAX_COMM_BYTES) : length),
    );
    // Threads name themselves too; a program's name is the one it was started by.
    return c.failed || (misc & PERF_RECORD_MISC_COMM_EXEC) === 0
      ? null
      : { kind: "named", pid, timeNs: timeHigh * 0x1_0000_0000 + timeLow, name };
  }
  if (type !== PERF_RECORD_SAMPLE) return null;
  const timeLow = c.u32le();
  const timeNs = c.u32le() * 0x1_0000_0000 + timeLow;
  c.limit(c.u32le());
  if (c.failed) return null;
  const id = new Cursor(c.bytes, c.at, c.end).u16le(); // common_type is first in each event
  for (const [event, format] of formats) {
    if (format.id === id) {
      return event === "tcp" ? parseTcp(c, format, pid, timeNs) : parseUdp(c, format, pid, timeNs);
    }
  }
  return null;
}

function parseTcp(c: Cursor, format: TraceFormat, pid: number, timeNs: number): TraceRecord | null {
  const newState = number(c, format, "newstate");
  const oldState = number(c, format, "oldstate");
  const socket = number(c, format, "skaddr");
  if (c.failed) return null;
  if (newState === SYN_SENT) return { kind: "connecting", pid, timeNs, socket };
  if (oldState !== SYN_SENT) return null;
  const version = number(c, format, "family") === 2 ? 4 : 6;
  const ends = {
    localAddress: address(c, format, version === 4 ? "saddr" : "saddr_v6", version),
    localPort: number(c, format, "sport"),
    remoteAddress: address(c, format, version === 4 ? "daddr" : "daddr_v6", version),
    remotePort: number(c, format, "dport"),
  };
  return c.failed ? null : { kind: "connected", timeNs, socket, ...ends };
}

function parseUdp(c: Cursor, format: TraceFormat, pid: number, timeNs: number): TraceRecord | null {
  // A tunnel or a forwarded packet met while some innocent process happened to run.
  const flags = number(c, format, "common_flags");
  if ((flags & (TRACE_FLAG_HARDIRQ | TRACE_FLAG_SOFTIRQ | TRACE_FLAG_BH_OFF)) !== 0) return null;
  if (number(c, format, "proto") !== UDP || pid === 0) return null;
  const version = format.fields.get("dst")?.size === 4 ? 4 : 6;
  const ends = {
    localAddress: address(c, format, "src", version),
    localPort: number(c, format, "sport"),
    remoteAddress: address(c, format, "dst", version),
    remotePort: number(c, format, "dport"),
  };
  return c.failed || ends.localPort === 0 ? null : { kind: "sending", pid, timeNs, ...ends };
}

/** A field as a number in host byte order; of 64 bits the lowest 48, which tell kernel addresses apart, exactly. */
function number(c: Cursor, format: TraceFormat, name: string): number {
  const field = format.fields.get(name);
  if (field === undefined || !c.has(field.offset + field.size)) {
    c.fail();
    return 0;
  }
  const at = new Cursor(c.bytes, c.at + field.offset, c.end);
  switch (field.size) {
    case 1:
      return at.u8();
    case 2:
      return at.u16le();
    case 4:
      return at.u32le();
    default: {
      const low = at.u32le();
      return at.u16le() * 0x1_0000_0000 + low;
    }
  }
}

function address(c: Cursor, format: TraceFormat, name: string, version: 4 | 6): string {
  const field = format.fields.get(name);
  if (field === undefined || field.size !== (version === 4 ? 4 : 16) || !c.has(field.offset + field.size)) {
    c.fail();
    return "";
  }
  const text = formatAddress(c.bytes, c.at + field.offset, version);
  return text.startsWith("::ffff:") && text.includes(".") ? text.slice(7) : text; // IPv4-mapped
}
