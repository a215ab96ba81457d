/**
 * Every message that crosses between threads, one union per direction. Plain data only.
 *
 * Capture (or playback) and inspect share slots of memory: who holds the last message about a slot holds the
 * slot, so no locks are needed. Main starts the workers and joins them by a `MessagePort`.
 */
import type { BatchFormat } from "./batch.ts";
import type { Blocklist } from "./blocklist.ts";
import type { DetectCounters, RuleSettings } from "./detection.ts";
import type { FactBatch } from "./facts.ts";
import type { FlowColumns } from "./flow.ts";
import type { InspectorCounters } from "./inspection.ts";
import type { Observation } from "./observation.ts";
import type { PacketRecord } from "./packet.ts";
import type { SystemMessage } from "./system.ts";
import type { PingReply, PingSocket } from "./who.ts";
import type { SystemFacts } from "./system_facts.ts";
import type { Usual } from "./usual.ts";

// ---------------------------------------------------------------- capture → inspect, over the port

/** Capture → inspect: slot `slot` of `memory` is yours until you send `release`. */
export interface Batch extends BatchFormat {
  type: "batch";
  slot: number;
  /** Whole pcap records, from the start of the slot. */
  bytes: number;
}

/** Capture → inspect, first on the port: the shared memory and how it is cut into slots. */
export interface Slots {
  type: "slots";
  memory: SharedArrayBuffer;
  slotBytes: number;
}

export type CaptureToInspect = Slots | Batch;

/** Inspect → capture: slot `slot` is yours again. */
export interface Release {
  type: "release";
  slot: number;
}
export type InspectToCapture = Release;

// ---------------------------------------------------------------- main ↔ capture and playback

/** Main → capture: begin on these interfaces, and keep trying those that fail. */
export interface StartCapture {
  type: "start-capture";
  /** Device names; their order gives `interfaceIndex`. */
  interfaces: string[];
  /** Captured bytes of a packet, 64 to 262,144. */
  snaplen: number;
  promiscuous: boolean;
  /** Kernel buffer of one interface, bytes. */
  bufferBytes: number;
  /** BPF filter; empty for everything. */
  filter: string;
  /** To the inspect worker. */
  port: MessagePort;
}

/** Main → playback: play this file. */
export interface StartPlayback {
  type: "start-playback";
  path: string;
  /** Packet seconds per second; `Infinity` for as fast as the inspector can. */
  speed: number;
  loop: boolean;
  port: MessagePort;
}

/** Main → capture or playback: close everything, answer `stopped`. */
export interface Stop {
  type: "stop";
}

/**
 * Main → capture or playback: the inspector crashed and there is a new one at the other end of `port`. All slots
 * are free again; what they held is lost. Answer with `slots` on the new port, as at the start.
 */
export interface ConnectInspect {
  type: "connect-inspect";
  port: MessagePort;
}
export type MainToCapture = StartCapture | ConnectInspect | Stop;
export type MainToPlayback = StartPlayback | ConnectInspect | Stop;

/** Why an interface gives no packets; `code` for programs, the rest for people. */
export interface CaptureProblem {
  /** `bad-filter` is not retried; all others are, every two seconds. */
  code: "no-libpcap" | "no-permission" | "no-device" | "device-down" | "bad-filter" | "lost" | "failed";
  message: string;
  /** The exact next step. */
  hint: string;
}

/** Kernel and libpcap counters of one interface since it was opened, `pcap_stats(3)`. */
export interface InterfaceCapture {
  name: string;
  status: "open" | "waiting";
  linkType: number;
  nanosecond: boolean;
  /** Packets handed to libpcap by the kernel, kept over re-opens. */
  received: number;
  /** Lost for want of kernel buffer space. */
  kernelDropped: number;
  /** Lost by the network card or its driver. */
  interfaceDropped: number;
  problem?: CaptureProblem;
}

/** Capture → main, each second and on each change. */
export interface CaptureReport {
  type: "capture-report";
  interfaces: InterfaceCapture[];
  /** Packets and bytes (pcap records) handed on. */
  delivered: number;
  deliveredBytes: number;
  /** Packets of them that an inspector held when it crashed: they were not inspected. */
  lost: number;
  /** Times no slot was free, so the kernel had to buffer. */
  stalls: number;
  slots: number;
  slotsFree: number;
}

