/** What is usual, on disk. */
import assert from "node:assert/strict";
import { UsualFile } from "../../commands/usual_file.ts";
import { parseUsual } from "../../model/usual.ts";

const USUAL = {
  new_listener: { watchedSeconds: 61, entries: [["tcp 22 /usr/sbin/sshd", 1]] as [string, number][] },
};

Deno.test("what is kept is read again, and is for its owner only", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = new UsualFile(folder, (_, problem) => assert.equal(problem, null));
    assert.deepEqual(file.read(), {});
    file.keep({});
    file.keep(USUAL);
    await file.close();
    assert.deepEqual(new UsualFile(folder, () => {}).read(), USUAL);
    assert.equal((await Deno.stat(`${folder}/usual.json`)).mode! & 0o777, 0o600);
    await Deno.writeTextFile(`${folder}/usual.json`, "{damaged");
    assert.deepEqual(file.read(), {});
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a folder that cannot be written is a problem with a way out", async () => {
  const problems: unknown[] = [];
  const file = new UsualFile("/nonexistent/folder", (id, problem) => problems.push([id, problem?.hint]));
  file.keep(USUAL);
  await file.close();
  assert.deepEqual(problems, [["usual", "Name a folder of yours with --data (./netpane start grants it)"]]);
});

Deno.test("of a file that lies, what makes sense is taken", () => {
  for (const value of [null, 1, "x", [], { a: null }, { a: { watchedSeconds: -1, entries: [] } }]) {
    assert.deepEqual(parseUsual(value), {});
  }
  const entries = [["a", 1], ["b"], [2, 2], ["c".repeat(1000), 1], null];
  assert.deepEqual(parseUsual(JSON.parse('{"__proto__":{"watchedSeconds":1,"entries":[]}}')), {});
  assert.deepEqual(parseUsual({ a: { watchedSeconds: 5, entries } }), {
    a: { watchedSeconds: 5, entries: [["a", 1]] },
  });
});
