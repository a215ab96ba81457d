/** The filter in front of large tables: it may take too much for known, never too little. */
import assert from "node:assert/strict";
import { hashWith } from "../../detect/contacts/address_hash.ts";
import { Hashed } from "../../detect/hashed.ts";
import { Maybe } from "../../detect/maybe.ts";

Deno.test("what a table holds is never told to be unknown, and the filter is seldom made anew, however full that is", () => {
  const table = new Hashed<number>(4_096);
  let times = 0;
  const known = new Maybe(1_024, (known) => {
    times++;
    table.addTo(known);
  });
  for (let key = 0; key < 20_000; key++) {
    const hash = hashWith(key, 7);
    table.set(hash, key, key);
    known.add(hash);
    const older = hashWith(key - 100, 7);
    if (table.get(older, key - 100) !== undefined) assert(known.has(older), `${key - 100}`);
  }
  assert.equal(times, Math.floor((20_000 - 1) / 1_024));
});

Deno.test("most of what is not known is told to be", () => {
  const known = new Maybe(4_096, () => {});
  for (let key = 0; key < 4_096; key++) known.add(hashWith(key, 1));
  let wrong = 0;
  for (let key = 0; key < 10_000; key++) if (known.has(hashWith(key, 2))) wrong++;
  assert(wrong > 0 && wrong < 1_500, `${wrong}`);
});
