import assert from "node:assert/strict";
import { Memo } from "../../model/memo.ts";

Deno.test("Memo computes once, and again after it was full", () => {
  let made = 0;
  const memo = new Memo<string>(2);
  const get = (key: string) => memo.get(key, (text) => `${text}${++made}`);
  assert.deepEqual([get("a"), get("b"), get("a"), get("b")], ["a1", "b2", "a1", "b2"]);
  assert.deepEqual([get("c"), get("c"), get("a")], ["c3", "c3", "a4"]);
});
