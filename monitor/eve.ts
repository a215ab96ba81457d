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
import { JsonBytes } from "./json_bytes.ts";
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

/** EVE `flow` event of one row, as one line of JSON. */
export function flowLine(columns: FlowColumns, row: number, context: EveContext): string {
  const out = new JsonBytes();
  putFlow(out, columns, row, context);
  return out.toString();
}

/** EVE event of something seen in a flow, as one line of JSON. */
export function observationLine(observation: Observation, context: EveContext): string {
  const out = new JsonBytes();
  putObservation(out, observation, context);
  return out.toString();
}

/**
 * Puts the EVE `flow` event of one row, without a line's end. Its `timestamp` is the time of its last packet.
 *
 * Most of it is numbers and words of ours that need no escaping, and an object with forty members costs more to build
 * and to take apart than everything else that is done for a short flow.
 */
export function putFlow(
  out: JsonBytes,
  columns: FlowColumns,
  row: number,
  { interfaceName, extra }: EveContext,
): void {
  const version = columns.ipVersion[row];
  const protocol = columns.protocol[row];
  const toServer = 2 * row;
  const toClient = 2 * row + 1;
  const first = columns.firstUs[row];
  const last = columns.lastUs[row];
  out.text('{"timestamp":"');
  putEveTime(out, last);
  out.text('","flow_id":');
  out.number(columns.id[row]);
  out.text(',"event_type":"flow","src_ip":"');
  putAddress(out, columns.address, 32 * row, version);
  out.text('","dest_ip":"');
  putAddress(out, columns.address, 32 * row + 16, version);
  out.text('","ip_v":');
  out.number(version);
  out.text(',"proto":"');
  out.text(eveProtocol(protocol));
  out.byte(QUOTE);
  putWhereFrom(out, interfaceName, columns.vlan[row]);
  const ports = columns.port;
  if (protocol === IpProtocol.icmp || protocol === IpProtocol.ipv6Icmp) {
    const type = ports[toServer];
    const second = ports[toClient];
    // Community ID puts the type of the answer there, where there is one; such messages have code 0.
    const code = icmpCounterpart(type, version) === second ? 0 : second;
    putNumber(out, ',"icmp_type":', type);
    putNumber(out, ',"icmp_code":', code);
  } else if (ports[toServer] !== 0 || ports[toClient] !== 0) {
    putNumber(out, ',"src_port":', ports[toServer]);
    putNumber(out, ',"dest_port":', ports[toClient]);
  }
  if (columns.appProtocol[row] !== "") {
    out.text(',"app_proto":');
    out.string(columns.appProtocol[row]);
  }
  out.text(',"community_id":"');
  out.text(communityId(columns, row));
  out.text('","flow":{"pkts_toserver":');
  out.number(columns.packets[toServer]);
  putNumber(out, ',"pkts_toclient":', columns.packets[toClient]);
  putNumber(out, ',"bytes_toserver":', columns.bytes[toServer]);
  putNumber(out, ',"bytes_toclient":', columns.bytes[toClient]);
  out.text(',"start":"');
  putEveTime(out, first);
  out.text('","end":"');
  putEveTime(out, last);
  putNumber(out, '","age":', Math.max(0, Math.floor((last - first) / 1e6)));
  out.text(',"state":"');
  out.text(FLOW_STATES[columns.state[row]] ?? "new");
  const reason = REASONS[columns.end[row]] ?? "";
  if (reason !== "") {
    out.text('","reason":"');
    out.text(reason);
  }
  out.text('","alerted":false}');
  if (protocol === IpProtocol.tcp) putTcp(out, columns, row);
  putNetpane(out, columns, row);
  putEnd(out, extra);
}

/**
 * Puts the EVE event of something seen in a flow, without a line's end: `src` is whoever sent it, as in Suricata.
 */
