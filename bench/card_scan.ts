/**
 * What looking for card numbers costs, in bytes of payload per second of CPU: the search against a look at every
 * byte (the oracle of the tests), on text as it is common and on text made to be slow, in one run. And how long the
 * largest packet there is (64 KiB, merged by the network card) keeps it, as the first of a flow.
 *
 * `deno run -A bench/card_scan.ts [--mb N] [--segment N] [--only NAME]`
 *
 * `--segment` is the number of bytes of a call: 1460 is a packet, larger ones are merged segments or bodies.
 */
import { cpuUsage } from "node:process";
import { parseArgs } from "node:util";
import { CardLanes, CardServices } from "../capture/inspect/card/card_lanes.ts";
import { EveryByte } from "../tests/capture/inspect/card/every_byte.ts";
import { HOSTILE, ORDINARY, type TextKind } from "../tests/capture/inspect/card/texts.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    mb: { type: "string", default: "32" },
    segment: { type: "string", default: "1460" },
    only: { type: "string", default: "" },
  },
});
const size = Math.round(Number(values.mb) * 1e6);
const segment = Number(values.segment);
const PACKET = 65_536;
/** Ordinary text shall reach the first, hostile text the second: GB/s. */
const GOALS = { ordinary: 2.5, hostile: 0.5 };

console.log(`${values.mb} MB of each, ${segment} bytes a call, best of 5; GB of payload per CPU second`);
console.log(
  "text".padEnd(34) + "search".padStart(8) + "every byte".padStart(12) + "ratio".padStart(8) +
    "64 KiB, ms".padStart(12) + "   cards",
);
let missed = 0;
for (const [group, kinds] of Object.entries({ ordinary: ORDINARY, hostile: HOSTILE })) {
  for (const kind of kinds.filter(({ name }) => name.includes(values.only))) {
    missed += measure(kind, GOALS[group as keyof typeof GOALS], group);
  }
}
if (missed > 0) console.log(`${missed} below the goal`);

function measure(kind: TextKind, goal: number, group: string): number {
  const bytes = kind.make(size, 1);
  let cards = 0;
  const search = best(5, () => {
    cards = 0;
    const lanes = new CardLanes(new CardServices(new Uint8Array(32)), (_, isNew) => void (isNew && cards++));
    for (let at = 0; at < bytes.length; at += segment) {
      lanes.scan(0, 0, bytes, at, Math.min(at + segment, bytes.length), "plain", at);
    }
    lanes.close();
  });
  const part = bytes.subarray(0, bytes.length >> 6);
  const oracle = best(2, () => void new EveryByte().search(part)) * 64;
  const rate = size / 1e6 / search;
  const packet = best(9, () => {
    for (let at = 0; at + PACKET <= Math.min(size, 8 * PACKET); at += PACKET) {
      const lanes = new CardLanes(new CardServices(new Uint8Array(32)), () => {});
      lanes.scan(0, 0, bytes, at, at + PACKET, "plain", at);
      lanes.close();
    }
  }) / Math.min(8, Math.floor(size / PACKET));
  console.log(
    `${group} ${kind.name}`.padEnd(34) + rate.toFixed(2).padStart(8) +
      (size / 1e6 / oracle).toFixed(2).padStart(12) +
      (oracle / search).toFixed(1).padStart(8) + packet.toFixed(2).padStart(12) + String(cards).padStart(8) +
      (rate < goal ? `   below ${goal}` : ""),
  );
  return rate < goal ? 1 : 0;
}

/** Milliseconds of CPU of the fastest of `rounds`: a machine that does other things as well does not matter much. */
function best(rounds: number, run: () => void): number {
  let fastest = Infinity;
  for (let round = 0; round < rounds; round++) {
    const before = cpuUsage();
    run();
    const { user, system } = cpuUsage(before);
    fastest = Math.min(fastest, (user + system) / 1000);
  }
  return fastest;
}
