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
import { JsonBytes, JsonText } from "./json_bytes.ts";
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

/** Our own wording, in the order in which it is put. */
const T = {
  timestamp: new JsonText('{"timestamp":"'),
  flowId: new JsonText('","flow_id":'),
  flowType: new JsonText(',"event_type":"flow","src_ip":"'),
  type: new JsonText(',"event_type":"'),
  source: new JsonText(',"src_ip":"'),
  destination: new JsonText('","dest_ip":"'),
  destinationFirst: new JsonText(',"dest_ip":"'),
  sourcePort: new JsonText(',"src_port":'),
  destinationPort: new JsonText(',"dest_port":'),
  icmpType: new JsonText(',"icmp_type":'),
  icmpCode: new JsonText(',"icmp_code":'),
  vlan: new JsonText(',"vlan":['),
  application: new JsonText(',"app_proto":'),
  communityId: new JsonText(',"community_id":"'),
  packetsToServer: new JsonText('","flow":{"pkts_toserver":'),
  packetsToClient: new JsonText(',"pkts_toclient":'),
  bytesToServer: new JsonText(',"bytes_toserver":'),
  bytesToClient: new JsonText(',"bytes_toclient":'),
  start: new JsonText(',"start":"'),
  end: new JsonText('","end":"'),
  age: new JsonText('","age":'),
  netpane: new JsonText(',"netpane":'),
  serverName: new JsonText(',"server_name":'),
  rtt: new JsonText(',"rtt_us":'),
  rttServer: new JsonText(',"rtt_server":'),
  rttClient: new JsonText(',"rtt_client":'),
  least: new JsonText('{"min_us":'),
  median: new JsonText(',"median_us":'),
  p95: new JsonText(',"p95_us":'),
  samples: new JsonText(',"samples":'),
  answer: new JsonText(',"answer_us":'),
  resentToServer: new JsonText(',"retransmissions_toserver":'),
  resentToClient: new JsonText(',"retransmissions_toclient":'),
  evicted: new JsonText(',"evicted":true'),
  reset: new JsonText(',"reset":true'),
  utc: new JsonText("+0000"),
} as const;

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
  out.constant(T.timestamp);
  putEveTime(out, columns.lastUs[row]);
  out.constant(T.flowId);
  out.number(columns.id[row]);
  out.constant(T.flowType);
  putAddress(out, columns.address, 32 * row, version);
  out.constant(T.destination);
  putAddress(out, columns.address, 32 * row + 16, version);
  out.byte(QUOTE);
  out.constant(protocolText(version, protocol));
  putWhereFrom(out, interfaceName, columns.vlan[row]);
  putPorts(out, columns.port[2 * row], columns.port[2 * row + 1], protocol, version);
  if (columns.appProtocol[row] !== "") {
    out.constant(T.application);
    out.string(columns.appProtocol[row]);
  }
  out.constant(T.communityId);
  out.text(communityId(columns, row));
  putCounts(out, columns, row);
  out.constant(endingText(columns.state[row], columns.end[row]));
  if (protocol === IpProtocol.tcp) {
    const flags = columns.tcpFlags;
    out.constant(tcpText(flags[2 * row], flags[2 * row + 1], columns.state[row]));
  }
  putNetpane(out, columns, row);
  putEnd(out, extra);
}

function putPorts(out: JsonBytes, first: number, second: number, protocol: number, version: number): void {
  if (protocol === IpProtocol.icmp || protocol === IpProtocol.ipv6Icmp) {
    // Community ID puts the type of the answer there, where there is one; such messages have code 0.
    const code = icmpCounterpart(first, version) === second ? 0 : second;
    putNumber(out, T.icmpType, first);
    putNumber(out, T.icmpCode, code);
  } else if (first !== 0 || second !== 0) {
    putNumber(out, T.sourcePort, first);
    putNumber(out, T.destinationPort, second);
  }
}

