/** The worker as main starts it: no permissions, slots of shared memory, snapshots on demand. */
import assert from "node:assert/strict";
import type {
  CaptureToInspect,
  InspectToCapture,
  InspectToMain,
  MainToInspect,
} from "../../../model/protocol.ts";
import type { Snapshot } from "../../../model/protocol.ts";
import { batchOf, segment, START_US } from "./helpers.ts";

const SLOT_BYTES = 65_536;
const SLOTS = 4;

class Rig {
  readonly worker = new Worker(new URL("../../../capture/inspect/inspect_worker.ts", import.meta.url), {
    type: "module",
    deno: { permissions: "none" },
  });

  send(message: MainToInspect, transfer: Transferable[] = []): void {
    this.worker.postMessage(message, transfer);
  }

  start(maxFlows = 1000): void {
    this.send({
      type: "start-inspect",
      maxFlows,
      flowsAfter: 0,
      localAddresses: ["10.0.0.1"],
      fingerprintKey: new Uint8Array(32),
      showPayload: false,
    });
  }

  async snapshot(nowUs = 0, maxActive = 100, maxEnded = 100): Promise<Snapshot> {
    const answer = new Promise<Snapshot>((resolve) => {
      this.worker.onmessage = (event: MessageEvent<InspectToMain>) => {
        if (event.data.type === "snapshot") resolve(event.data);
      };
    });
    this.send({ type: "ask-snapshot", nowUs, maxActive, maxEnded });
    return await answer;
  }

  [Symbol.dispose](): void {
    this.worker.terminate();
  }
}

/** A source as capture and playback are one: fills slots, waits until they come back. */
class Source {
  readonly memory = new SharedArrayBuffer(SLOTS * SLOT_BYTES);
  readonly #port: MessagePort;
  readonly #free = Array.from({ length: SLOTS }, (_, slot) => slot);
  #wake: (() => void) | undefined;

  constructor(rig: Rig, readonly interfaceIndex = 0) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#port.onmessage = (event: MessageEvent<InspectToCapture>) => {
      this.#free.push(event.data.slot);
      this.#wake?.();
    };
    this.post({ type: "slots", memory: this.memory, slotBytes: SLOT_BYTES });
    rig.send({ type: "connect-source", port: port2 }, [port2]);
  }

  post(message: CaptureToInspect): void {
    this.#port.postMessage(message);
  }

  async deliver(frames: { bytes: Uint8Array; atUs?: number }[]): Promise<void> {
    while (this.#free.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
    const slot = this.#free.pop()!;
    const { bytes, length, linkType, nanosecond } = batchOf(frames);
    new Uint8Array(this.memory, slot * SLOT_BYTES).set(bytes);
    this.post({
      type: "batch",
      slot,
      bytes: length,
      linkType,
      nanosecond,
      interfaceIndex: this.interfaceIndex,
    });
  }

  /** Resolves when every slot has come back. */
  async idle(): Promise<void> {
    while (this.#free.length < SLOTS) await new Promise<void>((resolve) => this.#wake = resolve);
  }

  [Symbol.dispose](): void {
    this.#port.close();
  }
}

Deno.test("worker: batches of two sources become flows, slots come back", async () => {
  using rig = new Rig();
  rig.start();
  using first = new Source(rig, 0);
  using second = new Source(rig, 3);
  for (let i = 0; i < 50; i++) {
    await first.deliver([{ bytes: segment({ clientPort: 1000 + i, flags: "S" }), atUs: START_US + i }]);
    await second.deliver([{ bytes: segment({ clientPort: 2000 + i, flags: "S" }), atUs: START_US + i }]);
  }
  await first.idle();
  await second.idle();
  const { counters, active, ended, endedLost } = await rig.snapshot();
  assert.equal(counters.packets, 100);
  assert.equal(counters.flows.active, 100);
  assert.equal(counters.flows.capacity, 1000);
  assert.equal(counters.bytesOut, counters.wireBytes);
  assert.equal(active.rows, 100);
  assert.deepEqual([...new Set(active.interfaceIndex.subarray(0, 100))].toSorted(), [0, 3]);
  assert.equal(ended.rows, 0);
  assert.equal(endedLost, 0);
});

Deno.test("worker: wall clock ends idle flows, ended flows are told once", async () => {
  using rig = new Rig();
  rig.start();
  using source = new Source(rig);
  await source.deliver([{ bytes: segment({ flags: "S" }), atUs: START_US }]);
  await source.idle();
  assert.equal((await rig.snapshot(START_US + 1e6)).ended.rows, 0);
  const later = await rig.snapshot(START_US + 62e6);
  assert.equal(later.ended.rows, 1);
  assert.equal(later.counters.flows.timedOut, 1);
  assert.equal((await rig.snapshot(START_US + 63e6)).ended.rows, 0);
});

Deno.test("worker: a snapshot under full load is bounded and does not wait for the load to end", async () => {
  using rig = new Rig();
  rig.start(100_000);
  using source = new Source(rig);
  let stop = false;
  let delivered = 0;
  const load = (async () => {
    while (!stop) {
      const frames = Array.from({ length: 500 }, (_, i) => ({
        bytes: segment({ clientPort: (delivered + i) & 0xffff, flags: "S" }),
      }));
      await source.deliver(frames);
      delivered += frames.length;
    }
  })();
  for (let i = 0; i < 5; i++) {
    const { active, counters } = await rig.snapshot(0, 1e9, 1e9);
    assert.ok(active.rows <= 10_000);
    assert.ok(counters.packets <= delivered + SLOTS * 500);
  }
  stop = true;
  await load;
  await source.idle();
  assert.equal((await rig.snapshot()).counters.packets, delivered);
});

Deno.test("worker: nonsense on the port does no harm", async () => {
  using rig = new Rig();
  rig.start();
  using source = new Source(rig);
  const batch = { type: "batch", linkType: 1, nanosecond: false, interfaceIndex: 0 } as const;
  source.post({ ...batch, slot: 99, bytes: 100 });
  source.post({ ...batch, slot: -1, bytes: 100 });
  await source.deliver([{ bytes: segment({}) }]);
  await source.idle();
  assert.equal((await rig.snapshot()).counters.packets, 1);
});

Deno.test("worker: addresses of the machine may change", async () => {
  using rig = new Rig();
  rig.start();
  using source = new Source(rig);
  await source.deliver([{ bytes: segment({}) }]);
  await source.idle();
  assert.equal((await rig.snapshot()).active.localEnd[0], 1);
  rig.send({ type: "local-addresses", addresses: ["192.0.2.9"] });
  assert.equal((await rig.snapshot()).active.localEnd[0], 2);
});
