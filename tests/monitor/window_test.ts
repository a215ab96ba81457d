import assert from "node:assert/strict";
import { SlidingWindow, WINDOW_S } from "../../monitor/window.ts";

const START = 1_700_000_000_000;

Deno.test("SlidingWindow sums per label and names the rest", () => {
  const window = new SlidingWindow();
  for (const [label, bytes] of [["a", 10], ["b", 30], ["c", 5], ["a", 10]] as const) {
    window.add(label, bytes, START);
  }
  assert.deepEqual(window.top(2, START), {
    top: [{ label: "b", bytes: 30 }, { label: "a", bytes: 20 }],
    other: 5,
    total: 55,
  });
});

Deno.test("SlidingWindow forgets what is older than the window", () => {
  const window = new SlidingWindow();
  window.add("old", 100, START);
  window.add("new", 1, START + (WINDOW_S - 6) * 1000);
  assert.equal(window.top(5, START + (WINDOW_S - 6) * 1000).total, 101);
  assert.deepEqual(window.top(5, START + WINDOW_S * 1000).top, [{ label: "new", bytes: 1 }]);
});

Deno.test("SlidingWindow takes times that jump back into its newest bucket", () => {
  const window = new SlidingWindow();
  window.add("a", 1, START);
  window.add("a", 1, START - 3_600_000);
  assert.equal(window.top(1, START).total, 2);
});

Deno.test("SlidingWindow keeps totals right when labels overflow", () => {
  const window = new SlidingWindow();
  for (let i = 0; i < 10_000; i++) window.add(`host ${i}`, 1, START);
  const { top, other, total } = window.top(3, START);
  assert.equal(total, 10_000);
  assert.equal(top.length, 3);
  assert.equal(other, 9_997);
});
