import assert from "node:assert/strict";
import { LruCache } from "../../model/lru.ts";

Deno.test("LruCache lets go of what was used longest ago, and counts", () => {
  const cache = new LruCache<string, number>(2);
  cache.set("a", 1);
  cache.set("b", 2);
  assert.equal(cache.get("a"), 1);
  cache.set("c", 3); // b goes: a was used since
  assert.deepEqual([cache.get("b"), cache.get("a"), cache.peek("c")], [undefined, 1, 3]);
  cache.set("c", 4); // in its own place
  assert.deepEqual([...cache.entries()], [["a", 1], ["c", 4]]);
  assert.deepEqual(cache.counters(), { size: 2, capacity: 2, hits: 2, misses: 1, evictions: 1 });
  cache.delete("a");
  cache.clear();
  assert.equal(cache.size, 0);
});
