/** What is usual, on disk. */
import assert from "node:assert/strict";
import { UsualFile } from "../../commands/usual_file.ts";
import { halfOf, parseUsual, parseUsualFile, type Usual, usualFile } from "../../model/usual.ts";

const USUAL: Usual = {
  new_listener: { watchedSeconds: 61, entries: [["tcp 22 /usr/sbin/sshd", 1]] },
  slow_connection: { watchedSeconds: 0, entries: [], measures: [["192.0.2.1 198.51.100.7", [1, 0.02, 0]]] },
};

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("what is kept is read again, and is for its owner only", () =>
  inFolder(async (folder) => {
    const file = new UsualFile(folder, (_, problem) => assert.equal(problem, null));
    assert.deepEqual(file.read(), {});
    file.keep({});
    file.keep(USUAL);
    await file.close();
    assert.deepEqual(new UsualFile(folder, () => assert.fail()).read(), USUAL);
    assert.equal((await Deno.stat(`${folder}/usual.json`)).mode! & 0o777, 0o600);
  }));

Deno.test("a file that is damaged, too large or of another version is left aside, and that is told", () =>
  inFolder(async (folder) => {
    const path = `${folder}/usual.json`;
    for (
      const [text, why] of [
        ["{damaged", /: it is damaged; it is learnt anew$/],
        ["[]", /it holds no object/],
        ['{"version":3,"kinds":{}}', /another version of Netpane/],
        ['{"version":2}', /what it knows is missing/],
        [`"${"x".repeat(2_000)}"`, /it is too large/],
      ] as const
    ) {
      await Deno.writeTextFile(path, text);
      const problems: (string | undefined)[] = [];
      const file = new UsualFile(folder, (id, problem) => problems.push(`${id} ${problem?.message}`), 1_000);
      assert.deepEqual(file.read(), {}, text.slice(0, 30));
      assert.equal(problems.length, 1);
      assert.match(problems[0]!, /^usual What is usual on this machine cannot be read from/);
      assert.match(problems[0]!, why);
      file.keep(USUAL);
      await file.close();
      assert.equal(problems[1], "usual undefined", "it is mended by being written");
      assert.deepEqual(file.read(), USUAL);
    }
  }));

Deno.test("the file of a version that had no number is read", () =>
  inFolder(async (folder) => {
    const { new_listener } = USUAL;
    await Deno.writeTextFile(`${folder}/usual.json`, JSON.stringify({ new_listener }));
    assert.deepEqual(new UsualFile(folder, () => assert.fail()).read(), { new_listener });
  }));

Deno.test("a file never grows beyond its ceiling: what was used longest ago goes", () =>
  inFolder(async (folder) => {
    const entries = Array.from({ length: 100 }, (_, i): [string, number] => [`é${i}`.padEnd(40, "x"), i]);
    const file = new UsualFile(folder, (_, problem) => assert.equal(problem, null), 2_000);
    file.keep({ new_program: { watchedSeconds: 7, entries } });
    await file.close();
    assert((await Deno.stat(`${folder}/usual.json`)).size <= 2_000);
    assert.deepEqual(file.read(), { new_program: { watchedSeconds: 7, entries: entries.slice(-25) } });
    assert.deepEqual(halfOf({ a: { watchedSeconds: 1, entries: [["x", 1]], measures: [["y", []]] } }), {
      a: { watchedSeconds: 1, entries: [], measures: [] },
    });
  }));

Deno.test("a folder that cannot be written is a problem with a way out", async () => {
  const problems: unknown[] = [];
  const file = new UsualFile("/nonexistent/folder", (id, problem) => problems.push([id, problem?.hint]));
  assert.deepEqual(file.read(), {});
  file.keep(USUAL);
  await file.close();
  assert.deepEqual(problems, [["usual", "Name a folder of yours with --data (./netpane start grants it)"]]);
});

Deno.test("of a file that lies, what makes sense is taken", () => {
  for (const value of [null, 1, "x", [], { a: null }, { a: { watchedSeconds: -1, entries: [] } }]) {
    assert.deepEqual(parseUsual(value), {});
  }
  const entries = [["a", 1], ["b"], [2, 2], ["c".repeat(1000), 1], null];
  const measures = [
    ["a", [1, 0]],
    ["b"],
    ["c", [-1]],
    ["d", ["1"]],
    ["e", Array(131).fill(1)],
    [1, [1]],
    null,
  ];
  assert.deepEqual(parseUsual(JSON.parse('{"__proto__":{"watchedSeconds":1,"entries":[]}}')), {});
  const known = { a: { watchedSeconds: 5, entries, measures } } as unknown as Usual;
  assert.deepEqual(parseUsualFile(usualFile(known)), {
    a: { watchedSeconds: 5, entries: [["a", 1]], measures: [["a", [1, 0]]] },
  });
});
