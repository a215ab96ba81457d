import assert from "node:assert/strict";
import { SettingsError } from "../../monitor/settings.ts";
import { SettingsFile, SettingsWriteError } from "../../monitor/settings_file.ts";

const ENTRY = { comment: "Backup", source: "10.0.0.1" };

/** A folder of its own for each test. */
async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "netpane_settings_" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a file that is wrong at the start is refused, one that is missing only where it was named", () =>
  inFolder(async (folder) => {
    const path = `${folder}/netpane.toml`;
    await assert.rejects(SettingsFile.open({ path, required: true }), SettingsError);
    const file = await SettingsFile.open({ path, required: false });
    assert.deepEqual(file.settings, { rules: {}, expected: [], blocklists: [], notify: [] });
    await Deno.writeTextFile(path, "nonsense");
    await assert.rejects(SettingsFile.open({ path, required: false }), /this is not TOML/);
    await Deno.writeTextFile(path, `# ${"x".repeat(2 << 20)}`);
    await assert.rejects(SettingsFile.open({ path, required: false }), /bytes: at most/);
  }));

Deno.test("a change holds at once; a broken one changes nothing and is shown until it is mended", () =>
  inFolder(async (folder) => {
    const path = `${folder}/netpane.toml`;
    const file = await SettingsFile.open({ path, required: false });
    let changes = 0;
    file.watch(() => changes++);
    const put = async (text: string) => {
      await Deno.writeTextFile(path, text);
      await file.look();
    };
    await put("[rules.cardholder_data]\nenabled = false\n");
    assert.deepEqual([changes, file.settings.rules.cardholder_data], [1, { enabled: false }]);
    await put("[rules.cardholder_dat]\nenabled = true\n");
    assert.deepEqual([changes, file.settings.rules.cardholder_data], [2, { enabled: false }]);
    assert.match(
      file.problem!.message,
      /what it said before holds on.*netpane.toml:1: rules.cardholder_dat is no rule/,
    );
    await file.look();
    assert.equal(changes, 2, "told once");
    await Deno.remove(path);
    await file.look();
    assert.match(file.problem!.message, /is gone/);
    assert.deepEqual(file.settings.rules.cardholder_data, { enabled: false });
    await put("");
    assert.deepEqual([file.problem, file.settings.rules], [null, {}]);
    await file.close();
  }));

Deno.test("entries are written beside what is there, for the owner alone", () =>
  inFolder(async (folder) => {
    const path = `${folder}/deep/netpane.toml`;
    const file = await SettingsFile.open({ path, required: false });
    await file.expect(ENTRY);
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    const [written] = file.settings.expected;
    assert.deepEqual(written, { id: written.id, ...ENTRY });
    await Deno.writeTextFile(path, `# by hand\n${await Deno.readTextFile(path)}`);
    await file.expect({ ...ENTRY, source: "10.0.0.2" });
    assert.match(await Deno.readTextFile(path), /^# by hand\n/);
    assert.equal(file.settings.expected.length, 2);
    assert.equal(await file.unexpect("nobody"), null);
    assert.equal((await file.unexpect(written.id))!.id, written.id);
    assert.deepEqual(file.settings.expected.map(({ source }) => source), ["10.0.0.2"]);
    assert.deepEqual([...Deno.readDirSync(`${folder}/deep`)].map(({ name }) => name), ["netpane.toml"]);
  }));

Deno.test("modes are kept but for what others may, and a file that may not be read is no reason not to start", () =>
  inFolder(async (folder) => {
    const path = `${folder}/netpane.toml`;
    await Deno.writeTextFile(path, "", { mode: 0o644 });
    await Deno.chmod(path, 0o644);
    const file = await SettingsFile.open({ path, required: false });
    await file.expect(ENTRY);
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o640);
    await Deno.remove(path);
    await Deno.mkdir(path); // root may read every file, but nobody a folder
    await assert.rejects(SettingsFile.open({ path, required: true }));
    const blind = await SettingsFile.open({ path, required: false });
    assert.match(blind.problem!.message, /cannot be read/);
    await Deno.remove(path);
    await Deno.writeTextFile(path, "[rules.cardholder_data]\nenabled = false\n");
    await blind.look();
    assert.deepEqual([blind.problem, blind.settings.rules.cardholder_data], [null, { enabled: false }]);
  }));

Deno.test("many writes at once are all kept", () =>
  inFolder(async (folder) => {
    const file = await SettingsFile.open({ path: `${folder}/netpane.toml`, required: false });
    const hosts = Array.from({ length: 20 }, (_, i) => `10.0.0.${i}`);
    await Promise.all(hosts.map((source) => file.expect({ ...ENTRY, source })));
    assert.deepEqual(file.settings.expected.map(({ source }) => source), hosts);
  }));

Deno.test("a JSON file is written as JSON, and keeps what else it says", () =>
  inFolder(async (folder) => {
    const path = `${folder}/netpane.json`;
    await Deno.writeTextFile(path, '{"rules": {"cardholder_data": {"enabled": false}}}');
    const file = await SettingsFile.open({ path, required: true });
    await file.expect(ENTRY);
    assert.deepEqual(JSON.parse(await Deno.readTextFile(path)), {
      rules: { cardholder_data: { enabled: false } },
      expected: [{ comment: "Backup", source: "10.0.0.1" }],
    });
    await file.unexpect(file.settings.expected[0].id);
    assert.deepEqual(file.settings.expected, []);
  }));

Deno.test("what cannot be written says why, and leaves the file as it is", () =>
  inFolder(async (folder) => {
    const path = `${folder}/netpane.toml`;
    for (
      const [text, why] of [
        ["expected = [{ comment = 'a', port = 1 }]\n", /edit it by hand/],
        ["[rules.x]\n", /mend it first/],
      ] as const
    ) {
      await Deno.writeTextFile(path, "");
      const file = await SettingsFile.open({ path, required: true });
      await Deno.writeTextFile(path, text);
      await assert.rejects(
        file.expect(ENTRY),
        (error) => error instanceof SettingsWriteError && why.test(error.message),
      );
      assert.equal(await Deno.readTextFile(path), text);
    }
    const nowhere = await SettingsFile.open({ path: "/proc/netpane.toml", required: false });
    await assert.rejects(nowhere.expect(ENTRY), /cannot be written/);
  }));
