/**
 * Events as Suricata 7 writes them (EVE JSON), so that whatever reads Suricata's logs reads ours.
 *
 * @see https://docs.suricata.io/en/suricata-7.0.0/output/eve/eve-json-format.html
 */
import { communityIdOf, icmpCounterpart } from "../model/community_id.ts";
import { formatAddress, parseAddress } from "../model/address.ts";
import { type FlowColumns, FlowEnd, FlowState, IpProtocol, Tunnel } from "../model/flow.ts";
import type { InspectorCounters } from "../model/inspection.ts";
import type { FlowIdentity, Observation } from "../model/observation.ts";
import { protocolName, tunnelName } from "./names.ts";

/** Suricata knows three states of a flow. */
const FLOW_STATES = ["new", "new", "new", "established", "established", "closed", "closed"];
/** Suricata's names of TCP states; ours by index of `FlowState`. */
const TCP_STATES = ["none", "syn_sent", "syn_recv", "established", "fin_wait1", "closed", "closed"];
const REASONS = ["", "timeout", "shutdown", "forced", "tcp_reuse"];
const TCP_FLAG_NAMES = ["fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"];

/** What the row itself does not hold. */
export interface FlowContext {
  communityId: string;
  /** Name of the interface; empty for a file. */
  interfaceName: string;
}

/** EVE `flow` event of one row. `timestamp` is the time of its last packet. */
export function flowEvent(columns: FlowColumns, row: number, context: FlowContext): Record<string, unknown> {
  const version = columns.ipVersion[row];
  const protocol = columns.protocol[row];
  const [toServer, toClient] = [2 * row, 2 * row + 1];
  const event: Record<string, unknown> = {
    timestamp: eveTime(columns.lastUs[row]),
    flow_id: columns.id[row],
    event_type: "flow",
    src_ip: formatAddress(columns.address, 32 * row, version),
    dest_ip: formatAddress(columns.address, 32 * row + 16, version),
    ip_v: version,
    proto: protocolName(protocol).toUpperCase(),
  };
  if (context.interfaceName !== "") event.in_iface = context.interfaceName;
  const vlan = vlanIds(columns.vlan[row]);
  if (vlan.length > 0) event.vlan = vlan;
  if (protocol === IpProtocol.icmp || protocol === IpProtocol.ipv6Icmp) {
    const [type, second] = [columns.port[toServer], columns.port[toClient]];
    event.icmp_type = type;
    // Community ID puts the type of the answer there, where there is one; such messages have code 0.
    event.icmp_code = icmpCounterpart(type, version) === second ? 0 : second;
  } else if (columns.port[toServer] !== 0 || columns.port[toClient] !== 0) {
    event.src_port = columns.port[toServer];
    event.dest_port = columns.port[toClient];
  }
  if (columns.appProtocol[row] !== "") event.app_proto = columns.appProtocol[row];
  event.community_id = context.communityId;
  event.flow = {
    pkts_toserver: columns.packets[toServer],
    pkts_toclient: columns.packets[toClient],
    bytes_toserver: columns.bytes[toServer],
    bytes_toclient: columns.bytes[toClient],
    start: eveTime(columns.firstUs[row]),
    end: eveTime(columns.lastUs[row]),
    age: Math.max(0, Math.floor((columns.lastUs[row] - columns.firstUs[row]) / 1e6)),
    state: FLOW_STATES[columns.state[row]] ?? "new",
    reason: REASONS[columns.end[row]] || undefined,
    alerted: false,
  };
  if (protocol === IpProtocol.tcp) event.tcp = tcpFields(columns, row);
  const extra = netpaneFields(columns, row);
  if (extra !== null) event.netpane = extra;
  return event;
}

/** EVE event of something seen in a flow: `src` is whoever sent it, as in Suricata. */
export function observationEvent(observation: Observation, interfaceName: string): Record<string, unknown> {
  const { flow, direction } = observation;
  const ends = [
    { ip: flow.clientAddress, port: flow.clientPort },
    { ip: flow.serverAddress, port: flow.serverPort },
  ];
  const [source, destination] = direction === 0 ? ends : ends.reverse();
  const event: Record<string, unknown> = { timestamp: eveTime(observation.timeUs) };
  if (flow.id > 0) event.flow_id = flow.id; // ARP and ICMP errors belong to no flow
  event.event_type = observation.type;
  if (flow.ipVersion > 0) {
    event.src_ip = source.ip;
    if (flow.id > 0) event.src_port = source.port;
    event.dest_ip = destination.ip;
    if (flow.id > 0) event.dest_port = destination.port;
    event.ip_v = flow.ipVersion;
    event.proto = protocolName(flow.protocol).toUpperCase();
  }
  if (interfaceName !== "") event.in_iface = interfaceName;
  const vlan = vlanIds(flow.vlan);
  if (vlan.length > 0) event.vlan = vlan;
  if (flow.id > 0) event.community_id = communityIdOfFlow(flow);
  Object.assign(event, observation.fields);
  const details = observation.fields.netpane as { last_seen?: number } | undefined;
  if (details?.last_seen !== undefined) {
    event.netpane = { ...details, last_seen: eveTime(details.last_seen * 1000) };
  }
  return event;
}

