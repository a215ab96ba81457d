import assert from "node:assert/strict";
import type { CaptureToInspect } from "../../../model/protocol.ts";
import { SlotPool } from "../../../capture/source/slot_pool.ts";

const FORMAT = { linkType: 1, nanosecond: true, interfaceIndex: 3 };

/** The other end: what was received, and a way to wait for the next. */
function receiver(port: MessagePort) {
  const received: CaptureToInspect[] = [];
  let wake = () => {};
  port.onmessage = (event) => {
    received.push(event.data);
    wake();
  };
  const count = async (n: number) => {
    while (received.length < n) await new Promise<void>((resolve) => wake = resolve);
  };
  return { received, count };
}

Deno.test("slots go out once and come back once", async () => {
  const { port1, port2 } = new MessageChannel();
  const pool = new SlotPool(port1, 2, 64);
  const { received, count } = receiver(port2);
  const first = pool.peek()!;
  pool.memory(first)[0] = 42;
  pool.send(FORMAT, 3, 50);
  pool.send(FORMAT, 4, 60);
  assert.equal(pool.peek(), null);
  assert.throws(() => pool.send(FORMAT, 1, 1), /No slot is free/);
  await count(3);
  const [slots, batch] = received;
  assert(slots.type === "slots" && batch.type === "batch");
  assert.deepEqual(batch, { type: "batch", slot: first, bytes: 50, ...FORMAT });
  assert.equal(new Uint8Array(slots.memory, first * slots.slotBytes)[0], 42);
  assert.deepEqual([pool.delivered, pool.deliveredBytes, pool.free], [7, 110, 0]);

  let released = 0;
  const back = new Promise<void>((resolve) => pool.onRelease = () => ++released === 2 && resolve());
  // Twice the same, and one that does not exist: only the first counts.
  for (const slot of [first, first, 99, -1, 1 - first]) port2.postMessage({ type: "release", slot });
  await back;
  assert.equal(pool.free, 2);
  pool.close();
  port2.close();
});

Deno.test("a new inspector gets the slots of the old one", async () => {
  const old = new MessageChannel(), next = new MessageChannel();
  const pool = new SlotPool(old.port1, 2, 64);
  pool.send(FORMAT, 1, 20);
  const { received, count } = receiver(next.port2);
  pool.connect(next.port1);
  assert.equal(pool.free, 2);
  await count(1);
  assert.equal(received[0].type, "slots");
  pool.close();
  old.port2.close();
  next.port2.close();
});
