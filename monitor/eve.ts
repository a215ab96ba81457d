/**
 * Events as Suricata 7 writes them (EVE JSON), so that whatever reads Suricata's logs reads ours.
 *
 * @see https://docs.suricata.io/en/suricata-7.0.0/output/eve/eve-json-format.html
 */
import { communityId, icmpCounterpart } from "../model/community_id.ts";
import { formatAddress } from "../model/address.ts";
import { type FlowColumns, FlowEnd, FlowState, IpProtocol, Tunnel } from "../model/flow.ts";
import type { DetectCounters } from "../model/detection.ts";
import type { InspectorCounters } from "../model/inspection.ts";
import type { Observation } from "../model/observation.ts";
import { protocolName, tunnelName } from "./names.ts";

/** Suricata knows three states of a flow. */
const FLOW_STATES = ["new", "new", "new", "established", "established", "closed", "closed"];
/** Suricata's names of TCP states; ours by index of `FlowState`. */
const TCP_STATES = ["none", "syn_sent", "syn_recv", "established", "fin_wait1", "closed", "closed"];
const REASONS = ["", "timeout", "shutdown", "forced", "tcp_reuse"];
const TCP_FLAG_NAMES = ["fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"];

/** What the row or observation itself does not hold. */
export interface EveContext {
  /** Name of the interface; empty for a file. */
  interfaceName: string;
  /** Put at the end of every event: members of a JSON object without its braces; empty for none. */
  extra: string;
}

/**
 * EVE `flow` event of one row, as one line of JSON. Its `timestamp` is the time of its last packet.
 *
 * Written as text at once: most of it is numbers and words of ours that need no escaping, and an object with forty
 * members costs more to build and to take apart than everything else that is done for a short flow.
 */
export function flowLine(columns: FlowColumns, row: number, { interfaceName, extra }: EveContext): string {
  const version = columns.ipVersion[row];
  const protocol = columns.protocol[row];
  const toServer = 2 * row;
  const toClient = 2 * row + 1;
  const first = columns.firstUs[row];
  const last = columns.lastUs[row];
  const end = eveTime(last);
  let line = `{"timestamp":"${end}","flow_id":${columns.id[row]},"event_type":"flow"` +
    `,"src_ip":"${formatAddress(columns.address, 32 * row, version)}"` +
    `,"dest_ip":"${formatAddress(columns.address, 32 * row + 16, version)}"` +
    `,"ip_v":${version},"proto":"${eveProtocol(protocol)}"` +
    whereFrom(interfaceName, columns.vlan[row]);
  const ports = columns.port;
  if (protocol === IpProtocol.icmp || protocol === IpProtocol.ipv6Icmp) {
    const type = ports[toServer];
    const second = ports[toClient];
    // Community ID puts the type of the answer there, where there is one; such messages have code 0.
    const code = icmpCounterpart(type, version) === second ? 0 : second;
    line += `,"icmp_type":${type},"icmp_code":${code}`;
  } else if (ports[toServer] !== 0 || ports[toClient] !== 0) {
    line += `,"src_port":${ports[toServer]},"dest_port":${ports[toClient]}`;
  }
  if (columns.appProtocol[row] !== "") line += `,"app_proto":${JSON.stringify(columns.appProtocol[row])}`;
  const reason = REASONS[columns.end[row]] ?? "";
  line += `,"community_id":"${communityId(columns, row)}","flow":{` +
    `"pkts_toserver":${columns.packets[toServer]},"pkts_toclient":${columns.packets[toClient]}` +
    `,"bytes_toserver":${columns.bytes[toServer]},"bytes_toclient":${columns.bytes[toClient]}` +
    `,"start":"${eveTime(first)}","end":"${end}","age":${Math.max(0, Math.floor((last - first) / 1e6))}` +
    `,"state":"${FLOW_STATES[columns.state[row]] ?? "new"}"${reason === "" ? "" : `,"reason":"${reason}"`}` +
    `,"alerted":false}`;
  if (protocol === IpProtocol.tcp) line += tcpMembers(columns, row);
  line += netpaneMembers(columns, row);
  return extra === "" ? `${line}}` : `${line},${extra}}`;
}

/** EVE event of something seen in a flow, as one line of JSON: `src` is whoever sent it, as in Suricata. */
export function observationLine(observation: Observation, { interfaceName, extra }: EveContext): string {
  const { flow, direction } = observation;
  const inFlow = flow.id > 0; // ARP and ICMP errors belong to no flow
  let line = `{"timestamp":"${eveTime(observation.timeUs)}"`;
  if (inFlow) line += `,"flow_id":${flow.id}`;
  line += `,"event_type":"${observation.type}"`;
  if (flow.ipVersion > 0) {
    const back = direction !== 0;
    line += endMembers(
      "src",
      back ? flow.serverAddress : flow.clientAddress,
      inFlow,
      back ? flow.serverPort : flow.clientPort,
    );
    line += endMembers(
      "dest",
      back ? flow.clientAddress : flow.serverAddress,
      inFlow,
      back ? flow.clientPort : flow.serverPort,
    );
    line += `,"ip_v":${flow.ipVersion}`;
    // An alert about hosts may be about any protocol.
    if (inFlow || flow.protocol !== 0) line += `,"proto":"${eveProtocol(flow.protocol)}"`;
  }
  line += whereFrom(interfaceName, flow.vlan);
  if (inFlow) line += `,"community_id":"${flow.communityId}"`;
  const fields = JSON.stringify(withEveTimes(observation.fields));
  if (fields.length > 2) line += `,${fields.slice(1, -1)}`;
  return extra === "" ? `${line}}` : `${line},${extra}}`;
}