/** Playback → main, each second and at each end of the file. */
export interface PlaybackReport {
  type: "playback-report";
  path: string;
  delivered: number;
  deliveredBytes: number;
  /** Packets of them that an inspector held when it crashed: they were not inspected. */
  lost: number;
  /** Bytes of the file read, and its size. */
  position: number;
  size: number;
  /** How much of this round has been played, 0 to 1. */
  progress: number;
  /** Times the file was played to its end. */
  loops: number;
  finished: boolean;
  /**
   * The playback's clock: it stood at `packetMs` (packet time) when the wall clock showed `wallMs`, and goes on at
   * the speed of the playback. Null before the first packet, after the last, and at full speed.
   */
  clock: { packetMs: number; wallMs: number } | null;
  /** The file is damaged or cannot be read: what, where, and what was still played. */
  problem?: { message: string; hint: string };
}
export interface Stopped {
  type: "stopped";
}
export type CaptureToMain = CaptureReport | Stopped;
export type PlaybackToMain = PlaybackReport | Stopped;

// ---------------------------------------------------------------- main ↔ inspect

/** Main → inspect, once, before anything else. */
export interface StartInspect {
  type: "start-inspect";
  /** Flows kept at most. */
  maxFlows: number;
  /** Flows are numbered from the one after this on: an inspector that takes over uses no number twice. */
  flowsAfter: number;
  /** Addresses of this machine; empty for a file, where private ranges count as local. */
  localAddresses: string[];
  /** Key of this installation for fingerprints of card numbers (HMAC), 32 bytes. */
  fingerprintKey: Uint8Array;
  /** Whether the packet log may hold the start of payloads, masked. */
  showPayload: boolean;
}

/** Main → inspect: take batches from this port (one per capture or playback worker). */
export interface ConnectSource {
  type: "connect-source";
  port: MessagePort;
}

/** Main → inspect: tell facts through this port from now on, and no longer through an earlier one. */
export interface ConnectDetect {
  type: "connect-detect";
  port: MessagePort;
}

/** Main → inspect and detect: the machine's addresses have changed. */
export interface LocalAddresses {
  type: "local-addresses";
  addresses: string[];
}

/** Main → inspect, each second: answer with a `snapshot`. */
export interface AskSnapshot {
  type: "ask-snapshot";
  /**
   * Live: the wall clock, so that idle flows end though no packet comes. Playback: its clock, for the same reason;
   * 0 where it has none.
   */
  nowUs: number;
  /** Live flows wanted at most, the most recently active first. */
  maxActive: number;
  /** Ended flows wanted at most, the oldest ends first; what is over is counted in `endedLost`. */
  maxEnded: number;
}

/**
 * Main → inspect, last: no packet comes any more, so every flow is over. Answered by a `snapshot` with them; the
 * detector is told `facts-over`.
 */
export interface Finish {
  type: "finish";
  /** Ended flows wanted at most. */
  maxEnded: number;
}
export type MainToInspect =
  | StartInspect
  | Finish
  | ConnectSource
  | ConnectDetect
  | LocalAddresses
  | AskSnapshot;

/** Inspect → main: the answer to `ask-snapshot`. */
export interface Snapshot {
  type: "snapshot";
  counters: InspectorCounters;
  /** The most recently active flows. */
  active: FlowColumns;
  /** Flows that ended since the last snapshot. */
  ended: FlowColumns;
  /** Ended flows that were not kept for a snapshot, since the beginning. */
  endedLost: number;
  /** What payload inspection found since the last snapshot, oldest first. */
  observations: Observation[];
  /** Observations for which there was no room, since the beginning. Alerts are never among them. */
  observationsLost: number;
  /** Packets since the last snapshot for the packet log, oldest first. */
  packets: PacketRecord[];
  /** Packets not logged because they came too fast for eyes, since the beginning. */
  packetsUnlogged: number;
  /** Facts the detector was not told because it was behind, since the beginning. */
  factsLost: number;
}

/** Inspect → main and detect → main, at once: alerts do not wait for the next snapshot. */
export interface Alerts {
  type: "alerts";
  alerts: Observation[];
}
export type InspectToMain = Snapshot | Alerts;

