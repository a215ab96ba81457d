/**
 * Payload inspection as a whole: packets in, events and alerts out. The same conversation gives the same verdict
 * however it travelled, no secret leaves, and no flood takes more than its budget.
 */
import assert from "node:assert/strict";
import { type Carriage, carry } from "../../support/carriage.ts";
import { type Conversation, CONVERSATIONS } from "../../support/conversations.ts";
import { alertsOf, FINGERPRINT_KEY, inspect, verdictOf } from "../../support/inspected.ts";
import { seeded } from "./dpi/flow_recorder.ts";
import { batchOf, START_US } from "./helpers.ts";
import type { CaptureToInspect, InspectToMain, MainToInspect } from "../../../model/protocol.ts";
import type { Observation } from "../../../model/observation.ts";

const MSS = 1460;
const WHOLE: Carriage = { cut: () => MSS };

/** Ways of travelling; each with a seed of its own for what is random about it. */
const CARRIAGES: [name: string, make: (seed: number) => Carriage][] = [
  ["byte by byte", () => ({ cut: () => 1 })],
  ["cut anywhere", (seed) => random(seed, (below) => ({ cut: () => 1 + below(90) }))],
  ["out of order", (seed) => random(seed, (below) => ({ cut: () => 1 + below(60), shuffled: true }))],
  ["sent twice", (seed) => random(seed, (below) => ({ cut: () => 1 + below(60), repeated: true }))],
  ["overlapping", (seed) => random(seed, (below) => ({ cut: () => 1 + below(60), overlapping: true }))],
  [
    "all at once",
    (seed) =>
      random(
        seed,
        (below) => ({ cut: () => 1 + below(40), shuffled: true, repeated: true, overlapping: true }),
      ),
  ],
  ["IPv6", (seed) => random(seed, (below) => ({ cut: () => 1 + below(300), ipVersion: 6, shuffled: true }))],
  ["VLAN in VLAN", (seed) => random(seed, (below) => ({ cut: () => 1 + below(300), vlan: [100, 7] }))],
  [
    "IP fragments",
    (seed) => random(seed, (below) => ({ cut: () => 200 + below(900), fragmentBytes: 8 * (3 + below(20)) })),
  ],
  ["VXLAN", (seed) => random(seed, (below) => ({ cut: () => 1 + below(300), vxlan: true, shuffled: true }))],
];

function random(seed: number, make: (below: (n: number) => number) => Carriage): Carriage {
  const below = seeded(seed);
  return { ...make(below), random: below };
}

for (const conversation of CONVERSATIONS) {
  Deno.test(`verdict: ${conversation.name}, however it travels`, () => {
    const { turns, serverPort } = conversation;
    const told = inspect(carry(turns, serverPort, WHOLE));
    holdsWhatIsExpected(conversation, told);
    const expected = verdictOf(told.observations);
    for (const [way, make] of CARRIAGES) {
      for (let seed = 1; seed <= 8; seed++) {
        const { observations, counters } = inspect(carry(turns, serverPort, make(seed)));
        assert.deepEqual(verdictOf(observations), expected, `${way}, seed ${seed}`);
        assert.deepEqual(counters.payload.failures, {}, `${way}, seed ${seed}`);
        assert.equal(counters.payload.heldBytes, 0, `${way}, seed ${seed}`);
      }
    }
    if (conversation.midStream) {
      for (let seed = 1; seed <= 8; seed++) {
        const below = seeded(seed);
        const late: Carriage = { cut: () => 1 + below(90), random: below, shuffled: true, midStream: true };
        assert.deepEqual(
          verdictOf(inspect(carry(turns, serverPort, late)).observations),
          expected,
          `seed ${seed}`,
        );
      }
    }
  });
}

function holdsWhatIsExpected(wanted: Conversation, { observations }: ReturnType<typeof inspect>): void {
  const cards = alertsOf(observations, "cardholder_data");
  assert.deepEqual(cards.map(({ masked }) => String(masked).slice(-4)).toSorted(), wanted.cards);
  for (const { masked } of cards) assert.match(String(masked), /^\d{6}\*{3,9}\d{4}$/);
  assert.deepEqual(
    alertsOf(observations, "cleartext_credentials").map(({ method }) => method),
    wanted.credentials,
  );
  const events = observations.filter(({ alert }) => alert === undefined);
  assert.deepEqual(events.map(({ type }) => type).toSorted(), wanted.types);
}

Deno.test("verdict: through the worker's shared memory it is the same", async () => {
  const frames = CONVERSATIONS.flatMap(({ turns, serverPort }, i) =>
    carry(turns, serverPort, { cut: () => 100, clientPort: 41_000 + i })
  );
  assert.deepEqual(verdictOf(await inspectInWorker(frames)), verdictOf(inspect(frames).observations));
});

/** All frames in batches through one slot that is overwritten each time, as capture does. */
async function inspectInWorker(frames: Uint8Array[]): Promise<Observation[]> {
  const url = new URL("../../../capture/inspect/inspect_worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module", deno: { permissions: "none" } });
  const send = (message: MainToInspect, transfer: Transferable[] = []) =>
    worker.postMessage(message, transfer);
  const { port1, port2 } = new MessageChannel();
  const observations: Observation[] = [];
  const toWorker = (message: CaptureToInspect) => port1.postMessage(message);
  const released = () => new Promise((resolve) => port1.onmessage = resolve);
  const snapshot = () =>
    new Promise<void>((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<InspectToMain>) => {
        observations.push(...(data.type === "alerts" ? data.alerts : data.observations));
        if (data.type === "snapshot") resolve();
      };
    });
  try {
    send({
      type: "start-inspect",
      maxFlows: 1024,
      flowsAfter: 0,
      localAddresses: [],
      fingerprintKey: FINGERPRINT_KEY,
      showPayload: false,
    });
    send({ type: "connect-source", port: port2 }, [port2]);
    const memory = new SharedArrayBuffer(65_536);
    toWorker({ type: "slots", memory, slotBytes: memory.byteLength });
    const first = snapshot();
    for (let at = 0; at < frames.length; at += 50) {
      const batch = batchOf(frames.slice(at, at + 50).map((bytes) => ({ bytes })));
      new Uint8Array(memory).set(batch.bytes);
      const { length, linkType, nanosecond, interfaceIndex } = batch;
      toWorker({ type: "batch", slot: 0, bytes: length, linkType, nanosecond, interfaceIndex });
      await released();
    }
    // An hour on, every flow has ended.
    send({ type: "ask-snapshot", nowUs: START_US + 3600e6, maxActive: 0, maxEnded: 0 });
    await first;
  } finally {
    worker.terminate();
    port1.close();
  }
  return observations;
}