export function putObservation(
  out: JsonBytes,
  observation: Observation,
  { interfaceName, extra }: EveContext,
): void {
  const { flow, direction } = observation;
  const inFlow = flow.id > 0; // ARP and ICMP errors belong to no flow
  out.text('{"timestamp":"');
  putEveTime(out, observation.timeUs);
  out.byte(QUOTE);
  if (inFlow) putNumber(out, ',"flow_id":', flow.id);
  out.text(',"event_type":"');
  out.text(observation.type);
  out.byte(QUOTE);
  if (flow.ipVersion > 0) {
    if (direction === 0) {
      putAddressEnd(out, ',"src_ip":"', ',"src_port":', flow.clientAddress, inFlow, flow.clientPort);
      putAddressEnd(out, ',"dest_ip":"', ',"dest_port":', flow.serverAddress, inFlow, flow.serverPort);
    } else {
      putAddressEnd(out, ',"src_ip":"', ',"src_port":', flow.serverAddress, inFlow, flow.serverPort);
      putAddressEnd(out, ',"dest_ip":"', ',"dest_port":', flow.clientAddress, inFlow, flow.clientPort);
    }
    putNumber(out, ',"ip_v":', flow.ipVersion);
    // An alert about hosts may be about any protocol.
    if (inFlow || flow.protocol !== 0) {
      out.text(',"proto":"');
      out.text(eveProtocol(flow.protocol));
      out.byte(QUOTE);
    }
  }
  putWhereFrom(out, interfaceName, flow.vlan);
  if (inFlow) {
    out.text(',"community_id":"');
    out.text(flow.communityId);
    out.byte(QUOTE);
  }
  out.members(withEveTimes(observation.fields), true);
  putEnd(out, extra);
}

const QUOTE = 0x22;

function putNumber(out: JsonBytes, name: string, value: number): void {
  out.text(name);
  out.number(value);
}

function putEnd(out: JsonBytes, extra: string): void {
  if (extra !== "") {
    out.byte(0x2c);
    out.text(extra);
  }
  out.byte(0x7d);
}

function putAddress(out: JsonBytes, bytes: Uint8Array, at: number, version: number): void {
  if (version !== 4) return out.text(formatAddress(bytes, at, version));
  out.number(bytes[at]);
  out.byte(0x2e);
  out.number(bytes[at + 1]);
  out.byte(0x2e);
  out.number(bytes[at + 2]);
  out.byte(0x2e);
  out.number(bytes[at + 3]);
}

/** One end of an event. An alert about hosts may have one end only, and often no port. */
function putAddressEnd(
  out: JsonBytes,
  ipName: string,
  portName: string,
  address: string,
  inFlow: boolean,
  port: number,
): void {
  if (address === "") return;
  out.text(ipName);
  out.text(address);
  out.byte(QUOTE);
  if (inFlow || port !== 0) putNumber(out, portName, port);
}

/** An alert's last sighting is a number on the feed, and text in EVE. */
function withEveTimes(fields: Record<string, unknown>): Record<string, unknown> {
  const details = fields.netpane as { last_seen?: number } | undefined;
  if (details?.last_seen === undefined) return fields;
  return { ...fields, netpane: { ...details, last_seen: eveTime(details.last_seen * 1000) } };
}

/** EVE `stats` event as a line of JSON: what was read, and what was left out, by reason. */
export function statsLine(
  counters: InspectorCounters,
  detect: DetectCounters & { alerts_expected: number; alerts_off: number },
  extra: string,
): string {
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

const DAY_SECONDS = 86_400;
/** Up to here (year 2255) microseconds are exact. */
const LAST_PLAIN_US = Number.MAX_SAFE_INTEGER - 1000;
/** The day told of last: most events are of one day. */
let lastDay = 0;
let lastDayText = "1970-01-01T";

/** Microseconds since 1970 as EVE writes time, in UTC. */
export function eveTime(us: number): string {
  timeText.clear();
  putEveTime(timeText, us);
  return timeText.toString();
}

const timeText = new JsonBytes(64);

/** Puts a time as `eveTime` writes it. */
function putEveTime(out: JsonBytes, us: number): void {
  const micros = Math.floor(us);
  if (!(micros >= 0 && micros <= LAST_PLAIN_US)) return out.text(farTime(micros));
  const second = Math.floor(micros / 1e6);
  const day = Math.floor(second / DAY_SECONDS);
  if (day !== lastDay) {
    lastDay = day;
    lastDayText = new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 11);
  }
  const time = second - day * DAY_SECONDS | 0;
  const minutes = time / 60 | 0;
  const hours = minutes / 60 | 0;
  out.text(lastDayText);
  out.twoDigits(hours);
  out.byte(0x3a);
  out.twoDigits(minutes - 60 * hours);
  out.byte(0x3a);
  out.twoDigits(time - 60 * minutes);
  out.byte(0x2e);
  out.sixDigits(micros - second * 1e6 | 0);
  out.text("+0000");
}

