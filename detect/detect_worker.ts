/**
 * The detect worker: a `Detector` behind messages. It runs without any permission. Facts come straight from the
 * inspect worker; main tells it of the machine and takes its alerts.
 */
import type { DetectToInspect, DetectToMain, InspectToDetect, MainToDetect } from "../model/protocol.ts";
import type { Observation } from "../model/observation.ts";
import { Detector } from "./detector.ts";

const scope = self as unknown as {
  onmessage: (event: MessageEvent<MainToDetect>) => void;
  postMessage(message: DetectToMain): void;
};

/** What is usual is handed to main this often at most, and at least, by the time of the machine's reports. */
const LEARNT_US = 10e6;
const WATCHED_US = 600e6;

let alerts: Observation[] = [];
let detector = new Detector({ tell: keep });
let handedUs = 0;
/** Facts and main come by ways of their own: the end is when both have said so. */
let end: "open" | "facts-over" | "awaits-facts" | "closed" = "open";

scope.onmessage = (event) => {
  if (end === "closed") return;
  const message = event.data;
  switch (message.type) {
    case "start-detect":
      detector = new Detector({
        tell: keep,
        rules: message.rules,
        localAddresses: message.localAddresses,
        idPrefix: message.idPrefix,
        remembered: message.usual,
      });
      break;
    case "connect-facts":
      connect(message.port);
      break;
    case "rules":
      detector.configure(message.rules);
      break;
    case "local-addresses":
      detector.setLocalAddresses(message.addresses);
      break;
    case "blocklists":
      detector.setBlocklists(message.lists);
      break;
    case "system-facts":
      detector.takeSystem(message.facts);
      scope.postMessage({ type: "detect-report", counters: detector.counters() });
      handLearnt(message.facts.atUs);
      break;
    case "finish-detect":
      if (message.afterFacts && end === "open") end = "awaits-facts";
      else finish();
      break;
    default:
      message satisfies never;
  }
  sendAlerts();
};

function connect(port: MessagePort): void {
  port.onmessage = ({ data: message }: MessageEvent<InspectToDetect>) => {
    if (end === "closed") return;
    switch (message.type) {
      case "facts":
        detector.take(message.batch);
        port.postMessage({ type: "taken", rows: message.batch.rows } satisfies DetectToInspect);
        sendAlerts();
        break;
      case "facts-over":
        if (end === "awaits-facts") finish();
        else end = "facts-over";
        break;
      default:
        message satisfies never;
    }
  };
}

/** Open alerts are told for the last time, and what was learnt is handed over. */
function finish(): void {
  end = "closed";
  detector.close();
  sendAlerts();
  scope.postMessage({ type: "detect-report", counters: detector.counters() });
  scope.postMessage({ type: "learnt", usual: detector.usual() });
  scope.postMessage({ type: "stopped" });
}

function handLearnt(atUs: number): void {
  if (handedUs === 0) handedUs = atUs;
  const waitedUs = atUs - handedUs;
  if (waitedUs < (detector.hasLearnt ? LEARNT_US : WATCHED_US)) return;
  handedUs = atUs;
  scope.postMessage({ type: "learnt", usual: detector.usual() });
}

function keep(observation: Observation): void {
  alerts.push(observation);
}

function sendAlerts(): void {
  if (alerts.length === 0) return;
  scope.postMessage({ type: "alerts", alerts });
  alerts = [];
}
