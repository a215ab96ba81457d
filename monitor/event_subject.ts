/** How events of `analyze` are asked by the filter language: flows as they end, and what was seen in them. */
import { formatAddress } from "../model/address.ts";
import type { Matcher, Subject } from "../model/filter/match.ts";
import type { FlowColumns } from "../model/flow.ts";
import type { Observation } from "../model/observation.ts";
import { protocolName } from "./names.ts";
import { filterOf } from "./subjects.ts";

/** What of an event can be asked for. */
interface EventRow {
  type: string;
  src: string;
  dst: string;
  ports: [number, number];
  proto: string;
  app: string;
  name: string;
  words: string;
  kind: string;
  rcode: string;
  severity: number | null;
  bytes: number | null;
  packets: number | null;
  rttMs: number | null;
  firstMs: number;
  lastMs: number;
}

const EVENTS: Subject<EventRow> = {
  name: "events",
  text: (row) => [row.src, row.dst, row.name, row.words],
  exact: (row) => [row.type, row.proto, row.app, ...row.ports.map(String)],
  texts: {
    host: (row) => [row.src, row.dst],
    ip: (row) => [row.src, row.dst],
    src: (row) => [row.src],
    dst: (row) => [row.dst],
    name: (row) => [row.name],
    proto: (row) => [row.proto],
    app: (row) => [row.app],
    type: (row) => [row.type],
    kind: (row) => [row.kind],
    rcode: (row) => [row.rcode],
  },
  names: { host: (row) => [row.name], ip: (row) => [row.name], dst: (row) => [row.name] },
  numbers: {
    port: (row) => row.ports,
    sport: (row) => [row.ports[0]],
    dport: (row) => [row.ports[1]],
    bytes: (row) => [row.bytes],
    packets: (row) => [row.packets],
    rtt: (row) => [row.rttMs],
    severity: (row) => [row.severity],
    since: (row) => [row.lastMs],
    until: (row) => [row.firstMs],
  },
  alias: (field, word) => field === "proto" && word === "icmpv6" ? "ipv6-icmp" : word,
};

/** Which events pass. */
export class EventFilter {
  readonly #matches: Matcher<EventRow>;

  /** @throws {QueryError} Naming `parameter`, and the place in the text. */
  constructor(text: string, parameter: string) {
    this.#matches = filterOf(text, EVENTS, parameter);
  }

  flow(columns: FlowColumns, row: number): boolean {
    const version = columns.ipVersion[row];
    const at = 2 * row;
    return this.#matches({
      type: "flow",
      src: formatAddress(columns.address, 32 * row, version),
      dst: formatAddress(columns.address, 32 * row + 16, version),
      ports: [columns.port[at], columns.port[at + 1]],
      proto: protocolName(columns.protocol[row]),
      app: columns.appProtocol[row],
      name: columns.serverName[row],
      words: "",
      kind: "",
      rcode: "",
      severity: null,
      bytes: columns.bytes[at] + columns.bytes[at + 1],
      packets: columns.packets[at] + columns.packets[at + 1],
      rttMs: columns.rttUs[row] > 0 ? columns.rttUs[row] / 1000 : null,
      firstMs: columns.firstUs[row] / 1000,
      lastMs: columns.lastUs[row] / 1000,
    });
  }

  /** Client and server are those of its flow, whoever sent it. */
  observation({ type, timeUs, flow, fields }: Observation): boolean {
    const body = (fields[type] ?? {}) as Record<string, unknown>;
    const told = (fields.alert ?? fields.note ?? {}) as { signature?: string; severity?: number };
    const { kind = "", message = "" } = (fields.netpane ?? {}) as { kind?: string; message?: string };
    const name = body.sni ?? body.hostname ?? body.rrname ?? "";
    return this.#matches({
      type,
      src: flow.clientAddress,
      dst: flow.serverAddress,
      ports: [flow.clientPort, flow.serverPort],
      proto: flow.protocol === 0 ? "" : protocolName(flow.protocol),
      app: type,
      name: String(name).toLowerCase(),
      words: `${told.signature ?? ""} ${message}`.toLowerCase(),
      kind: String(kind),
      rcode: String(body.rcode ?? "").toLowerCase(),
      severity: told.severity ?? null,
      bytes: null,
      packets: null,
      rttMs: null,
      firstMs: timeUs / 1000,
      lastMs: timeUs / 1000,
    });
  }
}
