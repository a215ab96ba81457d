/** The count that closes a run: right when tests fail, when files fail to load, and when there is no test. */
import assert from "node:assert/strict";
import { ROOT } from "./support/server.ts";
import { parseSummary } from "./run.ts";

Deno.test("parseSummary() reads what deno test closes with, in colour or without", () => {
  assert.deepEqual(parseSummary("ok | 12 passed (3 steps) | 0 failed (34ms)\n"), {
    passed: 12,
    failed: 0,
    skipped: 0,
  });
  assert.deepEqual(
    parseSummary(
      "\n\x1b[0m\x1b[31mFAILED\x1b[0m | 1 passed (1 step) | 2 failed | 1 ignored (1 step) \x1b[0m(59ms)\n",
    ),
    { passed: 1, failed: 2, skipped: 1 },
  );
  assert.deepEqual(
    parseSummary("ok | 2 passed | 0 failed | 3 ignored | 1 measured | 4 filtered out (1s)\n"),
    { passed: 2, failed: 0, skipped: 3 },
  );
});

Deno.test("parseSummary() believes the last summary only, and no line in the middle of one", () => {
  assert.deepEqual(
    parseSummary("ok | 900 passed | 0 failed (1s)\nprinted by a test\nFAILED | 1 passed | 1 failed (1s)\n"),
    { passed: 1, failed: 1, skipped: 0 },
  );
  assert.equal(parseSummary("a test says: ok | 1 passed | 0 failed\n"), null);
  assert.equal(parseSummary(""), null);
});

Deno.test("a run closes with its counts and fails when something failed", async () => {
  const folder = Deno.makeTempDirSync();
  const good = `Deno.test("good", () => {}); Deno.test({ name: "later", ignore: true, fn() {} });`;
  const cases: [string, string, string, boolean][] = [
    ["good_test.ts", good, "1 passed, 0 failed, 1 skipped", true],
    [
      "bad_test.ts",
      `${good} Deno.test("bad", () => { throw new Error("on purpose"); });`,
      "1 passed, 1 failed, 1 skipped",
      false,
    ],
    ["load_test.ts", `${good} throw new Error("on purpose");`, "1 failed", false],
    ["syntax_test.ts", `let = ;`, "0 passed, 1 failed, 0 skipped", false],
    ["empty_test.ts", `export {};`, "0 passed, 0 failed, 0 skipped", false],
  ];
  for (const [name, content, expected, success] of cases) {
    Deno.writeTextFileSync(`${folder}/${name}`, content);
    const output = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "tests/run.ts", `${folder}/${name}`],
      cwd: ROOT,
      stdin: "null",
      stderr: "null",
    }).output();
    const last = new TextDecoder().decode(output.stdout).trimEnd().split("\n").at(-1)!;
    assert.ok(last.includes(expected), `${name}: ${last}`);
    assert.match(last, /^\d+ passed, \d+ failed, \d+ skipped$/);
    assert.equal(output.success, success, name);
  }
  Deno.removeSync(folder, { recursive: true });
});
