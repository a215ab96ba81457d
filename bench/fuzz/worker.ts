/** Runs rounds; the main thread watches that they end. */
import { CARDS, PASSWORD } from "../../tests/support/conversations.ts";
import { type Capture, loadCaptures } from "./captures.ts";
import { createRandom } from "./mutate.ts";
import { roundPackets } from "./round_packets.ts";
import { runRound, type Slow } from "./round.ts";
import { secretPattern } from "./secrets.ts";

export interface FuzzTask {
  paths: string[];
  seed: number;
  /** Rounds are numbered from here. */
  firstRound: number;
  /** Packets after which to stop. */
  packets: number;
  slowMs: number;
  /** Int32: round, packet. */
  progress: SharedArrayBuffer;
}

export type FuzzMessage =
  | { type: "trouble"; round: number; packet: number; what: string; hex: string }
  | { type: "slow"; round: number; slow: Slow; hex: string }
  | { type: "round"; round: number; packets: number; events: number; alerts: number; rss: number }
  | { type: "done" };

const scope = self as unknown as {
  onmessage: (event: MessageEvent<FuzzTask>) => void;
  postMessage(message: FuzzMessage): void;
};

/** Slow packets are timed again this often: the collector does not strike twice at the same place. */
const REPEATS = 4;
const secrets = secretPattern(CARDS, [PASSWORD]);

scope.onmessage = async ({ data: task }) => {
  const captures = await loadCaptures(task.paths);
  const where = new Int32Array(task.progress);
  let packets = 0;
  for (let round = task.firstRound; packets < task.packets; round++) {
    Atomics.store(where, 0, round);
    const run = () =>
      runRound(roundPackets(captures, createRandom(task.seed + round)), {
        secrets,
        slowMs: task.slowMs,
        progress: (packet) => Atomics.store(where, 1, packet),
      });
    const result = run();
    packets += result.packets;
    for (const { what, packet } of result.troubles) {
      scope.postMessage({
        type: "trouble",
        round,
        packet,
        what,
        hex: hexOf(captures, task.seed + round, packet),
      });
    }
    let slow = result.slow;
    for (let repeat = 0; repeat < REPEATS && slow.length > 0; repeat++) {
      const again = run().slow;
      slow = slow.flatMap((one) => {
        const other = again.find(({ packet }) => packet === one.packet);
        return other === undefined ? [] : [{ ...one, ms: Math.min(one.ms, other.ms) }];
      });
    }
    for (const one of slow) {
      scope.postMessage({
        type: "slow",
        round,
        slow: one,
        hex: hexOf(captures, task.seed + round, one.packet),
      });
    }
    const { events, alerts } = result;
    scope.postMessage({
      type: "round",
      round,
      packets: result.packets,
      events,
      alerts,
      rss: Deno.memoryUsage().rss,
    });
  }
  scope.postMessage({ type: "done" });
};

/** A packet of a round, for a report. */
function hexOf(captures: Capture[], seed: number, index: number): string {
  let at = 0;
  for (const { bytes } of roundPackets(captures, createRandom(seed))) {
    if (at++ === index) return bytes.subarray(0, 2048).toHex();
  }
  return "";
}
