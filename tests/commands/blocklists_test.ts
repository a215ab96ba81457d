/** Blocklists as files: read, read again, wrong, missing. */
import assert from "node:assert/strict";
import { allLists, Blocklists, namedLists, readList } from "../../commands/blocklists.ts";
import type { Blocklist } from "../../model/blocklist.ts";
import { until } from "../support/wait.ts";

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a list is read, and again when it changes; a missing one is a problem of its own", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/drop.txt`;
    await Deno.writeTextFile(path, "45.90.8.0/22\n");
    let lists: Blocklist[] = [];
    const problems = new Map<string, string>();
    const blocklists = new Blocklists({
      onLists: (read) => lists = read,
      onProblem: (id, problem) => problem === null ? problems.delete(id) : problems.set(id, problem.message),
    });
    try {
      blocklists.set([{ name: "drop", path }, { name: "gone", path: `${folder}/gone` }]);
      await blocklists.read();
      assert.deepEqual(lists.map(({ name, entries }) => [name, entries]), [["drop", 1]]);
      assert.deepEqual([...problems], [[
        "blocklist:gone",
        `The blocklist "gone" cannot be read from "${folder}/gone": there is no such file`,
      ]]);
      await Deno.writeTextFile(path, "45.90.8.0/22\nbad.example\nwhat?\n");
      await Deno.writeTextFile(`${folder}/gone`, "worse.example\n");
      await until("both lists", () => lists.length === 2 && lists[0].entries === 2);
      assert.deepEqual([...problems], [[
        "blocklist:drop",
        'Of the blocklist "drop" 1 line is neither address, network nor name: line 3 ("what?")',
      ]]);
      await Deno.remove(path);
      await until(
        "the loss",
        () => problems.get("blocklist:drop")?.endsWith("what was read before holds") === true,
      );
      blocklists.set([]);
      await blocklists.read();
      assert.deepEqual([lists.length, problems.size], [0, 0]);
    } finally {
      await blocklists.close();
    }
  });
});

Deno.test("lists of the command line come before those of the settings", () => {
  const named = namedLists(["/a/drop.txt", "/b/drop.txt"]);
  assert.deepEqual(named.map(({ name }) => name), ["drop.txt", "drop.txt′"]);
  const all = allLists(named, [{ name: "drop.txt", path: "/c" }, { name: "more", path: "/d" }]);
  assert.deepEqual(all.map(({ path }) => path), ["/a/drop.txt", "/b/drop.txt", "/d"]);
});

Deno.test("what is no list of text is told as wrong lines, not believed", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/x`;
    await Deno.writeFile(path, Uint8Array.from({ length: 100_000 }, (_, i) => i * 7919 >> 3 & 255));
    const { list, trouble } = await readList({ name: "x", path });
    assert.equal(list.entries, 0);
    assert.match(trouble!.message, /lines are neither/);
  });
});
