import assert from "node:assert/strict";
import { MAX_WAIT_MS, PlaybackPacer } from "../../../capture/source/playback_pacer.ts";

const FIRST = 1_700_000_000_000;

Deno.test("dueMs() divides packet time by the speed, from the first packet on", () => {
  for (const [speed, wait] of [[1, 3_000], [10, 300], [0.5, 6_000]]) {
    const pacer = new PlaybackPacer(speed);
    assert.equal(pacer.dueMs(FIRST, 50), 50);
    assert.equal(pacer.dueMs(FIRST + 3_000, 50), 50 + Math.min(wait, MAX_WAIT_MS));
  }
});

Deno.test("dueMs() keeps the pace however often and late it is asked", () => {
  const pacer = new PlaybackPacer(1);
  pacer.dueMs(FIRST, 0);
  for (const now of [0, 100, 900, 1_100]) assert.equal(pacer.dueMs(FIRST + 1_000, now), 1_000);
  assert.equal(pacer.dueMs(FIRST + 2_000, 1_100), 2_000);
});

Deno.test("dueMs() shortens a silence to five seconds, and goes on from there", () => {
  const pacer = new PlaybackPacer(1);
  pacer.dueMs(FIRST, 0);
  const later = FIRST + 3_600_000;
  assert.equal(pacer.dueMs(later, 0), MAX_WAIT_MS);
  assert.equal(pacer.dueMs(later, 2_000), MAX_WAIT_MS); // asked again while waiting
  assert.equal(pacer.dueMs(later + 70, MAX_WAIT_MS), MAX_WAIT_MS + 70);
});

Deno.test("dueMs() begins anew when time jumps back or playback has fallen behind", () => {
  const pacer = new PlaybackPacer(1);
  pacer.dueMs(FIRST, 0);
  assert.equal(pacer.dueMs(FIRST - 3_600_000, 10), 10);
  assert.equal(pacer.dueMs(FIRST - 3_600_000 + 40, 10), 50);
  assert.equal(pacer.dueMs(FIRST - 3_600_000 + 80, 60_000), 60_000);
  assert.equal(pacer.dueMs(FIRST - 3_600_000 + 90, 60_000), 60_010);
});