/** One end of an event. An alert about hosts may have one end only, and often no port. */
function endMembers(end: "src" | "dest", address: string, inFlow: boolean, port: number): string {
  if (address === "") return "";
  return `,"${end}_ip":"${address}"` + (inFlow || port !== 0 ? `,"${end}_port":${port}` : "");
}

/** An alert's last sighting is a number on the feed, and text in EVE. */
function withEveTimes(fields: Record<string, unknown>): Record<string, unknown> {
  const details = fields.netpane as { last_seen?: number } | undefined;
  if (details?.last_seen === undefined) return fields;
  return { ...fields, netpane: { ...details, last_seen: eveTime(details.last_seen * 1000) } };
}

/** EVE `stats` event as a line of JSON: what was read, and what was left out, by reason. */
export function statsLine(counters: InspectorCounters, detect: DetectCounters, extra: string): string {
  const line = JSON.stringify({
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
      detect,
    },
  });
  return extra === "" ? line : `${line.slice(0, -1)},${extra}}`;
}

const DAY_MS = 86_400_000;
/** Up to here (year 2255) microseconds are exact. */
const LAST_PLAIN_US = Number.MAX_SAFE_INTEGER - 1000;
const TWO = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, "0"));
const THREE = Array.from({ length: 1000 }, (_, n) => String(n).padStart(3, "0"));
/** The day told of last: most events are of one day. */
let lastDay = 0;
let lastDayText = "1970-01-01T";

/** Microseconds since 1970 as EVE writes time, in UTC. */
export function eveTime(us: number): string {
  const micros = Math.floor(us);
  const ms = Math.floor(micros / 1000);
  if (!(micros >= 0 && micros <= LAST_PLAIN_US)) return farTime(micros, ms);
  const day = Math.floor(ms / DAY_MS);
  if (day !== lastDay) {
    lastDay = day;
    lastDayText = new Date(day * DAY_MS).toISOString().slice(0, 11);
  }
  const time = ms - day * DAY_MS;
  const seconds = time / 1000 | 0;
  const minutes = seconds / 60 | 0;
  const hours = minutes / 60 | 0;
  return lastDayText + TWO[hours] + ":" + TWO[minutes - 60 * hours] + ":" + TWO[seconds - 60 * minutes] +
    "." +
    THREE[time - 1000 * seconds] + THREE[micros - 1000 * ms] + "+0000";
}

/** Outside of what Date can say (year 275760), a damaged clock: the nearest it can. */
function farTime(micros: number, ms: number): string {
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

function whereFrom(interfaceName: string, vlan: number): string {
  let members = interfaceName === "" ? "" : `,"in_iface":${JSON.stringify(interfaceName)}`;
  if (vlan !== 0) {
    const ids = vlanIds(vlan);
    if (ids.length > 0) members += `,"vlan":[${ids.join()}]`;
  }
  return members;
}

/** Names of IP protocols in capitals, as they are asked for. */
const PROTOCOLS: string[] = [];

function eveProtocol(protocol: number): string {
  return PROTOCOLS[protocol] ??= protocolName(protocol).toUpperCase();
}

/** The flags of a TCP direction as members of a JSON object; one text for each of the 256. */
const FLAG_MEMBERS = Array.from(
  { length: 256 },
  (_, flags) => TCP_FLAG_NAMES.map((name, bit) => flags & 1 << bit ? `"${name}":true,` : "").join(""),
);
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function tcpMembers(columns: FlowColumns, row: number): string {
  const toServer = columns.tcpFlags[2 * row];
  const toClient = columns.tcpFlags[2 * row + 1];
  const all = toServer | toClient;
  return `,"tcp":{"tcp_flags":"${HEX[all]}","tcp_flags_ts":"${HEX[toServer]}","tcp_flags_tc":"${
    HEX[toClient]
  }",` +
    `${FLAG_MEMBERS[all]}"state":"${TCP_STATES[columns.state[row]] ?? "none"}"}`;
}

/** Of fewer round trips the handshake's tells enough. */
const MIN_ROUND_TRIPS = 3;

/** What EVE has no field for; empty where there is nothing to say. */
function netpaneMembers(columns: FlowColumns, row: number): string {
  let members = "";
  if (columns.serverName[row] !== "") members += `,"server_name":${JSON.stringify(columns.serverName[row])}`;
  if (columns.rttUs[row] > 0) members += `,"rtt_us":${columns.rttUs[row]}`;
  for (let d = 0; d < 2; d++) {
    const at = 2 * row + d;
    if (columns.roundTrips[at] < MIN_ROUND_TRIPS) continue;
    members += `,"rtt_${d === 0 ? "server" : "client"}":{"min_us":${Math.round(columns.rttLeastUs[at])}` +
      `,"median_us":${Math.round(columns.rttMedianUs[at])},"p95_us":${Math.round(columns.rttP95Us[at])}` +
      `,"samples":${columns.roundTrips[at]}}`;
  }
  if (columns.answers[row] >= MIN_ROUND_TRIPS) members += `,"answer_us":${Math.round(columns.answerUs[row])}`;
  const toServer = columns.retransmissions[2 * row];
  const toClient = columns.retransmissions[2 * row + 1];
  if (toServer > 0) members += `,"retransmissions_toserver":${toServer}`;
  if (toClient > 0) members += `,"retransmissions_toclient":${toClient}`;
  if (columns.tunnel[row] !== Tunnel.none) members += `,"tunnel":"${tunnelName(columns.tunnel[row])}"`;
  if (columns.end[row] === FlowEnd.evicted) members += `,"evicted":true`;
  if (columns.state[row] === FlowState.reset) members += `,"reset":true`;
  return members === "" ? "" : `,"netpane":{${members.slice(1)}}`;
}