/** EVE `stats` event: what was read, and what was left out, by reason. */
export function statsEvent(counters: InspectorCounters): Record<string, unknown> {
  return {
    timestamp: eveTime(counters.lastPacketUs),
    event_type: "stats",
    stats: {
      packets: counters.packets,
      bytes: counters.wireBytes,
      captured_bytes: counters.capturedBytes,
      snapped_packets: counters.snappedPackets,
      ip_packets: counters.ipPackets,
      ip_bytes: counters.ipBytes,
      reassembled: counters.reassembled,
      traffic: counters.traffic,
      undecoded: Object.fromEntries(Object.entries(counters.undecoded).filter(([, count]) => count > 0)),
      flow: {
        created: counters.flows.created,
        timed_out: counters.flows.timedOut,
        evicted: counters.flows.evicted,
        memcap: counters.flows.capacity,
      },
      payload: counters.payload,
    },
  };
}

/** Microseconds since 1970 as EVE writes time, in UTC. */
export function eveTime(us: number): string {
  const micros = Math.floor(us);
  const ms = Math.floor(micros / 1000);
  // Outside of what Date can say (year 275760), a damaged clock: the nearest it can.
  const date = new Date(Math.max(-8.64e15, Math.min(8.64e15, ms)));
  const rest = String(micros - ms * 1000).padStart(3, "0");
  return `${date.toISOString().slice(0, -1)}${rest}+0000`;
}

/** VLAN ids of a row, outer first (layout: `FlowColumns.vlan`). */
export function vlanIds(tags: number): number[] {
  const ids = [];
  if (tags & 0x1000) ids.push(tags & 0xfff);
  if ((tags >>> 16) & 0x1000) ids.push((tags >>> 16) & 0xfff);
  return ids;
}

/** Community IDs already computed: a flow is told of many times and costs one SHA-1. */
const COMMUNITY_IDS = new WeakMap<FlowIdentity, string>();

function communityIdOfFlow(flow: FlowIdentity): string {
  let id = COMMUNITY_IDS.get(flow);
  if (id === undefined) {
    const [source, destination] = [parseAddress(flow.clientAddress), parseAddress(flow.serverAddress)];
    id = source === null || destination === null ? "" : communityIdOf({
      source,
      destination,
      protocol: flow.protocol,
      sourcePort: flow.clientPort,
      destinationPort: flow.serverPort,
    });
    COMMUNITY_IDS.set(flow, id);
  }
  return id;
}

function tcpFields(columns: FlowColumns, row: number): Record<string, unknown> {
  const [toServer, toClient] = [columns.tcpFlags[2 * row], columns.tcpFlags[2 * row + 1]];
  const all = toServer | toClient;
  const fields: Record<string, unknown> = {
    tcp_flags: hexByte(all),
    tcp_flags_ts: hexByte(toServer),
    tcp_flags_tc: hexByte(toClient),
  };
  TCP_FLAG_NAMES.forEach((name, bit) => {
    if (all & (1 << bit)) fields[name] = true;
  });
  fields.state = TCP_STATES[columns.state[row]] ?? "none";
  return fields;
}

/** What EVE has no field for; null where there is nothing to say. */
function netpaneFields(columns: FlowColumns, row: number): Record<string, unknown> | null {
  const fields: Record<string, unknown> = {};
  if (columns.serverName[row] !== "") fields.server_name = columns.serverName[row];
  if (columns.rttUs[row] > 0) fields.rtt_us = columns.rttUs[row];
  const [toServer, toClient] = [columns.retransmissions[2 * row], columns.retransmissions[2 * row + 1]];
  if (toServer > 0) fields.retransmissions_toserver = toServer;
  if (toClient > 0) fields.retransmissions_toclient = toClient;
  if (columns.tunnel[row] !== Tunnel.none) fields.tunnel = tunnelName(columns.tunnel[row]);
  if (columns.end[row] === FlowEnd.evicted) fields.evicted = true;
  if (columns.state[row] === FlowState.reset) fields.reset = true;
  return Object.keys(fields).length > 0 ? fields : null;
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}