function putCounts(out: JsonBytes, columns: FlowColumns, row: number): void {
  const first = columns.firstUs[row];
  const last = columns.lastUs[row];
  putNumber(out, T.packetsToServer, columns.packets[2 * row]);
  putNumber(out, T.packetsToClient, columns.packets[2 * row + 1]);
  putNumber(out, T.bytesToServer, columns.bytes[2 * row]);
  putNumber(out, T.bytesToClient, columns.bytes[2 * row + 1]);
  out.constant(T.start);
  putEveTime(out, first);
  out.constant(T.end);
  putEveTime(out, last);
  putNumber(out, T.age, Math.max(0, Math.floor((last - first) / 1e6)));
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
  out.constant(T.timestamp);
  putEveTime(out, observation.timeUs);
  if (inFlow) putNumber(out, T.flowId, flow.id);
  else out.byte(QUOTE);
  out.constant(T.type);
  out.text(observation.type);
  out.byte(QUOTE);
  if (flow.ipVersion > 0) {
    const toServer = direction === 0;
    putAddressEnd(
      out,
      T.source,
      T.sourcePort,
      toServer ? flow.clientAddress : flow.serverAddress,
      toServer ? flow.clientPort : flow.serverPort,
      inFlow,
    );
    putAddressEnd(
      out,
      T.destinationFirst,
      T.destinationPort,
      toServer ? flow.serverAddress : flow.clientAddress,
      toServer ? flow.serverPort : flow.clientPort,
      inFlow,
    );
    // An alert about hosts may be about any protocol.
    const known = inFlow || flow.protocol !== 0;
    out.constant(protocolText(flow.ipVersion, known ? flow.protocol : NO_PROTOCOL));
  }
  putWhereFrom(out, interfaceName, flow.vlan);
  if (inFlow) {
    out.constant(T.communityId);
    out.text(flow.communityId);
    out.byte(QUOTE);
  }
  const { fields } = observation;
  out.members(observation.alert === undefined ? fields : withEveTimes(fields), true);
  putEnd(out, extra);
}

const QUOTE = 0x22;

function putNumber(out: JsonBytes, name: JsonText, value: number): void {
  out.constant(name);
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
  if (version === 4) out.dotted(bytes, at);
  else out.text(formatAddress(bytes, at, version));
}

/** One end of an event. An alert about hosts may have one end only, and often no port. */
function putAddressEnd(
  out: JsonBytes,
  ipName: JsonText,
  portName: JsonText,
  address: string,
  port: number,
  inFlow: boolean,
): void {
  if (address === "") return;
  out.constant(ipName);
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
/** Seconds told of lately, each at its place by its last nine bits: a flow tells three times, of one minute mostly. */
const SECONDS = 512;
const toldSeconds = new Float64Array(SECONDS).fill(-1);
/** Their texts: `1970-01-01T00:00:00.`, five words each. */
const secondWords = new Int32Array(5 * SECONDS);
const secondBytes = new Uint8Array(secondWords.buffer);
const SECOND_BYTES = 20;

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
  const place = second & (SECONDS - 1);
  if (toldSeconds[place] !== second) tellSecond(second, place);
  out.words(secondWords, 5 * place, SECOND_BYTES);
  out.sixDigits(micros - second * 1e6 | 0);
  out.constant(T.utc);
}

function tellSecond(second: number, place: number): void {
  const day = Math.floor(second / DAY_SECONDS);
  if (day !== lastDay) {
    lastDay = day;
    lastDayText = new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 11);
  }
  toldSeconds[place] = second;
  const from = SECOND_BYTES * place;
  for (let i = 0; i < 11; i++) secondBytes[from + i] = lastDayText.charCodeAt(i);
  const time = second - day * DAY_SECONDS | 0;
  const minutes = time / 60 | 0;
  const hours = minutes / 60 | 0;
  twoDigits(from + 11, hours);
  secondBytes[from + 13] = secondBytes[from + 16] = 0x3a;
  twoDigits(from + 14, minutes - 60 * hours);
  twoDigits(from + 17, time - 60 * minutes);
  secondBytes[from + 19] = 0x2e;
}

function twoDigits(at: number, value: number): void {
  secondBytes[at] = 0x30 + (value / 10 | 0);
  secondBytes[at + 1] = 0x30 + value % 10;
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
  if (ids.length === 0) return;
  out.constant(T.vlan);
  out.text(ids.join());
  out.byte(0x5d);
}

/** In place of a protocol's number, where none is told. */
const NO_PROTOCOL = 256;
/** By IP version (up to 7) and protocol, as they are asked for. */
const PROTOCOL_TEXTS: JsonText[] = new Array((NO_PROTOCOL + 1) << 3);

