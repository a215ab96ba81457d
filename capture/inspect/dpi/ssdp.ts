/**
 * SSDP, UPnP Device Architecture 2.0 §1: devices that announce themselves and are looked for, in HTTP's form over UDP.
 *
 * Told as `ssdp`, each announcement of a flow once: devices repeat theirs for ever.
 */
import { Cursor } from "../../../model/cursor.ts";
import { scanDatagram } from "./clear_text.ts";
import { type DatagramParser, type DatagramProtocol, type FlowHandle, Probe } from "./contract.ts";
import { maskCutEnd, maskUrl } from "./http/mask.ts";
import { presentableText } from "./presentable_text.ts";

const STARTS: [string, string][] = [
  ["NOTIFY * HTTP/1.", "NOTIFY"],
  ["M-SEARCH * HTTP/1.", "M-SEARCH"],
  ["HTTP/1.1 200 OK", "RESPONSE"],
];
const LONGEST_START = Math.max(...STARTS.map(([start]) => start.length));

/** Header fields that are told, and under which name. */
const FIELDS: Record<string, string> = {
  "nt": "nt",
  "nts": "nts",
  "st": "st",
  "usn": "usn",
  "man": "man",
  "server": "server",
  "user-agent": "user_agent",
  "location": "location",
};
const MAX_LINES = 64;
const MAX_LINE_BYTES = 512;
/** Different announcements told of a flow: a device with many services has some twenty. */
const MAX_TOLD = 64;

/** SSDP over UDP. */
export const ssdpDatagrams: DatagramProtocol = {
  name: "ssdp",
  probe: (c) => methodOf(c) === null ? Probe.no : Probe.yes,
  create: (flow) => new Ssdp(flow),
};

function methodOf(c: Cursor): string | null {
  const first = c.peek8();
  if (first !== 0x4e && first !== 0x4d && first !== 0x48) return null; // N, M, H
  const text = c.ascii(Math.min(LONGEST_START, c.remaining));
  return STARTS.find(([start]) => text.startsWith(start))?.[1] ?? null;
}

class Ssdp implements DatagramParser {
  readonly #flow: FlowHandle;
  readonly #told = new Set<string>();

  constructor(flow: FlowHandle) {
    this.#flow = flow;
  }

  datagram(direction: number, bytes: Uint8Array, at: number, end: number): void {
    scanDatagram(this.#flow, direction, bytes, at, end);
    const c = new Cursor(bytes, at, end);
    const method = methodOf(c);
    if (method === null) return;
    const ssdp: Record<string, string> = { method };
    skipLine(c);
    for (let lines = 0; c.remaining > 0 && lines < MAX_LINES; lines++) readField(c, ssdp);
    const key = `${direction} ${method} ${ssdp.nt ?? ssdp.st} ${ssdp.nts} ${ssdp.usn} ${ssdp.location}`;
    if (this.#told.has(key) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(key);
    this.#flow.tell("ssdp", direction, { ssdp });
  }

  close(): void {}
}

/** One header line, into `ssdp` when it is one that is told. */
function readField(c: Cursor, ssdp: Record<string, string>): void {
  const at = c.at;
  const stop = skipLine(c);
  const end = Math.min(stop, at + MAX_LINE_BYTES);
  let colon = at;
  while (colon < end && c.bytes[colon] !== 0x3a) colon++;
  if (colon === end) return;
  let name = "";
  for (let i = at; i < colon && i < at + 16; i++) name += String.fromCharCode(c.bytes[i]);
  const key = FIELDS[name.toLowerCase()];
  if (key === undefined) return;
  const text = presentableText(c.bytes, colon + 1, end).trim();
  const value = stop === c.end || end < stop ? maskCutEnd(text) : text;
  ssdp[key] = key === "location" ? maskUrl(value) : value;
}

/** Steps behind the next line feed; returns where the line's text ended. */
function skipLine(c: Cursor): number {
  const at = c.at;
  const feed = c.find(0x0a);
  if (feed < 0) {
    c.skip(c.remaining);
    return c.end;
  }
  c.skip(feed + 1);
  return feed > 0 && c.bytes[at + feed - 1] === 0x0d ? at + feed - 1 : at + feed;
}
