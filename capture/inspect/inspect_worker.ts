/**
 * The inspect worker: an `Inspector` behind messages. It runs without any permission: hostile bytes are parsed where
 * nothing can be read, written or sent.
 *
 * A source (capture or playback) hands over slots of shared memory by number; each goes back with `release` as soon
 * as it was looked at. When inspection throws, nobody can know whether the flow table is still sound: the error is
 * let out, main starts a new worker and counts the loss.
 */
import type {
  AskSnapshot,
  CaptureToInspect,
  DetectToInspect,
  InspectToCapture,
  InspectToDetect,
  InspectToMain,
  MainToInspect,
  Slots,
  Snapshot,
} from "../../model/protocol.ts";
import type { Observation } from "../../model/observation.ts";
import { flowColumnBuffers } from "../../model/flow.ts";
import type { PacketBatch } from "../../model/batch.ts";
import { cutFactBatch, type FactBatch, factBatchBuffers, SENT_FACT_ROWS } from "../../model/facts.ts";
import { provideBrotli } from "./dpi/http/brotli_loaded.ts";
import { Inspector } from "./inspector.ts";

/** Ended flows that wait for the next snapshot at most; one asked each second bears 16,384 ends per second. */
const MAX_ENDED_WAITING = 16_384;

/** Sources at most; each holds shared memory. */
const MAX_SOURCES = 64;

const scope = self as unknown as {
  onmessage: (event: MessageEvent<MainToInspect>) => void;
  postMessage(message: InspectToMain, transfer: Transferable[]): void;
};

/** Observations waiting for the next snapshot at most; alerts do not wait. */
const MAX_OBSERVATIONS = 4_000;

/** Facts on the way to the detector at most: some 20 MB. It is behind then, and what comes is lost, and counted. */
const MAX_FACTS_AWAY = 65_536;

let detect: MessagePort | null = null;
let factsAway = 0;
let factsLost = 0;

provideBrotli();
let inspector = new Inspector({ maxEnded: MAX_ENDED_WAITING });
let sources = 0;
let observations: Observation[] = [];
let observationsLost = 0;
let alerts: Observation[] = [];

scope.onmessage = (event) => {
  const message = event.data;
  switch (message.type) {
    case "start-inspect":
      inspector = new Inspector({
        maxFlows: message.maxFlows,
        flowsAfter: message.flowsAfter,
        localAddresses: message.localAddresses,
        maxEnded: MAX_ENDED_WAITING,
        packetLog: { showPayload: message.showPayload },
        payload: { fingerprintKey: message.fingerprintKey, tell: keep },
        facts: sendFacts,
        factRows: SENT_FACT_ROWS,
      });
      break;
    case "connect-source":
      connect(message.port);
      break;
    case "connect-detect":
      connectDetect(message.port);
      break;
    case "local-addresses":
      inspector.setLocalAddresses(message.addresses);
      break;
    case "ask-snapshot":
      inspector.advance(message.nowUs);
      answer(message);
      break;
    case "finish":
      inspector.finish();
      answer({ maxActive: 0, maxEnded: message.maxEnded });
      detect?.postMessage({ type: "facts-over" } satisfies InspectToDetect);
      break;
    default:
      message satisfies never;
  }
};

function keep(observation: Observation): void {
  if (observation.alert !== undefined) alerts.push(observation);
  else if (observations.length < MAX_OBSERVATIONS) observations.push(observation);
  else observationsLost++;
}

/** Alerts go at the end of the batch they were raised in. */
function sendAlerts(): void {
  if (alerts.length === 0) return;
  scope.postMessage({ type: "alerts", alerts }, []);
  alerts = [];
}

function connectDetect(port: MessagePort): void {
  detect?.close();
  detect = port;
  factsAway = 0;
  port.onmessage = (event: MessageEvent<DetectToInspect>) => factsAway -= event.data.rows;
}

function sendFacts(batch: FactBatch): void {
  if (detect === null || factsAway > MAX_FACTS_AWAY) {
    factsLost += batch.rows;
    return;
  }
  factsAway += batch.rows;
  const cut = cutFactBatch(batch);
  detect.postMessage({ type: "facts", batch: cut } satisfies InspectToDetect, factBatchBuffers(cut));
}

function answer(ask: Pick<AskSnapshot, "maxActive" | "maxEnded">): void {
  inspector.flushFacts();
  sendAlerts();
  const active = inspector.snapshotActive(ask.maxActive);
  const ended = inspector.drainEnded(ask.maxEnded);
  const { packets, unlogged } = inspector.drainPackets();
  const snapshot: Snapshot = {
    type: "snapshot",
    counters: inspector.counters(),
    active,
    ended,
    endedLost: inspector.endedLost,
    observations,
    observationsLost,
    packets,
    packetsUnlogged: unlogged,
    factsLost,
  };
  observations = [];
  scope.postMessage(snapshot, [...flowColumnBuffers(active), ...flowColumnBuffers(ended)]);
}

function connect(port: MessagePort): void {
  if (sources === MAX_SOURCES) return port.close();
  sources++;
  let slots: Uint8Array[] = [];
  // One object per source, refilled: the inspector keeps nothing of it.
  const batch: PacketBatch = {
    bytes: new Uint8Array(0),
    length: 0,
    linkType: 0,
    nanosecond: false,
    interfaceIndex: 0,
  };
  port.onmessage = (event: MessageEvent<CaptureToInspect>) => {
    const message = event.data;
    switch (message.type) {
      case "slots":
        slots = cut(message);
        break;
      case "batch": {
        const bytes = slots[message.slot];
        if (bytes === undefined) return; // not a slot of the memory given: nothing to look at, nothing to return
        batch.bytes = bytes;
        batch.length = Math.min(message.bytes, bytes.length);
        batch.linkType = message.linkType;
        batch.nanosecond = message.nanosecond;
        batch.interfaceIndex = message.interfaceIndex;
        // When this throws, the slot is not given back: whoever filled it counts its packets as lost.
        inspector.inspect(batch);
        inspector.flushFacts();
        port.postMessage({ type: "release", slot: message.slot } satisfies InspectToCapture);
        sendAlerts();
        break;
      }
      default:
        message satisfies never;
    }
  };
}

function cut({ memory, slotBytes }: Slots): Uint8Array[] {
  const count = slotBytes > 0 ? Math.floor(memory.byteLength / slotBytes) : 0;
  return Array.from({ length: count }, (_, slot) => new Uint8Array(memory, slot * slotBytes, slotBytes));
}
