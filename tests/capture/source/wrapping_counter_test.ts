import assert from "node:assert/strict";
import { WrappingCounter } from "../../../capture/source/wrapping_counter.ts";

Deno.test("a 32-bit counter that wraps goes on counting", () => {
  const counter = new WrappingCounter();
  const readings: [reading: number, total: number][] = [
    [0, 0],
    [4_000_000_000, 4_000_000_000],
    [4_000_000_000, 4_000_000_000],
    [4_294_967_295, 4_294_967_295],
    [4, 4_294_967_300],
    [3, 8_589_934_595], // nearly once round
  ];
  for (const [reading, total] of readings) {
    counter.update(reading);
    assert.equal(counter.total, total);
  }
});