/** Outside of what Date can say (year 275760), a damaged clock: the nearest it can. */
function farTime(micros: number): string {
  const ms = Math.floor(micros / 1000);
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

function putWhereFrom(out: JsonBytes, interfaceName: string, vlan: number): void {
  if (interfaceName !== "") {
    out.text(',"in_iface":');
    out.string(interfaceName);
  }
  if (vlan === 0) return;
  const ids = vlanIds(vlan);
  if (ids.length > 0) out.text(`,"vlan":[${ids.join()}]`);
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

function putTcp(out: JsonBytes, columns: FlowColumns, row: number): void {
  const toServer = columns.tcpFlags[2 * row];
  const toClient = columns.tcpFlags[2 * row + 1];
  const all = toServer | toClient;
  out.text(',"tcp":{"tcp_flags":"');
  out.text(HEX[all]);
  out.text('","tcp_flags_ts":"');
  out.text(HEX[toServer]);
  out.text('","tcp_flags_tc":"');
  out.text(HEX[toClient]);
  out.text('",');
  out.text(FLAG_MEMBERS[all]);
  out.text('"state":"');
  out.text(TCP_STATES[columns.state[row]] ?? "none");
  out.text('"}');
}

/** Of fewer round trips the handshake's tells enough. */
const MIN_ROUND_TRIPS = 3;

/** What EVE has no field for: the object `netpane`, left out where there is nothing to say. */
function putNetpane(out: JsonBytes, columns: FlowColumns, row: number): void {
  const from = out.length;
  const toServer = 2 * row;
  const toClient = toServer + 1;
  if (columns.serverName[row] !== "") {
    out.text(',"server_name":');
    out.string(columns.serverName[row]);
  }
  if (columns.rttUs[row] > 0) putNumber(out, ',"rtt_us":', columns.rttUs[row]);
  if (columns.roundTrips[toServer] >= MIN_ROUND_TRIPS) {
    putRoundTrips(out, ',"rtt_server":', columns, toServer);
  }
  if (columns.roundTrips[toClient] >= MIN_ROUND_TRIPS) {
    putRoundTrips(out, ',"rtt_client":', columns, toClient);
  }
  if (columns.answers[row] >= MIN_ROUND_TRIPS) {
    putNumber(out, ',"answer_us":', Math.round(columns.answerUs[row]));
  }
  if (columns.retransmissions[toServer] > 0) {
    putNumber(out, ',"retransmissions_toserver":', columns.retransmissions[toServer]);
  }
  if (columns.retransmissions[toClient] > 0) {
    putNumber(out, ',"retransmissions_toclient":', columns.retransmissions[toClient]);
  }
  if (columns.tunnel[row] !== Tunnel.none) {
    out.text(',"tunnel":"');
    out.text(tunnelName(columns.tunnel[row]));
    out.byte(QUOTE);
  }
  if (columns.end[row] === FlowEnd.evicted) out.text(',"evicted":true');
  if (columns.state[row] === FlowState.reset) out.text(',"reset":true');
  if (out.length > from) out.wrap(from, ',"netpane":{');
}

function putRoundTrips(out: JsonBytes, name: string, columns: FlowColumns, at: number): void {
  out.text(name);
  putNumber(out, '{"min_us":', Math.round(columns.rttLeastUs[at]));
  putNumber(out, ',"median_us":', Math.round(columns.rttMedianUs[at]));
  putNumber(out, ',"p95_us":', Math.round(columns.rttP95Us[at]));
  putNumber(out, ',"samples":', columns.roundTrips[at]);
  out.byte(0x7d);
}
