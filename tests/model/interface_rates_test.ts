/** The last minute of each interface: bounded, and of those that are there. */
import assert from "node:assert/strict";
import type { InterfaceStatus } from "../../model/api.ts";
import {
  inOrder,
  type InterfaceRates,
  joinRates,
  RATE_POINTS,
  withRates,
} from "../../model/interface_rates.ts";

const face = (name: string, rate: number) =>
  ({ name, received_bits_per_second: rate, sent_bits_per_second: rate / 4 }) as InterfaceStatus;

Deno.test("each second is added at the end, and only the last minute is kept", () => {
  let rates: InterfaceRates = new Map();
  for (let second = 0; second < 100; second++) rates = withRates(rates, [face("eth0", second)]);
  const { in: received, out: sent } = rates.get("eth0")!;
  assert.deepEqual([received.length, sent.length], [RATE_POINTS, RATE_POINTS]);
  assert.deepEqual([received[0], received.at(-1), sent.at(-1)], [40, 99, 25], "whole bits");
});

Deno.test("an interface that is gone is forgotten, and hundreds are not all kept", () => {
  const before = withRates(new Map(), [face("eth0", 1), face("veth1", 1)]);
  assert.deepEqual([...withRates(before, [face("eth0", 2)]).keys()], ["eth0"]);
  const many = Array.from({ length: 500 }, (_, i) => face(`veth${i}`, i));
  assert.equal(withRates(new Map(), many).size, 64);
});

Deno.test("captured ones come first, loopback last: those are kept where there are too many", () => {
  const faces = [
    { ...face("lo", 1), index: 1, up: true, loopback: true, capture: "off" },
    ...Array.from(
      { length: 100 },
      (_, i) => ({ ...face(`veth${i}`, 1), index: 2 + i, up: true, capture: "off" }),
    ),
    { ...face("tun0", 1), index: 200, up: true, capture: "open" },
  ] as InterfaceStatus[];
  assert.deepEqual(inOrder(faces).slice(0, 2).map(({ name }) => name), ["tun0", "veth0"]);
  assert.equal(inOrder(faces).at(-1)!.name, "lo");
  assert.ok(withRates(new Map(), faces).has("tun0"));
});

Deno.test("what was before goes on with what came", () => {
  const before = new Map([["eth0", { in: [1, 2], out: [3, 4] }], ["gone", { in: [9], out: [9] }]]);
  const after = new Map([["eth0", { in: [5], out: [6] }], ["new", { in: [7], out: [8] }]]);
  const joined = joinRates(before, after);
  assert.deepEqual(joined.get("eth0"), { in: [1, 2, 5], out: [3, 4, 6] });
  assert.deepEqual(joined.get("new"), { in: [7], out: [8] });
});
