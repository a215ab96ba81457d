/** Different things are counted right as far as a person would count, and about right beyond. */
import assert from "node:assert/strict";
import { countText, Distinct, MAX_EXACT } from "../../detect/distinct.ts";
import { hashText } from "../../detect/dns_names.ts";

Deno.test("Distinct counts the first exactly, again and again the same, in the smallest of tables too", () => {
  for (const bits of [32, 512, 4096]) {
    const distinct = new Distinct(bits);
    let sum = 0;
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < MAX_EXACT - 1; i++) sum += distinct.add(hashText(`${bits} ${i}`));
    }
    assert.equal(sum, MAX_EXACT - 1);
    assert.equal(countText(sum), `${MAX_EXACT - 1}`);
  }
});

Deno.test("Distinct is within a few per cent beyond, and says that it estimates", () => {
  const distinct = new Distinct(512);
  let sum = 0;
  for (let i = 0; i < 300; i++) sum += distinct.add(hashText(`thing ${i % 200}`));
  assert(Math.abs(sum - 200) < 12, `${sum}`);
  assert.match(countText(sum), /^about (19|20)\d$/);
  distinct.clear();
  assert.equal(distinct.add(hashText("thing 1")), 1);
  assert.equal(distinct.fill, 1 / 512);
});
