/** What the inspector's tests share: bytes from hex, batches from frames, flows as plain objects. */
import { formatAddress } from "../../../model/address.ts";
import { type PacketBatch, RECORD_HEADER_BYTES } from "../../../model/batch.ts";
import { type FlowColumns, FlowEnd, FlowState, IpProtocol, Tunnel } from "../../../model/flow.ts";
import { Inspector, type InspectorOptions } from "../../../capture/inspect/mod.ts";

export function hex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, "");
  return Uint8Array.from(
    { length: digits.length / 2 },
    (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}

/** A frame with when it was seen; `wireLength` where capture cut it. */
export interface Frame {
  bytes: Uint8Array;
  atUs?: number;
  wireLength?: number;
}

export const START_US = 1_700_000_000_000_000;

export function batchOf(frames: Frame[], linkType = 1, interfaceIndex = 0): PacketBatch {
  const length = frames.reduce((sum, f) => sum + RECORD_HEADER_BYTES + f.bytes.length, 0);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const frame of frames) {
    const timeUs = frame.atUs ?? START_US;
    view.setUint32(at, Math.floor(timeUs / 1e6), true);
    view.setUint32(at + 4, timeUs % 1e6, true);
    view.setUint32(at + 8, frame.bytes.length, true);
    view.setUint32(at + 12, frame.wireLength ?? frame.bytes.length, true);
    bytes.set(frame.bytes, at + RECORD_HEADER_BYTES);
    at += RECORD_HEADER_BYTES + frame.bytes.length;
  }
  return { bytes, length, linkType, nanosecond: false, interfaceIndex };
}

export interface Flow {
  id: number;
  protocol: number;
  client: string;
  server: string;
  clientPort: number;
  serverPort: number;
  state: string;
  end: string;
  packets: [number, number];
  bytes: [number, number];
  payloadBytes: [number, number];
  tcpFlags: [number, number];
  retransmissions: [number, number];
  firstUs: number;
  lastUs: number;
  rttUs: number;
  vlan: number;
  tunnel: string;
  localEnd: number;
  interfaceIndex: number;
}

export function flowAt(flows: FlowColumns, row: number): Flow {
  const pair = (column: { [i: number]: number }): [number, number] => [column[2 * row], column[2 * row + 1]];
  const version = flows.ipVersion[row];
  return {
    id: flows.id[row],
    protocol: flows.protocol[row],
    client: formatAddress(flows.address, 32 * row, version),
    server: formatAddress(flows.address, 32 * row + 16, version),
    clientPort: flows.port[2 * row],
    serverPort: flows.port[2 * row + 1],
    state: nameOf(FlowState, flows.state[row]),
    end: nameOf(FlowEnd, flows.end[row]),
    packets: pair(flows.packets),
    bytes: pair(flows.bytes),
    payloadBytes: pair(flows.payloadBytes),
    tcpFlags: pair(flows.tcpFlags),
    retransmissions: pair(flows.retransmissions),
    firstUs: flows.firstUs[row],
    lastUs: flows.lastUs[row],
    rttUs: flows.rttUs[row],
    vlan: flows.vlan[row],
    tunnel: nameOf(Tunnel, flows.tunnel[row]),
    localEnd: flows.localEnd[row],
    interfaceIndex: flows.interfaceIndex[row],
  };
}

/** An inspector that keeps every flow that ended, in the order of their ends. Small, as tests make thousands. */
export function watch(options: InspectorOptions = {}): { inspector: Inspector; ended: Flow[] } {
  const ended: Flow[] = [];
  return {
    inspector: new Inspector({ ...options, onFlowEnd: (f, row) => void ended.push(flowAt(f, row)) }),
    ended,
  };
}

/** As the tables write flows: "protocol client:port server:port payload [vlan N[.N]] [tunnel]". */
export function describe(flow: Flow): string {
  const names: Record<number, string> = { [IpProtocol.ipv6Icmp]: "icmpv6" };
  for (const [name, number] of Object.entries(IpProtocol)) names[number] ??= name;
  let text = `${names[flow.protocol] ?? flow.protocol} ${flow.client}:${flow.clientPort} ` +
    `${flow.server}:${flow.serverPort} ${flow.payloadBytes[0] + flow.payloadBytes[1]}`;
  if (flow.vlan !== 0) {
    text += ` vlan ${flow.vlan & 0xfff}`;
    if (flow.vlan >>> 16 !== 0) text += `.${flow.vlan >>> 16 & 0xfff}`;
  }
  return flow.tunnel === "none" ? text : `${text} ${flow.tunnel}`;
}

/** xorshift32, so that failures come back. */
export function createRandom(seed: number): () => number {
  let x = seed | 0 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}

function nameOf(codes: Record<string, number>, code: number): string {
  return Object.keys(codes).find((name) => codes[name] === code) ?? `?${code}`;
}

export interface SegmentOptions {
  /** "a" sends to "b" unless reversed. */
  fromServer?: boolean;
  flags?: string;
  seq?: number;
  ack?: number;
  payload?: number;
  clientPort?: number;
  serverPort?: number;
}

/** An Ethernet frame with an IPv4 TCP segment between 10.0.0.1 (client) and 192.0.2.9 (server). */
export function segment(options: SegmentOptions = {}): Uint8Array {
  const payload = options.payload ?? 0;
  const frame = new Uint8Array(14 + 20 + 20 + payload);
  const view = new DataView(frame.buffer);
  view.setUint16(12, 0x0800);
  view.setUint16(14, 0x4500);
  view.setUint16(16, 40 + payload);
  view.setUint16(22, 64 << 8 | 6);
  const [client, server] = [0x0a000001, 0xc0000209];
  view.setUint32(26, options.fromServer ? server : client);
  view.setUint32(30, options.fromServer ? client : server);
  const ports = [options.clientPort ?? 40000, options.serverPort ?? 443];
  view.setUint16(34, ports[options.fromServer ? 1 : 0]);
  view.setUint16(36, ports[options.fromServer ? 0 : 1]);
  view.setUint32(38, options.seq ?? 0);
  view.setUint32(42, options.ack ?? 0);
  const bits = [..."FSRPAU"].reduce(
    (sum, f, i) => sum | ((options.flags ?? "A").includes(f) ? 1 << i : 0),
    0,
  );
  view.setUint16(46, 0x5000 | bits);
  return frame;
}
