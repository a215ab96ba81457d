/** The EVE log on a disk that is full, moved away, or not ours. */
import assert from "node:assert/strict";
import type { Problem } from "../../model/api.ts";
import { EveFile, EveFileError, type EveFileOptions } from "../../monitor/eve_file.ts";
import { until } from "../support/wait.ts";

interface Rig extends AsyncDisposable {
  folder: string;
  path: string;
  problems: (Omit<Problem, "id"> | null)[];
  open(over?: Partial<EveFileOptions>): EveFile;
}

function rig(folder = Deno.makeTempDirSync()): Rig {
  const problems: Rig["problems"] = [];
  const path = `${folder}/eve.json`;
  return {
    folder,
    path,
    problems,
    open: (over) =>
      EveFile.open({
        path,
        rotateBytes: 0,
        rotateHours: 0,
        keep: 2,
        onProblem: (problem) => problems.push(problem),
        ...over,
      }),
    [Symbol.asyncDispose]: async () => await Deno.remove(folder, { recursive: true }).catch(() => {}),
  };
}

function put(file: EveFile, n: number, pad = 0): void {
  if (!file.room()) return;
  file.line.text(`{"n":${n},"pad":"${"x".repeat(pad)}"}`);
  file.endLine();
}

async function flushed(file: EveFile): Promise<void> {
  file.flush();
  await until("it is written", () => file.counters().waiting_bytes === 0);
}

/** The numbers of a file's lines, each of which must be JSON. */
function numbers(path: string): number[] {
  const text = Deno.readTextFileSync(path);
  assert(text === "" || text.endsWith("\n"));
  return text.split("\n").slice(0, -1).map((line) => JSON.parse(line).n);
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

Deno.test("lines go to the end of the file, which others may not read", async () => {
  await using r = rig();
  for (const n of [0, 1]) {
    const file = r.open();
    put(file, n);
    await file.close();
  }
  assert.deepEqual(numbers(r.path), [0, 1]);
  assert.equal(Deno.statSync(r.path).mode! & 0o777, 0o600);
});

Deno.test("a full file makes room for a new one; as many old ones are kept as asked for", async () => {
  await using r = rig();
  const file = r.open({ rotateBytes: 1000 });
  for (let n = 0; n < 30; n++) {
    put(file, n, 80);
    await flushed(file);
  }
  await file.close();
  const kept = [".2", ".1", ""].flatMap((end) => numbers(r.path + end));
  assert.deepEqual(kept, range(30 - kept.length, 30), "no line twice, none missing, in order");
  assert([".2", ".1", ""].every((end) => Deno.statSync(r.path + end).size <= 1000));
  assert.deepEqual([...Deno.readDirSync(r.folder)].length, 3);
  assert.equal(Deno.statSync(`${r.path}.1`).mode! & 0o777, 0o600);
  assert(file.counters().rotations >= 2);
});

Deno.test("much at once is cut between lines, so that files end near their limit", async () => {
  await using r = rig();
  const file = r.open({ rotateBytes: 1 << 20, keep: 9 });
  for (let n = 0; n < 5000; n++) put(file, n, 1000);
  await file.close();
  const names = [...Deno.readDirSync(r.folder)].map(({ name }) => name).sort().reverse();
  assert(names.length >= 5);
  for (const name of names) assert(Deno.statSync(`${r.folder}/${name}`).size <= 1 << 20, name);
  names.push(names.splice(names.indexOf("eve.json"), 1)[0]);
  assert.deepEqual(names.flatMap((name) => numbers(`${r.folder}/${name}`)), range(0, 5000));
});

Deno.test("a file of another day is put away before the first line", async () => {
  await using r = rig();
  Deno.writeTextFileSync(r.path, '{"n":0}\n');
  Deno.utimeSync(r.path, 1_700_000_000, 1_700_000_000);
  const file = r.open({ rotateHours: 24 });
  put(file, 1);
  await file.close();
  assert.deepEqual([numbers(r.path), numbers(`${r.path}.1`)], [[1], [0]]);
});

Deno.test("moved away or removed, it begins a new file of its name, told so or not", async () => {
  await using r = rig();
  const file = r.open();
  put(file, 0);
  await flushed(file);
  Deno.renameSync(r.path, `${r.path}.moved`);
  file.reopen(); // as on SIGHUP: also when there is nothing to write
  await until("there is a new file", () => [...Deno.readDirSync(r.folder)].length === 2);
  put(file, 1);
  await flushed(file);
  Deno.renameSync(r.path, `${r.path}.again`);
  put(file, 2);
  await flushed(file);
  assert.deepEqual([numbers(`${r.path}.moved`), numbers(`${r.path}.again`), numbers(r.path)], [[0], [1], [
    2,
  ]]);
  Deno.removeSync(r.path);
  put(file, 3);
  await file.close();
  assert.deepEqual(numbers(r.path), [3]);
  assert.equal(file.counters().lost, 0);
});

Deno.test("a file that cannot be renamed grows on, and it is told", async () => {
  await using r = rig();
  const file = r.open({ rotateBytes: 100, keep: 1 });
  Deno.mkdirSync(`${r.path}.1/full`, { recursive: true });
  for (let n = 0; n < 20; n++) {
    put(file, n);
    await flushed(file);
  }
  await file.close();
  assert.deepEqual(numbers(r.path), range(0, 20));
  assert.match(r.problems[0]!.message, /cannot be rotated/);
});

Deno.test("what is no file, or where none may be, is refused at once", async () => {
  await using r = rig();
  const { path } = r;
  Deno.mkdirSync(path);
  assert.throws(() => r.open(), /not a file/);
  assert.throws(() => r.open({ path: `${r.folder}/none/eve.json` }), /no such folder/);
  assert.throws(() => r.open({ path: `${r.folder}/none/eve.json` }), EveFileError);
});

Deno.test({
  name: "a full disk: whole lines, a problem, losses counted; and on it goes when there is room",
  ignore: Deno.uid() !== 0 || Deno.build.os !== "linux",
  async fn() {
    const folder = Deno.makeTempDirSync();
    const mount = await new Deno.Command("mount", {
      args: ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder],
    }).output();
    if (!mount.success) return; // not ours to mount here
    try {
      const r = rig(folder);
      const file = r.open();
      Deno.writeFileSync(`${folder}/ballast`, new Uint8Array(100 << 10));
      let n = 0;
      while (r.problems.length === 0) {
        for (const end = n + 50; n < end; n++) put(file, n, 1000);
        file.flush();
        await until("it has tried", () => r.problems.length > 0 || file.counters().waiting_bytes === 0);
      }
      assert.match(r.problems[0]!.message, /disk is full/);
      const kept = numbers(r.path);
      assert.deepEqual(kept, range(0, kept.length), "whole lines, none missing");
      while (file.counters().lost === 0) put(file, n++, 100_000);
      assert(file.counters().waiting_bytes <= 18 << 20);
      Deno.removeSync(`${folder}/ballast`);
      await until("it goes on", () => {
        file.flush();
        return numbers(r.path).length > kept.length;
      });
      await file.close(); // full again by then
      const later = numbers(r.path);
      assert.deepEqual(later, range(0, later.length));
    } finally {
      await new Deno.Command("umount", { args: ["-l", folder] }).output();
      Deno.removeSync(folder);
    }
  },
});
