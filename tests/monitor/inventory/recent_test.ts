import assert from "node:assert/strict";
import { Recent } from "../../../monitor/inventory/recent.ts";

Deno.test("Recent forgets whoever was touched least recently, as a plain list would", () => {
  const gone: number[] = [];
  const table = new Recent<number>(20, (value) => gone.push(value));
  const plain: string[] = [];
  const plainGone: number[] = [];
  let seed = 7;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let i = 0; i < 20_000; i++) {
    const key = String(random(i % 1000 < 500 ? 25 : 5000));
    if (random(50) === 0) {
      table.delete(key);
      if (plain.includes(key)) plain.splice(plain.indexOf(key), 1);
      continue;
    }
    table.touch(key, Number(key));
    if (plain.includes(key)) plain.splice(plain.indexOf(key), 1);
    else if (plain.length === 20) plainGone.push(Number(plain.shift()));
    plain.push(key);
  }
  assert.deepEqual(gone, plainGone);
  assert.deepEqual([...table.values()], plain.map(Number));
  assert.deepEqual(table.counters(), { size: 20, capacity: 20, forgotten: plainGone.length });
});

Deno.test("Recent with room for one, and emptied in between", () => {
  const table = new Recent<string>(1);
  for (const key of ["a", "b", "b", "c"]) table.touch(key, key);
  assert.deepEqual([...table.values()], ["c"]);
  table.delete("c");
  for (const key of ["d", "e"]) table.touch(key, key);
  assert.deepEqual([[...table.values()], table.forgotten], [["e"], 3]);
});
