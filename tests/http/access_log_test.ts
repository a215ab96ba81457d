import assert from "node:assert/strict";
import { AccessLog } from "../../http/access_log.ts";
import { until } from "../support/wait.ts";

async function withFile(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(`${folder}/access.log`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const ENTRY = { client: "192.0.2.1", role: "admin", method: "GET", path: "/", status: 200, ms: 1.26 };

Deno.test("one JSON line a request, for nobody else to read", () =>
  withFile(async (path) => {
    const log = new AccessLog(path, { now: () => 0 });
    log.write(ENTRY);
    log.write({ ...ENTRY, role: null, status: 401 });
    await log.close();
    const text = await Deno.readTextFile(path);
    assert.equal(
      text.split("\n")[0],
      '{"time":"1970-01-01T00:00:00.000Z","client":"192.0.2.1","role":"admin","method":"GET","path":"/","status":200,"ms":1.3}',
    );
    assert.equal(text.trim().split("\n").length, 2);
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  }));

Deno.test("nothing that a client writes breaks a line, colours a terminal or turns writing round", () =>
  withFile(async (path) => {
    const log = new AccessLog(path);
    const hostile =
      '/\r\n{"status":200}\x1b[2J\x07\x7f\x9b31m\u202egpj.exe\u2028\u2029\u0085"\\ \u200b\ud800';
    log.write({ ...ENTRY, path: hostile });
    log.write({ ...ENTRY, path: "/" + "x".repeat(100_000) });
    await log.close();
    const text = await Deno.readTextFile(path);
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e\u200b]/.test(text), text);
    const lines = text.trimEnd().split("\n");
    assert.equal(lines.length, 2);
    assert(JSON.parse(lines[0]).path.startsWith("/\\u{d}\\u{a}"));
    assert(lines[1].length < 500);
  }));

Deno.test("a full file makes room and keeps one old one", () =>
  withFile(async (path) => {
    const log = new AccessLog(path, { maxBytes: 1000 });
    for (let i = 0; i < 50; i++) {
      log.write({ ...ENTRY, path: `/${i}` });
      await new Promise((resolve) => setTimeout(resolve)); // one by one
    }
    await log.close();
    const [now, old] = [await Deno.readTextFile(path), await Deno.readTextFile(`${path}.1`)];
    assert(now.length <= 1000 && old.length <= 1000);
    assert(now.includes('"/49"'));
    assert.equal([...Deno.readDirSync(path.replace(/\/[^/]+$/, ""))].length, 2);
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    const again = new AccessLog(path, { maxBytes: 1000 });
    again.write(ENTRY);
    await again.close();
    assert((await Deno.readTextFile(path)).startsWith(now) || (await Deno.readTextFile(`${path}.1`)) === now);
  }));

Deno.test("removed or moved away while it is written, it goes on in a new file of its name", () =>
  withFile(async (path) => {
    let now = 0;
    const log = new AccessLog(path, { now: () => now });
    const lines = async () => (await Deno.readTextFile(path)).trim().split("\n").length;
    const write = async (times: number) => {
      now += 2_000;
      for (let i = 0; i < times; i++) log.write(ENTRY);
      await until("they are written", async () => await lines().catch(() => 0) === times);
    };
    await write(1);
    await Deno.remove(path);
    await write(3);
    await Deno.rename(path, `${path}.old`);
    await write(2);
    await log.close();
    assert.equal(log.lost, 0);
  }));
