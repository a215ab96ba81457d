/** Runs rounds; the main thread watches that they end. */
import { CARDS, CONVERSATIONS, PASSWORD } from "../../tests/support/conversations.ts";
import { carry } from "../../tests/support/carriage.ts";
import { type Capture, loadCaptures, type Packet } from "./captures.ts";
import { createRandom, damaged, type Random } from "./mutate.ts";
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

const PACKETS_A_ROUND = 20_000;
/** Slow packets are timed again this often: the collector does not strike twice at the same place. */
const REPEATS = 4;
const CARRIAGES = 12;
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

/** Parts of some captures and conversations with secrets in them, shuffled together and damaged. */
function* roundPackets(captures: Capture[], random: Random): Generator<Packet> {
  const share = [2, 4, 10, 40][random(4)];
  for (let left = PACKETS_A_ROUND; left > 0;) {
    const { packets } = captures[random(captures.length)];
    const from = random(2) === 0 ? 0 : random(packets.length);
    const part = packets.slice(from, from + Math.min(left, 1500));
    const { timeUs } = part[0];
    const planted = PLANTED[random(PLANTED.length)].map((bytes) => ({
      bytes,
      wireLength: bytes.length,
      timeUs,
      linkType: 1,
    }));
    left -= part.length + planted.length;
    // Planted ones go in one after another, in a few runs: flips and splices mix the rest.
    const runs: Packet[] = [];
    for (let at = 0; part.length > 0 || at < planted.length;) {
      const length = 1 + random(60);
      runs.push(...part.splice(0, length), ...planted.slice(at, at + length));
      at += length;
    }
    yield* damaged(runs, random, share);
  }
}

/** Conversations with secrets, each in several carriages. */
const PLANTED: Uint8Array[][] = CONVERSATIONS.flatMap(({ turns, serverPort }, i) =>
  Array.from({ length: CARRIAGES }, (_, k) => {
    const random = createRandom(i * CARRIAGES + k);
    return carry(turns, serverPort, {
      cut: random(2) === 0 ? () => 1460 : () => 1 + random(200),
      random,
      overlapping: random(4) === 0,
      shuffled: random(4) === 0,
      repeated: random(4) === 0,
      ipVersion: random(4) === 0 ? 6 : 4,
      vxlan: random(8) === 0,
      clientPort: 1024 + random(60_000),
    });
  })
);

/** A packet of a round, for a report. */
function hexOf(captures: Capture[], seed: number, index: number): string {
  let at = 0;
  for (const { bytes } of roundPackets(captures, createRandom(seed))) {
    if (at++ === index) return bytes.subarray(0, 2048).toHex();
  }
  return "";
}
