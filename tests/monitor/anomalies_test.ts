/** Alerts as the monitor keeps them: judged by what is expected, asked for, and expected on request. */
import assert from "node:assert/strict";
import { parseAnomalyQuery } from "../../monitor/anomaly_query.ts";
import { Alerts, MAX_ANOMALIES } from "../../monitor/alerts.ts";
import { Monitor } from "../../monitor/mod.ts";
import { Notifier } from "../../monitor/notify/notifier.ts";
import { QueryError } from "../../monitor/query.ts";
import { SettingsFile } from "../../monitor/settings_file.ts";
import { AskError } from "../../monitor/who.ts";
import type { Anomaly, Connection } from "../../model/api.ts";
import type { Observation } from "../../model/observation.ts";

const START = Date.UTC(2027, 0, 31, 12);

interface Told {
  id?: string;
  kind?: string;
  phase?: "new" | "update" | "final";
  source?: string;
  target?: string;
  port?: number;
  atMs?: number;
  severity?: number;
  direction?: number;
  flowId?: number;
}

function told(over: Told = {}): Observation {
  const { id = "1", kind = "cardholder_data", phase = "new", source = "10.0.0.9", target = "192.0.2.80" } =
    over;
  const { port = 443, atMs = START, severity = 2, direction = 0, flowId = 0 } = over;
  return {
    type: "alert",
    timeUs: atMs * 1000,
    flow: {
      id: 0,
      ipVersion: 4,
      protocol: 6,
      clientAddress: source,
      clientPort: 40_000,
      serverAddress: target,
      serverPort: port,
      vlan: 0,
      tunnel: 0,
      interfaceIndex: 0,
      communityId: "",
    },
    direction,
    fields: {
      alert: { signature: "Something", severity },
      netpane: {
        kind,
        message: `${source} did it`,
        count: 1,
        direction: direction === 0 ? "toserver" : "toclient",
        last_seen: atMs,
      },
    },
    alert: { id, phase, flowId },
  };
}

