/** The sieve may let too much through, never too little; and it is what its source says. */
import assert from "node:assert/strict";
import { CardSieve, SIEVE_TEXT } from "../../../../capture/inspect/card/card_sieve.ts";
import { seeded } from "../dpi/flow_recorder.ts";
import { cardsIn, verdict } from "./finding.ts";
import { denseMedley } from "./medley.ts";
import { HOSTILE, ORDINARY } from "./texts.ts";

Deno.test("card_sieve_bytes.ts is what card_sieve.as gives (else: deno task sieve)", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "sieve", "--check"],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
});

Deno.test("the sieve runs in a worker without permissions", async () => {
  const worker = new Worker(new URL("./sieve_worker.ts", import.meta.url), {
    type: "module",
    deno: { permissions: "none" },
  });
  const first = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = reject;
  });
  worker.terminate();
  assert.equal(first, 104); // The first probe inside the number, which begins at 101.
});

/** With a sieve that lets every probe through. */
function unsifted<T>(run: () => T): T {
  const { next, countFailures } = CardSieve.prototype;
  CardSieve.prototype.next = (at) => at;
  CardSieve.prototype.countFailures = () => {};
  try {
    return run();
  } finally {
    CardSieve.prototype.next = next;
    CardSieve.prototype.countFailures = countFailures;
  }
}

/** All but times, and but for how often: between two probes that are judged there may be one more that is. */
const numbers = (bytes: Uint8Array, cut?: () => number) =>
  cardsIn(bytes, { cut }).map(({ masked, length, encoding }) => `${masked} ${length} ${encoding}`).sort();

Deno.test("nothing is lost in the sieve, however the text is cut", () => {
  let found = 0;
  for (let seed = 1; seed <= 400; seed++) {
    const bytes = denseMedley(seed, 60);
    const expected = unsifted(() => numbers(bytes));
    assert.deepEqual(numbers(bytes), expected, `seed ${seed}`);
    found += expected.length;
    const random = seeded(seed);
    for (const longest of [90, 300]) {
      const cut = () => 1 + random(longest);
      assert.deepEqual(numbers(bytes, cut), expected, `seed ${seed}, pieces of ${longest} at most`);
    }
  }
  assert.ok(found > 2000, `${found}`);
});

Deno.test("the same verdict for every cut of a dense medley", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const bytes = denseMedley(seed + 10_000, 80);
    const random = seeded(seed);
    const expected = verdict(cardsIn(bytes));
    for (const longest of [40, 1460]) {
      assert.equal(verdict(cardsIn(bytes, { cut: () => 1 + random(longest) })), expected, `seed ${seed}`);
    }
  }
});

Deno.test("numbers among what is made to slow the search are found", () => {
  // A flow of a thousand cards tells of no more.
  for (const kind of [...ORDINARY, ...HOSTILE].filter(({ name }) => name !== "valid cards")) {
    const random = seeded(7);
    const bytes = kind.make(30_000, 3);
    const cards = ["\n card 4539578763621486 \n", "\n card 5425 2334 3010 9903 \n"];
    for (const [i, card] of cards.entries()) {
      for (let k = 0; k < 3; k++) {
        bytes.set(new TextEncoder().encode(card), (3 * i + k) * 4000 + random(3900));
      }
    }
    const hits = cardsIn(bytes, { cut: () => 1 + random(2920) });
    for (const last4 of ["1486", "9903"]) {
      assert.equal(hits.find((hit) => hit.last4 === last4)?.count, 3, `${kind.name}: ${last4}`);
    }
  }
});

Deno.test("bounded: of what only looks like numbers, nothing is left to judge", () => {
  const sieve = new CardSieve();
  const harmless = [...ORDINARY, ...HOSTILE].filter(({ name }) =>
    !/valid|16 digits|13 digits|groups of four|blanks|percent and/.test(name)
  );
  for (const kind of harmless) {
    const length = SIEVE_TEXT - 1000;
    sieve.text.set(kind.make(length, 5));
    sieve.run(length, 0);
    const end = length - 300; // What is at the end may go on.
    assert.ok(sieve.next(100, end) >= end, kind.name);
    sieve.wipe();
  }
});

Deno.test("nothing of the text stays in the sieve's memory", () => {
  const sieve = new CardSieve();
  const texts = [
    "%34%35%33%39%35%37%38%37%36%33%36%32%31%34%38%36 ",
    btoa("card 4539578763621486 and more "),
    "4539578763621486 ",
  ];
  for (const text of texts) {
    const bytes = new TextEncoder().encode(text.repeat(20));
    sieve.text.set(bytes);
    sieve.run(bytes.length, 0);
    sieve.wipe();
    const memory = new TextDecoder("latin1").decode(new Uint8Array(sieve.text.buffer.slice(0)));
    assert.ok(!memory.includes("45395787") && !memory.includes(text.slice(0, 20)), text);
  }
});
