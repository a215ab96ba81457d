/**
 * What payload inspection told, kept for pages and the API: packets and DNS queries. Each a ring with a ceiling;
 * joined with the process of its flow where that is known. Alerts are in `alerts.ts`.
 */
import type { DnsQuery, LoggedPacket } from "../model/api.ts";
import type { Observation } from "../model/observation.ts";
import type { PacketRecord } from "../model/packet.ts";
import { ends, type FlowLookup } from "./alerts.ts";

export const MAX_PACKETS = 10_000;
export const MAX_QUERIES = 2_000;
/** Names whose queries are counted; the one asked longest ago goes first. */
const MAX_COUNTED_NAMES = 20_000;
/** Packets and queries that are still looked at for a program, each tick. */
const RECENT_PACKETS = 1_000;
const RECENT_QUERIES = 300;
const MAX_ANSWERS = 8;
const DNS_TYPES = new Set(["dns", "mdns", "llmnr"]);

export class Findings {
  /** Oldest first. */
  readonly packets: LoggedPacket[] = [];
  readonly queries: DnsQuery[] = [];
  /** Each goes up whenever its rows change. */
  readonly versions = { packets: 0, queries: 0 };
  #lookup: FlowLookup;
  #counts = new Map<string, number>();
  /** Questions that wait for an answer, by flow, transaction and name. */
  #open = new Map<string, DnsQuery>();
  /** Flow of each query, for programs found after the fact. */
  #flowOf = new WeakMap<DnsQuery, number>();
  #nextQuery = 1;

  constructor(lookup: FlowLookup) {
    this.#lookup = lookup;
  }

  addPackets(records: PacketRecord[]): LoggedPacket[] {
    const logged = records.map(({ interface_index, ...record }) => ({
      ...record,
      in_iface: this.#lookup.interfaceName(interface_index),
      process: this.#processOf(record.flow_id),
    }));
    if (logged.length > 0) this.versions.packets++;
    this.packets.push(...logged);
    if (this.packets.length > MAX_PACKETS) this.packets.splice(0, this.packets.length - MAX_PACKETS);
    return logged;
  }

  /** Takes observations; those about DNS become queries. @returns Queries that are new or now answered. */
  addObservations(observations: Observation[]): DnsQuery[] {
    const told = new Map<number, DnsQuery>();
    for (const observation of observations) {
      if (!DNS_TYPES.has(observation.type)) continue;
      const query = this.#addDns(observation);
      if (query !== null) told.set(query.id, query);
    }
    if (told.size > 0) this.versions.queries++;
    return [...told.values()];
  }

  /** Late joins: programs found after the fact. Call once a tick. */
  join(): void {
    for (const row of this.packets.slice(-RECENT_PACKETS)) {
      if (this.#joinProgram(row, row.flow_id)) this.versions.packets++;
    }
    for (const row of this.queries.slice(-RECENT_QUERIES)) {
      if (this.#joinProgram(row, this.#flowOf.get(row)!)) this.versions.queries++;
    }
  }

  /** @returns Whether the program became known. */
  #joinProgram(row: { process: string }, flowId: number): boolean {
    if (row.process !== "") return false;
    row.process = this.#processOf(flowId);
    return row.process !== "";
  }

  #addDns(observation: Observation): DnsQuery | null {
    const body = observation.fields[observation.type] as Record<string, unknown>;
    const rrname = String(body.rrname ?? "");
    const rrtype = String(body.rrtype ?? "");
    const key = `${observation.flow.id} ${body.id} ${rrname.toLowerCase()} ${rrtype}`;
    if (body.type !== "answer") {
      const query = this.#addQuery(observation, rrname, rrtype, 0);
      this.#open.set(key, query);
      if (this.#open.size > MAX_QUERIES) this.#open.delete(this.#open.keys().next().value!);
      return query;
    }
    const query = this.#open.get(key) ?? this.#addQuery(observation, rrname, rrtype, 1);
    this.#open.delete(key);
    query.rcode = String(body.rcode ?? "");
    query.answers = answersOf(body);
    const latency = (observation.fields.netpane as Record<string, unknown> | undefined)?.latency_us;
    query.latency_ms = typeof latency === "number" ? latency / 1000 : null;
    query.process ||= this.#processOf(observation.flow.id);
    return query;
  }

  /** @param asker Which end of the observation asked: its sender (0) or its receiver. */
  #addQuery(observation: Observation, rrname: string, rrtype: string, asker: number): DnsQuery {
    const { src_ip, dest_ip } = ends(observation.flow, observation.direction);
    const query: DnsQuery = {
      id: this.#nextQuery++,
      time: observation.timeUs / 1000,
      kind: observation.type,
      rrname,
      rrtype,
      client_ip: asker === 0 ? src_ip : dest_ip,
      server_ip: asker === 0 ? dest_ip : src_ip,
      rcode: "",
      answers: [],
      latency_ms: null,
      process: this.#processOf(observation.flow.id),
      count: this.#count(rrname.toLowerCase()),
    };
    this.#flowOf.set(query, observation.flow.id);
    this.queries.push(query);
    if (this.queries.length > MAX_QUERIES) this.queries.shift();
    return query;
  }

  #count(name: string): number {
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.delete(name);
    this.#counts.set(name, count);
    if (this.#counts.size > MAX_COUNTED_NAMES) this.#counts.delete(this.#counts.keys().next().value!);
    return count;
  }

  #processOf(flowId: number): string {
    return this.#lookup.connection(flowId)?.process?.name ?? "";
  }
}

function answersOf(body: Record<string, unknown>): string[] {
  const answers = Array.isArray(body.answers) ? body.answers as Record<string, unknown>[] : [];
  return answers.slice(0, MAX_ANSWERS).map((answer) => `${answer.rrtype} ${textOf(answer)}`.trim());
}

function textOf(answer: Record<string, unknown>): string {
  if (typeof answer.rdata === "string") return answer.rdata;
  const structured = Object.entries(answer).find(([, value]) => typeof value === "object" && value !== null);
  return structured === undefined ? "" : JSON.stringify(structured[1]);
}