/** `ip_v`, and `proto`: names of IP protocols in capitals. */
function protocolText(version: number, protocol: number): JsonText {
  return PROTOCOL_TEXTS[protocol << 3 | version & 7] ??= new JsonText(
    `,"ip_v":${version}` +
      (protocol === NO_PROTOCOL ? "" : `,"proto":"${protocolName(protocol).toUpperCase()}"`),
  );
}

/** By `FlowState` and `FlowEnd` (up to 7 each), as they are asked for. */
const ENDING_TEXTS: JsonText[] = [];

/** How the object `flow` of an event ends. */
function endingText(state: number, end: number): JsonText {
  return ENDING_TEXTS[state << 3 | end] ??= new JsonText(
    `,"state":"${FLOW_STATES[state] ?? "new"}"${REASONS[end] ? `,"reason":"${REASONS[end]}"` : ""}` +
      `,"alerted":false}`,
  );
}

/** Texts of the object `tcp` kept: of a few hundred combinations of flags most flows have one of ten. */
const MAX_TCP_TEXTS = 512;
const tcpTexts = new Map<number, JsonText>();

/** The object `tcp`. Flags are of eight bits each. */
function tcpText(toServer: number, toClient: number, state: number): JsonText {
  const key = state << 16 | toServer << 8 | toClient;
  let text = tcpTexts.get(key);
  if (text === undefined) {
    if (tcpTexts.size >= MAX_TCP_TEXTS) tcpTexts.clear();
    const all = toServer | toClient;
    const names = TCP_FLAG_NAMES.map((name, bit) => all & 1 << bit ? `"${name}":true,` : "").join("");
    text = new JsonText(
      `,"tcp":{"tcp_flags":"${hex(all)}","tcp_flags_ts":"${hex(toServer)}","tcp_flags_tc":"${
        hex(toClient)
      }",` +
        `${names}"state":"${TCP_STATES[state] ?? "none"}"}`,
    );
    tcpTexts.set(key, text);
  }
  return text;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

/** Of fewer round trips the handshake's tells enough. */
const MIN_ROUND_TRIPS = 3;

/** What EVE has no field for: the object `netpane`, left out where there is nothing to say. */
function putNetpane(out: JsonBytes, columns: FlowColumns, row: number): void {
  const before = out.length;
  out.constant(T.netpane);
  const from = out.length;
  if (columns.serverName[row] !== "") {
    out.constant(T.serverName);
    out.string(columns.serverName[row]);
  }
  if (columns.rttUs[row] > 0) putNumber(out, T.rtt, columns.rttUs[row]);
  if (columns.protocol[row] === IpProtocol.tcp) putTcpTrips(out, columns, row);
  if (columns.tunnel[row] !== Tunnel.none) {
    out.text(`,"tunnel":"${tunnelName(columns.tunnel[row])}"`);
  }
  if (columns.end[row] === FlowEnd.evicted) out.constant(T.evicted);
  if (columns.state[row] === FlowState.reset) out.constant(T.reset);
  if (out.length > from) out.object(from);
  else out.length = before;
}

/** Of TCP alone there are round trips, and segments sent again. */
function putTcpTrips(out: JsonBytes, columns: FlowColumns, row: number): void {
  const toServer = 2 * row;
  const toClient = toServer + 1;
  if (columns.roundTrips[toServer] >= MIN_ROUND_TRIPS) putRoundTrips(out, T.rttServer, columns, toServer);
  if (columns.roundTrips[toClient] >= MIN_ROUND_TRIPS) putRoundTrips(out, T.rttClient, columns, toClient);
  if (columns.answers[row] >= MIN_ROUND_TRIPS) {
    putNumber(out, T.answer, Math.round(columns.answerUs[row]));
  }
  if (columns.retransmissions[toServer] > 0) {
    putNumber(out, T.resentToServer, columns.retransmissions[toServer]);
  }
  if (columns.retransmissions[toClient] > 0) {
    putNumber(out, T.resentToClient, columns.retransmissions[toClient]);
  }
}

function putRoundTrips(out: JsonBytes, name: JsonText, columns: FlowColumns, at: number): void {
  out.constant(name);
  putNumber(out, T.least, Math.round(columns.rttLeastUs[at]));
  putNumber(out, T.median, Math.round(columns.rttMedianUs[at]));
  putNumber(out, T.p95, Math.round(columns.rttP95Us[at]));
  putNumber(out, T.samples, columns.roundTrips[at]);
  out.byte(0x7d);
}
