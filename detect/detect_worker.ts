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

scope.onmessage = (event) => {
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
    default:
      message satisfies never;
  }
  sendAlerts();
};

function connect(port: MessagePort): void {
  port.onmessage = (event: MessageEvent<InspectToDetect>) => {
    detector.take(event.data.batch);
    port.postMessage({ type: "taken", rows: event.data.batch.rows } satisfies DetectToInspect);
    sendAlerts();
  };
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
