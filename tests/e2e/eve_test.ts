/** `start --eve`: a log that other programs read, beside a page that goes on whatever happens to it. */
import assert from "node:assert/strict";
import type { Stats } from "../../model/api.ts";
import { pcapFile } from "../support/capture_files.ts";
import { netpane, Server } from "../support/server.ts";
import { Traffic } from "../support/traffic.ts";
import { until } from "../support/wait.ts";

// deno-lint-ignore no-explicit-any -- any event
function events(path: string): any[] {
  const text = Deno.readTextFileSync(path);
  assert(text === "" || text.endsWith("\n"));
  return text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

Deno.test("start --eve: flows, what is in them and alerts as analyze writes them; SIGHUP; the end", async () => {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/eve.json`;
  try {
    await using server = await Server.start(["--demo", "--speed", "20", "--eve", path, "--eve-keep=2"]);
    const wanted = ["flow", "dns", "tls", "http"];
    await until("there are events of every kind", () => {
      const types = new Set(events(path).map(({ event_type }) => event_type));
      return wanted.every((type) => types.has(type));
    }, 60_000);
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);

    Deno.renameSync(path, `${path}.moved`);
    Deno.kill(server.pid, "SIGHUP");
    await until("there is a new file with lines", () => events(path).length > 0);
    const { eve } = await server.json<Stats>("/api/stats");
    assert(eve !== null && eve.file === path && eve.lost === 0 && eve.failing === "");

    assert.equal((await server.stop()).code, 0);
    const all = [...events(`${path}.moved`), ...events(path)];
    assert.equal(all.at(-1).event_type, "stats");
    assert(all.some(({ flow }) => flow?.reason === "shutdown"), "flows that were alive are over");
    const { code, stdout } = await netpane(["analyze", "assets/demo.pcap.gz"]);
    assert.equal(code, 0);
    const analyzed = stdout.trim().split("\n").map((line) => JSON.parse(line));
    const keysOf = (type: string, rows: Record<string, unknown>[]) =>
      new Set(rows.filter(({ event_type }) => event_type === type).flatMap((row) => Object.keys(row)));
    for (const type of wanted) {
      assert.deepEqual([...keysOf(type, all).difference(keysOf(type, analyzed))], [], type);
    }
    for (const { event_type, netpane } of all) {
      if (event_type === "alert") assert.match(`${netpane.id} ${netpane.phase}`, /^\S+ (new|final)$/);
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("start --eve: alerts that are open when it is stopped are written for the last time, and told", async () => {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/eve.json`;
  const traffic = new Traffic();
  const ports = 60;
  for (let port = 1; port <= ports; port++) {
    traffic.tcp({ client: "10.0.0.9", server: "10.0.0.1", port, outcome: "refused" }).wait(0.05);
  }
  const packets = traffic.frames.map(({ bytes, atUs }) => ({ bytes, timeUs: atUs! }));
  Deno.writeFileSync(`${folder}/scan.pcap`, pcapFile(packets));
  // deno-lint-ignore no-explicit-any -- any notification
  const got: any[] = [];
  await using receiver = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    got.push(await request.json());
    return new Response();
  });
  Deno.writeTextFileSync(
    `${folder}/set.toml`,
    `[notify.hook]\ntype = "webhook"\nurl = "http://127.0.0.1:${receiver.addr.port}/"\nmin_severity = 3\n`,
  );
  try {
    await using server = await Server.start(
      ["--pcap", `${folder}/scan.pcap`, "--speed", "max", "--eve", path, "--settings", `${folder}/set.toml`],
    );
    await until("the scan is told", () => got.length > 0);
    await until("it is open", async () => (await server.json<Stats>("/api/stats")).detect.alertsOpen === 1);
    assert.equal((await server.stop()).code, 0);

    const alerts = events(path).filter(({ event_type }) => event_type === "alert").map(({ netpane }) =>
      netpane
    );
    assert.deepEqual(alerts.map(({ id, phase }) => `${id} ${phase}`), [
      "port_scan:1 new",
      "port_scan:1 final",
    ]);
    assert.equal(alerts[1].count, ports);
    assert.equal(events(path).at(-1).stats.detect.alertsOpen, 0);
    assert.deepEqual(got.map(({ id, event, count }) => [id, event, count]), [
      ["port_scan:1", "alert.new", got[0].count],
      ["port_scan:1", "alert.ended", ports],
    ]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("start --eve: where nothing may be written it says so, and does not start", async () => {
  const { code, stderr } = await netpane(["start", "--demo", "--port", "0", "--eve", "/nowhere/eve.json"]);
  assert.equal(code, 1);
  assert.match(stderr, /Cannot write the EVE log "\/nowhere\/eve\.json": there is no such folder/);
});