// ---------------------------------------------------------------- inspect ↔ detect, over a port of their own

/** Inspect → detect: what happened, after each batch of packets in which something did. */
export interface Facts {
  type: "facts";
  batch: FactBatch;
}

/** Inspect → detect, last: the facts before this were all. */
export interface FactsOver {
  type: "facts-over";
}
export type InspectToDetect = Facts | FactsOver;

/** Detect → inspect: so many facts were looked at. Too many on the way, and inspect drops (and counts) them. */
export interface Taken {
  type: "taken";
  rows: number;
}
export type DetectToInspect = Taken;

// ---------------------------------------------------------------- main ↔ detect

/** Main → detect, once, before anything else. */
export interface StartDetect {
  type: "start-detect";
  rules: RuleSettings;
  /** See `StartInspect`. */
  localAddresses: string[];
  /** In front of the numbers of this worker's alerts, so that they differ from those of one that crashed. */
  idPrefix: string;
  /** What was learnt before, in this run or an earlier one. */
  usual: Usual;
}

/** Main → detect: take facts from this port too. */
export interface ConnectFacts {
  type: "connect-facts";
  port: MessagePort;
}

/** Main → detect: the settings have changed. */
export interface ChangeRules {
  type: "rules";
  rules: RuleSettings;
}

/** Main → detect, each second: what is known of the machine. Answered by a `detect-report`. */
export interface TellSystem {
  type: "system-facts";
  facts: SystemFacts;
}

/** Main → detect: the user's lists, all of them, whenever one was read. */
export interface TellBlocklists {
  type: "blocklists";
  lists: Blocklist[];
}

/** Main → detect, last: alerts that are open are over. Answered by all there is to tell, then `stopped`. */
export interface FinishDetect {
  type: "finish-detect";
  /** Whether `facts-over` comes, or has come, and what is before it counts; else the end is now. */
  afterFacts: boolean;
}
export type MainToDetect =
  | StartDetect
  | FinishDetect
  | ConnectFacts
  | ChangeRules
  | LocalAddresses
  | TellSystem
  | TellBlocklists;

/** Detect → main. */
export interface DetectReport {
  type: "detect-report";
  counters: DetectCounters;
}

/** Detect → main, when something was learnt, and now and then: to be kept for the next detector. */
export interface Learnt {
  type: "learnt";
  usual: Usual;
}
export type DetectToMain = DetectReport | Alerts | Learnt | Stopped;

// ---------------------------------------------------------------- main ↔ system

/** Main → system: report every `intervalMs` from now on. */
export interface StartSystem {
  type: "start-system";
  intervalMs: number;
}

/** Main → system: send echo requests to one address; answered by one `ping-report`. */
export interface Ping {
  type: "ping";
  /** Comes back with the report. */
  id: number;
  /** 4 or 16 bytes. */
  address: Uint8Array;
  /** Index of the interface for link-local IPv6 addresses, else 0. */
  scope: number;
  /** Requests, 1 to 20. */
  count: number;
  /** Between requests. */
  intervalMs: number;
  /** After this time without an answer a request counts as lost. */
  timeoutMs: number;
}
export type MainToSystem = StartSystem | Ping | Stop;

/** System → main: what came of a `ping`. */
export interface PingReport {
  type: "ping-report";
  id: number;
  socket: PingSocket;
  replies: PingReply[];
  duplicates: number;
  /** Nothing could be sent. `refused`: a permission is missing; `busy`: too many runs; `failed`: the rest. */
  problem?: { code: "refused" | "busy" | "failed"; message: string; hint: string };
}
export type SystemToMain = SystemMessage | PingReport | Stopped;

/** Main → stale connections: look after the server on `port`, in this process. */
export interface StartStale {
  type: "start-stale";
  pid: number;
  port: number;
  /** Other than usual; for tests. */
  everyMs?: number;
  silentMs?: number;
  idleMs?: number;
}
export type MainToStale = StartStale;

/** Stale connections → main: so many were ended just now. */
export interface StaleEnded {
  type: "stale-ended";
  connections: number;
}
export type StaleToMain = StaleEnded;
