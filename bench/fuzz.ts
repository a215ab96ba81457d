/**
 * Damages captures, millions of packets, and holds the inspector to its promises: nothing throws past a parser's
 * edge, nothing loops for ever, no packet takes more than a millisecond, state stays within its budgets and is given
 * back, and no card number and no password comes out, in no coat.
 *
 * `deno task fuzz [--packets N] [--seed N] [--round N] [--slow MS] [FILE or FOLDER…]`
 *
 * Without files the demo capture is damaged. Conversations with card numbers and a password in them are mixed in.
 * Every round has a seed of its own, `--seed` plus its number; what is found is told with the round and the packet, and
 * `--seed S --round R --packets 1` runs just that one. Exits with 1 when a promise was broken.
 */
import { parseArgs } from "node:util";
import type { FuzzMessage, FuzzTask } from "./fuzz/worker.ts";

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    packets: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    round: { type: "string", default: "0" },
    slow: { type: "string", default: "1" },
  },
});

/** A packet that takes this long will not end. */
const ENDLESS_MS = 10_000;
const LOOK_EVERY_MS = 1000;
/** ARCHITECTURE, "Budgets"; what the captures themselves take in memory comes on top. */
const MAX_RSS_BYTES = 512e6;
const MAX_TOLD = 60;

const paths = positionals.length > 0
  ? positionals
  : [new URL("../assets/demo.pcap.gz", import.meta.url).pathname];
const progress = new SharedArrayBuffer(8);
const where = new Int32Array(progress);
const worker = new Worker(new URL("./fuzz/worker.ts", import.meta.url), { type: "module" });
const started = performance.now();
const sums = { rounds: 0, packets: 0, events: 0, alerts: 0, broken: 0, slow: 0, rss: 0, firstRss: 0 };
const told = new Map<string, number>();

worker.postMessage(
  {
    paths,
    seed: Number(values.seed),
    firstRound: Number(values.round),
    packets: Number(values.packets),
    slowMs: Number(values.slow),
    progress,
  } satisfies FuzzTask,
);

let last = "";
let lastMs = performance.now();
const watch = setInterval(() => {
  const now = `${where[0]} ${where[1]}`;
  if (now !== last) [last, lastMs] = [now, performance.now()];
  else if (performance.now() - lastMs > ENDLESS_MS) {
    console.log(`ENDLESS: seed ${values.seed}, round ${where[0]}, packet ${where[1]}`);
    Deno.exit(1);
  }
}, LOOK_EVERY_MS);

worker.onmessage = ({ data }: MessageEvent<FuzzMessage>) => {
  switch (data.type) {
    case "trouble":
      sums.broken++;
      tell("BROKEN", data.what, data.round, data.packet, data.hex);
      break;
    case "slow":
      sums.slow++;
      tell(`SLOW ${data.slow.ms.toFixed(2)} ms`, data.slow.protocol, data.round, data.slow.packet, data.hex);
      break;
    case "round":
      sums.rounds++;
      sums.packets += data.packets;
      sums.events += data.events;
      sums.alerts += data.alerts;
      sums.firstRss ||= data.rss;
      sums.rss = Math.max(sums.rss, data.rss);
      break;
    case "done":
      finish();
      break;
    default:
      data satisfies never;
  }
};

/** The same trouble is told a few times only. */
function tell(kind: string, what: string, round: number, packet: number, hex: string): void {
  const key = `${kind.split(" ")[0]} ${what.replaceAll(/\d+/g, "#").slice(0, 80)}`;
  const times = (told.get(key) ?? 0) + 1;
  told.set(key, times);
  if (times > 2 || told.size > MAX_TOLD) return;
  console.log(`${kind}: ${what}\n  seed ${values.seed}, round ${round}, packet ${packet}: ${hex}`);
}

function finish(): void {
  clearInterval(watch);
  worker.terminate();
  const seconds = (performance.now() - started) / 1000;
  const { rounds, packets, events, alerts, broken, slow, rss, firstRss } = sums;
  const grown = rss - firstRss;
  console.log(
    `${packets} packets in ${rounds} rounds, ${
      seconds.toFixed(0)
    } s: ${events} events, of them ${alerts} of alerts; ` +
      `${broken} promises broken, ${slow} packets too slow; at most ${(rss / 1e6).toFixed(0)} MB of memory`,
  );
  for (const [what, times] of told) if (times > 2) console.log(`  ${times} times: ${what}`);
  if (grown > MAX_RSS_BYTES) console.log(`memory grew by ${(grown / 1e6).toFixed(0)} MB`);
  Deno.exit(broken + slow > 0 || grown > MAX_RSS_BYTES ? 1 : 0);
}
