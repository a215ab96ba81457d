/** One round of the fuzzer: a fresh inspector, damaged packets, and what must be true of them. */
import { Inspector } from "../../capture/inspect/mod.ts";
import { RECORD_HEADER_BYTES } from "../../model/batch.ts";
import type { InspectorCounters } from "../../model/inspection.ts";
import type { Packet } from "./captures.ts";

/** Flows of an inspector here: so few that they are evicted and rows used again. */
const MAX_FLOWS = 512;
const DRAIN_EVERY = 1000;
const KEY = new Uint8Array(32).fill(9);
/** The same in each run, so that rows and evictions come back. */
const SECRET = new Int32Array(64).map((_, i) => Math.imul(i + 1, 0x9e3779b1));

export interface Trouble {
  what: string;
  /** Index of the packet in its round. */
  packet: number;
}

export interface Slow {
  packet: number;
  ms: number;
  protocol: string;
}

export interface RoundResult {
  packets: number;
  events: number;
  alerts: number;
  troubles: Trouble[];
  slow: Slow[];
  counters: InspectorCounters;
}

export interface RoundOptions {
  secrets: RegExp;
  /** Packets that take longer are told; for each flow that ends at their time they may take as long again. */
  slowMs: number;
  /** Told before each packet, so that somebody else sees where an endless loop began. */
  progress: (packet: number) => void;
}

const MAX_TROUBLES = 20;
const record = new Uint8Array(RECORD_HEADER_BYTES + 262_144);
const header = new DataView(record.buffer);

export function runRound(packets: Iterable<Packet>, options: RoundOptions): RoundResult {
  const { secrets, slowMs, progress } = options;
  const troubles: Trouble[] = [];
  const slow: Slow[] = [];
  let index = 0;
  let events = 0;
  let alerts = 0;
  let protocol = "";
  /** Flows that end pay for themselves: a packet may be the one at whose time many do. */
  let ended = 0;
  const trouble = (what: string) => {
    if (troubles.length < MAX_TROUBLES) troubles.push({ what, packet: index });
  };
  /** What this program itself takes is not the inspector's. */
  let ownMs = 0;
  const search = (where: string, text: string) => {
    const found = secrets.exec(text);
    if (found !== null) trouble(`secret in ${where}: ${around(text, found.index)}`);
  };
  const inspector = new Inspector({
    maxFlows: MAX_FLOWS,
    secret: SECRET,
    packetLog: { showPayload: true },
    onFlowEnd: (flows, row) => {
      ended++;
      search("server name", flows.serverName[row]);
    },
    payload: {
      fingerprintKey: KEY,
      tell: (observation) => {
        const start = performance.now();
        events++;
        if (observation.alert !== undefined) alerts++;
        protocol = observation.type;
        search(`event ${observation.type}`, JSON.stringify(observation.fields));
        ownMs += performance.now() - start;
      },
      failed: (name, error) =>
        trouble(`${name} threw ${error instanceof Error ? error.stack : String(error)}`),
    },
  });
  const drain = () => {
    for (const { summary, payload } of inspector.drainPackets().packets) {
      search("summary", summary);
      if (payload !== undefined) search("payload shown", payload);
    }
  };
  const batch = { bytes: record, length: 0, linkType: 1, nanosecond: false, interfaceIndex: 0 };
  let counters = inspector.counters();
  for (const { bytes, wireLength, timeUs, linkType } of packets) {
    progress(index);
    const caplen = Math.min(bytes.length, record.length - RECORD_HEADER_BYTES);
    header.setUint32(0, Math.floor(timeUs / 1e6), true);
    header.setUint32(4, timeUs % 1e6, true);
    header.setUint32(8, caplen, true);
    header.setUint32(12, wireLength, true);
    record.set(bytes.subarray(0, caplen), RECORD_HEADER_BYTES);
    batch.length = RECORD_HEADER_BYTES + caplen;
    batch.linkType = linkType;
    protocol = "";
    ownMs = ended = 0;
    const start = performance.now();
    try {
      inspector.inspect(batch);
    } catch (error) {
      trouble(`the inspector threw ${error instanceof Error ? error.stack : String(error)}`);
    }
    const ms = performance.now() - start - ownMs;
    if (ms > slowMs * (1 + ended)) slow.push({ packet: index, ms, protocol });
    if (index % DRAIN_EVERY === 0) {
      drain();
      counters = inspector.counters();
      checkBudgets(counters, trouble);
    }
    index++;
  }
  drain();
  inspector.finish();
  counters = inspector.counters();
  const { inspected, heldBytes, alertsOpen } = counters.payload;
  const left = { inspected, heldBytes, alertsOpen, fragments: counters.fragmentBytes };
  for (const [name, value] of Object.entries(left)) {
    if (value !== 0) trouble(`${name} is ${value} when all flows have ended`);
  }
  return { packets: index, events, alerts, troubles, slow, counters };
}

function checkBudgets(
  { payload, fragmentBytes, fragmentBudgetBytes, flows }: InspectorCounters,
  trouble: (what: string) => void,
): void {
  const budgets: [string, number, number][] = [
    ["held bytes", payload.heldBytes, payload.heldBudgetBytes],
    ["inspected flows", payload.inspected, flows.active],
    ["fragments", fragmentBytes, fragmentBudgetBytes],
  ];
  for (const [name, value, ceiling] of budgets) {
    if (value < 0 || value > ceiling) trouble(`${name}: ${value}, where ${ceiling} is the most`);
  }
}

function around(text: string, at: number): string {
  return text.slice(Math.max(0, at - 80), at + 80);
}
