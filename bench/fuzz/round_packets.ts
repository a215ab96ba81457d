/** What one round of the fuzzer is fed: all of it follows from the seed. */
import { carry } from "../../tests/support/carriage.ts";
import { CONVERSATIONS, PASSWORD } from "../../tests/support/conversations.ts";
import type { Capture, Packet } from "./captures.ts";
import { createRandom, damaged, type Random } from "./mutate.ts";
import { secretPattern } from "./secrets.ts";

const PASSWORDS = secretPattern([], [PASSWORD]);
const PACKETS_A_ROUND = 20_000;
const CARRIAGES = 12;

/** Parts of some captures and conversations with secrets in them, shuffled together and damaged. */
export function* roundPackets(captures: Capture[], random: Random): Generator<Packet> {
  const share = [2, 4, 10, 40][random(4)];
  for (let left = PACKETS_A_ROUND; left > 0;) {
    const { packets } = captures[random(captures.length)];
    const from = random(2) === 0 ? 0 : random(packets.length);
    const part = packets.slice(from, from + Math.min(left, 1500));
    const { timeUs } = part[0];
    const planted = PLANTED[random(PLANTED.length)].map((packet) => ({ ...packet, timeUs }));
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
const PLANTED: Omit<Packet, "timeUs">[][] = CONVERSATIONS.flatMap(({ turns, serverPort }, i) =>
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
    }).map((bytes) => ({
      bytes,
      wireLength: bytes.length,
      linkType: 1,
      hasPassword: PASSWORDS.test(String.fromCharCode(...bytes)),
    }));
  })
);
