/** The last minute of each interface: bounded, and of those that are there. */
import assert from "node:assert/strict";
import type { InterfaceStatus } from "../../model/api.ts";
import { type InterfaceRates, RATE_POINTS, withRates } from "../../model/interface_rates.ts";

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
