import assert from "node:assert/strict";
import { type FlowHandle, Probe } from "../../../../capture/inspect/dpi/contract.ts";
import { FlowInspection } from "../../../../capture/inspect/dpi/flow_inspection.ts";
import { HeldBudget, RELEASE_BYTES } from "../../../../capture/inspect/stream/tcp_stream.ts";

/** A flow whose parser writes down which direction spoke how much. */
function flow() {
  const told: { direction: number; bytes: number }[] = [];
  const handle = { name: () => {} } as unknown as FlowHandle;
  const inspection = new FlowInspection(0, 80, {
    protocols: [{
      name: "any",
      probe: () => Probe.yes,
      create: () => ({
        data(direction, _bytes, at, end) {
          const last = told.at(-1);
          if (last?.direction === direction) last.bytes += end - at;
          else told.push({ direction, bytes: end - at });
        },
        gap: () => assert.fail("no gap"),
        close: () => {},
      }),
    }],
    budget: new HeldBudget(1 << 20),
    failed: (_, error) => assert.fail(String(error)),
    handle: () => handle,
    released: () => {},
  });
  inspection.begin(0, 0);
  inspection.begin(1, 0);
  const bytes = new Uint8Array(2000);
  const sum = () => told.reduce((all, { bytes }) => all + bytes, 0);
  const send = (direction: number, sequence: number, length = 1000) => {
    const before = sum();
    inspection.segment(direction, sequence, bytes, 0, length, length);
    return sum() - before;
  };
  return { inspection, told, send, sum };
}

Deno.test("what one side said before it is looked at before the other side's answer, however long it takes", () => {
  const { inspection, told, send } = flow();
  for (let at = 1000; at < 60_000; at += 1000) send(0, at);
  const most = [send(0, 0)];
  for (let at = 0; inspection.isBehind; at += 1000) most.push(send(1, at));
  assert.deepEqual(told.map(({ direction }) => direction), [0, 1]);
  assert.equal(told[0].bytes, 60_000);
  assert(Math.max(...most) <= 2 * RELEASE_BYTES + 1000, `${most}`);
});

Deno.test("acknowledgements and packets of other flows bring on what waits", () => {
  for (const bring of ["acknowledged", "catchUp"]) {
    const { inspection, send, sum } = flow();
    for (let at = 1000; at < 60_000; at += 1000) send(0, at);
    send(0, 0);
    for (let calls = 0; inspection.isBehind; calls++) {
      const before = sum();
      if (bring === "catchUp") inspection.catchUp(RELEASE_BYTES);
      else inspection.acknowledged(0, 60_000);
      assert(sum() - before <= RELEASE_BYTES && calls < 10);
    }
    assert.equal(sum(), 60_000);
  }
});

Deno.test("the end of a flow brings all of it", () => {
  const { inspection, told, send } = flow();
  for (let at = 1000; at < 60_000; at += 1000) send(0, at);
  send(0, 0);
  send(1, 0);
  inspection.close();
  assert.deepEqual(told, [{ direction: 0, bytes: 60_000 }, { direction: 1, bytes: 1000 }]);
});

Deno.test("a flow of which nothing more is looked at in the midst of what waited asks for no more", () => {
  const { inspection, told, send } = flow();
  for (let at = 1000; at < 60_000; at += 1000) send(0, at);
  send(0, 0);
  const { push } = told;
  told.push = (...rows) => {
    inspection.finish();
    return push.apply(told, rows);
  };
  told.length = 0;
  inspection.catchUp(RELEASE_BYTES);
  assert.equal(inspection.isBehind, false);
  assert.equal(told.length, 1);
});
