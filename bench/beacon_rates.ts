/**
 * How often `beaconing`'s test of regularity tells a beat, by jitter and number of contacts, and how often it takes
 * other timing for one: `deno run bench/beacon_rates.ts`. Times only, drawn by a seeded generator; what the rule asks
 * beside (sizes, protocols, pollers) is not part of it.
 */
import { beaconing } from "../detect/rules/beaconing.ts";
import { rhythmOf } from "../detect/rhythm.ts";

const TRIALS = 2_000;
const CONTACTS = [8, 10, 12, 16, 24, 40, 60];
const MERGE_US = 500_000;
const { beats, significance, jitter } = beaconing.options;

/** mulberry32 */
function dice(seed: number): () => number {
  return () => {
    seed = seed + 0x6d2b79f5 | 0;
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}

const random = dice(1);
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const even = (share: number) => () => 60 * (1 + share * (2 * random() - 1));

const PERIODIC: Record<string, () => number> = {
  "jitter ±0 %": even(0),
  "jitter ±10 %": even(0.1),
  "jitter ±20 %": even(0.2),
  "jitter ±30 %": even(0.3),
  "jitter ±50 %": even(0.5),
  "Cobalt Strike, sleep 60 jitter 50": () => 60 * (1 - 0.5 * random()),
  "±10 %, one beat in eight missed": () => even(0.1)() + (random() < 1 / 8 ? 60 : 0),
};
const OTHER: Record<string, () => number> = {
  "chance (Poisson)": () => -60 * Math.log(1 - random()),
  "a person's pauses (log-normal, σ 1.1)": () => 60 * Math.exp(1.1 * normal()),
  "waits drawn evenly between 0 and 120 s": () => 120 * random(),
  "waits drawn evenly between 10 and 110 s": () => 10 + 100 * random(),
};

function rate(gap: () => number, contacts: number): string {
  let told = 0;
  for (let trial = 0; trial < TRIALS; trial++) {
    const times = [1e15];
    while (times.length < contacts) times.push(times.at(-1)! + gap() * 1e6);
    // As the rule does it: looked at with each contact, and told once.
    for (let n = beats.default; n <= contacts; n++) {
      const rhythm = rhythmOf(times.slice(0, n), MERGE_US, beats.default);
      if (rhythm === null || rhythm.log10P > -significance.default || rhythm.jitter > jitter.default) {
        continue;
      }
      told++;
      break;
    }
  }
  return `${(100 * told / TRIALS).toFixed(told === 0 || told === TRIALS ? 0 : 1)} %`;
}

for (const [title, cases] of [["told as a beacon", PERIODIC], ["taken for one", OTHER]] as const) {
  console.log(`| ${title}, within | ${CONTACTS.map((n) => `${n} contacts`).join(" | ")} |`);
  console.log(`|---|${CONTACTS.map(() => "---:").join("|")}|`);
  for (const [name, gap] of Object.entries(cases)) {
    console.log(`| ${name} | ${CONTACTS.map((n) => rate(gap, n)).join(" | ")} |`);
  }
  console.log();
}
