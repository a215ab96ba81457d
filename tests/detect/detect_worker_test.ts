/** The detect worker as main and the inspect worker speak with it, without any permission, up to its end. */
import assert from "node:assert/strict";
import { Inspector } from "../../capture/inspect/mod.ts";
import { cutFactBatch, type FactBatch, factBatchBuffers } from "../../model/facts.ts";
import type { DetectToMain, InspectToDetect, MainToDetect } from "../../model/protocol.ts";
import { batchOf } from "../capture/inspect/helpers.ts";
import { FINGERPRINT_KEY } from "../support/inspected.ts";
import { Traffic } from "../support/traffic.ts";

const SCANNED = 40;

/** What the inspector says of a scan of so many ports that all answer "closed". */
function factsOfScan(): FactBatch[] {
  const traffic = new Traffic();
  for (let port = 1; port <= SCANNED; port++) {
    traffic.tcp({ client: "10.0.0.9", server: "10.0.0.1", port, outcome: "refused" }).wait(0.05);
  }
  const facts: FactBatch[] = [];
  const inspector = new Inspector({
    payload: { fingerprintKey: FINGERPRINT_KEY, tell: () => {} },
    facts: (batch) => facts.push(cutFactBatch(batch)),
  });
  inspector.inspect(batchOf(traffic.frames));
  inspector.flushFacts();
  return facts;
}

interface Talk extends Disposable {
  send(message: MainToDetect): void;
  /** On the way of facts. */
  tell(message: InspectToDetect): void;
  /** All that it said up to `stopped`. */
  said: Promise<DetectToMain[]>;
}

function talk(): Talk {
  const worker = new Worker(new URL("../../detect/detect_worker.ts", import.meta.url), {
    type: "module",
    deno: { permissions: "none" },
  });
  const { port1, port2 } = new MessageChannel();
  const messages: DetectToMain[] = [];
  const said = new Promise<DetectToMain[]>((resolve, reject) => {
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.onmessage = ({ data }: MessageEvent<DetectToMain>) => {
      messages.push(data);
      if (data.type === "stopped") resolve(messages);
    };
  });
  worker.postMessage(
    { type: "start-detect", rules: {}, localAddresses: [], idPrefix: "", usual: {} } satisfies MainToDetect,
  );
  worker.postMessage({ type: "connect-facts", port: port2 } satisfies MainToDetect, [port2]);
  return {
    send: (message) => worker.postMessage(message),
    tell: (message) =>
      port1.postMessage(message, message.type === "facts" ? factBatchBuffers(message.batch) : []),
    said,
    [Symbol.dispose]: () => {
      port1.close();
      worker.terminate();
    },
  };
}

/** Phases of the alerts it told, with their counts. */
function phasesOf(said: DetectToMain[]): [string, number][] {
  return said.flatMap((message) => message.type === "alerts" ? message.alerts : [])
    .map(({ alert, fields }) => [alert!.phase, Number((fields.netpane as { count: number }).count)]);
}

for (const order of ["main is first", "facts are first"]) {
  Deno.test(`at the end all facts count, then open alerts are told for the last time: ${order}`, async () => {
    using it = talk();
    const over = () => {
      for (const batch of factsOfScan()) it.tell({ type: "facts", batch });
      it.tell({ type: "facts-over" });
    };
    if (order === "facts are first") over();
    it.send({ type: "finish-detect", afterFacts: true });
    if (order === "main is first") over();
    const said = await it.said;
    const phases = phasesOf(said);
    assert.equal(phases[0][0], "new");
    assert.deepEqual(phases.at(-1), ["final", SCANNED]);
    assert.equal(phases.filter(([phase]) => phase === "final").length, 1);
    assert.deepEqual(said.slice(-3).map(({ type }) => type), ["detect-report", "learnt", "stopped"]);
    const report = said.at(-3)!;
    assert(report.type === "detect-report");
    assert.deepEqual([report.counters.alertsOpen, report.counters.alertsRaised], [0, 1]);
  });
}

Deno.test("where the inspector hangs the end is now; what comes later is not looked at", async () => {
  using it = talk();
  it.send({ type: "finish-detect", afterFacts: false });
  const said = await it.said;
  assert.deepEqual(said.map(({ type }) => type), ["detect-report", "learnt", "stopped"]);
  for (const batch of factsOfScan()) it.tell({ type: "facts", batch });
  it.tell({ type: "facts-over" });
  it.send({ type: "finish-detect", afterFacts: true });
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(said.length, 3);
});