async function withMonitor(test: (monitor: Monitor, path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "netpane_alerts_" });
  const path = `${folder}/netpane.toml`;
  const monitor = new Monitor({ version: "1", mode: "live", startedMs: START });
  const settings = await SettingsFile.open({ path, required: false });
  monitor.connect({ notifier: new Notifier({ from: "test", onProblem: () => {} }), settings });
  try {
    await test(monitor, path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const list = (monitor: Monitor, query = "") =>
  monitor.anomalies(parseAnomalyQuery(new URLSearchParams(query)));
const ids = (monitor: Monitor, query = "") => list(monitor, query).anomalies.map(({ id }) => id);

Deno.test("one click: the alert and its like are expected, others are not, and it can be undone", () =>
  withMonitor(async (monitor, path) => {
    monitor.applyAlerts(
      [told(), told({ id: "2", source: "10.0.0.10" }), told({ id: "3", port: 80 })],
      "detect",
    );
    monitor.drainAlerts();
    const body = { source: true, destination: true, port: true, comment: "Backup", until: "2027-02-01" };
    const entry = await monitor.expect("1", body);
    assert.deepEqual({ ...entry, id: "" }, {
      id: "",
      comment: "Backup",
      source: "10.0.0.9",
      destination: "192.0.2.80",
      port: 443,
      until: "2027-02-01",
    });
    assert.match(await Deno.readTextFile(path), /\[\[expected\]\]\ncomment = "Backup"/);
    assert.deepEqual(ids(monitor).sort(), ["2", "3"]);
    assert.deepEqual(ids(monitor, "expected=true"), ["1"]);
    assert.equal(ids(monitor, "expected=all").length, 3);
    assert.equal(monitor.anomaly("1").expected!.comment, "Backup");
    assert.deepEqual(monitor.drainAlerts().map(({ id }) => id), ["1"], "the feed tells of it");
    assert.deepEqual(monitor.expected().expected.map(({ alerts, over }) => [alerts, over]), [[1, false]]);
    await assert.rejects(
      monitor.expect("1", body),
      (error) => error instanceof AskError && error.status === 409,
    );

    monitor.applyAlerts([told({ id: "4" })], "detect");
    assert.equal(monitor.anomaly("4").expected!.id, entry.id, "the next of its like, too");
    assert.equal(monitor.stats().detect.alerts_expected, 2);

    await monitor.unexpect(entry.id);
    assert.equal(ids(monitor).length, 4);
    await assert.rejects(
      monitor.unexpect(entry.id),
      (error) => error instanceof AskError && error.status === 404,
    );
  }));

Deno.test("a request to expect names what is wrong with it, and writes nothing", () =>
  withMonitor(async (monitor, path) => {
    monitor.applyAlerts([told({ port: 0, target: "" })], "detect");
    for (
      const [body, field] of [
        [{ source: true }, "comment"],
        [{ source: true, comment: "a\nb" }, "comment"],
        [{ comment: "x" }, ""],
        [{ port: true, comment: "x" }, "port"],
        [{ destination: true, comment: "x" }, "destination"],
        [{ program: true, comment: "x" }, "program"],
        [{ source: "10.0.0.10", comment: "x" }, "source"],
        [{ source: "10.0.0.9/8", comment: "x" }, "source"],
        [{ kind: "cardholder", comment: "x" }, "kind"],
        [{ kind: "cleartext_credentials", comment: "x" }, "kind"],
        [{ source: true, comment: "x", until: "2027-01-30" }, "until"],
        [{ source: true, comment: "x", until: "soon" }, "until"],
        [{ source: true, comment: "x", sorce: 1 }, "sorce"],
        [[], ""],
        [null, ""],
      ] as const
    ) {
      await assert.rejects(
        monitor.expect("1", body),
        (error) => error instanceof QueryError && error.field === field,
        JSON.stringify(body),
      );
    }
    await assert.rejects(
      monitor.expect("9", {}),
      (error) => error instanceof AskError && error.status === 404,
    );
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
    const alone = new Monitor({ version: "1", mode: "live", startedMs: START });
    alone.applyAlerts([told()], "detect");
    await assert.rejects(
      alone.expect("1", { source: true, comment: "x" }),
      (error) => error instanceof AskError && error.status === 503,
    );
  }));

Deno.test("of a card in an answer, the port is the server's", () =>
  withMonitor(async (monitor) => {
    monitor.applyAlerts([told({ direction: 1 })], "detect");
    const { src_ip, dest_port } = monitor.anomaly("1");
    assert.deepEqual([src_ip, dest_port], ["192.0.2.80", 40_000]);
    const entry = await monitor.expect("1", { source: true, port: true, comment: "x" });
    assert.deepEqual([entry.source, entry.port], ["192.0.2.80", 443]);
  }));

Deno.test("filters by ends, time and state; pages by cursor, each alert once", () =>
  withMonitor(async (monitor) => {
    for (let i = 0; i < 25; i++) {
      const alert = {
        id: String(i),
        source: `10.0.${i % 5}.9`,
        atMs: START + 1000 * (i >> 1), // two of each time
      };
      monitor.applyAlerts([told(alert)], "detect");
      if (i % 2 === 1) monitor.applyAlerts([told({ ...alert, phase: "final" })], "detect");
    }
    assert.equal(list(monitor, "source=10.0.0.0/24").total, 5);
    assert.equal(list(monitor, "source=10.0.3.9&destination=192.0.2.80").total, 5);
    assert.equal(list(monitor, "destination=192.0.2.81").total, 0);
    assert.equal(list(monitor, "open=true").total, 13);
    assert.equal(list(monitor, "state=closed").total, 12);
    assert.equal(list(monitor, `since=${START + 10_000}`).total, 5);
    assert.equal(list(monitor, "until=2027-01-31T12:00:01Z").total, 4);
    assert.equal(list(monitor, "kind=port_scan").total, 0);
    const seen: string[] = [];
    let cursor = "";
    do {
      const { anomalies, next } = list(monitor, `limit=4&cursor=${cursor}`);
      seen.push(...anomalies.map(({ id }) => id));
      cursor = next ?? "";
    } while (cursor !== "");
    assert.deepEqual([seen.length, new Set(seen).size], [25, 25]);
    assert.equal(seen[0], "24", "the latest first");
    await Promise.resolve();
  }));

Deno.test("a wrong query names the parameter at fault", () => {
  for (
    const query of [
      "source=10.0.0.0/33",
      "destination=host",
      "since=yesterday",
      "until=1e99",
      "expected=maybe",
      "open=yes",
      "severity=4",
      "kind=port_scna",
      "state=ajar",
      "cursor=x",
      "limit=0",
      "sort=size",
    ]
  ) {
    assert.throws(
      () => parseAnomalyQuery(new URLSearchParams(query)),
      (error) => error instanceof QueryError && error.field === query.split("=")[0],
      query,
    );
  }
  assert.throws(() => parseAnomalyQuery(new URLSearchParams("open=true&state=closed")), QueryError);
  assert.equal(parseAnomalyQuery(new URLSearchParams("id=7")).expected, "", "one alert, whatever it is");
});

/** Alerts alone, with the program of flow 7 as it becomes known. */
function alerts() {
  const changes: [Anomaly["id"], boolean, boolean][] = [];
  let process: Connection["process"] = null;
  const store = new Alerts({
    connection: (id) => id === 7 ? { process, app_proto: "", server_name: "" } as Connection : undefined,
    interfaceName: () => "",
  }, ({ id, expected }, undecided) => changes.push([id, expected !== null, undecided]));
  return {
    store,
    changes,
    know: (name: string, path: string) => process = { name, path } as Connection["process"],
  };
}

Deno.test("an alert is judged again when its program becomes known, and when an entry ends", () => {
  const { store, changes, know } = alerts();
  const entry = { id: "a", comment: "x", program: "/usr/bin/restic", until: "2027-01-31" };
  store.configure([entry], new Set(), START);
  store.add(told({ flowId: 7 }));
  store.join(START + 1000);
  assert.deepEqual(changes.splice(0), [["1", false, true]], "undecided while the program is unknown");
  know("restic", "/usr/bin/restic");
  store.join(START + 2000);
  assert.deepEqual(changes.splice(0), [["1", true, false]]);
  store.join(START + 3000);
  assert.deepEqual(changes.splice(0), []);
  store.join(Date.UTC(2027, 1, 1)); // its last day is over, the alert goes on
  assert.deepEqual(changes.splice(0), [["1", false, false]]);

  store.add(told({ id: "2", flowId: 7 }));
  changes.splice(0);
  store.add(told({ id: "2", phase: "final", flowId: 7 }));
  assert.deepEqual(changes.splice(0), [["2", true, false]], "over before the entry was");
  store.configure([], new Set(), Date.UTC(2027, 1, 1));
  assert.deepEqual(changes.splice(0), [["2", false, false]]);
});

Deno.test("a kind that is off is counted and not taken in; what it had open is over", () => {
  const { store } = alerts();
  store.add(told());
  store.configure([], new Set(["cardholder_data"]), START);
  assert.equal(store.all.get("1")!.open, false);
  store.add(told({ id: "2" }));
  store.add(told({ id: "2", phase: "final" }));
  store.add(told({ id: "3", kind: "cleartext_credentials" }));
  assert.deepEqual([...store.all.keys()], ["1", "3"]);
  assert.deepEqual(store.counters.cardholder_data, { alerts: 1, expected: 0, off: 1 });
  assert.equal(store.kept().alerts_off, 1);
});

Deno.test("the end of an alert that had to go for newer ones is no news, also when its worker crashes", () =>
  withMonitor(async (monitor) => {
    const COUNT = MAX_ANOMALIES + 500;
    for (let i = 0; i < COUNT; i++) monitor.applyAlerts([told({ id: String(i) })], "inspect");
    const told_ = () => monitor.rules().find(({ kind }) => kind === "cardholder_data")!.counters.alerts;
    assert.deepEqual([list(monitor).all, list(monitor).forgotten, told_()], [MAX_ANOMALIES, 500, COUNT]);
    monitor.applyAlerts([told({ id: "0", phase: "final" })], "inspect");
    assert.deepEqual([list(monitor).all, list(monitor).forgotten, told_()], [MAX_ANOMALIES, 500, COUNT]);
    monitor.countRestart("inspect");
    assert.deepEqual([list(monitor).all, list(monitor).forgotten, told_()], [MAX_ANOMALIES, 500, COUNT]);
    assert.equal(list(monitor, "open=true").total, 0);
    await Promise.resolve();
  }));

Deno.test("a flood of one kind pushes out its own, not the others", () => {
  const { store } = alerts();
  store.add(told({ id: "rare", kind: "cleartext_credentials" }));
  for (let i = 0; i < 3 * MAX_ANOMALIES; i++) store.add(told({ id: `f${i}` }));
  assert.equal(store.all.size, MAX_ANOMALIES);
  assert(store.all.has("rare"));
  assert.equal(store.forgotten, 2 * MAX_ANOMALIES + 1);
  assert.deepEqual(store.summary(), {
    total: MAX_ANOMALIES,
    open: MAX_ANOMALIES,
    notes: 0,
    expected: 0,
    kinds: { cardholder_data: MAX_ANOMALIES - 1, cleartext_credentials: 1 },
  });
});
